/* SPDX-License-Identifier: BSD-3-Clause */
/* /proc/self/mounts and mountinfo (proc(5)). Mounts are numbered from the root's 1 on. */
#include "procfs.h"

#include <fs/path.h>
#include <lib/string.h>

#include "procfs_status.h"

/* vfs_mounts has the longest paths first; a mount's place from the end is its number, so that the
 * root has 1. */
static int number_of(const struct fs_mount *mount)
{
	int number = 0;

	for (; mount; mount = mount->next)
		number++;
	return number;
}

int proc_mount_id(const char *path)
{
	return path && path[0] == '/' ? number_of(vfs_mount_of(path)) : 0;
}

/* Blanks, and the backslash itself, in octal. */
static void put_path(struct proc_text *out, const char *path)
{
	for (; *path; path++) {
		if (strchr(" \t\n\\", *path))
			proc_printf(out, "\\%03o", (unsigned)*path);
		else
			proc_put(out, path, 1);
	}
}

/* The one that the mount point of MOUNT lies on. */
static const struct fs_mount *parent_of(const struct fs_mount *mount)
{
	const struct fs_mount *parent = mount->next;

	while (parent && !path_below(mount->path, parent->path))
		parent = parent->next;
	return parent;
}

static void put_mount(struct proc_text *out, const struct fs_mount *mount)
{
	proc_printf(out, "%s ", mount->type);
	put_path(out, mount->path);
	proc_printf(out, " %s %s 0 0\n", mount->type, mount->read_only ? "ro" : "rw");
}

static void put_mount_info(struct proc_text *out, const struct fs_mount *mount)
{
	const struct fs_mount *parent = parent_of(mount);
	const char *rights = mount->read_only ? "ro" : "rw";

	proc_printf(out, "%d %d 0:%d / ", number_of(mount), parent ? number_of(parent) : 0,
		    number_of(mount));
	put_path(out, mount->path);
	proc_printf(out, " %s - %s %s %s\n", rights, mount->type, mount->type, rights);
}

/* PUT for each mount, the root first. */
static void for_each_mount(struct proc_text *out,
			   void (*put)(struct proc_text *out, const struct fs_mount *mount))
{
	int count = number_of(vfs_mounts());

	for (int number = 1; number <= count; number++) {
		const struct fs_mount *mount = vfs_mounts();

		for (int i = count; i > number; i--)
			mount = mount->next;
		put(out, mount);
	}
}

static void put_mounts(struct proc_text *out, const struct proc_match *match)
{
	(void)match;
	for_each_mount(out, put_mount);
}

static void put_mountinfo(struct proc_text *out, const struct proc_match *match)
{
	(void)match;
	for_each_mount(out, put_mount_info);
}

static int link_mounts(char *target, const struct proc_match *match)
{
	(void)match;
	strlcpy(target, "self/mounts", FS_PATH_MAX + 1);
	return 0;
}

static const struct proc_entry entries[] = {
	PROC_LINK("mounts", link_mounts),
	PROC_THREAD_TEXT("mounts", put_mounts),
	PROC_THREAD_TEXT("mountinfo", put_mountinfo),
};

const struct proc_table proc_mounts_table = {entries, ARRAY_SIZE(entries)};
