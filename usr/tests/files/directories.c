/* SPDX-License-Identifier: BSD-3-Clause */
/* mkdir, rmdir, getdents64, chdir, getcwd, rename. */
#include "files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ENTRIES 700

static void make_and_remove(void)
{
	check_section("mkdir, rmdir, unlink");
	SHOW(mkdir("dir", 0750));
	show_stat("dir");
	SHOW(mkdir("dir", 0750));
	SHOW(mkdir("dir/sub/", 0777));
	show_stat("dir/sub");
	SHOW(mkdir("missing/sub", 0777));
	SHOW(mkdir("", 0777));
	SHOW(mkdir("/", 0777));
	SHOW(mkdir(".", 0777));
	SHOW(mkdir((const char *)bad_pointer, 0777));
	make_file("file", "x");
	SHOW(mkdir("file", 0777));
	SHOW(mkdir("file/sub", 0777));
	SHOW(rmdir("dir"));
	SHOW(rmdir("file"));
	SHOW(rmdir("missing"));
	SHOW(rmdir("dir/."));
	SHOW(rmdir("dir/.."));
	SHOW(rmdir("dir/sub"));
	SHOW(unlink("dir"));
	SHOW(unlink("missing"));
	SHOW(unlink("file/"));
	SHOW(unlink(""));
	SHOW(unlink((const char *)bad_pointer));
	SHOW(rmdir("dir"));
	SHOW(unlink("file"));
}

struct raw_entry {
	uint64_t ino;
	int64_t next;
	uint16_t length;
	uint8_t type;
	char name[];
};

static const struct raw_entry *entry_at(const char *buffer, long offset)
{
	return (const void *)(buffer + offset);
}

/* The raw call: record format, small buffers, the end. */
static void raw_entries(void)
{
	_Alignas(8) char buffer[512];
	long length, calls = 0, count = 0, bad = 0;
	int fd = open("dir", O_RDONLY | O_DIRECTORY), file;

	SHOW(syscall(SYS_getdents64, fd, buffer, 10));
	SHOW(syscall(SYS_getdents64, fd, bad_pointer, 512));
	SHOW(syscall(SYS_getdents64, 99, buffer, 512));
	while ((length = syscall(SYS_getdents64, fd, buffer, sizeof(buffer))) > 0) {
		calls++;
		for (long at = 0; at < length; at += entry_at(buffer, at)->length) {
			const struct raw_entry *entry = entry_at(buffer, at);

			count++;
			bad += entry->length % 8 != 0 || entry->ino == 0;
			bad += strlen(entry->name) + 20 > entry->length;
			bad += entry->type != DT_REG && entry->type != DT_DIR;
		}
	}
	check_show("getdents64 at the end", length);
	check_show("entries", count);
	CHECK(calls > 10);
	CHECK(bad == 0);
	SHOW(lseek(fd, 0, SEEK_SET));
	SHOW(syscall(SYS_getdents64, fd, buffer, sizeof(buffer)) > 0);
	SHOW(close(fd));
	file = open("dir/entry-000", O_RDONLY);
	SHOW(syscall(SYS_getdents64, file, buffer, sizeof(buffer)));
	SHOW(close(file));
}

static int read_names(DIR *dir, unsigned char *seen)
{
	const struct dirent *entry;
	int count = 0, number;

	while ((entry = readdir(dir)) != NULL) {
		count++;
		if (sscanf(entry->d_name, "entry-%d", &number) == 1)
			seen[number]++;
	}
	return count;
}

static void many_entries(void)
{
	static unsigned char seen[ENTRIES];
	char name[64];
	int once = 0;
	long middle;
	DIR *dir;

	check_section("getdents64 of many entries");
	MUST(mkdir("dir", 0755));
	for (int i = 0; i < ENTRIES; i++) {
		snprintf(name, sizeof(name), "dir/entry-%03d", i);
		make_file(name, "");
	}
	dir = opendir("dir");
	if (!dir)
		check_die("opendir");
	check_show("names read", read_names(dir, seen));
	for (int i = 0; i < ENTRIES; i++)
		once += seen[i] == 1;
	CHECK(once == ENTRIES);
	rewinddir(dir);
	for (int i = 0; i < 100; i++)
		readdir(dir);
	middle = telldir(dir);
	check_show("names after the first 100", read_names(dir, seen));
	seekdir(dir, middle);
	check_show("and once more", read_names(dir, seen));
	closedir(dir);
	raw_entries();
}

/* Each entry is removed as soon as it was read, as rm -r does it. */
static void remove_while_reading(void)
{
	const struct dirent *entry;
	int removed = 0;
	DIR *dir = opendir("dir");

	if (!dir)
		check_die("opendir");
	while ((entry = readdir(dir)) != NULL)
		removed += unlinkat(dirfd(dir), entry->d_name, 0) == 0;
	closedir(dir);
	check_show("entries removed while reading", removed);
	SHOW(rmdir("dir"));
	errno = 0;
	dir = opendir("dir");
	check_show("opendir of a removed directory", dir ? 0 : -1);
}

