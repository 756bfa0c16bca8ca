/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Contexts of Linux AIO and their rings.
 *
 * A ring is memory of the application: a header, then events. Libraries look for the magic number
 * in it, and may then take events without a system call: they read the ring and move its head. The
 * kernel writes through pinned frames, so it can do no harm elsewhere when the application unmaps
 * the ring; and it believes the application nothing but the head, which it takes modulo the size.
 *
 * Locks: contexts_lock (mutex) guards the list of contexts; context.lock the places in the ring and
 * its tail; context.reader (mutex) makes takers of events come one after the other, and is held
 * while they are copied out. Whoever uses a context has a reference; aio_destroy waits for them.
 */
#include "aio.h"

#include <arch/user.h>
#include <asm/errno.h>
#include <asm/mman.h>
#include <core/clock.h>
#include <fs/special.h>
#include <lib/assert.h>
#include <mm/frame.h>
#include <mm/heap.h>
#include <mm/vm.h>

/* Linux's layout and limits (fs/aio.c there). */
#define RING_MAGIC	    0xa10a10a1u
#define RING_COMPATIBLE	    1u
#define RING_SMALLEST	    16u
#define REQUESTS_MAX	    65536u /* fs.aio-max-nr: of all contexts together */
#define REQUESTS_IMPOSSIBLE 0x400000u

struct ring {
	uint32_t id, size; /* SIZE: events */
	uint32_t head;	   /* next event to take; the application writes it, too */
	uint32_t tail;	   /* where the next event comes */
	uint32_t magic, compatible, incompatible, header_size;
	struct io_event events[];
};
_Static_assert(sizeof(struct ring) == 32 && sizeof(struct io_event) == 32,
	       "no event crosses a page border");

struct aio_context {
	struct list_node node; /* contexts_lock */
	_Atomic uint32_t references;
	_Atomic bool ended;
	uintptr_t address; /* of the ring; fixed, as the following */
	size_t bytes;
	uint32_t size, requests;
	uint32_t number;   /* of the context, in its ring: contexts may have had the same address */
	struct ring *ring; /* its header */
	struct spinlock lock;
	struct vm_pin pin GUARDED_BY_MEMBER(lock);
	uint32_t tail GUARDED_BY_MEMBER(lock);
	uint32_t under_way GUARDED_BY_MEMBER(lock);
	struct mutex reader;
	struct wait_queue queue; /* events have come, or the end */
};

static struct mutex contexts_lock;
static struct list contexts GUARDED_BY(contexts_lock);
static uint32_t requests_total GUARDED_BY(contexts_lock);
static uint32_t next_number GUARDED_BY(contexts_lock);
static struct wait_queue idle_queue; /* a context has lost its last user but its destroyer */

void aio_init(void)
{
	mutex_init(&contexts_lock);
	list_init(&contexts);
	wait_queue_init(&idle_queue);
	aio_poll_init();
}

/* The event at INDEX. */
static struct io_event *event_at(struct aio_context *c, uint32_t index)
{
	paddr_t paddr;
	size_t size;

	vm_pin_segment(&c->pin, offsetof(struct ring, events) + index * sizeof(struct io_event),
		       &paddr, &size);
	ASSERT(size >= sizeof(struct io_event));
	return mm_phys_to_virt(paddr);
}

/* Events in the ring, with what the application says of its head. */
static uint32_t ring_used(const struct aio_context *c)
{
	uint32_t head = READ_ONCE(c->ring->head) % c->size;

	return (c->tail + c->size - head) % c->size;
}

static bool ring_has_events(struct aio_context *c) NO_THREAD_SAFETY
{
	arch_irq_state_t irq = spin_lock(&c->lock);
	bool result = ring_used(c);

	spin_unlock(&c->lock, irq);
	return result;
}

