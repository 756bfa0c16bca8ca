/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * AF_UNIX (unix(7)) inside the isle: names, connections, pairs. Names of files are names only: the
 * table of names knows them as they were given, no file comes into being, and a name is free again
 * when its socket is closed.
 *
 * Lock: unix_lock guards names, peers and queues of all these sockets. It is not held while data is
 * copied, nor while files that were sent are put.
 */
#include "unix.h"

#include <arch/user.h>
#include <asm/errno.h>
#include <asm/ioctls.h>
#include <asm/poll.h>
#include <asm/socket.h>
#include <drivers/host_channel.h>
#include <lib/printf.h>
#include <lib/string.h>
#include <mm/heap.h>
#include <sched/process.h>

#include "families.h"

#define NAME_OFFSET sizeof(uint16_t) /* of sun_path in struct sockaddr_un */
#define NAME_MAX    108u

struct spinlock unix_lock = SPINLOCK_INIT;
static struct list names GUARDED_BY(unix_lock) = LIST_INIT(names);

static const struct socket_ops unix_ops;

/* ADDRESS as it is compared: a path without what follows its NUL, and with one. 0 or -EINVAL. */
static int normalise(const struct socket_address *address, struct socket_address *out)
{
	size_t length;

	if (address->size <= NAME_OFFSET || address->size > NAME_OFFSET + NAME_MAX ||
	    address->family != AF_UNIX)
		return -EINVAL;
	*out = *address;
	if (!out->bytes[NAME_OFFSET])
		return 0;
	length = strnlen((const char *)out->bytes + NAME_OFFSET, out->size - NAME_OFFSET);
	out->bytes[NAME_OFFSET + length] = 0;
	out->size = (uint32_t)(NAME_OFFSET + length + 1);
	return 0;
}

static struct unix_socket *lookup(const struct socket_address *name) REQUIRES(unix_lock)
{
	struct unix_socket *entry;

	list_for_each_entry (entry, &names, named)
		if (entry->name.size == name->size &&
		    !memcmp(entry->name.bytes, name->bytes, name->size))
			return entry;
	return NULL;
}

int unix_find(const struct socket_address *address, struct unix_socket **out)
{
	arch_irq_state_t irq;
	struct socket_address name;
	int error = normalise(address, &name);

	if (error)
		return error;
	irq = spin_lock(&unix_lock);
	*out = lookup(&name);
	if (*out)
		atomic_fetch_add(&(*out)->references, 1);
	spin_unlock(&unix_lock, irq);
	if (*out)
		return 0;
	return name.bytes[NAME_OFFSET] ? -ENOENT : -ECONNREFUSED;
}

/* A name that nobody has: five hexadecimal digits behind a NUL. */
static void choose_name(struct socket_address *name) REQUIRES(unix_lock)
{
	static unsigned last GUARDED_BY(unix_lock);

	*name = (struct socket_address){.size = NAME_OFFSET + 6, .family = AF_UNIX};
	do {
		ksnprintf((char *)name->bytes + NAME_OFFSET + 1, 6, "%05x", ++last & 0xfffff);
	} while (lookup(name));
}

static int unix_bind(struct socket *socket, const struct socket_address *address)
{
	arch_irq_state_t irq;
	struct unix_socket *self = unix_of(socket);
	bool automatic = address->size == NAME_OFFSET && address->family == AF_UNIX;
	struct socket_address name;
	int error = automatic ? 0 : normalise(address, &name);

	if (error)
		return error;
	irq = spin_lock(&unix_lock);
	if (automatic)
		choose_name(&name);
	if (self->name.size) {
		error = -EINVAL;
	} else if (lookup(&name)) {
		error = -EADDRINUSE;
	} else {
		self->name = name;
		list_push_back(&names, &self->named);
	}
	spin_unlock(&unix_lock, irq);
	return error;
}

static struct unix_socket *create_socket(int type)
{
	struct unix_socket *self = kzalloc(sizeof(*self));

	if (!self)
		return NULL;
	socket_init(&self->socket, &unix_ops, AF_UNIX, type, 0);
	atomic_init(&self->references, 1);
	list_init(&self->children);
	list_init(&self->queue);
	mutex_init(&self->read_lock);
	return self;
}

void unix_put(struct unix_socket *self)
{
	if (atomic_fetch_sub(&self->references, 1) == 1)
		kfree(self);
}

static int unix_listen(struct socket *socket, unsigned backlog)
{
	arch_irq_state_t irq;
	struct unix_socket *self = unix_of(socket);
	int error = 0;

	if (socket->type == SOCK_DGRAM)
		return -EOPNOTSUPP;
	irq = spin_lock(&unix_lock);
	if (!self->name.size || self->peer) {
		error = -EINVAL;
	} else {
		socket->listening = true;
		self->backlog = backlog;
	}
	spin_unlock(&unix_lock, irq);
	return error;
}

