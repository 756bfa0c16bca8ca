/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The table of system calls, by Linux's numbers (x86-64). The entry code calls straight through it.
 * What has no entry gives ENOSYS, and the log names it once. docs/syscalls.md is checked against
 * this file.
 */
#include <abi/process.h>
#include <arch/trap.h>
#include <asm/errno.h>
#include <asm/unistd_64.h>
#include <core/log.h>
#include <stdatomic.h>
#include <syscalls/aio.h>
#include <syscalls/creds.h>
#include <syscalls/entry.h>
#include <syscalls/event.h>
#include <syscalls/fd.h>
#include <syscalls/file_io.h>
#include <syscalls/futex.h>
#include <syscalls/memory.h>
#include <syscalls/misc.h>
#include <syscalls/numa.h>
#include <syscalls/path.h>
#include <syscalls/poll.h>
#include <syscalls/random.h>
#include <syscalls/schedule.h>
#include <syscalls/signal.h>
#include <syscalls/socket.h>
#include <syscalls/task.h>
#include <syscalls/time.h>
#include <syscalls/timer.h>
#include <syscalls/xattr.h>

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

/* The C library asks for it in each program and does well without: nothing to tell, and the line in
 * the log would be a large part of a short program's start. */
static SYSCALL(absent)
{
	return -ENOSYS;
}

#define __NR_checkpoint HERMIT_NR_CHECKPOINT
#define ENTRY(name)	[__NR_##name] = sys_##name

