/* SPDX-License-Identifier: BSD-3-Clause */
/* The stat family, permissions, owners, times, file system figures. */
#include "files.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

static void stat_family(void)
{
	struct stat a, b;
	struct statx x;
	int fd = open("file", O_RDONLY);

	check_section("stat, fstat, lstat, fstatat, statx");
	SHOW(stat("file", &a));
	SHOW(fstat(fd, &b));
	CHECK(a.st_ino == b.st_ino && a.st_dev == b.st_dev && a.st_mode == b.st_mode);
	CHECK(a.st_size == 10 && a.st_nlink == 1 && a.st_blksize > 0);
	CHECK(a.st_uid == geteuid() && a.st_gid == getegid());
	SHOW(stat("missing", &a));
	SHOW(stat("", &a));
	SHOW(stat("file/below", &a));
	SHOW(stat("file/", &a));
	SHOW(stat("file", bad_pointer));
	SHOW(stat((const char *)bad_pointer, &a));
	SHOW(fstat(99, &a));
	SHOW(fstat(fd, bad_pointer));
	SHOW(statx(AT_FDCWD, "file", 0, STATX_BASIC_STATS, &x));
	CHECK((x.stx_mask & STATX_BASIC_STATS) == STATX_BASIC_STATS);
	CHECK(x.stx_size == 10 && x.stx_ino == b.st_ino && x.stx_mode == b.st_mode);
	CHECK(makedev(x.stx_dev_major, x.stx_dev_minor) == b.st_dev);
	CHECK(x.stx_mtime.tv_sec == b.st_mtim.tv_sec && x.stx_mtime.tv_nsec == b.st_mtim.tv_nsec);
	SHOW(statx(fd, "", AT_EMPTY_PATH, STATX_SIZE, &x));
	CHECK(x.stx_size == 10);
	SHOW(statx(fd, "", 0, STATX_SIZE, &x));
	SHOW(statx(AT_FDCWD, "missing", 0, STATX_SIZE, &x));
	SHOW(statx(AT_FDCWD, "file", 0x40000000, STATX_SIZE, &x));
	SHOW(statx(AT_FDCWD, "file", 0, 0x80000000u, &x));
	SHOW(stat("/", &a));
	SHOW(stat("/..", &b));
	CHECK(a.st_ino == b.st_ino && a.st_dev == b.st_dev);
	SHOW(close(fd));
}

static void permissions(void)
{
	int fd = open("file", O_RDONLY);

	check_section("chmod, access, umask");
	SHOW(chmod("file", 0600));
	show_stat("file");
	SHOW(fchmod(fd, 0751));
	show_stat("file");
	SHOW(fchmodat(AT_FDCWD, "file", 04644, 0));
	show_stat("file");
	SHOW(fchmodat(AT_FDCWD, "missing", 0644, 0));
	SHOW(chmod("missing", 0644));
	SHOW(chmod("", 0644));
	SHOW(chmod((const char *)bad_pointer, 0644));
	SHOW(fchmod(99, 0644));
	SHOW(access("file", F_OK));
	SHOW(access("file", R_OK | W_OK));
	SHOW(access("file", X_OK));
	SHOW(access("missing", R_OK));
	SHOW(access("file", 64));
	SHOW(access("file/below", F_OK));
	SHOW(access(".", R_OK | W_OK | X_OK));
	SHOW(syscall(SYS_faccessat2, AT_FDCWD, "file", R_OK, AT_EACCESS));
	SHOW(syscall(SYS_faccessat2, AT_FDCWD, "file", R_OK, 0x40000000));
	SHOW(umask(077));
	make_file("private", "");
	MUST(mkdir("private-dir", 0777));
	SHOW(umask(022));
	show_stat("private");
	show_stat("private-dir");
	SHOW(rmdir("private-dir"));
	SHOW(unlink("private"));
	SHOW(chown("file", geteuid(), getegid()));
	SHOW(chown("file", (uid_t)-1, (gid_t)-1));
	SHOW(lchown("file", geteuid(), (gid_t)-1));
	SHOW(fchown(fd, geteuid(), getegid()));
	SHOW(fchownat(fd, "", geteuid(), getegid(), AT_EMPTY_PATH));
	SHOW(chown("missing", 0, 0));
	SHOW(fchown(99, 0, 0));
	SHOW(close(fd));
}

