/* SPDX-License-Identifier: BSD-3-Clause */
/* Spin locks where nobody else runs: taken once at a time. */
#include "../../unit/common/unit.h"

#include <core/spinlock.h>

arch_irq_state_t spin_lock(struct spinlock *lock) NO_THREAD_SAFETY
{
	CHECK(!lock->owner);
	lock->owner = 1;
	return 0;
}

void spin_unlock(struct spinlock *lock, arch_irq_state_t state) NO_THREAD_SAFETY
{
	(void)state;
	lock->owner = 0;
}
