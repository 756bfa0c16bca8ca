/* SPDX-License-Identifier: BSD-3-Clause */
/* /proc and /sys as libraries and programs parse them: fields, order and form, not values. */
#include "procfs/procfs.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

size_t text_of(const char *path, char *text, size_t size)
{
	FILE *file = fopen(path, "r");
	size_t length = file ? fread(text, 1, size - 1, file) : 0;

	if (file)
		fclose(file);
	text[length] = '\0';
	return length;
}

long number_in(const char *path)
{
	char text[64];

	return text_of(path, text, sizeof(text)) ? strtol(text, NULL, 10) : -1;
}

long number_after(const char *path, const char *name)
{
	char line[8192];
	size_t length = strlen(name);
	long value = -1;
	FILE *file = fopen(path, "r");

	while (file && value < 0 && fgets(line, sizeof(line), file))
		if (strncmp(line, name, length) == 0)
			value = strtol(line + length, NULL, 10);
	if (file)
		fclose(file);
	return value;
}

int has_lines(const char *path, const char *const *names, size_t count)
{
	char line[8192];
	size_t found = 0;
	FILE *file = fopen(path, "r");

	while (file && found < count && fgets(line, sizeof(line), file))
		found += strncmp(line, names[found], strlen(names[found])) == 0;
	if (file)
		fclose(file);
	if (found < count)
		fprintf(stderr, "%s: no line %s\n", path, names[found]);
	return found == count;
}

int dir_holds(const char *path, const char *name)
{
	const struct dirent *entry;
	DIR *dir = opendir(path);
	int found = 0;

	while (dir && (entry = readdir(dir)) != NULL)
		found |= strcmp(entry->d_name, name) == 0;
	if (dir)
		closedir(dir);
	return found;
}

int main(int argc, char **argv)
{
	procfs_process(argc, argv);
	procfs_memory();
	procfs_threads();
	procfs_system();
	procfs_processors();
	return check_done();
}
