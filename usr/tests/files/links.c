/* SPDX-License-Identifier: BSD-3-Clause */
/* Symbolic and hard links. */
#include "files.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void symbolic_links(void)
{
	char text[64] = "";
	struct stat info;

	check_section("symlink, readlink");
	make_file("file", "target");
	MUST(mkdir("dir", 0755));
	SHOW(symlink("file", "link"));
	SHOW(symlink("file", "link"));
	SHOW(symlink("file", "missing/link"));
	SHOW(symlink("", "empty"));
	SHOW(symlink("file", ""));
	SHOW(symlink((const char *)bad_pointer, "bad"));
	SHOW(readlink("link", text, sizeof(text)));
	CHECK(memcmp(text, "file", 4) == 0);
	SHOW(readlink("link", text, 2));
	SHOW(readlink("link", text, 0));
	SHOW(readlink("file", text, sizeof(text)));
	SHOW(readlink("dir", text, sizeof(text)));
	SHOW(readlink("missing", text, sizeof(text)));
	SHOW(readlink("link", bad_pointer, 4));
	SHOW(readlinkat(AT_FDCWD, "link", text, sizeof(text)));
	show_file("link");
	show_stat("link");
	SHOW(stat("link", &info));
	CHECK(S_ISREG(info.st_mode) && info.st_size == 6);
	SHOW(lstat("link", &info));
	CHECK(S_ISLNK(info.st_mode) && info.st_size == 4);
	SHOW(unlink("link"));
	show_file("file");
}

static void links_on_the_way(void)
{
	check_section("symbolic links on the way");
	make_file("dir/inner", "inner");
	SHOW(symlink("dir", "way"));
	SHOW(symlink("../file", "dir/out"));
	SHOW(symlink("way/out", "two"));
	show_file("way/inner");
	show_file("dir/out");
	show_file("way/out");
	show_file("two");
	show_file("way/../file");
	SHOW(access("way/", F_OK));
	SHOW(unlink("way/"));
	SHOW(rmdir("way"));
	SHOW(rmdir("way/"));
	SHOW(mkdir("way", 0700));
	SHOW(rename("two", "three"));
	show_file("three");
	make_file("way/through", "written through a link");
	show_file("dir/through");
	SHOW(symlink("nowhere", "dangling"));
	SHOW(access("dangling", F_OK));
	SHOW(mkdir("dangling", 0700));
	SHOW(chmod("dangling", 0700));
	SHOW(unlink("dangling"));
	SHOW(unlink("three"));
	SHOW(unlink("way"));
	SHOW(unlink("dir/out"));
	SHOW(unlink("dir/through"));
	SHOW(unlink("dir/inner"));
}

/* link-1 -> file, link-2 -> link-1 ...: 40 links may be followed, 41 may not. */
static void chains_of_links(void)
{
	char name[32], target[32] = "file";
	static char absolute[PATH_MAX + 16];

	check_section("chains of links");
	for (int i = 1; i <= 41; i++) {
		snprintf(name, sizeof(name), "link-%d", i);
		MUST(symlink(target, name));
		strcpy(target, name);
	}
	SHOW(access("link-40", F_OK));
	SHOW(access("link-41", F_OK));
	for (int i = 1; i <= 41; i++) {
		snprintf(name, sizeof(name), "link-%d", i);
		MUST(unlink(name));
	}
	if (!getcwd(absolute, PATH_MAX))
		check_die("getcwd");
	strcat(absolute, "/file");
	SHOW(symlink(absolute, "absolute"));
	show_file("absolute");
	SHOW(unlink("absolute"));
	SHOW(symlink(".", "self"));
	show_file("self/self/self/file");
	SHOW(unlink("self"));
}

static void hard_links(void)
{
	int fd;
	char text[8] = "";
	struct stat one, two;

	check_section("link");
	SHOW(link("file", "second"));
	show_stat("second");
	SHOW(link("file", "second"));
	SHOW(link("missing", "third"));
	SHOW(link("file", "missing/third"));
	SHOW(link("dir", "third"));
	SHOW(link("file", ""));
	SHOW(link("file", (const char *)bad_pointer));
	MUST(stat("file", &one));
	MUST(stat("second", &two));
	CHECK(one.st_ino == two.st_ino && one.st_dev == two.st_dev);
	fd = open("second", O_WRONLY);
	SHOW(write(fd, "TAR", 3));
	SHOW(close(fd));
	show_file("file");
	SHOW(rename("file", "second")); /* the same file: nothing happens */
	show_stat("file");
	SHOW(symlink("file", "link"));
	SHOW(linkat(AT_FDCWD, "link", AT_FDCWD, "followed", AT_SYMLINK_FOLLOW));
	show_stat("followed");
	SHOW(linkat(AT_FDCWD, "link", AT_FDCWD, "not-followed", 0));
	show_stat("not-followed");
	SHOW(linkat(AT_FDCWD, "file", AT_FDCWD, "third", 0x2));
	SHOW(unlink("not-followed"));
	SHOW(unlink("followed"));
	SHOW(unlink("link"));
	fd = open("file", O_RDONLY);
	SHOW(unlink("file"));
	SHOW(unlink("second"));
	SHOW(read(fd, text, 6));
	CHECK(memcmp(text, "TARget", 6) == 0);
	SHOW(fstat(fd, &one));
	SHOW(one.st_nlink);
	SHOW(close(fd));
	SHOW(rmdir("dir"));
}

void files_links(void)
{
	symbolic_links();
	links_on_the_way();
	chains_of_links();
	hard_links();
}
