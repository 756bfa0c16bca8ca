/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Futexes without priority inheritance. Waiters are in a hash table of buckets by key.
 *
 * Lock: bucket.lock guards its list, the waiters in it, and orders the check of the word against
 * wakers; two buckets are locked in the order of their addresses. Below it come run queue locks.
 *
 * Hand-over: the waker takes the waiter off the list, wakes the task, and last sets waiter.bucket
 * to NULL (release). The waiter lives on the sleeping thread's stack; the thread leaves only when
 * it reads NULL (acquire) or has taken itself off the list under the lock, so the waker never
 * touches a dead waiter, and the common wake-up takes no lock.
 */
#include <arch/user.h>
#include <asm/errno.h>
#include <linux/futex.h>
#include <mm/vm.h>

#include "futex.h"
#include "internal.h"

#define BUCKET_BITS 8u

static struct futex_bucket buckets[1u << BUCKET_BITS];

struct futex_bucket *futex_bucket_of(const struct futex_key *key)
{
	return &buckets[futex_hash(key, BUCKET_BITS)];
}

void futex_init(void)
{
	for (unsigned i = 0; i < ARRAY_SIZE(buckets); i++) {
		spin_init(&buckets[i].lock);
		list_init(&buckets[i].waiters);
	}
}

int futex_key_of(uintptr_t address, bool private, struct futex_key *key)
{
	struct vm_area_info area;

	if (!IS_ALIGNED(address, sizeof(uint32_t)))
		return -EINVAL;
	if (!arch_user_range_ok(address, sizeof(uint32_t)))
		return -EFAULT;
	*key = (struct futex_key){0, address};
	if (private || !vm_area_next(address, &area))
		return 0;
	if (area.object) {
		if (area.start <= address && area.flags & VM_SHARED)
			*key = (struct futex_key){(uintptr_t)area.object,
						  area.offset + (address - area.start)};
		vm_object_put(area.object);
	}
	return 0;
}

int futex_fault_in(uintptr_t address)
{
	uint32_t value;

	if (arch_user_load32(address, &value))
		return -EFAULT;
	/* Writes the word with what it holds: a store in any case. */
	return arch_user_cmpxchg32(address, &value, value) < 0 ? -EFAULT : 0;
}

int futex_cmpxchg(uintptr_t address, uint32_t *expected, uint32_t desired)
{
	ASSERT(!arch_irq_enabled()); /* so a fault is answered at once */
	return arch_user_cmpxchg32(address, expected, desired);
}

void futex_wake_waiter(struct futex_waiter *waiter)
{
	list_remove(&waiter->node);
	task_wake(waiter->task);
	atomic_store_explicit(&waiter->bucket, NULL, memory_order_release);
}

/* Wakes up to COUNT waiters for KEY and BITSET in the locked BUCKET. */
static uint32_t wake_some(struct futex_bucket *bucket, const struct futex_key *key, uint32_t count,
			  uint32_t bitset) REQUIRES(bucket->lock)
{
	struct futex_waiter *waiter, *next;
	uint32_t woken = 0;

	list_for_each_entry_safe (waiter, next, &bucket->waiters, node) {
		if (woken == count)
			break;
		if (!futex_key_equal(&waiter->key, key) || !(waiter->bitset & bitset) || waiter->pi)
			continue;
		futex_wake_waiter(waiter);
		woken++;
	}
	return woken;
}

/* Locks the bucket that WAITER is in; NULL when it has been woken. */
static struct futex_bucket *lock_bucket(struct futex_waiter *waiter,
					arch_irq_state_t *irq) NO_THREAD_SAFETY
{
	struct futex_bucket *bucket;

	while ((bucket = atomic_load_explicit(&waiter->bucket, memory_order_acquire))) {
		*irq = spin_lock(&bucket->lock);
		/* It may have been woken, or moved to another bucket. */
		if (atomic_load_explicit(&waiter->bucket, memory_order_relaxed) == bucket)
			break;
		spin_unlock(&bucket->lock, *irq);
	}
	return bucket;
}

bool futex_leave(struct futex_waiter *waiter) NO_THREAD_SAFETY
{
	arch_irq_state_t irq;
	struct futex_bucket *bucket = lock_bucket(waiter, &irq);

	if (!bucket)
		return false;
	list_remove(&waiter->node);
	spin_unlock(&bucket->lock, irq);
	return true;
}

