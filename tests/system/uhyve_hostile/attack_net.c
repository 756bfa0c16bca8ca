/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Attacks on the network card: its registers with odd sizes and in wrong order, queues at wild
 * addresses, chains that loop or name what is no memory, rings and queues that are changed while
 * the card works. Virtio 1.2, 2.7 (split queues), 4.2 (MMIO), 5.1 (network).
 */
#include "hostile.h"

#include <linux/virtio_config.h>
#include <linux/virtio_mmio.h>
#include <linux/virtio_ring.h>

#define NET_ADDRESS 0xfeb00000ull
#define QUEUES	    2u
#define QUEUE_RX    0u
#define QUEUE_TX    1u
#define QUEUE_SIZE  16u
#define FEATURES_1  1u /* VIRTIO_F_VERSION_1, of the upper half */
#define SPINS	    20000u

struct queue {
	struct vring_desc desc[QUEUE_SIZE];
	uint16_t avail[2 + QUEUE_SIZE + 1];
	uint8_t used[4 + 8 * QUEUE_SIZE + 2] __attribute__((aligned(4)));
} __attribute__((aligned(4096)));

static struct queue queues[QUEUES];
static uint8_t frame[4096];
static volatile uint8_t *registers;

static uint32_t get(uint32_t offset)
{
	return *(volatile uint32_t *)(registers + offset);
}

static void set(uint32_t offset, uint32_t value)
{
	*(volatile uint32_t *)(registers + offset) = value;
}

static void add_status(uint32_t bits)
{
	set(VIRTIO_MMIO_STATUS, get(VIRTIO_MMIO_STATUS) | bits);
}

static void reset(void)
{
	set(VIRTIO_MMIO_STATUS, 0);
	memset(queues, 0, sizeof(queues));
	add_status(VIRTIO_CONFIG_S_ACKNOWLEDGE);
	add_status(VIRTIO_CONFIG_S_DRIVER);
	set(VIRTIO_MMIO_DRIVER_FEATURES_SEL, 0);
	set(VIRTIO_MMIO_DRIVER_FEATURES, 0);
	set(VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1);
	set(VIRTIO_MMIO_DRIVER_FEATURES, FEATURES_1);
	add_status(VIRTIO_CONFIG_S_FEATURES_OK);
}

static void place(unsigned index, uint32_t size, uint64_t desc, uint64_t avail, uint64_t used)
{
	set(VIRTIO_MMIO_QUEUE_SEL, index);
	set(VIRTIO_MMIO_QUEUE_NUM, size);
	set(VIRTIO_MMIO_QUEUE_DESC_LOW, (uint32_t)desc);
	set(VIRTIO_MMIO_QUEUE_DESC_HIGH, (uint32_t)(desc >> 32));
	set(VIRTIO_MMIO_QUEUE_AVAIL_LOW, (uint32_t)avail);
	set(VIRTIO_MMIO_QUEUE_AVAIL_HIGH, (uint32_t)(avail >> 32));
	set(VIRTIO_MMIO_QUEUE_USED_LOW, (uint32_t)used);
	set(VIRTIO_MMIO_QUEUE_USED_HIGH, (uint32_t)(used >> 32));
	set(VIRTIO_MMIO_QUEUE_READY, 1);
}

static void place_well(unsigned index)
{
	struct queue *queue = &queues[index];

	place(index, QUEUE_SIZE, (uintptr_t)queue->desc, (uintptr_t)queue->avail,
	      (uintptr_t)queue->used);
}

static bool is_broken(void)
{
	return get(VIRTIO_MMIO_STATUS) & VIRTIO_CONFIG_S_NEEDS_RESET;
}

static void start_well(void)
{
	reset();
	place_well(QUEUE_RX);
	place_well(QUEUE_TX);
	add_status(VIRTIO_CONFIG_S_DRIVER_OK);
	if (is_broken())
		host_fail("the card does not start", get(VIRTIO_MMIO_STATUS));
}

static void describe(unsigned queue, unsigned index, struct vring_desc desc)
{
	queues[queue].desc[index] = desc;
}

/* The ring's next entries, as many as there are descriptors at most, are HEAD. */
static void push(unsigned queue, uint16_t head, uint16_t count)
{
	volatile uint16_t *avail = queues[queue].avail;

	for (unsigned i = 0; i < QUEUE_SIZE; i++)
		avail[2 + i] = head;
	__atomic_store_n(&queues[queue].avail[1], (uint16_t)(avail[1] + count), __ATOMIC_SEQ_CST);
	set(VIRTIO_MMIO_QUEUE_NOTIFY, queue);
}

/* The card takes what is sent; both rings' users look at the registers, which cost an exit each. */
static void expect_broken(const char *what, int64_t number)
{
	for (unsigned i = 0; i < SPINS; i++)
		if (is_broken())
			return;
	host_fail(what, number);
}

