/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * struct task and struct sched_cpu, for the files of this folder only. Who may write what under
 * which lock is said at each field; the protocols are in docs/locking.md.
 */
#ifndef SCHED_INTERNAL_H
#define SCHED_INTERNAL_H

#include <core/spinlock.h>
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

struct pi_state;

/* What the system call restart_syscall goes on with (ERESTART_RESTARTBLOCK). */
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
	char name[TASK_NAME_SIZE]; /* written by the task itself */
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

	/* Priority inheritance: futex_pi.c, pi_lock. */
	struct list pi_held;	      /* struct pi_state.owned */
	struct pi_waiter *pi_blocked; /* what it waits for */
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
		GUARDED_BY_MEMBER(lock); /* just switched away; the next task deals with it */
	uint64_t switch_cycles GUARDED_BY_MEMBER(lock); /* TSC at the last switch */
	struct timer slice;
	struct task *idle; /* fixed */
	unsigned index;	   /* fixed: CPU number */
};

/* schedule.c */

/* Switches to the most urgent runnable task; returns when the current one runs again. Task context,
 * no spinlock held. */
void sched_switch(void);

/* Adds a new task (state RUNNABLE, on no queue) to a run queue. */
void sched_add(struct task *task);

/* task_wake for tasks in one of STATES only. */
bool sched_wake(struct task *task, uint32_t states);

/* After task->signal_work was set: wakes TASK out of an interruptible wait, or makes its CPU look
 * before it goes on with the application. */
void sched_notify_signal(struct task *task);

/* Locks TASK's run queue, which may change until it is locked. */
struct sched_cpu *sched_lock_task(struct task *task, arch_irq_state_t *irq);

/* Cycles TASK has run, the current stretch included. */
uint64_t sched_task_cycles(struct task *task);

/* Sets the effective priority. REQUIRES(pi_lock) where priorities are inherited. */
void sched_set_priority(struct task *task, unsigned priority);

/* task.c */

/* A task on whose context the boot CPU's idle loop runs. */
struct task *task_create_idle(unsigned cpu);

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
