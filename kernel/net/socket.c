/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sockets of all families: the file around one, waiting, and the calls that are the same for all.
 * No lock: what changes belongs to the family, or is a single word.
 */
#include <net/socket.h>

#include <asm/errno.h>
#include <asm/fcntl.h>
#include <asm/poll.h>
#include <asm/signal.h>
#include <core/clock.h>
#include <lib/assert.h>
#include <lib/string.h>
#include <linux/stat.h>
#include <mm/heap.h>
#include <sched/signal.h>

#include "families.h"
#include "netif.h"

#define BUFFER_DEFAULT 212992u /* Linux: net.core.rmem_default, wmem_default */

void socket_init(struct socket *socket, const struct socket_ops *ops, int family, int type,
		 int protocol)
{
	*socket = (struct socket){
		.ops = ops,
		.family = (uint16_t)family,
		.type = (uint16_t)type,
		.protocol = protocol,
		.options = {.send_buffer = BUFFER_DEFAULT,
			    .receive_buffer = BUFFER_DEFAULT,
			    .receive_low = 1,
			    .receive_timeout_ns = TIME_NEVER,
			    .send_timeout_ns = TIME_NEVER},
	};
	wait_queue_init(&socket->queue);
}

int socket_take_error(struct socket *socket)
{
	if (!atomic_load_explicit(&socket->error, memory_order_relaxed))
		return 0;
	return -atomic_exchange_explicit(&socket->error, 0, memory_order_relaxed);
}

uint64_t socket_deadline(unsigned message_flags, uint64_t timeout_ns)
{
	uint64_t now;

	if (message_flags & MSG_DONTWAIT)
		return 0;
	if (timeout_ns == TIME_NEVER)
		return TIME_NEVER;
	now = clock_monotonic_ns();
	return timeout_ns < TIME_NEVER - 1 - now ? now + timeout_ns : TIME_NEVER - 1;
}

int socket_wait_error(int result, uint64_t deadline_ns)
{
	if (result == -ETIMEDOUT)
		return -EAGAIN;
	if (result == -EINTR) /* with a time-out the call cannot be started again (signal(7)) */
		return deadline_ns == TIME_NEVER ? -ERESTARTSYS : -EINTR;
	return result;
}

int socket_broken_pipe(unsigned message_flags)
{
	if (!(message_flags & MSG_NOSIGNAL))
		signal_send_self(SIGPIPE);
	return -EPIPE;
}

void socket_control_put(struct socket_message *message, int level, int type, const void *data,
			size_t size)
{
	struct socket_control *control = message->control;
	struct linux_cmsghdr header = {sizeof(header) + size, level, type};
	size_t room = control ? control->capacity - control->size : 0;
	size_t padded = ALIGN_UP(sizeof(header) + size, sizeof(uint64_t));

	if (room < sizeof(header)) {
		message->out_flags |= MSG_CTRUNC;
		return;
	}
	if (room < header.length) {
		message->out_flags |= MSG_CTRUNC;
		header.length = room;
	}
	memcpy(control->data + control->size, &header, sizeof(header));
	memcpy(control->data + control->size + sizeof(header), data,
	       header.length - sizeof(header));
	control->size += MIN(padded, room);
}

static int64_t socket_file_read(struct file *file, struct file_io *io, uint64_t *offset)
{
	struct socket_message message = {.io = io, .flags = io->nowait ? MSG_DONTWAIT : 0};

	(void)offset;
	return io->remaining ? socket_receive(file, &message) : 0;
}

static int64_t socket_file_write(struct file *file, struct file_io *io, uint64_t *offset)
{
	struct socket_message message = {.io = io, .flags = io->nowait ? MSG_DONTWAIT : 0};

	(void)offset;
	return socket_send(file, &message);
}

static unsigned socket_file_poll(struct file *file, unsigned events)
{
	struct socket *socket = file->data;

	return socket->ops->poll(socket) & events;
}

static long socket_file_ioctl(struct file *file, unsigned command, uintptr_t argument)
{
	struct socket *socket = file->data;

	long result = socket->ops->ioctl ? socket->ops->ioctl(socket, command, argument) : -ENOTTY;

	return result == -ENOTTY ? netif_ioctl(command, argument) : result;
}

static int socket_file_stat(struct file *file, file_stat_t *stat)
{
	memset(stat, 0, sizeof(*stat));
	stat->mode = S_IFSOCK | 0777;
	stat->nlink = 1;
	stat->blksize = PAGE_SIZE;
	stat->ino = file->handle;
	stat->dev = 8; /* as Linux's sockfs: any number that no other file system has */
	return 0;
}

static void socket_file_release(struct file *file)
{
	struct socket *socket = file->data;

	socket->ops->release(socket);
}

static const struct file_ops socket_file_ops = {
	.read = socket_file_read,
	.write = socket_file_write,
	.poll = socket_file_poll,
	.ioctl = socket_file_ioctl,
	.stat = socket_file_stat,
	.release = socket_file_release,
};

struct socket *socket_of(struct file *file)
{
	return file->ops == &socket_file_ops ? file->data : NULL;
}

