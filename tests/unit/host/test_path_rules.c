/* SPDX-License-Identifier: BSD-3-Clause */
/* The access rules of docs/host-files.md: what a path reaches, and above all what it does not. */
#include "check.h"
#include "guest.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct guest guest;
static char *work;

/* work/inside is mapped read-write at /rw, work/ro read-only at /ro; work/secret is not mapped. */
static void build_tree(void)
{
	work = make_work_dir();
	CHECK_EQ(chdir(work), 0);
	CHECK_EQ(mkdir("inside", 0755) | mkdir("ro", 0755) | mkdir("secret", 0755), 0);
	CHECK_EQ(mkdir("inside/sub", 0755) | mkdir("ro/sub", 0755), 0);
	int fd = open("secret/key", O_CREAT | O_WRONLY, 0644);
	CHECK_EQ(write(fd, "key", 3), 3);
	close(fd);
	close(open("ro/file", O_CREAT | O_WRONLY, 0666));
	close(open("inside/file", O_CREAT | O_WRONLY, 0666));
	CHECK_EQ(symlink("../secret/key", "inside/up"), 0);
	CHECK_EQ(symlink("../../secret", "inside/sub/up"), 0);
	char absolute[PATH_MAX];
	snprintf(absolute, sizeof(absolute), "%s/secret/key", work);
	CHECK_EQ(symlink(absolute, "inside/absolute"), 0);
	CHECK_EQ(symlink("/ro/file", "inside/to-ro"), 0);
	CHECK_EQ(symlink("/rw/file", "ro/to-rw"), 0);
	CHECK_EQ(symlink("/tmp/x", "inside/to-tmp"), 0);
	CHECK_EQ(symlink("/proc/self/root", "inside/to-proc"), 0);
	CHECK_EQ(symlink("loop-b", "inside/loop-a") | symlink("loop-a", "inside/loop-b"), 0);
	CHECK_EQ(symlink("new-target", "inside/dangling"), 0);
}

static void start_isolated(void)
{
	struct mount_rule rules[] = {{"inside", "/rw", false},
				     {"ro", "/ro", true},
				     {"ro", "/deep/er/ro", true},
				     {"inside", "/tmp/a/b", false}};
	const struct mount_rule *fault;
	CHECK_EQ(mount_rules_apply(&guest.mounts, &(struct mount_rules){true, rules, 4, work},
				   &fault),
		 0);
	CHECK_EQ(strcmp(guest.mounts.cwd, "/"), 0);
	guest_start(&guest, NULL);
}

static void check_redirect(uint16_t op, const char *path, const char *to)
{
	uint64_t arg[4] = {0};
	struct guest_reply *reply = guest_call(&guest, op, 0, arg, path, strlen(path));
	CHECK_EQ(reply->head.result, HC_REDIRECT);
	CHECK_EQ(reply->size, strlen(to));
	CHECK_EQ(memcmp(reply->payload, to, reply->size), 0);
}

static void test_escapes(void)
{
	static const char *const outside[] = {"/secret/key",  "/rw/../secret/key",
					      "/rw/up",	      "/rw/sub/up/key",
					      "/rw/absolute", "/rw/../../../../../usr/passwd",
					      "/usr/passwd",  "/rw/sub/../../secret",
					      "/deep/secret", "/ro/sub/../../../secret/key"};

	for (size_t i = 0; i < sizeof(outside) / sizeof(outside[0]); i++) {
		CHECK_EQ(guest_open(&guest, outside[i], O_RDONLY, 0), -ENOENT);
		CHECK_EQ(guest_path(&guest, HC_STAT, outside[i], 0, 0, 0), -ENOENT);
		CHECK_EQ(guest_path(&guest, HC_ACCESS, outside[i], 0, 0, 0), -ENOENT);
	}
	/* The links themselves are there. */
	CHECK_EQ(guest_path(&guest, HC_STAT, "/rw/up", HC_NOFOLLOW, 0, 0), 0);
	CHECK_EQ(guest_path(&guest, HC_READLINK, "/rw/up", 0, 0, 0), strlen("../secret/key"));
	CHECK_EQ(guest_open(&guest, "/rw/loop-a", O_RDONLY, 0), -ELOOP);
	CHECK_EQ(guest_open(&guest, "/rw/up", O_RDONLY | O_NOFOLLOW, 0), -ELOOP);
}

