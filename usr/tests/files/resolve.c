/* SPDX-License-Identifier: BSD-3-Clause */
/* openat2: how a path may be resolved; files without a name that get one. */
#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static long open_how(int dirfd, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve)
{
	struct open_how how;

	memset(&how, 0, sizeof(how));
	how.flags = flags;
	how.mode = mode;
	how.resolve = resolve;
	return syscall(SYS_openat2, dirfd, path, &how, sizeof(how));
}

/* What a file that was opened in this way holds. */
static void show_open(int dirfd, const char *path, uint64_t flags, uint64_t resolve)
{
	static const char *const names[] = {"NO_XDEV", "NO_MAGICLINKS", "NO_SYMLINKS",
					    "BENEATH", "IN_ROOT",	"CACHED"};
	char text[32] = "", line[128] = "";
	long fd = open_how(dirfd, path, flags, flags & O_CREAT ? 0600 : 0, resolve);
	int error = errno;

	for (int i = 0; i < 6; i++)
		if (resolve >> i & 1)
			strcat(strcat(line, line[0] ? "|" : ""), names[i]);
	if (fd < 0) {
		printf("%s, %s: %s\n", path, line, check_errno_name(error));
		return;
	}
	if (read((int)fd, text, sizeof(text) - 1) < 0)
		strcpy(text, check_errno_name(errno));
	printf("%s, %s: \"%s\"\n", path, line, text);
	close((int)fd);
}

static void make_tree(void)
{
	MUST(mkdir("tree", 0755));
	MUST(mkdir("tree/inner", 0755));
	MUST(mkdir("tree/inner/deep", 0755));
	make_file("outside", "outside");
	make_file("tree/file", "file");
	make_file("tree/inner/file", "inner file");
	MUST(symlink("../file", "tree/inner/up"));
	MUST(symlink("../outside", "tree/out"));
	MUST(symlink("/file", "tree/absolute"));
	MUST(symlink("inner", "tree/way"));
	MUST(symlink("nowhere", "tree/dangling"));
	MUST(symlink("loop", "tree/loop"));
}

static void remove_tree(void)
{
	static const char *const names[] = {"tree/inner/up", "tree/out",	"tree/absolute",
					    "tree/way",	     "tree/dangling",	"tree/loop",
					    "tree/file",     "tree/inner/file", "outside"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		MUST(unlink(names[i]));
	MUST(rmdir("tree/inner/deep"));
	MUST(rmdir("tree/inner"));
	SHOW(rmdir("tree"));
}

static void arguments(void)
{
	struct {
		struct open_how how;
		uint64_t more;
	} big;

	memset(&big, 0, sizeof(big));
	SHOW(open_how(AT_FDCWD, "outside", 0, 0, 1 << 20));
	SHOW(open_how(AT_FDCWD, "outside", 0, 0, RESOLVE_BENEATH | RESOLVE_IN_ROOT));
	SHOW(open_how(AT_FDCWD, "outside", O_DIRECTORY, 0600, 0));
	SHOW(open_how(AT_FDCWD, "outside", 1ull << 40, 0, 0));
	SHOW(open_how(AT_FDCWD, "outside", O_PATH | O_RDWR, 0, 0));
	SHOW(open_how(AT_FDCWD, "outside", O_CREAT, 010000, 0));
	SHOW(open_how(AT_FDCWD, "outside", O_CREAT | O_RDWR, 0600, RESOLVE_CACHED));
	SHOW(open_how(AT_FDCWD, "outside", O_TRUNC | O_RDWR, 0, RESOLVE_CACHED));
	SHOW(syscall(SYS_openat2, AT_FDCWD, "outside", &big, 8));
	SHOW(close((int)syscall(SYS_openat2, AT_FDCWD, "outside", &big, sizeof(big))));
	big.more = 1;
	SHOW(syscall(SYS_openat2, AT_FDCWD, "outside", &big, sizeof(big)));
	SHOW(syscall(SYS_openat2, AT_FDCWD, "outside", &big, 1 << 20));
	SHOW(syscall(SYS_openat2, AT_FDCWD, "outside", bad_pointer, sizeof(big.how)));
	SHOW(open_how(AT_FDCWD, "", 0, 0, RESOLVE_BENEATH));
	SHOW(open_how(999, "outside", 0, 0, RESOLVE_BENEATH));
}

static void scopes(int tree)
{
	static const char *const paths[] = {"file",
					    "inner/file",
					    "./inner/../file",
					    "inner/up",
					    "../outside",
					    "inner/../../outside",
					    "out",
					    "absolute",
					    "/file",
					    "way/file",
					    "dangling",
					    "loop",
					    "file/",
					    "file/x",
					    "missing/x",
					    "/",
					    "..",
					    ".",
					    "inner/deep/../../../tree/file",
					    "way/deep/../up"};

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		show_open(tree, paths[i], O_RDONLY, RESOLVE_BENEATH);
		show_open(tree, paths[i], O_RDONLY, RESOLVE_IN_ROOT);
		show_open(tree, paths[i], O_RDONLY, RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH);
	}
	show_open(tree, "way/file", O_RDONLY, RESOLVE_NO_SYMLINKS);
	show_open(tree, "../outside", O_RDONLY, RESOLVE_NO_SYMLINKS);
	show_open(tree, "out", O_RDONLY | O_NOFOLLOW, RESOLVE_BENEATH);
	show_open(tree, "out", O_PATH | O_NOFOLLOW, RESOLVE_NO_SYMLINKS);
	show_open(tree, "file", O_RDONLY, RESOLVE_NO_XDEV);
	show_open(tree, "inner/up", O_RDONLY, RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS);
	show_open(tree, "/proc/self/status", O_RDONLY | O_DIRECTORY, RESOLVE_NO_XDEV);
	show_open(tree, "/dev/null", O_RDONLY, 0);
	show_open(tree, "/proc/self/fd/0", O_PATH, RESOLVE_NO_MAGICLINKS);
	show_open(tree, "/proc/self/fd/0", O_PATH, RESOLVE_NO_SYMLINKS);
	show_open(tree, "/proc/self/exe", O_PATH, RESOLVE_NO_MAGICLINKS);
	show_open(tree, "/proc/self/stat", O_PATH, RESOLVE_NO_MAGICLINKS);
	show_open(tree, "/proc/self/stat", O_PATH, RESOLVE_NO_SYMLINKS);
	show_open(tree, "/proc/self/fd/0", O_PATH | O_NOFOLLOW, RESOLVE_NO_MAGICLINKS);
}

