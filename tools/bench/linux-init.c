/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The first process of the Linux that `make bench` compares HermitCore with.
 *
 * It does the least that lets one program run: what the files below /bench of the initial RAM disk
 * ask for, then the program, then the end of the virtual machine. Kernel modules come first, file
 * systems second, the program last. A program that asks for nothing (the start measurement) costs
 * one fork and one exec.
 *
 *   /bench/modules  paths of kernel modules, one in each line, in the order in which they load
 *   /bench/mounts   "type source target options", one mount in each line
 *   /bench/argv     the program and its arguments, each ended by NUL
 *   /bench/env      its environment, each variable ended by NUL
 *
 * The program's output is enclosed by two marker lines, so that the kernel's own messages do not
 * mix with it. The machine ends through QEMU's isa-debug-exit device, whose status is 2 * n + 1: n
 * is the program's exit status, or STATUS_INIT_FAILED when it was never started. No locks: one
 * thread.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define DEBUG_EXIT_PORT	   0xf4
#define STATUS_INIT_FAILED 0x7e
#define STATUS_MASK	   0x7f
#define WORDS_MAX	   256
#define FILE_MAX	   65536

/* Ends the machine. The status has seven bits, as isa-debug-exit shifts it by one in an int of
 * eight. */
static _Noreturn void machine_end(int status)
{
	fflush(stdout);
	tcdrain(STDOUT_FILENO); /* the console's driver sends in the background */
	if (iopl(3) == 0)
		outb((unsigned char)(status & STATUS_MASK), DEBUG_EXIT_PORT);
	reboot(RB_AUTOBOOT);
	for (;;)
		pause();
}

static _Noreturn void init_fail(const char *what, const char *which)
{
	printf("bench-init: %s %s: %s\n", what, which, strerror(errno));
	machine_end(STATUS_INIT_FAILED);
}

/* Reads a whole file into `data` and ends it with NUL. Returns its length, or -1 when there is
 * none. */
static ssize_t file_read(const char *path, char data[FILE_MAX])
{
	ssize_t length = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -1;
	for (;;) {
		ssize_t n = read(fd, data + length, (size_t)(FILE_MAX - 1 - length));

		if (n < 0)
			init_fail("read", path);
		if (n == 0)
			break;
		length += n;
	}
	close(fd);
	data[length] = '\0';
	return length;
}

/* Splits `data` at each NUL into a NULL-terminated vector. */
static void words_split(char *data, ssize_t length, char *words[WORDS_MAX])
{
	unsigned count = 0;

	for (char *p = data; p < data + length && count < WORDS_MAX - 1; p += strlen(p) + 1)
		words[count++] = p;
	words[count] = NULL;
}

static void module_load(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		init_fail("open", path);
	if (syscall(SYS_finit_module, fd, "", 0) != 0 && errno != EEXIST)
		init_fail("load", path);
	close(fd);
}

static void modules_load(void)
{
	static char list[FILE_MAX];
	char *save = NULL;

	if (file_read("/bench/modules", list) < 0)
		return;
	for (char *path = strtok_r(list, "\n", &save); path; path = strtok_r(NULL, "\n", &save))
		module_load(path);
}

static void file_system_mount(char *line)
{
	char type[32], source[64], target[128], options[256];

	if (sscanf(line, "%31s %63s %127s %255s", type, source, target, options) != 4) {
		errno = EINVAL;
		init_fail("mount", line);
	}
	mkdir(target, 0755);
	if (mount(source, target, type, 0, strcmp(options, "-") == 0 ? NULL : options) != 0)
		init_fail("mount", target);
}

static void file_systems_mount(void)
{
	static char list[FILE_MAX];
	char *save = NULL;

	if (file_read("/bench/mounts", list) < 0)
		return;
	for (char *line = strtok_r(list, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		file_system_mount(line);
}

/* Runs the program and returns its exit status as a shell would. */
static int program_run(void)
{
	static char argv_data[FILE_MAX], env_data[FILE_MAX];
	static char *argv[WORDS_MAX], *envp[WORDS_MAX];
	int status = 0;
	pid_t child;

	words_split(argv_data, file_read("/bench/argv", argv_data), argv);
	words_split(env_data, file_read("/bench/env", env_data), envp);
	if (!argv[0]) {
		errno = ENOENT;
		init_fail("read", "/bench/argv");
	}
	printf("bench-begin\n");
	fflush(stdout);
	child = fork();
	if (child < 0)
		init_fail("fork", argv[0]);
	if (child == 0) {
		execve(argv[0], argv, envp);
		init_fail("exec", argv[0]);
	}
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	printf("\nbench-end\n");
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int main(void)
{
	modules_load();
	file_systems_mount();
	machine_end(program_run());
}
