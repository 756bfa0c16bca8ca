/* SPDX-License-Identifier: BSD-3-Clause */
/* Sockets: creation, addresses, connections, options. */
#include <syscalls/socket.h>

#include <arch/user.h>
#include <asm/errno.h>
#include <asm/fcntl.h>
#include <lib/string.h>

#define OPTION_MAX 256u /* no option is larger */

_Static_assert(SOCK_NONBLOCK == O_NONBLOCK && SOCK_CLOEXEC == O_CLOEXEC, "socket(2)");

struct socket *socket_get(int fd, struct file **file, int *error)
{
	struct socket *socket = NULL;

	*file = fd_get(fd);
	*error = -EBADF;
	if (!*file)
		return NULL;
	if (!((*file)->kind & FILE_PATH_ONLY)) {
		socket = socket_of(*file);
		*error = socket ? 0 : -ENOTSOCK;
	}
	if (!socket)
		file_put(*file);
	return socket;
}

int socket_address_from_user(struct socket_address *address, uintptr_t from, int size)
{
	memset(address, 0, sizeof(*address));
	if (size < 0 || (unsigned)size > sizeof(address->bytes))
		return -EINVAL;
	address->size = (uint32_t)size;
	return size ? arch_user_read(address->bytes, from, (size_t)size) : 0;
}

int socket_address_to_user(const struct socket_address *address, uintptr_t to, uintptr_t size_at)
{
	int room;

	if (arch_user_read(&room, size_at, sizeof(room)))
		return -EFAULT;
	if (room < 0)
		return -EINVAL;
	if (arch_user_write(to, address->bytes, MIN((uint32_t)room, address->size)))
		return -EFAULT;
	return arch_user_write(size_at, &address->size, sizeof(address->size));
}

/* Gives FILE, whose reference it takes in any case, a descriptor. */
static long install(struct file *file, unsigned flags)
{
	long fd = fd_install(file, 0, flags & SOCK_CLOEXEC);

	if (fd < 0)
		file_put(file);
	return fd;
}

static bool flags_ok(unsigned flags)
{
	return !(flags & ~(unsigned)(SOCK_CLOEXEC | SOCK_NONBLOCK));
}

/* socket(family, type, protocol) */
SYSCALL(socket)
{
	unsigned flags = (unsigned)a1 & ~(unsigned)SOCK_TYPE_MASK;
	struct file *file;
	int error;

	if (!flags_ok(flags))
		return -EINVAL;
	error = socket_create((int)a0, (int)a1 & SOCK_TYPE_MASK, (int)a2, flags & SOCK_NONBLOCK,
			      &file);
	return error ? error : install(file, flags);
}

/* socketpair(family, type, protocol, fds) */
SYSCALL(socketpair)
{
	unsigned flags = (unsigned)a1 & ~(unsigned)SOCK_TYPE_MASK;
	struct file *ends[2];
	int fds[2], error;

	if (!flags_ok(flags))
		return -EINVAL;
	error = socket_pair((int)a0, (int)a1 & SOCK_TYPE_MASK, (int)a2, flags & SOCK_NONBLOCK,
			    ends);
	if (error)
		return error;
	fds[0] = (int)install(ends[0], flags);
	if (fds[0] < 0) {
		file_put(ends[1]);
		return fds[0];
	}
	fds[1] = (int)install(ends[1], flags);
	error = fds[1] < 0 ? fds[1] : arch_user_write((uintptr_t)a3, fds, sizeof(fds));
	if (!error)
		return 0;
	fd_close(fds[0]);
	if (fds[1] >= 0)
		fd_close(fds[1]);
	return error;
}

static long address_call(int fd, uintptr_t from, int size, bool connect)
{
	struct socket_address address;
	struct file *file;
	int error;
	struct socket *socket = socket_get(fd, &file, &error);

	if (!socket)
		return error;
	error = socket_address_from_user(&address, from, size);
	if (!error)
		error = connect ? socket_connect(socket, &address, file_nonblocking(file))
				: socket_bind(socket, &address);
	file_put(file);
	return error;
}

/* bind(fd, address, size) */
SYSCALL(bind)
{
	return address_call((int)a0, (uintptr_t)a1, (int)a2, false);
}