static void create(int tree)
{
	show_open(tree, "new", O_RDWR | O_CREAT, RESOLVE_BENEATH);
	show_open(tree, "new", O_RDWR | O_CREAT | O_EXCL, RESOLVE_BENEATH);
	show_open(tree, "../new", O_RDWR | O_CREAT, RESOLVE_BENEATH);
	show_open(tree, "/inner/new", O_RDWR | O_CREAT, RESOLVE_IN_ROOT);
	show_open(tree, "dangling", O_RDWR | O_CREAT, RESOLVE_NO_SYMLINKS);
	show_open(tree, "dangling", O_RDWR | O_CREAT | O_EXCL, RESOLVE_BENEATH);
	show_open(tree, "dangling", O_RDWR | O_CREAT, RESOLVE_BENEATH);
	show_open(tree, "inner/", O_RDONLY | O_CREAT, RESOLVE_BENEATH);
	show_open(tree, ".", O_RDONLY | O_CREAT, RESOLVE_BENEATH);
	SHOW(unlinkat(tree, "new", 0));
	SHOW(unlinkat(tree, "inner/new", 0));
	SHOW(unlinkat(tree, "nowhere", 0));
}

void files_resolve(void)
{
	int tree;

	check_section("openat2");
	make_tree();
	tree = open("tree", O_RDONLY | O_DIRECTORY);
	arguments();
	scopes(tree);
	create(tree);
	close(tree);
	remove_tree();
}

/* A name in /proc for a descriptor. */
static const char *proc_name(int fd)
{
	static char name[64];

	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	return name;
}

void files_unnamed(void)
{
	int fd;

	check_section("files without a name that get one");
	fd = open(".", O_TMPFILE | O_RDWR, 0600);
	MUST(write(fd, "unnamed", 7));
	SHOW(linkat(AT_FDCWD, proc_name(fd), AT_FDCWD, "named", 0));
	SHOW(linkat(AT_FDCWD, proc_name(fd), AT_FDCWD, "missing/named", AT_SYMLINK_FOLLOW));
	SHOW(linkat(AT_FDCWD, proc_name(fd), AT_FDCWD, "named", AT_SYMLINK_FOLLOW));
	show_stat("named");
	show_file("named");
	SHOW(linkat(AT_FDCWD, proc_name(fd), AT_FDCWD, "named", AT_SYMLINK_FOLLOW));
	SHOW(linkat(fd, "", AT_FDCWD, "again", AT_EMPTY_PATH));
	show_stat("again");
	SHOW(linkat(fd, "", AT_FDCWD, "again", 0));
	SHOW(linkat(999, "", AT_FDCWD, "again", AT_EMPTY_PATH));
	SHOW(linkat(AT_FDCWD, proc_name(999), AT_FDCWD, "third", AT_SYMLINK_FOLLOW));
	close(fd);
	fd = open(".", O_TMPFILE | O_RDWR | O_EXCL, 0600);
	SHOW(linkat(AT_FDCWD, proc_name(fd), AT_FDCWD, "third", AT_SYMLINK_FOLLOW));
	close(fd);
	/* An ordinary file, and one whose names have gone. */
	fd = open("named", O_RDONLY);
	SHOW(linkat(AT_FDCWD, proc_name(fd), AT_FDCWD, "third", AT_SYMLINK_FOLLOW));
	SHOW(unlink("third"));
	SHOW(unlink("named"));
	SHOW(unlink("again"));
	SHOW(linkat(AT_FDCWD, proc_name(fd), AT_FDCWD, "third", AT_SYMLINK_FOLLOW));
	close(fd);
	fd = open(".", O_RDONLY);
	SHOW(linkat(fd, "", AT_FDCWD, "directory", AT_EMPTY_PATH));
	close(fd);
	int ends[2];
	MUST(pipe(ends));
	SHOW(linkat(ends[0], "", AT_FDCWD, "pipe", AT_EMPTY_PATH));
	close(ends[0]);
	close(ends[1]);
}

