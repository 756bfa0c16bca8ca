/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * struct task and struct sched_cpu, for the files of this folder only. Who may write what under
 * which lock is said at each field; the protocols are in docs/locking.md.
 */
#ifndef SCHED_INTERNAL_H
#define SCHED_INTERNAL_H

#include <core/spinlock.h>
#include <linux/resource.h>
#include <mm/policy.h>
#include <sched/policy.h>
#include <sched/process.h>
#include <sched/signal.h>
#include <sched/task.h>
#include <sched/wait.h>
#include <stdatomic.h>

#include "runqueue.h"

/* task.state. A task enters a blocked state itself, while it runs; all other changes are made under
 * the lock of its run queue. */
#define TASK_RUNNABLE	    1u
#define TASK_BLOCKED	    2u
#define TASK_BLOCKED_SIGNAL 4u /* blocked, and signals end it */
#define TASK_DEAD	    8u

struct pi_waiter;

struct task {
	struct arch_context context;

	/* Run queue. `sched` changes only under the lock of the run queue that it points to. */
	struct sched_cpu *_Atomic sched;
	_Atomic uint32_t state;
	struct list_node run_node; /* linked: runnable and waiting; sched->lock */
	bool on_cpu;		   /* it runs, or its registers are not saved yet; sched->lock */
	bool application;	   /* a thread of the application; fixed */
	uint8_t priority;	   /* effective; sched->lock */
	uint8_t base_priority;	   /* without inheritance; sched->lock */
	uint8_t policy;		   /* SCHED_*; sched->lock */
	int8_t nice;		   /* sched->lock */
	uint8_t rt_priority;	   /* sched->lock */
	uint64_t cycles;	   /* TSC cycles it has run until last switched away; sched->lock */
	uint64_t switches[2];	   /* voluntary, involuntary; sched->lock */
	struct cpu_set affinity;   /* sched->lock */

	/* Identity. */
	tid_t tid;		   /* fixed */
	uint64_t start_ns;	   /* fixed: when it was created */
	char name[TASK_NAME_SIZE]; /* no lock: a reader may see a mix of two names */
	_Atomic uint32_t refs;	/* the last one frees it; one is the task's own until it is dead */
	struct task *hash_next; /* task.c, table_lock */
	struct list_node peers; /* process.tasks, process.lock */
	uint64_t stack_top;	/* fixed */
	void (*entry)(void *);
	void *arg;
	struct task *next_dead; /* task.c, the cache of dead tasks */

	/* Sleeping. */
	struct timer sleep_timer;
	bool timed_out; /* set by sleep_timer's callback */

	/* Signals: signal.c. */
	_Atomic bool signal_work; /* set under process.lock by anyone, cleared by the task itself */
	struct task_signals signals;
	struct restart_block restart; /* the task itself */

	/* Addresses in the application; the task itself. */
	uintptr_t clear_child_tid;
	uintptr_t robust_list;

	struct mm_thread memory; /* the task itself */

	/* Priority inheritance: futex_pi.c, pi_lock. */
	struct list pi_held;	      /* struct pi_state.owned */
	struct pi_waiter *pi_blocked; /* what it waits for */
	bool pi_ended;		      /* it takes part no more */
	uint32_t timer_slack_ns;
};

/* The scheduler's part of a CPU. */
struct sched_cpu {
	struct spinlock lock;
	struct runqueue queue GUARDED_BY_MEMBER(lock);
	int current_priority GUARDED_BY_MEMBER(lock); /* of the running task, -1: idle */
	bool rotate GUARDED_BY_MEMBER(
		lock); /* the running task goes behind its equals at the next switch */
	bool slice_armed GUARDED_BY_MEMBER(lock);
	struct task *current GUARDED_BY_MEMBER(lock);
	struct task *leftover
		GUARDED_BY_MEMBER(lock);    /* just switched away; the next task deals with it */
	int helper GUARDED_BY_MEMBER(lock); /* CPU to kick when the switch is over, -1: none */
	uint64_t switch_cycles GUARDED_BY_MEMBER(lock); /* TSC at the last switch */
	_Atomic uint32_t kicks;				/* reschedule interrupts taken */
	struct timer slice;
	struct task *idle; /* fixed */
	unsigned index;	   /* fixed: CPU number */
};

