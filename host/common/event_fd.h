/* SPDX-License-Identifier: BSD-3-Clause */
/* Event descriptors: eventfd(2). */
#ifndef HOST_EVENT_FD_H
#define HOST_EVENT_FD_H

#include <stdint.h>
#include <unistd.h>

/* Makes FD readable, or tells KVM that listens to it. Any thread. Fails only where very many
 * signals wait already, so nobody asks. */
static inline void event_fd_signal(int fd)
{
	const uint64_t one = 1;
	ssize_t written = write(fd, &one, sizeof(one));

	(void)written;
}

#endif /* HOST_EVENT_FD_H */
