/* SPDX-License-Identifier: BSD-3-Clause */
#include "virtio_device.h"

#include <arch/io.h>
#include <mm/frame.h>
#include <string.h>

#define BASE	   0xfeb00000ul
#define CONFIG	   0x100u
#define CONTROL	   4u /* of a card with two pairs */
#define EVENT_IDX  (1ull << 29)
#define MERGEABLE  (1ull << 15)
#define VERSION_1  (1ull << 32)
#define DESC_NEXT  1u
#define DESC_WRITE 2u

struct vdev vdev;

void vdev_init(uint64_t features, uint32_t size)
{
	vdev = (struct vdev){
		.features = features | VERSION_1,
		.queue_max = size,
		.link = 1,
		.pairs = 2,
		.mtu = 1400,
		.mac = {0x52, 0x54, 0, 1, 2, 3},
	};
}

void vdev_destroy(void)
{
	for (unsigned queue = 0; queue < 4; queue += 2) {
		for (uint32_t i = 0; i < vdev.queues[queue].size; i++) {
			uint64_t address = vdev_desc(queue, (uint16_t)i)->addr;

			if (address) /* it was used at all */
				mm_frame_free(ALIGN_DOWN(address, PAGE_SIZE), 0);
		}
	}
	host_reset();
}

uintptr_t arch_mmio_map(paddr_t address, size_t size)
{
	CHECK(address == BASE && size == PAGE_SIZE);
	return address;
}

static uint32_t config_read(unsigned offset)
{
	if (offset < 6)
		return vdev.mac[offset];
	return offset == 6 ? vdev.link : offset == 8 ? vdev.pairs : offset == 10 ? vdev.mtu : 0;
}

uint32_t unit_register_read(uintptr_t address, unsigned size)
{
	unsigned offset = (unsigned)(address - BASE);

	CHECK(offset < PAGE_SIZE);
	if (offset >= CONFIG)
		return config_read(offset - CONFIG);
	CHECK_EQ(size, 4);
	switch (offset) {
	case 0x000:
		return 0x74726976;
	case 0x004:
		return 2;
	case 0x008:
		return 1;
	case 0x010:
		return (uint32_t)(vdev.features >> 32 * (vdev.features_select & 1));
	case 0x034:
		return vdev.queue_select < VDEV_QUEUES ? vdev.queue_max : 0;
	case 0x060:
		return vdev.interrupt_status;
	case 0x070:
		return vdev.status;
	default:
		CHECK(!"a register that can be read");
		return 0;
	}
}

static void set_half(uint64_t *value, unsigned half, uint32_t bits)
{
	*value = (*value & ~(0xffffffffull << 32 * half)) | (uint64_t)bits << 32 * half;
}

static void queue_write(unsigned offset, uint32_t value)
{
	struct vdev_queue *queue = &vdev.queues[vdev.queue_select];

	CHECK(vdev.queue_select < VDEV_QUEUES && !queue->ready);
	if (offset == 0x038)
		queue->size = value;
	else if (offset == 0x044)
		queue->ready = value;
	else if (offset == 0x080 || offset == 0x084)
		set_half(&queue->desc, offset >> 2 & 1, value);
	else if (offset == 0x090 || offset == 0x094)
		set_half(&queue->avail, offset >> 2 & 1, value);
	else if (offset == 0x0a0 || offset == 0x0a4)
		set_half(&queue->used, offset >> 2 & 1, value);
	else
		CHECK(!"a register that can be written");
}

/* The one command that the driver knows: how many pairs it uses. */
static void obey(void)
{
	int head = vdev_take(CONTROL);
	const struct vdev_desc *desc = vdev_desc(CONTROL, (uint16_t)head);
	const uint8_t *command = vdev_memory(desc->addr);
	struct vdev_desc *answer = vdev_desc(CONTROL, desc->next);

	CHECK(desc->flags == DESC_NEXT && desc->len == 4 && command[0] == 4 && command[1] == 0);
	CHECK(answer->flags == DESC_WRITE && answer->len == 1);
	memcpy(&vdev.pairs_set, command + 2, 2);
	memcpy(vdev_memory(answer->addr), &vdev.answer, 1);
	vdev_return(CONTROL, (uint32_t)head, 1);
}

void unit_register_write(uintptr_t address, uint32_t value, unsigned size)
{
	unsigned offset = (unsigned)(address - BASE);

	CHECK_EQ(size, 4);
	switch (offset) {
	case 0x014:
		vdev.features_select = value;
		break;
	case 0x020:
		set_half(&vdev.accepted, vdev.accepted_select & 1, value);
		break;
	case 0x024:
		vdev.accepted_select = value;
		break;
	case 0x030:
		vdev.queue_select = value;
		break;
	case 0x050:
		CHECK(value < VDEV_QUEUES && vdev.queues[value].ready);
		vdev.notified[value]++;
		if (value == CONTROL)
			obey();
		break;
	case 0x064:
		vdev.interrupt_status &= ~value;
		break;
	case 0x070:
		/* FEATURES_OK stays only when the device has all that was accepted. */
		vdev.status = vdev.accepted & ~vdev.features ? value & ~8u : value;
		break;
	default:
		queue_write(offset, value);
	}
}