/* The process. All of it is guarded by lock, unless said otherwise. */
struct process {
	struct spinlock lock;
	struct list threads; /* struct task.peers, oldest first */
	unsigned thread_count;
	uint64_t threads_started;
	_Atomic bool exiting; /* never cleared; read without the lock */
	int leader_status;    /* exit status of the first thread; that thread */
	uint64_t ended_cycles, ended_switches[2];
	struct signal_action actions[SIGNAL_COUNT + 1];
	struct signal_queue signals;	       /* pending for the process */
	unsigned queued_signals;	       /* entries in all queues */
	struct wait_queue signal_waiters;      /* own lock */
	struct wait_queue exit_waiters;	       /* own lock: process_exit waits for the threads */
	void (*report)(int status, int signo); /* set before the first thread starts */
	struct process_limit limits[RLIM_NLIMITS];
};
extern struct process process;

/* schedule.c */

/* Switches to the most urgent runnable task; returns when the current one runs again. Task context,
 * no spinlock held. */
void sched_switch(void);

/* Adds a task (state RUNNABLE, on no queue) to a run queue. */
void sched_add(struct task *task);

/* The same for a task whose run queue SCHED is locked; unlocked on return. */
void sched_place(struct task *task, struct sched_cpu *sched, arch_irq_state_t irq);

/* TASK, on no queue, belongs to TO instead of FROM. FROM is locked, and TO on return. In between
 * neither is: what TO was chosen for has to be looked at again. */
void sched_move(struct task *task, struct sched_cpu *from, struct sched_cpu *to);

/* Interrupts the CPU of SCHED, not the executing one, and waits until its handler has begun: what
 * it does next in the application follows what sched_kicked finds. Interrupts on, no lock held. */
void sched_interrupt(struct sched_cpu *sched);

/* task_wake for tasks in one of STATES only. */
bool sched_wake(struct task *task, uint32_t states);

/* After task->signal_work was set: wakes TASK out of an interruptible wait, or makes its CPU look
 * before it goes on with the application. */
void sched_notify_signal(struct task *task);

/* Locks TASK's run queue, which may change until it is locked. */
struct sched_cpu *sched_lock_task(struct task *task, arch_irq_state_t *irq);

/* Cycles TASK has run, the current stretch included. */
uint64_t sched_task_cycles(struct task *task);

/* Sets the effective priority; under pi_lock (futex_pi.c). */
void sched_set_priority(struct task *task, unsigned priority);

/* Sets the CPUs that TASK may use, and moves it if need be: from the return on it executes nothing
 * of the application elsewhere. As sched_interrupt. */
void sched_set_affinity(struct task *task, const struct cpu_set *set);

/* The slice timer's callback; the reschedule interrupt's handler. */
void sched_slice_end(struct timer *timer);
void sched_kicked(void *unused);

/* CPU is idle or not any more; under its lock, or by itself with interrupts off. */
void sched_idle_mark(unsigned cpu, bool idle);

static inline bool sched_may_run_on(const struct task *task, unsigned cpu)
{
	return cpu_set_has(&task->affinity, cpu);
}

/* task.c */

/* The idle task of SCHED's CPU, as if it ran there already. NULL: no memory. */
struct task *task_create_idle(struct sched_cpu *sched);

/* The application's task of this TID with a reference, or NULL. */
struct task *task_get(tid_t tid);
void task_put(struct task *task);

/* First code of every new task: ends the switch, then runs entry(arg). */
void sched_finish_switch(void);

/* A task that is on no queue, in no table and in no list yet, with one reference; the uppermost
 * STACK_USED bytes of its kernel stack are left alone. NULL: out of memory. */