/* Maps and pins the ring. */
static int ring_create(struct aio_context *c)
{
	struct vm_map_request request = {
		.size = c->bytes,
		.prot = PROT_READ | PROT_WRITE,
		.request = VM_MAP_POPULATE,
	};
	long address = vm_map(&request);
	int error;
	paddr_t paddr;
	size_t size;

	if (address < 0)
		return (int)address;
	error = vm_pin((uintptr_t)address, c->bytes, true, &c->pin);
	if (!error && c->pin.size < c->bytes) {
		vm_unpin(&c->pin);
		error = -ENOMEM;
	}
	if (error) {
		(void)!vm_unmap((uintptr_t)address, c->bytes);
		return -ENOMEM;
	}
	vm_pin_segment(&c->pin, 0, &paddr, &size);
	c->address = (uintptr_t)address;
	c->ring = mm_phys_to_virt(paddr);
	*c->ring = (struct ring){
		.size = c->size,
		.magic = RING_MAGIC,
		.compatible = RING_COMPATIBLE,
		.header_size = sizeof(struct ring),
	};
	return 0;
}

static struct aio_context *context_create(unsigned events, int *error)
{
	struct aio_context *c = kzalloc(sizeof(*c));
	size_t places = 2ul * MAX(events, RING_SMALLEST / 2) + 2;

	*error = -ENOMEM;
	if (!c)
		return NULL;
	/* All of the last page is used. */
	c->bytes = ALIGN_UP(sizeof(struct ring) + places * sizeof(struct io_event), PAGE_SIZE);
	c->size = (uint32_t)((c->bytes - sizeof(struct ring)) / sizeof(struct io_event));
	c->requests = events;
	atomic_init(&c->references, 1);
	spin_init(&c->lock);
	mutex_init(&c->reader);
	wait_queue_init(&c->queue);
	*error = ring_create(c);
	if (!*error)
		return c;
	kfree(c);
	return NULL;
}

int aio_create(unsigned events, uintptr_t *id)
{
	struct aio_context *c;
	bool fits;
	int error;

	if (!events || events > REQUESTS_IMPOSSIBLE)
		return -EINVAL;
	mutex_lock(&contexts_lock);
	fits = events <= REQUESTS_MAX - requests_total;
	requests_total += fits ? events : 0;
	mutex_unlock(&contexts_lock);
	if (!fits)
		return -EAGAIN;
	c = context_create(events, &error);
	mutex_lock(&contexts_lock);
	if (c) {
		c->ring->id = c->number = next_number++;
		list_push_back(&contexts, &c->node);
	} else {
		requests_total -= events;
	}
	mutex_unlock(&contexts_lock);
	if (!c)
		return error;
	*id = c->address;
	return 0;
}

static struct aio_context *find(uintptr_t address, uint32_t number) REQUIRES(contexts_lock)
{
	struct aio_context *c;

	list_for_each_entry (c, &contexts, node)
		if (c->address == address && c->number == number)
			return c;
	return NULL;
}

struct aio_context *aio_get(uintptr_t id)
{
	struct aio_context *c;
	uint32_t number;

	/* A ring that has been unmapped is no context any more, and another may be there now. */
	if (arch_user_read(&number, id + offsetof(struct ring, id), sizeof(number)))
		return NULL;
	mutex_lock(&contexts_lock);
	c = find(id, number);
	if (c)
		atomic_fetch_add(&c->references, 1);
	mutex_unlock(&contexts_lock);
	return c;
}

void aio_put(struct aio_context *c)
{
	/* At 1 its destroyer may go on and free it: the queue it waits in is no part of it. */
	if (atomic_fetch_sub(&c->references, 1) == 2)
		wait_queue_wake(&idle_queue, WAIT_ALL);
}

int aio_destroy(uintptr_t id)
{
	struct aio_context *c = aio_get(id);
	bool mine;

	if (!c)
		return -EINVAL;
	mutex_lock(&contexts_lock);
	mine = list_linked(&c->node);
	if (mine) {
		list_remove(&c->node);
		requests_total -= c->requests;
	}
	mutex_unlock(&contexts_lock);
	aio_put(c); /* if it is mine, the list's is left */
	if (!mine)
		return -EINVAL;
	atomic_store(&c->ended, true);
	aio_poll_cancel_all(c);
	wait_queue_wake(&c->queue, WAIT_ALL);
	(void)wait_event(&idle_queue, WAIT_UNINTERRUPTIBLE, TIME_NEVER,
			 atomic_load(&c->references) == 1);
	(void)!vm_unmap(c->address, c->bytes);
	vm_unpin(&c->pin);
	kfree(c);
	return 0;
}

