/* SPDX-License-Identifier: BSD-3-Clause */
/* See terminal.h. One terminal per process, hence the state in this file. */
#include "terminal.h"

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static int terminal_fd = -1;
static struct termios user_modes, application_modes;

void terminal_save(void)
{
	if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, &user_modes) != 0)
		return;
	terminal_fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
}

/* Nothing to do when nothing changed: tcsetattr() from the background would be rude. */
static void set_modes(const struct termios *modes)
{
	struct termios now;
	sigset_t stop, old;

	if (terminal_fd < 0 || tcgetattr(terminal_fd, &now) != 0 ||
	    memcmp(&now, modes, sizeof(now)) == 0)
		return;
	sigemptyset(&stop);
	sigaddset(&stop, SIGTTOU);
	sigprocmask(SIG_BLOCK, &stop, &old);
	tcsetattr(terminal_fd, TCSANOW, modes);
	sigprocmask(SIG_SETMASK, &old, NULL);
}

void terminal_restore(void)
{
	set_modes(&user_modes);
}

void terminal_suspend(void)
{
	if (terminal_fd >= 0 && tcgetattr(terminal_fd, &application_modes) == 0)
		set_modes(&user_modes);
}

void terminal_resume(void)
{
	if (terminal_fd >= 0 && tcgetpgrp(terminal_fd) == getpgrp())
		set_modes(&application_modes);
}