struct task *task_new(const char *name, bool application, uint64_t stack_used,
		      void (*entry)(void *), void *arg);

/* Gives a new task its tid. */
void task_add_to_table(struct task *task);

/* Frees a new task that has not been added to a run queue. */
void task_discard(struct task *task);

/* process.c */

/* -EAGAIN when the process ends or has too many threads. */
must_check int process_add_thread(struct task *task);

/* The current task leaves the process. True when it was the last thread. */
bool process_remove_thread(struct task *self);

/* signal_queue.c */

/* A signal in a queue. Timers bring their own. */
struct posix_timer;
struct signal_entry {
	struct list_node node;
	struct signal_info info;
	struct posix_timer *timer; /* owner, or NULL: from the heap */
};

/* Adds SIGNO to QUEUE, with ENTRY, a timer's own, or with a copy of INFO. -EAGAIN: no room for a
 * signal that must not be lost. */
int signal_queue_add(struct signal_queue *queue, int signo, const struct signal_info *info,
		     struct signal_entry *entry) REQUIRES(process.lock);

/* Takes the first signal of MASK out of QUEUE: its number, or 0. */
int signal_queue_take(struct signal_queue *queue, sigmask_t mask, struct signal_info *info)
	REQUIRES(process.lock);

/* Drops all signals of MASK. */
void signal_queue_flush(struct signal_queue *queue, sigmask_t mask) REQUIRES(process.lock);

/* Takes ENTRY, a timer's, out of whatever queue it is in. */
void signal_entry_remove(struct signal_entry *entry) REQUIRES(process.lock);

/* signal.c */

/* Does SIGNO do nothing when no handler is set? */
bool signal_default_ignored(int signo);

/* A thread leaves: its pending signals go, those of the process are for others now. */
void signal_thread_ends(struct task *task) REQUIRES(process.lock);

/* The next signal for the current task to handle, with its action and siginfo: its number or 0. */
int signal_take(struct signal_action *action, struct signal_info *info);

/* The current task's handler for SIGNO runs: blocks what its action says. */
void signal_handler_starts(int signo, const struct signal_action *action);

/* Queues SIGNO for the current task although it may be blocked or ignored; true when no handler is
 * there to take it. */
bool signal_force(int signo, const struct signal_info *info);

/* signal_deliver.c: the current task's signals, at its return to the application. */
void signal_deliver(struct trap_frame *frame);

/* posix_timer.c: the signal of TIMER leaves the queue; fills in the overrun count and starts the
 * next period. */
void posix_timer_delivered(struct posix_timer *timer, struct signal_info *info)
	REQUIRES(process.lock);

/* Queues ENTRY, a timer's, for thread TID (0: the process). False when nobody wants it. The caller
 * wakes process.signal_waiters afterwards, without the lock. */
bool signal_send_entry(tid_t tid, struct signal_entry *entry) REQUIRES(process.lock);

/* process.c: process_cpu_ns and thread_cpu_ns_of under the lock; 0 for a thread that has ended. */
uint64_t process_cpu_ns_locked(void) REQUIRES(process.lock);
uint64_t thread_cpu_ns_locked(tid_t tid) REQUIRES(process.lock);

/* futex.c */
void futex_init(void);

/* futex_pi.c: hands over the PI futexes that the ending current task still owns. */
void futex_pi_exit(void);

/* wait.c */

/* The current task has marked itself blocked: blocks it, unless a signal is there that its kind of
 * wait heeds. */
void task_block(void);

/* The same with a deadline, of real time if so; results as wait_block's. */
int task_block_until(uint64_t deadline_ns, bool realtime);

static always_inline void sched_work_set(uint32_t bits)
{
	__atomic_fetch_or(&cpu_this()->arch.work, bits, __ATOMIC_RELAXED);
}

static always_inline void sched_work_clear(uint32_t bits)
{
	__atomic_fetch_and(&cpu_this()->arch.work, ~bits, __ATOMIC_RELAXED);
}

#endif /* SCHED_INTERNAL_H */
