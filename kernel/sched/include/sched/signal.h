/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Signals of the application (signal(7)). One set of actions and one shared queue for the process,
 * a mask and a queue for each thread, all guarded by process.lock (docs/locking.md).
 *
 * A signal is only ever delivered at the return to the application, by the thread itself. Senders
 * queue it and poke a thread that does not block it.
 */
#ifndef SCHED_SIGNAL_H
#define SCHED_SIGNAL_H

#include <arch/signal.h>
#include <arch/trap.h>
#include <lib/compiler.h>
#include <lib/list.h>
#include <lib/types.h>
#include <sched/wait.h>

/*
 * Results of interrupted system calls, settled at the return to the application (never seen by it).
 * As in Linux: ERESTARTSYS restarts unless a handler without SA_RESTART runs; ERESTARTNOINTR
 * always; ERESTARTNOHAND only when no handler runs; ERESTART_RESTARTBLOCK like that, through
 * restart_syscall(2), for calls with a relative time-out.
 */
#define ERESTARTSYS	      512
#define ERESTARTNOINTR	      513
#define ERESTARTNOHAND	      514
#define ERESTART_RESTARTBLOCK 516

#define SIGNAL_COUNT	      64 /* signals 1 .. 64 */

typedef uint64_t sigmask_t; /* bit n - 1: signal n */

#define SIGNAL_BIT(signo) (1ull << ((signo)-1))

/* rt_sigaction's structure on x86-64 and other 64-bit processors with SA_RESTORER. */
struct signal_action {
	uint64_t handler;
	uint64_t flags;
	uint64_t restorer;
	sigmask_t mask;
};

struct signal_entry;

/* Pending signals; process.lock. */
struct signal_queue {
	sigmask_t pending;
	struct list entries; /* struct signal_entry, oldest first */
};

struct task_signals {
	sigmask_t blocked;	   /* written by the task itself, under process.lock */
	sigmask_t saved;	   /* mask to restore after delivery, if restore_saved */
	sigmask_t waiting_for;	   /* rt_sigtimedwait: also wakes up for these; process.lock */
	bool restore_saved;	   /* the task itself */
	struct signal_queue queue; /* process.lock */
	struct signal_altstack altstack; /* the task itself */
	struct signal_fault_info fault;	 /* of the last exception; the task itself */
};

/* How restart_syscall(2) goes on: FUNCTION(block), the call's result. */
struct restart_block {
	long (*function)(struct restart_block *block);
	uint64_t deadline_ns;
	uint64_t arg[4];
};
/* The calling thread's, to be filled in before ERESTART_RESTARTBLOCK is returned. */
struct restart_block *signal_restart_block(void);

/*
 * Sending. INFO is copied; NULL: a signal of the kernel (SI_KERNEL). Any context. 0, -ESRCH,
 * -EINVAL, or -EAGAIN (queue full: real time signals with si_code < 0 or SI_TIMER only; others are
 * delivered without their siginfo then).
 */
int signal_send_process(int signo, const struct signal_info *info);
int signal_send_thread(tid_t tid, int signo, const struct signal_info *info);

/* To the calling thread, such as SIGPIPE. Task context. */
void signal_send_self(int signo);

/* Masks and actions of the calling thread. */
sigmask_t signal_mask_get(void);
void signal_mask_set(sigmask_t mask);

/*
 * Until the return to the application, or until delivery, MASK is the thread's mask (ppoll,
 * pselect, epoll_pwait, rt_sigsuspend). A call that was interrupted leaves it so (its handler then
 * runs with MASK and the old mask comes back behind it); a call that was not calls
 * signal_mask_restore.
 */
void signal_mask_set_temporary(sigmask_t mask);
void signal_mask_restore(void);

void signal_action_get(int signo, struct signal_action *action);
must_check int signal_action_set(int signo, const struct signal_action *action);

/* Pending for the calling thread or the process, and blocked (rt_sigpending). */
sigmask_t signal_pending_mask(void);

/* Takes the first pending signal of MASK for the calling thread (its own first, then the
 * process's): the signal's number with *INFO, or 0. For signalfd and rt_sigtimedwait. */
int signal_dequeue(sigmask_t mask, struct signal_info *info);

/* Is one of MASK pending for the calling thread or the process? For signalfd's poll. */
bool signal_is_pending(sigmask_t mask);

/* Woken whenever a signal is queued that is blocked or waited for. For signalfd. */
struct wait_queue *signal_wait_queue(void);

/* rt_sigtimedwait: waits for a signal of MASK until DEADLINE_NS. Its number, -EAGAIN, or -EINTR. */
must_check int signal_wait(sigmask_t mask, uint64_t deadline_ns, struct signal_info *info);

/* sigaltstack(2); OLD and NEW may be NULL. 0, -EPERM (in use), -EINVAL or -ENOMEM (too small). */
must_check int signal_altstack(const struct signal_altstack *new_stack,
			       struct signal_altstack *old_stack, uintptr_t stack_pointer);

/* rt_sigreturn: goes on where the signal of the frame at the stack pointer interrupted. */
noreturn void signal_return(void);

/* Defined by kernel/init: prints the report of a fatal signal (registers, backtrace). */
void crash_report(const struct trap_frame *frame, int signo, int code, uintptr_t address);

#endif /* SCHED_SIGNAL_H */
