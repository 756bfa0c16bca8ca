/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Signals: queues, masks, actions, and whom to poke.
 *
 * Lock: process.lock for all of it. A task's own mask may be read by the task itself without the
 * lock, as only it writes it. task.signal_work says that the task has something to do at its return
 * to the application: anyone sets it under the lock; only the task itself clears it (recalculate).
 */
#include <asm/errno.h>
#include <asm/siginfo.h>
#include <asm/signal.h>

#include "internal.h"

#define UNBLOCKABLE (SIGNAL_BIT(SIGKILL) | SIGNAL_BIT(SIGSTOP))

static const uint64_t handler_default = (uintptr_t)SIG_DFL, handler_ignore = 1;

/* Nobody can stop and continue the one process of the machine, so the stop signals do nothing. */
bool signal_default_ignored(int signo)
{
	switch (signo) {
	case SIGCHLD:
	case SIGURG:
	case SIGWINCH:
	case SIGCONT:
	case SIGSTOP:
	case SIGTSTP:
	case SIGTTIN:
	case SIGTTOU:
		return true;
	default:
		return false;
	}
}

static bool ignored(int signo) REQUIRES(process.lock)
{
	uint64_t handler = process.actions[signo].handler;

	return handler == handler_ignore ||
	       (handler == handler_default && signal_default_ignored(signo));
}

static sigmask_t deliverable(const struct task *task) REQUIRES(process.lock)
{
	return (task->signals.queue.pending | process.signals.pending) & ~task->signals.blocked;
}

/* The current task looks anew whether it has work. */
static void recalculate(struct task *self) REQUIRES(process.lock)
{
	bool work = process_exiting() || deliverable(self);

	atomic_store_explicit(&self->signal_work, work, memory_order_seq_cst);
	if (work)
		sched_work_set(ARCH_WORK_SIGNAL);
}

/* Would TASK take the signals of BITS? */
static bool wants(const struct task *task, sigmask_t bits)
{
	return bits & (~task->signals.blocked | task->signals.waiting_for);
}

static void poke(struct task *task) REQUIRES(process.lock)
{
	/* Before the task's state is read: a task that blocks sets its state, then reads this. */
	atomic_store_explicit(&task->signal_work, true, memory_order_seq_cst);
	sched_notify_signal(task);
}

/* Pokes one thread, the oldest that does, for signals of the process. */
static void poke_one(sigmask_t bits) REQUIRES(process.lock)
{
	struct task *task;

	list_for_each_entry (task, &process.threads, peers) {
		if (wants(task, bits)) {
			poke(task);
			return;
		}
	}
}

/* Sends to TASK, or to the process when TASK is NULL. */
static int send(struct task *task, int signo, const struct signal_info *info,
		struct signal_entry *entry) REQUIRES(process.lock)
{
	sigmask_t bit = SIGNAL_BIT(signo);
	struct task *first = list_empty(&process.threads)
				     ? NULL
				     : list_entry(list_front(&process.threads), struct task, peers);
	const struct task *receiver = task ? task : first;
	int error;

	if (!receiver || process_exiting())
		return receiver ? 0 : -ESRCH;
	if (ignored(signo) && !(receiver->signals.blocked & bit))
		return 0;
	error = signal_queue_add(task ? &task->signals.queue : &process.signals, signo, info,
				 entry);
	if (error)
		return error;
	if (!task)
		poke_one(bit);
	else if (wants(task, bit))
		poke(task);
	return 0;
}

static bool valid(int signo)
{
	return signo >= 1 && signo <= SIGNAL_COUNT;
}

int signal_send_process(int signo, const struct signal_info *info)
{
	arch_irq_state_t irq;
	int error;

	if (!valid(signo))
		return -EINVAL;
	irq = spin_lock(&process.lock);
	error = send(NULL, signo, info, NULL);
	spin_unlock(&process.lock, irq);
	wait_queue_wake(&process.signal_waiters, WAIT_ALL);
	return error;
}

