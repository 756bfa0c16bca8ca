/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The host channel over shared rings (abi/ring.h), for hosts that share memory with the guest.
 *
 * Sending: tx_mutex keeps frames apart and guards the sender's state. A frame goes into the ring
 * and, where the host's state asks for it, the doorbell is rung: an exit. While a ring is on its
 * way (the host has not taken a byte since) it is not repeated. A sender that finds no room asks
 * for an interrupt (guest_waits) and waits on tx_wait. Receiving: rx_lock guards rx_head; whoever
 * holds it hands the bytes to the protocol. That is the interrupt handler, and, for replies that
 * come without an interrupt, ring_poll. Indices of the host are checked like any input: an
 * impossible one ends the channel's use.
 */
#include "channel.h"

#include <abi/boot_info.h>
#include <abi/ring.h>
#include <arch/cpu.h>
#include <arch/io.h>
#include <asm/errno.h>
#include <core/irq.h>
#include <core/log.h>
#include <core/spinlock.h>
#include <lib/assert.h>
#include <lib/string.h>
#include <mm/frame.h>
#include <sched/mutex.h>
#include <stdatomic.h>

#define DYING_POLL 200000000u

static struct {
	struct hc_shm *shm;
	uint8_t *tx, *rx;
	uint32_t tx_size, rx_size; /* powers of two */
	uint16_t doorbell;

	struct mutex tx_mutex;
	struct wait_queue tx_wait;
	uint32_t tx_tail;
	uint32_t tx_start, tx_end; /* of the frame that is being sent, or was sent last */
	bool rung;		   /* a ring is on its way since the host's index was: */
	uint32_t rung_head;

	uint32_t rx_head;
	bool broken;
} ring;

static struct spinlock rx_lock = SPINLOCK_INIT;