/* listen(fd, backlog) */
SYSCALL(listen)
{
	struct file *file;
	int error;
	struct socket *socket = socket_get((int)a0, &file, &error);

	if (!socket)
		return error;
	error = socket_listen(socket, (int)a1);
	file_put(file);
	return error;
}

static long accept_on(struct file *listener, struct socket *socket, uintptr_t address,
		      uintptr_t size_at, unsigned flags)
{
	struct socket_address peer;
	struct file *file;
	int error = socket_accept(socket, file_nonblocking(listener), flags & SOCK_NONBLOCK,
				  address ? &peer : NULL, &file);

	if (!error && address)
		error = socket_address_to_user(&peer, address, size_at);
	else if (error)
		return error;
	if (!error)
		return install(file, flags);
	file_put(file);
	return error;
}

static long accept_call(int fd, uintptr_t address, uintptr_t size_at, unsigned flags)
{
	struct socket *socket;
	struct file *file;
	long result;
	int error;

	if (!flags_ok(flags))
		return -EINVAL;
	socket = socket_get(fd, &file, &error);
	if (!socket)
		return error;
	result = accept_on(file, socket, address, size_at, flags);
	file_put(file);
	return result;
}

/* accept(fd, address, size pointer) */
SYSCALL(accept)
{
	return accept_call((int)a0, (uintptr_t)a1, (uintptr_t)a2, 0);
}

/* accept4(fd, address, size pointer, flags) */
SYSCALL(accept4)
{
	return accept_call((int)a0, (uintptr_t)a1, (uintptr_t)a2, (unsigned)a3);
}

/* connect(fd, address, size) */
SYSCALL(connect)
{
	return address_call((int)a0, (uintptr_t)a1, (int)a2, true);
}

static long name_call(int fd, uintptr_t to, uintptr_t size_at, bool peer)
{
	struct socket_address address = {.size = 0};
	struct file *file;
	int error;
	struct socket *socket = socket_get(fd, &file, &error);

	if (!socket)
		return error;
	error = socket_name(socket, peer, &address);
	if (!error)
		error = socket_address_to_user(&address, to, size_at);
	file_put(file);
	return error;
}

/* getsockname(fd, address, size pointer) */
SYSCALL(getsockname)
{
	return name_call((int)a0, (uintptr_t)a1, (uintptr_t)a2, false);
}

/* getpeername(fd, address, size pointer) */
SYSCALL(getpeername)
{
	return name_call((int)a0, (uintptr_t)a1, (uintptr_t)a2, true);
}

/* shutdown(fd, how) */
SYSCALL(shutdown)
{
	struct file *file;
	int error;
	struct socket *socket = socket_get((int)a0, &file, &error);

	if (!socket)
		return error;
	error = socket_shutdown(socket, (int)a1);
	file_put(file);
	return error;
}

/* setsockopt(fd, level, name, value, size) */
SYSCALL(setsockopt)
{
	uint8_t value[OPTION_MAX] = {0};
	size_t size = MIN((size_t)(int)a4, sizeof(value));
	struct socket *socket;
	struct file *file;
	int error;

	if ((int)a4 < 0)
		return -EINVAL;
	socket = socket_get((int)a0, &file, &error);
	if (!socket)
		return error;
	error = arch_user_read(value, (uintptr_t)a3, size);
	if (!error)
		error = socket_option_set(socket, (int)a1, (int)a2, value, size);
	file_put(file);
	return error;
}

/* getsockopt(fd, level, name, value, size pointer) */
SYSCALL(getsockopt)
{
	uint8_t value[OPTION_MAX] = {0};
	struct socket *socket;
	int room, error;
	struct file *file;
	size_t size;

	socket = socket_get((int)a0, &file, &error);
	if (!socket)
		return error;
	error = arch_user_read(&room, (uintptr_t)a4, sizeof(room));
	if (!error && room < 0)
		error = -EINVAL;
	if (!error) {
		size = MIN((size_t)room, sizeof(value));
		error = socket_option_get(socket, (int)a1, (int)a2, value, &size);
	}
	file_put(file);
	if (error)
		return error;
	room = (int)size;
	if (arch_user_write((uintptr_t)a3, value, size))
		return -EFAULT;
	return arch_user_write((uintptr_t)a4, &room, sizeof(room));
}
