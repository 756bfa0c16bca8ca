/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * filemix: a random sequence of file calls on a small set of paths, most of which clash: links to
 * links, directories that move into each other, files that are open while their names go. Prints
 * each call with its result, so that a run in the isle can be compared with one on Linux.
 *
 * usage: filemix SEED [COUNT [DIRECTORY]]. Works in a new directory "filemix-scratch" in DIRECTORY.
 */
#include "common/check.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEPTH_MAX 3
#define FILES	  4
#define PATH_SIZE 64
#define TEXT_SIZE 9000

static uint32_t state;
static int open_files[FILES] = {-1, -1, -1, -1};

static unsigned pick(unsigned count)
{
	state = state * 1664525u + 1013904223u;
	return (state >> 8) % count;
}

static void report(const char *call, const char *a, const char *b, long result)
{
	int error = errno;

	printf("%s %s %s = %ld %s\n", call, a, b, result,
	       result < 0 ? check_errno_name(error) : "");
}

/* A path of up to DEPTH_MAX names, with all that makes paths hard. */
static const char *random_path(char *out)
{
	static const char *const names[] = {"a", "b", "c", "d", ".", ".."};
	unsigned depth = 1 + pick(DEPTH_MAX);

	out[0] = 0;
	for (unsigned i = 0; i < depth; i++) {
		strcat(out, names[pick(i + 1 == depth ? 5 : 6)]);
		if (i + 1 < depth || !pick(6))
			strcat(out, pick(8) ? "/" : "//");
	}
	/* Not above the scratch directory: what is there differs. */
	return strstr(out, "..") == out || strstr(out, "./..") ? "a" : out;
}

static void show_stat(const char *call, const char *path, int result, const struct stat *stat)
{
	report(call, path, "", result);
	if (result)
		return;
	printf("  mode %o", stat->st_mode);
	if (S_ISREG(stat->st_mode))
		printf(" links %lu size %ld", (unsigned long)stat->st_nlink, (long)stat->st_size);
	printf("\n");
}

static void do_open(const char *path)
{
	static const int flags[] = {O_RDONLY,
				    O_RDWR,
				    O_RDWR | O_CREAT,
				    O_WRONLY | O_CREAT | O_EXCL,
				    O_RDWR | O_CREAT | O_TRUNC,
				    O_WRONLY | O_APPEND | O_CREAT,
				    O_RDONLY | O_DIRECTORY,
				    O_RDONLY | O_NOFOLLOW,
				    O_PATH,
				    O_PATH | O_NOFOLLOW,
				    O_RDWR | O_TMPFILE,
				    O_RDONLY | O_TRUNC};
	int which = (int)pick(FILES), kind = (int)pick(sizeof(flags) / sizeof(flags[0]));
	char text[16];

	if (open_files[which] >= 0)
		close(open_files[which]);
	open_files[which] = open(path, flags[kind], 0640);
	snprintf(text, sizeof(text), "flags %d", kind);
	report("open", path, text, open_files[which] < 0 ? -1 : 0);
}

static void do_transfer(void)
{
	static char text[TEXT_SIZE];
	int fd = open_files[pick(FILES)];
	long size = (long)pick(TEXT_SIZE), offset = (long)pick(3 * TEXT_SIZE), result;
	unsigned sum = 0;

	switch (pick(4)) {
	case 0:
		memset(text, 'a' + (int)pick(26), (size_t)size);
		report("write", "", "", write(fd, text, (size_t)size));
		break;
	case 1:
		memset(text, 'A' + (int)pick(26), (size_t)size);
		report("pwrite", "", "", pwrite(fd, text, (size_t)size, offset));
		break;
	default:
		result = pick(2) ? read(fd, text, (size_t)size)
				 : pread(fd, text, (size_t)size, offset);
		report("read", "", "", result);
		for (long i = 0; i < result; i++)
			sum = sum * 31 + (unsigned char)text[i];
		printf("  sum %u\n", sum);
	}
}

