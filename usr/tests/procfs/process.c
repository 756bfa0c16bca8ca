/* SPDX-License-Identifier: BSD-3-Clause */
/* /proc/self: the process, its threads, its files. */
#include "procfs/procfs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static void links(void)
{
	char target[64] = "", pid[32];

	check_section("links");
	snprintf(pid, sizeof(pid), "%d", getpid());
	CHECK(readlink("/proc/self", target, sizeof(target) - 1) == (ssize_t)strlen(pid));
	CHECK(strcmp(target, pid) == 0);
	CHECK(dir_holds("/proc", pid) && dir_holds("/proc", "self"));
	SHOW(close(open("/proc/self/", O_RDONLY | O_DIRECTORY)));
	SHOW(open("/proc/self", O_RDONLY | O_NOFOLLOW));
	SHOW(open("/proc/999999999", O_RDONLY));
	memset(target, 0, sizeof(target));
	SHOW(readlink("/proc/mounts", target, sizeof(target) - 1));
	CHECK(strcmp(target, "self/mounts") == 0);
}

static void handler(int signo)
{
	(void)signo;
}

static void status(void)
{
	static const char *const names[] = {
		"Name:\t",
		"Umask:\t0027\n",
		"State:\tR (running)",
		"Tgid:\t",
		"Ngid:\t",
		"Pid:\t",
		"PPid:\t",
		"TracerPid:\t0\n",
		"Uid:\t",
		"Gid:\t",
		"FDSize:\t",
		"Groups:\t",
		"NStgid:\t",
		"NSpid:\t",
		"NSpgid:\t",
		"NSsid:\t",
		"VmPeak:\t",
		"VmSize:\t",
		"VmLck:\t",
		"VmPin:\t",
		"VmHWM:\t",
		"VmRSS:\t",
		"RssAnon:\t",
		"RssFile:\t",
		"RssShmem:\t",
		"VmData:\t",
		"VmStk:\t",
		"VmExe:\t",
		"VmLib:\t",
		"VmSwap:\t",
		"HugetlbPages:\t",
		"CoreDumping:\t0\n",
		"THP_enabled:\t",
		"Threads:\t1\n",
		"SigQ:\t",
		"SigPnd:\t0000000000000000\n",
		"ShdPnd:\t0000000000000200\n",
		"SigBlk:\t0000000000000200\n",
		"SigIgn:\t0000000000000800\n",
		"SigCgt:\t0000000000002000\n",
		"CapInh:\t",
		"CapPrm:\t",
		"CapEff:\t",
		"CapBnd:\t",
		"CapAmb:\t",
		"NoNewPrivs:\t",
		"Seccomp:\t",
		"Cpus_allowed:\t",
		"Cpus_allowed_list:\t",
		"Mems_allowed:\t",
		"Mems_allowed_list:\t",
		"voluntary_ctxt_switches:\t",
		"nonvoluntary_ctxt_switches:\t",
	};
	sigset_t set;

	check_section("status");
	umask(027);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_SETMASK, &set, NULL);
	kill(getpid(), SIGUSR1);
	/* All of them, also those that the C library keeps to itself: who starts the tests may
	 * ignore some. */
	for (int signo = 1; signo <= 64; signo++)
		syscall(SYS_rt_sigaction, signo, (const unsigned long[4]){0}, NULL, 8);
	signal(SIGUSR2, SIG_IGN);
	signal(SIGALRM, handler);
	CHECK(has_lines("/proc/self/status", names, sizeof(names) / sizeof(names[0])));
	CHECK(number_after("/proc/self/status", "PPid:") == getppid());
	signal(SIGUSR1, SIG_IGN);
	sigemptyset(&set);
	sigprocmask(SIG_SETMASK, &set, NULL);
}

