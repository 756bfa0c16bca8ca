/* SPDX-License-Identifier: BSD-3-Clause */
/* /proc/self (proc(5)), but for its memory (procfs_memory.c) and status (procfs_status.c). */
#include "procfs.h"

#include <arch/user.h>
#include <asm/errno.h>
#include <drivers/host_channel.h>
#include <file/file.h>
#include <fs/path.h>
#include <fs/proc.h>
#include <lib/printf.h>
#include <lib/string.h>
#include <linux/resource.h>
#include <linux/stat.h>
#include <mm/heap.h>
#include <sched/inspect.h>
#include <sched/process.h>

#include "procfs_status.h"

static struct proc_start start; /* fixed when the application runs */

void proc_set_start(const struct proc_start *with)
{
	start = *with;
}

const struct proc_start *proc_get_start(void)
{
	return &start;
}

static int link_self(char *target, const struct proc_match *match)
{
	(void)match;
	ksnprintf(target, FS_PATH_MAX + 1, "%d", PROCESS_PID);
	return 0;
}

static int link_thread_self(char *target, const struct proc_match *match)
{
	(void)match;
	ksnprintf(target, FS_PATH_MAX + 1, "%d/task/%d", PROCESS_PID, task_tid(task_current()));
	return 0;
}

int proc_link_exe(char *target, const struct proc_match *match)
{
	const struct host_hello *hello = host_hello();

	(void)match;
	strlcpy(target, hello ? hello->image_path : "/app", FS_PATH_MAX + 1);
	return 0;
}

static int link_cwd(char *target, const struct proc_match *match)
{
	(void)match;
	vfs_cwd_get(target);
	return 0;
}

static int link_root(char *target, const struct proc_match *match)
{
	(void)match;
	strlcpy(target, "/", FS_PATH_MAX + 1);
	return 0;
}

static int link_fd(char *target, const struct proc_match *match)
{
	struct file *file = fd_get(match->fd);
	file_stat_t stat = {0};

	if (!file)
		return -ENOENT;
	if (!file_path_copy(file, target, FS_PATH_MAX + 1)) {
		strlcpy(target, "anon_inode:[file]", FS_PATH_MAX + 1);
		if (file->ops->stat && !file->ops->stat(file, &stat) && S_ISSOCK(stat.mode))
			ksnprintf(target, FS_PATH_MAX + 1, "socket:[%llu]",
				  (unsigned long long)stat.ino);
	}
	file_put(file);
	return 0;
}

static void put_fdinfo(struct proc_text *out, const struct proc_match *match)
{
	struct file *file = fd_get(match->fd);
	int cloexec = fd_get_cloexec(match->fd);
	char *path = kmalloc(FS_PATH_MAX + 1);
	file_stat_t stat = {0};
	unsigned flags;

	if (!file || !path) {
		out->error = file ? -ENOMEM : -ENOENT;
		goto out_path;
	}
	if (file->ops->stat)
		(void)!file->ops->stat(file, &stat);
	flags = atomic_load_explicit(&file->flags, memory_order_relaxed);
	proc_printf(out, "pos:\t%llu\nflags:\t0%o\nmnt_id:\t%d\nino:\t%llu\n",
		    file->kind & FILE_STREAM ? 0 : (unsigned long long)READ_ONCE(file->offset),
		    flags | (cloexec == 1 ? 02000000u : 0u), /* O_CLOEXEC */
		    proc_mount_id(file_path_copy(file, path, FS_PATH_MAX + 1) ? path : NULL),
		    (unsigned long long)stat.ino);
out_path:
	kfree(path);
	if (file)
		file_put(file);
}

/* The application's memory from FROM to TO. */
static void put_user(struct proc_text *out, uintptr_t from, uintptr_t to)
{
	uint8_t *piece = kmalloc(PAGE_SIZE);

	if (!piece)
		out->error = -ENOMEM;
	while (!out->error && from < to) {
		size_t size = MIN(to - from, PAGE_SIZE);

		if (arch_user_read(piece, from, size))
			break; /* the application has unmapped it */
		proc_put(out, piece, size);
		from += size;
	}
	kfree(piece);
}

/* Programs change their title by writing over their arguments. */
static void put_cmdline(struct proc_text *out, const struct proc_match *match)
{
	(void)match;
	put_user(out, start.arg_start, start.arg_end);
}

static void put_environ(struct proc_text *out, const struct proc_match *match)
{
	(void)match;
	put_user(out, start.env_start, start.env_end);
}

static void put_auxv(struct proc_text *out, const struct proc_match *match)
{
	(void)match;
	put_user(out, start.aux_start, start.aux_end);
}

static void put_comm(struct proc_text *out, const struct proc_match *match)
{
	char name[TASK_NAME_SIZE];

	out->error = thread_name_of(match->tid, name);
	if (!out->error)
		proc_printf(out, "%s\n", name);
}

static int write_comm(const char *text, const struct proc_match *match)
{
	char name[TASK_NAME_SIZE];

	strlcpy(name, text, sizeof(name));
	return thread_rename(match->tid, name);
}

