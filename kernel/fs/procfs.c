/* SPDX-License-Identifier: BSD-3-Clause */
/* /proc and /sys as file systems (procfs.h). */
#include "procfs.h"

#include <asm/errno.h>
#include <asm/fcntl.h>
#include <fs/path.h>
#include <lib/string.h>
#include <linux/magic.h>
#include <mm/heap.h>

#include "procfs_status.h"

static size_t name_length(const char *text)
{
	size_t length = 0;

	while (text[length] && text[length] != '/')
		length++;
	return length;
}

/* The path below the mount without ".." and slashes at both ends, in BUFFER; FS_REDIRECT where ".."
 * leads out or to another place. */
static int clean(const struct fs_mount *mount, struct fs_path *path, char *buffer)
{
	const char *text = path->rest;
	size_t length = 0;

	while (*text) {
		size_t name;

		while (*text == '/')
			text++;
		name = name_length(text);
		if (name == 2 && memcmp(text, "..", 2) == 0) {
			if (!length) {
				strlcpy(path->redirect, "/", FS_PATH_MAX + 1);
				strlcpy(path->redirect + 1, text + name, FS_PATH_MAX);
				return FS_REDIRECT;
			}
			while (length && buffer[--length] != '/')
				;
		} else if (name) {
			if (length)
				buffer[length++] = '/';
			memcpy(buffer + length, text, name);
			length += name;
		}
		text += name;
	}
	buffer[length] = 0;
	(void)mount;
	return 0;
}

struct lookup {
	char *path; /* kfree */
	struct proc_match match;
	const struct proc_entry *entry;
	enum proc_kind kind;
};

/* Where the link leads, in path->redirect: absolute. A link at the mount point may be relative;
 * what others name besides paths (pipes, sockets) cannot be followed. */
static int follow(struct fs_mount *mount, struct fs_path *path, const struct lookup *l)
{
	int error = l->entry->link(path->redirect, &l->match);
	char *target;

	if (error || path->redirect[0] == '/')
		return error;
	if (strchr(l->entry->path, '/'))
		return -ENOENT;
	target = kmalloc(FS_PATH_MAX + 1);
	if (!target)
		return -ENOMEM;
	strlcpy(target, path->redirect, FS_PATH_MAX + 1);
	error = path_join(path->redirect, mount->path, target);
	kfree(target);
	return error;
}

/* A link in the middle of the path: the longest part of it that is an entry with a link. */
static int follow_prefix(struct fs_mount *mount, struct fs_path *path, struct lookup *l)
{
	for (char *slash = strchr(l->path, '/'); slash; slash = strchr(slash + 1, '/')) {
		enum proc_kind kind;
		size_t length;
		int error;

		*slash = 0;
		kind = procfs_find(mount->data, l->path, &l->match, &l->entry);
		*slash = '/';
		if (kind == PROC_MATCH_NONE)
			return -ENOENT;
		if (kind != PROC_MATCH_ENTRY)
			continue;
		if (!l->entry->link)
			return -ENOTDIR;
		error = follow(mount, path, l);
		if (error)
			return error;
		length = strlen(path->redirect);
		if (strlcpy(path->redirect + length, slash, FS_PATH_MAX + 1 - length) >
		    FS_PATH_MAX - length)
			return -ENAMETOOLONG;
		return FS_REDIRECT;
	}
	return -ENOENT;
}

static int lookup(struct fs_mount *mount, struct fs_path *path, struct lookup *l)
{
	int error;

	*l = (struct lookup){.path = kmalloc(FS_PATH_MAX + 1)};
	if (!l->path)
		return -ENOMEM;
	error = clean(mount, path, l->path);
	if (error)
		return error;
	l->kind = procfs_find(mount->data, l->path, &l->match, &l->entry);
	return l->kind == PROC_MATCH_NONE ? follow_prefix(mount, path, l) : 0;
}

