/* SPDX-License-Identifier: BSD-3-Clause */
#include "side.h"

#include "check.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

/* PATH below the side's root; some tests want what comes out to be too long. */
#define FULL(side, path)                                                                           \
	char full[2 * PATH_MAX];                                                                   \
	snprintf(full, sizeof(full), "%s/%s", (side)->root, path)

#define RESULT(call)                                                                               \
	do {                                                                                       \
		int64_t result_ = (call);                                                          \
		return result_ < 0 ? -errno : result_;                                             \
	} while (0)

void side_record(struct side *side, const char *label, int line, int64_t value)
{
	CHECK(side->count < SIDE_RESULTS_MAX);
	side->result[side->count].label = label;
	side->result[side->count].line = line;
	side->result[side->count++].value = value;
}

void side_compare(const struct side *a, const struct side *b)
{
	int different = 0;
	CHECK_EQ(a->count, b->count);
	for (int i = 0; i < a->count; i++) {
		if (a->result[i].value == b->result[i].value)
			continue;
		fprintf(stderr, "line %d: %s gives %" PRId64 ", Linux %" PRId64 "\n",
			a->result[i].line, a->result[i].label, a->result[i].value,
			b->result[i].value);
		different++;
	}
	CHECK_EQ(different, 0);
}

int64_t side_open(struct side *side, const char *path, int flags, unsigned mode)
{
	FULL(side, path);
	if (side->guest)
		return guest_open(side->guest, full, flags, mode);
	RESULT(open(full, flags | O_CLOEXEC, mode));
}

int64_t side_close(struct side *side, int64_t fd)
{
	if (side->guest)
		return guest_close(side->guest, (uint32_t)fd);
	RESULT(close((int)fd));
}

int64_t side_read(struct side *side, int64_t fd, void *data, size_t size)
{
	if (side->guest)
		return guest_read(side->guest, (uint32_t)fd, data, size);
	RESULT(read((int)fd, data, size));
}

int64_t side_write(struct side *side, int64_t fd, const void *data, size_t size)
{
	if (side->guest)
		return guest_write(side->guest, (uint32_t)fd, data, size);
	RESULT(write((int)fd, data, size));
}

int64_t side_pread(struct side *side, int64_t fd, void *data, size_t size, int64_t offset)
{
	if (!side->guest)
		RESULT(pread((int)fd, data, size, offset));
	uint64_t arg[4] = {size, (uint64_t)offset};
	struct guest_reply *reply = guest_call(side->guest, HC_PREAD, (uint32_t)fd, arg, NULL, 0);
	if (reply->size)
		memcpy(data, reply->payload, reply->size);
	return reply->head.result;
}

int64_t side_pwrite(struct side *side, int64_t fd, const void *data, size_t size, int64_t offset)
{
	if (!side->guest)
		RESULT(pwrite((int)fd, data, size, offset));
	uint64_t arg[4] = {0, (uint64_t)offset};
	return guest_call(side->guest, HC_PWRITE, (uint32_t)fd, arg, data, size)->head.result;
}

int64_t side_lseek(struct side *side, int64_t fd, int64_t offset, int whence)
{
	if (side->guest)
		return guest_handle(side->guest, HC_LSEEK, (uint32_t)fd, (uint64_t)offset,
				    (uint64_t)whence, 0);
	RESULT(lseek((int)fd, offset, whence));
}

static int64_t mix(int64_t hash, int64_t value)
{
	return (int64_t)(((uint64_t)hash * 31 ^ (uint64_t)value) & INT64_MAX);
}

/* Times only where the tests set them: before 1980. */
static int64_t stat_number(uint32_t mode, uint64_t nlink, uint64_t size, uint32_t uid, uint32_t gid,
			   int64_t mtime_sec, int64_t mtime_nsec)
{
	int64_t number = mix(mix(mode, (int64_t)nlink), S_ISREG(mode) ? (int64_t)size : 0);
	number = mix(mix(number, uid), gid);
	if (mtime_sec < 300000000)
		number = mix(mix(number, mtime_sec), mtime_nsec);
	return number;
}

static int64_t linux_stat_number(const struct stat *st)
{
	return stat_number(st->st_mode, st->st_nlink, (uint64_t)st->st_size, st->st_uid, st->st_gid,
			   st->st_mtim.tv_sec, st->st_mtim.tv_nsec);
}

static int64_t guest_stat_number(const struct guest_reply *reply)
{
	struct hc_stat st;
	if (reply->head.result < 0)
		return reply->head.result;
	CHECK_EQ(reply->size, sizeof(st));
	memcpy(&st, reply->payload, sizeof(st));
	return stat_number(st.mode, st.nlink, st.size, st.uid, st.gid, st.mtime.sec, st.mtime.nsec);
}

