/* SPDX-License-Identifier: BSD-3-Clause */
/* futex(2): operations and their deadlines to sched/futex.h. */
#include <syscalls/futex.h>

#include <asm/errno.h>
#include <core/clock.h>
#include <linux/futex.h>
#include <sched/futex.h>
#include <sched/signal.h>

/* A wait goes on after a signal whose handler has not run: by the restart block, as the time-out
 * may have been relative. */
static long wait_again(struct restart_block *block);

static long wait(uintptr_t address, bool private, uint32_t value, uint32_t bitset,
		 const struct futex_deadline *deadline)
{
	long result = futex_wait(address, private, value, bitset, deadline);
	struct restart_block *block;

	if (result != -EINTR)
		return result;
	if (deadline->ns == TIME_NEVER)
		return -ERESTARTSYS;
	block = signal_restart_block();
	*block = (struct restart_block){
		.function = wait_again,
		.deadline_ns = deadline->ns,
		.arg = {address, value, bitset,
			(uint64_t) private | (uint64_t)deadline->realtime << 1},
	};
	return -ERESTART_RESTARTBLOCK;
}

static long wait_again(struct restart_block *block)
{
	const struct futex_deadline deadline = {block->deadline_ns, block->arg[3] & 2};

	return wait((uintptr_t)block->arg[0], block->arg[3] & 1, (uint32_t)block->arg[1],
		    (uint32_t)block->arg[2], &deadline);
}

/* Does operation COMMAND take a time-out in the fourth argument, and is it absolute? */
static bool takes_timeout(int command, bool *absolute)
{
	*absolute = command != FUTEX_WAIT;
	return command == FUTEX_WAIT || command == FUTEX_WAIT_BITSET || command == FUTEX_LOCK_PI ||
	       command == FUTEX_LOCK_PI2 || command == FUTEX_WAIT_REQUEUE_PI;
}

static long read_deadline(int command, int operation, uintptr_t address,
			  struct futex_deadline *deadline)
{
	bool absolute;
	int error;

	*deadline = (struct futex_deadline){TIME_NEVER, false};
	if (operation & FUTEX_CLOCK_REALTIME && command != FUTEX_WAIT_BITSET &&
	    command != FUTEX_LOCK_PI2 && command != FUTEX_WAIT_REQUEUE_PI)
		return -ENOSYS;
	if (!takes_timeout(command, &absolute) || !address)
		return 0;
	error = user_read_timespec(address, &deadline->ns);
	if (error)
		return error;
	deadline->realtime = operation & FUTEX_CLOCK_REALTIME || command == FUTEX_LOCK_PI;
	if (!absolute) {
		deadline->realtime = false;
		deadline->ns = deadline_after(deadline->ns);
	}
	return 0;
}

static long lock_pi(uintptr_t address, bool private, bool try,
		    const struct futex_deadline *deadline)
{
	long result = futex_lock_pi(address, private, try, deadline);

	return result == -EINTR ? -ERESTARTNOINTR : result;
}

static long requeue(long from, long to, bool private, long wake, long move, const uint32_t *value)
{
	const struct futex_requeue request = {
		.from = (uintptr_t)from,
		.to = (uintptr_t)to,
		.private = private,
		.wake = (uint32_t)wake,
		.requeue = (uint32_t)move,
		.compare = value != NULL,
		.value = value ? *value : 0,
	};

	return (int)wake < 0 || (int)move < 0 ? -EINVAL : futex_requeue(&request);
}

static long wait_requeue_pi(uintptr_t address, uintptr_t lock, bool private, uint32_t value,
			    const struct futex_deadline *deadline)
{
	long result = futex_wait_requeue_pi(address, lock, private, value, deadline);

	return result == -EINTR ? -ERESTARTNOINTR : result;
}

static long requeue_pi(long from, long to, bool private, long wake, long move, uint32_t value)
{
	const struct futex_requeue request = {
		.from = (uintptr_t)from,
		.to = (uintptr_t)to,
		.private = private,
		.wake = (uint32_t)wake,
		.requeue = (uint32_t)move,
		.compare = true,
		.value = value,
	};

	return (int)wake != 1 || (int)move < 0 ? -EINVAL : futex_requeue_pi(&request);
}

SYSCALL(futex)
{
	uintptr_t address = (uintptr_t)a0;
	int operation = (int)a1, command = operation & FUTEX_CMD_MASK;
	bool private = operation & FUTEX_PRIVATE_FLAG;
	const uint32_t value = (uint32_t)a2, value3 = (uint32_t)a5;
	struct futex_deadline deadline;
	long error = read_deadline(command, operation, (uintptr_t)a3, &deadline);

	if (error)
		return error;
	switch (command) {
	case FUTEX_WAIT:
		return wait(address, private, value, FUTEX_ANY, &deadline);
	case FUTEX_WAIT_BITSET:
		return wait(address, private, value, value3, &deadline);
	case FUTEX_WAKE:
		return futex_wake(address, private, value, FUTEX_ANY);
	case FUTEX_WAKE_BITSET:
		return futex_wake(address, private, value, value3);
	case FUTEX_REQUEUE:
		return requeue(a0, a4, private, a2, a3, NULL);
	case FUTEX_CMP_REQUEUE:
		return requeue(a0, a4, private, a2, a3, &value3);
	case FUTEX_WAKE_OP:
		return futex_wake_op(address, (uintptr_t)a4, private, value, (uint32_t)a3, value3);
	case FUTEX_LOCK_PI:
	case FUTEX_LOCK_PI2:
		return lock_pi(address, private, false, &deadline);
	case FUTEX_TRYLOCK_PI:
		return lock_pi(address, private, true, &deadline);
	case FUTEX_WAIT_REQUEUE_PI:
		return wait_requeue_pi(address, (uintptr_t)a4, private, value, &deadline);
	case FUTEX_CMP_REQUEUE_PI:
		return requeue_pi(a0, a4, private, a2, a3, value3);
	case FUTEX_UNLOCK_PI:
		return futex_unlock_pi(address, private);
	default:
		return -ENOSYS;
	}
}
