/* SPDX-License-Identifier: BSD-3-Clause */
/* The virtio network driver against a card in memory: what an honest card does, and what a lying
 * one may do to the guest. */
#include "stack.h"
#include "virtio_device.h"

#include "../../../kernel/drivers/net_cards.h"

#include <asm/errno.h>
#include <string.h>

#define F_CSUM	     (1ull << 0)
#define F_GUEST_CSUM (1ull << 1)
#define F_MTU	     (1ull << 3)
#define F_MAC	     (1ull << 5)
#define F_GUEST_TSO4 (1ull << 7)
#define F_HOST_TSO4  (1ull << 11)
#define F_HOST_TSO6  (1ull << 12)
#define F_MERGEABLE  (1ull << 15)
#define F_STATUS     (1ull << 16)
#define F_CTRL_VQ    (1ull << 17)
#define F_MQ	     (1ull << 22)
#define F_EVENT_IDX  (1ull << 29)
#define ALL                                                                                        \
	(F_CSUM | F_GUEST_CSUM | F_MAC | F_GUEST_TSO4 | F_HOST_TSO4 | F_HOST_TSO6 | F_MERGEABLE |  \
	 F_STATUS | F_EVENT_IDX)

static const uint8_t plain[12];
static uint8_t pattern[70000], copy[70100];

static void attach(uint64_t features, uint32_t size)
{
	struct net_device *device;

	vdev_init(features, size);
	CHECK_EQ(virtio_net_find(VDEV_CMDLINE, &device), 0);
	stack_attach(device);
	CHECK_EQ(device->ops->start(device), 0);
	CHECK_EQ(vdev.status, 15);
	CHECK_EQ(vdev_available(VDEV_RX), size);
}

static void detach(void)
{
	stack_release_all();
	vdev_destroy();
	stack_check_leaks();
}

static unsigned poll(unsigned budget)
{
	return stack.device->ops->poll(stack.device, 0, budget);
}

static bool unmask(void)
{
	return stack.device->ops->unmask(stack.device, 0);
}

static void check_frame(unsigned index, size_t size)
{
	CHECK_EQ(stack_read(index, copy, sizeof(copy)), size);
	CHECK_EQ(memcmp(copy, pattern, size), 0);
}

static void test_negotiation(void)
{
	struct net_device *device;

	vdev_init(ALL | F_MTU | 1ull << 40, 256);
	CHECK_EQ(virtio_net_find(VDEV_CMDLINE, &device), 0);
	CHECK_EQ(vdev.accepted, ALL | F_MTU | 1ull << 32); /* nothing that it does not know */
	CHECK_EQ(memcmp(device->mac, vdev.mac, 6), 0);
	CHECK_EQ(device->mtu, 1400);
	CHECK_EQ(device->features,
		 NET_TX_CHECKSUM | NET_TX_TSO4 | NET_TX_TSO6 | NET_RX_CHECKSUM | NET_RX_LARGE);
	CHECK(device->ops->link_up(device));
	vdev.link = 0;
	CHECK(!device->ops->link_up(device));
	/* Without mergeable buffers there is no room for large frames. */
	vdev_init((ALL & ~F_MERGEABLE & ~F_MAC) | 0, 256);
	CHECK_EQ(virtio_net_find(VDEV_CMDLINE, &device), 0);
	CHECK(!(vdev.accepted & F_GUEST_TSO4) && !(device->features & NET_RX_LARGE));
	CHECK_EQ(device->mac[0] & 3, 2);
	vdev_init(ALL, 256);
	vdev.features &= ~(1ull << 32);
	CHECK_EQ(virtio_net_find(VDEV_CMDLINE, &device), -EIO);
	CHECK_EQ(virtio_net_find("quiet", &device), -ENODEV);
}

static void test_receive(uint64_t features)
{
	uint8_t header[12] = {2}; /* the device has checked it */
	size_t large = features & F_MERGEABLE ? NET_FRAME_MAX : 1500;

	attach(features, 64);
	CHECK(vdev_receive(header, pattern, 60));
	host_interrupt();
	CHECK_EQ(stack.ready, 1);
	CHECK(vdev_receive(plain, pattern, large));
	host_interrupt(); /* masked: the stack polls already */
	CHECK_EQ(stack.ready, 1);
	CHECK_EQ(poll(1), 1);
	CHECK_EQ(poll(8), 1);
	CHECK_EQ(stack.count, 2);
	check_frame(0, 60);
	check_frame(1, large);
	CHECK_EQ(stack.frames[0]->flags, features & F_GUEST_CSUM ? NET_FRAME_CHECKSUM_OK : 0);
	CHECK_EQ(stack.frames[1]->flags, 0);
	/* What arrives before the interrupt is on again is not missed. */
	CHECK(vdev_receive(plain, pattern, 100));
	CHECK(unmask());
	CHECK_EQ(poll(8), 1);
	CHECK(!unmask());
	CHECK(vdev_receive(plain, pattern, 100));
	host_interrupt();
	CHECK_EQ(stack.ready, 2);
	CHECK_EQ(poll(8), 1);
	CHECK_EQ(stack.device->rx_errors + stack.device->rx_dropped, 0);
	detach();
}

