/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * oldcalls: proves that system calls that today's C library does not use any more are there too:
 * other libraries and run-time systems make them (open, stat, getdents, pipe, select ...).
 */
#include "common/check.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mempolicy.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>
#include <utime.h>

#define CALL(number, ...)                                                                          \
	check_show("SYS_" #number "(" #__VA_ARGS__ ")", syscall(SYS_##number, __VA_ARGS__))

static void files(void)
{
	struct stat info, other;
	char target[8];
	struct utimbuf times = {1000, 2000};
	struct timeval both[2] = {{3000, 5}, {4000, 7}};
	int fd = (int)CALL(open, "old-file", O_CREAT | O_RDWR, 0644);

	CALL(open, "missing", O_RDONLY, 0);
	CALL(write, fd, "text", 4);
	CALL(stat, "old-file", &info);
	CALL(lstat, "old-file", &other);
	CHECK(info.st_size == 4 && info.st_ino == other.st_ino && S_ISREG(info.st_mode));
	CALL(fstat, fd, &other);
	CHECK(info.st_ino == other.st_ino && other.st_size == 4);
	CALL(stat, "missing", &info);
	CALL(access, "old-file", R_OK);
	CALL(faccessat, AT_FDCWD, "old-file", W_OK);
	CALL(chmod, "old-file", 0600);
	CALL(utime, "old-file", &times);
	CALL(stat, "old-file", &info);
	CHECK(info.st_atime == 1000 && info.st_mtime == 2000);
	CALL(utimes, "old-file", both);
	CALL(stat, "old-file", &info);
	CHECK(info.st_mtim.tv_sec == 4000 && info.st_mtim.tv_nsec == 7000);
	CALL(futimesat, AT_FDCWD, "old-file", NULL);
	CALL(mkdir, "old-dir", 0700);
	CALL(rename, "old-file", "old-dir/file");
	CALL(link, "old-dir/file", "old-dir/second");
	CALL(symlink, "file", "old-dir/link");
	CALL(readlink, "old-dir/link", target, sizeof(target));
	CALL(unlink, "old-dir/link");
	CALL(close, fd);
	CALL(creat, "old-dir/second", 0644);
	CALL(close, fd);
}

static void entries(void)
{
	char buffer[1024];
	long length;
	int count = 0, fd = open("old-dir", O_RDONLY | O_DIRECTORY);

	CALL(getdents, fd, buffer, 8);
	length = syscall(SYS_getdents, fd, buffer, sizeof(buffer));
	for (long at = 0; at < length; count++) {
		uint16_t record;

		memcpy(&record, buffer + at + 16, sizeof(record));
		at += record;
	}
	CHECK(count == 4);
	CALL(close, fd);
	CALL(unlink, "old-dir/second");
	CALL(unlink, "old-dir/file");
	CALL(rmdir, "old-dir");
}

static void waiting(void)
{
	struct timeval zero = {0, 0};
	struct timespec brief = {0, 1000000};
	struct pollfd state;
	fd_set in;
	int fds[2], set;

	CALL(pipe, fds);
	FD_ZERO(&in);
	FD_SET(fds[0], &in);
	CALL(select, fds[0] + 1, &in, NULL, NULL, &zero);
	CALL(write, fds[1], "x", 1);
	FD_SET(fds[0], &in);
	CALL(select, fds[0] + 1, &in, NULL, NULL, &zero);
	state = (struct pollfd){fds[0], POLLIN, 0};
	CALL(poll, &state, 1, 0);
	set = (int)CALL(epoll_create, 1);
	CALL(epoll_ctl, set, EPOLL_CTL_ADD, fds[0], &(struct epoll_event){.events = EPOLLIN});
	CALL(epoll_wait, set, &(struct epoll_event){0}, 1, 0);
	CALL(dup2, fds[0], 20);
	CALL(close, 20);
	CALL(close, set);
	CALL(close, fds[0]);
	CALL(close, fds[1]);
	CALL(eventfd, 3);
	CALL(close, fds[0]);
	CALL(nanosleep, &brief, NULL);
	CALL(alarm, 0);
}

static void rest(void)
{
	struct rlimit limit;
	struct timeval day;
	time_t now = 0;
	int mode = 99;
	unsigned long nodes = 1, none = 0, seen[16] = {0};
	static char page[16384] __attribute__((aligned(4096)));

	CALL(getrlimit, RLIMIT_STACK, &limit);
	CALL(gettimeofday, &day, NULL);
	CHECK(syscall(SYS_time, &now) == now && now >= day.tv_sec);
	CHECK(syscall(SYS_getpgrp) == getpgrp());
	CALL(get_mempolicy, &mode, NULL, 0, NULL, 0);
	CALL(set_mempolicy, 0, NULL, 0);
	CALL(set_mempolicy, MPOL_BIND, &nodes, 64);
	CALL(get_mempolicy, &mode, seen, 1024, NULL, 0);
	CHECK(mode == MPOL_BIND && seen[0] == 1);
	CALL(set_mempolicy, MPOL_BIND, &none, 64);
	CALL(set_mempolicy, 99, &nodes, 64);
	CALL(set_mempolicy, MPOL_DEFAULT, NULL, 0);
	CALL(mbind, page, 8192, MPOL_BIND, &nodes, 64, 0);
	CALL(mbind, page + 1, 8192, MPOL_BIND, &nodes, 64, 0);
	CALL(getpriority, PRIO_PROCESS, 0);
	CALL(sched_get_priority_max, SCHED_RR);
	CALL(setgroups, 0, NULL);
}

/* One process reads and writes another's memory; here, its own. */
static void other_memory(void)
{
	char a[6] = "abcde", b[6] = "", c[6] = "";
	struct iovec from[2] = {{a, 2}, {a + 2, 4}}, to[2] = {{b, 5}, {c, 1}},
		     bad = {bad_pointer, 4};

	CHECK(syscall(SYS_process_vm_readv, getpid(), to, 2, from, 2, 0) == 6);
	CHECK(memcmp(b, "abcde", 5) == 0);
	CHECK(syscall(SYS_process_vm_writev, getpid(), from, 1, to, 1, 0) == 2);
	CALL(process_vm_readv, getpid(), to, 1, &bad, 1, 0);
	CALL(process_vm_readv, 99999999, to, 1, from, 1, 0);
	CALL(process_vm_readv, getpid(), to, 1, from, 1, 1);
}

int main(void)
{
	files();
	other_memory();
	entries();
	waiting();
	rest();
	return check_done();
}
