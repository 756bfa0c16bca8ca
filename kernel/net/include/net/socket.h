/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sockets: what the system calls use, and what an address family offers.
 *
 * A socket is an open file (FILE_STREAM, file->data). socket.c has what all families share: the
 * file's operations, waiting, SOL_SOCKET's options. A family fills in struct socket_ops and embeds
 * struct socket in its own structure; families.c knows all families.
 *
 * All functions: task context, no lock held; they may block. Results are >= 0 or -errno.
 */
#ifndef NET_SOCKET_H
#define NET_SOCKET_H

#include <file/file.h>
#include <net/abi.h>
#include <stdatomic.h>

struct socket;

/* A socket address (struct sockaddr_*) in kernel memory. */
#define SOCKET_ADDRESS_MAX 128u
struct socket_address {
	uint32_t size; /* bytes that are valid; 0: none */
	union {
		uint16_t family;
		uint64_t alignment;
		uint8_t bytes[SOCKET_ADDRESS_MAX];
	};
};

/* Control messages (cmsg(3)) in kernel memory. */
#define SOCKET_CONTROL_MAX 4096u
struct socket_control {
	uint8_t *data;
	size_t capacity; /* receive: room; send: bytes given */
	size_t size;	 /* receive: bytes filled in */
};

/* One message to send, or to receive into. */
struct socket_message {
	struct file_io *io;
	unsigned flags;			 /* MSG_*; MSG_DONTWAIT also for O_NONBLOCK */
	const struct socket_address *to; /* send: or NULL */
	struct socket_address *from;	 /* receive: filled in; NULL: not wanted */
	struct socket_control *control;	 /* or NULL */
	unsigned out_flags;		 /* receive: MSG_TRUNC ... for msg_flags */
};

/* NULL: the family does not offer it, -EOPNOTSUPP (set_option, get_option: -ENOPROTOOPT). */
struct socket_ops {
	int (*bind)(struct socket *socket, const struct socket_address *address);
	int (*listen)(struct socket *socket, unsigned backlog);
	/* A connection that waits, as a new socket without file, or -EAGAIN. Does not block. */
	int (*accept)(struct socket *socket, struct socket **out);
	/* Starts to connect. 0: done, -EINPROGRESS: socket_connect waits until `connecting` says
	 * that the attempt has ended, and `connect_result` how (once). */
	int (*connect)(struct socket *socket, const struct socket_address *address);
	bool (*connecting)(struct socket *socket); /* does not block */
	int (*connect_result)(struct socket *socket);
	/* Bytes moved. Both block by themselves (socket_wait), unless MSG_DONTWAIT. */
	int64_t (*send)(struct socket *socket, struct socket_message *message);
	int64_t (*receive)(struct socket *socket, struct socket_message *message);
	int (*shutdown)(struct socket *socket, int how);
	int (*name)(struct socket *socket, bool peer, struct socket_address *address);
	unsigned (*poll)(struct socket *socket); /* POLLIN ... that hold now */
	/* Levels other than SOL_SOCKET, and of SOL_SOCKET what is the family's alone. */
	int (*set_option)(struct socket *socket, int level, int name, const void *value,
			  size_t size);
	/* *SIZE: room in VALUE, then what is filled in. */
	int (*get_option)(struct socket *socket, int level, int name, void *value, size_t *size);
	/* An option of any level has been set. */
	void (*options_changed)(struct socket *socket);
	long (*ioctl)(struct socket *socket, unsigned command, uintptr_t argument);
	/* The last reference has gone; frees the structure that SOCKET is part of. */
	void (*release)(struct socket *socket);
};

/* SOL_SOCKET's options, set by socket_option_set. Single words: read without a lock. */
struct socket_options {
	bool reuse_address, reuse_port, keep_alive, broadcast, no_check, dont_route, timestamp,
		oob_inline, pass_credentials;
	bool linger;
	uint32_t linger_seconds;
	uint32_t send_buffer, receive_buffer; /* as Linux shows them: twice what was set */
	bool send_buffer_set, receive_buffer_set;
	uint32_t receive_low; /* SO_RCVLOWAT */
	uint32_t priority, mark;
	uint64_t receive_timeout_ns, send_timeout_ns; /* TIME_NEVER: none */
	char device[16];			      /* SO_BINDTODEVICE */
};