static void test_dotdot_stays_in_name_space(void)
{
	/* ".." of a mount point is its parent in the guest's name space, of the root the root. */
	CHECK(guest_open(&guest, "/rw/../ro/file", O_RDONLY, 0) >= 0);
	CHECK(guest_open(&guest, "/../../rw/./sub/../file", O_RDONLY, 0) >= 0);
	CHECK(guest_open(&guest, "/deep/er/ro/../../../rw/file", O_RDONLY, 0) >= 0);
	CHECK_EQ(guest_open(&guest, "/rw/file/..", O_RDONLY, 0), -ENOTDIR);
	CHECK_EQ(guest_open(&guest, "/rw/none/../file", O_RDONLY, 0), -ENOENT);
}

static void test_links_across_mounts(void)
{
	CHECK(guest_open(&guest, "/rw/to-ro", O_RDONLY, 0) >= 0);
	CHECK_EQ(guest_open(&guest, "/rw/to-ro", O_RDWR, 0), -EROFS);
	CHECK(guest_open(&guest, "/ro/to-rw", O_RDWR, 0) >= 0);
	CHECK_EQ(guest_path(&guest, HC_TRUNCATE, "/rw/to-ro", 0, 0, 0), -EROFS);
	/* A dangling link is where its target is created. */
	CHECK(guest_open(&guest, "/rw/dangling", O_WRONLY | O_CREAT, 0600) >= 0);
	CHECK_EQ(access("inside/new-target", F_OK), 0);
	CHECK_EQ(guest_open(&guest, "/rw/dangling", O_WRONLY | O_CREAT | O_EXCL, 0600), -EEXIST);
}

static void test_guest_served(void)
{
	check_redirect(HC_OPEN, "/rw/to-tmp", "/tmp/x");
	check_redirect(HC_STAT, "/rw/to-proc", "/proc/self/root");
	check_redirect(HC_OPEN, "/rw/to-proc/etc/passwd", "/proc/self/root/etc/passwd");
	check_redirect(HC_OPEN, "/proc/1/environ", "/proc/1/environ");
	check_redirect(HC_STAT, "/rw/../dev/./null", "/dev/./null");
	check_redirect(HC_STAT, "/sys", "/sys");
	CHECK_EQ(guest_two_paths(&guest, HC_RENAME, "/rw/file", "/tmp/file", 0), HC_REDIRECT);
	CHECK_EQ(guest_two_paths(&guest, HC_RENAME, "/tmp/file", "/rw/file", 0), HC_REDIRECT);
}

static void test_read_only(void)
{
	uint8_t times[2 * sizeof(struct hc_time) + 8] = {0};
	uint64_t arg[4] = {0};

	memcpy(times + 2 * sizeof(struct hc_time), "/ro/file", 8);
	CHECK_EQ(guest_open(&guest, "/ro/file", O_RDWR, 0), -EROFS);
	CHECK_EQ(guest_open(&guest, "/ro/file", O_WRONLY, 0), -EROFS);
	CHECK_EQ(guest_open(&guest, "/ro/file", O_RDONLY | O_TRUNC, 0), -EROFS);
	CHECK_EQ(guest_open(&guest, "/ro/new", O_RDONLY | O_CREAT, 0600), -EROFS);
	CHECK_EQ(guest_open(&guest, "/ro", O_RDWR | O_TMPFILE, 0600), -EROFS);
	CHECK_EQ(guest_open(&guest, "/ro/sub", O_RDWR, 0), -EISDIR);
	CHECK_EQ(guest_open(&guest, "/ro/file", O_RDWR | O_CREAT | O_EXCL, 0600), -EEXIST);
	CHECK_EQ(guest_path(&guest, HC_UNLINK, "/ro/file", 0, 0, 0), -EROFS);
	CHECK_EQ(guest_path(&guest, HC_UNLINK, "/ro/sub", AT_REMOVEDIR, 0, 0), -EROFS);
	CHECK_EQ(guest_path(&guest, HC_MKDIR, "/ro/new", 0700, 0, 0), -EROFS);
	CHECK_EQ(guest_path(&guest, HC_MKDIR, "/ro/sub", 0700, 0, 0), -EEXIST);
	CHECK_EQ(guest_path(&guest, HC_CHMOD, "/ro/file", 0777, 0, 0), -EROFS);
	CHECK_EQ(guest_path(&guest, HC_CHOWN, "/ro/file", 1, 1, 0), -EROFS);
	CHECK_EQ(guest_path(&guest, HC_TRUNCATE, "/ro/file", 0, 0, 0), -EROFS);
	CHECK_EQ(guest_path(&guest, HC_ACCESS, "/ro/file", W_OK, 0, 0), -EROFS);
	CHECK_EQ(guest_path(&guest, HC_ACCESS, "/ro/file", R_OK, 0, 0), 0);
	CHECK_EQ(guest_call(&guest, HC_UTIMENS, 0, arg, times, sizeof(times))->head.result, -EROFS);
	CHECK_EQ(guest_two_paths(&guest, HC_RENAME, "/ro/file", "/ro/other", 0), -EROFS);
	CHECK_EQ(guest_two_paths(&guest, HC_RENAME, "/ro/file", "/rw/other", 0), -EXDEV);
	CHECK_EQ(guest_two_paths(&guest, HC_RENAME, "/rw/file", "/ro/other", 0), -EXDEV);
	CHECK_EQ(guest_two_paths(&guest, HC_LINK, "/ro/file", "/rw/other", 0), -EXDEV);
	CHECK_EQ(guest_two_paths(&guest, HC_LINK, "/ro/file", "/ro/other", 0), -EROFS);
	CHECK_EQ(guest_two_paths(&guest, HC_SYMLINK, "target", "/ro/link", 0), -EROFS);
}

