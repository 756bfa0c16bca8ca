/* SPDX-License-Identifier: BSD-3-Clause */
/* See user_net.h: the child process, until it executes proxy-net. */
#include "user_net.h"

#include "message.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROGRAM "proxy-net"

/* A rule as net_set_publish takes it; NULL: out of memory. */
static char *rule_text(const struct publish_rule *rule)
{
	char address[INET_ADDRSTRLEN], *text;

	inet_ntop(AF_INET, &rule->host, address, sizeof(address));
	return asprintf(&text, "%s:%u:%u/%s", address, rule->host_port, rule->guest_port,
			rule->udp ? "udp" : "tcp") < 0
		       ? NULL
		       : text;
}

/* Beside the proxy. Returns only when it fails. */
static void execute(const struct net_options *net, bool sandbox)
{
	char path[PATH_MAX];
	ssize_t size = readlink("/proc/self/exe", path, sizeof(path) - sizeof(PROGRAM));
	char **argv = calloc(net->rule_count + 3, sizeof(*argv));
	static char name[] = PROGRAM, confined[] = "confined", unconfined[] = "free";

	if (size < 0 || !argv)
		return;
	path[size] = '\0';
	strcpy(strrchr(path, '/') + 1, PROGRAM);
	argv[0] = name;
	argv[1] = sandbox ? confined : unconfined;
	for (size_t i = 0; i < net->rule_count; i++) {
		argv[2 + i] = rule_text(&net->rules[i]);
		if (!argv[2 + i])
			return;
	}
	execv(path, argv);
	proxy_message("the user-mode network: %s: %s", path, strerror(errno));
}

/* Waits for the first frame, which nobody looks at yet. False: the proxy has gone without one. */
static bool wait_for_guest(int fd)
{
	struct pollfd set = {.fd = fd, .events = POLLIN};

	while (poll(&set, 1, -1) < 0 && errno == EINTR)
		;
	return (set.revents & POLLIN) && !(set.revents & POLLHUP);
}

_Noreturn static void run_child(int fd, const struct net_options *net, bool sandbox)
{
	/* All others, so that nobody waits for their end; standard error is for messages. */
	if (dup2(fd, USER_NET_FD) != USER_NET_FD || fcntl(USER_NET_FD, F_SETFD, 0) != 0 ||
	    syscall(SYS_close_range, USER_NET_FD + 1, ~0u, 0) != 0)
		_exit(STATUS_PROXY);
	int null_fd = open("/dev/null", O_RDWR);
	if (null_fd < 0 || dup2(null_fd, STDIN_FILENO) < 0 || dup2(null_fd, STDOUT_FILENO) < 0)
		_exit(STATUS_PROXY);
	close(null_fd);
	if (net->rule_count == 0 && !wait_for_guest(USER_NET_FD))
		_exit(0);
	execute(net, sandbox);
	_exit(STATUS_PROXY);
}

/* With published ports the child says when they are open. */
static int wait_for_ports(const struct user_net *user, const struct net_options *net)
{
	char byte;
	ssize_t got = 1;

	while (net->rule_count && (got = read(user->fd, &byte, 1)) < 0 && errno == EINTR)
		;
	return got == 1 && fcntl(user->fd, F_SETFL, O_NONBLOCK) == 0 ? 0 : STATUS_PROXY;
}

int user_net_start(struct user_net *user, const struct net_options *net, bool sandbox)
{
	int pair[2];

	*user = (struct user_net){.fd = -1};
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
		proxy_message("the user-mode network: %s", strerror(errno));
		return STATUS_PROXY;
	}
	pid_t pid = fork();
	if (pid == 0)
		run_child(pair[1], net, sandbox);
	close(pair[1]);
	if (pid < 0) {
		proxy_message("the user-mode network: %s", strerror(errno));
		close(pair[0]);
		return STATUS_PROXY;
	}
	*user = (struct user_net){.fd = pair[0], .pid = pid};
	int status = wait_for_ports(user, net);
	if (status)
		user_net_stop(user);
	return status;
}

void user_net_stop(struct user_net *user)
{
	if (user->fd >= 0)
		close(user->fd);
	/* Its ports are free when it has been waited for. */
	if (user->pid > 0) {
		kill(user->pid, SIGKILL);
		while (waitpid(user->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	*user = (struct user_net){.fd = -1};
}
