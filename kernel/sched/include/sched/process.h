/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The application as a process: there is one, with the process id PROCESS_PID, which is also the
 * tid of its first thread. It has no parent (getppid gives 1), no children, and is alone in its
 * process group and session.
 */
#ifndef SCHED_PROCESS_H
#define SCHED_PROCESS_H

#include <abi/process.h>
#include <arch/trap.h>
#include <lib/compiler.h>
#include <lib/types.h>

#define PROCESS_PID	   HERMIT_PID
#define PROCESS_PARENT_PID 1

/* What clone needs of its arguments (linux/sched.h, clone(2)). */
struct thread_args {
	uint64_t flags;	      /* CLONE_* */
	uintptr_t stack;      /* the thread's initial stack pointer; 0: the caller's */
	uintptr_t tls;	      /* with CLONE_SETTLS */
	uintptr_t parent_tid; /* with CLONE_PARENT_SETTID */
	uintptr_t child_tid;  /* with CLONE_CHILD_SETTID and CLONE_CHILD_CLEARTID */
};

/* A new thread that returns from the calling one's system call FRAME with 0. Its tid, -EINVAL,
 * -ENOSYS (it would be another process), -EAGAIN (too many threads) or -ENOMEM. */
must_check long thread_create(const struct trap_frame *frame, const struct thread_args *args);

/* Ends the calling thread; the process too when it is the last one. STATUS as for exit(2). */
noreturn void thread_exit(int status);

/* Ends the process: STATUS (0 .. 255) when SIGNO is 0, else killed by SIGNO. The calling thread
 * waits for the others to end, then calls the function below. */
noreturn void process_exit(int status, int signo);

/* Init's function that reports the end of the application to the host. Does not return. */
void process_set_exit(void (*report)(int status, int signo));

/* Is the process about to end? */
bool process_exiting(void);

/* Threads of the application. */
unsigned process_thread_count(void);

/* CPU time that all threads have used, ended ones too, in ns; of the calling thread; of a thread by
 * its tid (-ESRCH). Time in the kernel is not told apart from time in the application. */
uint64_t process_cpu_ns(void);
uint64_t thread_cpu_ns(void);
must_check int thread_cpu_ns_of(tid_t tid, uint64_t *ns);

/* Voluntary and involuntary task switches of all threads or of the calling one. */
void process_switches(uint64_t count[2]);
void thread_switches(uint64_t count[2]);

/* Addresses that the end of the calling thread uses: clear_child_tid (set_tid_address(2)) and the
 * head of the robust list. */
void thread_set_clear_tid(uintptr_t address);
void thread_set_robust_list(uintptr_t head);
must_check int thread_robust_list_of(tid_t tid, uintptr_t *head);

/* Does the process have a thread TID? */
bool thread_exists(tid_t tid);

/* Name of thread TID (at least TASK_NAME_SIZE bytes): 0 or -ESRCH. */
must_check int thread_name_of(tid_t tid, char *name);

/* Resource limits (linux/resource.h), one set for the process. Soft and hard limit, ~0: none. */
struct process_limit {
	uint64_t soft, hard;
};
must_check int process_limit_get(unsigned resource, struct process_limit *limit);
must_check int process_limit_set(unsigned resource, const struct process_limit *limit);

/* Writes up to MAX tids, in order of creation, leaving out the FIRST oldest; how many. Any context.
 */
unsigned process_list_threads(tid_t *tids, unsigned first, unsigned max);

/* Threads ever started. */
uint64_t process_threads_started(void);

#endif /* SCHED_PROCESS_H */