void files_directories(void)
{
	make_and_remove();
	many_entries();
	remove_while_reading();
}

/* The current directory below the scratch directory, because what is above differs. */
static void show_cwd(void)
{
	char path[PATH_MAX];
	const char *tail;

	if (!getcwd(path, sizeof(path))) {
		check_show("getcwd", -1);
		return;
	}
	tail = strstr(path, "files-scratch");
	printf("getcwd: %s\n", tail ? tail : path);
}

void files_working_directory(void)
{
	char path[PATH_MAX];
	int top = open(".", O_RDONLY | O_DIRECTORY), file;

	check_section("chdir, fchdir, getcwd");
	MUST(mkdir("dir", 0755));
	MUST(mkdir("dir/sub", 0755));
	MUST(symlink("dir/sub", "link"));
	make_file("file", "x");
	show_cwd();
	SHOW(chdir("dir"));
	show_cwd();
	SHOW(chdir("./sub/../sub/"));
	show_cwd();
	SHOW(close(open("../../file", O_RDONLY)));
	SHOW(fchdir(top));
	show_cwd();
	SHOW(chdir("link"));
	show_cwd();
	SHOW(chdir("../.."));
	SHOW(chdir("file"));
	SHOW(chdir("missing"));
	SHOW(chdir(""));
	SHOW(chdir((const char *)bad_pointer));
	file = open("file", O_RDONLY);
	SHOW(fchdir(file));
	SHOW(fchdir(99));
	SHOW(close(file));
	SHOW(syscall(SYS_getcwd, path, 1));
	SHOW(syscall(SYS_getcwd, bad_pointer, PATH_MAX));
	SHOW(syscall(SYS_getcwd, path, sizeof(path)) == (long)strlen(path) + 1);
	SHOW(chdir("dir/sub"));
	SHOW(rmdir("../sub"));
	SHOW(syscall(SYS_getcwd, path, sizeof(path)));
	SHOW(open("new", O_CREAT | O_WRONLY, 0600));
	SHOW(fchdir(top));
	SHOW(chdir("/"));
	show_cwd();
	SHOW(fchdir(top));
	show_cwd();
	SHOW(close(top));
	SHOW(unlink("link"));
	SHOW(unlink("file"));
	SHOW(rmdir("dir"));
}

static void rename_files(void)
{
	char text[8] = "";
	int fd;

	make_file("a", "content of a");
	make_file("b", "content of b");
	fd = open("b", O_RDONLY);
	SHOW(rename("a", "b"));
	SHOW(access("a", F_OK));
	show_file("b");
	SHOW(read(fd, text, 7)); /* the replaced file lives until it is closed */
	SHOW(read(fd, text, 7));
	CHECK(memcmp(text, " of b", 5) == 0);
	SHOW(close(fd));
	SHOW(rename("b", "b"));
	SHOW(rename("missing", "b"));
	SHOW(rename("b", "missing/b"));
	SHOW(rename("b", ""));
	SHOW(rename((const char *)bad_pointer, "b"));
	make_file("a", "content of a");
	SHOW(renameat2(AT_FDCWD, "a", AT_FDCWD, "b", 1)); /* RENAME_NOREPLACE */
	SHOW(renameat2(AT_FDCWD, "a", AT_FDCWD, "c", 1));
	SHOW(renameat2(AT_FDCWD, "b", AT_FDCWD, "c", 2)); /* RENAME_EXCHANGE */
	show_file("b");
	SHOW(renameat2(AT_FDCWD, "b", AT_FDCWD, "c", 3));
	SHOW(renameat2(AT_FDCWD, "b", AT_FDCWD, "c", 64));
}

void files_rename(void)
{
	check_section("rename");
	rename_files();
	MUST(mkdir("dir", 0755));
	MUST(mkdir("dir2", 0755));
	MUST(mkdir("dir2/sub", 0755));
	SHOW(rename("b", "dir"));
	SHOW(rename("dir", "b"));
	SHOW(rename("dir", "dir2"));
	SHOW(rename("dir2", "dir"));
	SHOW(access("dir2", F_OK));
	SHOW(rename("dir", "dir/sub/below"));
	SHOW(rename("dir", "dir"));
	SHOW(rename("dir/.", "other"));
	SHOW(rename("dir/..", "other"));
	SHOW(rename("b", "dir/sub/b"));
	show_file("dir/sub/b");
	SHOW(rename("dir/sub", "sub"));
	show_file("sub/b");
	SHOW(rename("c", "new/"));
	SHOW(rename("sub", "new/"));
	SHOW(unlink("new/b"));
	SHOW(rmdir("new"));
	SHOW(rmdir("dir"));
	SHOW(unlink("c"));
}
