/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * See sandbox_filter.h. A filter is a list of tests, one call after the other (Linux,
 * Documentation/userspace-api/seccomp_filter.rst). What no test allows ends the process in the
 * threads of vCPUs and of the network card. In the main thread and in the user-mode network it
 * fails with ENOSYS, as it may be a call that another libc prefers to one that is allowed; what
 * only an attacker would make ends the process there, too.
 */
#include "sandbox_filter.h"

#include <asm/ioctls.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/if_tun.h>
#include <linux/kvm.h>
#include <linux/seccomp.h>
#include <linux/vhost.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FILTER_MAX   1024u
#define X32_CALLS    0x40000000u
#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

struct call_test {
	int number;
	enum {
		ALLOW,
		ALLOW_EQUAL, /* argument is VALUE */
		ALLOW_OWN,   /* argument is the id of this process */
		ALLOW_WITH,  /* argument has a bit of VALUE */
		ALLOW_CLEAR, /* argument has no bit of VALUE */
		REFUSE,	     /* errno VALUE */
		END,	     /* the process */
	} what;
	unsigned argument;
	uint32_t value;
};

/* Threads that end, locks, memory of malloc, signals that kick. */
static const struct call_test common_calls[] = {
	{SYS_read, ALLOW, 0, 0},
	{SYS_write, ALLOW, 0, 0},
	{SYS_futex, ALLOW, 0, 0},
	{SYS_rt_sigreturn, ALLOW, 0, 0},
	{SYS_rt_sigprocmask, ALLOW, 0, 0},
	{SYS_restart_syscall, ALLOW, 0, 0},
	{SYS_clock_gettime, ALLOW, 0, 0},
	{SYS_gettid, ALLOW, 0, 0},
	{SYS_getpid, ALLOW, 0, 0},
	{SYS_tgkill, ALLOW_OWN, 0, 0},
	{SYS_madvise, ALLOW, 0, 0},
	{SYS_munmap, ALLOW, 0, 0},
	{SYS_mmap, ALLOW_CLEAR, 2, PROT_EXEC},
	{SYS_mprotect, ALLOW_CLEAR, 2, PROT_EXEC},
	{SYS_exit, ALLOW, 0, 0},
	{SYS_exit_group, ALLOW, 0, 0},
};

static const struct call_test vcpu_calls[] = {
	{SYS_ioctl, ALLOW_EQUAL, 1, KVM_RUN},
};

/* The vCPU's thread: it met a breakpoint. */
static const struct call_test vcpu_debug_calls[] = {
	{SYS_ioctl, ALLOW_EQUAL, 1, KVM_GET_REGS},
	{SYS_ioctl, ALLOW_EQUAL, 1, KVM_SET_REGS},
	{SYS_ioctl, ALLOW_EQUAL, 1, KVM_SET_GUEST_DEBUG},
};

/* Frames, and the start and end of the tap device's work. */
static const struct call_test net_calls[] = {
	{SYS_readv, ALLOW, 0, 0},
	{SYS_writev, ALLOW, 0, 0},
	{SYS_poll, ALLOW, 0, 0},
	{SYS_ioctl, ALLOW_EQUAL, 1, TUNSETOFFLOAD},
	{SYS_ioctl, ALLOW_EQUAL, 1, VHOST_SET_FEATURES},
	{SYS_ioctl, ALLOW_EQUAL, 1, VHOST_SET_VRING_NUM},
	{SYS_ioctl, ALLOW_EQUAL, 1, VHOST_SET_VRING_BASE},
	{SYS_ioctl, ALLOW_EQUAL, 1, VHOST_SET_VRING_ADDR},
	{SYS_ioctl, ALLOW_EQUAL, 1, VHOST_SET_VRING_KICK},
	{SYS_ioctl, ALLOW_EQUAL, 1, VHOST_SET_VRING_CALL},
	{SYS_ioctl, ALLOW_EQUAL, 1, (uint32_t)VHOST_GET_VRING_BASE},
	{SYS_ioctl, ALLOW_EQUAL, 1, VHOST_NET_SET_BACKEND},
};

