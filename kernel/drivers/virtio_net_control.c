/* SPDX-License-Identifier: BSD-3-Clause */
/* Virtio network card: the control queue (virtio 1.2, 5.1.6.5). One command, at the start: how many
 * queue pairs are used. The device answers at once; the driver looks for it without interrupts. */
#include <arch/cpu.h>
#include <asm/errno.h>
#include <lib/assert.h>
#include <mm/heap.h>

#include "net_pool.h"
#include "virtio_net.h"

#define CLASS_MQ     4u
#define MQ_PAIRS_SET 0u
#define ACK_OK	     0u
#define ACK_NONE     0xffu
#define ANSWER_POLLS 10000000u

struct command {
	uint8_t class, command;
	uint16_t pairs;
	uint8_t ack; /* written by the device */
};

/* Two descriptors: what the device reads, and where it answers. */
static void submit(struct virtq *queue, struct command *command)
{
	queue->desc[0] = (struct virtq_desc){
		.addr = net_dma_address(command),
		.len = offsetof(struct command, ack),
		.flags = VIRTQ_DESC_NEXT,
		.next = 1,
	};
	queue->desc[1] = (struct virtq_desc){
		.addr = net_dma_address(&command->ack),
		.len = sizeof(command->ack),
		.flags = VIRTQ_DESC_WRITE,
	};
	virtq_push(queue, 0);
	virtq_kick(queue);
}

int virtio_net_control_create(struct virtio_net *net)
{
	/* Behind the pairs that the device has, not those that are used (5.1.2). */
	uint16_t index = (uint16_t)(2 * net->pairs_max);
	int error = virtq_create(&net->virtio, &net->control, index, 2, 0);

	if (!error && net->control.size < 2)
		error = -EIO;
	if (!error)
		virtq_mask(&net->control);
	return error;
}

int virtio_net_control_pairs(struct virtio_net *net, unsigned pairs)
{
	struct command *command = kzalloc(sizeof(*command));
	uint32_t id, length;
	int error = -EIO;

	if (!command)
		return -ENOMEM;
	*command = (struct command){
		.class = CLASS_MQ,
		.command = MQ_PAIRS_SET,
		.pairs = (uint16_t)pairs,
		.ack = ACK_NONE,
	};
	submit(&net->control, command);
	for (unsigned i = 0; i < ANSWER_POLLS; i++) {
		if (!virtq_pop(&net->control, &id, &length)) {
			arch_cpu_relax();
			continue;
		}
		error = READ_ONCE(command->ack) == ACK_OK ? 0 : -EIO;
		kfree(command);
		return error;
	}
	return error; /* the command stays the device's */
}
