/* SPDX-License-Identifier: BSD-3-Clause */
/* /proc and /sys: from a path to the table's entry, files with generated text, listings (procfs.h).
 */
#include "procfs.h"

#include <asm/errno.h>
#include <asm/fcntl.h>
#include <core/cpu.h>
#include <fs/path.h>
#include <lib/printf.h>
#include <lib/string.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <linux/stat.h>
#include <mm/heap.h>
#include <sched/process.h>
#include <sched/task.h>
#include <stdarg.h>

#include "dirent.h"

/* Up to three tables share one mount. */
struct procfs {
	const struct proc_table *tables[3];
};

void proc_put(struct proc_text *out, const void *bytes, size_t size)
{
	if (out->length + size + 1 > out->capacity) {
		size_t capacity = MAX(2 * out->capacity, out->length + size + 512);
		char *text = krealloc(out->text, capacity);

		if (!text) {
			out->failed = true;
			return;
		}
		out->text = text;
		out->capacity = capacity;
	}
	memcpy(out->text + out->length, bytes, size);
	out->length += size;
}

void proc_printf(struct proc_text *out, const char *format, ...)
{
	char line[512];
	va_list args;
	size_t length;

	va_start(args, format);
	length = kvsnprintf(line, sizeof(line), format, args);
	va_end(args);
	proc_put(out, line, MIN(length, sizeof(line) - 1));
}

static bool parse_number(const char *text, size_t length, unsigned *out)
{
	unsigned value = 0;

	if (!length || length > 9)
		return false;
	for (size_t i = 0; i < length; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		value = value * 10 + (unsigned)(text[i] - '0');
	}
	*out = value;
	return true;
}

static bool is_word(const char *text, size_t length, const char *word)
{
	return strlen(word) == length && memcmp(text, word, length) == 0;
}

static bool fd_is_open(int fd)
{
	struct file *file = fd_get(fd);

	if (file)
		file_put(file);
	return file;
}

/* Does the name TEXT of a path stand for the pattern's PART? */
static bool match_name(const char *part, size_t part_length, const char *text, size_t length,
		       struct proc_match *match)
{
	unsigned number;

	if (is_word(part, part_length, "PID"))
		return is_word(text, length, "self") || is_word(text, length, "thread-self") ||
		       (parse_number(text, length, &number) && number == PROCESS_PID);
	if (is_word(part, part_length, "TID") && parse_number(text, length, &number)) {
		match->tid = (tid_t)number;
		return thread_exists(match->tid);
	}
	if (is_word(part, part_length, "FD") && parse_number(text, length, &number)) {
		match->fd = (int)number;
		return fd_is_open(match->fd);
	}
	if (part_length > 3 && is_word(part + part_length - 3, 3, "CPU") &&
	    length >= part_length - 2 && memcmp(part, text, part_length - 3) == 0 &&
	    parse_number(text + part_length - 3, length - (part_length - 3), &number)) {
		match->cpu = number;
		return number < cpu_count();
	}
	return part_length == length && memcmp(part, text, length) == 0;
}

static size_t name_length(const char *text)
{
	size_t length = 0;

	while (text[length] && text[length] != '/')
		length++;
	return length;
}

enum match_kind { MATCH_NONE, MATCH_DIRECTORY, MATCH_ENTRY };

/* How PATH (without slash at its start) relates to PATTERN. For MATCH_DIRECTORY *REST is what the
 * pattern has below it. */
static enum match_kind match_path(const char *pattern, const char *path, struct proc_match *match,
				  const char **rest)
{
	while (*path) {
		size_t part = name_length(pattern), name = name_length(path);

		if (!part || !match_name(pattern, part, path, name, match))
			return MATCH_NONE;
		pattern += part + (pattern[part] == '/');
		path += name + (path[name] == '/');
	}
	*rest = pattern;
	return *pattern ? MATCH_DIRECTORY : MATCH_ENTRY;
}

