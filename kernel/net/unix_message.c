/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * AF_UNIX's data and the files that go with it (SCM_RIGHTS). A message is copied into the kernel,
 * then queued at the receiver, then copied out. A stream's messages are pieces of any size.
 */
#include <asm/errno.h>
#include <asm/fcntl.h>
#include <asm/socket.h>
#include <lib/assert.h>
#include <lib/string.h>
#include <mm/heap.h>

#include "unix.h"

#define PIECE_MAX     (32ul << 10) /* of a stream */
#define DATAGRAMS_MAX 128u	   /* that wait */

static void free_message(struct unix_message *message)
{
	for (unsigned i = 0; i < message->file_count; i++)
		file_put(message->files[i]);
	kfree(message->files);
	kfree(message);
}

void unix_drop_messages(struct list *list)
{
	struct list_node *node;

	while ((node = list_pop_front(list)))
		free_message(list_entry(node, struct unix_message, node));
}

/* Has PEER room for what SELF may send next? */
static bool has_room(const struct unix_socket *self, const struct unix_socket *peer)
{
	if (peer->socket.type != SOCK_STREAM && atomic_load(&peer->waiting) >= DATAGRAMS_MAX)
		return false;
	return atomic_load(&peer->queued) < self->socket.options.send_buffer;
}

bool unix_writable(struct unix_socket *self)
{
	arch_irq_state_t irq;
	bool result;

	irq = spin_lock(&unix_lock);
	result = !self->peer || atomic_load(&self->shut_write) ||
		 atomic_load(&self->peer->closed) || has_room(self, self->peer);
	spin_unlock(&unix_lock, irq);
	return result;
}

/* The files that the control messages of MESSAGE name. 0 or -errno. */
static int take_files(const struct socket_message *message, struct unix_message *out)
{
	const struct socket_control *control = message->control;
	struct linux_cmsghdr header;
	size_t at = 0;

	for (; control && at + sizeof(header) <= control->capacity;
	     at += ALIGN_UP(header.length, sizeof(uint64_t))) {
		size_t count;

		memcpy(&header, control->data + at, sizeof(header));
		if (header.length < sizeof(header) || header.length > control->capacity - at)
			return -EINVAL;
		if (header.level != SOL_SOCKET || header.type != SCM_RIGHTS)
			continue;
		count = (header.length - sizeof(header)) / sizeof(int);
		if (out->files || count > UNIX_FILES_MAX)
			return -EINVAL;
		out->files = kcalloc(MAX(count, 1ul), sizeof(struct file *));
		if (!out->files)
			return -ENOMEM;
		for (size_t i = 0; i < count; i++) {
			int fd;

			memcpy(&fd, control->data + at + sizeof(header) + i * sizeof(fd),
			       sizeof(fd));
			out->files[i] = fd_get(fd);
			if (!out->files[i])
				return -EBADF;
			out->file_count++;
		}
	}
	return 0;
}

/* The next SIZE bytes of MESSAGE as a message of ours. 0 or -errno. */
static int make_message(struct unix_socket *self, struct socket_message *message, size_t size,
			struct unix_message **out)
{
	arch_irq_state_t irq;
	struct unix_message *made = kmalloc(sizeof(*made) + size);
	int64_t moved;
	int error;

	if (!made)
		return -ENOBUFS;
	*made = (struct unix_message){.size = size};
	moved = file_io_get(message->io, made->data, size);
	error = moved == (int64_t)size ? take_files(message, made) : -EFAULT;
	if (error) {
		free_message(made);
		return error;
	}
	irq = spin_lock(&unix_lock);
	made->from = self->name;
	spin_unlock(&unix_lock, irq);
	message->control = NULL; /* once only */
	*out = made;
	return 0;
}

/* Queues MESSAGE at TO: 0, -EAGAIN when there is no room, or why it never will. */
static int queue_message(struct unix_socket *self, struct unix_socket *to,
			 struct unix_message *message)
{
	arch_irq_state_t irq;
	int error = 0;