/* libslirp: sockets of the internet, and the list of name servers. */
static const struct call_test user_net_calls[] = {
	{SYS_socket, ALLOW_EQUAL, 0, AF_INET},
	{SYS_socket, ALLOW_EQUAL, 0, AF_INET6},
	{SYS_connect, ALLOW, 0, 0},
	{SYS_bind, ALLOW, 0, 0},
	{SYS_listen, ALLOW, 0, 0},
	{SYS_accept, ALLOW, 0, 0},
	{SYS_accept4, ALLOW, 0, 0},
	{SYS_sendto, ALLOW, 0, 0},
	{SYS_recvfrom, ALLOW, 0, 0},
	{SYS_sendmsg, ALLOW, 0, 0},
	{SYS_recvmsg, ALLOW, 0, 0},
	{SYS_shutdown, ALLOW, 0, 0},
	{SYS_getsockname, ALLOW, 0, 0},
	{SYS_getpeername, ALLOW, 0, 0},
	{SYS_getsockopt, ALLOW, 0, 0},
	{SYS_setsockopt, ALLOW, 0, 0},
	{SYS_ioctl, ALLOW_EQUAL, 1, FIONREAD},
	{SYS_ioctl, ALLOW_EQUAL, 1, FIONBIO},
	{SYS_fcntl, ALLOW, 0, 0},
	{SYS_close, ALLOW, 0, 0},
	{SYS_poll, ALLOW, 0, 0},
	{SYS_ppoll, ALLOW, 0, 0},
	{SYS_open, ALLOW, 0, 0},
	{SYS_openat, ALLOW, 0, 0},
	{SYS_stat, ALLOW, 0, 0},
	{SYS_fstat, ALLOW, 0, 0},
	{SYS_newfstatat, ALLOW, 0, 0},
	{SYS_lseek, ALLOW, 0, 0},
	{SYS_brk, ALLOW, 0, 0},
	{SYS_mremap, ALLOW, 0, 0},
	{SYS_getrandom, ALLOW, 0, 0},
	{SYS_execve, END, 0, 0},
	{SYS_execveat, END, 0, 0},
	{SYS_clone, END, 0, 0},
	{SYS_clone3, END, 0, 0},
	{SYS_fork, END, 0, 0},
	{SYS_vfork, END, 0, 0},
	{SYS_mmap, END, 0, 0}, /* memory that can be executed */
	{SYS_mprotect, END, 0, 0},
	{SYS_socket, END, 0, 0}, /* other families */
	{SYS_ptrace, END, 0, 0},
	{SYS_process_vm_readv, END, 0, 0},
	{SYS_process_vm_writev, END, 0, 0},
};