static void test_read_only_handle(void)
{
	uint64_t arg[4] = {0};
	struct hc_time times[2] = {{0}};
	struct stat before, after;

	CHECK_EQ(stat("ro/file", &before), 0);
	int64_t handle = guest_open(&guest, "/ro/file", O_RDONLY, 0);
	CHECK(handle >= 0);
	uint32_t h = (uint32_t)handle;
	CHECK_EQ(guest_handle(&guest, HC_FCHMOD, h, 0777, 0, 0), -EROFS);
	CHECK_EQ(guest_handle(&guest, HC_FCHOWN, h, 1, 1, 0), -EROFS);
	CHECK_EQ(guest_call(&guest, HC_FUTIMENS, h, arg, times, sizeof(times))->head.result,
		 -EROFS);
	CHECK_EQ(guest_handle(&guest, HC_FTRUNCATE, h, 10, 0, 0), -EINVAL);
	CHECK_EQ(guest_handle(&guest, HC_FALLOCATE, h, 0, 0, 10), -EBADF);
	CHECK_EQ(guest_write(&guest, h, "x", 1), -EBADF);
	handle = guest_open(&guest, "/ro", O_RDONLY | O_DIRECTORY, 0);
	CHECK_EQ(guest_handle(&guest, HC_FCHMOD, (uint32_t)handle, 0700, 0, 0), -EROFS);
	CHECK_EQ(stat("ro/file", &after), 0);
	CHECK(before.st_mode == after.st_mode && before.st_size == after.st_size);
}

static int64_t link_handle(uint32_t handle, const char *path)
{
	uint64_t arg[4] = {0};

	return guest_call(&guest, HC_FLINK, handle, arg, path, strlen(path))->head.result;
}

/* A descriptor is no way to a name where its path would have been none. */
static void test_link_of_handle(void)
{
	int64_t read_only = guest_open(&guest, "/ro/file", O_RDONLY, 0);
	int64_t own = guest_open(&guest, "/rw", O_RDWR | O_TMPFILE, 0600);

	CHECK(read_only >= 0 && own >= 0);
	CHECK_EQ(link_handle((uint32_t)read_only, "/rw/from-ro"), -EXDEV);
	CHECK_EQ(link_handle((uint32_t)read_only, "/ro/from-ro"), -EROFS);
	CHECK_EQ(link_handle(HC_STDIN, "/rw/inherited"), -EXDEV);
	CHECK_EQ(link_handle((uint32_t)own, "/ro/own"), -EROFS);
	CHECK_EQ(link_handle((uint32_t)own, "/rw/file"), -EEXIST);
	CHECK_EQ(link_handle((uint32_t)own, "rw/own"), -EBADMSG);
	CHECK_EQ(link_handle((uint32_t)own, "/tmp/own"), HC_REDIRECT);
	CHECK_EQ(link_handle((uint32_t)own, "/rw/own"), 0);
	CHECK_EQ(access("inside/own", F_OK), 0);
	CHECK_EQ(link_handle(9999, "/rw/none"), -EBADF);
}