struct socket {
	const struct socket_ops *ops;
	uint16_t family;
	uint16_t type; /* SOCK_STREAM ... */
	int protocol;
	uint64_t number;	 /* its inode's; 0: it has no file yet */
	_Atomic int error;	 /* SO_ERROR: an errno > 0 that is told once */
	bool listening;		 /* SO_ACCEPTCONN; the family's lock */
	struct wait_queue queue; /* woken at each change; the file's poll queue */
	struct socket_options options;
};

/* For families. */

void socket_init(struct socket *socket, const struct socket_ops *ops, int family, int type,
		 int protocol);
/* SOCKET as a new file, whose reference is the caller's; owns SOCKET from then on. 0 or -ENOMEM. */
must_check int socket_open(struct socket *socket, unsigned file_flags, struct file **out);
/* Takes the pending error: 0 or -errno. */
int socket_take_error(struct socket *socket);
static inline void socket_wake(struct socket *socket)
{
	wait_queue_wake(&socket->queue, WAIT_ALL);
}
/* When a call that starts now has to give up: 0 (at once) with MSG_DONTWAIT. */
uint64_t socket_deadline(unsigned message_flags, uint64_t timeout_ns);
/* What a call returns whose wait until DEADLINE_NS has ended with RESULT (-EINTR, -ETIMEDOUT). */
int socket_wait_error(int result, uint64_t deadline_ns);
/* Waits until CONDITION (as for wait_event) or DEADLINE_NS: 0 or the call's result. */
#define socket_wait(socket, deadline_ns, condition)                                                \
	({                                                                                         \
		uint64_t until_ = (deadline_ns);                                                   \
		int result_;                                                                       \
		if (condition)                                                                     \
			result_ = 0;                                                               \
		else if (!until_)                                                                  \
			result_ = -EAGAIN;                                                         \
		else                                                                               \
			result_ =                                                                  \
				socket_wait_error(wait_event(&(socket)->queue, WAIT_INTERRUPTIBLE, \
							     until_, condition),                   \
						  until_);                                         \
		result_;                                                                           \
	})
/* -EPIPE, with SIGPIPE unless MSG_NOSIGNAL is in FLAGS. */
int socket_broken_pipe(unsigned message_flags);
/* Appends a control message; what does not fit is cut and marked. CONTROL may be NULL. */
void socket_control_put(struct socket_message *message, int level, int type, const void *data,
			size_t size);
/* Option values: copies what fits, as Linux does for those that are integers. */
int socket_option_int(const void *value, size_t size, int *out);
int socket_option_return(void *value, size_t *size, const void *data, size_t data_size);

/* For system calls. */

/* The socket behind FILE, or NULL (-ENOTSOCK). */
struct socket *socket_of(struct file *file);
must_check int socket_create(int family, int type, int protocol, unsigned file_flags,
			     struct file **out);
must_check int socket_pair(int family, int type, int protocol, unsigned file_flags,
			   struct file *ends[2]);
must_check int socket_bind(struct socket *socket, const struct socket_address *address);
must_check int socket_listen(struct socket *socket, int backlog);
/* NONBLOCKING: of the listening file. PEER may be NULL. */
must_check int socket_accept(struct socket *socket, bool nonblocking, unsigned file_flags,
			     struct socket_address *peer, struct file **out);
must_check int socket_connect(struct socket *socket, const struct socket_address *address,
			      bool nonblocking);
int64_t socket_send(struct file *file, struct socket_message *message);
int64_t socket_receive(struct file *file, struct socket_message *message);
must_check int socket_shutdown(struct socket *socket, int how);
must_check int socket_name(struct socket *socket, bool peer, struct socket_address *address);
must_check int socket_option_set(struct socket *socket, int level, int name, const void *value,
				 size_t size);
must_check int socket_option_get(struct socket *socket, int level, int name, void *value,
				 size_t *size);

/* Families (families.c). */
struct socket_family {
	int family;
	/* A socket of TYPE, or -ESOCKTNOSUPPORT, -EPROTONOSUPPORT, -ENOBUFS. */
	int (*create)(int family, int type, int protocol, struct socket **out);
	/* Two that are connected; NULL: -EOPNOTSUPP. */
	int (*pair)(int family, int type, int protocol, struct socket *out[2]);
};

#endif /* NET_SOCKET_H */
