/* SPDX-License-Identifier: BSD-3-Clause */
/* Sockets. */
#ifndef SYSCALLS_SOCKET_H
#define SYSCALLS_SOCKET_H

#include <net/socket.h>
#include <syscalls/entry.h>

SYSCALL(socket);
SYSCALL(socketpair);
SYSCALL(bind);
SYSCALL(listen);
SYSCALL(accept);
SYSCALL(accept4);
SYSCALL(connect);
SYSCALL(getsockname);
SYSCALL(getpeername);
SYSCALL(shutdown);
SYSCALL(setsockopt);
SYSCALL(getsockopt);
SYSCALL(sendto);
SYSCALL(recvfrom);
SYSCALL(sendmsg);
SYSCALL(recvmsg);
SYSCALL(sendmmsg);
SYSCALL(recvmmsg);

/* The socket behind descriptor FD with a reference to its file in *FILE, or NULL and -EBADF or
 * -ENOTSOCK in *ERROR. */
struct socket *socket_get(int fd, struct file **file, int *error);

/* Addresses in the application's memory. 0, -EFAULT or -EINVAL. */
must_check int socket_address_from_user(struct socket_address *address, uintptr_t from, int size);
/* As accept(2) and recvfrom(2) give them: SIZE_AT is where the room is found, and the address's
 * full size put. */
must_check int socket_address_to_user(const struct socket_address *address, uintptr_t to,
				      uintptr_t size_at);

#endif /* SYSCALLS_SOCKET_H */