int socket_open(struct socket *socket, unsigned file_flags, struct file **out)
{
	static _Atomic uint64_t last_number;
	struct file *file =
		file_create(&socket_file_ops, socket, O_RDWR | file_flags, FILE_STREAM, NULL);

	if (!file)
		return -ENOMEM;
	file->poll_queue = &socket->queue;
	socket->number = atomic_fetch_add(&last_number, 1) + 1;
	file->handle = socket->number;
	*out = file;
	return 0;
}

/* SOCKET as a file; without memory for it, SOCKET goes away. */
static int open_or_release(struct socket *socket, unsigned file_flags, struct file **out)
{
	int error = socket_open(socket, file_flags, out);

	if (error)
		socket->ops->release(socket);
	return error;
}

static int family_check(int family, int type, const struct socket_family **out)
{
	if (family < 0 || family >= AF_MAX)
		return -EAFNOSUPPORT;
	if (type < 0 || type >= SOCK_MAX)
		return -EINVAL;
	if (family == AF_PACKET) /* as for a user without privileges */
		return -EPERM;
	*out = socket_family_find(family);
	return *out ? 0 : -EAFNOSUPPORT;
}

int socket_create(int family, int type, int protocol, unsigned file_flags, struct file **out)
{
	const struct socket_family *found;
	struct socket *socket;
	int error = family_check(family, type, &found);

	if (!error)
		error = found->create(family, type, protocol, &socket);
	return error ? error : open_or_release(socket, file_flags, out);
}

int socket_pair(int family, int type, int protocol, unsigned file_flags, struct file *ends[2])
{
	const struct socket_family *found;
	struct socket *sockets[2];
	int error = family_check(family, type, &found);

	if (!error)
		error = found->pair ? found->pair(family, type, protocol, sockets) : -EOPNOTSUPP;
	if (error)
		return error;
	error = open_or_release(sockets[0], file_flags, &ends[0]);
	if (error) {
		sockets[1]->ops->release(sockets[1]);
		return error;
	}
	error = open_or_release(sockets[1], file_flags, &ends[1]);
	if (error)
		file_put(ends[0]);
	return error;
}

int socket_bind(struct socket *socket, const struct socket_address *address)
{
	return socket->ops->bind ? socket->ops->bind(socket, address) : -EOPNOTSUPP;
}

int socket_listen(struct socket *socket, int backlog)
{
	if (!socket->ops->listen)
		return -EOPNOTSUPP;
	return socket->ops->listen(socket, MIN((unsigned)backlog, (unsigned)SOMAXCONN));
}

int socket_accept(struct socket *socket, bool nonblocking, unsigned file_flags,
		  struct socket_address *peer, struct file **out)
{
	uint64_t deadline =
		socket_deadline(nonblocking ? MSG_DONTWAIT : 0, socket->options.receive_timeout_ns);
	struct socket *child;
	int error;

	if (!socket->ops->accept)
		return -EOPNOTSUPP;
	while ((error = socket->ops->accept(socket, &child)) == -EAGAIN) {
		error = socket_wait(socket, deadline, socket->ops->poll(socket) & POLLIN);
		if (error)
			return error;
	}
	if (error)
		return error;
	if (peer && socket_name(child, true, peer))
		peer->size = 0; /* the peer has gone already */
	return open_or_release(child, file_flags, out);
}

int socket_connect(struct socket *socket, const struct socket_address *address, bool nonblocking)
{
	uint64_t deadline = socket_deadline(0, socket->options.send_timeout_ns);
	int result;

	if (!socket->ops->connect)
		return -EOPNOTSUPP;
	result = socket->ops->connect(socket, address);
	if (result != -EINPROGRESS || nonblocking)
		return result;
	result = socket_wait(socket, deadline, !socket->ops->connecting(socket));
	if (result)
		return result == -EAGAIN ? -EINPROGRESS : result;
	return socket->ops->connect_result(socket);
}

int64_t socket_send(struct file *file, struct socket_message *message)
{
	struct socket *socket = file->data;

	if (file_nonblocking(file))
		message->flags |= MSG_DONTWAIT;
	return socket->ops->send ? socket->ops->send(socket, message) : -EOPNOTSUPP;
}

int64_t socket_receive(struct file *file, struct socket_message *message)
{
	struct socket *socket = file->data;

	if (file_nonblocking(file))
		message->flags |= MSG_DONTWAIT;
	if (message->from)
		message->from->size = 0;
	return socket->ops->receive ? socket->ops->receive(socket, message) : -EOPNOTSUPP;
}

int socket_shutdown(struct socket *socket, int how)
{
	if (how < SHUT_RD || how > SHUT_RDWR)
		return -EINVAL;
	return socket->ops->shutdown ? socket->ops->shutdown(socket, how) : -EOPNOTSUPP;
}

int socket_name(struct socket *socket, bool peer, struct socket_address *address)
{
	return socket->ops->name ? socket->ops->name(socket, peer, address) : -EOPNOTSUPP;
}