static bool is_link(const struct lookup *l)
{
	return l->kind == PROC_MATCH_ENTRY && l->entry->link;
}

/* Follows a link at the end where the operation wants that. */
static int follow_last(struct fs_mount *mount, struct fs_path *path, const struct lookup *l)
{
	int error;

	if (!is_link(l) || path->flags & FS_NOFOLLOW)
		return 0;
	error = follow(mount, path, l);
	return error ? error : FS_REDIRECT;
}

static int procfs_stat(struct fs_mount *mount, struct fs_path *path, file_stat_t *stat)
{
	struct lookup l;
	int error = lookup(mount, path, &l);

	if (!error)
		error = follow_last(mount, path, &l);
	if (!error)
		procfs_stat_entry(l.kind == PROC_MATCH_ENTRY ? l.entry : NULL, stat);
	kfree(l.path);
	return error;
}

static int procfs_access(struct fs_mount *mount, struct fs_path *path, unsigned mode)
{
	struct lookup l;
	int error = lookup(mount, path, &l);

	if (!error)
		error = follow_last(mount, path, &l);
	if (!error && mode & 2 && (l.kind != PROC_MATCH_ENTRY || !l.entry->write))
		error = -EACCES;
	kfree(l.path);
	return error;
}

static int procfs_resolve_dir(struct fs_mount *mount, struct fs_path *path, char *resolved)
{
	struct lookup l;
	int error = lookup(mount, path, &l);

	if (!error)
		error = follow_last(mount, path, &l);
	if (!error && l.kind != PROC_MATCH_DIRECTORY)
		error = -ENOTDIR;
	if (!error)
		error = path_join(resolved, mount->path, l.path);
	kfree(l.path);
	return error;
}

/* Where the link leads, as it is: in path->redirect. */
static int read_link(struct fs_mount *mount, struct fs_path *path)
{
	const struct procfs *fs = mount->data;
	struct lookup l;
	int error;

	/* Every static program of glibc asks for this at its start, and nearly none for others. */
	if (fs->magic == PROC_SUPER_MAGIC && strcmp(path->rest, "/self/exe") == 0)
		return proc_link_exe(path->redirect, NULL);
	error = lookup(mount, path, &l);
	if (!error && !is_link(&l))
		error = -EINVAL;
	if (!error)
		error = l.entry->link(path->redirect, &l.match);
	kfree(l.path);
	return error;
}

static int64_t procfs_readlink(struct fs_mount *mount, struct fs_path *path, char *target,
			       size_t size)
{
	int error = read_link(mount, path);

	if (error)
		return error;
	size = MIN(size, strlen(path->redirect));
	memcpy(target, path->redirect, size);
	return (int64_t)size;
}

static int procfs_statfs(struct fs_mount *mount, struct fs_path *path, struct hc_statfs *statfs)
{
	file_stat_t stat;
	int error = procfs_stat(mount, path, &stat);

	if (!error)
		procfs_statfs_fill(mount->data, statfs);
	return error;
}

void procfs_statfs_fill(const struct procfs *fs, struct hc_statfs *statfs)
{
	*statfs = (struct hc_statfs){
		.type = fs->magic,
		.bsize = PAGE_SIZE,
		.namelen = 255,
		.frsize = PAGE_SIZE,
	};
}

static bool is_fd_entry(const struct lookup *l)
{
	const char *name = is_link(l) ? strrchr(l->entry->path, '/') : NULL;

	return name && strcmp(name, "/FD") == 0;
}

/*
 * /proc/self/fd/N: a file that has a name is opened anew, so that it gets another position and
 * access mode. What has none (pipes, deleted files) and what the host has opened is shared.
 */