/* Queues that cannot be: the card does not start with them. */
static void bad_places(void)
{
	static const uint64_t addresses[] = {LOW_END,
					     LOW_END - 16,
					     0xd0000000,
					     NET_ADDRESS,
					     HIGH_START - 64,
					     HIGH_END,
					     HIGH_END - 16,
					     1ull << 52,
					     UINT64_MAX & ~15ull,
					     UINT64_MAX,
					     1,
					     8};
	static const uint32_t sizes[] = {0, 3, 257, 512, 32768, 65536, 65537, UINT32_MAX};
	struct queue *tx = &queues[QUEUE_TX];

	for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
		for (unsigned part = 0; part < 3; part++) {
			/* An odd multiple of 8 is wrong for descriptors only. */
			if (addresses[i] == 8 && part)
				continue;
			reset();
			place_well(QUEUE_RX);
			place(QUEUE_TX, QUEUE_SIZE, part == 0 ? addresses[i] : (uintptr_t)tx->desc,
			      part == 1 ? addresses[i] : (uintptr_t)tx->avail,
			      part == 2 ? addresses[i] : (uintptr_t)tx->used);
			add_status(VIRTIO_CONFIG_S_DRIVER_OK);
			if (!is_broken())
				host_fail("a queue at a bad address", (int64_t)addresses[i]);
		}
	}
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		reset();
		place(QUEUE_RX, sizes[i], (uintptr_t)tx->desc, (uintptr_t)tx->avail,
		      (uintptr_t)tx->used);
		place_well(QUEUE_TX);
		add_status(VIRTIO_CONFIG_S_DRIVER_OK);
		if (!is_broken())
			host_fail("a queue of a bad size", sizes[i]);
	}
	for (uint32_t index = QUEUES; index < UINT32_MAX / 3; index = index * 3 + 1) {
		place(index, QUEUE_SIZE, 0, 0, 0);
		set(VIRTIO_MMIO_QUEUE_NOTIFY, index);
	}
}

static void bad_chains(void)
{
	static const struct vring_desc descs[] = {
		{LOW_END, 64, 0, 0},
		{LOW_END - 1, 64, 0, 0},
		{HIGH_END - 1, 64, 0, 0},
		{HIGH_START - 1, 64, 0, 0},
		{NET_ADDRESS, 64, 0, 0},
		{UINT64_MAX, 64, 0, 0},
		{UINT64_MAX - 31, 64, 0, 0},
		{1ull << 63, UINT32_MAX, 0, 0},
		{0x200000, UINT32_MAX, 0, 0},
		{0x200000, 0, 0, 0},
		{0x200000, 64, VRING_DESC_F_NEXT, 0},	       /* itself */
		{0x200000, 64, VRING_DESC_F_NEXT, QUEUE_SIZE}, /* behind the table */
		{0x200000, 64, VRING_DESC_F_NEXT, UINT16_MAX},
		{0x200000, 64, VRING_DESC_F_INDIRECT, 0},
		{0x200000, 64, VRING_DESC_F_INDIRECT | VRING_DESC_F_NEXT, 0},
		{0x200000, 64, 0xffff, 0xffff},
	};

	for (size_t i = 0; i < sizeof(descs) / sizeof(descs[0]); i++) {
		for (unsigned queue = 0; queue < QUEUES; queue++) {
			struct vring_desc desc = descs[i];
			desc.flags ^= queue == QUEUE_RX ? VRING_DESC_F_WRITE : 0;
			start_well();
			describe(queue, 0, desc);
			push(queue, 0, 1);
			/* Buffers for frames are looked at when one comes. */
			if (queue == QUEUE_TX)
				expect_broken("a bad chain", (int64_t)i);
		}
	}
	/* A loop of all descriptors. */
	start_well();
	for (uint16_t i = 0; i < QUEUE_SIZE; i++)
		describe(QUEUE_TX, i,
			 (struct vring_desc){(uintptr_t)frame, 64, VRING_DESC_F_NEXT,
					     (uint16_t)((i + 1) % QUEUE_SIZE)});
	push(QUEUE_TX, 0, 1);
	expect_broken("a loop", 0);
	/* Heads and indices that are not there. */
	for (uint32_t head = QUEUE_SIZE; head <= UINT16_MAX; head = head * 7 + 3) {
		start_well();
		push(QUEUE_TX, (uint16_t)head, 1);
		expect_broken("a bad head", head);
	}
	start_well();
	push(QUEUE_TX, 0, QUEUE_SIZE + 1);
	expect_broken("an index too far", 0);
	start_well();
	describe(QUEUE_TX, 0, (struct vring_desc){(uintptr_t)frame, 64, 0, 0});
	push(QUEUE_TX, 0, UINT16_MAX);
	expect_broken("an index that goes back", 0);
}

