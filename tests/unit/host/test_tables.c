/* SPDX-License-Identifier: BSD-3-Clause */
/* Handle table, mount table, guest memory. */
#include "check.h"

#include <abi/hostcall.h>
#include <common/guest_mem.h>
#include <common/handle_table.h>
#include <common/mount_rules.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void test_handles(void)
{
	struct handle_table table;

	handle_table_init(&table, 100);
	for (int i = 0; i < 100; i++)
		CHECK_EQ(handle_table_add(&table, handle_new(open("/dev/null", O_RDWR))), i);
	int fd = open("/dev/null", O_RDWR);
	CHECK_EQ(handle_table_add(&table, handle_new(fd)), -EMFILE);
	CHECK_EQ(fcntl(fd, F_GETFD), -1); /* closed with its handle */
	CHECK_EQ(handle_table_close(&table, 40), 0);
	CHECK_EQ(handle_table_close(&table, 40), -EBADF);
	CHECK_EQ(handle_table_close(&table, 100), -EBADF);
	CHECK(!handle_table_get(&table, 40) && !handle_table_get(&table, UINT32_MAX));
	/* The lowest free number. */
	CHECK_EQ(handle_table_add(&table, handle_new(open("/dev/null", O_RDWR))), 40);
	CHECK_EQ(handle_table_set(&table, 40, handle_new(-1)), -EBUSY);
	/* A handle in use outlives its number. */
	struct handle *handle = handle_table_get(&table, 5);
	int used = handle->fd;
	CHECK_EQ(handle_table_close(&table, 5), 0);
	CHECK(fcntl(used, F_GETFD) >= 0);
	handle_put(handle);
	CHECK_EQ(fcntl(used, F_GETFD), -1);
	handle_table_destroy(&table);
}

static void test_classes(void)
{
	int fds[2];
	CHECK_EQ(pipe(fds), 0);
	struct handle *handle = handle_new(fds[0]);
	CHECK(handle->attributes == HC_HANDLE_STREAM && handle->io_fd != handle->fd);
	CHECK(fcntl(handle->io_fd, F_GETFL) & O_NONBLOCK);
	handle_put(handle);
	close(fds[1]);
	handle = handle_new(open("/dev/null", O_RDWR));
	CHECK_EQ(handle->attributes, HC_HANDLE_SEEKABLE);
	handle_put(handle);
	handle = handle_new(open("/", O_RDONLY));
	CHECK_EQ(handle->attributes, HC_HANDLE_DIR);
	handle_put(handle);
	handle = handle_new(memfd_create("m", 0));
	CHECK_EQ(handle->attributes, HC_HANDLE_SEEKABLE);
	handle_put(handle);
}

static void test_normalise(void)
{
	static const char *const cases[][2] = {
		{"/", ""},
		{"//", ""},
		{"/.", ""},
		{"/a", "/a"},
		{"/a/", "/a"},
		{"//a//./b/.//", "/a/b"},
		{"/.a/..b", "/.a/..b"},
	};
	char out[PATH_MAX], longest[PATH_MAX + 10];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		CHECK_EQ(mount_path_normalise(cases[i][0], out), 0);
		CHECK_EQ(strcmp(out, cases[i][1]), 0);
	}
	CHECK_EQ(mount_path_normalise("a", out), -EINVAL);
	CHECK_EQ(mount_path_normalise("", out), -EINVAL);
	CHECK_EQ(mount_path_normalise("/a/../b", out), -EINVAL);
	CHECK_EQ(mount_path_normalise("/..", out), -EINVAL);
	memset(longest, 'x', sizeof(longest));
	longest[0] = '/';
	longest[sizeof(longest) - 1] = '\0';
	CHECK_EQ(mount_path_normalise(longest, out), -EINVAL);
}