int64_t side_fstat(struct side *side, int64_t fd)
{
	struct stat st;
	uint64_t arg[4] = {0};
	if (side->guest)
		return guest_stat_number(
			guest_call(side->guest, HC_FSTAT, (uint32_t)fd, arg, NULL, 0));
	return fstat((int)fd, &st) ? -errno : linux_stat_number(&st);
}

static int64_t stat_path(struct side *side, const char *path, bool follow)
{
	FULL(side, path);
	struct stat st;
	uint64_t arg[4] = {follow ? 0 : HC_NOFOLLOW};
	if (side->guest)
		return guest_stat_number(
			guest_call(side->guest, HC_STAT, 0, arg, full, strlen(full)));
	return fstatat(AT_FDCWD, full, &st, follow ? 0 : AT_SYMLINK_NOFOLLOW)
		       ? -errno
		       : linux_stat_number(&st);
}

int64_t side_stat(struct side *side, const char *path)
{
	return stat_path(side, path, true);
}

int64_t side_lstat(struct side *side, const char *path)
{
	return stat_path(side, path, false);
}

int64_t side_mkdir(struct side *side, const char *path, unsigned mode)
{
	FULL(side, path);
	if (side->guest)
		return guest_path(side->guest, HC_MKDIR, full, mode, 0, 0);
	RESULT(mkdir(full, mode));
}

int64_t side_unlink(struct side *side, const char *path)
{
	FULL(side, path);
	if (side->guest)
		return guest_path(side->guest, HC_UNLINK, full, 0, 0, 0);
	RESULT(unlink(full));
}

int64_t side_rmdir(struct side *side, const char *path)
{
	FULL(side, path);
	if (side->guest)
		return guest_path(side->guest, HC_UNLINK, full, AT_REMOVEDIR, 0, 0);
	RESULT(rmdir(full));
}

int64_t side_rename(struct side *side, const char *from, const char *to, unsigned flags)
{
	FULL(side, from);
	char second[2 * PATH_MAX];
	snprintf(second, sizeof(second), "%s/%s", side->root, to);
	if (side->guest)
		return guest_two_paths(side->guest, HC_RENAME, full, second, flags);
	RESULT(renameat2(AT_FDCWD, full, AT_FDCWD, second, flags));
}

int64_t side_link(struct side *side, const char *from, const char *to, int flags)
{
	FULL(side, from);
	char second[2 * PATH_MAX];
	snprintf(second, sizeof(second), "%s/%s", side->root, to);
	if (side->guest)
		return guest_two_paths(side->guest, HC_LINK, full, second, (uint64_t)flags);
	RESULT(linkat(AT_FDCWD, full, AT_FDCWD, second, flags));
}

int64_t side_symlink(struct side *side, const char *target, const char *path)
{
	FULL(side, path);
	if (side->guest)
		return guest_two_paths(side->guest, HC_SYMLINK, target, full, 0);
	RESULT(symlink(target, full));
}

int64_t side_readlink(struct side *side, const char *path)
{
	FULL(side, path);
	char text[PATH_MAX];
	if (side->guest)
		return guest_path(side->guest, HC_READLINK, full, 0, 0, 0);
	RESULT(readlink(full, text, sizeof(text)));
}

int64_t side_access(struct side *side, const char *path, int mode)
{
	FULL(side, path);
	if (side->guest)
		return guest_path(side->guest, HC_ACCESS, full, (uint64_t)mode, 0, 0);
	RESULT(access(full, mode));
}

int64_t side_chmod(struct side *side, const char *path, unsigned mode)
{
	FULL(side, path);
	if (side->guest)
		return guest_path(side->guest, HC_CHMOD, full, mode, 0, 0);
	RESULT(chmod(full, mode));
}

int64_t side_fchmod(struct side *side, int64_t fd, unsigned mode)
{
	if (side->guest)
		return guest_handle(side->guest, HC_FCHMOD, (uint32_t)fd, mode, 0, 0);
	RESULT(fchmod((int)fd, mode));
}

int64_t side_chown(struct side *side, const char *path, unsigned uid, unsigned gid, bool follow)
{
	FULL(side, path);
	if (side->guest)
		return guest_path(side->guest, HC_CHOWN, full, uid, gid, follow ? 0 : HC_NOFOLLOW);
	RESULT(fchownat(AT_FDCWD, full, uid, gid, follow ? 0 : AT_SYMLINK_NOFOLLOW));
}

