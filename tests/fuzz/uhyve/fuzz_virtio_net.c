/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A guest that does anything to its network card: the input is a list of accesses to registers,
 * writes to queues and descriptors, frames that arrive, and steps of the card's thread. All
 * buffers that the card hands to its back end are checked against guest memory (readv and writev
 * below). Queues and what the card itself copies are seen by the sanitizer: guest memory is a
 * block of the heap of exactly its size.
 */
#include <uhyve/virtio_net.h>

#include <errno.h>
#include <linux/virtio_mmio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz_input.h"

#define LOW	      0x8000u
#define SIZE	      0x10000u
#define REGISTERS_END 0x140u

enum action {
	ACTION_WRITE,  /* a register */
	ACTION_READ,   /* of any size, anywhere */
	ACTION_MEMORY, /* two bytes of guest memory */
	ACTION_DESC,   /* a descriptor */
	ACTION_AVAIL,  /* makes an entry available */
	ACTION_DRIVE,  /* all that a driver does to start, with queues somewhere */
	ACTION_FRAME,  /* one arrives */
	ACTION_STEP,   /* the thread works */
	ACTION_HOLD,   /* a checkpoint, and on */
	ACTION_COUNT
};

static struct guest_mem mem;
static struct virtio_net *net;
static size_t arrived; /* bytes of the frame that waits, 0: none */
static bool full;      /* the back end takes no more */

static void require(bool condition, const char *what)
{
	if (condition)
		return;
	fprintf(stderr, "%s\n", what);
	abort();
}

static void require_memory(const struct iovec *pieces, int count)
{
	require(count >= 0 && count <= (int)VIRTQUEUE_SIZE_MAX, "a strange number of pieces");
	for (int i = 0; i < count; i++) {
		const uint8_t *at = pieces[i].iov_base;
		const bool packet = at >= net->packet && at < net->packet + sizeof(net->packet);
		const uint8_t *base = packet ? net->packet : mem.base;
		const size_t size = packet ? sizeof(net->packet) : mem.size;
		require(at >= base && pieces[i].iov_len <= size &&
				(size_t)(at - base) <= size - pieces[i].iov_len,
			"a piece beside the memory");
	}
}

/* The back end. */
ssize_t readv(int fd, const struct iovec *pieces, int count)
{
	size_t left = arrived;

	(void)fd;
	require_memory(pieces, count);
	if (!arrived) {
		errno = EAGAIN;
		return -1;
	}
	for (int i = 0; i < count && left > 0; i++) {
		size_t size = pieces[i].iov_len < left ? pieces[i].iov_len : left;
		memset(pieces[i].iov_base, 0x5a, size);
		left -= size;
	}
	const ssize_t done = (ssize_t)(arrived - left);
	arrived = 0;
	return done;
}

ssize_t writev(int fd, const struct iovec *pieces, int count)
{
	size_t size = 0;

	(void)fd;
	require_memory(pieces, count);
	for (int i = 0; i < count; i++)
		size += pieces[i].iov_len;
	require(size <= VIRTIO_NET_PACKET_MAX, "a frame that is too long");
	if (full) {
		errno = EAGAIN;
		return -1;
	}
	return (ssize_t)size;
}

static void access_register(uint64_t offset, uint32_t size, bool write, uint64_t value)
{
	const struct device_access access = {offset, write, size, 1, (uint8_t *)&value};

	virtio_mmio_access(&net->mmio, &access);
}

static void write_register(uint64_t offset, uint32_t value)
{
	access_register(offset, sizeof(value), true, value);
}

/* An address: mostly in memory, mostly aligned. */
static uint64_t address(void)
{
	const uint8_t kind = byte();
	const uint64_t value = word();

	switch (kind & 7) {
	case 0:
		return value | (uint64_t)word() << 48;
	case 1:
		return LOW - 16 + (value & 31);
	case 2:
		return GUEST_MEM_HIGH_BASE + (value & (LOW - 1));
	case 3:
		return GUEST_MEM_HIGH_BASE + (LOW - 16) + (value & 31);
	default:
		return value & (LOW - 1) & ~15ull;
	}
}

