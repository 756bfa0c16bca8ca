/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Linux's socket ABI as far as the UAPI headers leave it out: address families, socket types, flags
 * of messages (socket(2), send(2), recv(2)). Options are in <asm/socket.h>, <linux/in.h>,
 * <linux/in6.h>, <linux/tcp.h>.
 */
#ifndef NET_ABI_H
#define NET_ABI_H

#include <lib/compiler.h>
#include <lib/types.h>

#define AF_UNSPEC	 0
#define AF_UNIX		 1
#define AF_INET		 2
#define AF_INET6	 10
#define AF_NETLINK	 16
#define AF_PACKET	 17
#define AF_MAX		 46

#define SOCK_STREAM	 1
#define SOCK_DGRAM	 2
#define SOCK_RAW	 3
#define SOCK_RDM	 4
#define SOCK_SEQPACKET	 5
#define SOCK_DCCP	 6
#define SOCK_PACKET	 10
#define SOCK_TYPE_MASK	 0xf
#define SOCK_MAX	 11
#define SOCK_CLOEXEC	 02000000
#define SOCK_NONBLOCK	 04000

#define SHUT_RD		 0
#define SHUT_WR		 1
#define SHUT_RDWR	 2

#define SOMAXCONN	 4096

#define MSG_OOB		 0x1u
#define MSG_PEEK	 0x2u
#define MSG_DONTROUTE	 0x4u
#define MSG_CTRUNC	 0x8u
#define MSG_TRUNC	 0x20u
#define MSG_DONTWAIT	 0x40u
#define MSG_EOR		 0x80u
#define MSG_WAITALL	 0x100u
#define MSG_CONFIRM	 0x800u
#define MSG_ERRQUEUE	 0x2000u
#define MSG_NOSIGNAL	 0x4000u
#define MSG_MORE	 0x8000u
#define MSG_WAITFORONE	 0x10000u
#define MSG_ZEROCOPY	 0x4000000u
#define MSG_FASTOPEN	 0x20000000u
#define MSG_CMSG_CLOEXEC 0x40000000u

#define SCM_RIGHTS	 1
#define SCM_CREDENTIALS	 2

struct linux_msghdr {
	uint64_t name;
	int32_t name_size;
	uint32_t pad;
	uint64_t vector;
	uint64_t vector_count;
	uint64_t control;
	uint64_t control_size;
	uint32_t flags;
	uint32_t pad2;
};
_Static_assert(sizeof(struct linux_msghdr) == 56, "struct msghdr");

struct linux_mmsghdr {
	struct linux_msghdr header;
	uint32_t length;
	uint32_t pad;
};
_Static_assert(sizeof(struct linux_mmsghdr) == 64, "struct mmsghdr");

struct linux_cmsghdr {
	uint64_t length; /* with this header */
	int32_t level;
	int32_t type;
};
_Static_assert(sizeof(struct linux_cmsghdr) == 16, "struct cmsghdr");

struct linux_linger {
	int32_t on;
	int32_t seconds;
};

struct linux_ucred {
	uint32_t pid, uid, gid;
};

#endif /* NET_ABI_H */
