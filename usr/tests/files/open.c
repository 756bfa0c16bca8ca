/* SPDX-License-Identifier: BSD-3-Clause */
/* open, openat, creat and close with all flags, good and bad. */
#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Opens, prints and closes again. */
static void try_open(const char *text, const char *path, int flags, mode_t mode)
{
	int fd = open(path, flags, mode);

	check_show(text, fd);
	if (fd >= 0)
		close(fd);
}

#define OPEN(path, flags, mode)                                                                    \
	try_open("open(" #path ", " #flags ", " #mode ")", path, flags, mode)

static void open_plain(void)
{
	check_section("open: create, exist, truncate");
	OPEN("missing", O_RDONLY, 0);
	OPEN("missing", O_RDWR | O_TRUNC, 0);
	OPEN("file", O_CREAT | O_WRONLY, 0644);
	OPEN("file", O_CREAT | O_WRONLY, 0600);
	show_stat("file");
	OPEN("file", O_CREAT | O_EXCL | O_WRONLY, 0644);
	OPEN("strange", O_CREAT | O_RDONLY, 0);
	show_stat("strange");
	OPEN("bits", O_CREAT | O_RDWR, 07777);
	show_stat("bits");
	make_file("file", "some text");
	show_file("file");
	OPEN("file", O_WRONLY | O_TRUNC, 0);
	show_stat("file");
	SHOW(close(creat("file2", 0640)));
	show_stat("file2");
	MUST(unlink("strange"));
	MUST(unlink("bits"));
	MUST(unlink("file2"));
}

static void open_kinds(void)
{
	check_section("open: directories and paths");
	MUST(mkdir("dir", 0755));
	OPEN("dir", O_RDONLY, 0);
	OPEN("dir", O_RDONLY | O_DIRECTORY, 0);
	OPEN("dir/", O_RDONLY, 0);
	OPEN("dir", O_WRONLY, 0);
	OPEN("dir", O_RDWR, 0);
	OPEN("dir", O_RDONLY | O_CREAT, 0644);
	OPEN("file", O_RDONLY | O_DIRECTORY, 0);
	OPEN("file/", O_RDONLY, 0);
	OPEN("file/below", O_RDONLY, 0);
	OPEN("file/..", O_RDONLY, 0);
	OPEN("new/", O_CREAT | O_WRONLY, 0644);
	OPEN("missing/below", O_CREAT | O_WRONLY, 0644);
	OPEN("", O_RDONLY, 0);
	OPEN(".", O_RDONLY, 0);
	OPEN("dir/../file", O_RDONLY, 0);
	OPEN("dir/./../dir/../file", O_RDONLY, 0);
	OPEN(".//dir//..///file", O_RDONLY, 0);
	OPEN("/../../../..", O_RDONLY | O_DIRECTORY, 0);
	OPEN((const char *)bad_pointer, O_RDONLY, 0);
	MUST(rmdir("dir"));
}

static void open_long_names(void)
{
	static char path[5000];

	check_section("open: long names");
	memset(path, 'n', sizeof(path));
	path[255] = '\0';
	check_show("a name of 255 bytes", close(open(path, O_CREAT | O_WRONLY, 0600)));
	check_show("its unlink", unlink(path));
	path[255] = 'n';
	path[256] = '\0';
	check_show("a name of 256 bytes", open(path, O_CREAT | O_WRONLY, 0600));
	path[256] = 'n';
	for (size_t i = 0; i + 1 < sizeof(path); i += 2)
		memcpy(path + i, "./", 2);
	path[4090] = '\0';
	check_show("a path of 4090 bytes", close(open(path, O_RDONLY)));
	path[4090] = '.';
	path[4096] = '\0';
	check_show("a path of 4096 bytes", open(path, O_RDONLY));
	path[4096] = '.';
	path[4999] = '\0';
	check_show("a path of 4999 bytes", open(path, O_RDONLY));
}

static void open_links(void)
{
	char text[8];
	int fd;

	check_section("open: symbolic links");
	MUST(symlink("file", "link"));
	MUST(symlink("nowhere", "dangling"));
	MUST(symlink("loop2", "loop1"));
	MUST(symlink("loop1", "loop2"));
	OPEN("link", O_RDONLY, 0);
	OPEN("link", O_RDONLY | O_NOFOLLOW, 0);
	OPEN("link", O_CREAT | O_EXCL | O_WRONLY, 0644);
	OPEN("dangling", O_RDONLY, 0);
	OPEN("dangling", O_CREAT | O_EXCL | O_WRONLY, 0644);
	OPEN("dangling", O_CREAT | O_WRONLY, 0644);
	show_stat("nowhere");
	OPEN("loop1", O_RDONLY, 0);
	OPEN("loop1/file", O_RDONLY, 0);
	OPEN("loop1", O_RDONLY | O_NOFOLLOW, 0);
	fd = open("link", O_PATH | O_NOFOLLOW);
	check_show("open a link with O_PATH | O_NOFOLLOW", fd);
	SHOW(read(fd, text, sizeof(text)));
	SHOW(write(fd, text, 1));
	SHOW(fchmod(fd, 0600));
	close(fd);
	MUST(unlink("link"));
	MUST(unlink("dangling"));
	MUST(unlink("nowhere"));
	MUST(unlink("loop1"));
	MUST(unlink("loop2"));
}

static void open_modes(void)
{
	char text[8] = "abcdefg";
	int fd;

	check_section("open: access modes, O_APPEND, O_CLOEXEC");
	fd = open("file", O_RDONLY);
	SHOW(write(fd, text, 1));
	SHOW(ftruncate(fd, 0));
	SHOW(close(fd));
	fd = open("file", O_WRONLY);
	SHOW(read(fd, text, 1));
	SHOW(close(fd));
	SHOW(close(fd));
	make_file("file", "0123456789");
	fd = open("file", O_RDWR | O_APPEND);
	SHOW(lseek(fd, 0, SEEK_CUR));
	SHOW(write(fd, "ab", 2));
	SHOW(lseek(fd, 0, SEEK_CUR));
	SHOW(lseek(fd, 3, SEEK_SET));
	SHOW(write(fd, "cd", 2));
	SHOW(pwrite(fd, "ef", 2, 0)); /* appends: Linux's habit */
	SHOW(lseek(fd, 0, SEEK_CUR));
	SHOW(close(fd));
	show_file("file");
	fd = open("file", O_RDONLY | O_CLOEXEC);
	SHOW(fcntl(fd, F_GETFD));
	SHOW(fcntl(fd, F_GETFL) & (O_ACCMODE | O_APPEND | O_NONBLOCK));
	SHOW(close(fd));
	fd = open("file", O_RDWR | O_APPEND | O_NONBLOCK);
	SHOW(fcntl(fd, F_GETFL) & (O_ACCMODE | O_APPEND | O_NONBLOCK));
	SHOW(close(fd));
	fd = open("file", O_WRONLY | O_SYNC);
	SHOW(write(fd, "sync", 4));
	SHOW(close(fd));
	SHOW(open("file", O_RDONLY | O_TMPFILE, 0600));
	MUST(unlink("file"));
}

static void open_unnamed(void)
{
	struct stat info;
	char text[8] = "";
	int fd;

	check_section("open: O_TMPFILE");
	fd = open(".", O_TMPFILE | O_RDWR, 0600);
	check_show("open a file without a name", fd);
	SHOW(write(fd, "unnamed", 7));
	SHOW(pread(fd, text, 7, 0));
	CHECK(memcmp(text, "unnamed", 7) == 0);
	SHOW(fstat(fd, &info));
	CHECK(info.st_nlink == 0 && info.st_size == 7);
	SHOW(close(fd));
	SHOW(open("missing", O_TMPFILE | O_RDWR, 0600));
	SHOW(open(".", O_TMPFILE | O_RDONLY, 0600));
}

static void open_limit(void)
{
	struct rlimit old, limit;
	int last = -1, fd;

	check_section("open: as many as RLIMIT_NOFILE allows");
	MUST(getrlimit(RLIMIT_NOFILE, &old));
	limit = old;
	limit.rlim_cur = 64;
	SHOW(setrlimit(RLIMIT_NOFILE, &limit));
	while ((fd = open(".", O_RDONLY)) >= 0)
		last = fd;
	check_show("the next open", fd);
	check_show("last descriptor", last);
	for (fd = 3; fd <= last; fd++)
		close(fd);
	SHOW(setrlimit(RLIMIT_NOFILE, &old));
}

void files_open(void)
{
	open_plain();
	open_kinds();
	open_long_names();
	open_links();
	open_modes();
	open_unnamed();
	open_limit();
}

static void open_at_bad(int dir, int file)
{
	check_section("openat: bad descriptors");
	SHOW(openat(-1, "inner", O_RDONLY));
	SHOW(openat(77, "inner", O_RDONLY));
	SHOW(openat(file, "inner", O_RDONLY));
	SHOW(openat(dir, "", O_RDONLY));
	SHOW(openat(dir, "missing", O_RDONLY));
	SHOW(openat(dir, "inner", O_RDONLY | O_DIRECTORY));
	SHOW(close(openat(-1, "/", O_RDONLY)));
	SHOW(close(openat(file, "/", O_RDONLY)));
	SHOW(faccessat(dir, "inner", R_OK, 0));
	SHOW(faccessat(dir, "outer", R_OK, 0));
	SHOW(faccessat(file, "inner", R_OK, 0));
}

void files_open_at(void)
{
	struct stat info;
	int dir, file, fd;

	check_section("openat: relative to a directory");
	MUST(mkdir("dir", 0755));
	MUST(mkdir("dir/sub", 0755));
	make_file("outer", "outer");
	dir = open("dir", O_RDONLY | O_DIRECTORY);
	check_show("open dir", dir);
	fd = openat(dir, "inner", O_CREAT | O_RDWR, 0644);
	check_show("create dir/inner", fd);
	SHOW(write(fd, "inner", 5));
	SHOW(close(fd));
	show_file("dir/inner");
	SHOW(close(openat(dir, "../outer", O_RDONLY)));
	SHOW(close(openat(dir, "sub/../inner", O_RDONLY)));
	SHOW(close(openat(dir, ".", O_RDONLY | O_DIRECTORY)));
	SHOW(close(openat(AT_FDCWD, "dir/inner", O_RDONLY)));
	SHOW(fstatat(dir, "inner", &info, 0));
	CHECK(info.st_size == 5);
	SHOW(fstatat(dir, "", &info, AT_EMPTY_PATH));
	CHECK(S_ISDIR(info.st_mode));
	SHOW(fstatat(dir, "", &info, 0));
	SHOW(fstatat(dir, "inner", &info, 0x40000000));
	SHOW(mkdirat(dir, "made", 0700));
	SHOW(symlinkat("inner", dir, "link"));
	SHOW(linkat(dir, "inner", AT_FDCWD, "hard", 0));
	SHOW(renameat(dir, "made", AT_FDCWD, "moved"));
	SHOW(unlinkat(dir, "link", 0));
	SHOW(unlinkat(dir, "sub", 0));
	SHOW(unlinkat(dir, "sub", AT_REMOVEDIR));
	SHOW(unlinkat(dir, "inner", AT_REMOVEDIR));
	SHOW(unlinkat(dir, "inner", 0x1));
	file = open("outer", O_RDONLY);
	make_file("dir/inner", "again");
	open_at_bad(dir, file);
	close(file);
	/* The directory stays reachable through its descriptor after it was moved. */
	SHOW(rename("dir", "dir2"));
	SHOW(close(openat(dir, "inner", O_RDONLY)));
	SHOW(close(dir));
	MUST(unlink("dir2/inner"));
	MUST(rmdir("dir2"));
	MUST(rmdir("moved"));
	MUST(unlink("hard"));
	MUST(unlink("outer"));
}
