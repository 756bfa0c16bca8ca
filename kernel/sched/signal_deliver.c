/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * At the return to the application: signal delivery, system call restart, the end of the thread;
 * and exceptions of the application. All of it runs in the thread concerned, without locks held.
 */
#include <arch/signal.h>
#include <arch/syscall.h>
#include <asm/errno.h>
#include <asm/unistd_64.h>
#include <linux/signal.h>
#include <mm/heap.h>

#include "internal.h"

static bool default_dumps_core(int signo)
{
	switch (signo) {
	case SIGQUIT:
	case SIGILL:
	case SIGTRAP:
	case SIGABRT:
	case SIGBUS:
	case SIGFPE:
	case SIGSEGV:
	case SIGXCPU:
	case SIGXFSZ:
	case SIGSYS:
		return true;
	default:
		return false;
	}
}

/* The default action of a signal that is not ignored: where Linux writes a core file, a report. */
static noreturn void die(const struct trap_frame *frame, int signo, const struct signal_info *info)
{
	if (default_dumps_core(signo))
		crash_report(frame, signo, info->code, info->fault.address);
	process_exit(0, signo);
}

/* A handler is about to run: does the interrupted system call end with EINTR, or start again? */
static void restart_with_handler(struct trap_frame *frame, const struct signal_action *action)
{
	long result;

	if (!arch_syscall_result(frame, &result))
		return;
	switch (-result) {
	case ERESTARTNOINTR:
		arch_syscall_repeat(frame, -1);
		break;
	case ERESTARTSYS:
		if (action->flags & SA_RESTART) {
			arch_syscall_repeat(frame, -1);
			break;
		}
		__attribute__((fallthrough));
	case ERESTARTNOHAND:
	case ERESTART_RESTARTBLOCK:
		arch_syscall_set_result(frame, -EINTR);
		arch_syscall_settle(frame);
		break;
	default:
		arch_syscall_settle(frame);
	}
}

static void restart_without_handler(struct trap_frame *frame)
{
	long result;

	if (!arch_syscall_result(frame, &result))
		return;
	switch (-result) {
	case ERESTARTNOINTR:
	case ERESTARTSYS:
	case ERESTARTNOHAND:
		arch_syscall_repeat(frame, -1);
		break;
	case ERESTART_RESTARTBLOCK:
		arch_syscall_repeat(frame, __NR_restart_syscall);
		break;
	default:
		arch_syscall_settle(frame);
	}
}

static void run_handler(struct trap_frame *frame, int signo, const struct signal_action *action,
			const struct signal_info *info)
{
	static const struct signal_info no_stack = {.signo = SIGSEGV, .code = SI_KERNEL};
	struct task *self = task_current();
	struct task_signals *signals = &self->signals;
	struct arch_signal delivery = {
		.signo = signo,
		.handler = action->handler,
		.restorer = action->flags & SA_RESTORER ? action->restorer : 0,
		.blocked = signals->restore_saved ? signals->saved : signals->blocked,
		.use_altstack = action->flags & SA_ONSTACK,
		.info = info,
		.altstack = &signals->altstack,
		.fault = &signals->fault,
	};

	restart_with_handler(frame, action);
	if (!arch_signal_push(frame, &self->context, &delivery)) {
		if (signals->altstack.flags & (int)SS_AUTODISARM)
			signals->altstack = (struct signal_altstack){.flags = SS_DISABLE};
		signal_handler_starts(signo, action);
		return;
	}
	/* No room for the frame: the handler of SIGSEGV may have a stack of its own. */
	if (signo == SIGSEGV || signal_force(SIGSEGV, &no_stack))
		die(frame, SIGSEGV, &no_stack);
}

void signal_deliver(struct trap_frame *frame)
{
	struct signal_action action;
	struct signal_info info;
	int signo;

	for (;;) {
		if (process_exiting())
			thread_exit(0);
		signo = signal_take(&action, &info);
		if (!signo) {
			restart_without_handler(frame);
			signal_mask_restore();
			return;
		}
		if (action.handler == (uintptr_t)SIG_IGN)
			continue;
		if (action.handler != (uintptr_t)SIG_DFL)
			break;
		if (!signal_default_ignored(signo))
			die(frame, signo, &info);
	}
	run_handler(frame, signo, &action, &info);
}

void sched_return_work(struct trap_frame *frame)
{
	struct task *self = task_current();
	long result;

	if (cpu_this()->arch.work & ARCH_WORK_RESCHED)
		sched_switch();
	/* Whoever sets signal_work later sets the bit again. */
	sched_work_clear(ARCH_WORK_SIGNAL);
	if (atomic_load_explicit(&self->signal_work, memory_order_seq_cst) ||
	    (arch_syscall_result(frame, &result) && result <= -ERESTARTSYS &&
	     result >= -ERESTART_RESTARTBLOCK))
		signal_deliver(frame);
}

void signal_fault(struct trap_frame *frame, int signo, int code, uintptr_t address)
{
	struct task *self = task_current();
	const struct signal_info info = {.signo = signo, .code = code, .fault = {address}};

	ASSERT(self->application);
	self->signals.fault = (struct signal_fault_info){frame->vector, frame->error, address};
	if (signal_force(signo, &info))
		die(frame, signo, &info);
}

struct restart_block *signal_restart_block(void)
{
	return &task_current()->restart;
}

int signal_altstack(const struct signal_altstack *new_stack, struct signal_altstack *old_stack,
		    uintptr_t stack_pointer)
{
	struct signal_altstack *current = &task_current()->signals.altstack;
	bool in_use = arch_signal_on_altstack(stack_pointer, current);

	if (old_stack) {
		*old_stack = *current;
		old_stack->pad = 0;
		old_stack->flags = in_use ? SS_ONSTACK : current->size ? 0 : SS_DISABLE;
		old_stack->flags |= current->flags & (int)SS_AUTODISARM;
	}
	if (!new_stack)
		return 0;
	if (in_use)
		return -EPERM;
	switch (new_stack->flags & ~(int)SS_AUTODISARM) {
	case SS_DISABLE:
		*current = (struct signal_altstack){.flags = SS_DISABLE};
		return 0;
	case 0:
	case SS_ONSTACK:
		break;
	default:
		return -EINVAL;
	}
	if (new_stack->size < MINSIGSTKSZ || new_stack->size < arch_signal_min_stack())
		return -ENOMEM;
	*current = *new_stack;
	return 0;
}

void signal_return(void)
{
	struct task *self = task_current();
	struct trap_frame *frame = arch_trap_syscall_frame();
	void *scratch = kmalloc(arch_fpu_size());
	struct signal_altstack altstack;
	sigmask_t mask;
	int error = -EFAULT;

	arch_syscall_settle(frame);
	if (scratch)
		error = arch_signal_pop(frame, &self->context, &mask, &altstack, scratch);
	kfree(scratch);
	if (error) {
		signal_fault(frame, SIGSEGV, SI_KERNEL, 0);
	} else {
		signal_mask_set(mask);
		(void)!signal_altstack(&altstack, NULL, arch_frame_stack_pointer(frame));
	}
	arch_trap_return(frame);
}