static enum match_kind find(const struct procfs *fs, const char *path, struct proc_match *match,
			    const struct proc_entry **entry)
{
	enum match_kind best = MATCH_NONE;

	for (unsigned t = 0; t < ARRAY_SIZE(fs->tables) && fs->tables[t]; t++) {
		for (unsigned i = 0; i < fs->tables[t]->count; i++) {
			const struct proc_entry *e = &fs->tables[t]->entries[i];
			struct proc_match here = {.tid = PROCESS_PID};
			const char *rest;
			enum match_kind kind = match_path(e->path, path, &here, &rest);

			if (kind == MATCH_NONE)
				continue;
			best = kind;
			*match = here;
			*entry = e;
			if (kind == MATCH_ENTRY)
				return kind;
		}
	}
	return *path ? best : MATCH_DIRECTORY;
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
		if (is_word(text, name, "..")) {
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
	enum match_kind kind;
};

/* A link in the middle of the path: the longest part of it that is an entry with a link. */
static int follow_prefix(struct fs_mount *mount, struct fs_path *path, struct lookup *l)
{
	for (char *slash = strchr(l->path, '/'); slash; slash = strchr(slash + 1, '/')) {
		enum match_kind kind;
		size_t length;
		int error;

		*slash = 0;
		kind = find(mount->data, l->path, &l->match, &l->entry);
		*slash = '/';
		if (kind == MATCH_NONE)
			return -ENOENT;
		if (kind != MATCH_ENTRY)
			continue;
		if (!l->entry->link)
			return -ENOTDIR;
		error = l->entry->link(path->redirect, &l->match);
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
	l->kind = find(mount->data, l->path, &l->match, &l->entry);
	return l->kind == MATCH_NONE ? follow_prefix(mount, path, l) : 0;
}

static bool is_link(const struct lookup *l)
{
	return l->kind == MATCH_ENTRY && l->entry->link;
}

static void fill_stat(const struct lookup *l, file_stat_t *stat)
{
	uint32_t mode = l->kind == MATCH_DIRECTORY ? S_IFDIR | 0555
			: is_link(l)		   ? S_IFLNK | 0777
						   : S_IFREG | 0444;

	*stat = (file_stat_t){
		.dev = 5,
		.ino = l->entry ? (uint64_t)(uintptr_t)l->entry & 0xffffffff : 1,
		.nlink = l->kind == MATCH_DIRECTORY ? 2 : 1,
		.blksize = 1024,
		.mode = mode,
	};
}

/* Follows a link at the end where the operation wants that. /proc/self/fd/N has no other name:
 * *FILE. */
static int follow_last(struct fs_path *path, const struct lookup *l)
{
	int error;

	if (!is_link(l) || path->flags & FS_NOFOLLOW)
		return 0;
	error = l->entry->link(path->redirect, &l->match);
	if (error)
		return error;
	return path->redirect[0] == '/' ? FS_REDIRECT : -ENOENT;
}

static int procfs_stat(struct fs_mount *mount, struct fs_path *path, file_stat_t *stat)
{
	struct lookup l;
	int error = lookup(mount, path, &l);

	if (!error)
		error = follow_last(path, &l);
	if (!error)
		fill_stat(&l, stat);
	kfree(l.path);
	return error;
}

static int procfs_access(struct fs_mount *mount, struct fs_path *path, unsigned mode)
{
	struct lookup l;
	int error = lookup(mount, path, &l);

	if (!error)
		error = follow_last(path, &l);
	if (!error && mode & 2)
		error = -EACCES;
	kfree(l.path);
	return error;
}

static int procfs_resolve_dir(struct fs_mount *mount, struct fs_path *path, char *resolved)
{
	struct lookup l;
	int error = lookup(mount, path, &l);

	if (!error)
		error = follow_last(path, &l);
	if (!error && l.kind != MATCH_DIRECTORY)
		error = -ENOTDIR;
	if (!error)
		error = path_join(resolved, mount->path, l.path);
	kfree(l.path);
	return error;
}

static int64_t procfs_readlink(struct fs_mount *mount, struct fs_path *path, char *target,
			       size_t size)
{
	struct lookup l;
	int64_t result = lookup(mount, path, &l);

	if (!result && !is_link(&l))
		result = -EINVAL;
	if (!result)
		result = l.entry->link(path->redirect, &l.match);
	if (!result) {
		result = (int64_t)MIN(size, strlen(path->redirect));
		memcpy(target, path->redirect, (size_t)result);
	}
	kfree(l.path);
	return result;
}

static int procfs_statfs(struct fs_mount *mount, struct fs_path *path, struct hc_statfs *statfs)
{
	file_stat_t stat;
	int error = procfs_stat(mount, path, &stat);

	if (!error)
		*statfs = (struct hc_statfs){
			.type = PROC_SUPER_MAGIC,
			.bsize = PAGE_SIZE,
			.namelen = 255,
			.frsize = PAGE_SIZE,
		};
	return error;
}

static int64_t text_read(struct file *file, struct file_io *io, uint64_t *offset)
{
	struct proc_text *text = file->data;
	int64_t put;

	if (*offset >= text->length)
		return 0;
	put = file_io_put(io, text->text + *offset, MIN(io->remaining, text->length - *offset));
	if (put > 0)
		*offset += (uint64_t)put;
	return put;
}

static int64_t text_seek(struct file *file, int64_t offset, int whence)
{
	int64_t position = whence == SEEK_SET	? offset
			   : whence == SEEK_CUR ? (int64_t)file->offset + offset
						: -1;

	if (position < 0)
		return -EINVAL;
	file->offset = (uint64_t)position;
	return position;
}

static int text_stat(struct file *file, file_stat_t *stat)
{
	bool directory = file->kind & FILE_DIRECTORY;

	*stat = (file_stat_t){
		.dev = 5,
		.ino = file->handle,
		.nlink = 1,
		.blksize = 1024,
		.mode = directory ? S_IFDIR | 0555 : S_IFREG | 0444,
	};
	return 0;
}

static void text_release(struct file *file)
{
	struct proc_text *text = file->data;

	kfree(text->text);
	kfree(text);
}

/* A directory's text is the list of its names, each with its type in front and a NUL behind. */
static int64_t list_getdents(struct file *file, void *buffer, size_t size)
{
	const struct proc_text *text = file->data;
	struct dirent_list list = {.buffer = buffer, .size = size};
	uint64_t at = 0, index = 0;

	while (at < text->length) {
		const char *name = text->text + at + 1;
		size_t length = strlen(name);
		uint32_t mode = (uint32_t)(uint8_t)text->text[at] << 12;

		at += length + 2;
		if (++index <= file->offset)
			continue;
		if (!dirent_put(&list, index + 1, index, mode, name, length))
			break;
		file->offset = index;
	}
	return dirent_result(&list);
}

static const struct file_ops text_ops = {
	.read = text_read,
	.seek = text_seek,
	.stat = text_stat,
	.release = text_release,
};

static const struct file_ops list_ops = {
	.seek = text_seek,
	.stat = text_stat,
	.getdents = list_getdents,
	.release = text_release,
};

static void list_name(struct proc_text *out, char type, const char *name, size_t length)
{
	/* Patterns repeat their directories: each name once. */
	for (size_t at = 0; at < out->length; at += strlen(out->text + at + 1) + 2)
		if (is_word(name, length, out->text + at + 1))
			return;
	proc_put(out, &type, 1);
	proc_put(out, name, length);
	proc_put(out, "", 1);
}

struct listing {
	struct proc_text *out;
	char type;
};

static void list_number(struct listing *list, unsigned number)
{
	char name[12];

	list_name(list->out, list->type, name, ksnprintf(name, sizeof(name), "%u", number));
}

static void list_threads(struct listing *list)
{
	tid_t tids[32];
	unsigned first = 0, count;

	while ((count = process_list_threads(tids, first, ARRAY_SIZE(tids))) > 0) {
		for (unsigned i = 0; i < count; i++)
			list_number(list, (unsigned)tids[i]);
		first += count;
	}
}

static bool list_fd(int fd, struct file *file, void *context)
{
	(void)file;
	list_number(context, (unsigned)fd);
	return true;
}

/* The names that the pattern's next part stands for. */
static void list_part(struct proc_text *out, const char *part, size_t length, char type)
{
	struct listing list = {out, type};

	if (is_word(part, length, "PID")) {
		list_name(out, type, "self", 4);
		list_name(out, type, "thread-self", 11);
		list_number(&list, PROCESS_PID);
	} else if (is_word(part, length, "TID")) {
		list_threads(&list);
	} else if (is_word(part, length, "FD")) {
		fd_for_each(list_fd, &list);
	} else if (length > 3 && is_word(part + length - 3, 3, "CPU")) {
		for (unsigned cpu = 0; cpu < cpu_count(); cpu++) {
			char name[32];
			size_t size = ksnprintf(name, sizeof(name), "%.*s%u", (int)(length - 3),
						part, cpu);

			list_name(out, type, name, size);
		}
	} else {
		list_name(out, type, part, length);
	}
}

static void list_directory(const struct procfs *fs, const char *path, struct proc_text *out)
{
	list_name(out, S_IFDIR >> 12, ".", 1);
	list_name(out, S_IFDIR >> 12, "..", 2);
	for (unsigned t = 0; t < ARRAY_SIZE(fs->tables) && fs->tables[t]; t++) {
		for (unsigned i = 0; i < fs->tables[t]->count; i++) {
			const struct proc_entry *entry = &fs->tables[t]->entries[i];
			struct proc_match match;
			const char *rest;
			size_t length;

			if (match_path(entry->path, path, &match, &rest) != MATCH_DIRECTORY)
				continue;
			length = name_length(rest);
			list_part(out, rest, length,
				  rest[length]	? S_IFDIR >> 12
				  : entry->link ? S_IFLNK >> 12
						: S_IFREG >> 12);
		}
	}
}

/* /proc/self/fd/N: the open file itself. */
static bool is_fd_entry(const struct lookup *l)
{
	return is_link(l) && strcmp(l->entry->path, "PID/fd/FD") == 0;
}

static int open_entry(struct fs_mount *mount, struct lookup *l, unsigned flags, struct file **out)
{
	struct proc_text *text = kzalloc(sizeof(*text));
	bool directory = l->kind == MATCH_DIRECTORY;
	char *path = kmalloc(FS_PATH_MAX + 1);
	int error = text && path ? path_join(path, mount->path, l->path) : -ENOMEM;

	if (!error) {
		if (directory)
			list_directory(mount->data, l->path, text);
		else if (!is_link(l))
			l->entry->generate(text, &l->match);
		*out = text->failed ? NULL
				    : file_create(directory ? &list_ops : &text_ops, text, flags,
						  (directory ? FILE_DIRECTORY : 0) |
							  (flags & O_PATH ? FILE_PATH_ONLY : 0u),
						  path);
		error = *out ? 0 : -ENOMEM;
	}
	kfree(path);
	if (error && text) {
		kfree(text->text);
		kfree(text);
	}
	return error;
}

static int check_open(const struct lookup *l, unsigned flags)
{
	if ((flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL))
		return -EEXIST;
	if (is_link(l) && !(flags & O_PATH))
		return -ELOOP;
	if (l->kind == MATCH_DIRECTORY)
		return (flags & O_ACCMODE) != O_RDONLY ? -EISDIR : 0;
	if (flags & O_DIRECTORY)
		return -ENOTDIR;
	return (flags & O_ACCMODE) != O_RDONLY && !(flags & O_PATH) ? -EACCES : 0;
}

static int procfs_open(struct fs_mount *mount, struct fs_path *path, unsigned flags, uint32_t mode,
		       struct file **out)
{
	struct lookup l;
	int error = lookup(mount, path, &l);

	(void)mode;
	if (!error && is_fd_entry(&l) && !(path->flags & FS_NOFOLLOW)) {
		*out = fd_get(l.match.fd);
		kfree(l.path);
		return *out ? 0 : -ENOENT;
	}
	if (!error)
		error = follow_last(path, &l);
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
	.access = procfs_access,
	.statfs = procfs_statfs,
};

int procfs_init(void)
{
	static struct procfs proc = {{&proc_process_table, &proc_system_table}};
	static struct procfs sys = {{&proc_sys_table}};
	static struct fs_mount proc_mount = {.path = "/proc",
					     .type = "proc",
					     .ops = &procfs_ops,
					     .data = &proc,
					     .read_only = true};
	static struct fs_mount sys_mount = {.path = "/sys",
					    .type = "sysfs",
					    .ops = &procfs_ops,
					    .data = &sys,
					    .read_only = true};

	vfs_mount(&proc_mount);
	vfs_mount(&sys_mount);
	return 0;
}
