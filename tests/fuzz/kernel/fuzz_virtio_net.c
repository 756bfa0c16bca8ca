/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A network card that means harm: fuzz input drives what the card writes into the rings and
 * buffers, and what the stack does meanwhile. Whatever it says, nothing beyond the guest's buffers
 * is touched, every frame that the stack gets is of a possible size, no buffer gets lost, and
 * `done` is called at most once for a frame.
 */
#include "../../unit/drivers/stack.h"
#include "../../unit/drivers/virtio_device.h"
#include <fuzz_input.h>

#include "../../../kernel/drivers/net_cards.h"

#include <string.h>

#define QUEUE_SIZE 16u

static uint8_t *memory;	      /* to send from */
static uint8_t out[1u << 17]; /* what was sent, what was received */

/* Mostly small, sometimes anything. */
static uint32_t number(void)
{
	uint8_t kind = byte();

	return kind < 0xf0 ? kind : kind < 0xf8 ? word() : word() << 16 | word();
}

static void send(void)
{
	struct net_segment segments[QUEUE_SIZE + 2];
	unsigned count = byte() % (QUEUE_SIZE + 2);
	bool headroom = byte() & 1;

	for (unsigned i = 0; i < count; i++)
		segments[i] = (struct net_segment){memory + 16, number() & 0x1ffff};
	(void)stack_send(segments, count, headroom);
}

static void check_frames(void)
{
	for (unsigned i = 0; i < stack.count; i++) {
		size_t size = stack_read(i, out, sizeof(out));

		CHECK(size >= 14 && size <= NET_FRAME_MAX);
	}
	stack_release_all();
}

/* Overwrites the header of a buffer that the card has or had. */
static void write_header(void)
{
	uint8_t *buffer = vdev_memory(vdev_desc(VDEV_RX, byte() % QUEUE_SIZE)->addr);

	for (unsigned i = 0; i < 12; i++)
		buffer[i] = byte();
}

static void take_and_return(unsigned queue)
{
	int head = vdev_take(queue);

	if (head >= 0)
		vdev_return(queue, (uint32_t)head, number());
}

/* One step of card or stack. */
static void step(void)
{
	uint8_t header[12] = {0};

	switch (byte() % 12) {
	case 0:
		(void)stack.device->ops->poll(stack.device, byte() % stack.device->queues,
					      byte() % 32);
		check_frames();
		break;
	case 1:
		(void)stack.device->ops->unmask(stack.device, byte() % stack.device->queues);
		break;
	case 2:
		send();
		break;
	case 3:
		host_interrupt();
		break;
	case 4:
		for (unsigned i = 0; i < 10; i++)
			header[i] = byte();
		if (vdev_available(VDEV_RX) > 8)
			(void)vdev_receive(header, out, word() % 20000);
		break;
	case 5:
		vdev_return(VDEV_RX, number(), number());
		break;
	case 6:
		vdev_return(VDEV_TX, number(), number());
		break;
	case 7:
		take_and_return(VDEV_RX);
		break;
	case 8:
		take_and_return(VDEV_TX);
		break;
	case 9:
		write_header();
		break;
	case 10:
		vdev.interrupt_status = byte() & 3;
		break;
	default:
		host_no_memory = byte() & 1;
	}
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	memory = calloc(1, 16 + 0x20000);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct net_device *device;
	uint64_t features;

	input = data;
	input_size = size;
	features = word() | (uint64_t)word() << 16;
	vdev_init(features, QUEUE_SIZE);
	CHECK(virtio_net_find(VDEV_CMDLINE, &device) == 0);
	stack_attach(device);
	device->queues = 1 + byte() % device->queues_max;
	CHECK(device->ops->start(device) == 0);
	while (input_size)
		step();
	host_no_memory = false;
	for (unsigned queue = 0; queue < device->queues; queue++)
		(void)device->ops->poll(device, queue, 1u << 16);
	check_frames();
	vdev_destroy();
	stack_check_leaks();
	return 0;
}
