/* SPDX-License-Identifier: BSD-3-Clause */
/* The drivers of e1000 and rtl8139, each against its card in memory. */
#include "ring_device.h"
#include "stack.h"

#include "../../../kernel/drivers/net_cards.h"

#include <asm/errno.h>
#include <string.h>

static const struct ring_device *card;
static uint8_t pattern[4096], copy[8192];

typedef const struct ring_device *insert_fn(void);
typedef int find_fn(struct net_device **device);

static void attach(insert_fn *insert, find_fn *find)
{
	static const uint8_t mac[6] = {0x52, 0x54, 0, 0x12, 0x34, 0x56};
	struct net_device *device;

	card = insert();
	CHECK_EQ(find(&device), 0);
	CHECK_EQ(memcmp(device->mac, mac, 6), 0);
	CHECK_EQ(device->mtu, 1500);
	stack_attach(device);
	CHECK_EQ(device->ops->start(device), 0);
}

static void detach(void)
{
	stack_release_all();
	card->destroy();
	stack_check_leaks();
}

/* As the machine would: the handler runs while the card wants it. */
static void interrupt(void)
{
	for (unsigned i = 0; i < 3 && card->interrupts(); i++)
		host_interrupt();
	CHECK(!card->interrupts());
}

static unsigned poll(unsigned budget)
{
	return stack.device->ops->poll(stack.device, 0, budget);
}

static bool unmask(void)
{
	return stack.device->ops->unmask(stack.device, 0);
}

static void test_receive(void)
{
	for (unsigned i = 0; i < 1000; i++) {
		size_t size = 60 + i % 1459;

		CHECK(card->receive(pattern, size, size));
		interrupt();
		CHECK_EQ(stack.ready, i + 1);
		CHECK(card->receive(pattern, 60, 60));
		interrupt(); /* masked: nothing */
		CHECK_EQ(stack.ready, i + 1);
		CHECK_EQ(poll(1), 1);
		CHECK_EQ(stack_read(0, copy, sizeof(copy)), size);
		CHECK_EQ(memcmp(copy, pattern, size), 0);
		CHECK(unmask()); /* one is left */
		CHECK_EQ(poll(8), 1);
		CHECK(!unmask());
		stack_release_all();
	}
	CHECK_EQ(stack.device->rx_errors, 0);
}

/* All but one descriptor are the card's (rtl8139: all), also while memory is short. */
static void test_full_receive(void)
{
	unsigned got = 0;

	while (card->receive(pattern, 100, 100))
		got++;
	CHECK(got >= card->size - 1);
	host_no_memory = true;
	CHECK_EQ(poll(10), 10);
	CHECK(stack.device->rx_dropped > 0); /* a few buffers are kept for such times */
	CHECK_EQ(stack.device->rx_dropped + stack.count, 10);
	host_no_memory = false;
	CHECK_EQ(poll(1000), got - 10);
	CHECK_EQ(stack.device->rx_dropped + stack.count, got);
	stack_release_all();
}

static void test_lies(void)
{
	uint64_t before = stack.device->rx_errors;

	CHECK(card->receive(pattern, 60, 0));
	CHECK(card->receive(pattern, 60, 13));
	CHECK(card->receive(pattern, 60, 2049));
	CHECK(card->receive(pattern, 60, 8000));
	CHECK_EQ(poll(8), 4);
	CHECK_EQ(stack.device->rx_errors, before + 4);
	CHECK_EQ(stack.count, 0);
}

static void test_transmit(void)
{
	uint8_t *memory = malloc(4096);
	struct net_segment segments[3] = {{memory, 60}, {memory + 100, 1}, {memory + 200, 1400}};
	struct net_segment large = {memory, 1519};
	unsigned sent = stack.done;

	memcpy(memory, pattern, 4096);
	for (unsigned i = 0; i < 1000; i++) {
		unsigned count = 1 + i % 3;

		CHECK_EQ(stack_send(segments, count, false), 0);
		CHECK_EQ(card->send(copy, sizeof(copy)), 60 + (count > 1) + (count > 2) * 1400);
		CHECK_EQ(memcmp(copy, memory, 60), 0);
		CHECK(count < 3 || memcmp(copy + 61, memory + 200, 1400) == 0);
	}
	CHECK_EQ(poll(0), 0);
	CHECK_EQ(stack.done, sent + 1000);
	CHECK_EQ(stack_send(&large, 1, false), -EINVAL);
	CHECK_EQ(stack_send(&large, 0, false), -EINVAL);
	free(memory);
}

static void test_full_transmit(void)
{
	uint8_t *memory = calloc(1, 256);
	struct net_segment segments[2] = {{memory, 100}, {memory + 100, 100}};
	unsigned room = (card->size - 1) / 2;

	interrupt(); /* of frames that were received before */
	CHECK_EQ(poll(8), 0);
	CHECK(!unmask());
	for (unsigned round = 0; round < 20; round++) {
		unsigned sent = 0, writable = stack.writable;
		unsigned done = stack.done, ready = stack.ready;

		while (stack_send(segments, 2, false) == 0)
			sent++;
		CHECK_EQ(sent, room);
		CHECK_EQ(stack_send(segments, 2, false), -EAGAIN);
		/* The card may remember that it has sent something before. */
		interrupt();
		CHECK_EQ(poll(8), 0);
		CHECK(!unmask());
		CHECK(stack.ready <= ready + 1 && stack.writable == writable);
		ready = stack.ready;
		for (unsigned i = 0; i < room; i++)
			CHECK_EQ(card->send(copy, sizeof(copy)), 200);
		interrupt();
		CHECK_EQ(stack.ready, ready + 1);
		CHECK_EQ(poll(8), 0);
		CHECK_EQ(stack.done, done + room);
		CHECK_EQ(stack.writable, writable + 1);
		CHECK(!unmask());
		/* Frames that were sent do not interrupt otherwise. */
		CHECK_EQ(stack_send(segments, 2, false), 0);
		CHECK_EQ(card->send(copy, sizeof(copy)), 200);
		interrupt();
		CHECK_EQ(stack.ready, ready + 1);
		CHECK_EQ(poll(8), 0);
	}
	free(memory);
}

static void test_link(void)
{
	CHECK(stack.device->ops->link_up(stack.device));
	card->set_link(false);
	interrupt();
	CHECK_EQ(stack.link, 1);
	CHECK(!stack.device->ops->link_up(stack.device));
	card->set_link(true);
	interrupt();
	CHECK_EQ(stack.link, 2);
}

static void test_card(insert_fn *insert, find_fn *find)
{
	attach(insert, find);
	test_receive();
	test_full_receive();
	test_lies();
	test_transmit();
	test_full_transmit();
	test_link();
	detach();
}

int main(void)
{
	struct net_device *device;

	for (size_t i = 0; i < sizeof(pattern); i++)
		pattern[i] = (uint8_t)unit_random();
	test_card(ring_device_e1000, e1000_find);
	test_card(ring_device_rtl8139, rtl8139_find);
	CHECK_EQ(e1000_find(&device), -ENODEV);
	return 0;
}
