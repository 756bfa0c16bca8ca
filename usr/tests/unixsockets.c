/* SPDX-License-Identifier: BSD-3-Clause */
/* AF_UNIX: pairs, names, streams, datagrams, packets, files that are sent. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/check.h"

static int events_of(int fd)
{
	struct pollfd entry = {.fd = fd, .events = POLLIN | POLLOUT | POLLRDHUP};

	MUST(poll(&entry, 1, 0));
	return entry.revents;
}

static void show_events(const char *text, int fd)
{
	int events = events_of(fd);

	printf("%s:%s%s%s%s%s\n", text, events & POLLIN ? " IN" : "",
	       events & POLLOUT ? " OUT" : "", events & POLLERR ? " ERR" : "",
	       events & POLLHUP ? " HUP" : "", events & POLLRDHUP ? " RDHUP" : "");
}

static void streams(void)
{
	char text[16] = "";
	int ends[2], count = -1;

	check_section("streams");
	SHOW(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends));
	SHOW(fcntl(ends[0], F_GETFD));
	show_events("new", ends[0]);
	SHOW(write(ends[0], "hello ", 6));
	SHOW(write(ends[0], "world", 5));
	SHOW(ioctl(ends[1], FIONREAD, &count));
	printf("count %d\n", count);
	SHOW(recv(ends[1], text, 3, MSG_PEEK));
	SHOW(read(ends[1], text, 3));
	SHOW(read(ends[1], text, sizeof(text)));
	printf("%.8s\n", text);
	SHOW(recv(ends[1], text, 1, MSG_DONTWAIT));
	SHOW(write(ends[0], "ab", 2));
	SHOW(shutdown(ends[0], SHUT_WR));
	SHOW(write(ends[0], "x", 1));
	show_events("half closed", ends[1]);
	show_events("the other", ends[0]);
	SHOW(recv(ends[1], text, 8, MSG_WAITALL));
	SHOW(read(ends[1], text, 8));
	SHOW(write(ends[1], "back", 4));
	close(ends[1]);
	show_events("closed", ends[0]);
	SHOW(read(ends[0], text, 8));
	SHOW(read(ends[0], text, 8));
	SHOW(write(ends[0], "x", 1));
	close(ends[0]);
	SHOW(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
	SHOW(write(ends[0], "unread", 6));
	close(ends[1]);
	SHOW(read(ends[0], text, 8));
	SHOW(read(ends[0], text, 8));
	close(ends[0]);
	SHOW(socketpair(AF_UNIX, SOCK_STREAM, 6, ends));
	SHOW(socketpair(AF_UNIX, 77, 0, ends));
	SHOW(socketpair(AF_UNIX, SOCK_STREAM, 0, bad_pointer));
}

static socklen_t name_of(struct sockaddr_un *address, const char *name)
{
	memset(address, 0, sizeof(*address));
	address->sun_family = AF_UNIX;
	memcpy(address->sun_path + 1, name, strlen(name));
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name));
}

static void named(int type)
{
	struct sockaddr_un address, other;
	socklen_t size = name_of(&address, "hermit-test"), other_size = sizeof(other);
	int server = socket(AF_UNIX, type, 0), client = socket(AF_UNIX, type, 0), fd;
	struct ucred credentials;
	char text[16] = "";

	check_section("names");
	SHOW(connect(client, (struct sockaddr *)&address, size));
	SHOW(listen(server, 1));
	SHOW(bind(server, (struct sockaddr *)&address, size));
	SHOW(bind(client, (struct sockaddr *)&address, size));
	SHOW(bind(server, (struct sockaddr *)&address, size));
	SHOW(connect(client, (struct sockaddr *)&address, size));
	SHOW(listen(server, 1));
	SHOW(fcntl(server, F_SETFL, O_NONBLOCK));
	SHOW(accept(server, NULL, NULL));
	SHOW(getsockname(client, (struct sockaddr *)&other, &other_size));
	printf("size %d\n", (int)other_size);
	SHOW(getpeername(client, (struct sockaddr *)&other, &other_size));
	SHOW(connect(client, (struct sockaddr *)&address, size));
	show_events("listener", server);
	other_size = sizeof(other);
	fd = accept(server, (struct sockaddr *)&other, &other_size);
	CHECK(fd >= 0);
	printf("size %d\n", (int)other_size);
	other_size = sizeof(other);
	SHOW(getpeername(client, (struct sockaddr *)&other, &other_size));
	CHECK(other_size == size && !memcmp(&other, &address, size));
	other_size = sizeof(credentials);
	SHOW(getsockopt(client, SOL_SOCKET, SO_PEERCRED, &credentials, &other_size));
	CHECK(credentials.pid == getpid() && credentials.uid == getuid());
	SHOW(write(client, "to server", 9));
	SHOW(read(fd, text, 2));
	SHOW(recv(fd, text, sizeof(text), MSG_DONTWAIT));
	SHOW(connect(client, (struct sockaddr *)&address, size));
	close(fd);
	close(client);
	close(server);
	client = socket(AF_UNIX, type, 0);
	SHOW(connect(client, (struct sockaddr *)&address, size));
	close(client);
}

static void datagrams(void)
{
	struct sockaddr_un address, other;
	socklen_t size = name_of(&address, "hermit-datagrams"), other_size = sizeof(other);
	int server = socket(AF_UNIX, SOCK_DGRAM, 0), client = socket(AF_UNIX, SOCK_DGRAM, 0);
	char text[16] = "";
	int ends[2];

	check_section("datagrams");
	MUST(bind(server, (struct sockaddr *)&address, size));
	SHOW(send(client, "x", 1, 0));
	SHOW(sendto(client, "first", 5, 0, (struct sockaddr *)&address, size));
	SHOW(sendto(client, "second", 6, 0, (struct sockaddr *)&address, size));
	show_events("server", server);
	SHOW(recvfrom(server, text, 3, MSG_TRUNC, (struct sockaddr *)&other, &other_size));
	printf("from %d bytes\n", (int)other_size);
	SHOW(recv(server, text, sizeof(text), 0));
	printf("%.6s\n", text);
	SHOW(connect(client, (struct sockaddr *)&address, size));
	SHOW(write(client, "", 0));
	SHOW(read(server, text, sizeof(text)));
	SHOW(listen(client, 1));
	close(server);
	SHOW(write(client, "x", 1));
	SHOW(sendto(client, "x", 1, 0, (struct sockaddr *)&address, size));
	close(client);
	SHOW(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends));
	SHOW(write(ends[0], "one", 3));
	SHOW(write(ends[0], "three", 5));
	SHOW(read(ends[1], text, 2));
	SHOW(read(ends[1], text, sizeof(text)));
	close(ends[0]);
	SHOW(read(ends[1], text, sizeof(text)));
	close(ends[1]);
}

/* Sends descriptor FD with a byte. */
static long send_fd(int end, int fd)
{
	char room[CMSG_SPACE(sizeof(int))] = "", byte = 'f';
	struct iovec vector = {&byte, 1};
	struct msghdr header = {.msg_iov = &vector,
				.msg_iovlen = 1,
				.msg_control = room,
				.msg_controllen = sizeof(room)};
	struct cmsghdr *control = CMSG_FIRSTHDR(&header);

	control->cmsg_level = SOL_SOCKET;
	control->cmsg_type = SCM_RIGHTS;
	control->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(control), &fd, sizeof(fd));
	return sendmsg(end, &header, 0);
}

