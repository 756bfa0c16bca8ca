/* SPDX-License-Identifier: BSD-3-Clause */
/* TCP sockets: their life, lwIP's callbacks for the state of the connection, poll, names. */
#include "tcp.h"

#include <arch/user.h>
#include <asm/errno.h>
#include <asm/ioctls.h>
#include <asm/poll.h>
#include <core/clock.h>
#include <linux/in.h>
#include <linux/sockios.h>
#include <lwip/priv/tcp_priv.h>
#include <mm/heap.h>

/* What Linux shows for a new socket; the real buffers depend on the machine's memory. */
#define SHOWN_SEND_BUFFER    16384u
#define SHOWN_RECEIVE_BUFFER 131072u

static uint32_t buffer_limit(const struct tcp_socket *tcp)
{
	const struct socket_options *options = &tcp->inet.socket.options;

	return options->send_buffer_set ? MIN(options->send_buffer, net_tcp_send_buffer)
					: net_tcp_send_buffer;
}

void tcp_update_space(struct tcp_socket *tcp)
{
	const struct tcp_pcb *pcb = tcp_pcb_of(tcp);
	uint32_t space = 0, used, limit = buffer_limit(tcp);

	if (pcb && tcp_state(tcp) == TCP_CONNECTED && pcb->snd_queuelen < TCP_SND_QUEUELEN - 64) {
		used = net_tcp_send_buffer - pcb->snd_buf;
		space = used < limit ? limit - used : 0;
	}
	atomic_store_explicit(&tcp->space, space, memory_order_release);
}

/* As Linux: a third of the buffer is free. */
bool tcp_writable(const struct tcp_socket *tcp)
{
	uint32_t space = atomic_load_explicit(&tcp->space, memory_order_acquire);

	return space && space >= buffer_limit(tcp) / 3;
}

static err_t sent(void *argument, struct tcp_pcb *pcb, u16_t size) REQUIRES(net_core)
{
	struct tcp_socket *tcp = argument;
	bool before = tcp_writable(tcp);

	(void)pcb;
	(void)size;
	tcp_update_space(tcp);
	if (!before && tcp_writable(tcp))
		socket_wake(&tcp->inet.socket);
	else if (tcp->inet.socket.options.linger) /* a close may wait for the last byte */
		socket_wake(&tcp->inet.socket);
	return ERR_OK;
}

/* What a connection's end means for the application: an errno, or 0. */
static int end_reason(const struct tcp_socket *tcp, err_t error)
{
	bool connecting = tcp_state(tcp) == TCP_CONNECTING;

	if (error == ERR_CLSD) /* both sides have closed */
		return 0;
	if (error == ERR_RST && connecting)
		return ECONNREFUSED;
	if (error == ERR_RST && atomic_load(&tcp->ended) && !atomic_load(&tcp->shut_write))
		return EPIPE;
	return -net_error(error);
}

/* The connection is over, and the control block gone. */
static void failed(void *argument, err_t error) REQUIRES(net_core)
{
	struct tcp_socket *tcp = argument;
	int reason = end_reason(tcp, error);

	tcp->inet.pcb = NULL;
	atomic_store(&tcp->ended, true);
	tcp_update_space(tcp);
	if (reason) {
		atomic_store(&tcp->inet.socket.error, reason);
		tcp_set_state(tcp, TCP_DEAD);
	}
	socket_wake(&tcp->inet.socket);
}

void tcp_attach(struct tcp_socket *tcp, struct tcp_pcb *pcb)
{
	tcp->inet.pcb = (struct ip_pcb *)pcb;
	tcp_arg(pcb, tcp);
	tcp_recv(pcb, tcp_received);
	tcp_sent(pcb, sent);
	tcp_err(pcb, failed);
	inet_apply(&tcp->inet, tcp->inet.pcb);
	tcp_options_apply(tcp, pcb);
}

struct tcp_pcb *tcp_detach(struct tcp_socket *tcp)
{
	struct tcp_pcb *pcb = tcp_pcb_of(tcp);

	if (!pcb)
		return NULL;
	if (tcp_state(tcp) != TCP_LISTENING) {
		ip_addr_copy(tcp->local.ip, pcb->local_ip);
		tcp->local.port = pcb->local_port;
		tcp_recv(pcb, NULL);
		tcp_sent(pcb, NULL);
		tcp_err(pcb, NULL);
	}
	tcp_arg(pcb, NULL);
	tcp->inet.pcb = NULL;
	tcp_update_space(tcp);
	return pcb;
}

