/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Calls that must be answered, most of them with an error, and that change nothing outside of
 * /data. Started with --isolated --mount=FOLDER:/data; FOLDER/../secret exists, and so does
 * FOLDER/out, a link to it.
 */
#include "hostile.h"

#include <asm/errno.h>
#include <asm/fcntl.h>
#include <asm/ioctls.h>
#include <linux/fcntl.h>

#define FILE_HANDLE  0xffff0001u /* in the tables: the file that the attack has opened */
#define DIR_HANDLE   0xffff0002u
#define ANY_ERROR    1 /* in the tables: any error will do */
#define ANYTHING     2 /* an answer is all that counts */

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static uint32_t file, folder;
static char long_path[9000];

struct case_of_segments {
	struct hc_seg segs[3];
	unsigned count;
	int64_t wanted;
};

static const struct case_of_segments segments[] = {
	{{{LOW_END, 1}}, 1, -EFAULT},
	{{{LOW_END - 1, 2}}, 1, -EFAULT},
	{{{LOW_END - 4096, 8192}}, 1, -EFAULT},
	{{{0xd0000000, 4096}}, 1, -EFAULT},
	{{{0xfec00000, 4096}}, 1, -EFAULT},
	{{{0xfee00000, 4096}}, 1, -EFAULT},
	{{{0xfffbc000, 4096}}, 1, -EFAULT},
	{{{HIGH_START - 1, 2}}, 1, -EFAULT},
	{{{HIGH_START - 4096, 4096}}, 1, -EFAULT},
	{{{HIGH_END, 1}}, 1, -EFAULT},
	{{{HIGH_END - 1, 2}}, 1, -EFAULT},
	{{{1ull << 52, 4096}}, 1, -EFAULT},
	{{{UINT64_MAX, 1}}, 1, -EFAULT},
	{{{UINT64_MAX, 0}}, 1, -EFAULT},
	{{{UINT64_MAX - 4095, 4096}}, 1, -EFAULT},
	{{{UINT64_MAX - 4095, 8192}}, 1, -EFAULT},
	{{{UINT64_MAX - 0xfffff, 0x200000}}, 1, -EFAULT},
	{{{1ull << 63, 4096}}, 1, -EFAULT},
	{{{0x8000000000100000, 4096}}, 1, -EFAULT},
	{{{0x100000000000000, 4096}}, 1, -EFAULT},
	{{{0x200000, UINT64_MAX}}, 1, -EINVAL},
	{{{0x200000, UINT64_MAX - 0x200000 + 1}}, 1, -EINVAL},
	{{{0x200000, 1ull << 63}}, 1, -EINVAL},
	{{{0x200000, HC_IO_MAX + 1}}, 1, -EINVAL},
	{{{0x200000, HC_IO_MAX}, {0x200000, 1}}, 2, -EINVAL},
	{{{0x200000, 4096}, {0x200000, UINT64_MAX - 4095}}, 2, -EINVAL},
	{{{0x200000, 4096}, {0x200000, UINT64_MAX}, {0x200000, 4096}}, 3, -EINVAL},
	{{{0x200000, 4096}, {LOW_END, 4096}, {0x200000, 4096}}, 3, -EFAULT},
	{{{0x200000, 0}, {HIGH_END, 0}}, 2, -EFAULT},
	{{{0x200000, 0}, {0x200000, 0}, {0x200000, 0}}, 3, 0},
};

