/* SPDX-License-Identifier: BSD-3-Clause */
/* path_join and path_below: examples, limits, and random paths against a simple model. */
#include "host.h"

#include <errno.h>
#include <fs/path.h>
#include <string.h>

static void joined(const char *directory, const char *path, const char *expected)
{
	char out[FS_PATH_MAX + 1];

	CHECK_EQ(path_join(out, directory, path), 0);
	if (strcmp(out, expected) != 0)
		fprintf(stderr, "\"%s\" and \"%s\" give \"%s\"\n", directory, path, out);
	CHECK(strcmp(out, expected) == 0);
}

static void test_examples(void)
{
	joined("/", "a", "/a");
	joined("/a", "b/c", "/a/b/c");
	joined("/a/", "b", "/a/b");
	joined("/a", "/b", "/b");
	joined("/a", "//b///c", "/b/c");
	joined("/a", "./b/./c", "/a/b/c");
	joined("/a", "..", "/a/..");
	joined("/a", "b/", "/a/b/");
	joined("/a", "b//", "/a/b/");
	joined("/a", "b/.", "/a/b/");
	joined("/a", ".", "/a/");
	joined("/", ".", "/");
	joined("/", "/", "/");
	joined("/", "//./", "/");
	joined("/a", "...", "/a/...");
	joined("/a", ".b", "/a/.b");
}

static void test_limits(void)
{
	char path[FS_PATH_MAX + 8], out[FS_PATH_MAX + 1];

	memset(path, 'x', sizeof(path));
	path[0] = '/';
	path[FS_PATH_MAX] = 0;
	CHECK_EQ(path_join(out, "/", path), 0);
	CHECK(strcmp(out, path) == 0);
	path[FS_PATH_MAX] = 'x';
	path[FS_PATH_MAX + 1] = 0;
	CHECK_EQ(path_join(out, "/", path), -ENAMETOOLONG);
	CHECK(strlen(out) <= FS_PATH_MAX);
	path[FS_PATH_MAX] = 0;
	CHECK_EQ(path_join(out, "/directory", path + 1), -ENAMETOOLONG);
	/* Slashes and dots do not count. */
	memset(path, '/', FS_PATH_MAX);
	path[FS_PATH_MAX] = 0;
	joined("/a", path, "/");
}

static void test_below(void)
{
	CHECK(path_below("/tmp", "/tmp"));
	CHECK(path_below("/tmp/", "/tmp"));
	CHECK(path_below("/tmp/a", "/tmp"));
	CHECK(!path_below("/tmpa", "/tmp"));
	CHECK(!path_below("/tm", "/tmp"));
	CHECK(!path_below("/", "/tmp"));
	CHECK(path_below("/", "/"));
	CHECK(path_below("/anything", "/"));
}

/* Names of PATH behind OUT, each with a slash before it. */
static bool model_append(char *out, const char *path)
{
	bool directory = false;
	char copy[256], *rest = copy, *name;

	strcpy(copy, path);
	while ((name = strsep(&rest, "/"))) {
		directory = !*name || strcmp(name, ".") == 0;
		if (!directory)
			strcat(strcat(out, "/"), name);
	}
	return directory;
}

static void test_random(void)
{
	static const char letters[] = "//..ab";

	for (int i = 0; i < 200000; i++) {
		char path[32] = "", expected[256] = "", out[FS_PATH_MAX + 1];
		size_t length = 1 + unit_below(20);

		for (size_t at = 0; at < length; at++)
			path[at] = letters[unit_below(sizeof(letters) - 1)];
		if (path[0] != '/')
			strcpy(expected, "/dir/sub");
		if (model_append(expected, path) || !expected[0])
			strcat(expected, "/");
		CHECK_EQ(path_join(out, "/dir/sub", path), 0);
		if (strcmp(out, expected) != 0)
			fprintf(stderr, "\"%s\" gives \"%s\", not \"%s\"\n", path, out, expected);
		CHECK(strcmp(out, expected) == 0);
	}
}

int main(void)
{
	test_examples();
	test_limits();
	test_below();
	test_random();
	return 0;
}