	irq = spin_lock(&unix_lock);
	if (atomic_load(&self->shut_write))
		error = -EPIPE;
	else if (atomic_load(&to->closed))
		error = self->socket.type == SOCK_DGRAM ? -ECONNREFUSED : -EPIPE;
	else if (atomic_load(&to->shut_read))
		error = -EPIPE;
	else if (!has_room(self, to))
		error = -EAGAIN;
	if (!error) {
		list_push_back(&to->queue, &message->node);
		atomic_fetch_add(&to->queued, message->size);
		atomic_fetch_add(&to->waiting, 1);
	}
	spin_unlock(&unix_lock, irq);
	if (!error)
		socket_wake(&to->socket);
	return error;
}

/* Waits for room at TO. A receiver that SELF is not connected to wakes nobody: then its queue is
 * looked at. Whoever had to wait is told of a reset first. */
static int wait_room(struct unix_socket *self, struct unix_socket *to, uint64_t deadline)
{
	int error =
		socket_wait(&to->socket, deadline,
			    has_room(self, to) || atomic_load(&to->closed) ||
				    atomic_load(&self->shut_write) || atomic_load(&to->shut_read));

	return error ? error : socket_take_error(&self->socket);
}

/* Sends one message or piece to TO, waiting for room. Bytes or -errno. */
static int64_t send_one(struct unix_socket *self, struct unix_socket *to,
			struct socket_message *message, size_t size, uint64_t deadline)
{
	struct unix_message *made;
	int error = make_message(self, message, size, &made);

	if (error)
		return error;
	while ((error = queue_message(self, to, made)) == -EAGAIN) {
		error = wait_room(self, to, deadline);
		if (error)
			break;
	}
	if (error)
		free_message(made);
	return error ? error : (int64_t)size;
}

static int64_t send_all(struct unix_socket *self, struct unix_socket *to,
			struct socket_message *message)
{
	uint64_t deadline = socket_deadline(message->flags, self->socket.options.send_timeout_ns);
	size_t done = 0;
	int64_t moved;

	if (self->socket.type != SOCK_STREAM) {
		if (message->io->remaining > self->socket.options.send_buffer)
			return -EMSGSIZE;
		return send_one(self, to, message, message->io->remaining, deadline);
	}
	while (message->io->remaining) {
		moved = send_one(self, to, message, MIN(message->io->remaining, PIECE_MAX),
				 deadline);
		if (moved < 0)
			return done ? (int64_t)done : moved;
		done += (size_t)moved;
	}
	return (int64_t)done;
}

/* The receiver with a reference: whom MESSAGE names, or the peer. */
static int receiver(struct unix_socket *self, const struct socket_message *message,
		    struct unix_socket **out)
{
	arch_irq_state_t irq;
	if (message->to && self->socket.type == SOCK_DGRAM)
		return unix_find(message->to, out);
	irq = spin_lock(&unix_lock);
	*out = self->peer;
	if (*out)
		atomic_fetch_add(&(*out)->references, 1);
	spin_unlock(&unix_lock, irq);
	if (*out)
		return message->to ? -EISCONN : 0;
	return message->to && self->socket.type == SOCK_STREAM ? -EOPNOTSUPP : -ENOTCONN;
}

