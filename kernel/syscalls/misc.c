/* SPDX-License-Identifier: BSD-3-Clause */
/* The machine's name and memory, resource limits, accounts. */
#include <syscalls/misc.h>

#include <arch/user.h>
#include <asm/errno.h>
#include <core/clock.h>
#include <core/version.h>
#include <drivers/host_channel.h>
#include <lib/string.h>
#include <linux/personality.h>
#include <linux/resource.h>
#include <linux/sysinfo.h>
#include <linux/utsname.h>
#include <mm/frame.h>
#include <mm/vm.h>
#include <sched/process.h>
#include <sched/sched.h>

SYSCALL(uname)
{
	const struct host_hello *hello = host_hello();
	struct new_utsname name = {
		.sysname = "Linux",
		.nodename = KERNEL_NODE,
		.release = KERNEL_RELEASE,
		.version = KERNEL_VERSION_TEXT,
		.machine = "x86_64",
		.domainname = "(none)",
	};

	if (hello && hello->hostname)
		strlcpy(name.nodename, hello->hostname, sizeof(name.nodename));
	return arch_user_write((uintptr_t)a0, &name, sizeof(name));
}

/* The names come from the host. */
SYSCALL(sethostname)
{
	return -EPERM;
}

SYSCALL(setdomainname)
{
	return -EPERM;
}

SYSCALL(sysinfo)
{
	struct mm_frame_stats frames;
	struct sysinfo info = {.mem_unit = 1};

	mm_frame_stats(&frames);
	info.uptime = (long)(clock_monotonic_ns() / NS_PER_SEC);
	info.totalram = frames.total * PAGE_SIZE;
	info.freeram = frames.free * PAGE_SIZE;
	info.procs = (uint16_t)process_thread_count();
	info.loads[0] = (unsigned long)sched_runnable_count() << SI_LOAD_SHIFT;
	info.loads[1] = info.loads[2] = info.loads[0];
	return arch_user_write((uintptr_t)a0, &info, sizeof(info));
}

/* Sets limit RESOURCE from NEW and writes the old one to OLD; both may be 0. */
static long exchange_limit(unsigned resource, uintptr_t new, uintptr_t old)
{
	struct process_limit wanted, before;
	int error = 0;

	_Static_assert(sizeof(wanted) == 16, "struct rlimit64");
	if (new &&arch_user_read(&wanted, new, sizeof(wanted)))
		return -EFAULT;
	error = process_limit_get(resource, &before);
	if (!error && new)
		error = process_limit_set(resource, &wanted);
	if (error || !old)
		return error;
	return arch_user_write(old, &before, sizeof(before));
}

SYSCALL(getrlimit)
{
	return exchange_limit((unsigned)a0, 0, (uintptr_t)a1);
}

SYSCALL(setrlimit)
{
	return a1 ? exchange_limit((unsigned)a0, (uintptr_t)a1, 0) : -EFAULT;
}

SYSCALL(prlimit64)
{
	if (a0 != 0 && a0 != PROCESS_PID && !thread_exists((tid_t)a0))
		return -ESRCH;
	return exchange_limit((unsigned)a1, (uintptr_t)a2, (uintptr_t)a3);
}

SYSCALL(getrusage)
{
	struct rusage usage = {0};
	struct vm_stats memory;
	uint64_t cpu_ns = 0, switches[2] = {0};

	switch ((int)a0) {
	case RUSAGE_SELF:
		cpu_ns = process_cpu_ns();
		process_switches(switches);
		break;
	case RUSAGE_THREAD:
		cpu_ns = thread_cpu_ns();
		thread_switches(switches);
		break;
	case RUSAGE_CHILDREN:
		return arch_user_write((uintptr_t)a1, &usage, sizeof(usage));
	default:
		return -EINVAL;
	}
	vm_stats(&memory);
	usage.ru_utime.tv_sec = (long)(cpu_ns / NS_PER_SEC);
	usage.ru_utime.tv_usec = (long)(cpu_ns % NS_PER_SEC / NS_PER_USEC);
	usage.ru_maxrss = (long)(memory.resident_pages * (PAGE_SIZE / 1024));
	usage.ru_minflt = (long)(memory.faults - memory.major_faults);
	usage.ru_majflt = (long)memory.major_faults;
	usage.ru_nvcsw = (long)switches[0];
	usage.ru_nivcsw = (long)switches[1];
	return arch_user_write((uintptr_t)a1, &usage, sizeof(usage));
}

SYSCALL(personality)
{
	/* The one there is; asking (all ones) and setting it again do no harm. */
	return a0 == 0xffffffff || (a0 & PER_MASK) == PER_LINUX ? PER_LINUX : -EINVAL;
}

/* The kernel's log goes to the host, not to the application. */
SYSCALL(syslog)
{
	return -EPERM;
}

SYSCALL(checkpoint)
{
	struct host_call call = {.op = HC_CHECKPOINT};

	return host_call(&call);
}