/* The fields of stat from the state (number 3) on; how many there are in all. */
static int stat_fields(const char *path, long long fields[64], char *state)
{
	char text[2048], *at, *word;
	int count = 3;

	if (!text_of(path, text, sizeof(text)) || !(at = strrchr(text, ')')))
		return 0;
	*state = at[2];
	for (word = strtok(at + 3, " \n"); word && count < 63; word = strtok(NULL, " \n"))
		fields[++count] = strtoll(word, NULL, 10);
	return count;
}

static void stat_file(void)
{
	long long field[64] = {0};
	char state = 0;
	volatile double work = 1;
	int on_stack;

	check_section("stat, statm");
	for (int i = 0; i < 50000000; i++)
		work *= 1.0000001;
	SHOW(stat_fields("/proc/self/stat", field, &state));
	CHECK(state == 'R');
	CHECK(field[4] == getppid());
	CHECK(field[14] > 0); /* user time */
	CHECK(field[18] == 20 && field[19] == 0 && field[20] == 1);
	CHECK(field[22] <= 100 * (number_in("/proc/uptime") + 1));
	CHECK(field[23] / 4096 >= field[24] && field[24] > 0);
	CHECK(field[26] <= (long long)(size_t)stat_file &&
	      field[27] > (long long)(size_t)stat_file);
	CHECK(field[28] > (long long)(size_t)&on_stack);
	CHECK(field[39] >= 0 && field[39] < sysconf(_SC_NPROCESSORS_CONF));
	CHECK(field[45] <= field[46] && field[46] <= field[47]);
	CHECK(field[48] < field[49] && field[49] <= field[50] && field[50] < field[51]);
	SHOW(stat_fields("/proc/thread-self/stat", field, &state));
}

static void limits(void)
{
	struct rlimit limit = {0};
	char line[128], text[4096];

	check_section("limits");
	getrlimit(RLIMIT_NOFILE, &limit);
	snprintf(line, sizeof(line), "\nMax open files            %-20llu %-20llu files     \n",
		 (unsigned long long)limit.rlim_cur, (unsigned long long)limit.rlim_max);
	CHECK(text_of("/proc/self/limits", text, sizeof(text)) > 1000);
	CHECK(strncmp(text,
		      "Limit                     Soft Limit           Hard Limit           "
		      "Units     \nMax cpu time ",
		      90) == 0);
	CHECK(strstr(text, line) != NULL);
	CHECK(strstr(text, "\nMax realtime timeout ") != NULL);
}

static void arguments(int argc, char **argv)
{
	char text[65536];
	size_t length = text_of("/proc/self/cmdline", text, sizeof(text)), words = 0;
	unsigned long aux[2];
	int file, seen = 0;

	check_section("cmdline, environ, auxv");
	CHECK(strcmp(text, argv[0]) == 0);
	for (size_t i = 0; i < length; i++)
		words += text[i] == '\0';
	CHECK(words == (size_t)argc);
	argv[0][0] = '!';
	text_of("/proc/self/cmdline", text, sizeof(text));
	CHECK(text[0] == '!');
	text_of("/proc/self/environ", text, sizeof(text));
	CHECK(!environ[0] || strcmp(text, environ[0]) == 0);
	file = open("/proc/self/auxv", O_RDONLY);
	while (read(file, aux, sizeof(aux)) == sizeof(aux) && aux[0] != AT_NULL)
		seen += aux[0] == AT_PAGESZ && aux[1] == 4096;
	CHECK(seen == 1 && aux[0] == AT_NULL);
	SHOW(read(file, aux, sizeof(aux)));
	SHOW(close(file));
}

