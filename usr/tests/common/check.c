/* SPDX-License-Identifier: BSD-3-Clause */
/* See check.h. Each line is one printf, so lines of several threads do not mix. */
#include "check.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *bad_pointer = (void *)(uintptr_t)0x10;

static atomic_int failures;
static atomic_int checks;

void check_section(const char *name)
{
	printf("--- %s\n", name);
	fflush(stdout);
}

/* The path a compiler was given differs between builds: only the file's name is printed. */
static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

int check_that(int ok, const char *text, const char *file, int line)
{
	int saved = errno;

	atomic_fetch_add(&checks, 1);
	if (ok) {
		printf("ok: %s\n", text);
	} else {
		atomic_fetch_add(&failures, 1);
		printf("FAIL: %s (%s:%d)\n", text, base_name(file), line);
	}
	fflush(stdout);
	errno = saved;
	return ok;
}

const char *check_errno_name(int number)
{
	const char *name = strerrorname_np(number);

	return name ? name : "EUNKNOWN";
}

long check_show(const char *text, long result)
{
	int saved = errno;

	if (result == -1)
		printf("%s = -1 %s\n", text, check_errno_name(saved));
	else
		printf("%s = %ld\n", text, result);
	fflush(stdout);
	errno = saved;
	return result;
}

void check_die(const char *text)
{
	printf("FATAL: %s: %s\n", text, check_errno_name(errno));
	fflush(stdout);
	exit(2);
}

int check_done(void)
{
	int failed = atomic_load(&failures);

	if (failed != 0)
		printf("%d of %d checks FAILED\n", failed, atomic_load(&checks));
	else
		printf("all %d checks hold\n", atomic_load(&checks));
	fflush(stdout);
	return failed != 0;
}