bool futex_block_again(struct futex_waiter *waiter) NO_THREAD_SAFETY
{
	arch_irq_state_t irq;
	struct futex_bucket *bucket = lock_bucket(waiter, &irq);

	if (!bucket)
		return false;
	atomic_store_explicit(&waiter->task->state, TASK_BLOCKED_SIGNAL, memory_order_seq_cst);
	spin_unlock(&bucket->lock, irq);
	return true;
}

int futex_enter(struct futex_waiter *waiter, uintptr_t address, uint32_t value)
{
	struct futex_bucket *bucket = futex_bucket_of(&waiter->key);
	uint32_t current;
	arch_irq_state_t irq;
	int error;

	for (;;) {
		irq = spin_lock(&bucket->lock);
		error = arch_user_load32_atomic(address, &current);
		if (likely(!error))
			break;
		spin_unlock(&bucket->lock, irq);
		if (error != -EAGAIN || arch_user_load32(address, &current))
			return -EFAULT;
	}
	if (current != value) {
		spin_unlock(&bucket->lock, irq);
		return -EAGAIN;
	}
	atomic_store_explicit(&waiter->bucket, bucket, memory_order_relaxed);
	list_push_back(&bucket->waiters, &waiter->node);
	atomic_store_explicit(&waiter->task->state, TASK_BLOCKED_SIGNAL, memory_order_seq_cst);
	spin_unlock(&bucket->lock, irq);
	return 0;
}

long futex_wait(uintptr_t address, bool private, uint32_t value, uint32_t bitset,
		const struct futex_deadline *deadline)
{
	struct futex_waiter waiter = {.bitset = bitset, .task = task_current()};
	int result = futex_key_of(address, private, &waiter.key);

	if (!result && !bitset)
		result = -EINVAL;
	if (!result)
		result = futex_enter(&waiter, address, value);
	if (result)
		return result;
	for (;;) {
		result = task_block_until(deadline->ns, deadline->realtime);
		if (!atomic_load_explicit(&waiter.bucket, memory_order_acquire))
			return 0;
		if (result)
			return futex_leave(&waiter) ? result : 0;
		if (!futex_block_again(&waiter))
			return 0;
	}
}

long futex_wake(uintptr_t address, bool private, uint32_t count, uint32_t bitset)
{
	struct futex_key key;
	struct futex_bucket *bucket;
	arch_irq_state_t irq;
	int error = futex_key_of(address, private, &key);
	uint32_t woken;

	if (error)
		return error;
	if (!bitset)
		return -EINVAL;
	bucket = futex_bucket_of(&key);
	irq = spin_lock(&bucket->lock);
	woken = wake_some(bucket, &key, count, bitset);
	spin_unlock(&bucket->lock, irq);
	return woken;
}

/* Locks one or two buckets, in the order of their addresses. */
static arch_irq_state_t lock_pair(struct futex_bucket *a, struct futex_bucket *b) NO_THREAD_SAFETY
{
	struct futex_bucket *first = a < b ? a : b, *second = a < b ? b : a;
	arch_irq_state_t irq = spin_lock(&first->lock);

	if (first != second)
		spin_lock_nested(&second->lock);
	return irq;
}

static void unlock_pair(struct futex_bucket *a, struct futex_bucket *b,
			arch_irq_state_t irq) NO_THREAD_SAFETY
{
	if (a != b)
		spin_unlock_nested(&b->lock);
	spin_unlock(&a->lock, irq);
}

/* Moves up to COUNT waiters from one bucket and key to another. */
static uint32_t move_some(struct futex_bucket *from, const struct futex_key *from_key,
			  struct futex_bucket *to, const struct futex_key *to_key, uint32_t count)
{
	struct futex_waiter *waiter, *next;
	struct list moved = LIST_INIT(moved);
	struct list_node *node;
	uint32_t done = 0;

	list_for_each_entry_safe (waiter, next, &from->waiters, node) {
		if (done == count)
			break;
		if (!futex_key_equal(&waiter->key, from_key) || waiter->pi)
			continue;
		list_remove(&waiter->node);
		list_push_back(&moved, &waiter->node);
		done++;
	}
	while ((node = list_pop_front(&moved))) {
		waiter = list_entry(node, struct futex_waiter, node);
		waiter->key = *to_key;
		list_push_back(&to->waiters, node);
		atomic_store_explicit(&waiter->bucket, to, memory_order_relaxed);
	}
	return done;
}