static void names(void)
{
	char text[64];
	int file;

	check_section("comm");
	prctl(PR_SET_NAME, "a name of more than 15");
	SHOW(text_of("/proc/self/comm", text, sizeof(text)));
	CHECK(strcmp(text, "a name of more \n") == 0);
	file = open("/proc/self/comm", O_RDWR);
	SHOW(write(file, "other", 5));
	CHECK(prctl(PR_GET_NAME, text) == 0 && strcmp(text, "other") == 0);
	memset(text, 0, sizeof(text));
	SHOW(pread(file, text, 64, 0));
	CHECK(strcmp(text, "other\n") == 0);
	SHOW(write(file, "a name of more than 15 bytes", 28));
	SHOW(pread(file, text, 64, 0));
	CHECK(strcmp(text, "a name of more \n") == 0);
	SHOW(close(file));
}

static void files(void)
{
	char text[512], number[16], expected[64];
	int file = open("/dev/zero", O_RDWR | O_APPEND | O_CLOEXEC), info;

	check_section("fd, fdinfo");
	snprintf(number, sizeof(number), "%d", file);
	CHECK(dir_holds("/proc/self/fd", number) && dir_holds("/proc/self/fdinfo", number));
	snprintf(text, sizeof(text), "/proc/self/fdinfo/%d", file);
	info = open(text, O_RDONLY);
	memset(text, 0, sizeof(text));
	CHECK(read(info, text, sizeof(text) - 1) > 0);
	snprintf(expected, sizeof(expected), "pos:\t0\nflags:\t0%o\nmnt_id:\t",
		 (unsigned)(fcntl(file, F_GETFL) | O_CLOEXEC));
	CHECK(strncmp(text, expected, strlen(expected)) == 0);
	SHOW(close(info));
	SHOW(close(file));
	snprintf(text, sizeof(text), "/proc/self/fdinfo/%s", number);
	SHOW(access(text, F_OK));
}

/* Through /proc/self/fd a file gets a second position and other rights. */
static void reopen(void)
{
	char path[64], text[8] = "";
	int file, first, second, pipes[2];

	check_section("files by their numbers");
	first = open("reopened", O_RDWR | O_CREAT | O_TRUNC, 0600);
	SHOW(write(first, "0123456789", 10));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", first);
	second = open(path, O_RDONLY);
	SHOW(read(second, text, 4));
	SHOW(lseek(first, 0, SEEK_CUR));
	SHOW(lseek(second, 0, SEEK_CUR));
	SHOW(write(second, text, 1));
	SHOW(close(first));
	first = open("reopened", O_PATH);
	SHOW(read(first, text, 4));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", first);
	file = open(path, O_RDWR);
	SHOW(pread(file, text, 4, 3));
	CHECK(memcmp(text, "3456", 4) == 0);
	SHOW(close(first));
	SHOW(close(file));
	SHOW(unlink("reopened"));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", second);
	file = open(path, O_RDONLY);
	SHOW(pread(file, text, 4, 0));
	CHECK(memcmp(text, "0123", 4) == 0);
	SHOW(close(file));
	SHOW(close(second));
	MUST(pipe(pipes));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", pipes[1]);
	file = open(path, O_WRONLY);
	SHOW(write(file, "pipe", 4));
	SHOW(read(pipes[0], text, 8));
	close(file);
	close(pipes[0]);
	close(pipes[1]);
}

static void settings(void)
{
	char text[64];
	int file;

	check_section("oom_score_adj, cgroup");
	file = open("/proc/self/oom_score_adj", O_RDWR);
	SHOW(write(file, "500\n", 4));
	SHOW(number_in("/proc/self/oom_score_adj"));
	SHOW(write(file, "high", 4));
	SHOW(write(file, "1001", 4));
	SHOW(close(file));
	CHECK(text_of("/proc/self/cgroup", text, sizeof(text)) > 0);
}

void procfs_process(int argc, char **argv)
{
	links();
	status();
	stat_file();
	limits();
	arguments(argc, argv);
	names();
	files();
	reopen();
	settings();
}

/* Threads that wait for each other. */

static pthread_barrier_t barrier;
static pid_t tids[3];

static void *wait_inside(void *index)
{
	tids[(size_t)index] = gettid();
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	return NULL;
}

