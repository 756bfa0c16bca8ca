/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * AF_NETLINK sockets (netlink(7)), for NETLINK_ROUTE only. A request is answered at once, by
 * datagrams that wait in the socket's queue. Multicast groups can be joined; nothing is ever sent
 * to them.
 *
 * Lock: netlink_socket.lock guards the queue, the addresses and the options; it is held while a
 * reply is copied out, and while a request waits for the network's address.
 */
#include "netlink.h"

#include <asm/errno.h>
#include <asm/poll.h>
#include <lib/assert.h>
#include <lib/string.h>
#include <linux/netlink.h>
#include <mm/heap.h>
#include <net/socket.h>
#include <sched/mutex.h>
#include <sched/process.h>

#include "families.h"

#define SOL_NETLINK  270
#define REQUEST_MAX  (32u << 10)
#define REPLIES_MAX  64u	       /* that wait */
#define PORTS_BEFORE ((uint32_t)-4096) /* the second socket's, and so on downwards */

struct reply_node {
	struct list_node node;
	size_t size;
	uint8_t data[];
};

struct netlink_socket {
	struct socket socket;
	struct mutex lock;
	struct list queue; /* oldest first */
	_Atomic unsigned waiting;
	uint32_t port, groups;
	uint32_t options; /* bits of those of SOL_NETLINK that are on */
};

static _Atomic uint32_t ports_given;

static struct netlink_socket *netlink_of(struct socket *socket)
{
	return container_of(socket, struct netlink_socket, socket);
}

void *netlink_put(struct netlink_reply *reply, unsigned type, unsigned flags, const void *body,
		  size_t size)
{
	struct nlmsghdr header = {
		.nlmsg_len = (uint32_t)NLMSG_LENGTH(size),
		.nlmsg_type = (uint16_t)type,
		.nlmsg_flags = (uint16_t)flags,
		.nlmsg_seq = reply->sequence,
		.nlmsg_pid = reply->port,
	};
	uint8_t *at = reply->data + reply->size;

	ASSERT(reply->size + NLMSG_SPACE(size) <= NETLINK_REPLY_MAX);
	memset(at, 0, NLMSG_SPACE(size));
	memcpy(at, &header, sizeof(header));
	if (body)
		memcpy(at + NLMSG_HDRLEN, body, size);
	reply->size += NLMSG_SPACE(size);
	return at + NLMSG_HDRLEN;
}

static uint32_t choose_port(void)
{
	uint32_t number = atomic_fetch_add(&ports_given, 1);

	return number ? PORTS_BEFORE - number : PROCESS_PID;
}

/* ADDRESS as that of a netlink socket: 0, -EINVAL. */
static int read_address(const struct socket_address *address, struct sockaddr_nl *out)
{
	if (address->size < sizeof(*out) || address->family != AF_NETLINK)
		return -EINVAL;
	memcpy(out, address->bytes, sizeof(*out));
	return 0;
}

static int netlink_bind(struct socket *socket, const struct socket_address *address)
{
	struct netlink_socket *netlink = netlink_of(socket);
	struct sockaddr_nl local;
	int error = read_address(address, &local);

	if (error)
		return error;
	mutex_lock(&netlink->lock);
	if (netlink->port && local.nl_pid && local.nl_pid != netlink->port)
		error = -EINVAL;
	else if (!netlink->port)
		netlink->port = local.nl_pid ? local.nl_pid : choose_port();
	if (!error)
		netlink->groups = local.nl_groups;
	mutex_unlock(&netlink->lock);
	return error;
}

/* To the kernel only. */
static int netlink_connect(struct socket *socket, const struct socket_address *address)
{
	struct netlink_socket *netlink = netlink_of(socket);
	struct sockaddr_nl peer;

	if (address->size >= sizeof(address->family) && address->family == AF_UNSPEC)
		return 0;
	if (read_address(address, &peer))
		return -EINVAL;
	if (peer.nl_pid || peer.nl_groups)
		return peer.nl_groups ? -EPERM : -ECONNREFUSED;
	mutex_lock(&netlink->lock);
	if (!netlink->port)
		netlink->port = choose_port();
	mutex_unlock(&netlink->lock);
	return 0;
}

static void write_address(const struct netlink_socket *netlink, bool kernel,
			  struct socket_address *out) REQUIRES(netlink->lock)
{
	struct sockaddr_nl address = {.nl_family = AF_NETLINK};

	if (!kernel) {
		address.nl_pid = netlink->port;
		address.nl_groups = netlink->groups;
	}
	memcpy(out->bytes, &address, sizeof(address));
	out->size = sizeof(address);
}