/* HC_OPEN_NO_LINKS: what has become a link since the guest looked leads nowhere. */
static void test_open_without_links(void)
{
	CHECK(guest_path(&guest, HC_OPEN, "/rw/file", O_RDONLY, 0, HC_OPEN_NO_LINKS) >= 0);
	CHECK_EQ(guest_path(&guest, HC_OPEN, "/rw/dangling", O_RDONLY, 0, HC_OPEN_NO_LINKS),
		 -ELOOP);
	CHECK_EQ(guest_path(&guest, HC_OPEN, "/rw/dangling", O_WRONLY | O_CREAT, 0600,
			    HC_OPEN_NO_LINKS),
		 -ELOOP);
	CHECK_EQ(guest_path(&guest, HC_OPEN, "/rw/to-proc/etc", O_RDONLY, 0, HC_OPEN_NO_LINKS),
		 -ELOOP);
}

static void test_mount_points(void)
{
	CHECK_EQ(guest_path(&guest, HC_UNLINK, "/rw", AT_REMOVEDIR, 0, 0), -EBUSY);
	CHECK_EQ(guest_path(&guest, HC_UNLINK, "/rw", 0, 0, 0), -EISDIR);
	CHECK_EQ(guest_two_paths(&guest, HC_RENAME, "/rw", "/ro/x", 0), -EBUSY);
	CHECK_EQ(guest_path(&guest, HC_MKDIR, "/rw", 0700, 0, 0), -EEXIST);
	CHECK_EQ(guest_path(&guest, HC_MKDIR, "/other", 0700, 0, 0), -EROFS);
	CHECK_EQ(guest_open(&guest, "/other", O_CREAT | O_WRONLY, 0600), -EROFS);
	CHECK_EQ(guest_path(&guest, HC_UNLINK, "/deep", AT_REMOVEDIR, 0, 0), -EROFS);
	CHECK_EQ(guest_path(&guest, HC_STAT, "/deep", 0, 0, 0), 0);
	CHECK_EQ(guest_path(&guest, HC_STATFS, "/deep/er", 0, 0, 0), 0);
	CHECK_EQ(guest_path(&guest, HC_ACCESS, "/deep/er", W_OK, 0, 0), -EROFS);
	CHECK_EQ(guest_open(&guest, "/deep/er", O_RDWR, 0), -EISDIR);
}

/* Is NAME among the entries of directory PATH, read with a buffer of SIZE bytes at a time? */
static bool lists(const char *path, const char *name, size_t size)
{
	bool found = false;
	int64_t handle = guest_open(&guest, path, O_RDONLY | O_DIRECTORY, 0);
	CHECK(handle >= 0);
	for (;;) {
		uint64_t arg[4] = {size};
		struct guest_reply *reply =
			guest_call(&guest, HC_GETDENTS, (uint32_t)handle, arg, NULL, 0);
		CHECK(reply->head.result >= 0);
		if (reply->head.result == 0)
			break;
		for (size_t at = 0; at < reply->size;) {
			uint16_t reclen;
			memcpy(&reclen, reply->payload + at + 16, 2);
			found |= strcmp((char *)reply->payload + at + 19, name) == 0;
			at += reclen;
		}
	}
	CHECK_EQ(guest_close(&guest, (uint32_t)handle), 0);
	return found;
}

static void test_synthetic_listing(void)
{
	static const char *const names[] = {".", "..", "rw", "ro", "deep", "tmp", "dev", "proc"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		CHECK(lists("/", names[i], 4096));
		CHECK(lists("/", names[i], 24));
	}
	CHECK(lists("/deep", "er", 4096) && !lists("/deep", "rw", 4096));
	CHECK(lists("/rw", "sub", 4096) && !lists("/rw", "secret", 4096));
	int64_t handle = guest_open(&guest, "/", O_RDONLY, 0);
	CHECK_EQ(guest_handle(&guest, HC_GETDENTS, (uint32_t)handle, 8, 0, 0), -EINVAL);
	CHECK_EQ(guest_handle(&guest, HC_FSTAT, (uint32_t)handle, 0, 0, 0), 0);
	CHECK_EQ(guest_handle(&guest, HC_FSTATFS, (uint32_t)handle, 0, 0, 0), 0);
	CHECK_EQ(guest_read(&guest, (uint32_t)handle, work, 1), -EISDIR);
}

/* A rename says what it has moved where, whatever links the given paths went through. */
static void test_rename_reply(void)
{
	static const char paths[] = "/rw/sub/../link/old\0/ro/../rw/new/",
			  moved[] = "/rw/sub/old\0/rw/new";
	uint64_t arg[4] = {0};

	CHECK_EQ(symlink("sub", "inside/link") | mkdir("inside/sub/old", 0700), 0);
	struct guest_reply *reply = guest_call(&guest, HC_RENAME, 0, arg, paths, sizeof(paths) - 1);
	CHECK_EQ(reply->head.result, 0);
	CHECK_EQ(reply->size, sizeof(moved) - 1);
	CHECK_EQ(memcmp(reply->payload, moved, reply->size), 0);
}

