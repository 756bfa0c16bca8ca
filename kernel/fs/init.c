/* SPDX-License-Identifier: BSD-3-Clause */
/* Builds the name space and opens the standard files. */
#include <fs/fs.h>

#include <asm/errno.h>
#include <drivers/host_channel.h>
#include <file/epoll.h>
#include <fs/aio.h>
#include <fs/vfs.h>
#include <lib/string.h>
#include <mm/heap.h>
#include <sched/process.h>

#include "console.h"
#include "hostfs.h"
#include "memfs.h"
#include "pagecache.h"

static int mount_host(const char *path)
{
	struct fs_mount *mount = kzalloc(sizeof(*mount));

	if (!mount)
		return -ENOMEM;
	*mount = (struct fs_mount){.path = path, .type = "hostfs", .ops = &hostfs_ops};
	vfs_mount(mount);
	return 0;
}

/* "/" and the paths that the host serves below those of the kernel. */
int hostfs_init(void)
{
	const struct host_hello *hello = host_hello();
	int error = mount_host("/");

	for (uint32_t i = 0; !error && i < hello->fixed.host_fs_count; i++)
		error = mount_host(hello->host_fs[i]);
	return error;
}

/* Is PATH one of those that the kernel serves, by the proxy's word (or without a proxy)? */
static bool served_here(const char *path)
{
	const struct host_hello *hello = host_hello();

	for (uint32_t i = 0; hello && i < hello->fixed.guest_fs_count; i++)
		if (strcmp(hello->guest_fs[i], path) == 0)
			return true;
	return !hello;
}

static int mount_kernel_fs(void)
{
	int error = served_here("/tmp") ? memfs_mount("/tmp", "tmpfs") : 0;

	if (!error && served_here("/dev"))
		error = devfs_init();
	if (!error && served_here("/proc"))
		error = procfs_init();
	if (!error && served_here("/etc"))
		error = etcfs_init();
	return error;
}

/* FILE becomes descriptor FD; NULL stays closed. */
static int install(struct file *file, int fd)
{
	int result;

	if (!file)
		return -ENOMEM;
	result = fd_install_at(file, fd, false);
	return result < 0 ? result : 0;
}

static int open_standard(void)
{
	static const char *const names[3] = {"/dev/stdin", "/dev/stdout", "/dev/stderr"};
	const struct host_hello *hello = host_hello();
	int error = 0;

	for (uint32_t i = 0; i < 3 && !error; i++) {
		uint32_t attributes = hello ? hello->fixed.std_handles[i] : 0;
		struct file *file;

		if (hello && !attributes)
			continue; /* closed on the host, closed here */
		if (!hello) {
			error = install(console_file_create(), (int)i);
			continue;
		}
		file = hostfs_file_create(i, attributes, hello->fixed.std_flags[i], names[i]);
		if (file && (attributes & HC_HANDLE_SEEKABLE))
			file->kind |= FILE_HOST_OFFSET;
		error = install(file, (int)i);
	}
	return error;
}

int fs_init(void)
{
	const struct host_hello *hello = host_hello();
	int error;

	vfs_init();
	file_paths_init();
	epoll_init();
	pagecache_init();
	aio_init();
	error = memfs_init();
	if (!error)
		error = hello ? hostfs_init() : memfs_mount("/", "tmpfs");
	if (!error)
		error = mount_kernel_fs();
	if (!error)
		error = memfs_make_mount_points();
	if (!error)
		error = open_standard();
	if (hello)
		vfs_cwd_set(hello->cwd);
	return error;
}
