/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Open nodes of memory file systems. The frames of a file are shared between read, write and
 * mappings, so all see the same bytes at once. node->data_lock guards size and frames; the
 * application's memory is touched with it held, which is safe as no page fault takes it for a write
 * (get_page of another file is another lock; of the same file, the fault would deadlock, so copies
 * go through a bounce buffer).
 */
#include "memfs.h"

#include <asm/errno.h>
#include <asm/fcntl.h>
#include <lib/string.h>
#include <linux/falloc.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/stat.h>
#include <mm/frame.h>
#include <mm/heap.h>

#include "pipe.h"

#define BOUNCE	     4096u
#define FRAMES_SPARE 256u /* frames that files leave to the application */

static struct mem_node *node_of(const struct file *file)
{
	return file->data;
}

/* The frame of page INDEX for writing: a zeroed one where the file has a hole. data_lock is held.
 */
paddr_t mem_frame_for_write(struct mem_node *node, uint64_t index)
{
	paddr_t frame = frames_find(&node->frames, index);

	if (frame != PADDR_NONE)
		return frame;
	if (mm_frame_free_count() < FRAMES_SPARE)
		return PADDR_NONE;
	frame = mm_frame_alloc(0, MM_ZERO);
	if (frame != PADDR_NONE && frames_add(&node->frames, index, frame)) {
		mm_frame_free(frame, 0);
		return PADDR_NONE;
	}
	return frame;
}

/* Copies out of the file, inside one page. Bytes. */
size_t mem_copy_from(struct mem_node *node, uint64_t offset, uint8_t *to, size_t size)
{
	paddr_t frame = frames_find(&node->frames, offset / PAGE_SIZE);

	size = MIN(size, PAGE_SIZE - offset % PAGE_SIZE);
	if (frame == PADDR_NONE)
		memset(to, 0, size);
	else
		memcpy(to, (uint8_t *)mm_phys_to_virt(frame) + offset % PAGE_SIZE, size);
	return size;
}

static int64_t mem_read(struct file *file, struct file_io *io, uint64_t *offset)
{
	struct mem_node *node = node_of(file);
	uint8_t *buffer = kmalloc(BOUNCE);
	int64_t done = 0;

	if (!buffer)
		return -ENOMEM;
	while (io->remaining) {
		size_t part = 0;
		int64_t put;

		mutex_lock(&node->data_lock);
		if (*offset < node->size)
			part = mem_copy_from(node, *offset, buffer,
					     MIN(MIN(io->remaining, BOUNCE), node->size - *offset));
		mutex_unlock(&node->data_lock);
		if (!part)
			break;
		put = file_io_put(io, buffer, part);
		if (put <= 0) {
			done = done ? done : put;
			break;
		}
		*offset += (uint64_t)put;
		done += put;
	}
	kfree(buffer);
	return done;
}

/* Copies into the file, inside one page; grows it. Bytes, or -ENOSPC, -EPERM. */
static int64_t copy_to(struct mem_node *node, uint64_t offset, const uint8_t *from, size_t size)
{
	bool sealed = node->seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE) ||
		      (node->seals & F_SEAL_GROW && offset + size > node->size);
	paddr_t frame = sealed ? PADDR_NONE : mem_frame_for_write(node, offset / PAGE_SIZE);

	if (sealed)
		return -EPERM;
	if (frame == PADDR_NONE)
		return -ENOSPC;
	size = MIN(size, PAGE_SIZE - offset % PAGE_SIZE);
	memcpy((uint8_t *)mm_phys_to_virt(frame) + offset % PAGE_SIZE, from, size);
	node->size = MAX(node->size, offset + size);
	node->mtime = node->ctime = memfs_now();
	return (int64_t)size;
}

static int64_t write_part(struct file *file, struct mem_node *node, struct file_io *io,
			  uint8_t *buffer, uint64_t *offset)
{
	size_t part = MIN(io->remaining, BOUNCE - *offset % PAGE_SIZE);
	int64_t got = file_io_get(io, buffer, part), put = 0, total = 0;

	if (got <= 0)
		return got;
	mutex_lock(&node->data_lock);
	if (file_io_appends(file, io)) /* pwrite(2) too, as on Linux */
		*offset = node->size;
	while (total < got) {
		put = copy_to(node, *offset, buffer + total, (size_t)(got - total));
		if (put < 0)
			break;
		*offset += (uint64_t)put;
		total += put;
	}
	mutex_unlock(&node->data_lock);
	return total ? total : put;
}

