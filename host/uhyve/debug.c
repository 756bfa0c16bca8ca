/* SPDX-License-Identifier: BSD-3-Clause */
/* See debug.h: the connection, and when the machine counts as stopped. */
#include "debug.h"

#include "common/loopback_listener.h"
#include "debug_target.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

static int watch_fd(const struct debug *debug, int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

	return epoll_ctl(debug->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0 ? 0 : -errno;
}

/* GDB takes a reply before it asks for more: a connection that does not take one is given up. */
static void connection_send(void *context, const char *data, size_t size)
{
	struct debug *debug = context;

	if (debug->connection_fd < 0)
		return;
	ssize_t sent = send(debug->connection_fd, data, size, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (sent != (ssize_t)size)
		shutdown(debug->connection_fd, SHUT_RDWR);
}

static int make_descriptors(struct debug *debug, struct uhyve_error *error)
{
	int err;

	debug->listen_fd = loopback_listen(debug->config.port, 1);
	if (debug->listen_fd < 0)
		return uhyve_fail(error, debug->listen_fd, "GDB's port %u: %s", debug->config.port,
				  strerror(-debug->listen_fd));
	debug->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	debug->parked_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (debug->epoll_fd < 0 || debug->parked_fd < 0 || watch_fd(debug, debug->listen_fd) != 0 ||
	    watch_fd(debug, debug->parked_fd) != 0) {
		err = errno;
		return uhyve_fail(error, -err, "GDB: no descriptors: %s", strerror(err));
	}
	return 0;
}

struct debug *debug_create(const struct debug_config *config, int *code, struct uhyve_error *error)
{
	struct debug *debug = calloc(1, sizeof(*debug));

	if (debug)
		debug->stops = calloc(config->vcpu_count, sizeof(*debug->stops));
	if (!debug || !debug->stops || config->vcpu_count > GDB_CPUS_MAX) {
		free(debug);
		*code = uhyve_fail(error, -ENOMEM, "GDB: out of memory");
		return NULL;
	}
	debug->config = *config;
	debug->image = *config->image;
	debug->listen_fd = debug->epoll_fd = debug->parked_fd = debug->connection_fd = -1;
	pthread_mutex_init(&debug->lock, NULL);
	*code = make_descriptors(debug, error);
	if (*code) {
		debug_destroy(debug);
		return NULL;
	}
	debug_target_init(debug);
	debug->target.send = connection_send;
	config->shared->parked_fd = debug->parked_fd;
	config->shared->debug = debug_event;
	config->shared->debugger = debug;
	return debug;
}

static void close_valid(int fd)
{
	if (fd >= 0)
		close(fd);
}

void debug_destroy(struct debug *debug)
{
	close_valid(debug->connection_fd);
	close_valid(debug->listen_fd);
	close_valid(debug->parked_fd);
	close_valid(debug->epoll_fd);
	pthread_mutex_destroy(&debug->lock);
	free(debug->stops);
	free(debug);
}

int debug_fd(const struct debug *debug)
{
	return debug->epoll_fd;
}

void debug_wait(struct debug *debug)
{
	debug_hold_all(debug);
}

/* The session begins when all have stopped, for GDB's first words expect that. */
static void session_open(struct debug *debug)
{
	const struct gdb_stop stop = {.reason = GDB_STOPPED_AFTER_STEP};

	debug_forget(debug);
	gdb_server_open(&debug->server, &debug->target, &stop);
	debug->open = true;
	if (watch_fd(debug, debug->connection_fd) != 0)
		shutdown(debug->connection_fd, SHUT_RDWR);
}

/* The connection is gone; the guest runs on. */
static void session_close(struct debug *debug)
{
	close(debug->connection_fd);
	debug->connection_fd = -1;
	debug->open = false;
	watch_fd(debug, debug->listen_fd);
}

static void accept_connection(struct debug *debug)
{
	const int on = 1;
	int fd = accept4(debug->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0)
		return;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	debug->connection_fd = fd;
	epoll_ctl(debug->epoll_fd, EPOLL_CTL_DEL, debug->listen_fd, NULL);
	if (debug->state == DEBUG_STOPPED)
		session_open(debug);
	else
		debug_hold_all(debug);
}

static void read_connection(struct debug *debug)
{
	uint8_t bytes[4096];
	ssize_t got = recv(debug->connection_fd, bytes, sizeof(bytes), MSG_DONTWAIT);

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got > 0 && gdb_server_receive(&debug->server, bytes, (size_t)got))
		return;
	bool ended = got > 0; /* GDB said so, and what is to follow has been done */
	session_close(debug);
	if (ended)
		return;
	if (debug->state == DEBUG_STOPPED) {
		debug_let_go(debug);
	} else {
		debug->detached = true;
		debug_hold_all(debug);
	}
}

static bool all_parked(struct debug *debug)
{
	for (unsigned i = 0; i < debug->config.vcpu_count; i++)
		if (!vcpu_is_parked(&debug->config.vcpus[i]))
			return false;
	return true;
}

/* The first CPU that stopped by itself; without one, the stop was asked for. */
static struct gdb_stop take_stop(struct debug *debug)
{
	struct gdb_stop stop = {.reason = GDB_STOPPED_BY_REQUEST};

	pthread_mutex_lock(&debug->lock);
	for (unsigned i = 0; i < debug->config.vcpu_count; i++) {
		if (!debug->stops[i].pending)
			continue;
		stop = debug->stops[i].stop;
		debug->stops[i].pending = false;
		break;
	}
	pthread_mutex_unlock(&debug->lock);
	return stop;
}

static void check_parked(struct debug *debug)
{
	uint64_t times;
	ssize_t got = read(debug->parked_fd, &times, sizeof(times));

	(void)got;
	if (debug->state == DEBUG_STOPPED || !all_parked(debug))
		return;
	debug->state = DEBUG_STOPPED;
	if (debug->open) {
		struct gdb_stop stop = take_stop(debug);
		gdb_server_stopped(&debug->server, &stop);
	} else if (debug->connection_fd >= 0) {
		session_open(debug);
	} else if (debug->detached) {
		debug_let_go(debug);
	}
	debug->detached = false;
}

void debug_serve(struct debug *debug)
{
	struct epoll_event event;

	/* One at a time: what is done for one may take the next away. */
	if (epoll_wait(debug->epoll_fd, &event, 1, 0) != 1)
		return;
	if (event.data.fd == debug->parked_fd)
		check_parked(debug);
	else if (event.data.fd == debug->listen_fd)
		accept_connection(debug);
	else
		read_connection(debug);
}

void debug_exited(struct debug *debug, unsigned status)
{
	if (debug->open)
		gdb_server_exited(&debug->server, status);
}