static void file_system(void)
{
	struct statfs info;
	int fd = open("file", O_RDONLY);

	check_section("statfs");
	SHOW(statfs("file", &info));
	CHECK(info.f_bsize > 0 && info.f_blocks >= info.f_bfree && info.f_bfree >= info.f_bavail);
	CHECK(info.f_namelen == 255);
	SHOW(fstatfs(fd, &info));
	SHOW(statfs("missing", &info));
	SHOW(fstatfs(99, &info));
	SHOW(statfs("file", bad_pointer));
	SHOW(close(fd));
}

void files_attributes(void)
{
	make_file("file", "0123456789");
	stat_family();
	permissions();
	file_system();
	SHOW(unlink("file"));
}

static void show_times(const char *path)
{
	struct stat info;

	MUST(lstat(path, &info));
	printf("%s: atime %lld.%09ld mtime %lld.%09ld\n", path, (long long)info.st_atim.tv_sec,
	       info.st_atim.tv_nsec, (long long)info.st_mtim.tv_sec, info.st_mtim.tv_nsec);
}

/* Within a few seconds of now, by the clock of this side. */
static int is_now(const struct timespec *time)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return time->tv_sec >= now.tv_sec - 5 && time->tv_sec <= now.tv_sec + 5;
}

static void set_times(int fd)
{
	struct timespec both[2] = {{1000000000, 123456000}, {1234567890, 987654000}};
	struct timespec omit[2] = {{0, UTIME_OMIT}, {5, 0}};
	struct timespec bad[2] = {{0, 1000000000}, {0, 0}};
	struct timespec now[2] = {{0, UTIME_NOW}, {0, UTIME_OMIT}};
	struct stat info;

	SHOW(utimensat(AT_FDCWD, "file", both, 0));
	show_times("file");
	SHOW(utimensat(AT_FDCWD, "file", omit, 0));
	show_times("file");
	SHOW(utimensat(AT_FDCWD, "file", bad, 0));
	SHOW(utimensat(AT_FDCWD, "missing", both, 0));
	SHOW(utimensat(AT_FDCWD, "file", both, 0x40000000));
	SHOW(futimens(fd, both));
	show_times("file");
	SHOW(futimens(99, both));
	SHOW(utimensat(AT_FDCWD, "file", now, 0));
	MUST(stat("file", &info));
	CHECK(is_now(&info.st_atim));
	CHECK(info.st_mtim.tv_sec == 1234567890);
	SHOW(utimensat(AT_FDCWD, "file", NULL, 0));
	MUST(stat("file", &info));
	CHECK(is_now(&info.st_atim) && is_now(&info.st_mtim));
	SHOW(utimensat(AT_FDCWD, "link", both, AT_SYMLINK_NOFOLLOW));
	show_times("link");
	MUST(stat("file", &info));
	CHECK(is_now(&info.st_mtim));
}

void files_times(void)
{
	struct timespec old[2] = {{1000, 0}, {1000, 0}};
	struct stat info;
	int fd;

	check_section("utimensat, futimens, times of files");
	make_file("file", "0123456789");
	MUST(symlink("file", "link"));
	fd = open("file", O_RDWR);
	set_times(fd);
	MUST(futimens(fd, old));
	MUST(write(fd, "x", 1));
	MUST(fstat(fd, &info));
	CHECK(is_now(&info.st_mtim) && is_now(&info.st_ctim));
	MUST(futimens(fd, old));
	MUST(ftruncate(fd, 3));
	MUST(fstat(fd, &info));
	CHECK(is_now(&info.st_mtim));
	SHOW(close(fd));
	MUST(mkdir("dir", 0755));
	MUST(utimensat(AT_FDCWD, "dir", old, 0));
	make_file("dir/new", "");
	MUST(stat("dir", &info));
	CHECK(is_now(&info.st_mtim));
	MUST(utimensat(AT_FDCWD, "dir", old, 0));
	MUST(unlink("dir/new"));
	MUST(stat("dir", &info));
	CHECK(is_now(&info.st_mtim));
	SHOW(rmdir("dir"));
	SHOW(unlink("link"));
	SHOW(unlink("file"));
}
