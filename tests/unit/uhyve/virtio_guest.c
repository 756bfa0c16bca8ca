/* SPDX-License-Identifier: BSD-3-Clause */
/* See virtio_guest.h. */
#include "virtio_guest.h"

#include "check.h"

#include <stdlib.h>
#include <string.h>

#define PAGE 4096u

void guest_memory_create(struct guest_mem *mem)
{
	*mem = (struct guest_mem){
		.base = aligned_alloc(PAGE, GUEST_SIZE),
		.size = GUEST_SIZE,
		.range_count = 2,
		.range = {{0, GUEST_LOW, 0},
			  {GUEST_MEM_HIGH_BASE, GUEST_SIZE - GUEST_LOW, GUEST_LOW}}};
	CHECK(mem->base);
	memset(mem->base, 0, GUEST_SIZE);
}

static void *at(const struct guest_queue *queue, uint64_t gpa, size_t size)
{
	void *memory = guest_mem_at(queue->mem, gpa, size);

	CHECK(memory);
	return memory;
}

static uint16_t *word(const struct guest_queue *queue, uint64_t gpa)
{
	return at(queue, gpa, sizeof(uint16_t));
}

void guest_queue_init(struct guest_queue *queue, const struct guest_mem *mem, uint64_t gpa,
		      uint16_t size)
{
	*queue = (struct guest_queue){
		.mem = mem, .layout = {gpa, gpa + PAGE, gpa + (uint64_t)2 * PAGE, size, true}};
}

void guest_queue_desc(const struct guest_queue *queue, uint16_t index, uint64_t gpa, uint32_t len,
		      uint16_t flags, uint16_t next)
{
	struct vring_desc *desc =
		at(queue, queue->layout.desc + sizeof(*desc) * index, sizeof(*desc));

	*desc = (struct vring_desc){gpa, len, flags, next};
}

void guest_queue_push(struct guest_queue *queue, uint16_t head)
{
	*word(queue, queue->layout.avail + 4 + 2u * (queue->next % queue->layout.size)) = head;
	queue->next++;
	__atomic_store_n(word(queue, queue->layout.avail + 2), queue->next, __ATOMIC_RELEASE);
}

void guest_queue_set_avail(const struct guest_queue *queue, uint16_t flags, uint16_t index)
{
	*word(queue, queue->layout.avail) = flags;
	*word(queue, queue->layout.avail + 2) = index;
}

void guest_queue_set_used_event(const struct guest_queue *queue, uint16_t event)
{
	*word(queue, queue->layout.avail + 4 + 2u * queue->layout.size) = event;
}

void guest_queue_set_used(const struct guest_queue *queue, uint16_t index)
{
	*word(queue, queue->layout.used + 2) = index;
}

uint16_t guest_queue_used_index(const struct guest_queue *queue)
{
	return __atomic_load_n(word(queue, queue->layout.used + 2), __ATOMIC_ACQUIRE);
}

struct vring_used_elem guest_queue_used(const struct guest_queue *queue, uint16_t index)
{
	const struct vring_used_elem *elem =
		at(queue, queue->layout.used + 4 + sizeof(*elem) * (index % queue->layout.size),
		   sizeof(*elem));

	return *elem;
}

uint16_t guest_queue_used_flags(const struct guest_queue *queue)
{
	return *word(queue, queue->layout.used);
}

uint16_t guest_queue_avail_event(const struct guest_queue *queue)
{
	return *word(queue, queue->layout.used + 4 + 8u * queue->layout.size);
}
