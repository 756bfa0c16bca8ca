/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Files without a place in the name space: pipes, eventfd, timerfd, signalfd. FLAGS are O_NONBLOCK
 * or 0; close-on-exec is the descriptor's. Each function gives files with one reference for the
 * caller, and 0 or -errno. Task context.
 */
#ifndef FS_SPECIAL_H
#define FS_SPECIAL_H

#include <arch/signal.h>
#include <file/file.h>
#include <lib/compiler.h>
#include <lib/types.h>

/* ENDS[0] is for reading, ENDS[1] for writing (pipe(7)). */
must_check int pipe_create(unsigned flags, struct file *ends[2]);

bool file_is_pipe(const struct file *file);

/*
 * splice(2), tee(2), vmsplice(2): move up to SIZE bytes to or from a pipe. All wait until they can
 * move something, unless NOWAIT (-EAGAIN) or a file is O_NONBLOCK, and then move what they can.
 * Bytes, 0 at the end, or -errno.
 */
int64_t splice_from_pipe(struct file *from, struct file *out, const uint64_t *offset, size_t size,
			 bool nowait);
int64_t splice_to_pipe(struct file *in, const uint64_t *offset, struct file *to, size_t size,
		       bool nowait);
/* KEEP: what was copied stays in FROM (tee). -EINVAL: both are one pipe. */
int64_t splice_pipes(struct file *from, struct file *to, size_t size, bool keep, bool nowait);
int64_t splice_buffers(struct file_io *io, struct file *to, bool nowait);

/* eventfd(2): VALUE to start with; SEMAPHORE: each read takes 1. */
must_check int eventfd_create(uint64_t value, bool semaphore, unsigned flags, struct file **out);
bool file_is_eventfd(const struct file *file);
/* Adds VALUE to the counter, or as much as it has room for; never waits. */
void eventfd_signal(struct file *file, uint64_t value);

/* timerfd_create(2). REALTIME: the clock can be set. */
struct timerfd_times {
	uint64_t interval_ns, value_ns; /* 0: none; TIME_NEVER is no valid time */
};
must_check int timerfd_create(bool realtime, unsigned flags, struct file **out);
bool file_is_timerfd(const struct file *file);
/* 0; with CANCEL_ON_SET also -ECANCELED: the timer is set, but real time was set before. */
must_check int timerfd_set(struct file *file, bool absolute, bool cancel_on_set,
			   const struct timerfd_times *times, struct timerfd_times *old);
/* Real time was set. */
void timerfd_clock_was_set(void);
void timerfd_get(struct file *file, struct timerfd_times *times);

/* signalfd(2): reads signals of MASK that are pending for the reading thread or the process. */
must_check int signalfd_create(uint64_t mask, unsigned flags, struct file **out);
bool file_is_signalfd(const struct file *file);
void signalfd_set_mask(struct file *file, uint64_t mask);

/* memfd_create(2): a memory file without a name; NAME (up to MEMFD_NAME_MAX bytes) is for show. */
#define MEMFD_NAME_MAX 249
must_check int memfd_create_file(const char *name, bool may_seal, struct file **out);

/* Fills in STAT for such a file: MODE with type and permissions. */
int special_stat(file_stat_t *stat, uint32_t mode);

#endif /* FS_SPECIAL_H */
