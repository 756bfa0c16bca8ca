/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The user-mode network of isle uhyve; see network.h. Its addresses are those of QEMU's:
 * 10.0.2.0/24 with this host at .2, a name server at .3 and the application at .15; fec0::/64
 * likewise.
 *
 * The proxy never waits for this process, so it may wait for the proxy: where the guest takes no
 * frames, sending blocks, and libslirp's connections with it.
 */
#include "network.h"

#include "message.h"

#include "common/host_time.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <slirp/libslirp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define FRAME_MAX  (66u << 10)
#define FRAMES_MAX 64 /* taken in a row */
#define TIMERS_MAX 4u

struct timer {
	SlirpTimerCb callback;
	void *argument;
	int64_t due_ms; /* negative: it does not run */
};

struct network {
	int fd;
	Slirp *slirp;
	struct pollfd *set; /* owned; the first is fd's */
	size_t count, room;
	struct timer timers[TIMERS_MAX];
	uint8_t frame[FRAME_MAX];
};

static int64_t now_ns(void *context)
{
	(void)context;
	return (int64_t)monotonic_ns();
}

static ssize_t send_frame(const void *frame, size_t size, void *context)
{
	const struct network *network = context;
	ssize_t sent;

	do {
		sent = send(network->fd, frame, size, MSG_NOSIGNAL);
	} while (sent < 0 && errno == EINTR);
	return sent;
}

/* What the guest does wrong is its own matter. */
static void guest_error(const char *text, void *context)
{
	(void)text, (void)context;
}

static void *timer_new(SlirpTimerCb callback, void *argument, void *context)
{
	struct network *network = context;

	for (unsigned i = 0; i < TIMERS_MAX; i++) {
		struct timer *timer = &network->timers[i];
		if (timer->callback)
			continue;
		*timer = (struct timer){callback, argument, -1};
		return timer;
	}
	abort(); /* libslirp has one: router advertisements */
}

static void timer_free(void *context, void *network)
{
	struct timer *timer = context;

	(void)network;
	*timer = (struct timer){0};
}

static void timer_set(void *context, int64_t due_ms, void *network)
{
	struct timer *timer = context;

	(void)network;
	timer->due_ms = due_ms;
}

static void nothing_fd(int fd, void *context)
{
	(void)fd, (void)context;
}

static void nothing(void *context)
{
	(void)context;
}

static const SlirpCb callbacks = {
	.send_packet = send_frame,
	.guest_error = guest_error,
	.clock_get_ns = now_ns,
	.timer_new = timer_new,
	.timer_free = timer_free,
	.timer_mod = timer_set,
	.register_poll_fd = nothing_fd,
	.unregister_poll_fd = nothing_fd,
	.notify = nothing,
};

static struct in_addr address(const char *text)
{
	struct in_addr result;

	inet_pton(AF_INET, text, &result);
	return result;
}

static struct in6_addr address6(const char *text)
{
	struct in6_addr result;

	inet_pton(AF_INET6, text, &result);
	return result;
}

static struct network network; /* its frame is too large for the stack */

static bool create(void)
{
	const SlirpConfig config = {
		.version = 1,
		.in_enabled = true,
		.vnetwork = address("10.0.2.0"),
		.vnetmask = address("255.255.255.0"),
		.vhost = address("10.0.2.2"),
		.in6_enabled = true,
		.vprefix_addr6 = address6("fec0::"),
		.vprefix_len = 64,
		.vhost6 = address6("fec0::2"),
		.vdhcp_start = address("10.0.2.15"),
		.vnameserver = address("10.0.2.3"),
		.vnameserver6 = address6("fec0::3"),
	};

	network.slirp = slirp_new(&config, &callbacks, &network);
	if (!network.slirp)
		proxy_message("the user-mode network: libslirp failed");
	return network.slirp;
}

static bool open_ports(const struct net_options *net)
{
	const struct in_addr first = {0}; /* whoever has the first address */

	for (size_t i = 0; i < net->rule_count; i++) {
		const struct publish_rule *rule = &net->rules[i];
		if (slirp_add_hostfwd(network.slirp, rule->udp, rule->host, rule->host_port, first,
				      rule->guest_port) == 0)
			continue;
		proxy_message("port %u for the application: %s", rule->host_port, strerror(errno));
		return false;
	}
	return net->rule_count == 0 || write(network.fd, "", 1) == 1;
}

static int add_to_set(int fd, int events, void *context)
{
	(void)context;
	if (network.count == network.room) {
		network.room = 2 * network.room + 16;
		network.set = realloc(network.set, network.room * sizeof(*network.set));
		if (!network.set)
			abort();
	}
	network.set[network.count] =
		(struct pollfd){.fd = fd,
				.events = (short)((events & SLIRP_POLL_IN ? POLLIN : 0) |
						  (events & SLIRP_POLL_OUT ? POLLOUT : 0) |
						  (events & SLIRP_POLL_PRI ? POLLPRI : 0))};
	return (int)network.count++;
}

static int events_of(int index, void *context)
{
	(void)context;
	const int got = network.set[index].revents;

	return (got & POLLIN ? SLIRP_POLL_IN : 0) | (got & POLLOUT ? SLIRP_POLL_OUT : 0) |
	       (got & POLLPRI ? SLIRP_POLL_PRI : 0) | (got & POLLERR ? SLIRP_POLL_ERR : 0) |
	       (got & POLLHUP ? SLIRP_POLL_HUP : 0);
}

/* False: the proxy has gone. */
static bool take_frames(void)
{
	for (int i = 0; i < FRAMES_MAX; i++) {
		ssize_t got = recv(network.fd, network.frame, sizeof(network.frame), MSG_DONTWAIT);
		if (got < 0)
			return errno == EAGAIN || errno == EINTR;
		if (got == 0)
			return false;
		slirp_input(network.slirp, network.frame, (int)got);
	}
	return true;
}

/* Runs timers that are due; how long until the next, LIMIT_MS at most. */
static uint32_t run_timers(uint32_t limit_ms)
{
	const int64_t now_ms = now_ns(NULL) / (int64_t)NS_PER_MS;

	for (unsigned i = 0; i < TIMERS_MAX; i++) {
		struct timer *timer = &network.timers[i];
		if (!timer->callback || timer->due_ms < 0)
			continue;
		if (timer->due_ms <= now_ms) {
			timer->due_ms = -1;
			timer->callback(timer->argument);
		}
		if (timer->due_ms >= 0 && timer->due_ms - now_ms < limit_ms)
			limit_ms = (uint32_t)(timer->due_ms > now_ms ? timer->due_ms - now_ms : 0);
	}
	return limit_ms;
}

void network_serve(void)
{
	bool open = true;

	while (open) {
		uint32_t timeout_ms = UINT32_MAX;

		network.count = 0;
		add_to_set(network.fd, SLIRP_POLL_IN, NULL);
		slirp_pollfds_fill(network.slirp, &timeout_ms, add_to_set, NULL);
		timeout_ms = run_timers(timeout_ms);
		const int ready = poll(network.set, network.count,
				       timeout_ms > INT32_MAX ? -1 : (int)timeout_ms);
		if (ready < 0 && errno == EINTR)
			continue;
		slirp_pollfds_poll(network.slirp, ready < 0, events_of, NULL);
		if (ready > 0 && network.set[0].revents)
			open = take_frames();
	}
}

bool network_open(int fd, const struct net_options *net)
{
	network.fd = fd;
	return create() && open_ports(net);
}
