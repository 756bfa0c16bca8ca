/* SPDX-License-Identifier: BSD-3-Clause */
/* dup and relatives, fcntl, ioctl, close_range, locks. */
#include "files.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

static void duplicate(int fd)
{
	char text[8] = "";

	SHOW(dup(fd));
	SHOW(dup(99));
	SHOW(dup2(fd, 10));
	SHOW(dup2(fd, fd));
	SHOW(dup2(99, 10));
	SHOW(dup2(99, 99));
	SHOW(dup2(fd, -1));
	SHOW(dup2(fd, 1 << 24));
	SHOW(dup3(fd, fd, 0));
	SHOW(dup3(fd, 11, O_CLOEXEC));
	SHOW(dup3(fd, 12, O_APPEND));
	SHOW(fcntl(11, F_GETFD));
	SHOW(fcntl(10, F_GETFD));
	SHOW(read(fd, text, 3));
	SHOW(read(10, text, 3)); /* the offset is shared */
	CHECK(memcmp(text, "345", 3) == 0);
	SHOW(lseek(11, 0, SEEK_CUR));
	SHOW(close(fd + 1));
	SHOW(close(10));
	SHOW(close(11));
	SHOW(lseek(fd, 0, SEEK_CUR));
}

static void control(int fd)
{
	int other;

	check_section("fcntl");
	SHOW(fcntl(fd, F_DUPFD, 20));
	SHOW(fcntl(fd, F_DUPFD_CLOEXEC, 20));
	SHOW(fcntl(21, F_GETFD));
	SHOW(fcntl(21, F_SETFD, 0));
	SHOW(fcntl(21, F_GETFD));
	SHOW(fcntl(fd, F_DUPFD, -1));
	SHOW(fcntl(99, F_GETFD));
	SHOW(fcntl(fd, 9999));
	SHOW(fcntl(fd, F_SETFL, O_APPEND | O_NONBLOCK));
	SHOW(fcntl(20, F_GETFL) & (O_ACCMODE | O_APPEND | O_NONBLOCK));
	SHOW(lseek(fd, 0, SEEK_SET));
	SHOW(write(fd, "appended", 8));
	SHOW(fcntl(fd, F_SETFL, 0));
	SHOW(fcntl(20, F_GETFL) & (O_ACCMODE | O_APPEND | O_NONBLOCK));
	show_file("file");
	other = open("file", O_RDONLY);
	SHOW(fcntl(other, F_GETFL) & (O_ACCMODE | O_APPEND | O_NONBLOCK));
	SHOW(close(other));
	SHOW(close(20));
	SHOW(close(21));
}

static void io_control(int fd)
{
	struct termios terminal;
	struct winsize window;
	int available = 0;

	check_section("ioctl");
	MUST(lseek(fd, 4, SEEK_SET));
	SHOW(ioctl(fd, FIONREAD, &available));
	SHOW(available);
	SHOW(ioctl(fd, TCGETS, &terminal));
	SHOW(ioctl(fd, TIOCGWINSZ, &window));
	SHOW(ioctl(99, TIOCGWINSZ, &window));
	SHOW(isatty(fd));
	SHOW(tcgetattr(fd, &terminal));
	available = 1;
	SHOW(ioctl(fd, FIONBIO, &available));
	SHOW((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
	SHOW(ioctl(fd, FIOCLEX));
	SHOW(fcntl(fd, F_GETFD));
	SHOW(ioctl(fd, FIONCLEX));
}

static void close_many(void)
{
	check_section("close_range");
	for (int i = 30; i < 40; i++)
		MUST(dup2(STDOUT_FILENO, i));
	SHOW(syscall(SYS_close_range, 32, 35, 0));
	SHOW(fcntl(31, F_GETFD));
	SHOW(fcntl(32, F_GETFD));
	SHOW(fcntl(35, F_GETFD));
	SHOW(fcntl(36, F_GETFD));
	SHOW(syscall(SYS_close_range, 36, 37, 4)); /* CLOSE_RANGE_CLOEXEC */
	SHOW(fcntl(37, F_GETFD));
	SHOW(syscall(SYS_close_range, 5, 4, 0));
	SHOW(syscall(SYS_close_range, 30, 40, 99));
	SHOW(syscall(SYS_close_range, 30, ~0u, 0));
	SHOW(fcntl(39, F_GETFD));
}

void files_descriptors(void)
{
	int fd;

	check_section("dup, dup2, dup3");
	make_file("file", "0123456789");
	fd = open("file", O_RDWR);
	duplicate(fd);
	control(fd);
	io_control(fd);
	SHOW(close(fd));
	close_many();
	SHOW(unlink("file"));
}

static void record_locks(int fd)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 2, .l_len = 3};
	int reader = open("file", O_RDONLY);

	SHOW(fcntl(fd, F_SETLK, &lock));
	SHOW(fcntl(fd, F_GETLK, &lock));
	SHOW(lock.l_type); /* F_UNLCK: a process does not block itself */
	lock.l_type = F_RDLCK;
	SHOW(fcntl(fd, F_SETLKW, &lock));
	lock.l_type = 77;
	SHOW(fcntl(fd, F_SETLK, &lock));
	lock.l_type = F_WRLCK;
	SHOW(fcntl(reader, F_SETLK, &lock));
	SHOW(fcntl(99, F_SETLK, &lock));
	SHOW(fcntl(fd, F_SETLK, bad_pointer));
	lock.l_type = F_UNLCK;
	SHOW(fcntl(fd, F_SETLK, &lock));
	SHOW(close(reader));
}

void files_locks(void)
{
	int one, two;

	check_section("flock, record locks");
	make_file("file", "0123456789");
	one = open("file", O_RDWR);
	two = open("file", O_RDWR);
	SHOW(flock(one, LOCK_EX));
	SHOW(flock(two, LOCK_EX | LOCK_NB));
	SHOW(flock(two, LOCK_SH | LOCK_NB));
	SHOW(flock(one, LOCK_SH));
	SHOW(flock(two, LOCK_SH | LOCK_NB));
	SHOW(flock(one, LOCK_UN));
	SHOW(flock(two, LOCK_EX | LOCK_NB));
	SHOW(close(two)); /* gives the lock back */
	SHOW(flock(one, LOCK_EX | LOCK_NB));
	SHOW(flock(one, 0));
	SHOW(flock(99, LOCK_EX));
	record_locks(one);
	SHOW(close(one));
	SHOW(unlink("file"));
}