int tcp_renew(struct tcp_socket *tcp)
{
	struct tcp_pcb *pcb = tcp_new_ip_type(inet_pcb_type(&tcp->inet));
	int error = 0;

	if (!pcb)
		return -ENOBUFS;
	tcp_attach(tcp, pcb);
	if (tcp->inet.bound)
		error = net_error(tcp_bind(pcb, &tcp->local.ip, tcp->local.port));
	if (error)
		tcp_close(tcp_detach(tcp));
	return error;
}

void tcp_reset(struct tcp_socket *tcp)
{
	struct tcp_pcb *pcb = tcp_detach(tcp);

	if (pcb)
		tcp_abort(pcb);
	tcp_drop_received(tcp);
	tcp_set_state(tcp, TCP_DEAD);
	atomic_store(&tcp->ended, true);
	socket_wake(&tcp->inet.socket);
}

static int tcp_shutdown_write(struct tcp_socket *tcp) REQUIRES(net_core)
{
	struct tcp_pcb *pcb = tcp_pcb_of(tcp);
	err_t error;

	if (atomic_load(&tcp->shut_write) || !pcb)
		return 0;
	error = tcp_shutdown(pcb, 0, 1);
	if (error != ERR_OK)
		return net_error(error);
	atomic_store(&tcp->shut_write, true);
	if (atomic_load(&tcp->ended)) /* the rest is lwIP's */
		tcp_detach(tcp);
	return 0;
}

static int tcp_socket_shutdown(struct socket *socket, int how)
{
	struct tcp_socket *tcp = tcp_of(socket);
	int state, error = 0;

	net_lock();
	state = tcp_state(tcp);
	if (state == TCP_LISTENING) {
		if (how != SHUT_WR)
			tcp_stop_listening(tcp);
	} else if (state != TCP_CONNECTED) {
		error = -ENOTCONN;
	} else {
		if (how != SHUT_WR)
			atomic_store(&tcp->shut_read, true);
		if (how != SHUT_RD)
			error = tcp_shutdown_write(tcp);
	}
	net_unlock();
	socket_wake(socket);
	return error;
}

static int tcp_socket_name(struct socket *socket, bool peer, struct socket_address *address)
{
	struct tcp_socket *tcp = tcp_of(socket);
	const struct tcp_pcb *pcb;
	int error = 0;

	net_lock();
	pcb = tcp_pcb_of(tcp);
	if (peer && tcp_state(tcp) != TCP_CONNECTED)
		error = -ENOTCONN;
	else if (peer)
		inet_address_write(&tcp->inet, &tcp->peer.ip, tcp->peer.port, address);
	else if (pcb)
		inet_address_write(&tcp->inet, &pcb->local_ip, pcb->local_port, address);
	else
		inet_address_write(&tcp->inet, &tcp->local.ip, tcp->local.port, address);
	net_unlock();
	return error;
}

static unsigned poll_connection(const struct tcp_socket *tcp, int state)
{
	bool read_end = atomic_load(&tcp->shut_read) || atomic_load(&tcp->ended);
	bool write_end = atomic_load(&tcp->shut_write) || state == TCP_DEAD;
	unsigned ready = 0;

	if (read_end)
		ready |= POLLIN | POLLRDNORM | POLLRDHUP;
	if (atomic_load(&tcp->available) >= tcp->inet.socket.options.receive_low)
		ready |= POLLIN | POLLRDNORM;
	if (write_end || tcp_writable(tcp))
		ready |= POLLOUT | POLLWRNORM;
	if ((read_end && write_end) || state == TCP_DEAD)
		ready |= POLLHUP;
	return ready;
}

static unsigned tcp_socket_poll(struct socket *socket)
{
	const struct tcp_socket *tcp = tcp_of(socket);
	unsigned ready = atomic_load(&socket->error) ? POLLERR : 0;
	int state = tcp_state(tcp);

	switch (state) {
	case TCP_IDLE:
		return ready | POLLOUT | POLLWRNORM | POLLHUP;
	case TCP_LISTENING:
		return ready | (atomic_load(&tcp->waiting) ? POLLIN | POLLRDNORM : 0u);
	case TCP_CONNECTING:
		return ready;
	default:
		return ready | poll_connection(tcp, state);
	}
}