static void test_malformed(void)
{
	char longest[HC_PATH_MAX + 2];
	uint64_t arg[4] = {0};

	memset(longest, 'a', sizeof(longest));
	longest[0] = '/';
	CHECK_EQ(guest_call(&guest, HC_STAT, 0, arg, longest, HC_PATH_MAX + 1)->head.result,
		 -ENAMETOOLONG);
	CHECK_EQ(guest_call(&guest, HC_STAT, 0, arg, "/rw\0/file", 9)->head.result, -EBADMSG);
	CHECK_EQ(guest_call(&guest, HC_STAT, 0, arg, "", 0)->head.result, -EBADMSG);
	CHECK_EQ(guest_path(&guest, HC_STAT, "rw/file", 0, 0, 0), -EBADMSG);
	CHECK_EQ(guest_path(&guest, HC_RENAME, "/rw/file", 0, 0, 0), -EBADMSG);
	CHECK_EQ(guest_path(&guest, HC_UTIMENS, "/rw/file", 0, 0, 0), -EBADMSG);
	longest[256 + 1] = '\0';
	CHECK_EQ(guest_path(&guest, HC_STAT, longest, 0, 0, 0), -ENAMETOOLONG);
}

static void test_devices(void)
{
	/* A device node outside /dev is as good as one on a file system mounted nodev. */
	if (mknod("inside/null", S_IFCHR | 0666, (1 << 8) | 3) != 0)
		return; /* needs root */
	CHECK_EQ(guest_open(&guest, "/rw/null", O_RDWR, 0), -EACCES);
	CHECK_EQ(guest_path(&guest, HC_STAT, "/rw/null", 0, 0, 0), 0);
}

static void test_vanished_directory(void)
{
	CHECK_EQ(rename("inside", "elsewhere"), 0);
	CHECK(guest_open(&guest, "/rw/file", O_RDONLY, 0) >= 0);
	CHECK_EQ(system("rm -rf elsewhere"), 0);
	CHECK_EQ(guest_open(&guest, "/rw/file", O_RDONLY, 0), -ENOENT);
	CHECK_EQ(guest_open(&guest, "/rw/new", O_WRONLY | O_CREAT, 0600), -ENOENT);
	CHECK_EQ(guest_path(&guest, HC_MKDIR, "/rw/new", 0700, 0, 0), -ENOENT);
}

/* Without --isolated: the working directory read-write, the rest read-only, no /proc and so on. */
static void test_defaults(void)
{
	static struct guest open_guest;
	const struct mount_rule *fault;
	char path[PATH_MAX];

	CHECK_EQ(chdir("ro"), 0);
	char *cwd = getcwd(NULL, 0);
	CHECK_EQ(mount_rules_apply(&open_guest.mounts, &(struct mount_rules){.cwd = cwd}, &fault),
		 0);
	guest_start(&open_guest, NULL);
	snprintf(path, sizeof(path), "%s/made", cwd);
	CHECK(guest_open(&open_guest, path, O_WRONLY | O_CREAT, 0600) >= 0);
	snprintf(path, sizeof(path), "%s/../secret/key", cwd);
	CHECK(guest_open(&open_guest, path, O_RDONLY, 0) >= 0);
	CHECK_EQ(guest_open(&open_guest, path, O_RDWR, 0), -EROFS);
	CHECK(guest_open(&open_guest, "/etc/passwd", O_RDONLY, 0) >= 0);
	CHECK_EQ(guest_open(&open_guest, "/etc/hermit-test", O_WRONLY | O_CREAT, 0600), -EROFS);
	CHECK_EQ(guest_open(&open_guest, "/proc/version", O_RDONLY, 0), HC_REDIRECT);
	CHECK_EQ(guest_open(&open_guest, "/dev/kvm", O_RDONLY, 0), HC_REDIRECT);
	CHECK_EQ(guest_path(&open_guest, HC_UNLINK, cwd, AT_REMOVEDIR, 0, 0), -EBUSY);
	guest_stop(&open_guest);
	free(cwd);
	CHECK_EQ(chdir(".."), 0);
}

/* A host directory below one that the guest serves: as the guest sends all paths that lie below it
 * literally to the host, none of these may come back. */
