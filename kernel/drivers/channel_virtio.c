/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The host channel over a virtio console (virtio 1.2, 5.3) with one port and no control queues:
 * receive queue 0, transmit queue 1.
 *
 * Transmit: a frame is gathered in one buffer and sent as one descriptor. tx_mutex keeps senders
 * apart and guards the transmit queue. QEMU usually takes the frame while it is notified; only when
 * it does not (its socket is full) the sender asks for an interrupt and waits on tx_wait. Receive:
 * the interrupt handler feeds the bytes to the protocol and posts the buffer again. The receive
 * queue belongs to the handler, which runs on one CPU only.
 */
#include "channel.h"

#include <arch/cpu.h>
#include <asm/errno.h>
#include <core/cpu.h>
#include <core/irq.h>
#include <core/log.h>
#include <lib/assert.h>
#include <lib/string.h>
#include <mm/frame.h>
#include <mm/heap.h>
#include <sched/mutex.h>

#include "virtio.h"

#define QUEUE_RX     0
#define QUEUE_TX     1
#define RX_BUFFERS   16u
#define TX_SMALL     PAGE_SIZE
#define DYING_CYCLES 30000000000u /* ten seconds, of a busy host as well */

static struct {
	struct virtio_device device;
	struct virtq rx, tx;
	uint8_t *rx_buffers[RX_BUFFERS];
	unsigned rx_posted; /* since the last notification */
	struct mutex tx_mutex;
	struct wait_queue tx_wait;
	uint8_t *tx_buffer; /* TX_SMALL bytes, for the usual frame */
} console;

static void rx_post(unsigned id)
{
	console.rx.desc[id] = (struct virtq_desc){
		.addr = mm_virt_to_phys(console.rx_buffers[id]),
		.len = PAGE_SIZE,
		.flags = VIRTQ_DESC_WRITE,
	};
	virtq_push(&console.rx, (uint16_t)id);
	console.rx_posted++;
}

/* QEMU stops reading when it has run out of buffers and goes on at a notification: half of the
 * buffers at a time are enough to keep it going. */
static void rx_notify(void)
{
	if (console.rx_posted >= RX_BUFFERS / 2) {
		console.rx_posted = 0;
		virtq_kick(&console.rx);
	}
}

static void rx_drain(void)
{
	uint32_t id, len;

	while (virtq_pop(&console.rx, &id, &len)) {
		if (id >= RX_BUFFERS || len > PAGE_SIZE) {
			log_error(
				"host channel: the device returns a buffer that it does not have");
			continue;
		}
		channel_receive(console.rx_buffers[id], len);
		rx_post(id);
	}
	rx_notify();
}

static void interrupt(void *argument)
{
	(void)argument;
	if (!(console.device.ops->interrupted(&console.device) & VIRTIO_ISR_QUEUE))
		return;
	rx_drain();
	if (virtq_has_used(&console.tx))
		wait_queue_wake(&console.tx_wait, WAIT_ALL);
}

static size_t gather(uint8_t *to, const struct host_buffer *pieces, unsigned count)
{
	size_t size = 0;

	for (unsigned i = 0; i < count; i++) {
		memcpy(to + size, pieces[i].data, pieces[i].size);
		size += pieces[i].size;
	}
	return size;
}

static size_t total_size(const struct host_buffer *pieces, unsigned count)
{
	size_t size = 0;

	for (unsigned i = 0; i < count; i++)
		size += pieces[i].size;
	return size;
}

static void tx_submit(const uint8_t *frame, size_t size)
{
	console.tx.desc[0] = (struct virtq_desc){
		.addr = mm_virt_to_phys(frame),
		.len = (uint32_t)size,
	};
	virtq_push(&console.tx, 0);
	virtq_kick(&console.tx);
}

static void tx_wait_used(void)
{
	if (virtq_has_used(&console.tx))
		return;
	(void)virtq_unmask(&console.tx, 1);
	(void)wait_event(&console.tx_wait, WAIT_UNINTERRUPTIBLE, TIME_NEVER,
			 virtq_has_used(&console.tx));
	virtq_mask(&console.tx);
}

static int console_send(const struct host_buffer *pieces, unsigned count)
{
	size_t size = total_size(pieces, count);
	uint8_t *large = NULL;
	uint32_t id, len;

	if (size > TX_SMALL) {
		large = kmalloc(size);
		if (!large)
			return -ENOMEM;
		gather(large, pieces, count);
	}
	mutex_lock(&console.tx_mutex);
	if (!large)
		gather(console.tx_buffer, pieces, count);
	tx_submit(large ? large : console.tx_buffer, size);
	tx_wait_used();
	(void)virtq_pop(&console.tx, &id, &len);
	mutex_unlock(&console.tx_mutex);
	kfree(large);
	return 0;
}

/* Tells the device of all that it has been given, and waits until it has taken it. */
static bool tx_settle(void)
{
	uint64_t start = arch_cycles();

	console.device.ops->notify(&console.device, &console.tx);
	while (READ_ONCE(console.tx.used->idx) != console.tx.next_avail) {
		if (arch_cycles() - start > DYING_CYCLES)
			return false;
		arch_cpu_relax();
	}
	return true;
}

/* No locks: the other CPUs have stopped, one of them perhaps in the middle of a send. What the
 * device has been given is what its index says, and the buffer is its own until it is done. */
static void console_send_dying(const struct host_buffer *pieces, unsigned count)
{
	size_t size = total_size(pieces, count);

	console.tx.next_avail = READ_ONCE(console.tx.avail->idx);
	if (size > TX_SMALL || !tx_settle())
		return;
	gather(console.tx_buffer, pieces, count);
	tx_submit(console.tx_buffer, size);
	(void)tx_settle();
}

static const struct channel_transport transport = {
	.send = console_send,
	.send_dying = console_send_dying,
};

static int find_device(const char *cmdline)
{
	int error = virtio_mmio_find(&console.device, VIRTIO_ID_CONSOLE, cmdline);

	return error == -ENODEV ? virtio_pci_find(&console.device, VIRTIO_ID_CONSOLE) : error;
}

static int start_device(void)
{
	int error = virtio_begin(&console.device, 0);

	if (!error)
		error = virtq_create(&console.device, &console.rx, QUEUE_RX, RX_BUFFERS, 0);
	if (!error)
		error = virtq_create(&console.device, &console.tx, QUEUE_TX, 1, 0);
	if (error)
		return error;
	virtq_mask(&console.tx);
	error = irq_alloc(interrupt, NULL);
	return error < 0 ? error
			 : console.device.ops->route(&console.device, 0, (unsigned)error,
						     cpu_index());
}

static int alloc_buffers(void)
{
	for (unsigned i = 0; i < console.rx.size; i++) {
		paddr_t frame = mm_frame_alloc(0, 0);

		if (frame == PADDR_NONE)
			return -ENOMEM;
		console.rx_buffers[i] = mm_phys_to_virt(frame);
	}
	console.tx_buffer = kmalloc(TX_SMALL);
	return console.tx_buffer ? 0 : -ENOMEM;
}

const struct channel_transport *channel_virtio_init(const char *cmdline)
{
	int error = find_device(cmdline);

	mutex_init(&console.tx_mutex);
	wait_queue_init(&console.tx_wait);
	if (!error)
		error = start_device();
	if (!error)
		error = alloc_buffers();
	if (error) {
		log_error("host channel: no usable virtio console (error %d)", -error);
		return NULL;
	}
	virtio_ready(&console.device);
	for (unsigned i = 0; i < console.rx.size; i++)
		rx_post(i);
	rx_notify();
	return &transport;
}