int signal_send_thread(tid_t tid, int signo, const struct signal_info *info)
{
	struct task *task;
	arch_irq_state_t irq;
	int error = -ESRCH;

	if (!valid(signo))
		return -EINVAL;
	task = task_get(tid);
	if (!task)
		return -ESRCH;
	irq = spin_lock(&process.lock);
	if (list_linked(&task->peers))
		error = send(task, signo, info, NULL);
	spin_unlock(&process.lock, irq);
	task_put(task);
	wait_queue_wake(&process.signal_waiters, WAIT_ALL);
	return error;
}

bool signal_send_entry(tid_t tid, struct signal_entry *entry)
{
	struct task *task = NULL, *each;

	ASSERT(!list_linked(&entry->node));
	if (tid) {
		list_for_each_entry (each, &process.threads, peers) {
			if (each->tid == tid)
				task = each;
		}
		if (!task)
			return false;
	}
	(void)send(task, entry->info.signo, NULL, entry);
	return list_linked(&entry->node);
}

void signal_send_self(int signo)
{
	struct task *self = task_current();
	const struct signal_info info = {.code = SI_USER, .sender = {.pid = PROCESS_PID}};
	arch_irq_state_t irq;

	if (!self->application)
		return;
	irq = spin_lock(&process.lock);
	(void)send(self, signo, &info, NULL);
	spin_unlock(&process.lock, irq);
}

bool signal_force(int signo, const struct signal_info *info)
{
	struct task *self = task_current();
	sigmask_t bit = SIGNAL_BIT(signo);
	arch_irq_state_t irq = spin_lock(&process.lock);
	struct signal_action *action = &process.actions[signo];
	bool fatal;

	if (self->signals.blocked & bit || action->handler == handler_ignore) {
		action->handler = handler_default;
		self->signals.blocked &= ~bit;
	}
	fatal = action->handler == handler_default;
	if (!fatal) {
		(void)signal_queue_add(&self->signals.queue, signo, info, NULL);
		recalculate(self);
	}
	spin_unlock(&process.lock, irq);
	return fatal;
}

bool task_signal_pending(void)
{
	/* Pairs with poke(): the caller's state was set before, with full order. */
	if (likely(!atomic_load_explicit(&task_current()->signal_work, memory_order_seq_cst)))
		return false;
	/* The call will give up because of it, so the return must settle it. */
	sched_work_set(ARCH_WORK_SIGNAL);
	return true;
}

void signal_thread_ends(struct task *task)
{
	sigmask_t left = process.signals.pending & ~task->signals.blocked;

	signal_queue_flush(&task->signals.queue, ~0ull);
	if (left)
		poke_one(left);
}

int signal_take(struct signal_action *action, struct signal_info *info)
{
	struct task *self = task_current();
	arch_irq_state_t irq = spin_lock(&process.lock);
	sigmask_t mask = ~self->signals.blocked;
	int signo = signal_queue_take(&self->signals.queue, mask, info);

	if (!signo)
		signo = signal_queue_take(&process.signals, mask, info);
	if (signo) {
		*action = process.actions[signo];
		if (action->flags & SA_RESETHAND && action->handler > handler_ignore)
			process.actions[signo].handler = handler_default;
	}
	recalculate(self);
	spin_unlock(&process.lock, irq);
	return signo;
}

/* Changes the current task's mask; what it does not take any more is for other threads. */
static void set_blocked(struct task *self, sigmask_t mask) REQUIRES(process.lock)
{
	sigmask_t left = process.signals.pending & mask & ~self->signals.blocked;

	self->signals.blocked = mask & ~UNBLOCKABLE;
	if (left)
		poke_one(left);
	recalculate(self);
}

void signal_handler_starts(int signo, const struct signal_action *action)
{
	struct task *self = task_current();
	sigmask_t mask = self->signals.blocked | action->mask;
	arch_irq_state_t irq = spin_lock(&process.lock);

	if (!(action->flags & SA_NODEFER))
		mask |= SIGNAL_BIT(signo);
	self->signals.restore_saved = false;
	set_blocked(self, mask);
	spin_unlock(&process.lock, irq);
}

