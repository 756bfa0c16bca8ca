/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The process: its threads, its end, its limits and its accounts.
 *
 * Lock: process.lock, for all of struct process (signals too, see signal.c). Below it come run
 * queue locks. The end: the first thread to call process_exit sets `exiting` and pokes the others;
 * they end at their return to the application, out of interruptible waits at once. It waits for
 * them for a bounded time, as a thread may hang in a request to the host, then reports.
 */
#include <asm/errno.h>
#include <core/clock.h>
#include <core/log.h>
#include <core/panic.h>
#include <linux/resource.h>

#include "internal.h"

#define EXIT_PATIENCE_NS (2 * NS_PER_SEC)

#define NO_LIMIT	 UINT64_MAX
#define FILES_SOFT	 1024
#define FILES_HARD	 (1024 * 1024)
#define STACK_SOFT	 (8ull << 20)
#define LOCKED_MAX	 (8ull << 20)
#define SIGNALS_MAX	 4096
#define THREADS_MAX	 32768
#define MQUEUE_BYTES	 819200

struct process process = {
	.lock = SPINLOCK_INIT,
	.threads = LIST_INIT(process.threads),
	.signals = {.entries = LIST_INIT(process.signals.entries)},
	.signal_waiters = {SPINLOCK_INIT, LIST_INIT(process.signal_waiters.waiters)},
	.exit_waiters = {SPINLOCK_INIT, LIST_INIT(process.exit_waiters.waiters)},
	.limits =
		{
			[RLIMIT_CPU] = {NO_LIMIT, NO_LIMIT},
			[RLIMIT_FSIZE] = {NO_LIMIT, NO_LIMIT},
			[RLIMIT_DATA] = {NO_LIMIT, NO_LIMIT},
			[RLIMIT_STACK] = {STACK_SOFT, NO_LIMIT},
			[RLIMIT_CORE] = {0, NO_LIMIT},
			[RLIMIT_RSS] = {NO_LIMIT, NO_LIMIT},
			[RLIMIT_NPROC] = {THREADS_MAX, THREADS_MAX},
			[RLIMIT_NOFILE] = {FILES_SOFT, FILES_HARD},
			[RLIMIT_MEMLOCK] = {LOCKED_MAX, LOCKED_MAX},
			[RLIMIT_AS] = {NO_LIMIT, NO_LIMIT},
			[RLIMIT_LOCKS] = {NO_LIMIT, NO_LIMIT},
			[RLIMIT_SIGPENDING] = {SIGNALS_MAX, SIGNALS_MAX},
			[RLIMIT_MSGQUEUE] = {MQUEUE_BYTES, MQUEUE_BYTES},
			[RLIMIT_NICE] = {0, 0},
			[RLIMIT_RTPRIO] = {0, 0},
			[RLIMIT_RTTIME] = {NO_LIMIT, NO_LIMIT},
		},
};

int process_limit_get(unsigned resource, struct process_limit *limit)
{
	arch_irq_state_t irq;

	if (resource >= RLIM_NLIMITS)
		return -EINVAL;
	irq = spin_lock(&process.lock);
	*limit = process.limits[resource];
	spin_unlock(&process.lock, irq);
	return 0;
}

int process_limit_set(unsigned resource, const struct process_limit *limit)
{
	arch_irq_state_t irq;

	if (resource >= RLIM_NLIMITS || limit->soft > limit->hard)
		return -EINVAL;
	if (resource == RLIMIT_NOFILE && limit->hard > FILES_HARD)
		return -EPERM;
	irq = spin_lock(&process.lock);
	process.limits[resource] = *limit;
	spin_unlock(&process.lock, irq);
	return 0;
}

void process_set_exit(void (*report)(int status, int signo))
{
	process.report = report;
}

bool process_exiting(void)
{
	return atomic_load_explicit(&process.exiting, memory_order_relaxed);
}

unsigned process_thread_count(void)
{
	return READ_ONCE(process.thread_count);
}

int process_add_thread(struct task *task)
{
	arch_irq_state_t irq = spin_lock(&process.lock);
	int error = 0;

	if (process_exiting() || process.thread_count >= process.limits[RLIMIT_NPROC].soft) {
		error = -EAGAIN;
	} else {
		list_push_back(&process.threads, &task->peers);
		process.thread_count++;
		process.threads_started++;
	}
	spin_unlock(&process.lock, irq);
	return error;
}

