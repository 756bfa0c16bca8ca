/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A memory file system against the host's: the same random calls on both, in a directory of the
 * host's /dev/shm and in an empty memory file system; results, contents and attributes must be the
 * same. At the end nothing may be left allocated.
 *
 * Paths stay inside: symbolic links lead downwards only, so a ".." behind a name never leaves.
 */
#include "host.h"

#include "../../../kernel/fs/memfs.h"
#include "../../../kernel/fs/pipe.h"

#include <errno.h>
#include <fcntl.h>
#include <fs/path.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define STEPS	       150000
#define OPEN_MAX_FILES 6

static char host_root[] = "/dev/shm/unit-memfs-XXXXXX";

/* Other parts of kernel/fs, which these calls do not reach. */
int device_open(uint64_t rdev, unsigned flags, const char *path, struct file **out)
{
	(void)rdev;
	(void)flags;
	(void)path;
	(void)out;
	return -ENXIO;
}

struct pipe *pipe_create_fifo(struct mem_node *node)
{
	(void)node;
	return NULL;
}

void pipe_put(struct pipe *pipe)
{
	(void)pipe;
}

int fifo_open(struct pipe *pipe, unsigned flags, const char *path, struct file **out)
{
	return device_open((uintptr_t)pipe, flags, path, out);
}

void vm_object_put(struct vm_object *object)
{
	(void)object;
}

/* A path below the root: up to four names, ".." only behind a name. */
static void random_path(char *out)
{
	static const char *const names[] = {"a", "b", "c", "long-name"};
	unsigned count = 1 + (unsigned)unit_below(4), depth = 0;

	*out = 0;
	for (unsigned i = 0; i < count; i++) {
		bool up = depth > 0 && i + 1 < count && unit_below(8) == 0;

		strcat(strcat(out, "/"), up ? ".." : names[unit_below(ARRAY_SIZE(names))]);
		depth += up ? -1u : 1u;
	}
	if (unit_below(12) == 0)
		strcat(out, "/");
}

static const char *on_host(const char *path)
{
	static char full[2][512];
	static unsigned turn;

	turn ^= 1;
	snprintf(full[turn], sizeof(full[0]), "%s%s", host_root, path);
	return full[turn];
}

static struct fs_path inside(const char *path, unsigned flags)
{
	static char redirect[2][FS_PATH_MAX + 1];
	static unsigned turn;

	turn ^= 1;
	return (struct fs_path){path, path, flags, redirect[turn]};
}

static struct fs_mount *mount;

static int host_result(long result)
{
	return result < 0 ? -errno : (int)result;
}

static void compare(const char *what, const char *path, const char *other, long here, long host)
{
	if (here == host)
		return;
	fprintf(stderr, "%s %s %s: %ld here, %ld on the host\n", what, path, other, here, host);
	abort();
}

static void do_mkdir(const char *path)
{
	struct fs_path p = inside(path, FS_NOFOLLOW);

	compare("mkdir", path, "", mount->ops->mkdir(mount, &p, 0755),
		host_result(mkdir(on_host(path), 0755)));
}

static void do_unlink(const char *path, bool directory)
{
	struct fs_path p = inside(path, FS_NOFOLLOW);

	compare(directory ? "rmdir" : "unlink", path, "", mount->ops->unlink(mount, &p, directory),
		host_result(directory ? rmdir(on_host(path)) : unlink(on_host(path))));
}

static void do_symlink(const char *path)
{
	struct fs_path p = inside(path, FS_NOFOLLOW);
	char target[128];

	do
		random_path(target);
	while (strstr(target, ".."));
	compare("symlink", path, target + 1, mount->ops->symlink(mount, target + 1, &p),
		host_result(symlink(target + 1, on_host(path))));
}

static void do_link(const char *from, const char *to)
{
	unsigned flags = unit_below(2) ? FS_NOFOLLOW : 0;
	struct fs_path a = inside(from, flags), b = inside(to, FS_NOFOLLOW);
	int which;

	compare("link", from, to, mount->ops->link(mount, &a, &b, &which),
		host_result(linkat(AT_FDCWD, on_host(from), AT_FDCWD, on_host(to),
				   flags ? 0 : AT_SYMLINK_FOLLOW)));
}

