/* SPDX-License-Identifier: BSD-3-Clause */
/* Signals: Linux's arguments to sched/signal.h. */
#include <syscalls/signal.h>

#include <arch/syscall.h>
#include <arch/user.h>
#include <asm/errno.h>
#include <linux/signal.h>
#include <sched/process.h>
#include <sched/signal.h>
#include <sched/task.h>
#include <syscalls/creds.h>

static int read_mask(uintptr_t address, size_t size, sigmask_t *mask)
{
	if (size != sizeof(*mask))
		return -EINVAL;
	return arch_user_read(mask, address, sizeof(*mask));
}

SYSCALL(rt_sigaction)
{
	struct signal_action old, new;
	int error;

	if (a3 != sizeof(sigmask_t) || a0 < 1 || a0 > SIGNAL_COUNT)
		return -EINVAL;
	if (a1 && arch_user_read(&new, (uintptr_t)a1, sizeof(new)))
		return -EFAULT;
	signal_action_get((int)a0, &old);
	if (a1) {
		error = signal_action_set((int)a0, &new);
		if (error)
			return error;
	}
	return a2 ? arch_user_write((uintptr_t)a2, &old, sizeof(old)) : 0;
}

SYSCALL(rt_sigprocmask)
{
	sigmask_t old = signal_mask_get(), set;

	if (a3 != sizeof(sigmask_t))
		return -EINVAL;
	if (a1) {
		if (arch_user_read(&set, (uintptr_t)a1, sizeof(set)))
			return -EFAULT;
		switch (a0) {
		case SIG_BLOCK:
			set |= old;
			break;
		case SIG_UNBLOCK:
			set = old & ~set;
			break;
		case SIG_SETMASK:
			break;
		default:
			return -EINVAL;
		}
		if (set != old)
			signal_mask_set(set);
	}
	return a2 ? arch_user_write((uintptr_t)a2, &old, sizeof(old)) : 0;
}

SYSCALL(rt_sigpending)
{
	const sigmask_t pending = signal_pending_mask();

	if ((size_t)a1 > sizeof(pending))
		return -EINVAL;
	return arch_user_write((uintptr_t)a0, &pending, (size_t)a1);
}

/* Sleeps until a signal is there whose handler runs. */
static long sleep_for_signal(void)
{
	while (!task_sleep_until(TIME_NEVER))
		continue;
	return -ERESTARTNOHAND;
}

SYSCALL(rt_sigsuspend)
{
	sigmask_t mask;
	int error = read_mask((uintptr_t)a0, (size_t)a1, &mask);

	if (error)
		return error;
	signal_mask_set_temporary(mask);
	return sleep_for_signal();
}

SYSCALL(pause)
{
	return sleep_for_signal();
}

SYSCALL(rt_sigtimedwait)
{
	struct signal_info info;
	uint64_t timeout, deadline = TIME_NEVER;
	sigmask_t mask;
	int signo, error = read_mask((uintptr_t)a0, (size_t)a3, &mask);

	if (!error && a2) {
		error = user_read_timespec((uintptr_t)a2, &timeout);
		if (!error)
			deadline = deadline_after(timeout);
	}
	if (error)
		return error;
	signo = signal_wait(mask, deadline, &info);
	if (signo > 0 && a1 && arch_user_write((uintptr_t)a1, &info, sizeof(info)))
		return -EFAULT;
	return signo;
}

SYSCALL(rt_sigreturn)
{
	signal_return();
}

static struct signal_info sender_info(int signo, int code)
{
	return (struct signal_info){
		.signo = signo,
		.code = code,
		.sender = {.pid = PROCESS_PID, .uid = (uint32_t)sys_getuid(0, 0, 0, 0, 0, 0)},
	};
}

static bool signo_valid(long signo)
{
	return signo >= 0 && signo <= SIGNAL_COUNT;
}

SYSCALL(kill)
{
	const struct signal_info info = sender_info((int)a1, SI_USER);

	if (!signo_valid((int)a1))
		return -EINVAL;
	/* The process, its group; -1 means all but the caller, so nobody. */
	if ((int)a0 != PROCESS_PID && (int)a0 != 0 && (int)a0 != -PROCESS_PID)
		return -ESRCH;
	return (int)a1 ? signal_send_process((int)a1, &info) : 0;
}

static long send_thread(tid_t tid, int signo, const struct signal_info *info)
{
	if (tid <= 0 || !signo_valid(signo))
		return -EINVAL;
	if (!signo)
		return thread_exists(tid) ? 0 : -ESRCH;
	return signal_send_thread(tid, signo, info);
}

SYSCALL(tkill)
{
	const struct signal_info info = sender_info((int)a1, SI_TKILL);

	return send_thread((tid_t)a0, (int)a1, &info);
}

SYSCALL(tgkill)
{
	const struct signal_info info = sender_info((int)a2, SI_TKILL);

	if ((tid_t)a0 <= 0)
		return -EINVAL;
	if ((tid_t)a0 != PROCESS_PID)
		return -ESRCH;
	return send_thread((tid_t)a1, (int)a2, &info);
}

SYSCALL(rt_sigqueueinfo)
{
	struct signal_info info;

	if (arch_user_read(&info, (uintptr_t)a2, sizeof(info)))
		return -EFAULT;
	info.signo = (int)a1;
	if (!signo_valid((int)a1))
		return -EINVAL;
	if ((tid_t)a0 != PROCESS_PID)
		return -ESRCH;
	return (int)a1 ? signal_send_process((int)a1, &info) : 0;
}

SYSCALL(rt_tgsigqueueinfo)
{
	struct signal_info info;

	if (arch_user_read(&info, (uintptr_t)a3, sizeof(info)))
		return -EFAULT;
	info.signo = (int)a2;
	if ((tid_t)a0 <= 0)
		return -EINVAL;
	if ((tid_t)a0 != PROCESS_PID)
		return -ESRCH;
	return send_thread((tid_t)a1, (int)a2, &info);
}

SYSCALL(sigaltstack)
{
	struct signal_altstack new, old;
	int error;

	if (a0 && arch_user_read(&new, (uintptr_t)a0, sizeof(new)))
		return -EFAULT;
	error = signal_altstack(a0 ? &new : NULL, &old,
				arch_frame_stack_pointer(arch_trap_syscall_frame()));
	if (error || !a1)
		return error;
	return arch_user_write((uintptr_t)a1, &old, sizeof(old));
}

SYSCALL(restart_syscall)
{
	struct restart_block *block = signal_restart_block();

	return block->function ? block->function(block) : -EINTR;
}