static void test_interrupts_are_rare(void)
{
	attach(ALL, 64);
	for (unsigned i = 0; i < 20; i++)
		CHECK(vdev_receive(plain, pattern, 100));
	CHECK_EQ(vdev.interrupts, 1);
	host_interrupt();
	CHECK_EQ(poll(64), 20);
	for (unsigned i = 0; i < 20; i++)
		CHECK(vdev_receive(plain, pattern, 100));
	CHECK_EQ(vdev.interrupts, 1);
	detach();
}

/* The number of buffers follows the load, also when memory is short for a while. */
static void test_growth(void)
{
	static const uint16_t expected[] = {64, 128, 256, 512, 512};
	struct net_device *device;

	vdev_init(ALL, 512);
	CHECK_EQ(virtio_net_find(VDEV_CMDLINE, &device), 0);
	stack_attach(device);
	CHECK_EQ(device->ops->start(device), 0);
	for (unsigned round = 0; round < 5; round++) {
		unsigned half = expected[round] / 2u;

		CHECK_EQ(vdev_available(VDEV_RX), expected[round]);
		CHECK(vdev_receive(plain, pattern, 100));
		CHECK_EQ(poll(8), 1); /* no load */
		CHECK_EQ(vdev_available(VDEV_RX), expected[round]);
		for (unsigned i = 0; i < half; i++)
			CHECK(vdev_receive(plain, pattern, 100));
		host_no_memory = round == 1;
		if (host_no_memory) {
			CHECK_EQ(poll(1), 1);
			CHECK_EQ(vdev_available(VDEV_RX), expected[round] - half + 1);
			CHECK(vdev_receive(plain, pattern, 100));
		}
		host_no_memory = false;
		CHECK_EQ(poll(512), half);
		stack_release_all();
	}
	detach();
}

static void test_no_memory(void)
{
	attach(ALL, 64);
	stack_release_all();
	host_no_memory = true;
	for (unsigned i = 0; i < 3; i++)
		CHECK(vdev_receive(plain, pattern, 9000));
	CHECK_EQ(poll(64), 3);
	CHECK_EQ(stack.device->rx_dropped, 3);
	CHECK_EQ(stack.count, 0);
	CHECK_EQ(vdev_available(VDEV_RX), 64);
	host_no_memory = false;
	CHECK(vdev_receive(plain, pattern, 9000));
	CHECK_EQ(poll(64), 1);
	check_frame(0, 9000);
	detach();
}

static void test_transmit(bool headroom)
{
	uint8_t *memory = malloc(4096);
	struct net_segment segments[3] = {
		{memory + 16, 60}, {memory + 100, 1}, {memory + 200, 900}};
	size_t size = 0;

	attach(ALL, 64);
	memcpy(memory, pattern, 4096);
	for (unsigned i = 0; i < 1000; i++) {
		unsigned count = 1 + i % 3;

		CHECK_EQ(stack_send(segments, count, headroom), 0);
		size = vdev_send(copy, sizeof(copy));
		CHECK_EQ(size, 12 + 60 + (count > 1) + (count > 2) * 900);
		CHECK_EQ(memcmp(copy, plain, 12), 0);
		CHECK_EQ(memcmp(copy + 12, memory + 16, 60), 0);
		CHECK(count < 2 || copy[72] == memory[100]);
		CHECK(count < 3 || memcmp(copy + 73, memory + 200, 900) == 0);
	}
	CHECK_EQ(vdev.interrupts, 0);
	CHECK_EQ(poll(0), 0);
	CHECK_EQ(stack.done, 1000);
	detach();
	free(memory);
}