/* Which of several faults is found first. */
void files_order(void)
{
	int fd, directory, ends[2];

	check_section("the order of errors");
	make_file("file", "text");
	MUST(mkdir("dir", 0700));
	SHOW(link("missing", "file/x"));
	SHOW(link("missing", "dir"));
	SHOW(link("file/x", "missing/x"));
	SHOW(link("missing/x", "file/x"));
	SHOW(link("missing", "missing/"));
	SHOW(link("file/", "missing/x"));
	SHOW(link("dir", "dir"));
	SHOW(link("dir", "file/x"));
	SHOW(linkat(AT_FDCWD, "missing", 999, "x", 0));
	SHOW(linkat(999, "x", AT_FDCWD, "missing/x", 0));
	SHOW(open("new/", O_RDWR | O_CREAT, 0600));
	SHOW(open("dir/", O_RDWR | O_CREAT, 0600));
	SHOW(open("dir/", O_RDONLY | O_CREAT, 0600));
	SHOW(open("dir/", O_RDONLY | O_CREAT | O_EXCL, 0600));
	SHOW(open("dir", O_RDONLY | O_CREAT | O_EXCL, 0600));
	SHOW(open("dir", O_RDONLY | O_CREAT, 0600));
	SHOW(open("file/", O_RDONLY | O_CREAT, 0600));
	SHOW(open("file/", O_RDONLY | O_CREAT | O_EXCL, 0600));
	SHOW(open("missing/new/", O_RDONLY | O_CREAT, 0600));
	SHOW(open("file/new/", O_RDONLY | O_CREAT, 0600));
	fd = open("file", O_RDONLY);
	directory = open("dir", O_RDONLY);
	MUST(pipe(ends));
	SHOW(fallocate(-1, 0, -1, 0));
	SHOW(fallocate(fd, 0, -1, 1));
	SHOW(fallocate(fd, 0, 0, 1));
	SHOW(fallocate(fd, 1 << 20, 0, 1));
	SHOW(fallocate(ends[1], 1 << 20, 0, 1));
	SHOW(fallocate(ends[1], 0, 0, 0));
	SHOW(fallocate(ends[1], 0, 0, 1));
	SHOW(fallocate(ends[0], 0, 0, 1));
	SHOW(fallocate(ends[1], 0, INT64_MAX, 1));
	SHOW(fallocate(directory, 0, 0, 1));
	SHOW(readahead(fd, 0, 10));
	SHOW(readahead(ends[0], 0, 10));
	SHOW(readahead(ends[1], 0, 10));
	close(fd);
	fd = open("file", O_PATH);
	SHOW(flock(fd, LOCK_SH));
	SHOW(readahead(fd, 0, 10));
	SHOW(fallocate(fd, 0, -1, 0));
	SHOW(fsync(fd));
	SHOW(fchmod(fd, 0600));
	SHOW(fchownat(fd, "", (uid_t)-1, (gid_t)-1, AT_EMPTY_PATH));
	SHOW(lseek(fd, 0, SEEK_SET));
	SHOW(ioctl(fd, FIOCLEX));
	close(fd);
	fd = open("file", O_RDWR);
	SHOW(fallocate(fd, 0, INT64_MAX, 1));
	SHOW(fallocate(fd, FALLOC_FL_PUNCH_HOLE, 0, 1));
	SHOW(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, INT64_MAX, 1));
	close(fd);
	close(directory);
	close(ends[0]);
	close(ends[1]);
	SHOW(unlink("file"));
	SHOW(rmdir("dir"));
}
