/* SPDX-License-Identifier: BSD-3-Clause */
/* The descriptor table against an array: the lowest free descriptor, limits, references, flags. */
#include "host.h"

#include <errno.h>
#include <file/file.h>

#define LIMIT 1000 /* process_limit_get in host.c */

static struct file *model[LIMIT];
static bool model_cloexec[LIMIT];
static int released;

static void release(struct file *file)
{
	(void)file;
	released++;
}

static const struct file_ops ops = {.release = release};

static struct file *make(void)
{
	struct file *file = file_create(&ops, NULL, 0, 0, NULL);

	CHECK(file);
	return file;
}

static int model_lowest(int minimum)
{
	while (minimum < LIMIT && model[minimum])
		minimum++;
	return minimum < LIMIT ? minimum : -EMFILE;
}

static void do_install(int minimum)
{
	struct file *file = make();
	bool cloexec = unit_below(2);
	int expected = model_lowest(minimum), fd = fd_install(file, minimum, cloexec);

	CHECK_EQ(fd, expected);
	if (fd < 0) {
		file_put(file);
		return;
	}
	model[fd] = file;
	model_cloexec[fd] = cloexec;
}

static void do_install_at(int fd)
{
	struct file *file = make();
	int before = released, result = fd_install_at(file, fd, true);

	if (fd < 0 || fd >= LIMIT) {
		CHECK_EQ(result, -EBADF);
		file_put(file);
		return;
	}
	CHECK_EQ(result, fd);
	CHECK_EQ(released - before, model[fd] != NULL);
	model[fd] = file;
	model_cloexec[fd] = true;
}

static void do_close(int fd)
{
	bool is_open = fd >= 0 && fd < LIMIT && model[fd];
	struct file *held = is_open && unit_below(2) ? fd_get(fd) : NULL;
	int before = released;

	CHECK_EQ(fd_close(fd), is_open ? 0 : -EBADF);
	if (is_open)
		model[fd] = NULL;
	if (held) { /* a call that still uses it keeps it alive */
		CHECK_EQ(released, before);
		file_put(held);
	}
	CHECK_EQ(released - before, is_open);
}

static void do_flags(int fd)
{
	bool is_open = fd >= 0 && fd < LIMIT && model[fd], value = unit_below(2);

	CHECK_EQ(fd_get_cloexec(fd), is_open ? model_cloexec[fd] : -EBADF);
	CHECK_EQ(fd_set_cloexec(fd, value), is_open ? 0 : -EBADF);
	if (is_open)
		model_cloexec[fd] = value;
}

static int next_visited;

static bool visit(int fd, struct file *file, void *context)
{
	(void)context;
	while (!model[next_visited])
		next_visited++;
	CHECK_EQ(fd, next_visited++);
	CHECK(file == model[fd]);
	return true;
}

static void check_all(void)
{
	for (int fd = 0; fd < LIMIT; fd++) {
		struct file *file = fd_get(fd);

		CHECK(file == model[fd]);
		if (file)
			file_put(file);
	}
	next_visited = 0;
	fd_for_each(visit, NULL);
}

int main(void)
{
	file_paths_init();
	CHECK(!fd_get(0) && !fd_get(-1) && !fd_get(INT32_MAX));
	for (int i = 0; i < 60000; i++) {
		/* Periods with many and with few descriptors. */
		bool growing = i / 5000 % 2 == 0;
		int fd = (int)unit_below(LIMIT + 20) - 10;

		switch (unit_below(6)) {
		case 0:
			do_install_at(fd);
			break;
		case 1:
			do_flags(fd);
			break;
		case 2:
			do_install((int)unit_below(growing ? LIMIT + 10 : 10));
			break;
		default:
			if (growing)
				do_install(0);
			else
				do_close(fd);
		}
		if (i % 512 == 0)
			check_all();
	}
	check_all();
	for (int fd = 0; fd < LIMIT; fd++) {
		if (model[fd])
			CHECK_EQ(fd_close(fd), 0);
		model[fd] = NULL;
	}
	check_all();
	CHECK_EQ(host_locks_held, 0);
	return 0;
}