static const struct call_test main_calls[] = {
	/* Data of files, pipes, terminals. */
	{SYS_readv, ALLOW, 0, 0},
	{SYS_writev, ALLOW, 0, 0},
	{SYS_pread64, ALLOW, 0, 0},
	{SYS_pwrite64, ALLOW, 0, 0},
	{SYS_preadv, ALLOW, 0, 0},
	{SYS_pwritev, ALLOW, 0, 0},
	{SYS_preadv2, ALLOW, 0, 0},
	{SYS_pwritev2, ALLOW, 0, 0},
	{SYS_lseek, ALLOW, 0, 0},
	{SYS_ftruncate, ALLOW, 0, 0},
	{SYS_truncate, ALLOW, 0, 0},
	{SYS_fallocate, ALLOW, 0, 0},
	{SYS_fsync, ALLOW, 0, 0},
	{SYS_fdatasync, ALLOW, 0, 0},
	{SYS_flock, ALLOW, 0, 0},
	{SYS_fcntl, ALLOW, 0, 0},
	{SYS_close, ALLOW, 0, 0},
	{SYS_dup, ALLOW, 0, 0},
	{SYS_dup2, ALLOW, 0, 0},
	{SYS_dup3, ALLOW, 0, 0},
	{SYS_pipe2, ALLOW, 0, 0},
	/* Names of files; Landlock says where. */
	{SYS_open, ALLOW, 0, 0},
	{SYS_openat, ALLOW, 0, 0},
	{SYS_openat2, ALLOW, 0, 0},
	{SYS_stat, ALLOW, 0, 0},
	{SYS_lstat, ALLOW, 0, 0},
	{SYS_fstat, ALLOW, 0, 0},
	{SYS_newfstatat, ALLOW, 0, 0},
	{SYS_statx, ALLOW, 0, 0},
	{SYS_statfs, ALLOW, 0, 0},
	{SYS_fstatfs, ALLOW, 0, 0},
	{SYS_getdents64, ALLOW, 0, 0},
	{SYS_readlink, ALLOW, 0, 0},
	{SYS_readlinkat, ALLOW, 0, 0},
	{SYS_faccessat, ALLOW, 0, 0},
	{SYS_faccessat2, ALLOW, 0, 0},
	{SYS_mkdirat, ALLOW, 0, 0},
	{SYS_mknodat, ALLOW, 0, 0},
	{SYS_unlinkat, ALLOW, 0, 0},
	{SYS_renameat2, ALLOW, 0, 0},
	{SYS_linkat, ALLOW, 0, 0},
	{SYS_symlinkat, ALLOW, 0, 0},
	{SYS_chmod, ALLOW, 0, 0},
	{SYS_fchmod, ALLOW, 0, 0},
	{SYS_fchmodat, ALLOW, 0, 0},
	{SYS_fchown, ALLOW, 0, 0},
	{SYS_fchownat, ALLOW, 0, 0},
	{SYS_utimensat, ALLOW, 0, 0},
	{SYS_getcwd, ALLOW, 0, 0},
	/* Terminals. */
	{SYS_ioctl, ALLOW_EQUAL, 1, TCGETS},
	{SYS_ioctl, ALLOW_EQUAL, 1, TCSETS},
	{SYS_ioctl, ALLOW_EQUAL, 1, TCSETSW},
	{SYS_ioctl, ALLOW_EQUAL, 1, TCSETSF},
	{SYS_ioctl, ALLOW_EQUAL, 1, TCFLSH},
	{SYS_ioctl, ALLOW_EQUAL, 1, TCXONC},
	{SYS_ioctl, ALLOW_EQUAL, 1, TCSBRK},
	{SYS_ioctl, ALLOW_EQUAL, 1, TIOCGWINSZ},
	{SYS_ioctl, ALLOW_EQUAL, 1, TIOCSWINSZ},
	{SYS_ioctl, ALLOW_EQUAL, 1, TIOCGPGRP},
	{SYS_ioctl, ALLOW_EQUAL, 1, TIOCOUTQ},
	{SYS_ioctl, ALLOW_EQUAL, 1, FIONREAD},
	/* Waiting. */
	{SYS_poll, ALLOW, 0, 0},
	{SYS_ppoll, ALLOW, 0, 0},
	{SYS_epoll_wait, ALLOW, 0, 0},
	{SYS_epoll_pwait, ALLOW, 0, 0},
	{SYS_epoll_ctl, ALLOW, 0, 0},
	{SYS_eventfd2, ALLOW, 0, 0},
	{SYS_nanosleep, ALLOW, 0, 0},
	{SYS_clock_nanosleep, ALLOW, 0, 0},
	{SYS_sched_yield, ALLOW, 0, 0},
	/* Helpers' threads, but no processes: flags cannot be seen in clone3's memory. */
	{SYS_clone3, REFUSE, 0, ENOSYS},
	{SYS_clone, ALLOW_WITH, 0, CLONE_THREAD},
	{SYS_set_robust_list, ALLOW, 0, 0},
	{SYS_rseq, ALLOW, 0, 0},
	{SYS_sched_getaffinity, ALLOW, 0, 0},
	{SYS_prctl, ALLOW_EQUAL, 0, PR_SET_NAME},
	{SYS_wait4, ALLOW, 0, 0}, /* for the process of the user-mode network */
	{SYS_seccomp, REFUSE, 0, EPERM},
	/* Signals: the user's, and the stop of the proxy itself. */
	{SYS_rt_sigaction, ALLOW, 0, 0},
	{SYS_sigaltstack, ALLOW, 0, 0},
	{SYS_kill, ALLOW, 0, 0},
	{SYS_getppid, ALLOW, 0, 0},
	{SYS_getpgrp, ALLOW, 0, 0},
	{SYS_getpgid, ALLOW, 0, 0},
	{SYS_getuid, ALLOW, 0, 0},
	{SYS_getgid, ALLOW, 0, 0},
	{SYS_geteuid, ALLOW, 0, 0},
	{SYS_getegid, ALLOW, 0, 0},
	{SYS_uname, ALLOW, 0, 0},
	{SYS_getrandom, ALLOW, 0, 0},
	{SYS_prlimit64, ALLOW_EQUAL, 2, 0}, /* only read */
	/* Memory: malloc's, and how much of the guest's is there. */
	{SYS_brk, ALLOW, 0, 0},
	{SYS_mremap, ALLOW, 0, 0},
	{SYS_mincore, ALLOW, 0, 0},
	/* Counters of the line that --verbose prints. */
	{SYS_ioctl, ALLOW_EQUAL, 1, KVM_GET_STATS_FD},
	/* Nobody needs these but an attacker. */
	{SYS_execve, END, 0, 0},
	{SYS_execveat, END, 0, 0},
	{SYS_fork, END, 0, 0},
	{SYS_vfork, END, 0, 0},
	{SYS_clone, END, 0, 0},
	{SYS_mmap, END, 0, 0}, /* memory that can be executed */
	{SYS_mprotect, END, 0, 0},
	{SYS_ptrace, END, 0, 0},
	{SYS_process_vm_readv, END, 0, 0},
	{SYS_process_vm_writev, END, 0, 0},
	{SYS_socket, END, 0, 0},
	{SYS_connect, END, 0, 0},
	{SYS_mount, END, 0, 0},
	{SYS_unshare, END, 0, 0},
	{SYS_setns, END, 0, 0},
	{SYS_bpf, END, 0, 0},
	{SYS_init_module, END, 0, 0},
	{SYS_finit_module, END, 0, 0},
	{SYS_io_uring_setup, END, 0, 0},
	{SYS_userfaultfd, END, 0, 0},
	{SYS_setuid, END, 0, 0},
	{SYS_setresuid, END, 0, 0},
};

