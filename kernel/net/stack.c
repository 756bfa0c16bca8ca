/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The core lock, the stack's start at the first socket, and what lwIP asks of the kernel: memory,
 * random numbers, time, checksums.
 *
 * lwIP runs in the context of whoever calls: a system call that sends, the network task for what a
 * card has received and for timers. Packets that a section under the lock has sent to this machine
 * itself are queued by lwIP and delivered by net_unlock, so that lwIP never enters itself.
 */
#include "stack.h"

#include <arch/user.h>
#include <asm/errno.h>
#include <core/clock.h>
#include <core/panic.h>
#include <core/random.h>
#include <lib/assert.h>
#include <lwip/init.h>
#include <lwip/netif.h>
#include <lwip/sys.h>
#include <mm/frame.h>
#include <mm/heap.h>
#include <net/net.h>

#include "hooks.h"
#include "netif.h"
#include "udp.h"

/* Sizes of TCP's buffers: a share of the machine's memory within these bounds. The window can be
 * scaled to more, but a stream on a network with round trips of milliseconds gains nothing. */
#define BUFFER_MIN   (64u << 10)
#define BUFFER_MAX   (1u << 20)
#define BUFFER_SHARE 128u

struct mutex net_core;
uint32_t net_tcp_window = BUFFER_MIN, net_tcp_send_buffer = BUFFER_MIN;
uint32_t net_tcp_window_max = BUFFER_MIN;

static const char *cmdline = "";
static _Atomic bool started;

void net_setup(const char *line)
{
	cmdline = line;
	mutex_init(&net_core);
}

const char *net_cmdline(void)
{
	return cmdline;
}

void net_lock(void)
{
	mutex_lock(&net_core);
}

void net_unlock(void)
{
	netif_poll_all();
	netif_flush();
	net_timers_update();
	mutex_unlock(&net_core);
}

void net_assert_locked(void)
{
	ASSERT(mutex_held(&net_core));
}

bool net_started(void)
{
	return atomic_load_explicit(&started, memory_order_acquire);
}

static void size_buffers(void) REQUIRES(net_core)
{
	struct mm_frame_stats frames;
	uint64_t share;

	mm_frame_stats(&frames);
	share = frames.total * PAGE_SIZE / BUFFER_SHARE;
	net_tcp_window = (uint32_t)MIN(MAX(share, (uint64_t)BUFFER_MIN), (uint64_t)BUFFER_MAX);
	net_tcp_window_max = net_tcp_send_buffer = net_tcp_window;
}

/* The loopback interface: no checksums, the largest packets. */
static void set_up_loopback(void) REQUIRES(net_core)
{
	struct netif *loopback = netif_get_by_index(1);

	ASSERT(loopback && loopback->name[0] == 'l');
	loopback->mtu = UINT16_MAX;
	loopback->mtu6 = UINT16_MAX;
	NETIF_SET_CHECKSUM_CTRL(loopback, NETIF_CHECKSUM_DISABLE_ALL);
}

int net_start(void)
{
	if (net_started())
		return 0;
	net_lock();
	if (!net_started()) {
		size_buffers();
		lwip_init();
		set_up_loopback();
		net_timers_start();
		udp_errors_start();
		netif_start();
		atomic_store_explicit(&started, true, memory_order_release);
	}
	net_unlock();
	return 0;
}

int net_error(err_t error)
{
	static const int numbers[] = {
		[-ERR_OK] = 0,
		[-ERR_MEM] = ENOBUFS,
		[-ERR_BUF] = ENOBUFS,
		[-ERR_TIMEOUT] = ETIMEDOUT,
		[-ERR_RTE] = ENETUNREACH,
		[-ERR_INPROGRESS] = EINPROGRESS,
		[-ERR_VAL] = EINVAL,
		[-ERR_WOULDBLOCK] = EAGAIN,
		[-ERR_USE] = EADDRINUSE,
		[-ERR_ALREADY] = EALREADY,
		[-ERR_ISCONN] = EISCONN,
		[-ERR_CONN] = ENOTCONN,
		[-ERR_IF] = ENETDOWN,
		[-ERR_ABRT] = ETIMEDOUT, /* lwIP gives up a connection */
		[-ERR_RST] = ECONNRESET,
		[-ERR_CLSD] = EPIPE,
		[-ERR_ARG] = EINVAL,
	};

	ASSERT(error <= 0 && (unsigned)-error < ARRAY_SIZE(numbers));
	return -numbers[-error];
}

/* The port (port/arch/cc.h, port/hooks.h). */

u32_t sys_now(void)
{
	return (u32_t)(clock_monotonic_ns() / NS_PER_MSEC);
}

void net_lwip_panic(int line)
{
	panic("lwip: an assertion of line %d does not hold", line);
}

uint32_t net_random(void)
{
	uint32_t number;

	random_fill(&number, sizeof(number));
	return number;
}

u32_t net_tcp_isn(void)
{
	return net_random();
}

void *net_malloc(size_t size)
{
	return kmalloc(size);
}

void *net_calloc(size_t count, size_t size)
{
	return kcalloc(count, size);
}

void net_free(void *memory)
{
	kfree(memory);
}

/* The caller of tcp_write has read the memory before; it can only have gone by another thread's
 * doing meanwhile, and then zeros are as good as anything. */
void net_copy_user(void *to, const void *from, size_t size)
{
	if (arch_user_read(to, (uintptr_t)from, size))
		memset(to, 0, size);
}
