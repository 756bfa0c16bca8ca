/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * TCP's data. Sending copies once, from the application's memory into lwIP's segments, with the
 * core lock held: pages are touched before, so that a fault under the lock is rare. Receiving
 * copies once, from the frames as they have arrived, without the core lock: under read_lock nobody
 * else takes from the queue, and what is appended meanwhile lies beyond `available`.
 */
#include <arch/user.h>
#include <asm/errno.h>
#include <lib/assert.h>

#include "tcp.h"

#define SEND_ROUND (256ul << 10) /* bytes for which the core lock is held at a time */
#define WRITE_MAX  65535u	 /* of one tcp_write */
#define CORK_MAX   (64u << 10)

err_t tcp_received(void *argument, struct tcp_pcb *pcb, struct pbuf *data, err_t error)
{
	struct tcp_socket *tcp = argument;
	struct pbuf *last = data;
	uint32_t size = 0;

	(void)error;
	(void)pcb;
	if (!data) {
		atomic_store(&tcp->ended, true);
		if (atomic_load(&tcp->shut_write)) /* lwIP ends it by itself */
			tcp_detach(tcp);
		socket_wake(&tcp->inet.socket);
		return ERR_OK;
	}
	for (;; last = last->next) {
		size += last->len;
		if (!last->next)
			break;
	}
	if (tcp->last)
		tcp->last->next = data;
	else
		tcp->first = data;
	tcp->last = last;
	atomic_fetch_add_explicit(&tcp->available, size, memory_order_release);
	socket_wake(&tcp->inet.socket);
	return ERR_OK;
}

/* Takes the first SIZE bytes off the queue. */
static void consume(struct tcp_socket *tcp, size_t size) REQUIRES(net_core)
{
	tcp->skip += size;
	while (tcp->first && tcp->skip >= tcp->first->len) {
		struct pbuf *done = tcp->first;

		tcp->skip -= done->len;
		tcp->first = done->next;
		if (!tcp->first)
			tcp->last = NULL;
		done->next = NULL;
		done->tot_len = done->len;
		pbuf_free(done);
	}
	atomic_fetch_sub(&tcp->available, (uint32_t)size);
}

void tcp_drop_received(struct tcp_socket *tcp)
{
	consume(tcp, atomic_load(&tcp->available));
	ASSERT(!tcp->first);
}

/* Copies up to WANTED bytes of the queue to IO, or nowhere; bytes or -EFAULT. */
static int64_t copy_out(struct tcp_socket *tcp, struct file_io *io, size_t wanted)
{
	struct pbuf *piece = tcp->first;
	size_t skip = tcp->skip, done = 0;

	while (done < wanted) {
		size_t part = MIN(piece->len - skip, wanted - done);
		int64_t moved = file_io_put(io, (uint8_t *)piece->payload + skip, part);

		if (moved < 0)
			return done ? (int64_t)done : moved;
		done += (size_t)moved;
		if ((size_t)moved < part)
			break;
		skip = 0;
		if (done < wanted)
			piece = piece->next;
	}
	return (int64_t)done;
}

/* What the queue holds, as far as wanted: bytes, 0 when there is nothing, or -EFAULT. */
static int64_t take(struct tcp_socket *tcp, struct socket_message *message)
{
	int64_t moved = 0;
	size_t wanted;

	mutex_lock(&tcp->read_lock);
	wanted = MIN((size_t)atomic_load_explicit(&tcp->available, memory_order_acquire),
		     message->io->remaining);
	if (wanted && message->flags & MSG_TRUNC) {
		moved = (int64_t)wanted;
		file_io_advance(message->io, wanted);
	} else if (wanted) {
		moved = copy_out(tcp, message->io, wanted);
	}
	if (moved > 0 && !(message->flags & MSG_PEEK)) {
		net_lock();
		consume(tcp, (size_t)moved);
		tcp_window_open(tcp, (size_t)moved);
		net_unlock();
	}
	mutex_unlock(&tcp->read_lock);
	return moved;
}

/* Nothing has arrived: 1: it may yet, 0: the stream is at its end, or -errno. */
static int more_to_come(struct tcp_socket *tcp)
{
	int error;

	/* A reset after the peer's FIN (EPIPE) concerns the sender: the stream was at its end. */
	if (atomic_load(&tcp->inet.socket.error) == EPIPE)
		return 0;
	error = socket_take_error(&tcp->inet.socket);
	if (error)
		return error;
	if (atomic_load(&tcp->ended) || atomic_load(&tcp->shut_read))
		return 0;
	switch (tcp_state(tcp)) {
	case TCP_IDLE:
		return -ENOTCONN;
	case TCP_DEAD:
		return 0;
	default:
		return 1;
	}
}

static bool readable(struct tcp_socket *tcp, size_t least)
{
	return atomic_load(&tcp->available) >= least || atomic_load(&tcp->ended) ||
	       atomic_load(&tcp->shut_read) || atomic_load(&tcp->inet.socket.error) ||
	       tcp_state(tcp) == TCP_DEAD;
}