int64_t side_fchown(struct side *side, int64_t fd, unsigned uid, unsigned gid)
{
	if (side->guest)
		return guest_handle(side->guest, HC_FCHOWN, (uint32_t)fd, uid, gid, 0);
	RESULT(fchown((int)fd, uid, gid));
}

int64_t side_utimens(struct side *side, const char *path, const struct timespec times[2],
		     bool follow)
{
	FULL(side, path);
	uint8_t payload[sizeof(struct hc_time) * 2 + sizeof(full)];
	struct hc_time both[2] = {{times[0].tv_sec, times[0].tv_nsec},
				  {times[1].tv_sec, times[1].tv_nsec}};
	uint64_t arg[4] = {follow ? 0 : HC_NOFOLLOW};
	if (!side->guest)
		RESULT(utimensat(AT_FDCWD, full, times, follow ? 0 : AT_SYMLINK_NOFOLLOW));
	memcpy(payload, both, sizeof(both));
	memcpy(payload + sizeof(both), full, strlen(full));
	return guest_call(side->guest, HC_UTIMENS, 0, arg, payload, sizeof(both) + strlen(full))
		->head.result;
}

int64_t side_futimens(struct side *side, int64_t fd, const struct timespec times[2])
{
	struct hc_time both[2] = {{times[0].tv_sec, times[0].tv_nsec},
				  {times[1].tv_sec, times[1].tv_nsec}};
	uint64_t arg[4] = {0};
	if (!side->guest)
		RESULT(futimens((int)fd, times));
	return guest_call(side->guest, HC_FUTIMENS, (uint32_t)fd, arg, both, sizeof(both))
		->head.result;
}

int64_t side_truncate(struct side *side, const char *path, int64_t size)
{
	FULL(side, path);
	if (side->guest)
		return guest_path(side->guest, HC_TRUNCATE, full, (uint64_t)size, 0, 0);
	RESULT(truncate(full, size));
}

int64_t side_ftruncate(struct side *side, int64_t fd, int64_t size)
{
	if (side->guest)
		return guest_handle(side->guest, HC_FTRUNCATE, (uint32_t)fd, (uint64_t)size, 0, 0);
	RESULT(ftruncate((int)fd, size));
}

int64_t side_fallocate(struct side *side, int64_t fd, int mode, int64_t offset, int64_t size)
{
	if (side->guest)
		return guest_handle(side->guest, HC_FALLOCATE, (uint32_t)fd, (uint64_t)mode,
				    (uint64_t)offset, (uint64_t)size);
	RESULT(fallocate((int)fd, mode, offset, size));
}

int64_t side_fsync(struct side *side, int64_t fd, bool data_only)
{
	if (side->guest)
		return guest_handle(side->guest, HC_FSYNC, (uint32_t)fd, data_only, 0, 0);
	RESULT(data_only ? fdatasync((int)fd) : fsync((int)fd));
}

int64_t side_flock(struct side *side, int64_t fd, int operation)
{
	if (side->guest)
		return guest_handle(side->guest, HC_FLOCK, (uint32_t)fd, (uint64_t)operation, 0, 0);
	RESULT(flock((int)fd, operation));
}

static int64_t hash_name(const char *name)
{
	int64_t hash = 7;
	for (; *name; name++)
		hash = mix(hash, *name);
	return hash;
}

int64_t side_list(struct side *side, int64_t fd)
{
	uint8_t buffer[1024];
	int64_t sum = 0;

	for (;;) {
		const uint8_t *records = buffer;
		int64_t got;
		if (side->guest) {
			uint64_t arg[4] = {sizeof(buffer)};
			struct guest_reply *reply =
				guest_call(side->guest, HC_GETDENTS, (uint32_t)fd, arg, NULL, 0);
			got = reply->head.result;
			records = reply->payload;
		} else {
			got = syscall(SYS_getdents64, (int)fd, buffer, sizeof(buffer));
			got = got < 0 ? -errno : got;
		}
		if (got <= 0)
			return got < 0 ? got : sum;
		for (int64_t at = 0; at < got;) {
			uint16_t reclen;
			memcpy(&reclen, records + at + 16, sizeof(reclen));
			sum ^= hash_name((const char *)records + at + 19);
			at += reclen;
		}
	}
}

int64_t side_statfs_type(struct side *side, const char *path)
{
	FULL(side, path);
	struct statfs st;
	struct hc_statfs from;
	uint64_t arg[4] = {0};
	if (!side->guest)
		return statfs(full, &st) ? -errno : st.f_type;
	struct guest_reply *reply = guest_call(side->guest, HC_STATFS, 0, arg, full, strlen(full));
	if (reply->head.result < 0)
		return reply->head.result;
	memcpy(&from, reply->payload, sizeof(from));
	return (int64_t)from.type;
}