/* The main thread with a GDB server: its connection, and what it asks KVM. */
static const struct call_test main_debug_calls[] = {
	{SYS_accept4, ALLOW, 0, 0},
	{SYS_recvfrom, ALLOW, 0, 0},
	{SYS_sendto, ALLOW, 0, 0},
	{SYS_shutdown, ALLOW, 0, 0},
	{SYS_setsockopt, ALLOW, 0, 0},
	{SYS_ioctl, ALLOW_EQUAL, 1, KVM_GET_REGS},
	{SYS_ioctl, ALLOW_EQUAL, 1, KVM_SET_REGS},
	{SYS_ioctl, ALLOW_EQUAL, 1, KVM_GET_SREGS},
	{SYS_ioctl, ALLOW_EQUAL, 1, (uint32_t)KVM_SET_SREGS},
	{SYS_ioctl, ALLOW_EQUAL, 1, KVM_GET_XSAVE},
	{SYS_ioctl, ALLOW_EQUAL, 1, KVM_SET_XSAVE},
	{SYS_ioctl, ALLOW_EQUAL, 1, (uint32_t)KVM_TRANSLATE},
	{SYS_ioctl, ALLOW_EQUAL, 1, KVM_SET_GUEST_DEBUG},
};

/* The main thread: the state of the machine, for a checkpoint. */
static const struct call_test main_checkpoint_calls[] = {
	{SYS_ioctl, ALLOW_EQUAL, 1, KVM_GET_REGS},
	{SYS_ioctl, ALLOW_EQUAL, 1, (uint32_t)KVM_GET_SREGS},
	{SYS_ioctl, ALLOW_EQUAL, 1, (uint32_t)KVM_GET_LAPIC},
	{SYS_ioctl, ALLOW_EQUAL, 1, (uint32_t)KVM_GET_XCRS},
	{SYS_ioctl, ALLOW_EQUAL, 1, (uint32_t)KVM_GET_XSAVE},
	{SYS_ioctl, ALLOW_EQUAL, 1, (uint32_t)KVM_GET_DEBUGREGS},
	{SYS_ioctl, ALLOW_EQUAL, 1, (uint32_t)KVM_GET_VCPU_EVENTS},
	{SYS_ioctl, ALLOW_EQUAL, 1, (uint32_t)KVM_GET_MP_STATE},
	{SYS_ioctl, ALLOW_EQUAL, 1, (uint32_t)KVM_GET_MSRS},
	{SYS_ioctl, ALLOW_EQUAL, 1, (uint32_t)KVM_GET_DEVICE_ATTR},
	{SYS_ioctl, ALLOW_EQUAL, 1, (uint32_t)KVM_GET_TSC_KHZ},
	{SYS_ioctl, ALLOW_EQUAL, 1, (uint32_t)KVM_GET_CLOCK},
	{SYS_ioctl, ALLOW_EQUAL, 1, (uint32_t)KVM_GET_IRQCHIP},
	{SYS_ioctl, ALLOW_EQUAL, 1, (uint32_t)KVM_GET_DIRTY_LOG},
};

struct filter {
	size_t size;
	struct sock_filter code[FILTER_MAX];
};

static void emit(struct filter *filter, uint16_t code, uint8_t jump_true, uint8_t jump_false,
		 uint32_t value)
{
	if (filter->size < FILTER_MAX)
		filter->code[filter->size] =
			(struct sock_filter){code, jump_true, jump_false, value};
	filter->size++;
}

static void load(struct filter *filter, size_t offset)
{
	emit(filter, BPF_LD | BPF_W | BPF_ABS, 0, 0, (uint32_t)offset);
}