static int unix_accept(struct socket *socket, struct socket **out)
{
	arch_irq_state_t irq;
	struct unix_socket *self = unix_of(socket);
	struct list_node *node;
	int error = -EAGAIN;

	if (socket->type == SOCK_DGRAM)
		return -EOPNOTSUPP;
	irq = spin_lock(&unix_lock);
	if (!socket->listening) {
		error = -EINVAL;
	} else if ((node = list_pop_front(&self->children))) {
		self->child_count--;
		atomic_fetch_sub(&self->waiting, 1);
		*out = &list_entry(node, struct unix_socket, sibling)->socket;
		error = 0;
	} else if (atomic_load(&self->shut_read)) {
		error = -EINVAL;
	}
	spin_unlock(&unix_lock, irq);
	return error;
}

static void join(struct unix_socket *a, struct unix_socket *b)
{
	atomic_fetch_add(&a->references, 1);
	atomic_fetch_add(&b->references, 1);
	a->peer = b;
	b->peer = a;
}

/* Queues CHILD, the other end of SELF, at LISTENER. 0 or -errno. */
static int queue_child(struct unix_socket *self, struct unix_socket *listener,
		       struct unix_socket *child) REQUIRES(unix_lock)
{
	if (self->peer)
		return -EISCONN;
	if (self->socket.listening)
		return -EINVAL;
	if (listener->socket.type != self->socket.type)
		return -EPROTOTYPE;
	if (!listener->socket.listening || atomic_load(&listener->closed))
		return -ECONNREFUSED;
	if (listener->child_count > listener->backlog)
		return -EAGAIN;
	child->name = listener->name;
	join(self, child);
	list_push_back(&listener->children, &child->sibling);
	listener->child_count++;
	atomic_fetch_add(&listener->waiting, 1);
	return 0;
}

static int connect_stream(struct unix_socket *self, struct unix_socket *listener)
{
	arch_irq_state_t irq;
	struct unix_socket *child = create_socket(self->socket.type);
	int error;

	if (!child)
		return -ENOMEM;
	irq = spin_lock(&unix_lock);
	error = queue_child(self, listener, child);
	spin_unlock(&unix_lock, irq);
	if (error)
		unix_put(child);
	else
		socket_wake(&listener->socket);
	return error;
}

/* A datagram socket's peer is where it sends to. NULL: nowhere any more. */
static int connect_datagram(struct unix_socket *self, struct unix_socket *peer)
{
	arch_irq_state_t irq;
	struct unix_socket *old;

	if (peer && peer->socket.type != SOCK_DGRAM)
		return -EPROTOTYPE;
	if (peer)
		atomic_fetch_add(&peer->references, 1);
	irq = spin_lock(&unix_lock);
	old = self->peer;
	self->peer = peer;
	spin_unlock(&unix_lock, irq);
	if (old)
		unix_put(old);
	return 0;
}

static int unix_connect(struct socket *socket, const struct socket_address *address)
{
	struct unix_socket *self = unix_of(socket), *other;
	int error;

	if (address->size >= NAME_OFFSET && address->family == AF_UNSPEC)
		return socket->type == SOCK_DGRAM ? connect_datagram(self, NULL) : -EINVAL;
	error = unix_find(address, &other);
	if (error)
		return error;
	if (socket->type == SOCK_DGRAM)
		error = connect_datagram(self, other);
	else
		error = connect_stream(self, other);
	unix_put(other);
	return error;
}

static int unix_shutdown(struct socket *socket, int how)
{
	arch_irq_state_t irq;
	struct unix_socket *self = unix_of(socket), *peer;

	irq = spin_lock(&unix_lock);
	peer = self->peer;
	if (how != SHUT_WR)
		atomic_store(&self->shut_read, true);
	if (how != SHUT_RD)
		atomic_store(&self->shut_write, true);
	if (peer && socket->type != SOCK_DGRAM) { /* the reverse for the other end */
		if (how != SHUT_WR)
			atomic_store(&peer->shut_write, true);
		if (how != SHUT_RD)
			atomic_store(&peer->shut_read, true);
	}
	spin_unlock(&unix_lock, irq);
	socket_wake(socket);
	if (peer)
		socket_wake(&peer->socket);
	return 0;
}

static int unix_name(struct socket *socket, bool peer, struct socket_address *address)
{
	arch_irq_state_t irq;
	const struct unix_socket *self = unix_of(socket);
	int error = 0;

	irq = spin_lock(&unix_lock);
	if (peer && !self->peer)
		error = -ENOTCONN;
	else
		*address = peer ? self->peer->name : self->name;
	spin_unlock(&unix_lock, irq);
	if (!error && !address->size) {
		address->size = NAME_OFFSET;
		address->family = AF_UNIX;
	}
	return error;
}

static unsigned unix_poll(struct socket *socket)
{
	struct unix_socket *self = unix_of(socket);
	bool read_end = atomic_load(&self->shut_read), write_end = atomic_load(&self->shut_write);
	unsigned ready = atomic_load(&socket->error) ? POLLERR : 0;

	if (atomic_load(&self->waiting) || read_end)
		ready |= POLLIN | POLLRDNORM;
	if (read_end)
		ready |= POLLRDHUP;
	if ((read_end && write_end) ||
	    (socket->type != SOCK_DGRAM && !self->peer && !socket->listening))
		ready |= POLLHUP;
	if (!socket->listening && unix_writable(self))
		ready |= POLLOUT | POLLWRNORM;
	return ready;
}