static const struct {
	const char *what;
	struct call call;
	int64_t wanted;
} calls[] = {
	{"call 0", {.op = 0}, -EBADMSG},
	{"HELLO again", {.op = HC_HELLO, .arg = {HC_MAGIC, HC_VERSION}}, -EBADMSG},
	{"first unknown call", {.op = HC_OP_COUNT}, -EBADMSG},
	{"last unknown call", {.op = 0xffff, .flags = 0xffff}, -EBADMSG},
	{"a call that is an event", {.op = HC_EVENT_SIGNAL, .arg = {9}}, -EBADMSG},
	{"unknown handle", {.op = HC_READ, .handle = 0xffffffff, .arg = {1}}, -EBADF},
	{"unknown handle, FSTAT", {.op = HC_FSTAT, .handle = 0x80000000}, -EBADF},
	{"unknown handle, CLOSE", {.op = HC_CLOSE, .handle = 1u << 20}, -EBADF},
	{"READ of all", {.op = HC_READ, .handle = FILE_HANDLE, .arg = {UINT64_MAX}}, ANYTHING},
	{"PREAD below 0",
	 {.op = HC_PREAD, .handle = FILE_HANDLE, .arg = {16, UINT64_MAX}},
	 -EINVAL},
	{"PREAD at the end of numbers",
	 {.op = HC_PREAD, .handle = FILE_HANDLE, .arg = {UINT64_MAX, INT64_MAX}},
	 ANYTHING},
	{"READ with data",
	 {.op = HC_READ, .handle = FILE_HANDLE, .payload = "x", .size = 1},
	 -EBADMSG},
	{"PWRITE below 0",
	 {.op = HC_PWRITE,
	  .handle = FILE_HANDLE,
	  .arg = {0, UINT64_MAX},
	  .payload = "x",
	  .size = 1},
	 -EINVAL},
	{"WRITE of nothing", {.op = HC_WRITE, .handle = FILE_HANDLE}, 0},
	{"half a segment",
	 {.op = HC_WRITE,
	  .flags = HC_FLAG_SEGS,
	  .handle = FILE_HANDLE,
	  .payload = long_path,
	  .size = 15},
	 -EBADMSG},
	{"no segments", {.op = HC_WRITE, .flags = HC_FLAG_SEGS, .handle = FILE_HANDLE}, 0},
	{"READ of a directory", {.op = HC_READ, .handle = DIR_HANDLE, .arg = {16}}, -EISDIR},
	{"LSEEK to nowhere",
	 {.op = HC_LSEEK, .handle = FILE_HANDLE, .arg = {UINT64_MAX, 0}},
	 -EINVAL},
	{"LSEEK from nowhere",
	 {.op = HC_LSEEK, .handle = FILE_HANDLE, .arg = {0, UINT64_MAX}},
	 -EINVAL},
	{"GETDENTS of a file", {.op = HC_GETDENTS, .handle = FILE_HANDLE, .arg = {4096}}, -ENOTDIR},
	{"GETDENTS into nothing", {.op = HC_GETDENTS, .handle = DIR_HANDLE}, -EINVAL},
	{"GETDENTS, wild cookie",
	 {.op = HC_GETDENTS, .handle = DIR_HANDLE, .arg = {UINT64_MAX, 1, UINT64_MAX}},
	 ANYTHING},
	{"GETDENTS, cookie of the mount table",
	 {.op = HC_GETDENTS, .handle = DIR_HANDLE, .arg = {UINT64_MAX, 1, 0x7fffffffffffffff}},
	 ANYTHING},
	{"GETDENTS, all",
	 {.op = HC_GETDENTS, .handle = DIR_HANDLE, .arg = {UINT64_MAX, 1, 0}},
	 ANYTHING},
	{"FTRUNCATE below 0",
	 {.op = HC_FTRUNCATE, .handle = FILE_HANDLE, .arg = {UINT64_MAX}},
	 -EINVAL},
	{"FALLOCATE, all wild",
	 {.op = HC_FALLOCATE, .handle = FILE_HANDLE, .arg = {UINT64_MAX, UINT64_MAX, UINT64_MAX}},
	 ANY_ERROR},
	{"FALLOCATE over the end",
	 {.op = HC_FALLOCATE, .handle = FILE_HANDLE, .arg = {0, INT64_MAX, INT64_MAX}},
	 ANY_ERROR},
	{"FLOCK", {.op = HC_FLOCK, .handle = FILE_HANDLE, .arg = {UINT64_MAX}}, ANYTHING},
	{"FUTIMENS without times", {.op = HC_FUTIMENS, .handle = FILE_HANDLE}, -EBADMSG},
	{"IOCTL", {.op = HC_IOCTL, .handle = FILE_HANDLE, .arg = {UINT64_MAX}}, -ENOTTY},
	{"IOCTL that types", {.op = HC_IOCTL, .handle = HC_STDIN, .arg = {0x5412}}, -ENOTTY},
	{"IOCTL without its argument",
	 {.op = HC_IOCTL, .handle = HC_STDIN, .arg = {TCSETSW}},
	 -EBADMSG},
	{"POLL", {.op = HC_POLL, .handle = FILE_HANDLE, .arg = {UINT64_MAX, 1}}, ANYTHING},
	{"STRINGS", {.op = HC_STRINGS, .arg = {UINT64_MAX}}, 0},
	{"STRINGS", {.op = HC_STRINGS, .arg = {1ull << 32}}, 0},
	{"OPEN without path", {.op = HC_OPEN}, -EBADMSG},
	{"UTIMENS without path", {.op = HC_UTIMENS, .payload = long_path, .size = 32}, -EBADMSG},
	{"UTIMENS without times",
	 {.op = HC_UTIMENS, .payload = "/data/file", .size = 10},
	 -EBADMSG},
	{"RENAME of one", {.op = HC_RENAME, .payload = "/data/file", .size = 10}, -EBADMSG},
	{"LINK of one", {.op = HC_LINK, .payload = "/data/file\0", .size = 11}, -EBADMSG},
	{"SYMLINK to nothing", {.op = HC_SYMLINK, .payload = "\0/data/x", .size = 8}, -ENOENT},
	{"RENAME out",
	 {.op = HC_RENAME, .payload = "/data/file\0/data/../../secret", .size = 29},
	 ANY_ERROR},
	{"LINK in",
	 {.op = HC_LINK, .payload = "/data/../../secret\0/data/x", .size = 26},
	 ANY_ERROR},
	{"FLINK out",
	 {.op = HC_FLINK, .handle = FILE_HANDLE, .payload = "/../secret2", .size = 11},
	 ANY_ERROR},
	{"CANCEL nothing; TIME", {.op = HC_TIME}, 0},
	{"REPORT of nothing", {.op = HC_REPORT}, 0},
};