static int open_fd(struct fs_path *path, const struct lookup *l, struct file **out)
{
	static const char deleted[] = " (deleted)";
	struct file *file = fd_get(l->match.fd);
	size_t length, tail = sizeof(deleted) - 1;

	if (!file)
		return -ENOENT;
	length = file_path_copy(file, path->redirect, FS_PATH_MAX + 1);
	if (file->kind & (FILE_STREAM | FILE_HOST_OFFSET) || !length || path->redirect[0] != '/' ||
	    (length > tail && strcmp(path->redirect + length - tail, deleted) == 0)) {
		*out = file;
		return 0;
	}
	file_put(file);
	return FS_REDIRECT;
}

static int procfs_linked_file(struct fs_mount *mount, struct fs_path *path, struct file **file)
{
	struct lookup l;
	int error = lookup(mount, path, &l);

	if (!error && is_fd_entry(&l)) {
		*file = fd_get(l.match.fd);
		error = *file ? 0 : -ENOENT;
	}
	kfree(l.path);
	return error;
}

static int open_entry(struct fs_mount *mount, struct lookup *l, unsigned flags, struct file **out)
{
	bool directory = l->kind == PROC_MATCH_DIRECTORY;
	struct proc_text list = {0};
	char *path = kmalloc(FS_PATH_MAX + 1);
	int error = path ? path_join(path, mount->path, l->path) : -ENOMEM;

	if (!error && directory) {
		procfs_list(mount->data, l->path, &list);
		error = list.error;
	}
	if (!error)
		error = procfs_text_open(mount->data, l->entry, &l->match, directory ? &list : NULL,
					 flags, path, out);
	if (error)
		kfree(list.text);
	kfree(path);
	return error;
}

static int check_open(const struct lookup *l, unsigned flags)
{
	if ((flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL))
		return -EEXIST;
	if (is_link(l) && !(flags & O_PATH))
		return -ELOOP;
	if (l->kind == PROC_MATCH_DIRECTORY)
		return (flags & O_ACCMODE) != O_RDONLY ? -EISDIR : 0;
	if (flags & O_DIRECTORY)
		return -ENOTDIR;
	if ((flags & O_ACCMODE) == O_RDONLY || flags & O_PATH)
		return 0;
	return l->entry->write ? 0 : -EACCES;
}

static int procfs_open(struct fs_mount *mount, struct fs_path *path, unsigned flags, uint32_t mode,
		       struct file **out)
{
	struct lookup l;
	int error = lookup(mount, path, &l);

	(void)mode;
	if (!error && is_fd_entry(&l) && !(path->flags & FS_NOFOLLOW)) {
		error = open_fd(path, &l, out);
		kfree(l.path);
		return error;
	}
	if (!error)
		error = follow_last(mount, path, &l);
	if (!error)
		error = check_open(&l, flags);
	if (!error)
		error = open_entry(mount, &l, flags, out);
	kfree(l.path);
	if (error == -ENOENT && flags & O_CREAT)
		error = -EACCES;
	return error;
}

const struct fs_ops procfs_ops = {
	.open = procfs_open,
	.stat = procfs_stat,
	.resolve_dir = procfs_resolve_dir,
	.readlink = procfs_readlink,
	.linked_file = procfs_linked_file,
	.access = procfs_access,
	.statfs = procfs_statfs,
};

int procfs_init(void)
{
	static struct procfs proc = {
		.magic = PROC_SUPER_MAGIC,
		.tables = {&proc_process_table, &proc_memory_table, &proc_mounts_table,
			   &proc_net_entries, &proc_system_table},
	};
	static struct procfs sys = {.magic = SYSFS_MAGIC, .tables = {&proc_sys_table}};
	static struct fs_mount proc_mount = {
		.path = "/proc", .type = "proc", .ops = &procfs_ops, .data = &proc};
	static struct fs_mount sys_mount = {.path = "/sys",
					    .type = "sysfs",
					    .ops = &procfs_ops,
					    .data = &sys,
					    .read_only = true};

	proc_system_init();
	vfs_mount(&proc_mount);
	vfs_mount(&sys_mount);
	return 0;
}