sigmask_t signal_mask_get(void)
{
	return task_current()->signals.blocked;
}

void signal_mask_set(sigmask_t mask)
{
	arch_irq_state_t irq = spin_lock(&process.lock);

	set_blocked(task_current(), mask);
	spin_unlock(&process.lock, irq);
}

void signal_mask_set_temporary(sigmask_t mask)
{
	struct task_signals *signals = &task_current()->signals;

	if (!signals->restore_saved) {
		signals->saved = signals->blocked;
		signals->restore_saved = true;
	}
	signal_mask_set(mask);
}

void signal_mask_restore(void)
{
	struct task_signals *signals = &task_current()->signals;

	if (!signals->restore_saved)
		return;
	signals->restore_saved = false;
	signal_mask_set(signals->saved);
}

void signal_action_get(int signo, struct signal_action *action)
{
	arch_irq_state_t irq = spin_lock(&process.lock);

	ASSERT(valid(signo));
	*action = process.actions[signo];
	spin_unlock(&process.lock, irq);
}

int signal_action_set(int signo, const struct signal_action *action)
{
	arch_irq_state_t irq;
	struct task *task;

	if (!valid(signo) || signo == SIGKILL || signo == SIGSTOP)
		return -EINVAL;
	irq = spin_lock(&process.lock);
	process.actions[signo] = *action;
	process.actions[signo].mask &= ~UNBLOCKABLE;
	if (ignored(signo)) {
		signal_queue_flush(&process.signals, SIGNAL_BIT(signo));
		list_for_each_entry (task, &process.threads, peers)
			signal_queue_flush(&task->signals.queue, SIGNAL_BIT(signo));
	}
	spin_unlock(&process.lock, irq);
	return 0;
}

sigmask_t signal_pending_mask(void)
{
	const struct task *self = task_current();
	arch_irq_state_t irq = spin_lock(&process.lock);
	sigmask_t mask =
		(self->signals.queue.pending | process.signals.pending) & self->signals.blocked;

	spin_unlock(&process.lock, irq);
	return mask;
}

bool signal_is_pending(sigmask_t mask)
{
	const struct task *self = task_current();
	arch_irq_state_t irq = spin_lock(&process.lock);
	bool pending = (self->signals.queue.pending | process.signals.pending) & mask;

	spin_unlock(&process.lock, irq);
	return pending;
}

int signal_dequeue(sigmask_t mask, struct signal_info *info)
{
	struct task *self = task_current();
	arch_irq_state_t irq = spin_lock(&process.lock);
	int signo = signal_queue_take(&self->signals.queue, mask & ~UNBLOCKABLE, info);

	if (!signo)
		signo = signal_queue_take(&process.signals, mask & ~UNBLOCKABLE, info);
	recalculate(self);
	spin_unlock(&process.lock, irq);
	return signo;
}

struct wait_queue *signal_wait_queue(void)
{
	return &process.signal_waiters;
}

static void set_waiting_for(struct task *self, sigmask_t mask)
{
	arch_irq_state_t irq = spin_lock(&process.lock);

	self->signals.waiting_for = mask;
	spin_unlock(&process.lock, irq);
}

int signal_wait(sigmask_t mask, uint64_t deadline_ns, struct signal_info *info)
{
	struct task *self = task_current();
	int signo, result = 0;

	for (;;) {
		/* From here on senders poke this thread for MASK. */
		set_waiting_for(self, mask & ~UNBLOCKABLE);
		atomic_store_explicit(&self->state, TASK_BLOCKED_SIGNAL, memory_order_seq_cst);
		signo = signal_dequeue(mask, info);
		if (result == -EINTR && !self->signal_work)
			result = 0; /* another thread was faster */
		if (signo || result) {
			atomic_store_explicit(&self->state, TASK_RUNNABLE, memory_order_relaxed);
			break;
		}
		result = wait_block(deadline_ns);
	}
	set_waiting_for(self, 0);
	if (signo)
		return signo;
	return result == -ETIMEDOUT ? -EAGAIN : -EINTR;
}
