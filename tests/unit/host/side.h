/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The same file call on two sides: through the host call server, and directly on Linux. Each side
 * has a directory of its own; results are recorded and compared afterwards.
 */
#ifndef TEST_SIDE_H
#define TEST_SIDE_H

#include "guest.h"

#include <time.h>

#define SIDE_RESULTS_MAX 4096

struct side {
	struct guest *guest; /* NULL: Linux itself */
	const char *root;    /* directory that the paths below are relative to */
	int count;
	struct {
		const char *label;
		int line;
		int64_t value;
	} result[SIDE_RESULTS_MAX];
};

void side_record(struct side *side, const char *label, int line, int64_t value);
/* Ends the test when both sides differ. */
void side_compare(const struct side *a, const struct side *b);

/* Each: the call's result, or -errno. Paths that start with a slash are taken below the root too.
 */
int64_t side_open(struct side *side, const char *path, int flags, unsigned mode);
int64_t side_close(struct side *side, int64_t fd);
int64_t side_read(struct side *side, int64_t fd, void *data, size_t size);
int64_t side_write(struct side *side, int64_t fd, const void *data, size_t size);
int64_t side_pread(struct side *side, int64_t fd, void *data, size_t size, int64_t offset);
int64_t side_pwrite(struct side *side, int64_t fd, const void *data, size_t size, int64_t offset);
int64_t side_lseek(struct side *side, int64_t fd, int64_t offset, int whence);
/* A number made of mode, links, size and times that the test has set. */
int64_t side_fstat(struct side *side, int64_t fd);
int64_t side_stat(struct side *side, const char *path);
int64_t side_lstat(struct side *side, const char *path);
int64_t side_mkdir(struct side *side, const char *path, unsigned mode);
int64_t side_unlink(struct side *side, const char *path);
int64_t side_rmdir(struct side *side, const char *path);
int64_t side_rename(struct side *side, const char *from, const char *to, unsigned flags);
int64_t side_link(struct side *side, const char *from, const char *to, int flags);
int64_t side_symlink(struct side *side, const char *target, const char *path);
int64_t side_readlink(struct side *side, const char *path);
int64_t side_access(struct side *side, const char *path, int mode);
int64_t side_chmod(struct side *side, const char *path, unsigned mode);
int64_t side_fchmod(struct side *side, int64_t fd, unsigned mode);
int64_t side_chown(struct side *side, const char *path, unsigned uid, unsigned gid, bool follow);
int64_t side_fchown(struct side *side, int64_t fd, unsigned uid, unsigned gid);
int64_t side_utimens(struct side *side, const char *path, const struct timespec times[2],
		     bool follow);
int64_t side_futimens(struct side *side, int64_t fd, const struct timespec times[2]);
int64_t side_truncate(struct side *side, const char *path, int64_t size);
int64_t side_ftruncate(struct side *side, int64_t fd, int64_t size);
int64_t side_fallocate(struct side *side, int64_t fd, int mode, int64_t offset, int64_t size);
int64_t side_fsync(struct side *side, int64_t fd, bool data_only);
int64_t side_flock(struct side *side, int64_t fd, int operation);
/* Number and hash of the names in a directory. */
int64_t side_list(struct side *side, int64_t fd);
int64_t side_statfs_type(struct side *side, const char *path);

#endif /* TEST_SIDE_H */
