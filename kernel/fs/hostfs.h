/* SPDX-License-Identifier: BSD-3-Clause */
/* Host files: what the files of hostfs share. Private to this folder. */
#ifndef FS_HOSTFS_H
#define FS_HOSTFS_H

#include <drivers/host_channel.h>
#include <file/file.h>
#include <fs/vfs.h>

struct host_file {
	uint32_t handle;
	uint32_t attributes;   /* HC_HANDLE_* */
	uint64_t dir_position; /* cookie where the host's handle stands; file->offset_lock */
	/* The inode, once asked for (pagecache.c): DEV and INO are set before the mark. */
	_Atomic bool identified;
	uint64_t dev, ino;
	/* readiness of a stream */
	struct mutex poll_lock;
	bool polling GUARDED_BY_MEMBER(poll_lock);     /* poll.pending is the channel's */
	unsigned watched GUARDED_BY_MEMBER(poll_lock); /* events */
	struct host_poll poll;
	struct wait_queue queue;
};

/* A file for HANDLE, which it closes at its end. NULL: no memory (HANDLE is closed). */
struct file *hostfs_file_create(uint32_t handle, uint32_t attributes, unsigned flags,
				const char *path);

static inline struct host_file *host_file_of(const struct file *file)
{
	return file->data;
}

/* A call on a handle without payload. */
int64_t hostfs_call_handle(struct file *file, unsigned op, uint64_t a0, uint64_t a1, uint64_t a2);
int hostfs_fstat(struct file *file, file_stat_t *stat);

/* Is FILE the host's, and no stream? */
bool hostfs_is_file(const struct file *file);

/* Operations that live in files of their own. */
int64_t hostfs_read(struct file *file, struct file_io *io, uint64_t *offset);
int64_t hostfs_write(struct file *file, struct file_io *io, uint64_t *offset);
unsigned hostfs_poll(struct file *file, unsigned events);
void hostfs_poll_end(struct file *file);
int hostfs_map(struct file *file, unsigned prot, bool shared, struct vm_object **object);

extern const struct fs_ops hostfs_ops;

#endif /* FS_HOSTFS_H */