static int netlink_name(struct socket *socket, bool peer, struct socket_address *address)
{
	struct netlink_socket *netlink = netlink_of(socket);

	mutex_lock(&netlink->lock);
	write_address(netlink, peer, address);
	mutex_unlock(&netlink->lock);
	return 0;
}

/* Queues REPLY at NETLINK. 0 or -ENOBUFS. */
static int queue_reply(struct netlink_socket *netlink, const struct netlink_reply *reply)
	REQUIRES(netlink->lock)
{
	struct reply_node *node = NULL;

	if (atomic_load(&netlink->waiting) < REPLIES_MAX)
		node = kmalloc(sizeof(*node) + reply->size);
	if (!node)
		return -ENOBUFS;
	*node = (struct reply_node){.size = reply->size};
	memcpy(node->data, reply->data, reply->size);
	list_push_back(&netlink->queue, &node->node);
	atomic_fetch_add(&netlink->waiting, 1);
	return 0;
}

/* The answer that tells of an error, or of none. */
static void put_error(struct netlink_reply *reply, const struct nlmsghdr *request, int error)
{
	bool whole = error && request->nlmsg_len <= NETLINK_REPLY_MAX / 2;
	size_t size = whole ? request->nlmsg_len : sizeof(*request);
	uint8_t *body = netlink_put(reply, NLMSG_ERROR, 0, NULL, sizeof(error) + size);

	memcpy(body, &error, sizeof(error));
	memcpy(body + sizeof(error), request, size);
}

/* Carries out REQUEST; what it answers is queued. 0 or -ENOBUFS. */
static int answer(struct netlink_socket *netlink, const struct nlmsghdr *request,
		  struct netlink_reply *reply) REQUIRES(netlink->lock)
{
	int result = 0, error = 0;

	*reply = (struct netlink_reply){reply->data, 0, netlink->port, request->nlmsg_seq};
	if (request->nlmsg_type >= NLMSG_MIN_TYPE)
		result = netlink_route(request, reply);
	if (reply->size)
		error = queue_reply(netlink, reply);
	reply->size = 0;
	if (result > 0) {
		int zero = 0;

		netlink_put(reply, NLMSG_DONE, NLM_F_MULTI, &zero, sizeof(zero));
	} else if (result < 0 || request->nlmsg_flags & NLM_F_ACK) {
		put_error(reply, request, result);
	}
	return error || !reply->size ? error : queue_reply(netlink, reply);
}

/* Goes through the messages of a datagram, as far as they are whole. */
static int answer_all(struct netlink_socket *netlink, uint8_t *data, size_t size,
		      struct netlink_reply *reply) REQUIRES(netlink->lock)
{
	size_t at = 0;
	int error = 0;

	while (!error && size - at >= NLMSG_HDRLEN) {
		const struct nlmsghdr *request = (const struct nlmsghdr *)(void *)(data + at);

		if (request->nlmsg_len < NLMSG_HDRLEN || request->nlmsg_len > size - at)
			break;
		if (request->nlmsg_flags & NLM_F_REQUEST)
			error = answer(netlink, request, reply);
		at += MIN((size_t)NLMSG_ALIGN(request->nlmsg_len), size - at);
	}
	return error;
}

static int check_destination(const struct socket_message *message)
{
	struct sockaddr_nl to;

	if (!message->to)
		return 0;
	if (read_address(message->to, &to))
		return -EINVAL;
	if (to.nl_groups)
		return -EPERM;
	return to.nl_pid ? -ECONNREFUSED : 0;
}

