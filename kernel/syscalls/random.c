/* SPDX-License-Identifier: BSD-3-Clause */
/* getrandom(2). The generator is seeded before the application starts, so it never blocks. */
#include <syscalls/random.h>

#include <arch/user.h>
#include <asm/errno.h>
#include <core/random.h>
#include <linux/random.h>
#include <sched/task.h>

#define CHUNK 256u
#define FLAGS ((unsigned)(GRND_NONBLOCK | GRND_RANDOM | GRND_INSECURE))

/* getrandom(buffer, size, flags) */
SYSCALL(getrandom)
{
	size_t size = MIN((size_t)a1, (size_t)INT32_MAX), done = 0;
	uint8_t bytes[CHUNK];

	if ((unsigned)a2 & ~FLAGS ||
	    ((unsigned)a2 & (GRND_RANDOM | GRND_INSECURE)) == (GRND_RANDOM | GRND_INSECURE))
		return -EINVAL;
	while (done < size) {
		size_t part = MIN(size - done, sizeof(bytes));

		random_fill(bytes, part);
		if (arch_user_write((uintptr_t)a0 + done, bytes, part))
			return done ? (long)done : -EFAULT;
		done += part;
		if (task_signal_pending() && done < size)
			break; /* a large request may end short, random(4) */
	}
	return (long)done;
}
