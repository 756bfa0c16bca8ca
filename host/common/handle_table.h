/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Handles: what the guest calls its open host files. A number is worth nothing outside the table; a
 * handle lives until it is closed and the last call that uses it has ended.
 * Locks: handle_table.lock guards the slots; a handle's fields do not change after
 * handle_table_add(), except the directory position under handle.dir_lock and the file lock.
 */
#ifndef HOST_HANDLE_TABLE_H
#define HOST_HANDLE_TABLE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct mount;

struct handle {
	atomic_uint refs;
	int fd;	   /* owned; -1: a directory that exists only in the mount table */
	int io_fd; /* for reading and writing: fd, or for streams a non-blocking twin (owned) */
	uint32_t attributes;	   /* HC_HANDLE_* */
	uint32_t mode;		   /* st_mode */
	const struct mount *mount; /* of the path that it was opened by; NULL: none */
	char *opened;		   /* resolved guest path that it was opened by; NULL: by none */
	atomic_int lock;	   /* flock(2) that it holds: LOCK_SH, LOCK_EX or 0 */
	bool is_socket;
	bool may_block; /* a stream without non-blocking twin: poll first, write little at a time */
	/* Ordered writes (HC_FLAG_LAZY) that wait: the next one's turn, and whose turn it is. */
	atomic_uint turn_next, turn_now;
	char *path; /* directories: resolved guest path, for the entries of mount points */
	pthread_mutex_t dir_lock;
	uint64_t dir_synthetic; /* next entry that comes from the mount table */
	bool dir_host_done;	/* the host's own entries have all been given out */
};

struct handle_table {
	pthread_mutex_t lock;
	struct handle **slots;
	uint32_t capacity, limit;
};

/* LIMIT: most handles at a time (beyond it: -EMFILE). */
void handle_table_init(struct handle_table *table, uint32_t limit);
/* Closes all. No call may be under way. */
void handle_table_destroy(struct handle_table *table);

/*
 * A new handle with one reference that owns FD (also when this fails: then FD is closed and NULL
 * returned for lack of memory). Finds out what FD is. FD may be -1: a directory of the mount table.
 */
struct handle *handle_new(int fd);
void handle_put(struct handle *handle);

/* Gives the reference to the table. The lowest free number, or -EMFILE, -ENOMEM (handle dropped).
 */
int64_t handle_table_add(struct handle_table *table, struct handle *handle);
/* Puts HANDLE (NULL: nothing) into slot NUMBER, which must be free. 0 or -errno. */
int handle_table_set(struct handle_table *table, uint32_t number, struct handle *handle);
/* Makes handle FROM number TO, which must be free. 0 or -errno. */
int handle_table_move(struct handle_table *table, uint32_t from, uint32_t to);
/* The handle with a reference for the caller, or NULL. */
struct handle *handle_table_get(struct handle_table *table, uint32_t number);
/* 0 or -EBADF. */
int handle_table_close(struct handle_table *table, uint32_t number);

#endif /* HOST_HANDLE_TABLE_H */