long futex_requeue(const struct futex_requeue *request) NO_THREAD_SAFETY
{
	struct futex_key from_key, to_key;
	struct futex_bucket *from, *to;
	arch_irq_state_t irq;
	uint32_t current, woken, moved = 0;
	int error = futex_key_of(request->from, request->private, &from_key);

	if (!error)
		error = futex_key_of(request->to, request->private, &to_key);
	if (error)
		return error;
	from = futex_bucket_of(&from_key);
	to = futex_bucket_of(&to_key);
	for (;;) {
		irq = lock_pair(from, to);
		error = request->compare ? arch_user_load32_atomic(request->from, &current) : 0;
		if (!error)
			break;
		unlock_pair(from, to, irq);
		if (error != -EAGAIN || arch_user_load32(request->from, &current))
			return -EFAULT;
	}
	if (request->compare && current != request->value) {
		unlock_pair(from, to, irq);
		return -EAGAIN;
	}
	woken = wake_some(from, &from_key, request->wake, FUTEX_ANY);
	if (!futex_key_equal(&from_key, &to_key))
		moved = move_some(from, &from_key, to, &to_key, request->requeue);
	unlock_pair(from, to, irq);
	return (long)woken + moved;
}

static int operand(uint32_t field)
{
	return (int)(field << 20) >> 20; /* 12 bits with sign */
}

static bool operate(uint32_t operation, uint32_t old, uint32_t *new)
{
	int value = operand(operation >> 12 & 0xfff);
	uint32_t argument =
		operation >> 28 & FUTEX_OP_OPARG_SHIFT ? 1u << (value & 31) : (uint32_t)value;

	switch (operation >> 28 & 7) {
	case FUTEX_OP_SET:
		*new = argument;
		return true;
	case FUTEX_OP_ADD:
		*new = old + argument;
		return true;
	case FUTEX_OP_OR:
		*new = old | argument;
		return true;
	case FUTEX_OP_ANDN:
		*new = old & ~argument;
		return true;
	case FUTEX_OP_XOR:
		*new = old ^ argument;
		return true;
	default:
		return false;
	}
}

/* 1 or 0: the comparison; -ENOSYS: none that we know. */
static int compare(uint32_t operation, uint32_t old)
{
	int left = (int)old, right = operand(operation & 0xfff);

	switch (operation >> 24 & 15) {
	case FUTEX_OP_CMP_EQ:
		return left == right;
	case FUTEX_OP_CMP_NE:
		return left != right;
	case FUTEX_OP_CMP_LT:
		return left < right;
	case FUTEX_OP_CMP_GE:
		return left >= right;
	case FUTEX_OP_CMP_LE:
		return left <= right;
	case FUTEX_OP_CMP_GT:
		return left > right;
	default:
		return -ENOSYS;
	}
}

/* Changes the word as OPERATION says, a spinlock is held. 0 with *OLD; -EFAULT: not accessible. */
static int change_word(uintptr_t address, uint32_t operation, uint32_t *old)
{
	uint32_t new;
	int result = arch_user_load32_atomic(address, old);

	while (!result) {
		(void)operate(operation, *old, &new);
		result = futex_cmpxchg(address, old, new);
		if (result == 1)
			return 0;
		if (result < 0)
			break;
	}
	return -EFAULT;
}

long futex_wake_op(uintptr_t first, uintptr_t second, bool private, uint32_t count, uint32_t count2,
		   uint32_t operation) NO_THREAD_SAFETY
{
	struct futex_key first_key, second_key;
	struct futex_bucket *a, *b;
	uint32_t old = 0, unused;
	arch_irq_state_t irq;
	long woken;
	int error = futex_key_of(first, private, &first_key);

	if (!error)
		error = futex_key_of(second, private, &second_key);
	if (error)
		return error;
	if (!operate(operation, 0, &unused) || compare(operation, 0) < 0)
		return -ENOSYS;
	a = futex_bucket_of(&first_key);
	b = futex_bucket_of(&second_key);
	for (;;) {
		irq = lock_pair(a, b);
		if (!change_word(second, operation, &old))
			break;
		unlock_pair(a, b, irq);
		if (futex_fault_in(second))
			return -EFAULT;
	}
	woken = wake_some(a, &first_key, count, FUTEX_ANY);
	if (compare(operation, old))
		woken += wake_some(b, &second_key, count2, FUTEX_ANY);
	unlock_pair(a, b, irq);
	return woken;
}