unsigned aio_ring_size(const struct aio_context *c)
{
	return c->size;
}

/* Requests that are under way and events that wait fit into the ring together: none is lost. */
bool aio_begin(struct aio_request *request, struct aio_context *c) NO_THREAD_SAFETY
{
	arch_irq_state_t irq = spin_lock(&c->lock);
	bool fits = c->under_way + ring_used(c) < c->size - 1;

	c->under_way += fits;
	spin_unlock(&c->lock, irq);
	if (!fits)
		return false;
	atomic_fetch_add(&c->references, 1);
	*request = (struct aio_request){.context = c};
	return true;
}

static void put_files(const struct aio_request *request)
{
	if (request->file)
		file_put(request->file);
	if (request->event_file)
		file_put(request->event_file);
	aio_put(request->context);
}

void aio_abandon(struct aio_request *request) NO_THREAD_SAFETY
{
	struct aio_context *c = request->context;
	arch_irq_state_t irq = spin_lock(&c->lock);

	c->under_way--;
	spin_unlock(&c->lock, irq);
	put_files(request);
}

void aio_complete(struct aio_request *request, int64_t result) NO_THREAD_SAFETY
{
	struct aio_context *c = request->context;
	arch_irq_state_t irq = spin_lock(&c->lock);

	request->event.res = result;
	*event_at(c, c->tail) = request->event;
	c->tail = (c->tail + 1) % c->size;
	/* The application reads the event after the tail. */
	atomic_thread_fence(memory_order_release);
	WRITE_ONCE(c->ring->tail, c->tail);
	c->under_way--;
	spin_unlock(&c->lock, irq);
	wait_queue_wake(&c->queue, WAIT_ALL);
	if (request->event_file)
		eventfd_signal(request->event_file, 1);
	put_files(request);
}

/* Copies out what is there, up to MAX. Their number, or -EFAULT: then they stay. */
static int64_t take_now(struct aio_context *c, unsigned long max,
			uintptr_t address) NO_THREAD_SAFETY
{
	uint32_t head, left, done = 0;
	arch_irq_state_t irq;

	mutex_lock(&c->reader);
	irq = spin_lock(&c->lock);
	head = READ_ONCE(c->ring->head) % c->size;
	left = (uint32_t)MIN(ring_used(c), max);
	spin_unlock(&c->lock, irq);
	for (; done < left; done++) {
		struct io_event event;

		irq = spin_lock(&c->lock);
		event = *event_at(c, (head + done) % c->size);
		spin_unlock(&c->lock, irq);
		if (arch_user_write(address + done * sizeof(event), &event, sizeof(event))) {
			mutex_unlock(&c->reader);
			return -EFAULT;
		}
	}
	if (done)
		WRITE_ONCE(c->ring->head, (head + done) % c->size);
	mutex_unlock(&c->reader);
	return done;
}

int64_t aio_take(struct aio_context *c, unsigned long min, unsigned long max, uintptr_t address,
		 uint64_t deadline_ns)
{
	unsigned long done = 0;
	int error = 0;

	for (;;) {
		int64_t taken =
			atomic_load(&c->ended)
				? -EINVAL
				: take_now(c, max - done, address + done * sizeof(struct io_event));

		if (taken < 0)
			return done ? (int64_t)done : taken;
		done += (unsigned long)taken;
		if (done >= min || error || !deadline_ns)
			break;
		error = wait_event(&c->queue, WAIT_INTERRUPTIBLE, deadline_ns,
				   ring_has_events(c) || atomic_load(&c->ended));
	}
	return !done && error == -EINTR ? -EINTR : (int64_t)done;
}