static void do_handle(void)
{
	int fd = open_files[pick(FILES)];
	long offset = (long)pick(3 * TEXT_SIZE);
	struct stat stat;
	int result;

	switch (pick(5)) {
	case 0:
		report("ftruncate", "", "", ftruncate(fd, offset));
		break;
	case 1:
		result = fstat(fd, &stat);
		show_stat("fstat", "", result, &stat);
		break;
	case 2:
		result = fstat(fd, &stat);
		if (!result && S_ISREG(stat.st_mode)) /* positions in directories are anything */
			report("lseek", "", "", lseek(fd, offset - TEXT_SIZE, (int)pick(3)));
		break;
	case 3:
		report("fchmod", "", "", fchmod(fd, 0700 + pick(0100)));
		break;
	default:
		report("fsync", "", "", fsync(fd));
	}
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static void do_list(const char *path)
{
	struct dirent **entries;
	int count = scandir(path, &entries, NULL, by_name);

	report("scandir", path, "", count);
	for (int i = 0; i < count; i++) {
		printf("  %s %d\n", entries[i]->d_name, entries[i]->d_type);
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
}

static void do_readlink(const char *path)
{
	char target[PATH_SIZE];
	ssize_t length = readlink(path, target, sizeof(target));

	report("readlink", path, "", length);
	if (length >= 0)
		printf("  %.*s\n", (int)length, target);
}

/* Calls with one path. */
static void do_path(const char *path)
{
	struct stat data;
	int result;

	switch (pick(10)) {
	case 0:
	case 1:
		report("mkdir", path, "", mkdir(path, 0750));
		break;
	case 2:
		report("rmdir", path, "", rmdir(path));
		break;
	case 3:
		report("unlink", path, "", unlink(path));
		break;
	case 4:
		result = stat(path, &data);
		show_stat("stat", path, result, &data);
		break;
	case 5:
		result = lstat(path, &data);
		show_stat("lstat", path, result, &data);
		break;
	case 6:
		report("truncate", path, "", truncate(path, pick(TEXT_SIZE)));
		break;
	case 7:
		do_readlink(path);
		break;
	case 8:
		report("access", path, "", access(path, (int)pick(4)));
		break;
	default:
		do_list(path);
	}
}

/* Calls with two paths. */
static void do_paths(const char *a, const char *b)
{
	switch (pick(6)) {
	case 0:
		report("link", a, b, link(a, b));
		break;
	case 1:
		report("linkat-follow", a, b, linkat(AT_FDCWD, a, AT_FDCWD, b, AT_SYMLINK_FOLLOW));
		break;
	case 2:
		report("symlink", a, b, symlink(a, b));
		break;
	case 3:
		report("rename-exchange", a, b,
		       renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE));
		break;
	case 4:
		report("rename-noreplace", a, b,
		       renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_NOREPLACE));
		break;
	default:
		report("rename", a, b, rename(a, b));
	}
}

static void one_call(void)
{
	char first[PATH_SIZE], second[PATH_SIZE];
	const char *a = random_path(first), *b = random_path(second);

	switch (pick(6)) {
	case 0:
		do_open(a);
		break;
	case 1:
		do_transfer();
		break;
	case 2:
		do_handle();
		break;
	case 3:
		do_paths(a, b);
		break;
	default:
		do_path(a);
	}
}

static void remove_tree(const char *path)
{
	struct dirent **entries;
	int count;

	if (unlink(path) == 0)
		return;
	count = chdir(path) ? -1 : scandir(".", &entries, NULL, by_name);
	for (int i = 0; i < count; i++) {
		if (strcmp(entries[i]->d_name, ".") != 0 && strcmp(entries[i]->d_name, "..") != 0)
			remove_tree(entries[i]->d_name);
		free(entries[i]);
	}
	if (count < 0)
		check_die(path);
	free(entries);
	MUST(chdir(".."));
	MUST(rmdir(path));
}

int main(int argc, char **argv)
{
	long count = argc > 2 ? atol(argv[2]) : 1000;

	if (argc < 2) {
		fprintf(stderr, "usage: filemix SEED [COUNT [DIRECTORY]]\n");
		return 2;
	}
	state = (uint32_t)atol(argv[1]);
	umask(022);
	MUST(chdir(argc > 3 ? argv[3] : "."));
	MUST(mkdir("filemix-scratch", 0700));
	MUST(chdir("filemix-scratch"));
	for (long i = 0; i < count; i++)
		one_call();
	for (int i = 0; i < FILES; i++)
		if (open_files[i] >= 0)
			close(open_files[i]);
	MUST(chdir(".."));
	remove_tree("filemix-scratch");
	return check_done();
}