static void test_longest_match(void)
{
	struct mount_table table = {0};
	const char *path;

	CHECK_EQ(mount_table_add_host(&table, "/", "/", MOUNT_READONLY), 0);
	CHECK_EQ(mount_table_add_guest(&table, "/tmp"), 0);
	CHECK_EQ(mount_table_add_host(&table, "/usr", "/tmp/usr/", 0), 0);
	CHECK_EQ(mount_table_add_host(&table, "/etc/passwd", "/x", 0), -ENOTDIR);
	CHECK_EQ(mount_table_add_host(&table, "/no such thing", "/x", 0), -ENOENT);
	CHECK_EQ(table.count, 3);
	CHECK_EQ(mount_table_longest(&table, "/tmpfile", 8)->guest_len, 0);
	CHECK(mount_table_longest(&table, "/tmp/x", 6)->fd < 0);
	CHECK_EQ(mount_table_longest(&table, "/tmp/usr/bin", 12)->guest_len, 8);
	CHECK(mount_table_has_below(&table, "/tmp", 4) && mount_table_has_below(&table, "", 0));
	CHECK(!mount_table_has_below(&table, "/tmp/usr", 8));
	CHECK(!mount_table_has_below(&table, "/tm", 3));
	path = mount_table_list(&table, MOUNT_LIST_GUEST_FS, 0);
	CHECK(path && strcmp(path, "/tmp") == 0);
	CHECK(!mount_table_list(&table, MOUNT_LIST_GUEST_FS, 1));
	path = mount_table_list(&table, MOUNT_LIST_HOST_FS, 0);
	CHECK(path && strcmp(path, "/tmp/usr") == 0);
	/* A second mount at the same place takes the first one's. */
	CHECK_EQ(mount_table_add_host(&table, "/var", "/tmp", MOUNT_READONLY), 0);
	CHECK(!mount_table_list(&table, MOUNT_LIST_GUEST_FS, 0));
	CHECK(!mount_table_list(&table, MOUNT_LIST_HOST_FS, 0));
	mount_table_destroy(&table);
}

static int apply(struct mount_table *table, bool isolated, const char *cwd,
		 const struct mount_rule *rules, size_t count)
{
	const struct mount_rule *fault;
	*table = (struct mount_table){0};
	return mount_rules_apply(table, &(struct mount_rules){isolated, rules, count, cwd}, &fault);
}

static void test_rules(void)
{
	static const char *const refused[] = {"/proc", "/proc/x", "/sys", "/sys/fs", "/dev"};
	struct mount_table table;

	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		CHECK_EQ(apply(&table, false, "/", &(struct mount_rule){"/usr", refused[i], false},
			       1),
			 -EPERM);
		mount_table_destroy(&table);
	}
	CHECK_EQ(apply(&table, true, "/usr", &(struct mount_rule){"/usr", "/tmp", true}, 1), 0);
	CHECK(mount_table_at(&table, "/tmp", 4)->readonly);
	CHECK_EQ(strcmp(table.cwd, "/tmp"), 0);
	mount_table_destroy(&table);
	CHECK_EQ(apply(&table, true, "/usr/lib/x", &(struct mount_rule){"/usr", "/u", false}, 1),
		 0);
	CHECK_EQ(strcmp(table.cwd, "/u/lib/x"), 0);
	mount_table_destroy(&table);
	CHECK_EQ(apply(&table, true, "/usrlocal", &(struct mount_rule){"/usr", "/u", false}, 1), 0);
	CHECK_EQ(strcmp(table.cwd, "/"), 0);
	CHECK(!mount_table_at(&table, "", 0));
	mount_table_destroy(&table);
	CHECK_EQ(chdir("/tmp"), 0);
	CHECK_EQ(apply(&table, false, "/tmp", NULL, 0), 0);
	CHECK(mount_table_at(&table, "/tmp", 4)->fd >= 0);
	CHECK(!mount_table_at(&table, "/tmp", 4)->readonly);
	CHECK(mount_table_at(&table, "", 0)->readonly);
	mount_table_destroy(&table);
	CHECK_EQ(chdir("/proc"), 0);
	CHECK_EQ(apply(&table, false, "/proc", NULL, 0), 0);
	CHECK(mount_table_at(&table, "/proc", 5)->fd < 0);
	CHECK_EQ(strcmp(table.cwd, "/"), 0);
	mount_table_destroy(&table);
}