static void do_rename(const char *from, const char *to, unsigned flags)
{
	struct fs_path a = inside(from, FS_NOFOLLOW), b = inside(to, FS_NOFOLLOW);
	int which;

	compare("rename", from, to, mount->ops->rename(mount, &a, &b, flags, &which),
		host_result(renameat2(AT_FDCWD, on_host(from), AT_FDCWD, on_host(to), flags)));
}

static void compare_stats(const char *path, const file_stat_t *here, const struct stat *host)
{
	compare("mode of", path, "", here->mode, host->st_mode);
	if (!S_ISDIR(host->st_mode))
		compare("size of", path, "", (long)here->size, host->st_size);
	compare("links of", path, "", (long)here->nlink, (long)host->st_nlink);
}

static void do_stat(const char *path)
{
	unsigned flags = unit_below(2) ? FS_NOFOLLOW : 0;
	struct fs_path p = inside(path, flags);
	file_stat_t here;
	struct stat host;
	int result = mount->ops->stat(mount, &p, &here);

	compare("stat", path, flags ? "itself" : "", result,
		host_result(
			fstatat(AT_FDCWD, on_host(path), &host, flags ? AT_SYMLINK_NOFOLLOW : 0)));
	if (!result)
		compare_stats(path, &here, &host);
}

static void do_readlink(const char *path)
{
	struct fs_path p = inside(path, FS_NOFOLLOW);
	char here[128], host[128];
	long length = (long)mount->ops->readlink(mount, &p, here, sizeof(here));

	compare("readlink", path, "", length,
		host_result(readlink(on_host(path), host, sizeof(host))));
	CHECK(length < 0 || memcmp(here, host, (size_t)length) == 0);
}

/* Open on both sides. */
static struct {
	struct file *file;
	int fd;
} opened[OPEN_MAX_FILES];

static void close_slot(unsigned slot)
{
	if (!opened[slot].file)
		return;
	file_put(opened[slot].file);
	close(opened[slot].fd);
	opened[slot].file = NULL;
}

static void do_open(const char *path)
{
	static const unsigned more[] = {0,	 O_CREAT,     O_CREAT | O_EXCL, O_CREAT | O_TRUNC,
					O_TRUNC, O_DIRECTORY, O_CREAT,		O_NOFOLLOW};
	unsigned flags = (unit_below(3) ? O_RDWR : O_RDONLY) | more[unit_below(8)];
	unsigned slot = (unsigned)unit_below(OPEN_MAX_FILES);
	bool nofollow = flags & O_NOFOLLOW || (flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL);
	struct fs_path p = inside(path, nofollow ? FS_NOFOLLOW : 0);
	struct file *file = NULL;
	int result, fd;
	char text[32];

	close_slot(slot);
	result = mount->ops->open(mount, &p, flags, 0644, &file);
	fd = open(on_host(path), (int)flags, 0644);
	snprintf(text, sizeof(text), "with flags %#x", flags);
	compare("open", path, text, result, fd < 0 ? -errno : 0);
	if (result)
		return;
	opened[slot].file = file;
	opened[slot].fd = fd;
}

static void do_io(void)
{
	unsigned slot = (unsigned)unit_below(OPEN_MAX_FILES);
	static uint8_t data[10000], other[10000];
	size_t size = unit_below(sizeof(data));
	uint64_t offset = unit_below(3) ? unit_below(9000) : unit_below(100000);
	struct file *file = opened[slot].file;
	int fd = opened[slot].fd;
	long result;

	if (!file || file->kind & FILE_DIRECTORY)
		return;
	switch (unit_below(4)) {
	case 0:
		memset(data, (int)unit_below(256), size);
		compare("pwrite", "", "", (long)host_write_at(file, data, size, &offset),
			host_result(pwrite(fd, data, size, (off_t)offset)));
		break;
	case 1:
		if ((file->flags & O_ACCMODE) == O_RDONLY)
			return;
		compare("ftruncate", "", "", file->ops->truncate(file, offset),
			host_result(ftruncate(fd, (off_t)offset)));
		break;
	case 2:
		if ((file->flags & O_ACCMODE) == O_RDONLY)
			return;
		compare("fallocate", "", "",
			file->ops->allocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
					    offset, size + 1),
			host_result(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
					      (off_t)offset, (off_t)size + 1)));
		break;
	default:
		result = (long)host_read_at(file, data, size, &offset);
		compare("pread", "", "", result,
			host_result(pread(fd, other, size, (off_t)offset)));
		CHECK(result <= 0 || memcmp(data, other, (size_t)result) == 0);
	}
}