/* Frames that are too short and too long are dropped; the rings may lie over each other. */
static void odd_frames(void)
{
	static const uint32_t lengths[] = {1, 11, 12, 13, 25, 26, 65562, 65563, 1u << 20, 1u << 30};

	start_well();
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		describe(QUEUE_TX, 0, (struct vring_desc){0x200000, lengths[i], 0, 0});
		push(QUEUE_TX, 0, 1);
		for (unsigned spin = 0; spin < SPINS; spin++)
			if (*(volatile uint16_t *)(queues[QUEUE_TX].used + 2) ==
			    queues[QUEUE_TX].avail[1])
				break;
		if (is_broken())
			host_fail("an odd frame", lengths[i]);
	}
	reset();
	for (unsigned queue = 0; queue < QUEUES; queue++)
		place(queue, QUEUE_SIZE, (uintptr_t)queues, (uintptr_t)queues, (uintptr_t)queues);
	add_status(VIRTIO_CONFIG_S_DRIVER_OK);
	push(QUEUE_TX, 0, 3);
	push(QUEUE_RX, 0, 3);
}

/* Registers of the wrong size and place, and steps in the wrong order. */
static void odd_registers(void)
{
	start_well();
	for (uint32_t offset = 0; offset < 0x1000; offset += offset < 0x140 ? 1 : 61) {
		if (offset >= VIRTIO_MMIO_STATUS && offset < VIRTIO_MMIO_STATUS + 4)
			continue;
		volatile uint8_t *at = registers + offset;
		(void)*at;
		(void)*(volatile uint16_t *)at;
		(void)*(volatile uint32_t *)at;
		(void)*(volatile uint64_t *)at;
		*at = 0xff;
		*(volatile uint16_t *)at = 0xffff;
		if (offset + 4 <= VIRTIO_MMIO_STATUS || offset >= VIRTIO_MMIO_STATUS + 4)
			*(volatile uint32_t *)at = 0xffffffff;
		if (offset + 8 <= VIRTIO_MMIO_STATUS || offset >= VIRTIO_MMIO_STATUS + 4)
			*(volatile uint64_t *)at = UINT64_MAX;
	}
	for (uint32_t status = 0xff; status; status--)
		set(VIRTIO_MMIO_STATUS, status);
	for (uint32_t status = 1; status; status <<= 1)
		set(VIRTIO_MMIO_STATUS, status);
}

/* A queue that the card uses is moved and made larger: it stays where it was. */
static void changed_queues(void)
{
	start_well();
	for (unsigned queue = 0; queue < QUEUES; queue++) {
		set(VIRTIO_MMIO_QUEUE_SEL, queue);
		set(VIRTIO_MMIO_QUEUE_READY, 0);
		place(queue, 256, LOW_END, HIGH_END, UINT64_MAX);
	}
	describe(QUEUE_TX, 0, (struct vring_desc){(uintptr_t)frame, 64, 0, 0});
	push(QUEUE_TX, 0, 1);
	for (unsigned i = 0; i < SPINS; i++)
		if (get(VIRTIO_MMIO_INTERRUPT_STATUS) &&
		    *(volatile uint16_t *)(queues[QUEUE_TX].used + 2) == 1)
			return;
	host_fail("a frame after a change", *(volatile uint16_t *)(queues[QUEUE_TX].used + 2));
}

void attack_net(void)
{
	registers = map_page(NET_ADDRESS);
	if (get(VIRTIO_MMIO_MAGIC_VALUE) != 0x74726976)
		host_fail("no network card", get(VIRTIO_MMIO_MAGIC_VALUE));
	bad_places();
	bad_chains();
	odd_frames();
	odd_registers();
	changed_queues();
	set(VIRTIO_MMIO_STATUS, 0);
}

/* The second processor: bits of descriptors and rings, and now and then a register. */
static void rewrite_queues(void)
{
	volatile uint8_t *bytes = (volatile uint8_t *)queues;
	uint32_t random = 4711;

	for (;;) {
		random = random * 1664525 + 1013904223;
		uint32_t at = (random >> 12) % sizeof(queues);
		if (random & 0x100)
			at = at % 0x100; /* the first descriptors */
		uint8_t old = bytes[at];
		bytes[at] = (uint8_t)(old ^ 1u << (random & 7));
		__asm__ volatile("pause");
		bytes[at] = old;
		if ((random >> 20) % 4096 == 0)
			set(VIRTIO_MMIO_STATUS, 0);
	}
}

void attack_net_rewritten(void)
{
	registers = map_page(NET_ADDRESS);
	second_start_with(rewrite_queues);
	for (unsigned round = 0; round < 60; round++) {
		reset();
		place_well(QUEUE_RX);
		place_well(QUEUE_TX);
		add_status(VIRTIO_CONFIG_S_DRIVER_OK);
		for (unsigned i = 0; i < 30; i++) {
			describe(QUEUE_TX, i % 4, (struct vring_desc){(uintptr_t)frame, 64, 0, 0});
			describe(
				QUEUE_RX, 0,
				(struct vring_desc){(uintptr_t)frame, 2048, VRING_DESC_F_WRITE, 0});
			push(QUEUE_RX, 0, 1);
			push(QUEUE_TX, (uint16_t)(i % 4), 1);
		}
	}
	/* The end comes while the other one still works on it. */
}