static uint32_t load(const uint32_t *word)
{
	return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static void store(uint32_t *word, uint32_t value)
{
	__atomic_store_n(word, value, __ATOMIC_RELEASE);
}

static void ring_doorbell(void)
{
	arch_io_out8(ring.doorbell, 0);
}

/* After a frame has been published. URGENT: somebody waits for the answer. */
static void notify_host(bool urgent)
{
	uint32_t state, head;

	arch_mb(); /* the other side: publishes its state, then looks at our index */
	state = load(&ring.shm->host_state);
	if (state == HC_HOST_BUSY || (state == HC_HOST_LOOKS && !urgent))
		return;
	head = load(&ring.shm->to_host_head);
	if (ring.rung && ring.rung_head == head)
		return;
	/* Only where something is left for the host to take does its index tell that it has come.
	 */
	ring.rung = head != ring.tx_tail;
	ring.rung_head = head;
	ring_doorbell();
}

static uint32_t tx_room(void)
{
	uint32_t used = ring.tx_tail - load(&ring.shm->to_host_head);

	return used > ring.tx_size ? 0 : ring.tx_size - used;
}

static void tx_put(const uint8_t *from, uint32_t size)
{
	uint32_t at = ring.tx_tail & (ring.tx_size - 1);
	uint32_t first = MIN(size, ring.tx_size - at);

	memcpy(ring.tx + at, from, first);
	memcpy(ring.tx, from + first, size - first);
	ring.tx_tail += size;
}

static void tx_publish(void)
{
	store(&ring.shm->to_host_tail, ring.tx_tail);
}

/* Waits until there is room. What is in the ring has to be seen by the host for that. */
static void tx_wait_room(void)
{
	tx_publish();
	store(&ring.shm->guest_waits, 1);
	ring.rung = false;
	notify_host(true);
	(void)wait_event(&ring.tx_wait, WAIT_UNINTERRUPTIBLE, TIME_NEVER,
			 tx_room() > 0 || READ_ONCE(ring.broken));
	store(&ring.shm->guest_waits, 0);
}

static int send_piece(const uint8_t *from, size_t size)
{
	while (size && !READ_ONCE(ring.broken)) {
		uint32_t part = (uint32_t)MIN(size, (size_t)tx_room());

		if (!part) {
			tx_wait_room();
			continue;
		}
		tx_put(from, part);
		from += part;
		size -= part;
	}
	return READ_ONCE(ring.broken) ? -EIO : 0;
}

static int send_frame(const struct host_buffer *pieces, unsigned count, bool urgent)
{
	int error = 0;

	mutex_lock(&ring.tx_mutex);
	ring.tx_start = ring.tx_end = ring.tx_tail;
	for (unsigned i = 0; i < count; i++)
		ring.tx_end += (uint32_t)pieces[i].size;
	for (unsigned i = 0; i < count && !error; i++)
		error = send_piece(pieces[i].data, pieces[i].size);
	tx_publish();
	notify_host(urgent);
	mutex_unlock(&ring.tx_mutex);
	return error;
}

static int ring_send(const struct host_buffer *pieces, unsigned count)
{
	return send_frame(pieces, count, true);
}

static int ring_send_lazy(const struct host_buffer *pieces, unsigned count)
{
	return send_frame(pieces, count, false);
}

/* No locks: the other CPUs have stopped, one of them perhaps in the middle of a frame. What the
 * host has not been shown of it is overwritten; a frame of which it has seen a part cannot be
 * followed by another. */
static void ring_send_dying(const struct host_buffer *pieces, unsigned count)
{
	uint32_t shown = load(&ring.shm->to_host_tail);

	if (shown != ring.tx_start && shown != ring.tx_end)
		return;
	ring.tx_tail = shown;
	for (unsigned i = 0; i < count; i++) {
		const uint8_t *from = pieces[i].data;
		size_t size = pieces[i].size;

		for (unsigned polls = 0; size && polls < DYING_POLL; polls++) {
			uint32_t part = (uint32_t)MIN(size, (size_t)tx_room());

			tx_put(from, part);
			from += part;
			size -= part;
			if (size) {
				tx_publish();
				ring_doorbell();
				arch_cpu_relax();
			}
		}
		if (size) /* the host takes nothing more */
			return;
	}
	tx_publish();
	ring.tx_end = ring.tx_tail;
	ring_doorbell();
}

static void rx_take(uint32_t size) REQUIRES(rx_lock)
{
	uint32_t at = ring.rx_head & (ring.rx_size - 1);
	uint32_t first = MIN(size, ring.rx_size - at);

	channel_receive(ring.rx + at, first);
	channel_receive(ring.rx, size - first);
	ring.rx_head += size;
	store(&ring.shm->to_guest_head, ring.rx_head);
}

static void rx_drain(void) REQUIRES(rx_lock)
{
	uint32_t used;

	while ((used = load(&ring.shm->to_guest_tail) - ring.rx_head) && !ring.broken) {
		if (used > ring.rx_size) {
			log_error("host channel: the host's index is impossible");
			WRITE_ONCE(ring.broken, true);
			return;
		}
		rx_take(used);
		arch_mb(); /* the host: asks to be told, then looks at our index */
		if (load(&ring.shm->host_waits))
			ring_doorbell();
	}
}

static void interrupt(void *unused)
{
	arch_irq_state_t state = spin_lock(&rx_lock);

	(void)unused;
	rx_drain();
	spin_unlock(&rx_lock, state);
	if (load(&ring.shm->guest_waits))
		wait_queue_wake(&ring.tx_wait, WAIT_ALL);
}

/* Without the lock, which belongs to the receiver: an index that is being moved only means that
 * somebody receives already. */
static void ring_poll(void)
{
	arch_irq_state_t state;

	if (load(&ring.shm->to_guest_tail) == READ_ONCE(ring.rx_head))
		return;
	state = spin_lock(&rx_lock);
	rx_drain();
	spin_unlock(&rx_lock, state);
}

static const struct channel_transport transport = {
	.send = ring_send,
	.send_dying = ring_send_dying,
	.send_lazy = ring_send_lazy,
	.poll = ring_poll,
};

static bool is_ring(uint64_t offset, uint64_t size, uint64_t channel_size)
{
	return size >= HC_SHM_RING_MIN && size <= HC_SHM_RING_MAX && !(size & (size - 1)) &&
	       offset >= sizeof(struct hc_shm) && offset <= channel_size &&
	       size <= channel_size - offset;
}

static int map_rings(const struct boot_info *boot)
{
	uint64_t end = boot->channel_base + boot->channel_size;
	struct hc_shm *shm;

	if (boot->channel_base % 64 || boot->channel_size < sizeof(*shm) ||
	    end < boot->channel_base || end > ARCH_BOOT_MAPPED)
		return -EINVAL;
	shm = mm_phys_to_virt(boot->channel_base);
	if (shm->magic != HC_SHM_MAGIC || shm->version != HC_SHM_VERSION ||
	    shm->doorbell > UINT16_MAX ||
	    !is_ring(shm->to_host_offset, shm->to_host_size, boot->channel_size) ||
	    !is_ring(shm->to_guest_offset, shm->to_guest_size, boot->channel_size))
		return -EINVAL;
	ring.shm = shm;
	ring.tx = (uint8_t *)shm + shm->to_host_offset;
	ring.rx = (uint8_t *)shm + shm->to_guest_offset;
	ring.tx_size = shm->to_host_size;
	ring.rx_size = shm->to_guest_size;
	ring.doorbell = (uint16_t)shm->doorbell;
	return 0;
}

const struct channel_transport *channel_ring_init(const struct boot_info *boot)
{
	int error = map_rings(boot);

	mutex_init(&ring.tx_mutex);
	wait_queue_init(&ring.tx_wait);
	if (!error) {
		int vector = irq_alloc(interrupt, NULL);

		error = vector < 0 ? vector
				   : irq_route(boot->channel_irq, (unsigned)vector, false, false);
	}
	if (!error)
		return &transport;
	log_error("host channel: no usable shared memory (error %d)", -error);
	return NULL;
}