static void drive(void)
{
	const uint32_t features = word() | (uint32_t)word() << 16;
	const uint16_t size = (uint16_t)(1u << (byte() % 9));

	write_register(VIRTIO_MMIO_STATUS, 0);
	write_register(VIRTIO_MMIO_STATUS, 3);
	write_register(VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1);
	write_register(VIRTIO_MMIO_DRIVER_FEATURES, 1);
	write_register(VIRTIO_MMIO_DRIVER_FEATURES_SEL, 0);
	write_register(VIRTIO_MMIO_DRIVER_FEATURES, features & (uint32_t)net->mmio.offered);
	write_register(VIRTIO_MMIO_STATUS, 11);
	for (uint32_t i = 0; i < VIRTIO_NET_QUEUES; i++) {
		write_register(VIRTIO_MMIO_QUEUE_SEL, i);
		write_register(VIRTIO_MMIO_QUEUE_NUM, size);
		for (unsigned part = 0; part < 3; part++) {
			const uint64_t at = address();
			const uint64_t offset = VIRTIO_MMIO_QUEUE_DESC_LOW + part * 0x10;
			write_register(offset, (uint32_t)at);
			write_register(offset + 4, (uint32_t)(at >> 32));
		}
		write_register(VIRTIO_MMIO_QUEUE_READY, 1);
	}
	write_register(VIRTIO_MMIO_STATUS, 15);
}

/* Where the guest has put part PART of a queue, if that is memory. */
static uint8_t *part_of(const struct virtqueue_layout *layout, unsigned part, size_t offset,
			size_t size)
{
	const uint64_t parts[] = {layout->desc, layout->avail, layout->used};

	return parts[part] < UINT64_MAX - offset ? guest_mem_at(&mem, parts[part] + offset, size)
						 : NULL;
}

static void write_desc(void)
{
	const struct virtqueue_layout *layout = &net->mmio.state.layout[byte() & 1];
	const uint16_t index = byte() & 15;
	uint8_t *desc = part_of(layout, 0, 16u * index, 16);
	const uint64_t gpa = address();
	const uint32_t len = word() | (byte() & 1 ? (uint32_t)word() << 16 : 0);
	const uint16_t rest[] = {byte() & 7, byte() & 31};

	if (!desc)
		return;
	memcpy(desc, &gpa, sizeof(gpa));
	memcpy(desc + 8, &len, sizeof(len));
	memcpy(desc + 12, rest, sizeof(rest));
}

static void make_available(void)
{
	const struct virtqueue_layout *layout = &net->mmio.state.layout[byte() & 1];
	uint8_t *index = part_of(layout, 1, 2, 2);
	uint16_t value, head = byte() & 31;

	if (!index || !layout->size)
		return;
	memcpy(&value, index, sizeof(value));
	uint8_t *slot = part_of(layout, 1, 4 + 2u * (value % layout->size), 2);
	if (slot)
		memcpy(slot, &head, sizeof(head));
	value++;
	memcpy(index, &value, sizeof(value));
}

static void step(void)
{
	pthread_mutex_lock(&net->mmio.lock);
	net->starved = net->blocked = false;
	virtio_net_step(net);
	pthread_mutex_unlock(&net->mmio.lock);
}

static void hold(void)
{
	struct virtio_net_state state;

	memset(&state, 0, sizeof(state));
	virtio_net_hold(net);
	require(!net->serving, "held, and it serves");
	virtio_net_save(net, &state);
	virtio_net_restore(net, &state);
	virtio_net_release(net);
}

static void act(void)
{
	uint8_t *memory;
	uint32_t offset;

	switch ((enum action)(byte() % ACTION_COUNT)) {
	case ACTION_WRITE:
		offset = word() % REGISTERS_END;
		write_register(offset & (byte() & 15 ? ~3u : ~0u), word() | (uint32_t)word() << 16);
		break;
	case ACTION_READ:
		access_register(word() % VIRTIO_MMIO_SIZE, 1u << (byte() & 3), false, 0);
		break;
	case ACTION_MEMORY:
		memory = guest_mem_at(&mem, word() % (LOW - 1), 2);
		memory[0] = byte();
		memory[1] = byte();
		break;
	case ACTION_DESC:
		write_desc();
		break;
	case ACTION_AVAIL:
		make_available();
		break;
	case ACTION_DRIVE:
		drive();
		break;
	case ACTION_FRAME:
		arrived = word();
		full = byte() & 1;
		break;
	case ACTION_STEP:
		step();
		break;
	default:
		hold();
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const bool offloads = size && (data[0] & 1);
	const struct virtio_net_options options = {.fd = -1,
						   .header = offloads,
						   .offloads = offloads,
						   .vhost_fd = -1,
						   .capture_fd = -1};
	struct uhyve_error error;
	int code;

	input = data;
	input_size = size;
	arrived = 0;
	full = false;
	mem = (struct guest_mem){.base = aligned_alloc(64, SIZE),
				 .size = SIZE,
				 .range_count = 2,
				 .range = {{0, LOW, 0}, {GUEST_MEM_HIGH_BASE, SIZE - LOW, LOW}}};
	require(mem.base != NULL, "no memory");
	memset(mem.base, 0, SIZE);
	net = virtio_net_create(&options, &mem, &code, &error);
	require(net != NULL, "no card");
	while (input_size)
		act();
	virtio_net_destroy(net);
	free(mem.base);
	return 0;
}