static void finish(struct filter *filter, uint32_t action)
{
	emit(filter, BPF_RET | BPF_K, 0, 0, action);
}

/* With the number of the call loaded, before and after. */
static void add_test(struct filter *filter, const struct call_test *test)
{
	const size_t argument =
		offsetof(struct seccomp_data, args) + test->argument * sizeof(uint64_t);
	const bool looks = test->what == ALLOW_EQUAL || test->what == ALLOW_OWN ||
			   test->what == ALLOW_WITH || test->what == ALLOW_CLEAR;

	emit(filter, BPF_JMP | BPF_JEQ | BPF_K, 0, looks ? 4 : 1, (uint32_t)test->number);
	if (!looks) {
		finish(filter, test->what == ALLOW    ? SECCOMP_RET_ALLOW
			       : test->what == REFUSE ? SECCOMP_RET_ERRNO | test->value
						      : SECCOMP_RET_KILL_PROCESS);
		return;
	}
	load(filter, argument); /* the lower half: of flags and numbers, that is all */
	if (test->what == ALLOW_EQUAL)
		emit(filter, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, test->value);
	else if (test->what == ALLOW_OWN)
		emit(filter, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, (uint32_t)getpid());
	else if (test->what == ALLOW_WITH)
		emit(filter, BPF_JMP | BPF_JSET | BPF_K, 0, 1, test->value);
	else
		emit(filter, BPF_JMP | BPF_JSET | BPF_K, 1, 0, test->value);
	finish(filter, SECCOMP_RET_ALLOW);
	load(filter, offsetof(struct seccomp_data, nr));
}

static void add_tests(struct filter *filter, const struct call_test *tests, size_t count)
{
	for (size_t i = 0; i < count; i++)
		add_test(filter, &tests[i]);
}

/* What all roles refuse to start with; the number of the call is loaded afterwards. */
static void begin(struct filter *filter)
{
	load(filter, offsetof(struct seccomp_data, arch));
	emit(filter, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, AUDIT_ARCH_X86_64);
	finish(filter, SECCOMP_RET_KILL_PROCESS);
	load(filter, offsetof(struct seccomp_data, nr));
	emit(filter, BPF_JMP | BPF_JGE | BPF_K, 0, 1, X32_CALLS);
	finish(filter, SECCOMP_RET_KILL_PROCESS);
}

static void build_vcpu(struct filter *filter, unsigned more)
{
	/* First: KVM_RUN is what the thread does all the time. */
	add_tests(filter, vcpu_calls, ARRAY_LEN(vcpu_calls));
	add_tests(filter, common_calls, ARRAY_LEN(common_calls));
	if (more & SANDBOX_DEBUG)
		add_tests(filter, vcpu_debug_calls, ARRAY_LEN(vcpu_debug_calls));
	finish(filter, SECCOMP_RET_KILL_PROCESS);
}

static void build(struct filter *filter, enum sandbox_role role, unsigned more)
{
	begin(filter);
	switch (role) {
	case SANDBOX_VCPU:
		build_vcpu(filter, more);
		break;
	case SANDBOX_NET:
		add_tests(filter, net_calls, ARRAY_LEN(net_calls));
		add_tests(filter, common_calls, ARRAY_LEN(common_calls));
		finish(filter, SECCOMP_RET_KILL_PROCESS);
		break;
	case SANDBOX_USER_NET:
		add_tests(filter, common_calls, ARRAY_LEN(common_calls));
		add_tests(filter, user_net_calls, ARRAY_LEN(user_net_calls));
		finish(filter, SECCOMP_RET_ERRNO | ENOSYS);
		break;
	default:
		add_tests(filter, common_calls, ARRAY_LEN(common_calls));
		if (more & SANDBOX_DEBUG)
			add_tests(filter, main_debug_calls, ARRAY_LEN(main_debug_calls));
		if (more & SANDBOX_CHECKPOINT)
			add_tests(filter, main_checkpoint_calls, ARRAY_LEN(main_checkpoint_calls));
		add_tests(filter, main_calls, ARRAY_LEN(main_calls));
		finish(filter, SECCOMP_RET_ERRNO | ENOSYS);
		break;
	}
}

int sandbox_filter_install(enum sandbox_role role, unsigned more)
{
	struct filter filter = {.size = 0};

	build(&filter, role, more);
	if (filter.size > FILTER_MAX)
		return -E2BIG;
	const struct sock_fprog program = {.len = (unsigned short)filter.size,
					   .filter = filter.code};
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0 ? 0 : -errno;
}