static void test_host_below_guest(void)
{
	static const char *const here[] = {"/tmp/a/b", "/tmp/a/b/", "/tmp/a/b/sub/..",
					   "/tmp/a/b/./file", "/tmp/./a//b/file"};

	for (size_t i = 0; i < sizeof(here) / sizeof(here[0]); i++)
		CHECK_EQ(guest_path(&guest, HC_STAT, here[i], 0, 0, 0), 0);
	CHECK(guest_open(&guest, "/tmp/a/b", O_RDONLY, 0) >= 0);
	CHECK_EQ(guest_path(&guest, HC_STAT, "/tmp/a/b/none", 0, 0, 0), -ENOENT);
	/* What lies above is the guest's. */
	check_redirect(HC_STAT, "/tmp/a/b/..", "/tmp/a");
	check_redirect(HC_STAT, "/tmp/a/b/../b/file", "/tmp/a/b/file");
	check_redirect(HC_STAT, "/tmp/a/b/sub/../../../x", "/tmp/a/../x");
	check_redirect(HC_STAT, "/tmp/a", "/tmp/a");
	check_redirect(HC_STAT, "/tmp/a/../a/b/file", "/tmp/a/../a/b/file");
}

/* The image is visible, even if no mount shows it, and only it. */
static void test_image(void)
{
	static struct guest image_guest;
	struct mount_rule rules[] = {{"inside", "/rw", false}, {"ro", "/ro", true}};
	struct mount_rules isolated = {true, rules, 2, "/"};
	const struct mount_rule *fault;
	char image[PATH_MAX];

	CHECK_EQ(mount_rules_apply(&image_guest.mounts, &isolated, &fault), 0);
	snprintf(image, sizeof(image), "%s/ro/file", work);
	char *shown = mount_rules_place_image(&image_guest.mounts, &isolated, image);
	CHECK_EQ(strcmp(shown, "/ro/file"), 0);
	free(shown);
	snprintf(image, sizeof(image), "%s/secret/key", work);
	shown = mount_rules_place_image(&image_guest.mounts, &isolated, image);
	CHECK_EQ(strcmp(shown, "/key"), 0);
	free(shown);
	guest_start(&image_guest, NULL);
	CHECK(guest_open(&image_guest, "/key", O_RDONLY, 0) >= 0);
	CHECK(guest_open(&image_guest, "/rw/.././key", O_RDONLY, 0) >= 0);
	CHECK_EQ(guest_path(&image_guest, HC_STAT, "/key", 0, 0, 0), 0);
	CHECK_EQ(guest_path(&image_guest, HC_ACCESS, "/key", R_OK, 0, 0), 0);
	CHECK_EQ(guest_open(&image_guest, "/key", O_RDWR, 0), -EROFS);
	CHECK_EQ(guest_open(&image_guest, "/key", O_WRONLY | O_CREAT | O_TRUNC, 0600), -EROFS);
	CHECK_EQ(guest_open(&image_guest, "/key/", O_RDONLY, 0), -ENOTDIR);
	CHECK_EQ(guest_open(&image_guest, "/key/../rw", O_RDONLY, 0), -ENOTDIR);
	CHECK_EQ(guest_path(&image_guest, HC_STAT, "/key/x", 0, 0, 0), -ENOTDIR);
	CHECK_EQ(guest_path(&image_guest, HC_UNLINK, "/key", 0, 0, 0), -EROFS);
	CHECK_EQ(guest_path(&image_guest, HC_CHMOD, "/key", 0777, 0, 0), -EROFS);
	CHECK_EQ(guest_two_paths(&image_guest, HC_RENAME, "/key", "/rw/key", 0), -EXDEV);
	CHECK_EQ(guest_two_paths(&image_guest, HC_LINK, "/key", "/rw/key", 0), -EXDEV);
	CHECK_EQ(guest_open(&image_guest, "/secret", O_RDONLY, 0), -ENOENT);
	guest_stop(&image_guest);
}

int main(void)
{
	build_tree();
	start_isolated();
	test_escapes();
	test_dotdot_stays_in_name_space();
	test_links_across_mounts();
	test_guest_served();
	test_host_below_guest();
	test_read_only();
	test_read_only_handle();
	test_link_of_handle();
	test_open_without_links();
	test_mount_points();
	test_synthetic_listing();
	test_rename_reply();
	test_malformed();
	test_devices();
	test_defaults();
	test_image();
	test_vanished_directory();
	guest_stop(&guest);
	CHECK_EQ(chdir("/"), 0);
	remove_work_dir(work);
	return 0;
}