void *vdev_memory(uint64_t address)
{
	return mm_phys_to_virt(address);
}

struct vdev_desc *vdev_desc(unsigned queue, uint16_t index)
{
	CHECK(index < vdev.queues[queue].size);
	return (struct vdev_desc *)vdev_memory(vdev.queues[queue].desc) + index;
}

/* Available ring: flags, index, entries, used event. */
static uint16_t *avail(unsigned queue, unsigned at)
{
	return (uint16_t *)vdev_memory(vdev.queues[queue].avail) + at;
}

/* Used ring: flags, index, elements of id and length, available event. */
static uint8_t *used(unsigned queue, size_t at)
{
	return (uint8_t *)vdev_memory(vdev.queues[queue].used) + at;
}

uint16_t vdev_available(unsigned queue)
{
	return (uint16_t)(*avail(queue, 1) - vdev.queues[queue].seen);
}

int vdev_take(unsigned queue)
{
	struct vdev_queue *q = &vdev.queues[queue];
	uint16_t head;

	if (!vdev_available(queue))
		return -1;
	head = *avail(queue, 2 + q->seen++ % q->size);
	CHECK(head < q->size);
	if (vdev.accepted & EVENT_IDX) /* tell me of the next one */
		memcpy(used(queue, 4 + 8ul * q->size), &q->seen, 2);
	return head;
}

static bool wants_interrupt(unsigned queue, uint16_t old, uint16_t new)
{
	uint16_t event = *avail(queue, 2 + vdev.queues[queue].size);

	if (!(vdev.accepted & EVENT_IDX))
		return !(*avail(queue, 0) & 1);
	return (uint16_t)(new - event - 1) < (uint16_t)(new - old);
}

static void publish(unsigned queue, uint16_t count)
{
	struct vdev_queue *q = &vdev.queues[queue];
	uint16_t old = q->used_index;

	q->used_index = (uint16_t)(q->used_index + count);
	memcpy(used(queue, 2), &q->used_index, 2);
	if (!wants_interrupt(queue, old, q->used_index))
		return;
	vdev.interrupts++;
	vdev.interrupt_status |= 1;
}

static void write_element(unsigned queue, uint16_t ahead, uint32_t id, uint32_t length)
{
	struct vdev_queue *q = &vdev.queues[queue];
	uint32_t element[2] = {id, length};

	memcpy(used(queue, 4 + 8ul * ((uint16_t)(q->used_index + ahead) % q->size)), element, 8);
}

void vdev_return(unsigned queue, uint32_t id, uint32_t length)
{
	write_element(queue, 0, id, length);
	publish(queue, 1);
}

bool vdev_receive(const void *header, const void *frame, size_t size)
{
	uint8_t whole[12 + 70000];
	uint16_t buffers = 0;
	size_t done = 0, first = 0;

	CHECK(size <= 70000);
	memcpy(whole, header, 12);
	memcpy(whole + 12, frame, size);
	size += 12;
	while (done < size) {
		int head = vdev_take(VDEV_RX);
		struct vdev_desc *desc;
		size_t part;

		if (head < 0)
			return false;
		desc = vdev_desc(VDEV_RX, (uint16_t)head);
		CHECK_EQ(desc->flags, DESC_WRITE);
		part = size - done < desc->len ? size - done : desc->len;
		memcpy(vdev_memory(desc->addr), whole + done, part);
		if (!buffers)
			first = desc->addr;
		write_element(VDEV_RX, buffers++, (uint32_t)head, (uint32_t)part);
		done += part;
	}
	if (vdev.accepted & MERGEABLE)
		memcpy((uint8_t *)vdev_memory(first) + 10, &buffers, 2);
	publish(VDEV_RX, buffers);
	return true;
}

size_t vdev_send(uint8_t *out, size_t capacity)
{
	int head = vdev_take(VDEV_TX);
	size_t done = 0;
	uint16_t index = (uint16_t)head;

	if (head < 0)
		return 0;
	for (;;) {
		const struct vdev_desc *desc = vdev_desc(VDEV_TX, index);

		CHECK(!(desc->flags & ~DESC_NEXT) && desc->len && desc->len <= capacity - done);
		memcpy(out + done, vdev_memory(desc->addr), desc->len);
		done += desc->len;
		if (!(desc->flags & DESC_NEXT))
			break;
		index = desc->next;
	}
	vdev_return(VDEV_TX, (uint32_t)head, 0);
	return done;
}