int64_t unix_send(struct socket *socket, struct socket_message *message)
{
	struct unix_socket *self = unix_of(socket), *to = NULL;
	int64_t result = socket_take_error(socket);

	if (message->flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (!result)
		result = receiver(self, message, &to);
	if (!result && to->socket.type != self->socket.type)
		result = -EPROTOTYPE;
	if (!result)
		result = send_all(self, to, message);
	if (to)
		unix_put(to);
	return result == -EPIPE ? socket_broken_pipe(message->flags) : result;
}

/* Gives the program the files of FROM as descriptors. */
static void deliver_files(struct socket_message *message, struct unix_message *from)
{
	size_t room = message->control ? message->control->capacity - message->control->size : 0;
	bool close_on_exec = message->flags & MSG_CMSG_CLOEXEC;
	int fds[UNIX_FILES_MAX];
	unsigned count = 0;

	room = room > sizeof(struct linux_cmsghdr)
		       ? (room - sizeof(struct linux_cmsghdr)) / sizeof(int)
		       : 0;
	while (count < MIN((size_t)from->file_count, room)) {
		file_get(from->files[count]);
		fds[count] = fd_install(from->files[count], 0, close_on_exec);
		if (fds[count] < 0) {
			file_put(from->files[count]);
			break;
		}
		count++;
	}
	if (count < from->file_count)
		message->out_flags |= MSG_CTRUNC;
	if (count)
		socket_control_put(message, SOL_SOCKET, SCM_RIGHTS, fds, count * sizeof(int));
}

/* Takes SIZE bytes of the first message; all of it unless it is a stream's. */
static void consume(struct unix_socket *self, struct unix_message *message, size_t size)
{
	arch_irq_state_t irq;
	bool whole = self->socket.type != SOCK_STREAM || message->skip + size == message->size;
	struct unix_socket *peer;

	irq = spin_lock(&unix_lock);
	atomic_fetch_sub(&self->queued, whole ? message->size - message->skip : size);
	message->skip += size;
	if (whole) {
		list_remove(&message->node);
		atomic_fetch_sub(&self->waiting, 1);
	}
	peer = self->peer;
	if (peer)
		atomic_fetch_add(&peer->references, 1);
	spin_unlock(&unix_lock, irq);
	if (whole)
		free_message(message);
	socket_wake(&self->socket); /* senders wait at the receiver, */
	if (peer) {
		socket_wake(&peer->socket); /* and poll at themselves */
		unix_put(peer);
	}
}

static struct unix_message *first(struct unix_socket *self)
{
	arch_irq_state_t irq;
	struct list_node *node;

	irq = spin_lock(&unix_lock);
	node = list_front(&self->queue);
	spin_unlock(&unix_lock, irq);
	return node ? list_entry(node, struct unix_message, node) : NULL;
}

/* Part of a stream, or one message: bytes, -EAGAIN when nothing is there, or -EFAULT. */
static int64_t receive_piece(struct unix_socket *self, struct socket_message *message, bool *last)
{
	struct unix_message *from = first(self);
	size_t left, wanted;
	int64_t moved;

	if (!from)
		return -EAGAIN;
	left = from->size - from->skip;
	wanted = MIN(left, message->io->remaining);
	moved = file_io_put(message->io, from->data + from->skip, wanted);
	if (moved < 0)
		return moved;
	*last = self->socket.type != SOCK_STREAM || from->file_count;
	if (message->from)
		*message->from = from->from;
	if (from->file_count && !from->skip)
		deliver_files(message, from);
	if (self->socket.type != SOCK_STREAM && wanted < left)
		message->out_flags |= MSG_TRUNC;
	if (self->socket.type != SOCK_STREAM && message->flags & MSG_TRUNC)
		moved = (int64_t)left;
	if (!(message->flags & MSG_PEEK))
		consume(self, from, wanted);
	else
		*last = true;
	return moved;
}

/* What is there now, up to what is wanted. *LAST: the call ends with it. */
static int64_t receive_now(struct unix_socket *self, struct socket_message *message, bool *last)
{
	int64_t done = 0, moved = 0;

	mutex_lock(&self->read_lock);
	do {
		moved = receive_piece(self, message, last);
		if (moved < 0)
			break;
		done += moved;
	} while (message->io->remaining && !*last);
	mutex_unlock(&self->read_lock);
	return moved < 0 && !done ? moved : done;
}

static bool readable(struct unix_socket *self)
{
	return atomic_load(&self->waiting) || atomic_load(&self->shut_read) ||
	       atomic_load(&self->socket.error);
}

int64_t unix_receive(struct socket *socket, struct socket_message *message)
{
	struct unix_socket *self = unix_of(socket);
	uint64_t deadline = socket_deadline(message->flags, socket->options.receive_timeout_ns);
	bool all = message->flags & MSG_WAITALL && socket->type == SOCK_STREAM, last = false;
	size_t done = 0;

	if (message->flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (socket->type != SOCK_DGRAM && (socket->listening || (!self->peer && !self->queued)))
		return socket->listening ? -EINVAL : -ENOTCONN;
	for (;;) {
		bool ended = atomic_load(&self->shut_read); /* before the look at the queue */
		int64_t result = receive_now(self, message, &last);

		if (result != -EAGAIN) {
			if (result < 0)
				return done ? (int64_t)done : result;
			done += (size_t)result;
			if (!all || last || !message->io->remaining)
				return (int64_t)done;
			continue;
		}
		result = socket_take_error(socket);
		if (result || ended)
			return done ? (int64_t)done : result;
		result = socket_wait(socket, deadline, readable(self));
		if (result)
			return done ? (int64_t)done : result;
	}
}
