/* SPDX-License-Identifier: BSD-3-Clause */
#include "stack.h"

#include "../../../kernel/drivers/net_pool.h"

#include <string.h>

struct stack stack;

static void ready(struct net_device *device, unsigned queue)
{
	CHECK(device == stack.device && queue < device->queues);
	stack.ready++;
}

static void receive(struct net_device *device, unsigned queue, struct net_buffer *frame)
{
	CHECK(device == stack.device && queue < device->queues);
	if (stack.count == STACK_FRAMES_MAX)
		stack_release(0);
	for (struct net_buffer *buffer = frame; buffer; buffer = buffer->next)
		memset(buffer->room, 0xee, sizeof(buffer->room));
	stack.frames[stack.count++] = frame;
}

static void writable(struct net_device *device, unsigned queue)
{
	CHECK(device == stack.device && queue < device->queues);
	stack.writable++;
}

static void link(struct net_device *device)
{
	CHECK(device == stack.device);
	stack.link++;
}

static const struct net_receiver receiver = {ready, receive, writable, link};

void stack_attach(struct net_device *device)
{
	stack = (struct stack){.device = device};
	device->receiver = &receiver;
}

static void done(void *cookie)
{
	CHECK(cookie == &stack);
	stack.done++;
}

int stack_send(const struct net_segment *segments, unsigned count, bool headroom)
{
	const struct net_transmit frame = {
		.segments = segments,
		.count = count,
		.headroom = headroom,
		.done = done,
		.cookie = &stack,
	};

	return stack.device->ops->transmit(stack.device, 0, &frame, false);
}

void stack_release(unsigned index)
{
	struct net_buffer *buffer = stack.frames[index], *next;

	for (; buffer; buffer = next) {
		next = buffer->next;
		buffer->release(buffer);
	}
	stack.count--;
	memmove(&stack.frames[index], &stack.frames[index + 1],
		(stack.count - index) * sizeof(stack.frames[0]));
}

void stack_release_all(void)
{
	while (stack.count)
		stack_release(stack.count - 1);
}

size_t stack_read(unsigned index, uint8_t *out, size_t capacity)
{
	const struct net_buffer *frame = stack.frames[index];
	size_t size = 0;

	CHECK(index < stack.count && frame);
	for (const struct net_buffer *buffer = frame; buffer; buffer = buffer->next) {
		CHECK(buffer->length <= capacity - size);
		memcpy(out + size, buffer->data, buffer->length);
		size += buffer->length;
	}
	CHECK_EQ(size, frame->frame_length);
	return size;
}

void stack_check_leaks(void)
{
	struct net_buffer *buffer;

	net_pool_keep(0);
	host_no_memory = true;
	while ((buffer = net_pool_take(1)))
		net_pool_release(buffer);
	host_no_memory = false;
	CHECK_EQ(host_frames, 0);
}
