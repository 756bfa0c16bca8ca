/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A network that means harm: fuzz input makes frames, which a card hands to the stack (kernel/net
 * with lwIP), whole or in pieces, while programs serve connections and datagrams. Some frames are
 * anything at all; some carry headers that lead deeper: ARP, fragments, segments in the window of
 * the first connection. Whatever comes, no byte beyond a buffer is read, each buffer is given back
 * once, and each frame that was sent is finished once.
 */
#include "../../unit/common/unit.h"
#include <fuzz_input.h>

#include <drivers/net.h>
#include <file/file.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <lwip/netif.h>
#include <lwip/priv/tcp_priv.h>
#include <net/net.h>
#include <net/socket.h>
#include <string.h>

#include "net_host.h"

#define TCP_PORT  80
#define UDP_PORT  53
#define FRAME_MAX 3000u

static struct file *files[2]; /* of these: */
static struct socket *listener, *datagrams;
static struct socket *connections[4];
static long buffers_lent, frames_lent;
static struct {
	void (*done)(void *cookie);
	void *cookie;
} sent[8];

/* The card */

static const struct net_device_ops card_ops;
static struct net_device card = {.ops = &card_ops,
				 .name = "fuzz",
				 .mac = {2, 0, 0, 0, 0, 2},
				 .mtu = 1500,
				 .features = NET_TX_CHECKSUM | NET_RX_CHECKSUM,
				 .queues = 1};
static struct net_buffer *incoming;

struct net_device *net_device_find(const char *cmdline)
{
	(void)cmdline;
	return &card;
}

static int start(struct net_device *device)
{
	(void)device;
	return 0;
}

static void finish(unsigned slot)
{
	if (!sent[slot].done)
		return;
	frames_lent--;
	sent[slot].done(sent[slot].cookie);
	sent[slot].done = NULL;
}

static int transmit(struct net_device *device, unsigned queue, const struct net_transmit *frame,
		    bool more)
{
	static volatile uint8_t sum;
	unsigned slot = byte() % 8;

	(void)device;
	(void)queue;
	(void)more;
	CHECK(frame->count > 0);
	for (unsigned i = 0; i < frame->count; i++)
		for (uint32_t at = 0; at < frame->segments[i].length; at++)
			sum += ((const uint8_t *)frame->segments[i].data)[at];
	finish(slot);
	frames_lent++;
	sent[slot].done = frame->done;
	sent[slot].cookie = frame->cookie;
	return 0;
}

static unsigned poll_card(struct net_device *device, unsigned queue, unsigned budget)
{
	struct net_buffer *frame = incoming;

	(void)queue;
	if (!frame || !budget)
		return 0;
	incoming = NULL;
	device->receiver->receive(device, 0, frame);
	return 1;
}

static bool unmask(struct net_device *device, unsigned queue)
{
	(void)device;
	(void)queue;
	return false;
}

static bool link_up(struct net_device *device)
{
	(void)device;
	return true;
}

static const struct net_device_ops card_ops = {start, transmit, poll_card, unmask, link_up};

static void release(struct net_buffer *buffer)
{
	buffers_lent--;
	kfree(buffer->data);
	kfree(buffer);
}

/* SIZE bytes of FRAME in buffers of exactly their size, the first of at least 14. */
static void receive(const uint8_t *frame, size_t size)
{
	struct net_buffer **link = &incoming;
	size_t first = byte() & 1 ? size : 14 + byte() % (size - 13), at = 0;

	while (at < size) {
		size_t part = at ? MIN(size - at, (size_t)(1 + byte())) : first;
		struct net_buffer *buffer = kzalloc(sizeof(*buffer));

		buffer->data = kmalloc(part);
		memcpy(buffer->data, frame + at, part);
		buffer->length = (uint32_t)part;
		buffer->frame_length = (uint32_t)size;
		buffer->flags = NET_FRAME_CHECKSUM_OK;
		buffer->release = release;
		*link = buffer;
		link = &buffer->next;
		buffers_lent++;
		at += part;
	}
	card.receiver->ready(&card, 0);
	host_run_task();
	CHECK(incoming == NULL);
}