bool process_remove_thread(struct task *self)
{
	uint64_t cycles = sched_task_cycles(self);
	arch_irq_state_t irq = spin_lock(&process.lock);
	bool last;

	list_remove(&self->peers);
	last = --process.thread_count == 0;
	process.ended_cycles += cycles;
	process.ended_switches[0] += self->switches[0];
	process.ended_switches[1] += self->switches[1];
	signal_thread_ends(self);
	spin_unlock(&process.lock, irq);
	if (process_exiting())
		wait_queue_wake(&process.exit_waiters, WAIT_ALL);
	return last;
}

/* Sets `exiting` and pokes all other threads. False when another one has been first. */
static bool exit_begin(void)
{
	arch_irq_state_t irq = spin_lock(&process.lock);
	bool first = !process_exiting();
	struct task *task;

	if (first) {
		atomic_store_explicit(&process.exiting, true, memory_order_relaxed);
		list_for_each_entry (task, &process.threads, peers) {
			if (task == task_current())
				continue;
			atomic_store_explicit(&task->signal_work, true, memory_order_seq_cst);
			sched_notify_signal(task);
		}
	}
	spin_unlock(&process.lock, irq);
	return first;
}

void process_exit(int status, int signo)
{
	unsigned self = list_linked(&task_current()->peers) ? 1 : 0;

	if (!exit_begin())
		thread_exit(0);
	if (process_thread_count() > self &&
	    wait_event(&process.exit_waiters, WAIT_UNINTERRUPTIBLE,
		       clock_monotonic_ns() + EXIT_PATIENCE_NS, process_thread_count() <= self))
		log_warning("process_exit: %u threads do not end", process_thread_count() - self);
	process.report(status, signo);
	panic("process_exit: the report returned");
}

uint64_t process_cpu_ns_locked(void)
{
	uint64_t cycles = process.ended_cycles;
	struct task *task;

	list_for_each_entry (task, &process.threads, peers)
		cycles += sched_task_cycles(task);
	return clock_cycles_to_ns(cycles);
}

uint64_t process_cpu_ns(void)
{
	arch_irq_state_t irq = spin_lock(&process.lock);
	uint64_t ns = process_cpu_ns_locked();

	spin_unlock(&process.lock, irq);
	return ns;
}

uint64_t thread_cpu_ns_locked(tid_t tid)
{
	struct task *task;

	list_for_each_entry (task, &process.threads, peers) {
		if (task->tid == tid)
			return clock_cycles_to_ns(sched_task_cycles(task));
	}
	return 0;
}

uint64_t thread_cpu_ns(void)
{
	return clock_cycles_to_ns(sched_task_cycles(task_current()));
}

int thread_cpu_ns_of(tid_t tid, uint64_t *ns)
{
	struct task *task = task_get(tid);

	if (!task)
		return -ESRCH;
	*ns = clock_cycles_to_ns(sched_task_cycles(task));
	task_put(task);
	return 0;
}

void thread_switches(uint64_t count[2])
{
	count[0] = READ_ONCE(task_current()->switches[0]);
	count[1] = READ_ONCE(task_current()->switches[1]);
}

void process_switches(uint64_t count[2])
{
	arch_irq_state_t irq = spin_lock(&process.lock);
	struct task *task;

	count[0] = process.ended_switches[0];
	count[1] = process.ended_switches[1];
	list_for_each_entry (task, &process.threads, peers) {
		count[0] += READ_ONCE(task->switches[0]);
		count[1] += READ_ONCE(task->switches[1]);
	}
	spin_unlock(&process.lock, irq);
}

bool thread_exists(tid_t tid)
{
	struct task *task = task_get(tid);

	if (task)
		task_put(task);
	return task != NULL;
}

int thread_name_of(tid_t tid, char *name)
{
	struct task *task = task_get(tid);

	if (!task)
		return -ESRCH;
	for (unsigned i = 0; i < TASK_NAME_SIZE; i++)
		name[i] = task->name[i];
	task_put(task);
	return 0;
}

unsigned process_list_threads(tid_t *tids, unsigned first, unsigned max)
{
	arch_irq_state_t irq = spin_lock(&process.lock);
	struct task *task;
	unsigned index = 0, count = 0;

	list_for_each_entry (task, &process.threads, peers) {
		if (index++ < first)
			continue;
		if (count == max)
			break;
		tids[count++] = task->tid;
	}
	spin_unlock(&process.lock, irq);
	return count;
}

uint64_t process_threads_started(void)
{
	return READ_ONCE(process.threads_started);
}