/* The range first, then the entries that replace it. */
#pragma GCC diagnostic push
#ifdef __clang__
#pragma GCC diagnostic ignored "-Winitializer-overrides"
#else
#pragma GCC diagnostic ignored "-Woverride-init"
#endif
const arch_syscall_fn arch_syscall_table[ARCH_SYSCALL_COUNT] = {
	[0 ... ARCH_SYSCALL_COUNT - 1] = sys_unknown,
	[__NR_rseq] = sys_absent,
	ENTRY(read),
	ENTRY(write),
	ENTRY(open),
	ENTRY(close),
	ENTRY(stat),
	ENTRY(fstat),
	ENTRY(lstat),
	ENTRY(poll),
	ENTRY(lseek),
	ENTRY(mmap),
	ENTRY(mprotect),
	ENTRY(munmap),
	ENTRY(brk),
	ENTRY(rt_sigaction),
	ENTRY(rt_sigprocmask),
	ENTRY(rt_sigreturn),
	ENTRY(ioctl),
	ENTRY(pread64),
	ENTRY(pwrite64),
	ENTRY(readv),
	ENTRY(writev),
	ENTRY(access),
	ENTRY(pipe),
	ENTRY(select),
	ENTRY(sched_yield),
	ENTRY(mremap),
	ENTRY(msync),
	ENTRY(mincore),
	ENTRY(madvise),
	ENTRY(dup),
	ENTRY(dup2),
	ENTRY(pause),
	ENTRY(nanosleep),
	ENTRY(getitimer),
	ENTRY(alarm),
	ENTRY(setitimer),
	ENTRY(getpid),
	ENTRY(sendfile),
	ENTRY(socket),
	ENTRY(connect),
	ENTRY(accept),
	ENTRY(sendto),
	ENTRY(recvfrom),
	ENTRY(sendmsg),
	ENTRY(recvmsg),
	ENTRY(shutdown),
	ENTRY(bind),
	ENTRY(listen),
	ENTRY(getsockname),
	ENTRY(getpeername),
	ENTRY(socketpair),
	ENTRY(setsockopt),
	ENTRY(getsockopt),
	ENTRY(clone),
	ENTRY(exit),
	ENTRY(wait4),
	ENTRY(kill),
	ENTRY(uname),
	ENTRY(fcntl),
	ENTRY(flock),
	ENTRY(fsync),
	ENTRY(fdatasync),
	ENTRY(truncate),
	ENTRY(ftruncate),
	ENTRY(getdents),
	ENTRY(getcwd),
	ENTRY(chdir),
	ENTRY(fchdir),
	ENTRY(rename),
	ENTRY(mkdir),
	ENTRY(rmdir),
	ENTRY(creat),
	ENTRY(link),
	ENTRY(unlink),
	ENTRY(symlink),
	ENTRY(readlink),
	ENTRY(chmod),
	ENTRY(fchmod),
	ENTRY(chown),
	ENTRY(fchown),
	ENTRY(lchown),
	ENTRY(umask),
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
	ENTRY(utime),
	ENTRY(mknod),
	ENTRY(personality),
	ENTRY(statfs),
	ENTRY(fstatfs),
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
	ENTRY(chroot),
	ENTRY(sync),
	ENTRY(settimeofday),
	ENTRY(mount),
	ENTRY(umount2),
	ENTRY(sethostname),
	ENTRY(setdomainname),
	ENTRY(gettid),
	ENTRY(readahead),
	ENTRY(tkill),
	ENTRY(time),
	ENTRY(futex),
	ENTRY(sched_setaffinity),
	ENTRY(sched_getaffinity),
	ENTRY(io_setup),
	ENTRY(io_destroy),
	ENTRY(io_getevents),
	ENTRY(io_submit),
	ENTRY(io_cancel),
	ENTRY(epoll_create),
	ENTRY(getdents64),
	ENTRY(set_tid_address),
	ENTRY(restart_syscall),
	ENTRY(fadvise64),
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
	ENTRY(epoll_wait),
	ENTRY(epoll_ctl),
	ENTRY(tgkill),
	ENTRY(utimes),
	ENTRY(waitid),
	ENTRY(openat),
	ENTRY(mkdirat),
	ENTRY(mknodat),
	ENTRY(fchownat),
	ENTRY(futimesat),
	ENTRY(newfstatat),
	ENTRY(unlinkat),
	ENTRY(renameat),
	ENTRY(linkat),
	ENTRY(symlinkat),
	ENTRY(readlinkat),
	ENTRY(fchmodat),
	ENTRY(faccessat),
	ENTRY(pselect6),
	ENTRY(ppoll),
	ENTRY(set_robust_list),
	ENTRY(get_robust_list),
	ENTRY(splice),
	ENTRY(tee),
	ENTRY(sync_file_range),
	ENTRY(vmsplice),
	ENTRY(utimensat),
	ENTRY(epoll_pwait),
	ENTRY(signalfd),
	ENTRY(timerfd_create),
	ENTRY(eventfd),
	ENTRY(fallocate),
	ENTRY(timerfd_settime),
	ENTRY(timerfd_gettime),
	ENTRY(accept4),
	ENTRY(signalfd4),
	ENTRY(eventfd2),
	ENTRY(epoll_create1),
	ENTRY(dup3),
	ENTRY(pipe2),
	ENTRY(preadv),
	ENTRY(pwritev),
	ENTRY(rt_tgsigqueueinfo),
	ENTRY(recvmmsg),
	ENTRY(prlimit64),
	ENTRY(clock_adjtime),
	ENTRY(syncfs),
	ENTRY(sendmmsg),
	ENTRY(getcpu),
	ENTRY(sched_setattr),
	ENTRY(sched_getattr),
	ENTRY(renameat2),
	ENTRY(getrandom),
	ENTRY(memfd_create),
	ENTRY(membarrier),
	ENTRY(mlock2),
	ENTRY(copy_file_range),
	ENTRY(preadv2),
	ENTRY(pwritev2),
	ENTRY(pkey_mprotect),
	ENTRY(pkey_alloc),
	ENTRY(pkey_free),
	ENTRY(statx),
	ENTRY(io_pgetevents),
	ENTRY(get_mempolicy),
	ENTRY(set_mempolicy),
	ENTRY(mbind),
	ENTRY(set_mempolicy_home_node),
	ENTRY(move_pages),
	ENTRY(migrate_pages),
	ENTRY(process_vm_readv),
	ENTRY(process_vm_writev),
	ENTRY(clone3),
	ENTRY(close_range),
	ENTRY(openat2),
	ENTRY(faccessat2),
	ENTRY(epoll_pwait2),
	ENTRY(setxattr),
	ENTRY(lsetxattr),
	ENTRY(fsetxattr),
	ENTRY(getxattr),
	ENTRY(lgetxattr),
	ENTRY(fgetxattr),
	ENTRY(listxattr),
	ENTRY(llistxattr),
	ENTRY(flistxattr),
	ENTRY(removexattr),
	ENTRY(lremovexattr),
	ENTRY(fremovexattr),
	ENTRY(checkpoint),
};
#pragma GCC diagnostic pop
