/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Memory policies (set_mempolicy(2)): from which nodes the application's private memory is taken.
 * An area may have one, and each thread has one for the areas that have none. Modes and flags are
 * Linux's (linux/mempolicy.h). On a machine with one node policies are kept, and mean nothing.
 */
#ifndef MM_POLICY_H
#define MM_POLICY_H

#include <lib/compiler.h>
#include <lib/types.h>
#include <mm/node.h>

/* All zero: MPOL_DEFAULT, none of its own. */
struct mm_policy {
	uint8_t mode; /* MPOL_* without flags */
	bool has_home;
	uint8_t home;	  /* MPOL_BIND, MPOL_PREFERRED_MANY: near this node; else near the CPU */
	uint16_t flags;	  /* MPOL_F_* of MPOL_MODE_FLAGS */
	mm_nodes_t nodes; /* that exist and have memory */
	mm_nodes_t given; /* as the application gave them */
};

static inline bool mm_policy_equal(const struct mm_policy *a, const struct mm_policy *b)
{
	return a->mode == b->mode && a->has_home == b->has_home && a->home == b->home &&
	       a->flags == b->flags && a->nodes == b->nodes && a->given == b->given;
}

/* A thread's policy. Only the thread itself reads and changes it. */
struct mm_thread {
	struct mm_policy policy;
	unsigned turn; /* MPOL_INTERLEAVE: pages taken so far */
};

/* SOURCE tells the running thread's, NULL: it has none. */
void mm_policy_set_source(struct mm_thread *(*source)(void));

/* Is there such a mode, with such flags? 0 or -EINVAL. mm_policy_make checks it, too. */
must_check int mm_policy_check_mode(unsigned mode);

/* Makes *POLICY of a mode (with flags) and nodes as they come from the application, by Linux's
 * rules. 0 or -EINVAL. */
must_check int mm_policy_make(struct mm_policy *policy, unsigned mode, mm_nodes_t nodes);

/* The node whose turn it is at INDEX, of an MPOL_INTERLEAVE policy. */
unsigned mm_policy_turn(const struct mm_policy *policy, uint64_t index);

/* Frames for the block number INDEX of an area with POLICY; as mm_frame_alloc. */
must_check paddr_t mm_policy_alloc(const struct mm_policy *policy, uint64_t index, unsigned order,
				   unsigned flags);

#endif /* MM_POLICY_H */