static int receive_fd(int end, size_t space)
{
	char room[CMSG_SPACE(sizeof(int))] = "", bytes[8];
	struct iovec vector = {bytes, sizeof(bytes)};
	struct msghdr header = {
		.msg_iov = &vector, .msg_iovlen = 1, .msg_control = room, .msg_controllen = space};
	struct cmsghdr *control;
	int fd = -1;

	SHOW(recvmsg(end, &header, MSG_CMSG_CLOEXEC));
	printf("flags %x\n", (unsigned)header.msg_flags & ~(unsigned)MSG_CMSG_CLOEXEC);
	control = space ? CMSG_FIRSTHDR(&header) : NULL;
	if (control)
		memcpy(&fd, CMSG_DATA(control), sizeof(fd));
	return fd;
}

static void files(void)
{
	int ends[2], pipes[2], fd;
	char text[8] = "";

	check_section("files");
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
	MUST(pipe(pipes));
	SHOW(send_fd(ends[0], 9999));
	SHOW(send_fd(ends[0], pipes[1]));
	SHOW(write(ends[0], "more", 4));
	close(pipes[1]);
	fd = receive_fd(ends[1], CMSG_SPACE(sizeof(int)));
	CHECK(fd >= 0 && fcntl(fd, F_GETFD) == FD_CLOEXEC);
	SHOW(read(ends[1], text, sizeof(text)));
	SHOW(write(fd, "through", 7));
	close(fd);
	SHOW(read(pipes[0], text, sizeof(text)));
	SHOW(read(pipes[0], text, sizeof(text)));
	/* Never received: closed with the socket. */
	MUST(pipe(pipes));
	SHOW(send_fd(ends[0], pipes[1]));
	close(pipes[1]);
	close(ends[1]);
	SHOW(read(pipes[0], text, sizeof(text)));
	close(ends[0]);
	close(pipes[0]);
}

