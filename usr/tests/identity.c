/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * identity: proves that a program learns who and where it is as on Linux: numbers of process, user
 * and group, names of the system, limits, sizes, capabilities; and that it can change what may be
 * changed.
 */
#include "common/check.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/membarrier.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

static void numbers(void)
{
	uid_t real, effective, saved;
	gid_t groups[256];

	check_section("process, user, group");
	CHECK(getpid() > 0 && getpid() == syscall(SYS_gettid));
	CHECK(getppid() >= 0 && getppid() != getpid());
	CHECK(syscall(SYS_getpid) == getpid());
	CHECK(getpgrp() > 0 && getpgid(0) == getpgrp());
	CHECK(getsid(0) > 0);
	check_show("getuid()", getuid());
	check_show("geteuid()", geteuid());
	check_show("getgid()", getgid());
	check_show("getegid()", getegid());
	SHOW(getresuid(&real, &effective, &saved));
	CHECK(real == getuid() && effective == geteuid());
	SHOW(getresgid(&real, &effective, &saved));
	CHECK(real == getgid() && effective == getegid());
	CHECK(getgroups(256, groups) >= 0);
	SHOW(setuid(getuid()));
	SHOW(setgid(getgid()));
	SHOW(setreuid((uid_t)-1, geteuid()));
	SHOW(setresgid((gid_t)-1, (gid_t)-1, (gid_t)-1));
	SHOW(getpgid(99999999));
	SHOW(wait(NULL));
	SHOW(waitid(P_ALL, 0, NULL, WEXITED | WNOHANG));
	SHOW(wait4(-1, NULL, 12345678, NULL));
}

static void names(void)
{
	struct utsname name;
	char host[256] = "", thread[17] = "";
	int major = 0;

	check_section("names");
	SHOW(uname(&name));
	printf("%s %s\n", name.sysname, name.machine);
	CHECK(sscanf(name.release, "%d.", &major) == 1 && major >= 4);
	SHOW(uname(bad_pointer));
	SHOW(gethostname(host, sizeof(host)));
	CHECK(strcmp(host, name.nodename) == 0 && host[0] != '\0');
	printf("%s\n", host);
	SHOW(prctl(PR_SET_NAME, "a longer name than fits"));
	SHOW(prctl(PR_GET_NAME, thread));
	printf("%s\n", thread);
	SHOW(prctl(PR_SET_NAME, "identity"));
	SHOW(prctl(PR_GET_DUMPABLE));
	SHOW(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	SHOW(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
	SHOW(prctl(9999));
}

static void show_limit(const char *name, int which)
{
	struct rlimit old, new;

	check_show(name, getrlimit(which, &old));
	new = old;
	CHECK(old.rlim_cur <= old.rlim_max);
	CHECK(syscall(SYS_prlimit64, 0, which, NULL, &new) == 0 && new.rlim_cur == old.rlim_cur);
	new.rlim_cur = old.rlim_cur == RLIM_INFINITY ? old.rlim_max : old.rlim_cur;
	CHECK(setrlimit(which, &new) == 0);
}

static void limits(void)
{
	struct rlimit bad = {2, 1}, limit;

	check_section("limits");
	show_limit("RLIMIT_STACK", RLIMIT_STACK);
	show_limit("RLIMIT_NOFILE", RLIMIT_NOFILE);
	show_limit("RLIMIT_AS", RLIMIT_AS);
	show_limit("RLIMIT_DATA", RLIMIT_DATA);
	show_limit("RLIMIT_CORE", RLIMIT_CORE);
	show_limit("RLIMIT_FSIZE", RLIMIT_FSIZE);
	show_limit("RLIMIT_NPROC", RLIMIT_NPROC);
	show_limit("RLIMIT_MEMLOCK", RLIMIT_MEMLOCK);
	SHOW(getrlimit(99, &limit));
	SHOW(setrlimit(RLIMIT_NOFILE, &bad));
	SHOW(getrlimit(RLIMIT_STACK, bad_pointer));
	SHOW(sysconf(_SC_PAGESIZE));
	SHOW(sysconf(_SC_CLK_TCK));
	CHECK(sysconf(_SC_OPEN_MAX) >= 64);
	CHECK(sysconf(_SC_PHYS_PAGES) > 0 && sysconf(_SC_AVPHYS_PAGES) > 0);
}

static void sizes(void)
{
	struct sysinfo info;

	check_section("sysinfo");
	SHOW(sysinfo(&info));
	CHECK(info.totalram > 0 && info.freeram > 0 && info.freeram <= info.totalram);
	CHECK(info.mem_unit > 0 && info.uptime >= 0 && info.procs > 0);
	SHOW(sysinfo(bad_pointer));
}

/* Calls that take part in the set-up of larger run-time systems. */
static void others(void)
{
	struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct capabilities[2];
	int commands;

	check_section("capget, membarrier, personality, getcpu, restart_syscall");
	SHOW(syscall(SYS_capget, &header, capabilities));
	commands = (int)syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0, 0);
	CHECK(commands > 0 && (commands & MEMBARRIER_CMD_PRIVATE_EXPEDITED));
	SHOW(syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0));
	SHOW(syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0));
	SHOW(syscall(SYS_membarrier, 1 << 30, 0, 0));
	SHOW(syscall(SYS_getcpu, NULL, NULL, NULL));
	SHOW(syscall(SYS_restart_syscall));
	SHOW(syscall(SYS_set_tid_address, NULL) == getpid());
}

static void memory_file(void)
{
	struct stat info;
	char *map, byte = 0;
	int fd = (int)syscall(SYS_memfd_create, "memory", MFD_CLOEXEC);

	check_section("memfd_create");
	SHOW(fd);
	SHOW(write(fd, "text", 4));
	SHOW(ftruncate(fd, 10000));
	SHOW(fstat(fd, &info));
	SHOW(info.st_size);
	map = mmap(NULL, 10000, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(map != MAP_FAILED && memcmp(map, "text", 4) == 0);
	if (map == MAP_FAILED)
		return;
	map[9000] = 'x';
	SHOW(pread(fd, &byte, 1, 9000));
	CHECK(byte == 'x');
	SHOW(munmap(map, 10000));
	SHOW(close(fd));
	SHOW(syscall(SYS_memfd_create, "memory", 0x1000));
}

static void signal_file(void)
{
	struct signalfd_siginfo info;
	sigset_t set, old;
	int fd;

	check_section("signalfd");
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, &old);
	fd = signalfd(-1, &set, SFD_NONBLOCK);
	SHOW(fd);
	SHOW(read(fd, &info, sizeof(info)));
	kill(getpid(), SIGUSR1);
	SHOW(read(fd, &info, sizeof(info)));
	CHECK(info.ssi_signo == SIGUSR1 && info.ssi_code == SI_USER &&
	      info.ssi_pid == (uint32_t)getpid());
	SHOW(read(fd, &info, 10));
	SHOW(close(fd));
	sigprocmask(SIG_SETMASK, &old, NULL);
}

int main(void)
{
	numbers();
	names();
	limits();
	sizes();
	others();
	memory_file();
	signal_file();
	return check_done();
}