static int count_tasks(void)
{
	const struct dirent *entry;
	DIR *dir = opendir("/proc/self/task");
	int count = 0;

	while (dir && (entry = readdir(dir)) != NULL)
		count += entry->d_name[0] != '.';
	if (dir)
		closedir(dir);
	return count;
}

static void *do_nothing(void *unused)
{
	return unused;
}

/* Reads about all threads until told to stop; how often. */
static void *look_around(void *stop)
{
	char path[300], text[2048];
	long rounds = 0;

	while (!__atomic_load_n((int *)stop, __ATOMIC_ACQUIRE)) {
		const struct dirent *entry;
		DIR *dir = opendir("/proc/self/task");

		while (dir && (entry = readdir(dir)) != NULL) {
			snprintf(path, sizeof(path), "/proc/self/task/%s/stat", entry->d_name);
			text_of(path, text, sizeof(text));
			snprintf(path, sizeof(path), "/proc/self/task/%s/status", entry->d_name);
			text_of(path, text, sizeof(text));
		}
		if (dir)
			closedir(dir);
		rounds++;
	}
	return (void *)rounds; /* NOLINT */
}

/* Threads come and go while another one looks at them. */
static void watched(void)
{
	pthread_t watcher, thread;
	void *rounds = NULL;
	int stop = 0, created = 0;

	check_section("threads that are watched");
	pthread_create(&watcher, NULL, look_around, &stop);
	for (int i = 0; i < 100; i++) {
		if (pthread_create(&thread, NULL, do_nothing, NULL) != 0)
			break;
		created++;
		if (i % 16 == 0)
			usleep(1000);
		pthread_join(thread, NULL);
	}
	__atomic_store_n(&stop, 1, __ATOMIC_RELEASE);
	pthread_join(watcher, &rounds);
	SHOW(created);
	CHECK(rounds != NULL);
}

void procfs_threads(void)
{
	pthread_t threads[3];
	char path[64], text[64], name[32];

	check_section("threads");
	pthread_barrier_init(&barrier, NULL, 4);
	for (size_t i = 0; i < 3; i++)
		pthread_create(&threads[i], NULL, wait_inside, (void *)i); /* NOLINT */
	pthread_barrier_wait(&barrier);
	SHOW(count_tasks());
	SHOW(number_after("/proc/self/status", "Threads:"));
	SHOW(pthread_setname_np(threads[1], "second"));
	SHOW(pthread_getname_np(threads[1], name, sizeof(name)));
	CHECK(strcmp(name, "second") == 0);
	snprintf(path, sizeof(path), "/proc/self/task/%d/comm", tids[1]);
	text_of(path, text, sizeof(text));
	CHECK(strcmp(text, "second\n") == 0);
	snprintf(path, sizeof(path), "/proc/self/task/%d/status", tids[1]);
	CHECK(number_after(path, "Pid:") == tids[1]);
	CHECK(number_after(path, "Tgid:") == getpid());
	snprintf(path, sizeof(path), "/proc/%d/status", tids[1]);
	CHECK(number_after(path, "Pid:") == tids[1]);
	CHECK(number_after(path, "voluntary_ctxt_switches:") > 0);
	snprintf(text, sizeof(text), "%d/task/%d", getpid(), getpid());
	CHECK(readlink("/proc/thread-self", path, sizeof(path)) == (ssize_t)strlen(text) &&
	      memcmp(path, text, strlen(text)) == 0);
	pthread_barrier_wait(&barrier);
	for (size_t i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	pthread_barrier_destroy(&barrier);
	snprintf(path, sizeof(path), "/proc/self/task/%d/comm", tids[1]);
	/* A thread is joined a moment before it is gone, on Linux as well. */
	for (int i = 0; i < 5000 && access(path, F_OK) == 0; i++)
		usleep(1000);
	SHOW(open(path, O_RDONLY));
	watched();
}
