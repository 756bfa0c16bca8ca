/* SPDX-License-Identifier: BSD-3-Clause */
/* Memory policies: what they mean for an allocation. No locks: a policy belongs to an area
 * (space_lock) or to the thread that allocates. */
#include <mm/policy.h>

#include <arch/percpu.h>
#include <lib/assert.h>
#include <linux/errno.h>
#include <linux/mempolicy.h>
#include <mm/frame.h>

#include "nodes.h"

#define FIXED_FLAGS (MPOL_F_STATIC_NODES | MPOL_F_RELATIVE_NODES)

static struct mm_thread *(*thread_source)(void);

void mm_policy_set_source(struct mm_thread *(*source)(void))
{
	thread_source = source;
}

/* The NUMBERth (0, 1, ...) of NODES, counted round and round. */
static unsigned nth_node(mm_nodes_t nodes, uint64_t number)
{
	ASSERT(nodes);
	number %= mm_nodes_count(nodes);
	while (number--)
		nodes &= nodes - 1;
	return (unsigned)__builtin_ctzl(nodes);
}

/* NODES as places in the set of nodes with memory. */
static mm_nodes_t relative_nodes(mm_nodes_t nodes)
{
	mm_nodes_t result = 0, all = mm_nodes_with_memory();

	for (unsigned i = 0; i < MM_NODES_MAX; i++) {
		if (nodes & mm_node_bit(i))
			result |= mm_node_bit(nth_node(all, i));
	}
	return result;
}

int mm_policy_check_mode(unsigned mode)
{
	unsigned flags = mode & MPOL_MODE_FLAGS;

	mode &= ~(unsigned)MPOL_MODE_FLAGS;
	if (mode >= MPOL_MAX || (flags & FIXED_FLAGS) == FIXED_FLAGS)
		return -EINVAL;
	return flags & MPOL_F_NUMA_BALANCING && mode != MPOL_BIND ? -EINVAL : 0;
}

int mm_policy_make(struct mm_policy *policy, unsigned mode, mm_nodes_t nodes)
{
	unsigned flags = mode & MPOL_MODE_FLAGS;

	if (mm_policy_check_mode(mode))
		return -EINVAL;
	mode &= ~(unsigned)MPOL_MODE_FLAGS;
	if (mode == MPOL_PREFERRED && !nodes)
		mode = MPOL_LOCAL;
	*policy = (struct mm_policy){
		.mode = (uint8_t)mode, .flags = (uint16_t)flags, .given = nodes & MM_NODES_ALL};
	if (mode == MPOL_DEFAULT) {
		*policy = (struct mm_policy){0};
		return nodes ? -EINVAL : 0;
	}
	if (mode == MPOL_LOCAL)
		return nodes || flags & FIXED_FLAGS ? -EINVAL : 0;
	policy->nodes = flags & MPOL_F_RELATIVE_NODES ? relative_nodes(nodes)
						      : nodes & mm_nodes_with_memory();
	if (mode == MPOL_PREFERRED)
		policy->nodes &= -policy->nodes; /* the first one */
	return policy->nodes ? 0 : -EINVAL;
}

unsigned mm_policy_turn(const struct mm_policy *policy, uint64_t index)
{
	return nth_node(policy->nodes, index);
}

/* What POLICY means here and now. */
static struct mm_nearness nearness(const struct mm_policy *policy, uint64_t index)
{
	struct mm_nearness near = {node_local(), MM_NODES_ALL, false};

	switch (policy->mode) {
	case MPOL_PREFERRED:
		near.node = nth_node(policy->nodes, 0);
		break;
	case MPOL_BIND:
	case MPOL_PREFERRED_MANY:
		near.allowed = policy->nodes;
		if (policy->has_home)
			near.node = policy->home;
		break;
	case MPOL_INTERLEAVE:
		near.node = mm_policy_turn(policy, index);
		near.interleaved = true;
		break;
	default:
		break;
	}
	return near;
}

paddr_t mm_policy_alloc(const struct mm_policy *policy, uint64_t index, unsigned order,
			unsigned flags)
{
	struct mm_thread *thread;
	struct mm_nearness near;
	paddr_t paddr;

	if (likely(node_table.count == 1))
		return mm_frame_alloc(order, flags);
	thread = thread_source ? thread_source() : NULL;
	if (policy->mode == MPOL_DEFAULT && thread) {
		policy = &thread->policy;
		index = thread->turn;
	} else {
		thread = NULL;
	}
	near = nearness(policy, index);
	paddr = mm_frame_alloc_near(order, flags, &near);
	if (paddr == PADDR_NONE && policy->mode == MPOL_PREFERRED_MANY) {
		near.allowed = MM_NODES_ALL;
		paddr = mm_frame_alloc_near(order, flags, &near);
	}
	if (paddr != PADDR_NONE && thread && near.interleaved)
		thread->turn++;
	return paddr;
}
