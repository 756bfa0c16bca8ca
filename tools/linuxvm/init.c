/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The first process of the Linux machines that `make bench` compares HermitCore with and that
 * tools/testvm runs commands in.
 *
 * It does the least that lets one program run: what the files below /vm of the initial RAM disk ask
 * for, then the program, then the end of the virtual machine. Kernel modules come first, file
 * systems second, the program last. A program that asks for nothing (the start measurement) costs
 * one fork and one exec. Every file but the first may be missing.
 *
 *   /vm/argv     the program and its arguments, each ended by NUL
 *   /vm/env      its environment, each variable ended by NUL
 *   /vm/modules  paths of kernel modules, one in each line, in the order in which they load
 *   /vm/mounts   "type source target options", one mount in each line; options are the file
 *                system's own, after "ro," where it is only read, or "-"
 *   /vm/net      "interface address mask gateway": a network card and its IPv4 addresses
 *   /vm/ports    three lines: the devices that take the program's standard output, its standard
 *                error and, at its end, its status in decimal. Without them the output goes to the
 *                console, between two marker lines that part it from the kernel's own messages
 *   /vm/mark     what is written to all ports after everything else
 *   /vm/root     the folder that the program sees as its root; /vm/cwd, its working directory
 *   /vm/stdin    the program's standard input
 *   /vm/results  "path target" in each line, both seen from the program's root: after the program,
 *                path is copied to target, with the cp of that root
 *
 * With ports, whoever reads them ends the machine when all marks have come: the kernel sends in the
 * background and does not tell when it has sent all. Else the machine ends through QEMU's
 * isa-debug-exit device, whose status is 2 * n + 1: n is the program's exit status, cut to seven
 * bits, or STATUS_INIT_FAILED when it was never started. No locks: one thread.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <net/route.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define DEBUG_EXIT_PORT	   0xf4
#define STATUS_INIT_FAILED 0x7e
#define STATUS_MASK	   0x7f
#define WORDS_MAX	   1024
#define FILE_MAX	   65536
#define PORT_WAIT_US	   1000
#define PORT_WAITS_MAX	   10000 /* ten seconds */
#define CARD_WAIT_US	   1000
#define CARD_WAITS_MAX	   10000 /* ten seconds */
#define FD_NONE		   (-1)

enum port { PORT_STDOUT, PORT_STDERR, PORT_STATUS, PORTS };

static int ports[PORTS] = {FD_NONE, FD_NONE, FD_NONE};

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
	printf("vm-init: %s %s: %s\n", what, which, strerror(errno));
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

/* Calls `act` for each line of a file, if there is one. */
static void lines_do(const char *path, void (*act)(char *line))
{
	static char list[FILE_MAX];
	char *save = NULL;

	if (file_read(path, list) < 0)
		return;
	for (char *line = strtok_r(list, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		act(line);
}

/* Splits `data` at each NUL into a NULL-terminated vector. */
static void words_split(char *data, ssize_t length, char *words[WORDS_MAX])
{
	unsigned count = 0;

	for (char *p = data; p < data + length && count < WORDS_MAX - 1; p += strlen(p) + 1)
		words[count++] = p;
	words[count] = NULL;
}

static void module_load(char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		init_fail("open", path);
	if (syscall(SYS_finit_module, fd, "", 0) != 0 && errno != EEXIST)
		init_fail("load", path);
	close(fd);
}

static void file_system_mount(char *line)
{
	char type[32], source[64], target[256], words[512], *options = words;
	unsigned long flags = 0;

	if (sscanf(line, "%31s %63s %255s %511s", type, source, target, words) != 4) {
		errno = EINVAL;
		init_fail("mount", line);
	}
	if (strncmp(options, "ro,", 3) == 0) {
		flags |= MS_RDONLY;
		options += 3;
	}
	mkdir(target, 0755);
	if (mount(source, target, type, flags, strcmp(options, "-") == 0 ? NULL : options) != 0)
		init_fail("mount", target);
}

/* The kernel makes the devices of ports in the background. */
static void port_open(char *path)
{
	static enum port next;
	unsigned waits = 0;

	if (next == PORTS)
		return;
	while ((ports[next] = open(path, O_WRONLY | O_CLOEXEC)) < 0) {
		if (errno != ENOENT || ++waits > PORT_WAITS_MAX)
			init_fail("open", path);
		usleep(PORT_WAIT_US);
	}
	next++;
}

/* The loopback interface, without which nothing listens on 127.0.0.1. */
static void loopback_up(void)
{
	struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) != 0)
		init_fail("start", request.ifr_name);
	close(fd);
}

static void address_set(struct sockaddr *address, const char *text)
{
	struct sockaddr_in in = {.sin_family = AF_INET};

	if (inet_pton(AF_INET, text, &in.sin_addr) != 1) {
		errno = EINVAL;
		init_fail("address", text);
	}
	memcpy(address, &in, sizeof(in));
}

static void card_control(int fd, unsigned long request, void *argument, const char *card)
{
	if (ioctl(fd, request, argument) != 0)
		init_fail("set up", card);
}

