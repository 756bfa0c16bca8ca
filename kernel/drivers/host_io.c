/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bulk data between host files and memory. Where the host reaches guest memory (HC_FEAT_SHM), it
 * moves the data itself and the request only names the physical segments; the application's pages
 * are pinned so long, so that no unmapping can give them away under the host's hands. Small pieces
 * and streams (whose read may take for ever, which no pin should) are copied through the channel.
 */
#include "channel.h"

#include <arch/user.h>
#include <asm/errno.h>
#include <lib/assert.h>
#include <mm/frame.h>
#include <mm/heap.h>
#include <mm/vm.h>

#define INLINE_MAX 1024u	/* up to here copying is cheaper than pinning */
#define COPY_MAX   (64ul << 10) /* bounce buffer for larger copies */

struct transfer {
	uint32_t handle;
	uint16_t op;
	uint16_t flags;
	bool interruptible;
	int64_t offset;
	size_t asked;	     /* bytes in the request */
	uint64_t end_offset; /* reply's val[0] */
};

static struct transfer transfer_of(uint32_t handle, bool write, int64_t offset, unsigned flags)
{
	struct transfer t = {
		.handle = handle,
		.op = write ? HC_WRITE : HC_READ,
		.interruptible = flags & HOST_IO_INTERRUPTIBLE,
		.offset = offset,
	};

	if (offset >= 0)
		t.op = write ? HC_PWRITE : HC_PREAD;
	if (flags & HOST_IO_NOWAIT)
		t.flags |= HC_FLAG_NOWAIT;
	if (flags & HOST_IO_APPEND)
		t.flags |= HC_FLAG_APPEND;
	return t;
}

/* The request for SIZE bytes, without its data. */
static struct host_call request_of(const struct transfer *t, size_t size)
{
	return (struct host_call){
		.op = t->op,
		.flags = t->flags,
		.interruptible = t->interruptible,
		.handle = t->handle,
		.arg = {size, (uint64_t)t->offset},
	};
}

/* Performs CALL; no more than SIZE bytes can have moved. */
static int64_t perform(struct transfer *t, struct host_call *call, size_t size)
{
	int64_t result = host_call(call);

	t->asked = size;
	t->end_offset = call->val[0];
	return result > (int64_t)size ? -EIO : result;
}

/* The data is in the frames of request and reply: BUFFER is kernel memory. */
static int64_t call_in(struct transfer *t, void *buffer, size_t size)
{
	struct host_call call = request_of(t, size);
	int64_t result;

	call.in = buffer;
	call.in_capacity = size;
	result = perform(t, &call, size);
	return result > 0 && call.in_size != (size_t)result ? -EIO : result;
}

static int64_t call_out(struct transfer *t, const void *buffer, size_t size)
{
	struct host_call call = request_of(t, size);

	call.out[0] = (struct host_buffer){buffer, size};
	return perform(t, &call, size);
}

static int64_t call_segments(struct transfer *t, const struct hc_seg *segments, unsigned count,
			     size_t size)
{
	struct host_call call = request_of(t, size);

	call.flags |= HC_FLAG_SEGS;
	call.out[0] = (struct host_buffer){segments, count * sizeof(*segments)};
	return perform(t, &call, size);
}

/* One request for the pinned memory. */
_Static_assert(VM_PIN_SEGMENTS <= HC_SEGS_MAX, "a pin fits into one request");
static int64_t call_pinned(struct transfer *t, struct vm_pin *pin)
{
	struct hc_seg few[VM_PIN_INLINE];
	struct hc_seg *segments = few;
	size_t done = 0;
	unsigned count = 0;
	int64_t result;

	if (pin->count > ARRAY_SIZE(few))
		segments = kmalloc(pin->count * sizeof(*segments));
	if (!segments)
		return -ENOMEM;
	while (done < pin->size && count < pin->count) {
		vm_pin_segment(pin, done, &segments[count].gpa, &segments[count].len);
		done += segments[count++].len;
	}
	result = call_segments(t, segments, count, done);
	if (segments != few)
		kfree(segments);
	return result;
}

static int64_t copy_in(struct transfer *t, uintptr_t address, size_t size, void *buffer)
{
	int64_t result = call_in(t, buffer, size);

	return result > 0 && arch_user_write(address, buffer, (size_t)result) ? -EFAULT : result;
}