static int unix_get_option(struct socket *socket, int level, int name, void *value, size_t *size)
{
	const struct host_hello *hello = host_hello();
	struct linux_ucred credentials = {0, UINT32_MAX, UINT32_MAX};

	if (level != SOL_SOCKET)
		return -EOPNOTSUPP;
	if (name != SO_PEERCRED)
		return -ENOPROTOOPT;
	if (unix_of(socket)->peer || socket->listening)
		credentials = (struct linux_ucred){PROCESS_PID, hello ? hello->fixed.uid : 0,
						   hello ? hello->fixed.gid : 0};
	return socket_option_return(value, size, &credentials, sizeof(credentials));
}

static long unix_ioctl(struct socket *socket, unsigned command, uintptr_t argument)
{
	arch_irq_state_t irq;
	struct unix_socket *self = unix_of(socket);
	struct list_node *node;
	int count = 0;

	if (command != FIONREAD)
		return -ENOTTY;
	if (socket->listening)
		return -EINVAL;
	irq = spin_lock(&unix_lock);
	node = list_front(&self->queue);
	if (socket->type != SOCK_DGRAM)
		count = (int)atomic_load(&self->queued);
	else if (node)
		count = (int)list_entry(node, struct unix_message, node)->size;
	spin_unlock(&unix_lock, irq);
	return arch_user_write(argument, &count, sizeof(count));
}

/* Connections that nobody has accepted end. */
static void leave(struct unix_socket *self, bool unaccepted);

static void release_children(struct unix_socket *self)
{
	arch_irq_state_t irq;
	struct list_node *node;

	for (;;) {
		irq = spin_lock(&unix_lock);
		node = list_pop_front(&self->children);
		spin_unlock(&unix_lock, irq);
		if (!node)
			return;
		leave(list_entry(node, struct unix_socket, sibling), true);
	}
}

/* The peer of a connection with unread data, or that nobody has accepted, is told of a reset. */
static void leave(struct unix_socket *self, bool unaccepted)
{
	arch_irq_state_t irq;
	struct socket *socket = &self->socket;
	struct unix_socket *peer;
	struct list messages;
	bool unread;

	list_init(&messages);
	irq = spin_lock(&unix_lock);
	atomic_store(&self->closed, true);
	if (list_linked(&self->named))
		list_remove(&self->named);
	unread = atomic_load(&self->queued);
	list_splice_front(&messages, &self->queue);
	atomic_store(&self->queued, 0);
	peer = self->peer;
	if (peer && socket->type != SOCK_DGRAM) {
		atomic_store(&peer->shut_read, true);
		atomic_store(&peer->shut_write, true);
		if (unread || unaccepted)
			atomic_store(&peer->socket.error, ECONNRESET);
	}
	self->peer = NULL;
	spin_unlock(&unix_lock, irq);
	socket_wake(socket); /* senders wait at their receiver */
	if (socket->listening)
		release_children(self);
	unix_drop_messages(&messages);
	if (peer) {
		socket_wake(&peer->socket);
		unix_put(peer);
	}
	unix_put(self);
}

static void unix_release(struct socket *socket)
{
	leave(unix_of(socket), false);
}

static const struct socket_ops unix_ops = {
	.bind = unix_bind,
	.listen = unix_listen,
	.accept = unix_accept,
	.connect = unix_connect,
	.send = unix_send,
	.receive = unix_receive,
	.shutdown = unix_shutdown,
	.name = unix_name,
	.poll = unix_poll,
	.get_option = unix_get_option,
	.ioctl = unix_ioctl,
	.release = unix_release,
};

static int check_type(int type, int protocol)
{
	if (protocol && protocol != AF_UNIX)
		return -EPROTONOSUPPORT;
	if (type != SOCK_STREAM && type != SOCK_DGRAM && type != SOCK_SEQPACKET)
		return -ESOCKTNOSUPPORT;
	return 0;
}

static int unix_create(int family, int type, int protocol, struct socket **out)
{
	int error = check_type(type == SOCK_RAW ? SOCK_DGRAM : type, protocol);
	struct unix_socket *self;

	(void)family;
	if (error)
		return error;
	self = create_socket(type == SOCK_RAW ? SOCK_DGRAM : type);
	if (!self)
		return -ENOMEM;
	*out = &self->socket;
	return 0;
}

static int unix_pair(int family, int type, int protocol, struct socket *out[2])
{
	int error = unix_create(family, type, protocol, &out[0]);

	if (error)
		return error;
	error = unix_create(family, type, protocol, &out[1]);
	if (error)
		unix_release(out[0]);
	else
		join(unix_of(out[0]), unix_of(out[1]));
	return error;
}

const struct socket_family unix_family = {
	.family = AF_UNIX, .create = unix_create, .pair = unix_pair};
