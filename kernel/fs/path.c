/* SPDX-License-Identifier: BSD-3-Clause */
/* Absolute paths (fs/path.h). No state. */
#include <fs/path.h>

#include <asm/errno.h>
#include <lib/string.h>

struct output {
	char *text;
	size_t length;
	bool overflow;
};

static void put(struct output *out, const char *text, size_t length)
{
	if (out->length + length > FS_PATH_MAX) {
		out->overflow = true;
		return;
	}
	memcpy(out->text + out->length, text, length);
	out->length += length;
}

/* Appends the names of PATH, each behind a slash. */
static void append(struct output *out, const char *path)
{
	bool directory = false;

	while (*path) {
		size_t length = 0;

		while (*path == '/')
			path++;
		while (path[length] && path[length] != '/')
			length++;
		directory = path[length] == '/';
		if (length && !(length == 1 && path[0] == '.')) {
			put(out, "/", 1);
			put(out, path, length);
		} else {
			directory = true; /* "." or a slash at the end: it must be a directory */
		}
		path += length;
	}
	if (directory)
		put(out, "/", 1);
}

/* Drops the slash that an earlier part may have left at the end. */
static void drop_slash(struct output *out)
{
	while (out->length && out->text[out->length - 1] == '/')
		out->length--;
}

int path_join(char *text, const char *directory, const char *path)
{
	struct output out = {.text = text};

	if (path[0] != '/')
		append(&out, directory);
	drop_slash(&out);
	append(&out, path);
	if (!out.length)
		put(&out, "/", 1);
	text[out.length] = 0;
	return out.overflow ? -ENAMETOOLONG : 0;
}

bool path_below(const char *path, const char *prefix)
{
	size_t length = strlen(prefix);

	if (length == 1)
		return true; /* the root */
	return strncmp(path, prefix, length) == 0 && (path[length] == '/' || !path[length]);
}
