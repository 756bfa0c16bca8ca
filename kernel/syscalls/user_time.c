/* SPDX-License-Identifier: BSD-3-Clause */
/* Times in the application's memory. */
#include <arch/user.h>
#include <asm/errno.h>
#include <core/clock.h>
#include <syscalls/entry.h>

static int read_time(uintptr_t address, uint64_t unit_ns, uint64_t *ns)
{
	int64_t time[2];

	if (arch_user_read(time, address, sizeof(time)))
		return -EFAULT;
	if (time[0] < 0 || time[1] < 0 || (uint64_t)time[1] >= NS_PER_SEC / unit_ns)
		return -EINVAL;
	if ((uint64_t)time[0] >= TIME_NEVER / NS_PER_SEC - 1)
		*ns = TIME_NEVER - 1;
	else
		*ns = (uint64_t)time[0] * NS_PER_SEC + (uint64_t)time[1] * unit_ns;
	return 0;
}

int user_read_timespec(uintptr_t address, uint64_t *ns)
{
	return read_time(address, 1, ns);
}

int user_read_timeval(uintptr_t address, uint64_t *ns)
{
	return read_time(address, NS_PER_USEC, ns);
}

int user_write_timespec(uintptr_t address, uint64_t ns)
{
	const uint64_t time[2] = {ns / NS_PER_SEC, ns % NS_PER_SEC};

	return arch_user_write(address, time, sizeof(time));
}

int user_write_timeval(uintptr_t address, uint64_t ns)
{
	const uint64_t time[2] = {ns / NS_PER_SEC, ns % NS_PER_SEC / NS_PER_USEC};

	return arch_user_write(address, time, sizeof(time));
}

uint64_t deadline_after(uint64_t timeout_ns)
{
	uint64_t now = clock_monotonic_ns();

	return timeout_ns < TIME_NEVER - 1 - now ? now + timeout_ns : TIME_NEVER - 1;
}