#define TOTAL 3000000

static void *pump(void *argument)
{
	char buffer[7000];

	memset(buffer, 'p', sizeof(buffer));
	for (size_t done = 0; done < TOTAL;) {
		ssize_t moved =
			write(*(int *)argument, buffer,
			      TOTAL - done < sizeof(buffer) ? TOTAL - done : sizeof(buffer));

		MUST(moved);
		done += (size_t)moved;
	}
	close(*(int *)argument);
	return NULL;
}

static void bulk(void)
{
	pthread_t thread;
	char buffer[5000];
	size_t got = 0;
	ssize_t moved;
	int ends[2];

	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
	pthread_create(&thread, NULL, pump, &ends[0]);
	while ((moved = read(ends[1], buffer, sizeof(buffer))) > 0)
		got += (size_t)moved;
	pthread_join(thread, NULL);
	printf("received %zu\n", got);
	close(ends[1]);
}

static void *fill(void *argument)
{
	char block[4096] = "";
	long written;

	do
		written = write(*(int *)argument, block, sizeof(block));
	while (written > 0);
	check_show("write, full and closed", written);
	return NULL;
}

/* A receiver that goes away wakes who waits for room at it. */
static void blocked_sender(int type)
{
	pthread_t thread;
	int ends[2];

	MUST(socketpair(AF_UNIX, type, 0, ends));
	pthread_create(&thread, NULL, fill, &ends[0]);
	usleep(100000);
	close(ends[1]);
	pthread_join(thread, NULL);
	close(ends[0]);
}

/* Connections that wait outlive the end of listening, and end with the listener. */
static void shut_listener(void)
{
	struct sockaddr_un address;
	socklen_t size = name_of(&address, "shut");
	int listener = socket(AF_UNIX, SOCK_STREAM, 0), clients[2], server;
	char byte;

	MUST(bind(listener, (struct sockaddr *)&address, size));
	MUST(listen(listener, 4));
	for (int i = 0; i < 2; i++) {
		clients[i] = socket(AF_UNIX, SOCK_STREAM, 0);
		SHOW(connect(clients[i], (struct sockaddr *)&address, size));
	}
	SHOW(shutdown(listener, SHUT_RD));
	server = accept(listener, NULL, NULL);
	CHECK(server >= 0);
	close(server);
	SHOW(read(clients[0], &byte, 1));
	close(listener);
	SHOW(recv(clients[1], &byte, 1, MSG_DONTWAIT));
	close(clients[0]);
	close(clients[1]);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	alarm(40);
	streams();
	named(SOCK_STREAM);
	named(SOCK_SEQPACKET);
	datagrams();
	files();
	bulk();
	check_section("ends");
	blocked_sender(SOCK_STREAM);
	blocked_sender(SOCK_SEQPACKET);
	blocked_sender(SOCK_DGRAM);
	shut_listener();
	return check_done();
}