/* Gives a card its addresses. Its driver may still be at work. */
static void card_set_up(char *line)
{
	char card[IFNAMSIZ], address[32], mask[32], gateway[32];
	struct ifreq request = {.ifr_flags = 0};
	struct rtentry route = {.rt_flags = RTF_UP | RTF_GATEWAY};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	unsigned waits = 0;

	if (fd < 0 || sscanf(line, "%15s %31s %31s %31s", card, address, mask, gateway) != 4) {
		errno = EINVAL;
		init_fail("set up", line);
	}
	strcpy(request.ifr_name, card);
	while (ioctl(fd, SIOCGIFFLAGS, &request) != 0) {
		if (errno != ENODEV || ++waits > CARD_WAITS_MAX)
			init_fail("find", card);
		usleep(CARD_WAIT_US);
	}
	request.ifr_flags = IFF_UP | IFF_RUNNING;
	card_control(fd, SIOCSIFFLAGS, &request, card);
	address_set(&request.ifr_addr, address);
	card_control(fd, SIOCSIFADDR, &request, card);
	address_set(&request.ifr_netmask, mask);
	card_control(fd, SIOCSIFNETMASK, &request, card);
	address_set(&route.rt_dst, "0.0.0.0");
	address_set(&route.rt_genmask, "0.0.0.0");
	address_set(&route.rt_gateway, gateway);
	card_control(fd, SIOCADDRT, &route, card);
	close(fd);
}

static void standard_streams_set(void)
{
	int input = open("/vm/stdin", O_RDONLY);

	if (input < 0)
		input = open("/dev/null", O_RDONLY);
	dup2(input, STDIN_FILENO);
	if (input > STDERR_FILENO)
		close(input);
	dup2(ports[PORT_STDOUT], STDOUT_FILENO);
	dup2(ports[PORT_STDERR], STDERR_FILENO);
}

/* In the child: becomes the program. Only returns when that cannot be started. */
static void program_exec(char *const argv[], char *const envp[])
{
	static char root[FILE_MAX], cwd[FILE_MAX];
	const char *path = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";

	if (ports[PORT_STDOUT] != FD_NONE)
		standard_streams_set();
	if (file_read("/vm/cwd", cwd) < 0)
		cwd[0] = '\0';
	if (file_read("/vm/root", root) > 0 && (chroot(root) != 0 || chdir("/") != 0))
		return;
	if (cwd[0] && chdir(cwd) != 0)
		return;
	for (unsigned i = 0; envp[i]; i++) {
		if (strncmp(envp[i], "PATH=", 5) == 0)
			path = envp[i];
	}
	putenv(strdup(path)); /* execvpe() searches the caller's */
	execvpe(argv[0], argv, envp);
}

/* Runs a program to its end and returns its exit status as a shell would: 126 and 127 stand for one
 * that cannot be run or does not exist. */
static int program_run(char *const argv[], char *const envp[])
{
	int status = 0;
	pid_t child = fork();

	if (child < 0)
		init_fail("fork", argv[0]);
	if (child == 0) {
		program_exec(argv, envp);
		dprintf(STDERR_FILENO, "%s: %s\n", argv[0], strerror(errno));
		_exit(errno == ENOENT ? 127 : 126);
	}
	while (wait(&status) != child) /* orphans end here as well */
		;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static bool results_complete = true;

/* What comes out belongs to the user of the host, who may give nothing away. */
static void result_copy(char *line)
{
	static char copy[] = "cp", recursive[] = "-dR", keep[] = "--preserve=mode,timestamps";
	static char follow[] = "-H", end[] = "--";
	char *no_environment[] = {NULL};
	char *target = strchr(line, ' ');

	if (!target) {
		errno = EINVAL;
		init_fail("copy", line);
	}
	*target++ = '\0';
	char *argv[] = {copy, recursive, keep, follow, end, line, target, NULL};
	if (program_run(argv, no_environment) != 0)
		results_complete = false;
}

/* Tells how the program ended and that nothing follows, then waits for the end. */
static _Noreturn void ports_finish(int status)
{
	static char mark[FILE_MAX];

	if (file_read("/vm/mark", mark) < 0)
		init_fail("read", "/vm/mark");
	dprintf(ports[PORT_STATUS], "%s %d", results_complete ? "done" : "incomplete", status);
	for (unsigned i = 0; i < PORTS; i++)
		dprintf(ports[i], "%s", mark);
	for (;;)
		pause();
}

int main(void)
{
	static char argv_data[FILE_MAX], env_data[FILE_MAX];
	static char *argv[WORDS_MAX], *envp[WORDS_MAX];

	lines_do("/vm/modules", module_load);
	lines_do("/vm/mounts", file_system_mount);
	lines_do("/vm/net", card_set_up);
	lines_do("/vm/ports", port_open);
	words_split(argv_data, file_read("/vm/argv", argv_data), argv);
	words_split(env_data, file_read("/vm/env", env_data), envp);
	if (!argv[0]) {
		errno = ENOENT;
		init_fail("read", "/vm/argv");
	}
	if (ports[PORT_STATUS] != FD_NONE) {
		loopback_up();
		int status = program_run(argv, envp);
		lines_do("/vm/results", result_copy);
		ports_finish(status);
	}
	printf("vm-begin\n");
	fflush(stdout);
	int status = program_run(argv, envp);
	printf("\nvm-end\n");
	machine_end(status);
}