static int64_t netlink_send(struct socket *socket, struct socket_message *message)
{
	struct netlink_socket *netlink = netlink_of(socket);
	size_t size = message->io->remaining;
	struct netlink_reply reply = {0};
	int64_t result = check_destination(message);
	uint8_t *data;

	if (message->flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (result)
		return result;
	if (size > REQUEST_MAX)
		return -EMSGSIZE;
	data = kmalloc(MAX(size, (size_t)NLMSG_HDRLEN));
	reply.data = kmalloc(NETLINK_REPLY_MAX);
	if (!data || !reply.data)
		result = -ENOBUFS;
	else if (file_io_get(message->io, data, size) != (int64_t)size)
		result = -EFAULT;
	if (!result) {
		mutex_lock(&netlink->lock);
		if (!netlink->port)
			netlink->port = choose_port();
		result = answer_all(netlink, data, size, &reply);
		mutex_unlock(&netlink->lock);
		socket_wake(socket);
	}
	kfree(reply.data);
	kfree(data);
	return result ? result : (int64_t)size;
}

static struct reply_node *first(struct netlink_socket *netlink) REQUIRES(netlink->lock)
{
	struct list_node *node = list_front(&netlink->queue);

	return node ? list_entry(node, struct reply_node, node) : NULL;
}

static void drop_first(struct netlink_socket *netlink) REQUIRES(netlink->lock)
{
	struct reply_node *node = first(netlink);

	list_remove(&node->node);
	atomic_fetch_sub(&netlink->waiting, 1);
	kfree(node);
}

/* The first reply, if there is one: bytes, -EAGAIN or -EFAULT. */
static int64_t receive_one(struct netlink_socket *netlink, struct socket_message *message)
{
	struct reply_node *node;
	int64_t result = -EAGAIN;

	mutex_lock(&netlink->lock);
	node = first(netlink);
	if (node) {
		size_t wanted = MIN(node->size, message->io->remaining);

		result = file_io_put(message->io, node->data, wanted);
		if (result >= 0 && (size_t)result < wanted)
			result = -EFAULT;
		if (wanted < node->size)
			message->out_flags |= MSG_TRUNC;
		if (result >= 0 && message->flags & MSG_TRUNC)
			result = (int64_t)node->size;
		if (message->from)
			write_address(netlink, true, message->from);
		if (!(message->flags & MSG_PEEK))
			drop_first(netlink);
	}
	mutex_unlock(&netlink->lock);
	return result;
}

static int64_t netlink_receive(struct socket *socket, struct socket_message *message)
{
	struct netlink_socket *netlink = netlink_of(socket);
	uint64_t deadline = socket_deadline(message->flags, socket->options.receive_timeout_ns);
	int64_t result;

	if (message->flags & MSG_OOB)
		return -EOPNOTSUPP;
	while ((result = receive_one(netlink, message)) == -EAGAIN) {
		result = socket_wait(socket, deadline, atomic_load(&netlink->waiting));
		if (result)
			break;
	}
	return result;
}

static unsigned netlink_poll(struct socket *socket)
{
	unsigned ready = POLLOUT | POLLWRNORM;

	return ready | (atomic_load(&netlink_of(socket)->waiting) ? POLLIN | POLLRDNORM : 0u);
}

/* Membership of groups has no effect that could be seen; the others are kept and shown. */
static int netlink_set_option(struct socket *socket, int level, int name, const void *value,
			      size_t size)
{
	struct netlink_socket *netlink = netlink_of(socket);
	int number, error;

	if (level != SOL_NETLINK || name < NETLINK_ADD_MEMBERSHIP || name > NETLINK_GET_STRICT_CHK)
		return -ENOPROTOOPT;
	error = socket_option_int(value, size, &number);
	if (error || name == NETLINK_ADD_MEMBERSHIP || name == NETLINK_DROP_MEMBERSHIP)
		return error;
	mutex_lock(&netlink->lock);
	if (number)
		netlink->options |= 1u << name;
	else
		netlink->options &= ~(1u << name);
	mutex_unlock(&netlink->lock);
	return 0;
}

static int netlink_get_option(struct socket *socket, int level, int name, void *value, size_t *size)
{
	struct netlink_socket *netlink = netlink_of(socket);
	int number;

	if (level != SOL_NETLINK || name < NETLINK_PKTINFO || name > NETLINK_GET_STRICT_CHK)
		return -ENOPROTOOPT;
	mutex_lock(&netlink->lock);
	number = netlink->options >> name & 1;
	mutex_unlock(&netlink->lock);
	return socket_option_return(value, size, &number, sizeof(number));
}

static void netlink_release(struct socket *socket)
{
	struct netlink_socket *netlink = netlink_of(socket);

	mutex_lock(&netlink->lock);
	while (first(netlink))
		drop_first(netlink);
	mutex_unlock(&netlink->lock);
	kfree(netlink);
}

static const struct socket_ops netlink_ops = {
	.bind = netlink_bind,
	.connect = netlink_connect,
	.send = netlink_send,
	.receive = netlink_receive,
	.name = netlink_name,
	.poll = netlink_poll,
	.set_option = netlink_set_option,
	.get_option = netlink_get_option,
	.release = netlink_release,
};

static int create(int family, int type, int protocol, struct socket **out)
{
	struct netlink_socket *netlink;

	if (type != SOCK_RAW && type != SOCK_DGRAM)
		return -ESOCKTNOSUPPORT;
	if (protocol != NETLINK_ROUTE)
		return -EPROTONOSUPPORT;
	netlink = kzalloc(sizeof(*netlink));
	if (!netlink)
		return -ENOMEM;
	socket_init(&netlink->socket, &netlink_ops, family, type, protocol);
	mutex_init(&netlink->lock);
	list_init(&netlink->queue);
	*out = &netlink->socket;
	return 0;
}

const struct socket_family netlink_family = {.family = AF_NETLINK, .create = create};
