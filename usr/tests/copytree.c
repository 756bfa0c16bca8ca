/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * copytree TARGET SOURCE...: copies files, and directories with all that is in them, to below
 * TARGET, with their whole paths; symbolic links are left out. For tests that look at the isle's
 * /sys and /proc with the host's programs.
 */
#include "common/check.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define FILES_OPEN 16

static const char *target;
static int copied;

static void target_path(char *path, size_t size, const char *source)
{
	if (snprintf(path, size, "%s%s", target, source) >= (int)size) {
		errno = ENAMETOOLONG;
		check_die(source);
	}
}

static void make_directory(const char *path)
{
	if (mkdir(path, 0755) != 0 && errno != EEXIST)
		check_die(path);
}

/* All directories above PATH below the target. */
static void make_parents(char *path)
{
	for (char *slash = strchr(path + strlen(target) + 1, '/'); slash;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		make_directory(path);
		*slash = '/';
	}
}

static void copy(const char *source, const char *path)
{
	char buffer[16384];
	FILE *in = fopen(source, "r"), *out = fopen(path, "w");
	size_t size;

	if (!in || !out)
		check_die(in ? path : source);
	while ((size = fread(buffer, 1, sizeof(buffer), in)) > 0)
		if (fwrite(buffer, 1, size, out) != size)
			check_die(path);
	if (ferror(in) || fclose(out) != 0)
		check_die(source);
	fclose(in);
	copied++;
}

static int visit(const char *source, const struct stat *info, int type, struct FTW *place)
{
	char path[4096];

	(void)info;
	(void)place;
	target_path(path, sizeof(path), source);
	make_parents(path);
	if (type == FTW_D)
		make_directory(path);
	else if (type == FTW_F)
		copy(source, path);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc < 3) {
		fprintf(stderr, "usage: copytree TARGET SOURCE...\n");
		return 2;
	}
	target = argv[1];
	for (int i = 2; i < argc; i++)
		MUST(nftw(argv[i], visit, FILES_OPEN, FTW_PHYS));
	printf("%d files\n", copied);
	return copied == 0;
}