static int64_t mem_write(struct file *file, struct file_io *io, uint64_t *offset)
{
	struct mem_node *node = node_of(file);
	uint8_t *buffer;
	int64_t done = 0, part = 0;

	if (*offset > (uint64_t)INT64_MAX - io->remaining)
		return -EFBIG;
	buffer = kmalloc(BOUNCE);
	if (!buffer)
		return -ENOMEM;
	mutex_lock(&node->write_lock);
	while (io->remaining) {
		part = write_part(file, node, io, buffer, offset);
		if (part <= 0)
			break;
		done += part;
	}
	mutex_unlock(&node->write_lock);
	kfree(buffer);
	return done ? done : part;
}

/* The first page with data (or, HOLE: without) at or behind OFFSET. */
static int64_t seek_data(struct mem_node *node, uint64_t offset, bool hole)
{
	uint64_t index = offset / PAGE_SIZE, end = (node->size + PAGE_SIZE - 1) / PAGE_SIZE, found;
	paddr_t frame;

	if (offset >= node->size)
		return -ENXIO;
	if (hole) {
		while (index < end && frames_find(&node->frames, index) != PADDR_NONE)
			index++;
		found = MIN(index * PAGE_SIZE, node->size);
	} else {
		if (!frames_next(&node->frames, &index, end, &frame))
			return -ENXIO;
		found = index * PAGE_SIZE;
	}
	return (int64_t)MAX(found, offset);
}

static int64_t mem_seek(struct file *file, int64_t offset, int whence)
{
	struct mem_node *node = node_of(file);
	int64_t position = offset;

	if ((whence == SEEK_CUR &&
	     __builtin_add_overflow((int64_t)file->offset, offset, &position)) ||
	    (whence == SEEK_END && __builtin_add_overflow((int64_t)node->size, offset, &position)))
		return -EINVAL;
	if ((whence == SEEK_DATA || whence == SEEK_HOLE) && mem_is_file(node))
		position = offset < 0 ? -ENXIO
				      : seek_data(node, (uint64_t)offset, whence == SEEK_HOLE);
	else if (whence != SEEK_SET && whence != SEEK_CUR && whence != SEEK_END)
		return -EINVAL;
	if (position < 0)
		return position == -ENXIO ? -ENXIO : -EINVAL;
	file->offset = (uint64_t)position;
	return position;
}

/* Zeros the part of page INDEX from START to END (offsets in the page), if it is there. */
static void clear_part(struct mem_node *node, uint64_t index, size_t start, size_t end)
{
	paddr_t frame = frames_find(&node->frames, index);

	if (frame != PADDR_NONE && start < end)
		memset((uint8_t *)mm_phys_to_virt(frame) + start, 0, end - start);
}

int mem_file_truncate(struct mem_node *node, uint64_t size)
{
	uint64_t pages = (size + PAGE_SIZE - 1) / PAGE_SIZE;

	mutex_lock(&node->data_lock);
	if ((size < node->size && node->seals & F_SEAL_SHRINK) ||
	    (size > node->size && node->seals & F_SEAL_GROW)) {
		mutex_unlock(&node->data_lock);
		return -EPERM;
	}
	if (size < node->size) {
		vm_object_unmap(&node->object, pages);
		frames_drop(&node->frames, pages, UINT64_MAX);
		if (size % PAGE_SIZE)
			clear_part(node, size / PAGE_SIZE, size % PAGE_SIZE, PAGE_SIZE);
	}
	node->size = size;
	node->mtime = node->ctime = memfs_now();
	mutex_unlock(&node->data_lock);
	return 0;
}

static int mem_truncate(struct file *file, uint64_t size)
{
	return mem_file_truncate(node_of(file), size);
}

/* Makes a hole from OFFSET to OFFSET + SIZE. data_lock is held. */
static void punch(struct mem_node *node, uint64_t offset, uint64_t size)
{
	uint64_t end = MIN(offset + size, ALIGN_UP(node->size, PAGE_SIZE));
	uint64_t first = (offset + PAGE_SIZE - 1) / PAGE_SIZE, last = end / PAGE_SIZE;

	if (offset >= end)
		return;
	if (first > last) { /* inside one page */
		clear_part(node, last, offset % PAGE_SIZE, end % PAGE_SIZE);
		return;
	}
	if (offset % PAGE_SIZE)
		clear_part(node, first - 1, offset % PAGE_SIZE, PAGE_SIZE);
	clear_part(node, last, 0, end % PAGE_SIZE);
	vm_object_unmap(&node->object, first); /* whoever needs the rest gets it again */
	frames_drop(&node->frames, first, last);
}

/* Frames for all pages from OFFSET to END. data_lock is held. */
static int fill_holes(struct mem_node *node, uint64_t offset, uint64_t end)
{
	uint64_t first = offset / PAGE_SIZE, last = (end + PAGE_SIZE - 1) / PAGE_SIZE;

	if (last - first > mm_frame_free_count() + frames_count(&node->frames))
		return -ENOSPC;
	for (; first < last; first++)
		if (mem_frame_for_write(node, first) == PADDR_NONE)
			return -ENOSPC;
	return 0;
}

