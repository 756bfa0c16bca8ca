/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * files: proves that every file call of the kernel does what Linux does, with good and bad
 * arguments: prints each call with its result or the name of its error number.
 *
 * usage: files [-k] [DIRECTORY]. Works in a new directory "files-scratch" in DIRECTORY (default:
 * the current one), so the same calls can be tried on the host's files and on the memory file
 * system of /tmp. With -k it leaves a few files behind, so that the tree on the host can be
 * compared as well.
 */
#include "files.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void make_file(const char *path, const char *text)
{
	int fd = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0644);
	size_t length = strlen(text);

	if (fd < 0 || write(fd, text, length) != (ssize_t)length || close(fd) != 0)
		check_die(path);
}

void show_file(const char *path)
{
	char text[256];
	ssize_t length;
	int fd = open(path, O_RDONLY);

	if (fd < 0)
		check_die(path);
	length = read(fd, text, sizeof(text) - 1);
	if (length < 0)
		check_die(path);
	close(fd);
	printf("%s holds \"%.*s\"\n", path, (int)length, text);
}

static const char *type_name(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return "file";
	case S_IFDIR:
		return "directory";
	case S_IFLNK:
		return "link";
	case S_IFCHR:
		return "character device";
	case S_IFIFO:
		return "pipe";
	default:
		return "other";
	}
}

void show_stat(const char *path)
{
	struct stat info;

	if (lstat(path, &info) != 0) {
		check_show(path, -1);
		return;
	}
	printf("%s: %s, mode %04o", path, type_name(info.st_mode), info.st_mode & 07777u);
	if (S_ISREG(info.st_mode))
		printf(", %lu links, %lld bytes", (unsigned long)info.st_nlink,
		       (long long)info.st_size);
	printf("\n");
}

static void leave_files(void)
{
	check_section("files left behind");
	MUST(mkdir("kept", 0755));
	make_file("kept/text", "this was written by the program\n");
	make_file("kept/empty", "");
	MUST(chmod("kept/empty", 0600));
	MUST(symlink("text", "kept/link"));
	MUST(link("kept/text", "kept/second name"));
	MUST(mkdir("kept/directory", 0711));
}

int main(int argc, char **argv)
{
	static void (*const parts[])(void) = {
		files_open,	files_open_at,	   files_resolve,     files_unnamed,
		files_order,	files_read_write,  files_vectors,     files_flags,
		files_seek,	files_big,	   files_directories, files_working_directory,
		files_rename,	files_links,	   files_attributes,  files_times,
		files_mappings, files_descriptors, files_locks,	      files_devices,
		files_proc,
	};
	int keep = argc > 1 && strcmp(argv[1], "-k") == 0;

	umask(022);
	if (argc > 1 + keep)
		MUST(chdir(argv[1 + keep]));
	MUST(mkdir("files-scratch", 0755));
	MUST(chdir("files-scratch"));
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		parts[i]();
	MUST(chdir(".."));
	check_section("clean up");
	SHOW(rmdir("files-scratch"));
	if (keep)
		leave_files();
	return check_done();
}
