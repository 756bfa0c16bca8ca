/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The table of system calls, by Linux's numbers (x86-64). The entry code calls straight through it.
 * What has no entry gives ENOSYS, and the log names it once. docs/syscalls.md is checked against
 * this file.
 */
#include <arch/trap.h>
#include <asm/errno.h>
#include <asm/unistd_64.h>
#include <core/log.h>
#include <stdatomic.h>
#include <syscalls/creds.h>
#include <syscalls/entry.h>
#include <syscalls/futex.h>
#include <syscalls/memory.h>
#include <syscalls/misc.h>
#include <syscalls/schedule.h>
#include <syscalls/signal.h>
#include <syscalls/task.h>
#include <syscalls/time.h>
#include <syscalls/timer.h>

/* Numbers that the log has named already. */
static _Atomic uint64_t named[ARCH_SYSCALL_COUNT / 64];

static SYSCALL(unknown)
{
	uint64_t number = arch_trap_syscall_frame()->error;
	uint64_t bit = 1ull << number % 64;

	if (!(atomic_fetch_or(&named[number / 64], bit) & bit))
		log_warning("system call %llu is not implemented (ENOSYS)",
			    (unsigned long long)number);
	return -ENOSYS;
}

SYSCALL(write);
SYSCALL(read);
SYSCALL(writev);
SYSCALL(newfstatat);
SYSCALL(readlink);
SYSCALL(close);
#define ENTRY(name) [__NR_##name] = sys_##name

/* The range first, then the entries that replace it. */
#pragma GCC diagnostic push
#ifdef __clang__
#pragma GCC diagnostic ignored "-Winitializer-overrides"
#else
#pragma GCC diagnostic ignored "-Woverride-init"
#endif
const arch_syscall_fn arch_syscall_table[ARCH_SYSCALL_COUNT] = {
	[0 ... ARCH_SYSCALL_COUNT - 1] = sys_unknown,
	ENTRY(write),
	ENTRY(read),
	ENTRY(writev),
	ENTRY(newfstatat),
	ENTRY(readlink),
	ENTRY(close),
	ENTRY(mmap),
	ENTRY(mprotect),
	ENTRY(munmap),
	ENTRY(brk),
	ENTRY(rt_sigaction),
	ENTRY(rt_sigprocmask),
	ENTRY(rt_sigreturn),
	ENTRY(sched_yield),
	ENTRY(mremap),
	ENTRY(msync),
	ENTRY(mincore),
	ENTRY(madvise),
	ENTRY(pause),
	ENTRY(nanosleep),
	ENTRY(getitimer),
	ENTRY(alarm),
	ENTRY(setitimer),
	ENTRY(getpid),
	ENTRY(clone),
	ENTRY(exit),
	ENTRY(wait4),
	ENTRY(kill),
	ENTRY(uname),
	ENTRY(gettimeofday),
	ENTRY(getrlimit),
	ENTRY(getrusage),
	ENTRY(sysinfo),
	ENTRY(times),
	ENTRY(getuid),
	ENTRY(syslog),
	ENTRY(getgid),
	ENTRY(setuid),
	ENTRY(setgid),
	ENTRY(geteuid),
	ENTRY(getegid),
	ENTRY(setpgid),
	ENTRY(getppid),
	ENTRY(getpgrp),
	ENTRY(setsid),
	ENTRY(setreuid),
	ENTRY(setregid),
	ENTRY(getgroups),
	ENTRY(setgroups),
	ENTRY(setresuid),
	ENTRY(getresuid),
	ENTRY(setresgid),
	ENTRY(getresgid),
	ENTRY(getpgid),
	ENTRY(setfsuid),
	ENTRY(setfsgid),
	ENTRY(getsid),
	ENTRY(capget),
	ENTRY(capset),
	ENTRY(rt_sigpending),
	ENTRY(rt_sigtimedwait),
	ENTRY(rt_sigqueueinfo),
	ENTRY(rt_sigsuspend),
	ENTRY(sigaltstack),
	ENTRY(personality),
	ENTRY(getpriority),
	ENTRY(setpriority),
	ENTRY(sched_setparam),
	ENTRY(sched_getparam),
	ENTRY(sched_setscheduler),
	ENTRY(sched_getscheduler),
	ENTRY(sched_get_priority_max),
	ENTRY(sched_get_priority_min),
	ENTRY(sched_rr_get_interval),
	ENTRY(mlock),
	ENTRY(munlock),
	ENTRY(mlockall),
	ENTRY(munlockall),
	ENTRY(prctl),
	ENTRY(arch_prctl),
	ENTRY(adjtimex),
	ENTRY(setrlimit),
	ENTRY(settimeofday),
	ENTRY(sethostname),
	ENTRY(setdomainname),
	ENTRY(gettid),
	ENTRY(tkill),
	ENTRY(time),
	ENTRY(futex),
	ENTRY(sched_setaffinity),
	ENTRY(sched_getaffinity),
	ENTRY(set_tid_address),
	ENTRY(restart_syscall),
	ENTRY(timer_create),
	ENTRY(timer_settime),
	ENTRY(timer_gettime),
	ENTRY(timer_getoverrun),
	ENTRY(timer_delete),
	ENTRY(clock_settime),
	ENTRY(clock_gettime),
	ENTRY(clock_getres),
	ENTRY(clock_nanosleep),
	ENTRY(exit_group),
	ENTRY(tgkill),
	ENTRY(waitid),
	ENTRY(set_robust_list),
	ENTRY(get_robust_list),
	ENTRY(rt_tgsigqueueinfo),
	ENTRY(prlimit64),
	ENTRY(clock_adjtime),
	ENTRY(getcpu),
	ENTRY(sched_setattr),
	ENTRY(sched_getattr),
	ENTRY(membarrier),
	ENTRY(mlock2),
	ENTRY(clone3),
};
#pragma GCC diagnostic pop
