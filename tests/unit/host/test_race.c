/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Somebody who changes the tree all the time, while the guest uses it: swaps directories for links
 * that lead out and files for links, moves directories up and down. The guest must never read or
 * write what lies outside.
 */
#include "check.h"
#include "guest.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define RUN_SECONDS 2

static struct guest guest;
static char *work;
static atomic_bool over;
static atomic_ulong swaps;

static void put_file(const char *path, const char *text)
{
	int fd = open(path, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0666);
	CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

/* Exchanges two names as fast as it can. */
static void *swapper(void *argument)
{
	const char *const *pair = argument;
	while (!atomic_load_explicit(&over, memory_order_relaxed)) {
		renameat2(AT_FDCWD, pair[0], AT_FDCWD, pair[1], RENAME_EXCHANGE);
		atomic_fetch_add_explicit(&swaps, 1, memory_order_relaxed);
	}
	return NULL;
}

/* Moves a directory between two depths, so that ".." means something else each time. */
static void *mover(void *argument)
{
	(void)argument;
	while (!atomic_load_explicit(&over, memory_order_relaxed)) {
		rename("inside/a/b/moving", "outside/moving");
		rename("outside/moving", "inside/a/b/moving");
	}
	return NULL;
}

static void check_content(const char *path)
{
	char text[16] = "";
	int64_t handle = guest_open(&guest, path, O_RDONLY, 0);
	if (handle < 0)
		return;
	CHECK(guest_read(&guest, (uint32_t)handle, text, sizeof(text) - 1) >= 0);
	CHECK(!strstr(text, "secret"));
	CHECK_EQ(guest_close(&guest, (uint32_t)handle), 0);
}

static void attack(void)
{
	static const char *const paths[] = {"/w/dir/file",
					    "/w/file",
					    "/w/a/b/moving/../../../file",
					    "/w/a/b/moving/../../secret",
					    "/w/dir/../dir/file",
					    "/w/a/b/moving/../../../../secret",
					    "/w/link-dir/file"};

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		check_content(paths[i]);
		guest_path(&guest, HC_STAT, paths[i], 0, 0, 0);
	}
	guest_path(&guest, HC_CHMOD, "/w/file", 0640, 0, 0);
	guest_path(&guest, HC_TRUNCATE, "/w/file", 2, 0, 0);
	guest_path(&guest, HC_UNLINK, "/w/dir/victim", 0, 0, 0);
	guest_path(&guest, HC_MKDIR, "/w/dir/made", 0700, 0, 0);
	guest_two_paths(&guest, HC_RENAME, "/w/dir/file2", "/w/dir/file3", 0);
	int64_t handle = guest_open(&guest, "/w/dir/new", O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (handle >= 0)
		guest_close(&guest, (uint32_t)handle);
	handle = guest_open(&guest, "/w/file", O_WRONLY | O_TRUNC, 0);
	if (handle >= 0) {
		guest_write(&guest, (uint32_t)handle, "guest", 5);
		guest_close(&guest, (uint32_t)handle);
	}
}

static void build_tree(void)
{
	work = make_work_dir();
	CHECK_EQ(chdir(work), 0);
	CHECK_EQ(mkdir("inside", 0755) | mkdir("inside/dir", 0755) | mkdir("inside/a", 0755) |
			 mkdir("inside/a/b", 0755) | mkdir("inside/a/b/moving", 0755) |
			 mkdir("outside", 0755) | mkdir("outside/dir", 0755),
		 0);
	put_file("inside/file", "inside");
	put_file("inside/dir/file", "inside");
	put_file("outside/file", "secret");
	put_file("outside/secret", "secret");
	put_file("outside/victim", "secret");
	put_file("outside/file2", "secret");
	put_file("secret", "secret");
	CHECK_EQ(symlink("../outside", "inside/evil-dir"), 0);
	CHECK_EQ(symlink("../outside/file", "inside/evil-file"), 0);
	CHECK_EQ(symlink("dir", "inside/link-dir"), 0);
}

static void check_outside(void)
{
	struct stat st;
	CHECK(stat("outside/file", &st) == 0 && st.st_size == 6 && (st.st_mode & 07777) != 0640);
	CHECK(stat("outside/victim", &st) == 0 && stat("outside/file2", &st) == 0);
	CHECK(stat("outside/new", &st) != 0 && stat("outside/made", &st) != 0);
	CHECK(stat("outside/file3", &st) != 0);
}

static double seconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

int main(void)
{
	static const char *const dirs[] = {"inside/dir", "inside/evil-dir"};
	static const char *const files[] = {"inside/file", "inside/evil-file"};
	pthread_t threads[3];

	umask(022);
	build_tree();
	CHECK_EQ(mount_table_add_host(&guest.mounts, "inside", "/w", MOUNT_PLAIN_ONLY), 0);
	guest_start(&guest, NULL);
	CHECK_EQ(pthread_create(&threads[0], NULL, swapper, (void *)(uintptr_t)dirs), 0);
	CHECK_EQ(pthread_create(&threads[1], NULL, swapper, (void *)(uintptr_t)files), 0);
	CHECK_EQ(pthread_create(&threads[2], NULL, mover, NULL), 0);
	unsigned long rounds = 0;
	for (double end = seconds() + RUN_SECONDS; seconds() < end; rounds++)
		attack();
	atomic_store(&over, true);
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	printf("%lu rounds, %lu swaps\n", rounds, atomic_load(&swaps));
	CHECK(rounds > 50 && atomic_load(&swaps) > 1000);
	check_outside();
	guest_stop(&guest);
	CHECK_EQ(chdir("/"), 0);
	remove_work_dir(work);
	return 0;
}
