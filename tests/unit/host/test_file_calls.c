/* SPDX-License-Identifier: BSD-3-Clause */
/* Every file call of the host channel against the same call on Linux: results, errno, effects. */
#include "check.h"
#include "side.h"

#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* Does CALL on SIDE and keeps its result. */
#define R(call) side_record(side, #call, __LINE__, call)
/* The same for an open: keeps only whether it worked, since numbers differ. */
#define OPEN(path, flags, mode) record_open(side, #path " " #flags, __LINE__, path, flags, mode)

static int64_t record_open(struct side *side, const char *label, int line, const char *path,
			   int flags, unsigned mode)
{
	int64_t fd = side_open(side, path, flags, mode);
	side_record(side, label, line, fd < 0 ? fd : 0);
	return fd;
}

static void open_and_close(struct side *side, const char *label, int line, const char *path,
			   int flags, unsigned mode)
{
	int64_t fd = record_open(side, label, line, path, flags, mode);
	if (fd >= 0)
		side_record(side, label, line, side_close(side, fd));
}
#define TRY(path, flags, mode) open_and_close(side, #path " " #flags, __LINE__, path, flags, mode)

static char buffer[1 << 20];

static void script_data(struct side *side)
{
	int64_t fd = OPEN("data", O_RDWR | O_CREAT, 0640);
	R(side_write(side, fd, "hello world", 11));
	R(side_lseek(side, fd, 0, SEEK_CUR));
	R(side_lseek(side, fd, -5, SEEK_END));
	R(side_read(side, fd, buffer, 100));
	R(memcmp(buffer, "world", 5));
	R(side_read(side, fd, buffer, 100));
	R(side_pread(side, fd, buffer, 5, 6));
	R(side_pread(side, fd, buffer, 5, 600));
	R(side_pread(side, fd, buffer, 5, -1));
	R(side_pwrite(side, fd, "W", 1, 6));
	R(side_pwrite(side, fd, "end", 3, 5ll << 30)); /* beyond 4 GiB */
	R(side_lseek(side, fd, 0, SEEK_END));
	R(side_pread(side, fd, buffer, 100, (5ll << 30) - 1));
	R(side_lseek(side, fd, 4096, SEEK_DATA));
	R(side_lseek(side, fd, 6ll << 30, SEEK_HOLE));
	R(side_lseek(side, fd, -1, SEEK_SET));
	R(side_lseek(side, fd, 0, 77));
	R(side_ftruncate(side, fd, 3));
	R(side_ftruncate(side, fd, -1));
	R(side_fstat(side, fd));
	R(side_write(side, fd, "", 0));
	R(side_read(side, fd, buffer, 0));
	R(side_fsync(side, fd, false));
	R(side_fsync(side, fd, true));
	R(side_fallocate(side, fd, 0, 0, 8192));
	R(side_fstat(side, fd));
	R(side_fallocate(side, fd, 0, 0, 0));
	R(side_fallocate(side, fd, 0, -1, 10));
	R(side_close(side, fd));
	R(side_close(side, fd));
	R(side_write(side, fd, "x", 1));
	R(side_read(side, fd, buffer, 1));
	R(side_lseek(side, fd, 0, SEEK_SET));
	R(side_fstat(side, fd));
}

static void script_large(struct side *side)
{
	int64_t fd = OPEN("large", O_RDWR | O_CREAT | O_TRUNC, 0600);
	memset(buffer, 'x', sizeof(buffer));
	R(side_write(side, fd, buffer, HC_DATA_MAX));
	R(side_lseek(side, fd, 0, SEEK_SET));
	R(side_read(side, fd, buffer, HC_DATA_MAX));
	R(side_fstat(side, fd));
	R(side_close(side, fd));
	fd = OPEN("large", O_WRONLY | O_APPEND, 0);
	R(side_write(side, fd, "tail", 4));
	R(side_lseek(side, fd, 0, SEEK_SET));
	R(side_write(side, fd, "tail", 4));
	R(side_fstat(side, fd));
	R(side_read(side, fd, buffer, 1));
	R(side_close(side, fd));
	R(side_truncate(side, "large", 10));
	R(side_truncate(side, "large", -10));
	R(side_truncate(side, "none", 10));
	R(side_truncate(side, ".", 10));
	R(side_stat(side, "large"));
}

