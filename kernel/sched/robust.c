/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Robust futexes at the end of a thread (get_robust_list(2), Linux's robust-futex-ABI). The list is
 * the application's memory: every pointer is checked by the access itself, and the walk is bounded.
 */
#include <arch/user.h>
#include <linux/futex.h>
#include <sched/futex.h>

#include "internal.h"

#define PI_FLAG 1ul /* lowest bit of a list pointer */

/* The lock word at ADDRESS belonged to TID: marks it and wakes a waiter. PENDING: the thread was
 * about to take or release it, so a free word may have waiters that nobody else would wake. */
static bool orphan(uintptr_t address, tid_t tid, bool pi, bool pending)
{
	uint32_t word;
	int done;

	if (!IS_ALIGNED(address, sizeof(word)) || arch_user_load32(address, &word))
		return false;
	do {
		if (pending && !pi && !word)
			return futex_wake(address, false, 1, FUTEX_ANY) >= 0;
		if ((word & FUTEX_TID_MASK) != (uint32_t)tid)
			return true;
		done = arch_user_cmpxchg32(address, &word,
					   (word & FUTEX_WAITERS) | FUTEX_OWNER_DIED);
		if (done < 0)
			return false;
	} while (!done);
	/* The waiters of a lock with priority inheritance are handed over by futex_pi_exit. */
	if (!pi && word & FUTEX_WAITERS)
		return futex_wake(address, false, 1, FUTEX_ANY) >= 0;
	return true;
}

void futex_robust_exit(uintptr_t head_address, tid_t tid)
{
	struct {
		uint64_t next;
		int64_t offset;
		uint64_t pending;
	} head;
	uint64_t entry, next;

	if (arch_user_read(&head, head_address, sizeof(head)))
		return;
	entry = head.next;
	for (unsigned i = 0; i < ROBUST_LIST_LIMIT; i++) {
		uintptr_t place = entry & ~PI_FLAG;

		if (place == head_address)
			break;
		/* Before the lock is released: its memory may go away then. */
		if (arch_user_read(&next, place, sizeof(next)))
			return;
		if (entry != head.pending &&
		    !orphan(place + (uint64_t)head.offset, tid, entry & PI_FLAG, false))
			return;
		entry = next;
	}
	if (head.pending)
		(void)orphan((head.pending & ~PI_FLAG) + (uint64_t)head.offset, tid,
			     head.pending & PI_FLAG, true);
}