static int mem_allocate(struct file *file, int mode, uint64_t offset, uint64_t size)
{
	bool keep_size = mode & FALLOC_FL_KEEP_SIZE, hole = mode & FALLOC_FL_PUNCH_HOLE;
	struct mem_node *node = node_of(file);
	uint64_t end = offset + size;
	int error = 0;

	if (mode & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE) || (hole && !keep_size))
		return -EOPNOTSUPP;
	mutex_lock(&node->data_lock);
	if (node->seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE) ||
	    (node->seals & F_SEAL_GROW && !keep_size && end > node->size))
		error = -EPERM;
	else if (hole)
		punch(node, offset, size);
	else
		error = fill_holes(node, offset, end);
	if (!error && !keep_size)
		node->size = MAX(node->size, end);
	if (!error)
		node->mtime = node->ctime = memfs_now();
	mutex_unlock(&node->data_lock);
	return error;
}

static int mem_sync(struct file *file, bool data_only)
{
	(void)file;
	(void)data_only;
	return 0;
}

static int mem_stat(struct file *file, file_stat_t *stat)
{
	mem_node_stat_locked(node_of(file), stat);
	return 0;
}

static int mem_chmod(struct file *file, uint32_t mode)
{
	struct mem_node *node = node_of(file);

	mutex_lock(&node->fs->lock);
	node->mode = (node->mode & S_IFMT) | (mode & 07777);
	node->ctime = memfs_now();
	mutex_unlock(&node->fs->lock);
	return 0;
}

static int mem_chown(struct file *file, uint32_t uid, uint32_t gid)
{
	struct mem_node *node = node_of(file);

	mutex_lock(&node->fs->lock);
	node->uid = uid == UINT32_MAX ? node->uid : uid;
	node->gid = gid == UINT32_MAX ? node->gid : gid;
	node->ctime = memfs_now();
	mutex_unlock(&node->fs->lock);
	return 0;
}

static void set_time(struct hc_time *time, const struct hc_time *value)
{
	if (value->nsec == (1l << 30) - 1l) /* UTIME_NOW */
		*time = memfs_now();
	else if (value->nsec != (1l << 30) - 2l) /* not UTIME_OMIT */
		*time = *value;
}

void mem_node_set_times(struct mem_node *node, const struct hc_time times[2])
{
	set_time(&node->atime, &times[0]);
	set_time(&node->mtime, &times[1]);
	node->ctime = memfs_now();
}

static int mem_utimens(struct file *file, const struct hc_time times[2])
{
	struct mem_node *node = node_of(file);

	mutex_lock(&node->fs->lock);
	mem_node_set_times(node, times);
	mutex_unlock(&node->fs->lock);
	return 0;
}

static int mem_statfs(struct file *file, struct hc_statfs *statfs)
{
	(void)file;
	memfs_fill_statfs(statfs);
	return 0;
}

static void mem_release(struct file *file)
{
	mem_flock_release(file);
	mem_node_put(node_of(file));
}

const struct file_ops memfs_file_ops = {
	.read = mem_read,
	.write = mem_write,
	.seek = mem_seek,
	.stat = mem_stat,
	.truncate = mem_truncate,
	.allocate = mem_allocate,
	.sync = mem_sync,
	.chmod = mem_chmod,
	.chown = mem_chown,
	.utimens = mem_utimens,
	.statfs = mem_statfs,
	.flock = mem_flock,
	.map = mem_map,
	.fcntl = mem_fcntl,
	.release = mem_release,
};

const struct file_ops memfs_dir_ops = {
	.seek = mem_seek,
	.stat = mem_stat,
	.getdents = mem_getdents,
	.sync = mem_sync,
	.chmod = mem_chmod,
	.chown = mem_chown,
	.utimens = mem_utimens,
	.statfs = mem_statfs,
	.flock = mem_flock,
	.release = mem_release,
};

int memfs_open_node(struct mem_node *node, unsigned flags, const char *path, struct file **out)
{
	unsigned kind = flags & O_PATH ? FILE_PATH_ONLY : 0;

	if (node->pipe && !(flags & O_PATH))
		return fifo_open(node->pipe, flags, path, out);
	if (!mem_is_file(node) && !mem_is_dir(node) && !(flags & O_PATH))
		return device_open(node->rdev, flags, path, out);
	if (mem_is_dir(node))
		kind |= FILE_DIRECTORY;
	*out = file_create(mem_is_dir(node) ? &memfs_dir_ops : &memfs_file_ops, node, flags, kind,
			   path);
	if (!*out)
		return -ENOMEM;
	mem_node_get(node);
	return 0;
}

struct mem_node *mem_node_of_file(const struct file *file)
{
	return file->ops == &memfs_file_ops || file->ops == &memfs_dir_ops ? node_of(file) : NULL;
}
