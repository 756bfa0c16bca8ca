/* SPDX-License-Identifier: BSD-3-Clause */
/* What lwIP needs of compiler and kernel (see lwip/arch.h). */
#ifndef NET_PORT_ARCH_CC_H
#define NET_PORT_ARCH_CC_H

#include <lib/compiler.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define LWIP_NO_INTTYPES_H 1
#define LWIP_NO_LIMITS_H   1
#define LWIP_NO_CTYPE_H	   1
#define LWIP_NO_UNISTD_H   1

#define X8_F		   "x"
#define U16_F		   "u"
#define S16_F		   "d"
#define X16_F		   "x"
#define U32_F		   "u"
#define S32_F		   "d"
#define X32_F		   "x"
#define SZT_F		   "zu"
#define INT_MAX		   __INT_MAX__
#define SSIZE_MAX	   __LONG_MAX__
typedef long ssize_t;

/* stack.c; see there. */
void net_assert_locked(void);
noreturn void net_lwip_panic(int line);
uint32_t net_random(void);
uint16_t net_checksum(const void *data, int size);
void *net_malloc(size_t size);
void *net_calloc(size_t count, size_t size);
void net_free(void *memory);
void net_copy_user(void *to, const void *from, size_t size);
/* The largest window of the connection that lwIP works on now (tcp_window.c); all send buffers'. */
extern uint32_t net_tcp_window, net_tcp_send_buffer;

#define LWIP_PLATFORM_DIAG(x)                                                                      \
	do {                                                                                       \
	} while (0)
/* The report of a panic names the function; lwIP's messages would be 8 KiB of the image. */
#define LWIP_PLATFORM_ASSERT(x) net_lwip_panic(__LINE__)
#define LWIP_RAND()		net_random()

/* tcp_write() may be given the application's memory: the lower half of the address space. */
static inline void *net_copy(void *to, const void *from, size_t size)
{
	if ((intptr_t)from >= 0)
		net_copy_user(to, from, size);
	else
		memcpy(to, from, size);
	return to;
}
#define MEMCPY(to, from, size) net_copy(to, from, size)

#endif /* NET_PORT_ARCH_CC_H */