int64_t tcp_socket_receive(struct socket *socket, struct socket_message *message)
{
	struct tcp_socket *tcp = tcp_of(socket);
	uint64_t deadline = socket_deadline(message->flags, socket->options.receive_timeout_ns);
	size_t total = message->io->remaining, done = 0, least;

	if (message->flags & MSG_ERRQUEUE)
		return -EAGAIN; /* nothing is ever queued there */
	if (tcp_state(tcp) == TCP_LISTENING)
		return -ENOTCONN;
	if (message->flags & MSG_OOB)
		return -EINVAL;
	least = message->flags & MSG_WAITALL ? total
					     : MIN(total, (size_t)socket->options.receive_low);
	least = MAX(least, 1ul); /* a receive of nothing waits for data, too */
	for (;;) {
		/* Before the look at the queue: what has come before the end is delivered. */
		int more = atomic_load(&tcp->available) ? 1 : more_to_come(tcp);
		int64_t moved = total ? take(tcp, message) : 0;

		if (moved < 0)
			return done ? (int64_t)done : moved;
		done += (size_t)moved;
		if (done >= least || (moved && message->flags & MSG_PEEK))
			return (int64_t)done;
		if (!total && atomic_load(&tcp->available))
			return 0;
		if (moved)
			continue;
		if (more <= 0 || (done && !(message->flags & MSG_WAITALL)))
			return done ? (int64_t)done : more;
		more = socket_wait(socket, deadline, readable(tcp, 1));
		if (more)
			return done ? (int64_t)done : more;
	}
}

/* Touches up to SIZE bytes of IO, a page at a time, which makes them present. How many can be read,
 * or -EFAULT when none. */
static int64_t touch_all(const struct file_io *io, size_t size)
{
	struct file_io ahead = *io;
	size_t done = 0, piece;
	uintptr_t address;
	uint8_t byte;

	if (io->kernel)
		return (int64_t)MIN(size, io->remaining);
	while (done < size && file_io_piece(&ahead, &address, &piece)) {
		piece = MIN(piece, size - done);
		piece = MIN(piece, PAGE_SIZE - address % PAGE_SIZE);
		if (arch_user_read(&byte, address, 1))
			return done ? (int64_t)done : -EFAULT;
		file_io_advance(&ahead, piece);
		done += piece;
	}
	return (int64_t)done;
}

/* Why nothing can be sent: 0: it can, or later; else -errno. */
static int may_send(struct tcp_socket *tcp)
{
	int error = socket_take_error(&tcp->inet.socket);

	if (error)
		return error;
	if (atomic_load(&tcp->shut_write))
		return -EPIPE;
	switch (tcp_state(tcp)) {
	case TCP_CONNECTED:
		return tcp->inet.pcb ? 0 : -EPIPE;
	case TCP_CONNECTING:
		return 0;
	default:
		return -EPIPE;
	}
}

/* Queues up to SIZE bytes of IO; how many. 0 without room. */
static size_t queue(struct tcp_socket *tcp, struct file_io *io, size_t size) REQUIRES(net_core)
{
	struct tcp_pcb *pcb = tcp_pcb_of(tcp);
	size_t done = 0, piece;
	uintptr_t address;

	while (done < size && file_io_piece(io, &address, &piece)) {
		uint32_t space = atomic_load(&tcp->space);
		u8_t flags = TCP_WRITE_FLAG_COPY;

		piece = MIN(MIN(piece, size - done), MIN(space, WRITE_MAX));
		if (!piece)
			break;
		if (piece < io->remaining)
			flags |= TCP_WRITE_FLAG_MORE;
		if (tcp_write(pcb, (const void *)address, (u16_t)piece, flags) != ERR_OK)
			break;
		file_io_advance(io, piece);
		done += piece;
		tcp_update_space(tcp);
	}
	return done;
}

/* With MSG_MORE or TCP_CORK only what fills a good part of the window goes out. */
static bool hold_back(struct tcp_socket *tcp, const struct socket_message *message)
	REQUIRES(net_core)
{
	const struct tcp_pcb *pcb = tcp_pcb_of(tcp);

	return (message->flags & MSG_MORE || tcp->options.cork) &&
	       pcb->snd_lbb - pcb->snd_nxt < CORK_MAX && !message->io->remaining;
}

/* Sends what may go out. A full buffer does not wait for more to fill a segment with, as on Linux.
 */
static void push(struct tcp_socket *tcp) REQUIRES(net_core)
{
	struct tcp_pcb *pcb = tcp_pcb_of(tcp);
	bool waits = !atomic_load(&tcp->space) && !tcp_nagle_disabled(pcb);

	if (waits)
		tcp_nagle_disable(pcb);
	tcp_output(pcb);
	if (waits)
		tcp_nagle_enable(pcb);
}

/* Sends what fits now. Bytes, or -errno. */
static int64_t give(struct tcp_socket *tcp, struct socket_message *message)
{
	int64_t ready = touch_all(message->io, SEND_ROUND), result;

	if (ready < 0)
		return ready;
	net_lock();
	result = may_send(tcp);
	if (!result && tcp_state(tcp) == TCP_CONNECTED) {
		result = (int64_t)queue(tcp, message->io, (size_t)ready);
		if (!hold_back(tcp, message))
			push(tcp);
	}
	net_unlock();
	return result;
}

static bool sendable(struct tcp_socket *tcp)
{
	int state = tcp_state(tcp);

	return tcp_writable(tcp) || atomic_load(&tcp->shut_write) ||
	       atomic_load(&tcp->inet.socket.error) ||
	       (state != TCP_CONNECTED && state != TCP_CONNECTING);
}

int64_t tcp_socket_send(struct socket *socket, struct socket_message *message)
{
	struct tcp_socket *tcp = tcp_of(socket);
	uint64_t deadline = socket_deadline(message->flags, socket->options.send_timeout_ns);
	size_t done = 0;
	int64_t moved;

	if (message->flags & MSG_OOB)
		return -EOPNOTSUPP;
	do {
		moved = give(tcp, message);
		if (moved < 0)
			break;
		done += (size_t)moved;
		if (!message->io->remaining)
			return (int64_t)done;
		if (!moved)
			moved = socket_wait(socket, deadline, sendable(tcp));
	} while (moved >= 0);
	if (done)
		return (int64_t)done;
	return moved == -EPIPE ? socket_broken_pipe(message->flags) : moved;
}
