/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * See qemu_process.h. vfork, because a fork would copy the page tables; in the child only system
 * calls. QEMU has its own process group: keys such as ^C reach the proxy alone.
 */
#include "qemu_process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* What the child needs, made ready before the vfork. */
struct child {
	const struct qemu_command *command;
	char **environment;
	pid_t parent;
	int null_fd, error_fd;
	int inherited[QEMU_FD_END]; /* by QEMU's number; numbered above QEMU_FD_END, -1: none */
	int error;		    /* errno, set by the child */
};

static void child_reset_signals(void)
{
	static const int caught[] = {SIGINT,  SIGTERM, SIGHUP,	SIGQUIT, SIGPIPE,
				     SIGUSR1, SIGUSR2, SIGXFSZ, SIGTSTP, SIGCHLD};
	sigset_t none;

	for (size_t i = 0; i < sizeof(caught) / sizeof(caught[0]); i++)
		signal(caught[i], SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static void child_run(struct child *child)
{
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* The parent may have died before that. */
	if (getppid() != child->parent)
		_exit(1);
	if (dup2(child->null_fd, STDIN_FILENO) < 0 || dup2(child->null_fd, STDOUT_FILENO) < 0 ||
	    dup2(child->error_fd, STDERR_FILENO) < 0)
		goto fail;
	for (int i = QEMU_FD_CHANNEL; i < QEMU_FD_END; i++) {
		if (child->inherited[i] < 0)
			close(i);
		else if (dup2(child->inherited[i], i) < 0)
			goto fail;
	}
	syscall(SYS_close_range, QEMU_FD_END, ~0u, 0);
	child_reset_signals();
	execvpe(child->command->argv[0], child->command->argv, child->environment);
fail:
	child->error = errno;
	_exit(1);
}

/* A copy of FD out of the way of the numbers that QEMU gets. */
static int high_copy(int fd)
{
	return fcntl(fd, F_DUPFD_CLOEXEC, QEMU_FD_END);
}

static int make_pair(int *ours, int *theirs)
{
	int pair[2];
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
		return -errno;
	*ours = pair[0];
	*theirs = high_copy(pair[1]);
	close(pair[1]);
	if (*theirs < 0 || fcntl(*ours, F_SETFL, O_NONBLOCK) != 0)
		return -errno;
	return 0;
}

/* A copy of FD for QEMU's descriptor NUMBER, if there is one. */
static int pass_on(struct child *child, int number, int fd)
{
	if (fd >= 0)
		child->inherited[number] = high_copy(fd);
	return fd >= 0 && child->inherited[number] < 0 ? -errno : 0;
}

/* The proxy's own, and what QEMU's C library is told, unless the user tells it something. */
static char **make_environment(char *tunables)
{
	size_t count = 0;
	while (environ[count])
		count++;
	char **copy = calloc(count + 2, sizeof(*copy));
	if (!copy)
		return NULL;
	memcpy(copy, environ, count * sizeof(*copy));
	if (!getenv("GLIBC_TUNABLES"))
		copy[count] = tunables;
	return copy;
}

static int child_prepare(struct child *child, struct qemu_process *process,
			 const struct qemu_host *host)
{
	int err = 0;
	if (host->listener < 0)
		err = make_pair(&process->channel, &child->inherited[QEMU_FD_CHANNEL]);
	if (!err)
		err = make_pair(&process->log, &child->inherited[QEMU_FD_LOG]);
	if (!err)
		err = make_pair(&process->control, &child->inherited[QEMU_FD_CONTROL]);
	if (!err)
		err = make_pair(&process->errors, &child->error_fd);
	if (!err)
		err = pass_on(child, QEMU_FD_TAP, host->tap);
	if (!err)
		err = pass_on(child, QEMU_FD_VHOST, host->vhost);
	if (err)
		return err;
	child->environment = make_environment(child->command->tunables);
	if (!child->environment)
		return -ENOMEM;
	int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	child->null_fd = high_copy(null_fd);
	close(null_fd);
	return child->null_fd < 0 ? -errno : 0;
}

static void close_valid(int fd)
{
	if (fd >= 0)
		close(fd);
}

int qemu_process_start(struct qemu_process *process, const struct qemu_command *command,
		       const struct qemu_host *host)
{
	struct child child = {
		.command = command, .parent = getpid(), .null_fd = -1, .error_fd = -1};

	for (size_t i = 0; i < sizeof(child.inherited) / sizeof(child.inherited[0]); i++)
		child.inherited[i] = -1;
	*process = (struct qemu_process){
		.pid = -1, .pidfd = -1, .channel = -1, .log = -1, .control = -1, .errors = -1};
	int err = child_prepare(&child, process, host);
	if (!err) {
		pid_t pid = vfork();
		if (pid == 0)
			child_run(&child);
		process->pid = pid;
		err = pid < 0 ? -errno : -child.error;
	}
	if (!err) {
		process->pidfd = (int)syscall(SYS_pidfd_open, process->pid, 0);
		err = process->pidfd < 0 ? -errno : 0;
	}
	for (size_t i = 0; i < sizeof(child.inherited) / sizeof(child.inherited[0]); i++)
		close_valid(child.inherited[i]);
	free(child.environment);
	close_valid(child.null_fd);
	close_valid(child.error_fd);
	if (err) {
		qemu_process_kill(process);
		if (process->pid > 0)
			qemu_process_wait(process);
		qemu_process_close(process);
	}
	return err;
}

void qemu_process_kill(struct qemu_process *process)
{
	if (process->pid > 0)
		kill(process->pid, SIGKILL);
}

int qemu_process_wait(struct qemu_process *process)
{
	int status = 0;
	while (waitpid(process->pid, &status, 0) < 0 && errno == EINTR)
		;
	process->pid = -1;
	return status;
}

void qemu_process_close(struct qemu_process *process)
{
	close_valid(process->pidfd);
	close_valid(process->channel);
	close_valid(process->log);
	close_valid(process->control);
	close_valid(process->errors);
}
