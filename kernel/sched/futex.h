/* SPDX-License-Identifier: BSD-3-Clause */
/* What futex.c and futex_pi.c share. */
#ifndef SCHED_FUTEX_INTERNAL_H
#define SCHED_FUTEX_INTERNAL_H

#include <lib/compiler.h>
#include <lib/types.h>
#include <sched/futex.h>

/* What a futex is known by: object and offset, or 0 and the address. */
struct futex_key {
	uintptr_t object;
	uint64_t offset;
};

static inline bool futex_key_equal(const struct futex_key *a, const struct futex_key *b)
{
	return a->object == b->object && a->offset == b->offset;
}

static inline unsigned futex_hash(const struct futex_key *key, unsigned bits)
{
	uint64_t mix = (key->offset >> 2) ^ (key->object << 7);

	return (unsigned)((mix * 0x9e3779b97f4a7c15ull) >> (64 - bits));
}

/* Key of the word at ADDRESS. 0, -EINVAL (not aligned) or -EFAULT. May block. */
must_check int futex_key_of(uintptr_t address, bool private, struct futex_key *key);

/* Makes the word at ADDRESS accessible for writing. 0 or -EFAULT. May block. */
must_check int futex_fault_in(uintptr_t address);

/*
 * Compare-exchange that does not block; a spinlock is held. 1: done, 0: *EXPECTED was not the value
 * and now is, -EFAULT: not accessible now (futex_fault_in, then again).
 */
must_check int futex_cmpxchg(uintptr_t address, uint32_t *expected, uint32_t desired);

#endif /* SCHED_FUTEX_INTERNAL_H */
