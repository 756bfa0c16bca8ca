/* SPDX-License-Identifier: BSD-3-Clause */
/* See file_stat.h. */
#include "file_stat.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#define SYNTHETIC_BLOCK 4096u

static struct hc_time convert_time(struct statx_timestamp time)
{
	return (struct hc_time){time.tv_sec, time.tv_nsec};
}

static void convert_stat(struct hc_stat *out, const struct statx *in)
{
	*out = (struct hc_stat){
		.dev = makedev(in->stx_dev_major, in->stx_dev_minor),
		.ino = in->stx_ino,
		.nlink = in->stx_nlink,
		.rdev = makedev(in->stx_rdev_major, in->stx_rdev_minor),
		.size = in->stx_size,
		.blksize = in->stx_blksize,
		.blocks = in->stx_blocks,
		.mnt_id = in->stx_mnt_id,
		.mode = in->stx_mode,
		.uid = in->stx_uid,
		.gid = in->stx_gid,
		.attributes = (uint32_t)in->stx_attributes,
		.atime = convert_time(in->stx_atime),
		.mtime = convert_time(in->stx_mtime),
		.ctime = convert_time(in->stx_ctime),
		.btime = convert_time(in->stx_btime),
	};
}

static void reply_put(struct hostcall *call, const void *data, size_t size)
{
	memcpy(call->out, data, size);
	call->out_size = size;
}

int64_t reply_stat(struct hostcall *call, int dir_fd, const char *name, int flags, uint32_t *mode)
{
	struct statx from;
	struct hc_stat to;

	if (statx(dir_fd, name, flags | AT_NO_AUTOMOUNT,
		  STATX_BASIC_STATS | STATX_BTIME | STATX_MNT_ID, &from) != 0)
		return -errno;
	convert_stat(&to, &from);
	reply_put(call, &to, sizeof(to));
	if (mode)
		*mode = from.stx_mode;
	return 0;
}

/* FNV-1a, for an inode number that stays the same for a path. */
static uint64_t path_hash(const char *path)
{
	uint64_t hash = 0xcbf29ce484222325u;
	for (; *path; path++)
		hash = (hash ^ (unsigned char)*path) * 0x100000001b3u;
	return hash;
}

int64_t reply_stat_synthetic(struct hostcall *call, const char *path)
{
	struct hc_stat to = {.ino = path_hash(path),
			     .nlink = 2,
			     .size = 0,
			     .blksize = SYNTHETIC_BLOCK,
			     .mode = S_IFDIR | 0555};
	reply_put(call, &to, sizeof(to));
	return 0;
}

int64_t reply_statfs(struct hostcall *call, int fd, bool readonly)
{
	struct statfs from;

	if (fstatfs(fd, &from) != 0)
		return -errno;
	uint64_t fsid;
	memcpy(&fsid, &from.f_fsid, sizeof(fsid));
	struct hc_statfs to = {.type = (uint64_t)from.f_type,
			       .bsize = (uint64_t)from.f_bsize,
			       .blocks = from.f_blocks,
			       .bfree = from.f_bfree,
			       .bavail = from.f_bavail,
			       .files = from.f_files,
			       .ffree = from.f_ffree,
			       .fsid = fsid,
			       .namelen = (uint64_t)from.f_namelen,
			       .frsize = (uint64_t)from.f_frsize,
			       .flags = (uint64_t)from.f_flags | (readonly ? ST_RDONLY : 0)};
	reply_put(call, &to, sizeof(to));
	return 0;
}

int64_t reply_statfs_synthetic(struct hostcall *call)
{
	struct hc_statfs to = {.type = TMPFS_MAGIC,
			       .bsize = SYNTHETIC_BLOCK,
			       .namelen = NAME_MAX,
			       .frsize = SYNTHETIC_BLOCK,
			       .flags = ST_RDONLY};
	reply_put(call, &to, sizeof(to));
	return 0;
}