static long tcp_socket_ioctl(struct socket *socket, unsigned command, uintptr_t argument)
{
	struct tcp_socket *tcp = tcp_of(socket);
	int count;

	switch (command) {
	case FIONREAD: /* SIOCINQ */
		if (tcp_state(tcp) == TCP_LISTENING)
			return -EINVAL;
		count = (int)atomic_load(&tcp->available);
		break;
	case TIOCOUTQ: /* SIOCOUTQ */
		if (tcp_state(tcp) == TCP_LISTENING)
			return -EINVAL;
		net_lock();
		count = tcp->inet.pcb ? (int)(net_tcp_send_buffer - tcp_pcb_of(tcp)->snd_buf) : 0;
		net_unlock();
		break;
	case SIOCATMARK:
		count = 0;
		break;
	default:
		return -ENOTTY;
	}
	return arch_user_write(argument, &count, sizeof(count));
}

/* SO_LINGER: waits until all that was sent has been acknowledged. */
static void linger(struct tcp_socket *tcp)
{
	const struct socket_options *options = &tcp->inet.socket.options;
	uint64_t deadline = clock_monotonic_ns() + options->linger_seconds * NS_PER_SEC;

	net_lock();
	if (tcp_state(tcp) == TCP_CONNECTED)
		(void)tcp_shutdown_write(tcp);
	net_unlock();
	(void)wait_event(&tcp->inet.socket.queue, WAIT_INTERRUPTIBLE, deadline,
			 !atomic_load(&tcp->space) ||
				 atomic_load(&tcp->space) >= buffer_limit(tcp));
}

void tcp_end(struct tcp_socket *tcp)
{
	const struct socket_options *options = &tcp->inet.socket.options;
	/* Unread data, or no lingering at all: the peer is told at once (RFC 2525, 2.17). */
	bool reset = atomic_load(&tcp->available) || (options->linger && !options->linger_seconds);
	struct tcp_pcb *pcb = tcp_detach(tcp);

	if (!pcb)
		return;
	tcp_window_use(tcp, pcb);
	pcb->rcv_wnd = TCP_WND_MAX(pcb); /* lwIP would take less for unread data */
	if (reset || tcp_close(pcb) != ERR_OK)
		tcp_abort(pcb);
}

static void tcp_socket_release(struct socket *socket)
{
	struct tcp_socket *tcp = tcp_of(socket);

	if (socket->options.linger && socket->options.linger_seconds &&
	    tcp_state(tcp) == TCP_CONNECTED && !atomic_load(&tcp->available))
		linger(tcp);
	net_lock();
	if (tcp_state(tcp) == TCP_LISTENING)
		tcp_stop_listening(tcp);
	tcp_end(tcp);
	tcp_drop_received(tcp);
	net_unlock();
	kfree(tcp);
}

static const struct socket_ops tcp_socket_ops = {
	.bind = tcp_socket_bind,
	.listen = tcp_socket_listen,
	.accept = tcp_socket_accept,
	.connect = tcp_socket_connect,
	.connecting = tcp_socket_connecting,
	.connect_result = tcp_socket_connect_result,
	.send = tcp_socket_send,
	.receive = tcp_socket_receive,
	.shutdown = tcp_socket_shutdown,
	.name = tcp_socket_name,
	.poll = tcp_socket_poll,
	.set_option = tcp_option_set,
	.get_option = tcp_option_get,
	.options_changed = tcp_options_changed,
	.ioctl = tcp_socket_ioctl,
	.release = tcp_socket_release,
};

struct tcp_socket *tcp_socket_new(int family)
{
	struct tcp_socket *tcp = kzalloc(sizeof(*tcp));

	if (!tcp)
		return NULL;
	inet_init(&tcp->inet, &tcp_socket_ops, family, SOCK_STREAM, IPPROTO_TCP);
	tcp->inet.socket.options.send_buffer = SHOWN_SEND_BUFFER;
	tcp->inet.socket.options.receive_buffer = SHOWN_RECEIVE_BUFFER;
	tcp_options_init(&tcp->options);
	list_init(&tcp->children);
	mutex_init(&tcp->read_lock);
	return tcp;
}

int tcp_socket_create(int family, int protocol, struct socket **out)
{
	struct tcp_socket *tcp = tcp_socket_new(family);
	int error;

	(void)protocol;
	if (!tcp)
		return -ENOBUFS;
	net_lock();
	error = tcp_renew(tcp);
	net_unlock();
	if (error)
		kfree(tcp);
	else
		*out = &tcp->inet.socket;
	return error;
}