static int64_t copy_out(struct transfer *t, uintptr_t address, size_t size, void *buffer)
{
	bool plain = t->op == HC_WRITE && t->interruptible && !t->flags;
	int64_t result = arch_user_read(buffer, address, size) ? -EFAULT : -EAGAIN;

	if (result == -EAGAIN && plain)
		result = host_lazy_write(t->handle, buffer, size);
	if (result != -EAGAIN)
		return result;
	result = call_out(t, buffer, size);
	if (plain)
		host_lazy_tried(t->handle, result);
	return result;
}

static int64_t by_copy(struct transfer *t, uintptr_t address, size_t size, bool write_memory)
{
	uint8_t small[INLINE_MAX];
	size_t part = MIN(size, COPY_MAX);
	void *buffer = part <= sizeof(small) ? small : kmalloc(part);
	int64_t result;

	if (!buffer)
		return -ENOMEM;
	result = write_memory ? copy_in(t, address, part, buffer)
			      : copy_out(t, address, part, buffer);
	if (buffer != small)
		kfree(buffer);
	return result;
}

static int64_t by_reference(struct transfer *t, uintptr_t address, size_t size, bool write_memory)
{
	struct vm_pin pin;
	int64_t result = vm_pin(address, size, write_memory, &pin);

	if (result == -EAGAIN || result == -ENOMEM)
		return by_copy(t, address, size, write_memory);
	if (result)
		return result;
	result = call_pinned(t, &pin);
	vm_unpin(&pin);
	return result;
}

static int64_t transfer(struct transfer *t, uintptr_t address, size_t size, bool write_memory)
{
	bool stream = t->offset < 0 && t->interruptible;

	if (!arch_user_range_ok(address, size))
		return -EFAULT;
	size = MIN(size, (size_t)HC_IO_MAX);
	if (!channel_has_shm() || stream || size <= INLINE_MAX)
		return by_copy(t, address, size, write_memory);
	return by_reference(t, address, size, write_memory);
}

int64_t host_read(uint32_t handle, uintptr_t address, size_t size, int64_t offset, unsigned flags,
		  size_t *asked)
{
	struct transfer t = transfer_of(handle, false, offset, flags);
	int64_t result = transfer(&t, address, size, true);

	*asked = t.asked;
	return result;
}

int64_t host_write(uint32_t handle, uintptr_t address, size_t size, int64_t offset, unsigned flags,
		   uint64_t *end_offset)
{
	struct transfer t = transfer_of(handle, true, offset, flags);
	int64_t result = transfer(&t, address, size, false);

	if (end_offset)
		*end_offset = t.end_offset;
	return result;
}

int64_t host_read_kernel(uint32_t handle, void *buffer, size_t size, int64_t offset, unsigned flags,
			 size_t *asked)
{
	struct transfer t = transfer_of(handle, false, offset, flags);

	*asked = MIN(size, (size_t)HC_DATA_MAX);
	return call_in(&t, buffer, *asked);
}

int64_t host_write_kernel(uint32_t handle, const void *buffer, size_t size, int64_t offset,
			  unsigned flags, uint64_t *end_offset)
{
	struct transfer t = transfer_of(handle, true, offset, flags);
	int64_t result = call_out(&t, buffer, MIN(size, (size_t)HC_DATA_MAX));

	*end_offset = t.end_offset;
	return result;
}

int64_t host_read_frames(uint32_t handle, paddr_t frame, size_t size, int64_t offset)
{
	struct transfer t = transfer_of(handle, false, offset, 0);
	struct hc_seg segment = {frame, size};

	ASSERT(size <= HC_DATA_MAX && offset >= 0);
	return channel_has_shm() ? call_segments(&t, &segment, 1, size)
				 : call_in(&t, mm_phys_to_virt(frame), size);
}

int64_t host_write_frames(uint32_t handle, paddr_t frame, size_t size, int64_t offset)
{
	struct transfer t = transfer_of(handle, true, offset, 0);
	struct hc_seg segment = {frame, size};

	ASSERT(size <= HC_DATA_MAX && offset >= 0);
	return channel_has_shm() ? call_segments(&t, &segment, 1, size)
				 : call_out(&t, mm_phys_to_virt(frame), size);
}
