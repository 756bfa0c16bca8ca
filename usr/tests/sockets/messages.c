/* SPDX-License-Identifier: BSD-3-Clause */
/* sendmsg and its relatives, files and pipes with sockets. */
#include "sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "common/check.h"

static void gather(void)
{
	union address address, from;
	int port, server = bound(AF_INET, SOCK_DGRAM, &port);
	int client = socket(AF_INET, SOCK_DGRAM, 0);
	char a[4] = "", b[4] = "";
	struct iovec out[2] = {{(char[]){"abc"}, 3}, {(char[]){"defg"}, 4}};
	struct iovec in[2] = {{a, 3}, {b, 2}};
	struct msghdr header = {.msg_name = &address, .msg_iov = out, .msg_iovlen = 2};

	header.msg_namelen = loopback(&address, AF_INET, port);
	SHOW(sendmsg(client, &header, 0));
	header = (struct msghdr){
		.msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = in, .msg_iovlen = 2};
	SHOW(recvmsg(server, &header, 0));
	printf("%.3s %.2s, flags %x, name %d\n", a, b, (unsigned)header.msg_flags,
	       (int)header.msg_namelen);
	header.msg_iovlen = 2000;
	SHOW(recvmsg(server, &header, MSG_DONTWAIT));
	SHOW(sendmsg(client, &header, 0));
	header.msg_iovlen = 1;
	header.msg_iov = bad_pointer;
	SHOW(sendmsg(client, &header, 0));
	SHOW(sendmsg(client, bad_pointer, 0));
	SHOW(recvmsg(client, bad_pointer, MSG_DONTWAIT));
	close(client);
	close(server);
}

static void show_control(struct msghdr *header)
{
	struct cmsghdr *control;

	printf("control %d bytes, flags %x\n", (int)header->msg_controllen,
	       (unsigned)header->msg_flags);
	for (control = CMSG_FIRSTHDR(header); control; control = CMSG_NXTHDR(header, control))
		printf("level %d type %d length %d\n", control->cmsg_level, control->cmsg_type,
		       (int)control->cmsg_len);
}

static void control(int family)
{
	union address address;
	int port, one = 1, server = bound(family, SOCK_DGRAM, &port);
	int client = socket(family, SOCK_DGRAM, 0);
	socklen_t size = loopback(&address, family, port);
	char data[8], room[256];
	struct iovec in = {data, sizeof(data)};
	struct msghdr header = {.msg_iov = &in, .msg_iovlen = 1};

	if (family == AF_INET) {
		MUST(setsockopt(server, IPPROTO_IP, IP_PKTINFO, &one, sizeof(one)));
		MUST(setsockopt(server, IPPROTO_IP, IP_RECVTTL, &one, sizeof(one)));
	} else {
		MUST(setsockopt(server, IPPROTO_IPV6, IPV6_RECVPKTINFO, &one, sizeof(one)));
	}
	MUST(sendto(client, "1", 1, 0, &address.any, size));
	MUST(sendto(client, "2", 1, 0, &address.any, size));
	MUST(sendto(client, "3", 1, 0, &address.any, size));
	header.msg_control = room;
	header.msg_controllen = sizeof(room);
	SHOW(recvmsg(server, &header, 0));
	show_control(&header);
	header.msg_controllen = 20;
	SHOW(recvmsg(server, &header, 0));
	show_control(&header);
	header.msg_control = NULL;
	header.msg_controllen = 0;
	SHOW(recvmsg(server, &header, 0));
	show_control(&header);
	close(client);
	close(server);
}

static void several(void)
{
	union address address;
	int port, server = bound(AF_INET, SOCK_DGRAM, &port);
	int client = socket(AF_INET, SOCK_DGRAM, 0);
	char data[4][8];
	struct iovec out[3] = {{(char[]){"one"}, 3}, {(char[]){"three"}, 5}, {NULL, 0}}, in[4];
	struct mmsghdr messages[4] = {0};
	struct timespec none = {0, 0};

	MUST(connect(client, &address.any, loopback(&address, AF_INET, port)));
	for (int i = 0; i < 3; i++)
		messages[i].msg_hdr = (struct msghdr){.msg_iov = &out[i], .msg_iovlen = 1};
	SHOW(sendmmsg(client, messages, 3, 0));
	printf("%u %u %u\n", messages[0].msg_len, messages[1].msg_len, messages[2].msg_len);
	for (int i = 0; i < 4; i++) {
		in[i] = (struct iovec){data[i], sizeof(data[i])};
		messages[i].msg_hdr = (struct msghdr){.msg_iov = &in[i], .msg_iovlen = 1};
	}
	SHOW(recvmmsg(server, messages, 4, MSG_WAITFORONE, NULL));
	printf("%u %u %u\n", messages[0].msg_len, messages[1].msg_len, messages[2].msg_len);
	SHOW(recvmmsg(server, messages, 4, MSG_DONTWAIT, &none));
	SHOW(send(client, "x", 1, 0));
	SHOW(recvmmsg(server, messages, 4, 0, &none));
	close(client);
	close(server);
}

static void files(void)
{
	int memory = memfd_create("data", 0), ends[2], pipes[2];
	off_t offset = 1000;
	char text[16];

	tcp_pair(AF_INET, ends);
	send_pattern(memory, 0, 100000);
	SHOW(sendfile(ends[0], memory, &offset, 99000));
	printf("offset %ld\n", (long)offset);
	CHECK(receive_pattern(ends[1], 1000, 99000));
	SHOW(sendfile(memory, ends[0], NULL, 10));
	MUST(pipe(pipes));
	MUST(write(pipes[1], "through", 7));
	SHOW(splice(pipes[0], NULL, ends[0], NULL, 100, 0));
	SHOW(splice(ends[1], NULL, pipes[1], NULL, 100, 0));
	SHOW(read(pipes[0], text, sizeof(text)));
	printf("%.7s\n", text);
	SHOW(fcntl(ends[1], F_SETFL, O_NONBLOCK));
	SHOW(splice(ends[1], NULL, pipes[1], NULL, 100, 0));
	close(memory);
	for (int i = 0; i < 2; i++) {
		close(ends[i]);
		close(pipes[i]);
	}
}

void test_messages(void)
{
	check_section("messages");
	gather();
	control(AF_INET);
	control(AF_INET6);
	several();
	files();
}