/* Frames */

static void put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void put32(uint8_t *at, uint32_t value)
{
	put16(at, value >> 16);
	put16(at + 2, value);
}

static size_t put_ethernet(uint8_t *frame, unsigned type)
{
	memcpy(frame, card.mac, 6);
	memcpy(frame + 6, "\2\0\0\0\0\1", 6);
	put16(frame + 12, type);
	return 14;
}

static size_t put_ip4(uint8_t *frame, unsigned protocol, size_t payload)
{
	uint8_t *ip = frame + put_ethernet(frame, 0x0800);
	uint8_t oddity = byte();

	memset(ip, 0, 20);
	ip[0] = 0x45;
	put16(ip + 2, (uint32_t)(20 + payload));
	put16(ip + 4, oddity & 7);
	if (oddity & 8) /* a fragment */
		put16(ip + 6, (byte() & 1 ? 0x2000u : 0) | byte() % 64u);
	ip[8] = 64;
	ip[9] = (uint8_t)protocol;
	put32(ip + 12, 0x0a000001);
	put32(ip + 16, oddity & 0x10 ? 0xe0000001 : 0x0a000002);
	return 34;
}

static size_t put_ip6(uint8_t *frame, unsigned protocol, size_t payload)
{
	uint8_t *ip = frame + put_ethernet(frame, 0x86dd);

	memset(ip, 0, 40);
	ip[0] = 0x60;
	put16(ip + 4, (uint32_t)payload);
	ip[6] = (uint8_t)protocol;
	ip[7] = 255;
	memcpy(ip + 8, "\xfe\x80\0\0\0\0\0\0\0\0\0\xff\xfe\0\0\1", 16);
	memcpy(ip + 24, netif_default->ip6_addr[0].u_addr.ip6.addr, 16);
	return 54;
}

/* A segment for the listener, or in the window of the first connection. */
static void put_tcp(uint8_t *tcp)
{
	const struct tcp_pcb *pcb = tcp_active_pcbs;
	uint32_t choice = byte();

	put16(tcp, pcb && choice & 1 ? pcb->remote_port : 1024 + byte() % 8u);
	put16(tcp + 2, pcb && choice & 1 ? pcb->local_port : TCP_PORT);
	put32(tcp + 4, (pcb && choice & 2 ? pcb->rcv_nxt : 1000) + (choice & 4 ? byte() * 16u : 0));
	put32(tcp + 8, pcb && choice & 8 ? pcb->snd_nxt - byte() % 4u : word());
	tcp[12] = (uint8_t)((5 + (choice >> 4 & 3) * (byte() % 4u)) << 4);
	tcp[13] = byte();
	put16(tcp + 14, choice & 0x80 ? word() : 8000);
	put32(tcp + 16, 0);
}

static void put_udp(uint8_t *udp, size_t size)
{
	put16(udp, 1000);
	put16(udp + 2, byte() & 1 ? UDP_PORT : word());
	put16(udp + 4, byte() & 7 ? (uint32_t)size : word());
	put16(udp + 6, 0);
}

static void send_frame(void)
{
	static uint8_t frame[FRAME_MAX + 100];
	static const uint8_t protocols[] = {6, 17, 1, 2, 58, 0, 44, 6};
	unsigned kind = byte();
	unsigned protocol = protocols[kind >> 3 & 7];
	size_t size = byte() & 0x80 ? word() % 1480 : byte(), at = 0;

	for (size_t i = 0; i < size + 20 && i < sizeof(frame) - 100; i++)
		frame[100 + i] = i < 96 ? byte() : (uint8_t)i;
	size = MAX(size, 20ul);
	switch (kind & 7) {
	case 0: /* anything */
		memmove(frame, frame + 100, size);
		break;
	case 1:
		at = put_ethernet(frame, 0x0806);
		break;
	case 2:
	case 3:
		at = put_ip6(frame, protocol, size);
		break;
	default:
		at = put_ip4(frame, protocol, size);
		break;
	}
	memmove(frame + at, frame + 100, size);
	if (at && protocol == 6 && (kind & 7) > 1)
		put_tcp(frame + at);
	if (at && protocol == 17 && (kind & 7) > 1)
		put_udp(frame + at, size);
	receive(frame, at + size);
}