/* Names in BUFFER. */
static long count_records(const uint8_t *buffer, long size)
{
	long count = 0;

	for (long at = 0; at < size; count++)
		at += *(const uint16_t *)(buffer + at + 16);
	return count;
}

/* As many names in an open directory as on the host. */
static void do_list(void)
{
	unsigned slot = (unsigned)unit_below(OPEN_MAX_FILES);
	struct file *file = opened[slot].file;
	_Alignas(8) uint8_t buffer[128];
	long here = 0, host = 0, size, host_size;

	if (!file || !(file->kind & FILE_DIRECTORY))
		return;
	file->offset = 0;
	while ((size = (long)file->ops->getdents(file, buffer, sizeof(buffer))) > 0)
		here += count_records(buffer, size);
	lseek(opened[slot].fd, 0, SEEK_SET);
	while ((host_size = syscall(SYS_getdents64, opened[slot].fd, buffer, sizeof(buffer))) > 0)
		host += count_records(buffer, host_size);
	compare("getdents", "", "", size, host_result(host_size));
	compare("entries", "", "", here, host);
}

static void step(void)
{
	static const unsigned modes[] = {0, 0, RENAME_NOREPLACE, RENAME_EXCHANGE};
	char a[128], b[128];

	random_path(a);
	random_path(b);
	switch (unit_below(16)) {
	case 0:
	case 1:
		do_mkdir(a);
		break;
	case 2:
		do_unlink(a, true);
		break;
	case 3:
		do_unlink(a, false);
		break;
	case 4:
		do_symlink(a);
		break;
	case 5:
		do_link(a, b);
		break;
	case 6:
	case 7:
		do_rename(a, b, modes[unit_below(ARRAY_SIZE(modes))]);
		break;
	case 8:
		do_readlink(a);
		break;
	case 9:
		do_stat(a);
		break;
	case 10:
		do_list();
		break;
	case 11:
	case 12:
		do_open(a);
		break;
	default:
		do_io();
	}
}

/* Empties directory PATH: files go, directories become /directory-N, as they may be deep. */
static void empty(const char *path, unsigned *directories)
{
	static const char *const names[] = {"a", "b", "c", "long-name"};
	char child[64], aside[64];
	struct stat host;

	for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(child, sizeof(child), "%s/%s", path, names[i]);
		if (lstat(on_host(child), &host) != 0)
			continue;
		snprintf(aside, sizeof(aside), "/directory-%u", *directories);
		if (!S_ISDIR(host.st_mode)) {
			do_unlink(child, false);
			continue;
		}
		do_rename(child, aside, 0);
		++*directories;
	}
}

static void remove_all(void)
{
	unsigned directories = 0;
	char path[64];

	empty("", &directories);
	for (unsigned i = 0; i < directories; i++) {
		snprintf(path, sizeof(path), "/directory-%u", i);
		empty(path, &directories);
		do_unlink(path, true);
	}
}

int main(void)
{
	const struct memfs *fs;

	CHECK(mkdtemp(host_root));
	umask(0);
	file_paths_init();
	vfs_init();
	CHECK_EQ(memfs_mount("/", "tmpfs"), 0);
	mount = vfs_mount_of("/");
	for (int i = 0; i < STEPS; i++)
		step();
	for (unsigned slot = 0; slot < OPEN_MAX_FILES; slot++)
		close_slot(slot);
	remove_all();
	fs = mount->data;
	CHECK(list_empty(&fs->root->order));
	CHECK_EQ(fs->root->nlink, 2);
	CHECK_EQ(fs->root->references, 1);
	CHECK_EQ(host_frames, 0);
	CHECK_EQ(host_locks_held, 0);
	CHECK_EQ(rmdir(host_root), 0);
	return 0;
}
