/* SPDX-License-Identifier: BSD-3-Clause */
/* epoll(7): sets of watched files with a list of those that may be ready. */
#ifndef FILE_EPOLL_H
#define FILE_EPOLL_H

#include <file/file.h>

struct epoll_event_data {
	uint32_t events;
	uint64_t data;
};

/* Before the first set. */
void epoll_init(void);

/* A new, empty set as a file, or NULL. */
struct file *epoll_create_file(void);
bool epoll_is(const struct file *file);

/* OP: EPOLL_CTL_*. 0, -EEXIST, -ENOENT, -EINVAL, -ELOOP, -EPERM, -ENOMEM. */
must_check int epoll_control(struct file *set, int op, int fd, struct file *file,
			     const struct epoll_event_data *event);

/* Up to MAX events into OUT: their number, 0 after DEADLINE_NS (0: just look), or -EINTR. */
must_check int epoll_collect(struct file *set, struct epoll_event_data *out, int max,
			     uint64_t deadline_ns);

/* FILE goes away: out of all sets. */
void epoll_forget(struct file *file);

#endif /* FILE_EPOLL_H */
