/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * TCP sockets over lwIP's raw interface. Shared by tcp_*.c.
 *
 * Life of the control block: IDLE has one from the start, but none after a connection could not be
 * made or was taken back (bind, connect and listen make it anew); CONNECTING has one, LISTENING has
 * one for listening. CONNECTED has one until the connection is over for lwIP: an error, or both
 * directions closed; then lwIP ends it by itself (TIME_WAIT) and the socket has none. DEAD has
 * none.
 */
#ifndef NET_TCP_H
#define NET_TCP_H

#include <lwip/tcp.h>

#include "inet.h"

enum tcp_socket_state { TCP_IDLE, TCP_LISTENING, TCP_CONNECTING, TCP_CONNECTED, TCP_DEAD };

/* Options of level IPPROTO_TCP. */
struct tcp_options {
	bool nodelay, cork, quickack;
	uint32_t keep_idle_s, keep_interval_s, keep_count;
	uint32_t max_segment, syn_count, defer_accept_s, user_timeout_ms, window_clamp, notsent_low,
		fast_open;
	int32_t linger2_s;
};

struct tcp_socket {
	struct inet_socket inet;
	/* Written under the core lock; read without it by poll and the conditions of waits. */
	_Atomic int state;  /* enum tcp_socket_state */
	_Atomic bool ended; /* the peer has sent its FIN, or the connection is dead */
	_Atomic bool shut_read, shut_write;
	_Atomic uint32_t available; /* bytes in the receive queue */
	_Atomic uint32_t space;	    /* bytes that lwIP takes now */
	_Atomic uint32_t waiting;   /* connections in `children` */
	/* Under the core lock. */
	bool told;			 /* connect has returned how the attempt ended */
	struct inet_address local, peer; /* of the last connection */
	struct tcp_options options;
	uint32_t window;      /* of the connection, at most; does not shrink while it lasts */
	struct list children; /* connections not accepted yet, oldest first */
	uint32_t backlog;
	struct list_node sibling; /* in the listener's `children` */
	/* The receive queue: pbufs linked by `next`, tot_len means nothing. Appended to under the
	 * core lock, taken from under both locks, read under read_lock (up to `available`). */
	struct mutex read_lock;
	struct pbuf *first, *last;
	size_t skip; /* bytes of the first that are done */
};

static inline struct tcp_socket *tcp_of(struct socket *socket)
{
	return container_of(socket, struct tcp_socket, inet.socket);
}

static inline struct tcp_pcb *tcp_pcb_of(const struct tcp_socket *tcp)
{
	return (struct tcp_pcb *)tcp->inet.pcb;
}

static inline int tcp_state(const struct tcp_socket *tcp)
{
	return atomic_load_explicit(&tcp->state, memory_order_acquire);
}

static inline void tcp_set_state(struct tcp_socket *tcp, enum tcp_socket_state state)
{
	atomic_store_explicit(&tcp->state, (int)state, memory_order_release);
}

/* tcp_socket.c */
struct tcp_socket *tcp_socket_new(int family);
/* A control block for TCP, bound to what TCP was bound to. 0 or -errno. */
must_check int tcp_renew(struct tcp_socket *tcp) REQUIRES(net_core);
/* PCB becomes TCP's, with callbacks and options. */
void tcp_attach(struct tcp_socket *tcp, struct tcp_pcb *pcb) REQUIRES(net_core);
/* The control block is left to lwIP; returns it (or NULL). */
struct tcp_pcb *tcp_detach(struct tcp_socket *tcp) REQUIRES(net_core);
void tcp_update_space(struct tcp_socket *tcp) REQUIRES(net_core);
bool tcp_writable(const struct tcp_socket *tcp);
/* Ends TCP's connection as close(2) does: what was sent goes on its way, unless there is something
 * unread. The control block is left to lwIP; what has been received stays. */
void tcp_end(struct tcp_socket *tcp) REQUIRES(net_core);
/* Ends TCP's connection at once, throws away what it has received. */
void tcp_reset(struct tcp_socket *tcp) REQUIRES(net_core);

/* tcp_window.c */
/* Lets lwIP work on PCB, which belongs to TCP (NULL: nobody), with TCP's window. */
void tcp_window_use(const struct tcp_socket *tcp, const struct tcp_pcb *pcb) REQUIRES(net_core);
/* The same, for a connection that begins. */
void tcp_window_begin(struct tcp_socket *tcp) REQUIRES(net_core);
/* The application has taken SIZE bytes: the window opens. */
void tcp_window_open(struct tcp_socket *tcp, size_t size) REQUIRES(net_core);
/* Opens the window as far as SO_RCVBUF, which may have changed, allows. */
void tcp_window_update(struct tcp_socket *tcp) REQUIRES(net_core);

/* tcp_connect.c */
int tcp_socket_bind(struct socket *socket, const struct socket_address *address);
int tcp_socket_listen(struct socket *socket, unsigned backlog);
int tcp_socket_accept(struct socket *socket, struct socket **out);
int tcp_socket_connect(struct socket *socket, const struct socket_address *address);
bool tcp_socket_connecting(struct socket *socket);
int tcp_socket_connect_result(struct socket *socket);
/* Ends listening; connections that wait are reset, half-open ones forgotten. */
void tcp_stop_listening(struct tcp_socket *tcp) REQUIRES(net_core);

/* tcp_stream.c */
int64_t tcp_socket_send(struct socket *socket, struct socket_message *message);
int64_t tcp_socket_receive(struct socket *socket, struct socket_message *message);
err_t tcp_received(void *argument, struct tcp_pcb *pcb, struct pbuf *data, err_t error)
	REQUIRES(net_core);
void tcp_drop_received(struct tcp_socket *tcp) REQUIRES(net_core);

/* tcp_options.c */
void tcp_options_init(struct tcp_options *options);
void tcp_options_apply(struct tcp_socket *tcp, struct tcp_pcb *pcb) REQUIRES(net_core);
int tcp_option_set(struct socket *socket, int level, int name, const void *value, size_t size);
int tcp_option_get(struct socket *socket, int level, int name, void *value, size_t *size);
void tcp_options_changed(struct socket *socket);
/* Linux's number of a state. */
uint8_t tcp_linux_state(enum tcp_state state);

#endif /* NET_TCP_H */