static void put_limit_value(struct proc_text *out, uint64_t value)
{
	char text[24] = "unlimited";

	if (value != ~0ull)
		ksnprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	proc_printf(out, "%-20s ", text);
}

static void put_limits(struct proc_text *out, const struct proc_match *match)
{
	static const struct {
		const char *name, *unit;
	} rows[RLIM_NLIMITS] = {
		[RLIMIT_CPU] = {"Max cpu time", "seconds"},
		[RLIMIT_FSIZE] = {"Max file size", "bytes"},
		[RLIMIT_DATA] = {"Max data size", "bytes"},
		[RLIMIT_STACK] = {"Max stack size", "bytes"},
		[RLIMIT_CORE] = {"Max core file size", "bytes"},
		[RLIMIT_RSS] = {"Max resident set", "bytes"},
		[RLIMIT_NPROC] = {"Max processes", "processes"},
		[RLIMIT_NOFILE] = {"Max open files", "files"},
		[RLIMIT_MEMLOCK] = {"Max locked memory", "bytes"},
		[RLIMIT_AS] = {"Max address space", "bytes"},
		[RLIMIT_LOCKS] = {"Max file locks", "locks"},
		[RLIMIT_SIGPENDING] = {"Max pending signals", "signals"},
		[RLIMIT_MSGQUEUE] = {"Max msgqueue size", "bytes"},
		[RLIMIT_NICE] = {"Max nice priority", ""},
		[RLIMIT_RTPRIO] = {"Max realtime priority", ""},
		[RLIMIT_RTTIME] = {"Max realtime timeout", "us"},
	};
	struct process_limit limit;

	(void)match;
	proc_printf(out, "%-25s %-20s %-20s %-10s\n", "Limit", "Soft Limit", "Hard Limit", "Units");
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		if (process_limit_get(i, &limit))
			continue;
		proc_printf(out, "%-25s ", rows[i].name);
		put_limit_value(out, limit.soft);
		put_limit_value(out, limit.hard);
		proc_printf(out, "%-10s\n", rows[i].unit);
	}
}

static void put_cgroup(struct proc_text *out, const struct proc_match *match)
{
	(void)match;
	proc_printf(out, "0::/\n");
}

/* Nobody is killed for memory here; programs set their score all the same. */
static _Atomic int oom_score_adj;

static void put_oom_score_adj(struct proc_text *out, const struct proc_match *match)
{
	(void)match;
	proc_printf(out, "%d\n", atomic_load_explicit(&oom_score_adj, memory_order_relaxed));
}

static int write_oom_score_adj(const char *text, const struct proc_match *match)
{
	bool negative = *text == '-';
	int value = 0, digits = 0;

	(void)match;
	for (text += negative; *text >= '0' && *text <= '9' && digits < 5; text++, digits++)
		value = value * 10 + (*text - '0');
	if (!digits || value > 1000 || (*text && *text != '\n'))
		return -EINVAL;
	atomic_store_explicit(&oom_score_adj, negative ? -value : value, memory_order_relaxed);
	return 0;
}

static void put_zero(struct proc_text *out, const struct proc_match *match)
{
	(void)match;
	proc_printf(out, "0\n");
}

/* Nobody has logged in: (uid_t)-1. */
static void put_loginuid(struct proc_text *out, const struct proc_match *match)
{
	(void)match;
	proc_printf(out, "%u", 0xffffffffu);
}

static const struct proc_entry entries[] = {
	PROC_LINK("self", link_self),
	PROC_LINK("thread-self", link_thread_self),
	PROC_THREAD_LINK("exe", proc_link_exe),
	PROC_THREAD_LINK("cwd", link_cwd),
	PROC_THREAD_LINK("root", link_root),
	PROC_THREAD_LINK("fd/FD", link_fd),
	PROC_THREAD_TEXT("fdinfo/FD", put_fdinfo),
	PROC_THREAD_TEXT("cmdline", put_cmdline),
	PROC_THREAD_TEXT("environ", put_environ),
	PROC_THREAD_TEXT("auxv", put_auxv),
	{.path = "PID/comm", .generate = put_comm, .write = write_comm},
	{.path = "PID/task/TID/comm", .generate = put_comm, .write = write_comm},
	PROC_THREAD_TEXT("status", proc_put_status),
	PROC_TEXT("PID/stat", proc_put_stat),
	PROC_TEXT("PID/task/TID/stat", proc_put_thread_stat),
	PROC_THREAD_TEXT("limits", put_limits),
	PROC_THREAD_TEXT("cgroup", put_cgroup),
	{.path = "PID/oom_score_adj", .generate = put_oom_score_adj, .write = write_oom_score_adj},
	PROC_TEXT("PID/oom_score", put_zero),
	PROC_TEXT("PID/loginuid", put_loginuid),
};

const struct proc_table proc_process_table = {entries, ARRAY_SIZE(entries)};
