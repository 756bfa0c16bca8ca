/* SPDX-License-Identifier: BSD-3-Clause */
/* AF_UNIX inside the isle. Shared by unix_*.c. */
#ifndef NET_UNIX_H
#define NET_UNIX_H

#include <core/spinlock.h>
#include <net/socket.h>
#include <sched/mutex.h>

#define UNIX_FILES_MAX 253u /* of one message, as on Linux */

struct unix_message {
	struct list_node node;
	size_t size, skip; /* bytes, and how many of them are done */
	struct socket_address from;
	struct file **files; /* SCM_RIGHTS */
	unsigned file_count;
	uint8_t data[];
};

/* A socket lives as long as its file or a peer refers to it. All but the atomics under unix_lock.
 */
struct unix_socket {
	struct socket socket;
	_Atomic unsigned references;
	struct socket_address name; /* size 0: none */
	struct list_node named;	    /* in the table of names */
	struct unix_socket *peer;   /* with a reference; once connected it stays */
	struct list children;	    /* listening: connections that wait, oldest first */
	struct list_node sibling;
	unsigned child_count, backlog;
	struct list queue;		/* messages, oldest first */
	_Atomic size_t queued, waiting; /* bytes, messages and connections */
	_Atomic bool closed, shut_read, shut_write;
	struct mutex read_lock; /* whoever takes from the queue; before unix_lock */
};

extern struct spinlock unix_lock;

static inline struct unix_socket *unix_of(struct socket *socket)
{
	return container_of(socket, struct unix_socket, socket);
}

/* unix_socket.c */
void unix_put(struct unix_socket *unix_socket);
/* The socket that ADDRESS names, with a reference. 0 or -errno. */
must_check int unix_find(const struct socket_address *address, struct unix_socket **out);

/* unix_message.c */
int64_t unix_send(struct socket *socket, struct socket_message *message);
int64_t unix_receive(struct socket *socket, struct socket_message *message);
/* Can SOCKET send now, or never again? */
bool unix_writable(struct unix_socket *unix_socket);
/* Frees the messages of LIST, the files in them too. No lock held. */
void unix_drop_messages(struct list *list);

#endif /* NET_UNIX_H */