/* Paths that lead nowhere, whatever a call does with them. */
static const struct {
	const char *text;
	size_t size; /* 0: to its NUL */
} paths[] = {
	{"work/file", 0},
	{"/data/fi\0le", 11},
	{"/data/../../../../../../../../../../../etc/passwd", 0},
	{"/../../secret", 0},
	{"/data/../secret", 0},
	{"/data/out", 0},
	{"/data/out/", 0},
	{"/data/to_root/etc/passwd", 0},
	{"/data/to_parent/secret", 0},
	{"/data/loop", 0},
	{"/etc/passwd", 0},
	{"/dev/kvm", 0},
	{"/dev/mem", 0},
	{"/proc/self/mem", 0},
	{"/proc/self/fd/3", 0},
	{"/proc/1/root/etc/passwd", 0},
	{"/sys/kernel/notes", 0},
	{"/data/file/..", 0},
	{"/data/file/../file", 0},
	{"/data/ghost/../../data/file2", 0},
};

static const uint16_t path_calls[] = {HC_OPEN,	 HC_STAT,  HC_UNLINK, HC_MKDIR,	   HC_READLINK,
				      HC_ACCESS, HC_CHMOD, HC_CHOWN,  HC_TRUNCATE, HC_STATFS};

static uint32_t real_handle(uint32_t handle)
{
	return handle == FILE_HANDLE ? file : handle == DIR_HANDLE ? folder : handle;
}

static void expect(const char *what, struct call call, int64_t wanted)
{
	call.handle = real_handle(call.handle);
	int64_t result = host_call(&call);

	if (wanted == ANYTHING || (wanted == ANY_ERROR ? result < 0 : result == wanted))
		return;
	host_fail(what, result);
}

static void all_segments(void)
{
	static const uint16_t ops[] = {HC_READ, HC_WRITE, HC_PREAD, HC_PWRITE};
	static struct hc_seg many[HC_SEGS_MAX + 1];

	for (size_t i = 0; i < COUNT(segments); i++)
		for (size_t op = 0; op < COUNT(ops); op++)
			expect("segments",
			       (struct call){.op = ops[op],
					     .flags = HC_FLAG_SEGS,
					     .handle = FILE_HANDLE,
					     .payload = segments[i].segs,
					     .size = segments[i].count * sizeof(struct hc_seg)},
			       segments[i].wanted);
	for (size_t i = 0; i < COUNT(many); i++)
		many[i] = (struct hc_seg){0x200000 + i, 1};
	struct call call = {.op = HC_PWRITE,
			    .flags = HC_FLAG_SEGS,
			    .handle = FILE_HANDLE,
			    .payload = many,
			    .size = sizeof(many)};
	expect("too many segments", call, -EINVAL);
	call.size -= sizeof(struct hc_seg);
	expect("most segments", call, HC_SEGS_MAX);
	many[HC_SEGS_MAX - 1].gpa = LOW_END;
	expect("the last segment is bad", call, -EFAULT);
}

static void one_path(const char *text, size_t size)
{
	for (size_t i = 0; i < COUNT(path_calls); i++)
		expect(text, (struct call){.op = path_calls[i], .payload = text, .size = size},
		       ANY_ERROR);
}

