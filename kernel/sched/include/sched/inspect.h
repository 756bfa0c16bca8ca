/* SPDX-License-Identifier: BSD-3-Clause */
/* A thread seen from outside, and what the scheduler has done: for /proc. Any context. */
#ifndef SCHED_INSPECT_H
#define SCHED_INSPECT_H

#include <lib/compiler.h>
#include <lib/types.h>
#include <sched/signal.h>
#include <sched/task.h>

struct thread_view {
	char name[TASK_NAME_SIZE];
	char state;	   /* R: can run, S: waits, D: waits and signals do not end that, Z: ends */
	unsigned cpu;	   /* where it runs or has run */
	uint64_t start_ns; /* monotonic time of its creation */
	uint64_t cpu_ns;   /* CPU time it has used */
	uint64_t switches[2]; /* voluntary, involuntary */
	sigmask_t pending, blocked;
};

/* 0 or -ESRCH. The first thread can be looked at as long as the process runs. */
must_check int thread_inspect(tid_t tid, struct thread_view *view);

/* Names thread TID; NAME has at most TASK_NAME_SIZE bytes with its NUL. 0 or -ESRCH. */
must_check int thread_rename(tid_t tid, const char *name);

/* The process's signals. */
struct signal_view {
	sigmask_t pending; /* for the process, not for one thread */
	sigmask_t ignored; /* by SIG_IGN */
	sigmask_t caught;
	unsigned queued; /* in all queues */
};
void signal_inspect(struct signal_view *view);

/* Free time of a CPU since its start, in ns; reschedule interrupts it has taken. */
uint64_t sched_cpu_idle_ns(unsigned cpu);
uint32_t sched_cpu_kicks(unsigned cpu);

#endif /* SCHED_INSPECT_H */