static void script_open_flags(struct side *side)
{
	R(side_mkdir(side, "dir", 0755));
	R(side_symlink(side, "dir", "link-dir"));
	R(side_symlink(side, "file", "link-file"));
	R(side_symlink(side, "none", "link-none"));
	R(side_symlink(side, "self", "self"));
	TRY("file", O_RDONLY, 0);
	TRY("file", O_RDONLY | O_CREAT | O_EXCL, 0644);
	TRY("file", O_RDONLY | O_CREAT | O_EXCL, 0644);
	TRY("file", O_WRONLY | O_CREAT | O_TRUNC, 0644);
	TRY("file", O_RDONLY | O_DIRECTORY, 0);
	TRY("file/", O_RDONLY, 0);
	TRY("file/", O_RDWR | O_CREAT, 0600);
	TRY("file/x", O_RDONLY, 0);
	TRY("new/", O_RDWR | O_CREAT, 0600);
	TRY("none/x", O_RDWR | O_CREAT, 0600);
	TRY("dir", O_RDONLY, 0);
	TRY("dir", O_RDWR, 0);
	TRY("dir", O_WRONLY | O_CREAT, 0600);
	TRY("dir/", O_RDONLY | O_DIRECTORY, 0);
	TRY("dir/.", O_RDONLY, 0);
	TRY("dir/..", O_RDONLY, 0);
	TRY("dir/..", O_RDONLY | O_CREAT, 0600);
	TRY("dir/.", O_RDONLY | O_CREAT | O_EXCL, 0600);
	TRY("link-dir", O_RDONLY | O_NOFOLLOW, 0);
	TRY("link-dir", O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	TRY("link-dir/", O_RDONLY | O_NOFOLLOW, 0);
	TRY("link-dir/.", O_RDONLY, 0);
	TRY("link-file", O_RDWR, 0);
	TRY("link-file", O_RDONLY | O_NOFOLLOW, 0);
	TRY("link-file", O_RDONLY | O_CREAT | O_EXCL, 0600);
	TRY("link-file/", O_RDONLY, 0);
	TRY("link-none", O_RDONLY, 0);
	TRY("link-none", O_RDONLY | O_CREAT | O_EXCL, 0600);
	TRY("link-none", O_RDWR | O_CREAT, 0600);
	R(side_stat(side, "none"));
	TRY("self", O_RDONLY, 0);
	TRY("self", O_PATH | O_NOFOLLOW, 0);
	TRY("file", O_PATH, 0);
	TRY("", O_RDONLY, 0);
	TRY(".", O_RDWR | O_TMPFILE, 0600);
	TRY("file", O_RDWR | O_TMPFILE, 0600);
	TRY("//dir///../dir/./", O_RDONLY, 0);
	int64_t fd = OPEN("file", O_PATH, 0);
	R(side_read(side, fd, buffer, 1));
	R(side_fstat(side, fd));
	R(side_fchmod(side, fd, 0600));
	R(side_close(side, fd));
	fd = OPEN("file", O_RDONLY, 0);
	R(side_write(side, fd, "x", 1));
	R(side_ftruncate(side, fd, 1));
	R(side_close(side, fd));
}

static void script_attributes(struct side *side)
{
	struct timespec times[2] = {{100000000, 5}, {200000000, 7}};
	struct timespec odd[2] = {{0, UTIME_OMIT}, {0, UTIME_NOW}};
	struct timespec wrong[2] = {{0, 2000000000}, {0, 0}};
	int64_t fd = OPEN("attributes", O_RDWR | O_CREAT, 0600);

	R(side_symlink(side, "attributes", "link-attributes"));
	R(side_symlink(side, "missing", "link-missing"));
	R(side_chmod(side, "attributes", 04751));
	R(side_stat(side, "attributes"));
	R(side_chmod(side, "link-attributes", 0640));
	R(side_stat(side, "attributes"));
	R(side_chmod(side, "link-missing", 0640));
	R(side_fchmod(side, fd, 0444));
	R(side_fstat(side, fd));
	R(side_access(side, "attributes", R_OK));
	R(side_access(side, "attributes", X_OK));
	R(side_access(side, "missing", F_OK));
	R(side_access(side, "attributes/x", F_OK));
	R(side_access(side, "link-attributes", R_OK));
	R(side_chown(side, "attributes", getuid(), getgid(), true));
	R(side_chown(side, "attributes", 12, 34, true));
	R(side_chown(side, "link-attributes", 56, 78, false));
	R(side_lstat(side, "link-attributes"));
	R(side_chown(side, "attributes", (unsigned)-1, getgid(), true));
	R(side_fchown(side, fd, getuid(), (unsigned)-1));
	R(side_fstat(side, fd));
	R(side_utimens(side, "attributes", times, true));
	R(side_stat(side, "attributes"));
	R(side_utimens(side, "link-attributes", times, false));
	R(side_lstat(side, "link-attributes"));
	R(side_utimens(side, "link-missing", times, true));
	R(side_utimens(side, "attributes", wrong, true));
	R(side_utimens(side, "attributes/", times, true));
	R(side_futimens(side, fd, times));
	R(side_futimens(side, fd, odd));
	R(side_fstat(side, fd));
	R(side_lstat(side, "link-attributes/"));
	R(side_stat(side, "attributes/"));
	R(side_stat(side, "dir/"));
	R(side_statfs_type(side, "attributes"));
	R(side_statfs_type(side, "missing"));
	R(side_flock(side, fd, LOCK_EX));
	int64_t other = OPEN("attributes", O_RDONLY, 0);
	R(side_flock(side, other, LOCK_SH | LOCK_NB));
	R(side_flock(side, fd, LOCK_UN));
	R(side_flock(side, other, LOCK_SH | LOCK_NB));
	R(side_flock(side, other, 77));
	R(side_close(side, other));
	R(side_close(side, fd));
}

static void script_names(struct side *side)
{
	R(side_mkdir(side, "tree", 0750));
	R(side_mkdir(side, "tree", 0750));
	R(side_mkdir(side, "tree/a/", 01777));
	R(side_stat(side, "tree/a"));
	R(side_mkdir(side, "tree/none/b", 0700));
	R(side_mkdir(side, "tree/.", 0700));
	R(side_mkdir(side, "tree/..", 0700));
	TRY("tree/f", O_CREAT | O_WRONLY, 0600);
	R(side_mkdir(side, "tree/f/x", 0700));
	R(side_mkdir(side, "tree/f/", 0700));
	R(side_link(side, "tree/f", "tree/g", 0));
	R(side_stat(side, "tree/g"));
	R(side_link(side, "tree/f", "tree/g", 0));
	R(side_link(side, "tree/none", "tree/h", 0));
	R(side_link(side, "tree/a", "tree/h", 0));
	R(side_link(side, "tree/f", "tree/h/", 0));
	R(side_symlink(side, "f", "tree/s"));
	R(side_symlink(side, "a", "tree/sa"));
	R(side_symlink(side, "f", "tree/s"));
	R(side_symlink(side, "f", "tree/t/"));
	R(side_symlink(side, "", "tree/empty"));
	R(side_readlink(side, "tree/s"));
	R(side_readlink(side, "tree/f"));
	R(side_readlink(side, "tree/none"));
	R(side_readlink(side, "tree/sa/"));
	R(side_link(side, "tree/s", "tree/hard-s", 0));
	R(side_lstat(side, "tree/hard-s"));
	R(side_link(side, "tree/s", "tree/hard-f", AT_SYMLINK_FOLLOW));
	R(side_lstat(side, "tree/hard-f"));
}

/* Goes on with the tree of script_names. */
static void script_renames(struct side *side)
{
	R(side_rename(side, "tree/g", "tree/f", 0)); /* the same file: nothing happens */
	R(side_rename(side, "tree/g", "tree/moved", RENAME_NOREPLACE));
	R(side_rename(side, "tree/f", "tree/moved", RENAME_NOREPLACE));
	R(side_rename(side, "tree/f", "tree/a", RENAME_EXCHANGE));
	R(side_stat(side, "tree/f"));
	R(side_rename(side, "tree/f", "tree/a", RENAME_EXCHANGE));
	R(side_rename(side, "tree/none", "tree/x", 0));
	R(side_rename(side, "tree/f", "tree/a", 0));
	R(side_rename(side, "tree/a", "tree/f", 0));
	R(side_rename(side, "tree", "tree/a/x", 0));
	R(side_rename(side, "tree/a", "tree/b/", 0));
	R(side_rename(side, "tree/f", "tree/x/", 0));
	R(side_rename(side, "tree/sa/", "tree/x", 0));
	R(side_rename(side, "tree/.", "tree/x", 0));
	R(side_rename(side, "tree/f", "tree/x", 99));
	R(side_rmdir(side, "tree"));
	R(side_rmdir(side, "tree/f"));
	R(side_rmdir(side, "tree/sa"));
	R(side_rmdir(side, "tree/sa/"));
	R(side_rmdir(side, "tree/."));
	R(side_rmdir(side, "tree/.."));
	R(side_rmdir(side, "tree/none"));
	R(side_unlink(side, "tree/b"));
	R(side_unlink(side, "tree/b/"));
	R(side_unlink(side, "tree/f/"));
	R(side_unlink(side, "tree/."));
	R(side_unlink(side, "tree/none"));
	R(side_unlink(side, "tree/s"));
	R(side_unlink(side, "tree/f"));
	R(side_unlink(side, "tree/f"));
	R(side_rmdir(side, "tree/b/"));
	int64_t fd = OPEN("tree", O_RDONLY | O_DIRECTORY, 0);
	R(side_list(side, fd));
	R(side_list(side, fd));
	R(side_read(side, fd, buffer, 10));
	R(side_close(side, fd));
	fd = OPEN("tree/moved", O_RDONLY, 0);
	R(side_list(side, fd));
	R(side_close(side, fd));
}

static void script_long_names(struct side *side)
{
	char name[300];

	memset(name, 'n', sizeof(name));
	name[255] = '\0';
	TRY(name, O_CREAT | O_WRONLY, 0600);
	R(side_stat(side, name));
	name[255] = 'n';
	name[256] = '\0';
	TRY(name, O_CREAT | O_WRONLY, 0600);
	R(side_stat(side, name));
	R(side_mkdir(side, name, 0700));
	R(side_rename(side, "file", name, 0));
	R(side_mkdir(side, "many", 0700));
	for (int i = 0; i < 200; i++) {
		snprintf(name, sizeof(name), "many/file-number-%d", i);
		TRY(name, O_CREAT | O_WRONLY, 0600);
	}
	int64_t fd = OPEN("many", O_RDONLY, 0);
	R(side_list(side, fd));
	R(side_close(side, fd));
}

static void script_links(struct side *side)
{
	char name[32], target[32];

	/* A chain of 40 links works, one of 41 does not. */
	TRY("chain-0", O_CREAT | O_WRONLY, 0600);
	for (int i = 1; i <= 41; i++) {
		snprintf(name, sizeof(name), "chain-%d", i);
		snprintf(target, sizeof(target), "chain-%d", i - 1);
		R(side_symlink(side, target, name));
	}
	R(side_stat(side, "chain-40"));
	R(side_stat(side, "chain-41"));
	R(side_mkdir(side, "deep", 0700));
	R(side_mkdir(side, "deep/er", 0700));
	R(side_symlink(side, "../../file", "deep/er/up"));
	R(side_stat(side, "deep/er/up"));
	R(side_symlink(side, "deep/er/..", "to-deep"));
	R(side_stat(side, "to-deep/er/up"));
	R(side_stat(side, "to-deep/er/../er/up/"));
	R(side_symlink(side, "deep/er/", "to-er"));
	R(side_lstat(side, "to-er"));
	R(side_lstat(side, "to-er/"));
	R(side_unlink(side, "to-er/"));
	R(side_unlink(side, "to-er"));
}

static void run_script(struct side *side)
{
	script_data(side);
	script_large(side);
	script_open_flags(side);
	script_attributes(side);
	script_names(side);
	script_renames(side);
	script_long_names(side);
	script_links(side);
}

int main(void)
{
	static struct guest guest;
	static struct side ours, linux_side;
	char *ours_dir = make_work_dir(), *linux_dir = make_work_dir();

	umask(0);
	CHECK_EQ(mount_table_add_host(&guest.mounts, ours_dir, ours_dir, MOUNT_PLAIN_ONLY), 0);
	guest_start(&guest, NULL);
	ours = (struct side){.guest = &guest, .root = ours_dir};
	linux_side.root = linux_dir;
	run_script(&ours);
	run_script(&linux_side);
	side_compare(&ours, &linux_side);
	CHECK(ours.count > 300);
	guest_stop(&guest);
	remove_work_dir(ours_dir);
	remove_work_dir(linux_dir);
	return 0;
}