static void test_offloads(void)
{
	uint8_t *memory = malloc(65600);
	struct net_segment segment = {memory, 5000};
	struct net_transmit frame = {
		.segments = &segment,
		.count = 1,
		.checksum_start = 34,
		.checksum_offset = 16,
		.header_length = 54,
		.segment_size = 1448,
	};
	static const uint8_t expected[12] = {1, 1, 54, 0, 0xa8, 5, 34, 0, 16, 0, 0, 0};

	memset(memory, 1, 65600);
	attach(ALL, 64);
	CHECK_EQ(stack.device->ops->transmit(stack.device, 0, &frame, false), 0);
	CHECK_EQ(vdev_send(copy, sizeof(copy)), 5012);
	CHECK_EQ(memcmp(copy, expected, 12), 0);
	frame.ipv6 = true;
	CHECK_EQ(stack.device->ops->transmit(stack.device, 0, &frame, false), 0);
	CHECK_EQ(vdev_send(copy, sizeof(copy)), 5012);
	CHECK_EQ(copy[1], 4);
	frame.header_length = 5000;
	CHECK_EQ(stack.device->ops->transmit(stack.device, 0, &frame, false), -EINVAL);
	segment.length = 65551;
	CHECK_EQ(stack_send(&segment, 1, false), -EINVAL);
	segment.length = 0;
	CHECK_EQ(stack_send(&segment, 1, false), -EINVAL);
	CHECK_EQ(stack_send(&segment, 0, false), -EINVAL);
	CHECK_EQ(vdev_available(VDEV_TX), 0);
	detach();
	attach(F_MERGEABLE, 64);
	segment.length = 1000;
	frame.header_length = 54;
	CHECK_EQ(stack.device->ops->transmit(stack.device, 0, &frame, false), -EINVAL);
	frame.segment_size = 0;
	CHECK_EQ(stack.device->ops->transmit(stack.device, 0, &frame, false), -EINVAL);
	detach();
	free(memory);
}

/* A card that does not keep up, and one that is done before the stack looks. */
static void test_full(uint64_t features)
{
	uint8_t *memory = calloc(1, 256);
	struct net_segment segments[2] = {{memory, 100}, {memory + 100, 100}};
	unsigned sent = 0;

	attach(features, 32);
	CHECK(!unmask());
	for (unsigned round = 0; round < 50; round++) {
		while (stack_send(segments, 2, false) == 0)
			sent++;
		CHECK_EQ(stack_send(segments, 2, false), -EAGAIN);
		CHECK_EQ(sent, 10 * (round + 1));
		for (unsigned i = 0; i < 10; i++)
			CHECK_EQ(vdev_send(copy, sizeof(copy)), 212);
		host_interrupt();
		CHECK_EQ(stack.ready, round + 1);
		CHECK_EQ(poll(8), 0);
		CHECK_EQ(stack.writable, round + 1);
		CHECK_EQ(stack.done, sent);
		CHECK(!unmask());
	}
	detach();
	free(memory);
}

/* All indexes go around several times. */
static void test_long_run(void)
{
	uint8_t *memory = calloc(1, 256);
	struct net_segment segment = {memory + 16, 100};

	attach(ALL, 8);
	for (unsigned i = 0; i < 200000; i++) {
		CHECK_EQ(stack_send(&segment, 1, true), 0);
		CHECK_EQ(vdev_send(copy, sizeof(copy)), 112);
		CHECK(vdev_receive(plain, pattern, 64 + i % 5000));
		host_interrupt();
		CHECK_EQ(poll(8), 1);
		check_frame(0, 64 + i % 5000);
		stack_release(0);
		(void)unmask();
	}
	CHECK_EQ(stack.done, 200000);
	CHECK_EQ(stack.device->rx_errors, 0);
	detach();
	free(memory);
}

static void set_buffers(uint64_t address, uint16_t buffers)
{
	uint8_t header[12] = {0};

	memcpy(header + 10, &buffers, 2);
	memcpy(vdev_memory(address), header, 12);
}

static void test_lies_about_receiving(void)
{
	static const struct {
		uint32_t length;
		uint16_t buffers;
	} lies[] = {{0, 1},   {11, 1},	{25, 1},   {4096, 1},	      {UINT32_MAX, 1},
		    {100, 0}, {100, 2}, {100, 18}, {100, UINT16_MAX}, {3967, 1}};

	attach(ALL, 64);
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		int head = vdev_take(VDEV_RX);

		set_buffers(vdev_desc(VDEV_RX, (uint16_t)head)->addr, lies[i].buffers);
		vdev_return(VDEV_RX, (uint32_t)head, lies[i].length);
		CHECK_EQ(poll(8), 1);
		CHECK_EQ(stack.device->rx_errors, i + 1);
		CHECK_EQ(vdev_available(VDEV_RX), 64);
	}
	/* Descriptors that do not exist. */
	vdev_return(VDEV_RX, 64, 100);
	vdev_return(VDEV_RX, UINT32_MAX, 100);
	CHECK_EQ(poll(8), 2);
	CHECK_EQ(stack.count, 0);
	/* The driver is alive all the same. */
	CHECK(vdev_receive(plain, pattern, 5000));
	CHECK_EQ(poll(8), 1);
	check_frame(0, 5000);
	detach();
}