/* Programs */

static void move(struct socket *socket, bool send)
{
	static uint8_t data[5000];
	struct file_segment segment = {(uintptr_t)data, 1 + word() % sizeof(data)};
	struct file_io io = {
		.segments = &segment, .count = 1, .remaining = segment.size, .kernel = true};
	struct socket_address from;
	struct socket_message message = {
		.io = &io, .flags = MSG_DONTWAIT | MSG_NOSIGNAL, .from = &from};

	if (send)
		(void)socket->ops->send(socket, &message);
	else
		(void)socket->ops->receive(socket, &message);
}

static void serve(void)
{
	unsigned choice = byte();
	struct socket **slot = &connections[choice & 3];

	if (!*slot) {
		if (listener->ops->accept(listener, slot))
			*slot = NULL;
		return;
	}
	switch (choice >> 2 & 7) {
	case 0:
		(*slot)->ops->release(*slot);
		*slot = NULL;
		break;
	case 1:
		(void)socket_shutdown(*slot, SHUT_WR);
		break;
	case 2:
	case 3:
		move(*slot, true);
		break;
	default:
		move(*slot, false);
	}
}

static struct socket *open_socket(struct file **file, int type, uint16_t port)
{
	struct sockaddr_in6 any = {.sin6_family = AF_INET6};
	struct socket_address address = {.size = sizeof(any)};
	struct socket *socket;

	put16((uint8_t *)&any.sin6_port, port);
	memcpy(address.bytes, &any, sizeof(any));
	CHECK_EQ(socket_create(AF_INET6, type, 0, 0, file), 0);
	socket = socket_of(*file);
	socket->options.reuse_address = true;
	socket->ops->options_changed(socket);
	CHECK_EQ(socket_bind(socket, &address), 0);
	return socket;
}

static void listen_at(uint16_t port)
{
	listener = open_socket(&files[0], SOCK_STREAM, port);
	CHECK_EQ(socket_listen(listener, 8), 0);
}

/* The program ends, whatever state the connections are in, and another one takes its place. */
static void leave(void)
{
	net_exit();
	for (unsigned i = 0; i < 4; i++) {
		if (connections[i])
			connections[i]->ops->release(connections[i]);
		connections[i] = NULL;
	}
	file_put(files[0]);
	listen_at(TCP_PORT);
}

static void set_up(void)
{
	net_setup("hermit.ip=10.0.0.2 hermit.mask=255.255.255.0 hermit.gateway=10.0.0.1");
	listen_at(TCP_PORT);
	datagrams = open_socket(&files[1], SOCK_DGRAM, UDP_PORT);
	/* Frames with wrong sums get nowhere. */
	netif_default->chksum_flags &= 0x00ff;
}

/* lwIP keeps pointers to fragments inside of fragments, where they are not aligned, and the leak
 * detector does not see them. What piles up meets the limit of memory. */
int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void)
{
	return 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!listener)
		set_up();
	input = data;
	input_size = size;
	while (input_size) {
		unsigned choice = byte();

		if (choice & 0x80) {
			serve();
		} else if (choice & 0x40) {
			move(datagrams, choice & 1);
		} else if (choice & 0x20) {
			host_now_ns += (uint64_t)byte() * 50000000;
			host_run_task();
		} else if (choice & 0x10) {
			if (choice & 8)
				leave();
			else
				finish(choice & 7);
		} else {
			send_frame();
		}
	}
	CHECK(buffers_lent >= 0 && frames_lent >= 0);
	return 0;
}
