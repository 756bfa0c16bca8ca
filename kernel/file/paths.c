/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The paths of open files. They are what "relative to an open directory" means and what
 * /proc/self/fd shows, so they follow each rename that this system makes. What others do to a
 * host's files meanwhile is not seen.
 *
 * paths_lock (mutex, innermost: nothing but the heap is called with it held) guards the list of all
 * files with a path, and each path.
 */
#include <asm/errno.h>
#include <file/file.h>
#include <lib/string.h>
#include <mm/heap.h>

#define DELETED " (deleted)"

static struct mutex paths_lock;
static struct list named_files = LIST_INIT(named_files);

void file_paths_init(void)
{
	mutex_init(&paths_lock);
}

static char *join(const char *first, const char *second)
{
	size_t length = strlen(first), size = strlen(second) + 1;
	char *text = kmalloc(length + size);

	if (!text)
		return NULL;
	memcpy(text, first, length);
	memcpy(text + length, second, size);
	return text;
}

int file_path_set(struct file *file, const char *path)
{
	file->path = join(path, "");
	if (!file->path)
		return -ENOMEM;
	file->named = true;
	mutex_lock(&paths_lock);
	list_push_back(&named_files, &file->in_paths);
	mutex_unlock(&paths_lock);
	return 0;
}

void file_path_clear(struct file *file)
{
	if (!file->named)
		return;
	mutex_lock(&paths_lock);
	list_remove(&file->in_paths);
	mutex_unlock(&paths_lock);
	kfree(file->path);
}

size_t file_path_copy(struct file *file, char *out, size_t size)
{
	size_t length;

	if (!file->named) {
		out[0] = 0;
		return 0;
	}
	mutex_lock(&paths_lock);
	length = strlcpy(out, file->path, size);
	mutex_unlock(&paths_lock);
	return length;
}

/* What of PATH is behind PREFIX: "" or "/..."; NULL when PATH is not at or below PREFIX. */
static const char *behind(const char *path, const char *prefix)
{
	size_t length = strlen(prefix);

	if (strncmp(path, prefix, length) != 0 || (path[length] && path[length] != '/'))
		return NULL;
	return path + length;
}

/* FILE's path becomes FIRST with SECOND behind it; without memory it stays as it is. */
static void replace(struct file *file, const char *first, const char *second)
{
	char *text = join(first, second);

	if (!text)
		return;
	kfree(file->path);
	file->path = text;
}

void file_paths_moved(const char *from, const char *to, bool exchange)
{
	struct file *file;

	mutex_lock(&paths_lock);
	list_for_each_entry (file, &named_files, in_paths) {
		const char *rest = behind(file->path, from), *other = behind(file->path, to);

		if (rest)
			replace(file, to, rest);
		else if (other && exchange)
			replace(file, from, other);
		else if (other && !*other)
			replace(file, to, DELETED);
	}
	mutex_unlock(&paths_lock);
}

void file_paths_deleted(const char *path)
{
	struct file *file;

	mutex_lock(&paths_lock);
	list_for_each_entry (file, &named_files, in_paths)
		if (strcmp(file->path, path) == 0)
			replace(file, path, DELETED);
	mutex_unlock(&paths_lock);
}

bool file_path_move(char *path, size_t size, const char *from, const char *to)
{
	const char *rest = behind(path, from);
	size_t length = strlen(to), rest_size;

	if (!rest)
		return false;
	rest_size = strlen(rest) + 1;
	if (length + rest_size > size)
		return true; /* too long to be used: it stays and leads nowhere */
	memmove(path + length, rest, rest_size);
	memcpy(path, to, length);
	return true;
}