/* A second part of a frame that is none, or the same one twice. */
static void test_lies_about_parts(void)
{
	attach(ALL, 64);
	for (unsigned lie = 0; lie < 3; lie++) {
		int head = vdev_take(VDEV_RX);

		set_buffers(vdev_desc(VDEV_RX, (uint16_t)head)->addr, 2);
		vdev_return(VDEV_RX, (uint32_t)head, 3966);
		vdev_return(VDEV_RX, lie == 1 ? 9999 : (uint32_t)head, lie == 2 ? 0 : 100);
		(void)poll(8);
		stack_release_all();
	}
	CHECK_EQ(stack.device->rx_errors, 2);
	detach();
}

static void test_queue_pairs(void)
{
	const uint64_t features = ALL | F_CTRL_VQ | F_MQ;
	uint8_t *memory = calloc(1, 256);
	struct net_segment segment = {memory + 16, 100};
	struct net_transmit frame = {.segments = &segment, .count = 1};
	struct net_device *device;

	attach(features, 64); /* the stack has not asked for more than one */
	CHECK(stack.device->queues_max == 2 && stack.device->queues == 1 && !vdev.pairs_set);
	detach();
	vdev_init(features, 64);
	CHECK_EQ(virtio_net_find(VDEV_CMDLINE, &device), 0);
	stack_attach(device);
	device->queues = 2;
	CHECK_EQ(device->ops->start(device), 0);
	CHECK_EQ(vdev.pairs_set, 2);
	CHECK(vdev_available(0) == 64 && vdev_available(2) == 64);
	CHECK_EQ(device->ops->transmit(device, 1, &frame, false), 0);
	CHECK_EQ(vdev_available(3), 1);
	CHECK_EQ(vdev_available(1), 0);
	CHECK(vdev_receive(plain, pattern, 100));
	vdev_return(2, (uint32_t)vdev_take(2), 112);
	host_interrupt();
	CHECK_EQ(stack.ready, 2);
	CHECK_EQ(device->ops->poll(device, 1, 8), 1);
	CHECK_EQ(device->ops->poll(device, 0, 8), 1);
	detach();
	vdev_init(features, 64);
	vdev.answer = 1;
	CHECK_EQ(virtio_net_find(VDEV_CMDLINE, &device), 0);
	device->queues = 2;
	CHECK_EQ(device->ops->start(device), -EIO);
	detach();
	/* Numbers that cannot be. */
	vdev_init(features, 64);
	vdev.pairs = 0;
	CHECK_EQ(virtio_net_find(VDEV_CMDLINE, &device), 0);
	CHECK_EQ(device->queues_max, 1);
	free(memory);
}

/* More than 64 KiB in one frame: all its PARTS are there. */
static void test_too_large(uint16_t parts)
{
	int first = 0;

	attach(ALL, 64);
	for (unsigned i = 0; i < parts; i++) {
		int head = vdev_take(VDEV_RX);

		if (!i)
			first = head;
		vdev_return(VDEV_RX, (uint32_t)head, 3966);
	}
	set_buffers(vdev_desc(VDEV_RX, (uint16_t)first)->addr, parts);
	CHECK_EQ(poll(1), 1);
	CHECK_EQ(stack.device->rx_errors, 1);
	CHECK_EQ(stack.count, 0);
	(void)poll(64); /* the other parts, as frames */
	detach();
}

static void test_lies_about_sending(void)
{
	uint8_t *memory = calloc(1, 256);
	struct net_segment segments[2] = {{memory, 100}, {memory + 100, 100}};

	attach(ALL, 64);
	CHECK_EQ(stack_send(segments, 2, false), 0);
	for (uint32_t id = 1; id < 70; id++) /* more than the queue has */
		vdev_return(VDEV_TX, id, 0);
	CHECK_EQ(poll(8), 0);
	CHECK_EQ(stack.done, 0);
	vdev_return(VDEV_TX, 0, 0);
	vdev_return(VDEV_TX, 0, 0); /* twice */
	CHECK_EQ(poll(8), 0);
	CHECK_EQ(stack.done, 1);
	detach();
	free(memory);
}

int main(void)
{
	for (size_t i = 0; i < sizeof(pattern); i++)
		pattern[i] = (uint8_t)unit_random();
	test_negotiation();
	test_receive(ALL);
	test_receive(0);
	test_receive(F_MERGEABLE);
	test_receive(F_EVENT_IDX | F_GUEST_CSUM);
	test_interrupts_are_rare();
	test_growth();
	test_no_memory();
	test_transmit(false);
	test_transmit(true);
	test_offloads();
	test_full(ALL);
	test_full(F_MERGEABLE);
	test_long_run();
	test_queue_pairs();
	test_lies_about_receiving();
	test_lies_about_parts();
	test_too_large(17);
	test_too_large(18);
	test_lies_about_sending();
	return 0;
}