static void all_paths(void)
{
	static const char prefix[] = "/data/", secret[] = "/secret";

	host_call(&(struct call){.op = HC_SYMLINK, .payload = "/\0/data/to_root", .size = 15});
	host_call(&(struct call){.op = HC_SYMLINK, .payload = "..\0/data/to_parent", .size = 18});
	host_call(&(struct call){.op = HC_SYMLINK, .payload = "loop\0/data/loop", .size = 15});
	for (size_t i = 0; i < COUNT(paths); i++)
		if (!text_same(paths[i].text, "/data/loop") &&
		    !text_same(paths[i].text, "/data/out"))
			one_path(paths[i].text,
				 paths[i].size ? paths[i].size : text_length(paths[i].text));
	/* Names of links may be read and removed; following them is what must fail. */
	expect("a link that leads out",
	       (struct call){.op = HC_OPEN, .payload = "/data/out", .size = 9}, ANY_ERROR);
	expect("a loop", (struct call){.op = HC_OPEN, .payload = "/data/loop", .size = 10}, -ELOOP);

	for (size_t i = 0; i < sizeof(long_path); i++)
		long_path[i] = i < sizeof(prefix) - 1 ? prefix[i] : 'n';
	one_path(long_path, sizeof(prefix) - 1 + 256);
	one_path(long_path, HC_PATH_MAX);
	one_path(long_path, HC_PATH_MAX + 1);
	one_path(long_path, sizeof(long_path));
	for (size_t i = 0; i < sizeof(long_path); i++)
		long_path[i] = i % 2 ? 'd' : '/';
	one_path(long_path, HC_PATH_MAX);
	for (size_t i = 0; i + 9 < sizeof(long_path); i += 3) {
		long_path[i] = '/';
		long_path[i + 1] = long_path[i + 2] = '.';
	}
	memcpy(long_path + 3990, secret, sizeof(secret) - 1);
	one_path(long_path, 3990 + sizeof(secret) - 1);
}

/* Every call with every argument wild: no answer counts but that there is one. */
static void all_wild(void)
{
	static const uint64_t values[] = {0, 1, 0x7fffffff, 0xffffffff, INT64_MAX, UINT64_MAX};

	for (unsigned op = HC_CLOSE + 1; op < HC_OP_COUNT; op++) {
		for (size_t i = 0; i < COUNT(values); i++) {
			uint64_t v = values[i];
			/* A huge file is not made, and nothing is waited for. */
			if ((op == HC_FALLOCATE || op == HC_FTRUNCATE) && (int64_t)v > 0)
				continue;
			if (op == HC_POLL)
				v |= 1;
			expect("wild arguments",
			       (struct call){.op = (uint16_t)op,
					     .flags = HC_FLAG_NOWAIT,
					     .handle = FILE_HANDLE,
					     .arg = {v, v, v, v},
					     .payload = long_path,
					     .size = i * 7},
			       ANYTHING);
		}
	}
}

void attack_answers(void)
{
	int64_t opened = host_call_path(HC_OPEN, "/data/file", O_RDWR | O_CREAT, 0600);

	if (opened < 0)
		host_fail("/data/file", opened);
	file = (uint32_t)opened;
	opened = host_call_path(HC_OPEN, "/data", O_RDONLY | O_DIRECTORY, 0);
	if (opened < 0)
		host_fail("/data", opened);
	folder = (uint32_t)opened;
	const struct call cancel = {.op = HC_CANCEL, .arg = {UINT64_MAX}};
	host_send(&cancel);
	for (size_t i = 0; i < COUNT(calls); i++)
		expect(calls[i].what, calls[i].call, calls[i].wanted);
	all_segments();
	all_paths();
	all_wild();
}

/* Standard output cannot be opened a second time: another user's pipe. Nothing is to be written. */
void attack_leak(void)
{
	const struct call call = {.op = HC_WRITE, .flags = HC_FLAG_SEGS, .handle = HC_STDOUT};
	int64_t result = host_call(&call);

	if (result != 0)
		host_exit(1);
}

/* More replies than the host keeps, taken late: they all come, and so do later ones. */
void attack_large_replies(void)
{
	struct call call = {.op = HC_PREAD, .arg = {HC_DATA_MAX, 0}};
	int64_t opened = host_call_path(HC_OPEN, "/data/large", O_RDONLY, 0);
	unsigned count = 24;

	if (opened < 0)
		host_fail("/data/large", opened);
	call.handle = (uint32_t)opened;
	uint32_t first = host_send(&call);
	for (unsigned i = 1; i < count; i++)
		host_send(&call);
	/* Now the host is asleep: it has sent all that the ring holds. */
	while (SHM->host_state == HC_HOST_BUSY &&
	       SHM->to_guest_tail - SHM->to_guest_head < SHM->to_guest_size)
		__asm__ volatile("pause");
	for (unsigned i = 0; i < count; i++) {
		struct hc_reply reply = host_receive();
		if (reply.tag != first + i || reply.result != (int64_t)HC_DATA_MAX)
			host_fail("large reply", reply.result);
	}
}
