/* SPDX-License-Identifier: BSD-3-Clause */
/* /proc and /sys: from a path to the tables' entry, and the names in a directory (procfs.h). */
#include "procfs.h"

#include <arch/cpuinfo.h>
#include <core/cpu.h>
#include <file/file.h>
#include <lib/printf.h>
#include <lib/string.h>
#include <linux/stat.h>
#include <mm/node.h>
#include <sched/process.h>

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

/* The length of PART without WORD at its end; 0 when it does not end so, or is nothing else. */
static size_t length_before(const char *part, size_t part_length, const char *word)
{
	size_t tail = strlen(word);

	return part_length > tail && memcmp(part + part_length - tail, word, tail) == 0
		       ? part_length - tail
		       : 0;
}

/* Is TEXT the pattern's PART with a number in the place of WORD at its end? */
static bool split_number(const char *part, size_t part_length, const char *word, const char *text,
			 size_t length, unsigned *number)
{
	size_t head = length_before(part, part_length, word);

	return head && length > head && memcmp(part, text, head) == 0 &&
	       parse_number(text + head, length - head, number);
}

/* Does the name TEXT of a path stand for the pattern's PART? */
static bool match_name(const char *part, size_t part_length, const char *text, size_t length,
		       struct proc_match *match)
{
	struct arch_cache cache;
	unsigned number;

	if (is_word(part, part_length, "PID")) {
		if (!parse_number(text, length, &number))
			return false;
		match->tid = (tid_t)number;
		return number == PROCESS_PID || thread_exists(match->tid);
	}
	if (is_word(part, part_length, "TID") && parse_number(text, length, &number)) {
		match->tid = (tid_t)number;
		return thread_exists(match->tid);
	}
	if (is_word(part, part_length, "FD") && parse_number(text, length, &number)) {
		match->fd = (int)number;
		return fd_is_open(match->fd);
	}
	if (split_number(part, part_length, "CPU", text, length, &number)) {
		match->cpu = number;
		return number < cpu_count();
	}
	if (split_number(part, part_length, "CACHE", text, length, &number)) {
		match->cache = number;
		return arch_cache_info(number, &cache);
	}
	if (split_number(part, part_length, "NODE", text, length, &number)) {
		match->node = number;
		return number < mm_node_count();
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

/* How PATH (without slash at its start) relates to PATTERN. For PROC_MATCH_DIRECTORY *REST is what
 * the pattern has below it. */
static enum proc_kind match_path(const char *pattern, const char *path, struct proc_match *match,
				 const char **rest)
{
	while (*path) {
		size_t part = name_length(pattern), name = name_length(path);

		if (!part || !match_name(pattern, part, path, name, match))
			return PROC_MATCH_NONE;
		pattern += part + (pattern[part] == '/');
		path += name + (path[name] == '/');
	}
	*rest = pattern;
	return *pattern ? PROC_MATCH_DIRECTORY : PROC_MATCH_ENTRY;
}

enum proc_kind procfs_find(const struct procfs *fs, const char *path, struct proc_match *match,
			   const struct proc_entry **entry)
{
	enum proc_kind best = PROC_MATCH_NONE;

	for (unsigned t = 0; t < ARRAY_SIZE(fs->tables) && fs->tables[t]; t++) {
		for (unsigned i = 0; i < fs->tables[t]->count; i++) {
			const struct proc_entry *e = &fs->tables[t]->entries[i];
			struct proc_match here = {.tid = PROCESS_PID};
			const char *rest;
			enum proc_kind kind = match_path(e->path, path, &here, &rest);

			if (kind == PROC_MATCH_NONE)
				continue;
			best = kind;
			*match = here;
			*entry = e;
			if (kind == PROC_MATCH_ENTRY)
				return kind;
		}
	}
	return *path ? best : PROC_MATCH_DIRECTORY;
}

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

/* HEAD (LENGTH bytes) and a number. */
static void list_numbered(struct listing *list, const char *head, size_t length, unsigned number)
{
	char name[32];

	list_name(list->out, list->type, name,
		  ksnprintf(name, sizeof(name), "%.*s%u", (int)length, head, number));
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
	struct arch_cache cache;

	if (is_word(part, length, "PID")) {
		list_number(&list, PROCESS_PID);
	} else if (is_word(part, length, "TID")) {
		list_threads(&list);
	} else if (is_word(part, length, "FD")) {
		fd_for_each(list_fd, &list);
	} else if (length_before(part, length, "CPU")) {
		for (unsigned cpu = 0; cpu < cpu_count(); cpu++)
			list_numbered(&list, part, length_before(part, length, "CPU"), cpu);
	} else if (length_before(part, length, "CACHE")) {
		for (unsigned i = 0; arch_cache_info(i, &cache); i++)
			list_numbered(&list, part, length_before(part, length, "CACHE"), i);
	} else if (length_before(part, length, "NODE")) {
		for (unsigned node = 0; node < mm_node_count(); node++)
			list_numbered(&list, part, length_before(part, length, "NODE"), node);
	} else {
		list_name(out, type, part, length);
	}
}

void procfs_list(const struct procfs *fs, const char *path, struct proc_text *out)
{
	list_name(out, S_IFDIR >> 12, ".", 1);
	list_name(out, S_IFDIR >> 12, "..", 2);
	for (unsigned t = 0; t < ARRAY_SIZE(fs->tables) && fs->tables[t]; t++) {
		for (unsigned i = 0; i < fs->tables[t]->count; i++) {
			const struct proc_entry *entry = &fs->tables[t]->entries[i];
			struct proc_match match = {0};
			const char *rest;
			size_t length;

			if (match_path(entry->path, path, &match, &rest) != PROC_MATCH_DIRECTORY)
				continue;
			length = name_length(rest);
			list_part(out, rest, length,
				  rest[length]	? S_IFDIR >> 12
				  : entry->link ? S_IFLNK >> 12
						: S_IFREG >> 12);
		}
	}
}