static int64_t span_of(const struct guest_mem *mem, uint64_t gpa, uint64_t len)
{
	struct guest_span span;
	int64_t total = guest_mem_spans(mem, &(struct hc_seg){gpa, len}, 1, &span);
	return total < 0 ? total : (int64_t)span.offset;
}

static void test_ranges(void)
{
	struct guest_mem mem;

	CHECK_EQ(guest_mem_create(&mem, 3 << 20, 2 << 20), 0);
	CHECK_EQ(span_of(&mem, 0, 2 << 20), 0);
	CHECK_EQ(span_of(&mem, 0, (2 << 20) + 1), -EFAULT);
	CHECK_EQ(span_of(&mem, 2 << 20, 0), -EFAULT);
	CHECK_EQ(span_of(&mem, GUEST_MEM_HIGH_BASE, 1 << 20), 2 << 20);
	CHECK_EQ(span_of(&mem, GUEST_MEM_HIGH_BASE + 1, 1 << 20), -EFAULT);
	CHECK_EQ(span_of(&mem, GUEST_MEM_HIGH_BASE - 1, 1), -EFAULT);
	CHECK_EQ(span_of(&mem, UINT64_MAX, 2), -EFAULT);
	CHECK_EQ(span_of(&mem, 0, UINT64_MAX), -EINVAL);
	guest_mem_destroy(&mem);
	CHECK_EQ(guest_mem_create(&mem, 1 << 20, 3ull << 30), 0);
	CHECK_EQ(mem.range_count, 1);
	guest_mem_destroy(&mem);
}

/* Copies that start and end anywhere, to mapped memory and to that of a process (this one). */
static void test_copies(void)
{
	static const struct hc_seg segs[] = {{5000, 3}, {0, 0}, {GUEST_MEM_HIGH_BASE, 5}, {9, 2}};
	struct guest_mem mem, remote;
	struct guest_span spans[4];
	char text[16];

	CHECK_EQ(guest_mem_create(&mem, 2 << 20, 1 << 20), 0);
	guest_mem_attach(&remote, getpid(), (uintptr_t)mem.base, 2 << 20, 1 << 20);
	CHECK(guest_mem_permitted(getpid()));
	CHECK(!guest_mem_permitted(0x7ffffff));
	for (int i = 0; i < 2; i++) {
		const struct guest_mem *which = i ? &remote : &mem;
		CHECK_EQ(guest_mem_spans(which, segs, 4, spans), 10);
		CHECK_EQ(guest_mem_copy_in(which, spans, 4, 0, "0123456789", 10), 0);
		CHECK_EQ(memcmp(mem.base + 5000, "012", 3), 0);
		CHECK_EQ(memcmp(mem.base + (1 << 20), "34567", 5), 0);
		for (size_t skip = 0; skip <= 10; skip++)
			for (size_t size = 0; skip + size <= 10; size++) {
				memset(text, 'x', sizeof(text));
				CHECK_EQ(guest_mem_copy_out(which, spans, 4, skip, text, size), 0);
				CHECK_EQ(memcmp(text, &"0123456789"[skip], size), 0);
				CHECK_EQ(text[size], 'x');
			}
		memset(mem.base, 0, 2 << 20);
	}
	guest_mem_destroy(&mem);
	CHECK_EQ(guest_mem_copy_out(&remote, spans, 4, 0, text, 10), -EFAULT);
}

int main(void)
{
	test_handles();
	test_classes();
	test_normalise();
	test_longest_match();
	test_rules();
	test_ranges();
	test_copies();
	return 0;
}
