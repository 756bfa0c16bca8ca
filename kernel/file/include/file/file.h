/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Open files (Linux's "open file description") and what implementations offer for them. This folder
 * knows no implementation.
 *
 * A file is reference counted: each descriptor holds one reference, each system call that uses it
 * another, so it may be closed while another thread reads. Operations are called in task context,
 * interrupts on, no lock held (but see file_ops.read), and may block. Results are >= 0 or -errno.
 */
#ifndef FILE_FILE_H
#define FILE_FILE_H

#include <abi/hostcall.h>
#include <lib/compiler.h>
#include <lib/types.h>
#include <mm/vm_object.h>
#include <sched/mutex.h>
#include <sched/wait.h>
#include <stdatomic.h>

struct file;
struct file_io;

/* What stat(2) and statx(2) tell: the host's structure serves all. */
typedef struct hc_stat file_stat_t;

/* Any operation may be NULL: the call then fails with the errno named. */
struct file_ops {
	/*
	 * Read into, or write from, IO. OFFSET: where; on return it has moved. NULL for files
	 * without position (FILE_STREAM). Bytes moved, or -errno (when none was). O_NONBLOCK is in
	 * file->flags. read/write(2) on a seekable file call with file->offset and
	 * file->offset_lock held. -EINVAL.
	 */
	int64_t (*read)(struct file *file, struct file_io *io, uint64_t *offset);
	int64_t (*write)(struct file *file, struct file_io *io, uint64_t *offset);
	/* lseek(2), called with offset_lock held; default: -ESPIPE. */
	int64_t (*seek)(struct file *file, int64_t offset, int whence);
	/* Which of EVENTS (POLLIN ...), POLLERR, POLLHUP hold now. A file whose readiness is known
	 * elsewhere only (a host's stream) starts to watch for EVENTS here and wakes
	 * file->poll_queue later. Does not block. Default: POLLIN | POLLOUT. */
	unsigned (*poll)(struct file *file, unsigned events);
	long (*ioctl)(struct file *file, unsigned command, uintptr_t argument); /* -ENOTTY */
	int (*stat)(struct file *file, file_stat_t *stat);
	/* Fills BUFFER (kernel memory) with struct linux_dirent64 records from file->offset (a
	 * cookie) on; bytes, 0 at the end, -EINVAL when not even one fits. offset_lock held.
	 * -ENOTDIR. */
	int64_t (*getdents)(struct file *file, void *buffer, size_t size);
	int (*truncate)(struct file *file, uint64_t size); /* -EINVAL */
	int (*allocate)(struct file *file, int mode, uint64_t offset,
			uint64_t size);					  /* -EOPNOTSUPP */
	int (*sync)(struct file *file, bool data_only);			  /* -EINVAL */
	int (*chmod)(struct file *file, uint32_t mode);			  /* -EPERM */
	int (*chown)(struct file *file, uint32_t uid, uint32_t gid);	  /* -EPERM */
	int (*utimens)(struct file *file, const struct hc_time times[2]); /* -EPERM */
	int (*statfs)(struct file *file, struct hc_statfs *statfs);	  /* -ENOSYS */
	int (*flock)(struct file *file, int operation);			  /* 0 */
	/* The status flags are about to become FLAGS (F_SETFL); 0 or -errno. Default: 0 */
	int (*set_flags)(struct file *file, unsigned flags);
	/* The object behind mappings of this file, with a reference for the caller. -ENODEV */
	int (*map)(struct file *file, unsigned prot, bool shared, struct vm_object **object);
	/* fcntl commands that only this kind knows (F_SETPIPE_SZ, F_ADD_SEALS ...). -EINVAL */
	long (*fcntl)(struct file *file, int command, uintptr_t argument);
	/* The last reference has gone. Frees what belongs to the implementation, not FILE itself.
	 */
	void (*release)(struct file *file);
};

#define FILE_STREAM    1u /* no position: pipes, sockets, terminals, eventfd ... */
#define FILE_DIRECTORY 2u
#define FILE_PATH_ONLY 4u /* O_PATH: no reading, writing, mapping */
#define FILE_HOST_OFFSET                                                                           \
	8u /* seekable, but the host keeps the position (inherited standard files) */

struct file {
	_Atomic uint32_t references;
	uint32_t kind; /* FILE_* */
	const struct file_ops *ops;
	_Atomic uint32_t flags; /* O_ACCMODE and status flags, as F_GETFL shows them */
	struct mutex offset_lock;
	uint64_t offset;	       /* offset_lock */
	struct wait_queue *poll_queue; /* woken at each change of readiness; NULL: always ready */
	bool named;		       /* has a path; fixed */
	char *path;		       /* absolute path in the name space; paths.c */
	struct list_node in_paths;     /* paths.c */
	void *data;		       /* the implementation's */
	uint64_t handle;	       /* likewise */
	struct list watches;	       /* epoll entries for this file; epoll.c */
};

/* A file with one reference, or NULL. PATH (may be NULL) is copied. */
struct file *file_create(const struct file_ops *ops, void *data, unsigned flags, unsigned kind,
			 const char *path);
static inline void file_get(struct file *file)
{
	atomic_fetch_add_explicit(&file->references, 1, memory_order_relaxed);
}
void file_put(struct file *file);

static inline bool file_nonblocking(const struct file *file)
{
	return atomic_load_explicit(&file->flags, memory_order_relaxed) & 04000u; /* O_NONBLOCK */
}

static inline bool file_appending(const struct file *file)
{
	return atomic_load_explicit(&file->flags, memory_order_relaxed) & 02000u; /* O_APPEND */
}

/* Was FILE opened so that it can be read, or written? O_PATH: neither. */
static inline bool file_readable(const struct file *file)
{
	unsigned flags = atomic_load_explicit(&file->flags, memory_order_relaxed);

	return (flags & 3u) != 1u && !(file->kind & FILE_PATH_ONLY); /* not O_WRONLY */
}
static inline bool file_writable(const struct file *file)
{
	unsigned flags = atomic_load_explicit(&file->flags, memory_order_relaxed);

	return (flags & 3u) != 0 && !(file->kind & FILE_PATH_ONLY); /* not O_RDONLY */
}

/*
 * Paths of open files: where the file was opened, or where this system has moved it since. Mutex
 * paths_lock of paths.c guards them. Task context.
 */
void file_paths_init(void);
/* For file_create and file_put only: gives FILE its path, and takes it away. */
must_check int file_path_set(struct file *file, const char *path);
void file_path_clear(struct file *file);
/* Copies FILE's path as strlcpy does; 0 when it has none. */
size_t file_path_copy(struct file *file, char *out, size_t size);
/* What was at FROM or below is now at TO (EXCHANGE: and the reverse); what was at TO is deleted. */
void file_paths_moved(const char *from, const char *to, bool exchange);
/* PATH has been removed: its files are marked as "PATH (deleted)", as Linux shows them. */
void file_paths_deleted(const char *path);
/* The same for one path at PATH in a buffer of SIZE bytes; false when it has no part in it. */
bool file_path_move(char *path, size_t size, const char *from, const char *to);

/*
 * The buffers of one read or write. Usually the application's memory, else the kernel's own
 * (sendfile, splice, process start).
 */
struct file_segment {
	uintptr_t address;
	size_t size;
};
struct file_io {
	const struct file_segment *segments;
	unsigned count; /* segments left, the current one included */
	size_t skip;	/* bytes of the current segment that are done */
	size_t remaining;
	bool kernel; /* addresses are the kernel's */
	bool nowait; /* as if the file were O_NONBLOCK (RWF_NOWAIT) */
	bool append; /* as if the file were O_APPEND (RWF_APPEND) */
};

/* Must this transfer not wait? Must it go to the end of the file? */
static inline bool file_io_nowait(const struct file *file, const struct file_io *io)
{
	return io->nowait || file_nonblocking(file);
}
static inline bool file_io_appends(const struct file *file, const struct file_io *io)
{
	return io->append || file_appending(file);
}

/* Moves up to SIZE bytes between DATA (kernel memory) and the buffers, and advances. Bytes moved
 * (may be short only when the buffers end or fault after some), or -EFAULT. */
int64_t file_io_put(struct file_io *io, const void *data, size_t size); /* for read */
int64_t file_io_get(struct file_io *io, void *data, size_t size);	/* for write */
int64_t file_io_zero(struct file_io *io, size_t size);

/* The next contiguous piece, for transfers without copying; false at the end. */
bool file_io_piece(const struct file_io *io, uintptr_t *address, size_t *size);
void file_io_advance(struct file_io *io, size_t size);

/* Reads or writes with checks for access mode and kind, as read(2), pread(2), ... do it. OFFSET
 * NULL: at the file's own position. */
int64_t file_read(struct file *file, struct file_io *io, const uint64_t *offset);
int64_t file_write(struct file *file, struct file_io *io, const uint64_t *offset);

/* The descriptor table (one: there is one process). Any task context. */

/* The file at FD with a reference for the caller (file_put), or NULL (EBADF). */
struct file *fd_get(int fd);
/* Puts FILE (its reference passes to the table) at the lowest free descriptor >= MINIMUM. The
 * descriptor, or -EMFILE / -ENOMEM, and the reference stays the caller's. */
must_check int fd_install(struct file *file, int minimum, bool close_on_exec);
/* At FD exactly; what was there is closed (dup2). Same ownership rule. */
must_check int fd_install_at(struct file *file, int fd, bool close_on_exec);
/* 0 or -EBADF. */
int fd_close(int fd);
/* Close-on-exec flag: 0 or 1, or -EBADF. */
must_check int fd_get_cloexec(int fd);
must_check int fd_set_cloexec(int fd, bool value);
/* Descriptors must stay below (RLIMIT_NOFILE). */
unsigned fd_limit(void);
/* No descriptor is as large. */
unsigned fd_table_size(void);
/* Calls VISIT for each open descriptor (for /proc/self/fd), until it returns false. */
void fd_for_each(bool (*visit)(int fd, struct file *file, void *context), void *context);
/* At the end of the process: what was stored through shared mappings reaches the files. */
void file_exit(void);

#endif /* FILE_FILE_H */
