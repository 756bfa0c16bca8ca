/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Futexes with priority inheritance. The word holds the owner's tid; the application takes and
 * releases a free lock by itself and comes here only when somebody waits. For each such lock there
 * is a pi_state as long as it has waiters. A release hands the lock to the most urgent waiter at
 * once.
 *
 * The effective priority of a task is the highest of its own and of those that wait for a lock it
 * owns; a change is passed on along the chain of owners that wait themselves. The chain has no
 * loops: a wait that would close one is refused (EDEADLK).
 *
 * Lock: pi_lock, for all of it. Contended PI locks are rare. Below it come run queue locks.
 */
#include <arch/user.h>
#include <asm/errno.h>
#include <linux/futex.h>
#include <mm/heap.h>

#include "futex.h"
#include "futex_pi.h"
#include "internal.h"

#define TABLE_BITS  6u
#define CHAIN_LIMIT 1024u

/* A contended lock. */
struct pi_state {
	struct pi_state *next; /* in its bucket of the table */
	struct futex_key key;
	uintptr_t address; /* as the last one to wait gave it; the word is the same at all */
	struct task *owner;
	struct list_node owned; /* owner->pi_held */
	struct list waiters;	/* most urgent first, equals in the order of arrival */
};

static struct spinlock pi_lock = SPINLOCK_INIT;
static struct pi_state *table[1u << TABLE_BITS] GUARDED_BY(pi_lock);

/* Reads the word; -EFAULT: not accessible without blocking. */
static int load_word(uintptr_t address, uint32_t *word)
{
	return arch_user_load32_atomic(address, word) ? -EFAULT : 0;
}

static struct pi_state *find(const struct futex_key *key) REQUIRES(pi_lock)
{
	struct pi_state *state = table[futex_hash(key, TABLE_BITS)];

	while (state && !futex_key_equal(&state->key, key))
		state = state->next;
	return state;
}

static struct pi_waiter *top_waiter(const struct pi_state *state)
{
	return list_entry(list_front(&state->waiters), struct pi_waiter, node);
}

static void waiter_insert(struct pi_state *state, struct pi_waiter *waiter) REQUIRES(pi_lock)
{
	struct pi_waiter *other;

	list_for_each_entry (other, &state->waiters, node) {
		if (other->task->priority < waiter->task->priority)
			break;
	}
	list_insert_before(&other->node, &waiter->node);
}

static unsigned inherited_priority(const struct task *task) REQUIRES(pi_lock)
{
	unsigned priority = task->base_priority;
	struct pi_state *state;

	list_for_each_entry (state, &task->pi_held, owned) {
		if (!list_empty(&state->waiters))
			priority = MAX(priority, (unsigned)top_waiter(state)->task->priority);
	}
	return priority;
}

/* TASK's own priority or that of those who wait for it has changed. */
static void propagate(struct task *task) REQUIRES(pi_lock)
{
	for (unsigned i = 0; i < CHAIN_LIMIT; i++) {
		unsigned priority = inherited_priority(task);
		struct pi_waiter *waiter = task->pi_blocked;

		if (priority == task->priority)
			return;
		sched_set_priority(task, priority);
		if (!waiter)
			return;
		list_remove(&waiter->node);
		waiter_insert(waiter->state, waiter);
		task = waiter->state->owner;
	}
}

void pi_set_base_priority(struct task *task, unsigned priority)
{
	arch_irq_state_t irq = spin_lock(&pi_lock);

	task->base_priority = (uint8_t)priority;
	propagate(task);
	spin_unlock(&pi_lock, irq);
}

/* Would SELF wait for itself if it waited for OWNER? */
static bool closes_loop(const struct task *self, const struct task *owner) REQUIRES(pi_lock)
{
	for (unsigned i = 0; i < CHAIN_LIMIT; i++) {
		if (owner == self)
			return true;
		if (!owner->pi_blocked)
			return false;
		owner = owner->pi_blocked->state->owner;
	}
	return true;
}

static void state_free(struct pi_state *state) REQUIRES(pi_lock)
{
	struct pi_state **link = &table[futex_hash(&state->key, TABLE_BITS)];

	ASSERT(list_empty(&state->waiters));
	while (*link != state)
		link = &(*link)->next;
	*link = state->next;
	list_remove(&state->owned);
	task_put(state->owner);
	kfree(state);
}

/* The state of the lock that OWNER (a tid) holds: 0, -ESRCH, -EINVAL (another owner) or -ENOMEM. */
static int state_get(const struct futex_key *key, uintptr_t address, tid_t owner,
		     struct pi_state **found) REQUIRES(pi_lock)
{
	struct pi_state *state = find(key);
	struct pi_state **bucket = &table[futex_hash(key, TABLE_BITS)];

	*found = state;
	if (state)
		return state->owner->tid == owner ? 0 : -EINVAL;
	state = kzalloc(sizeof(*state));
	if (!state)
		return -ENOMEM;
	state->owner = task_get(owner);
	if (!state->owner || state->owner->pi_ended) {
		if (state->owner)
			task_put(state->owner);
		kfree(state);
		return -ESRCH;
	}
	state->key = *key;
	state->address = address;
	list_init(&state->waiters);
	list_push_back(&state->owner->pi_held, &state->owned);
	state->next = *bucket;
	*bucket = state;
	*found = state;
	return 0;
}

/* Takes WAITER out, who gives up. */
static void waiter_leave(struct pi_waiter *waiter) REQUIRES(pi_lock)
{
	struct pi_state *state = waiter->state;
	struct task *owner = state->owner;

	list_remove(&waiter->node);
	waiter->task->pi_blocked = NULL;
	if (list_empty(&state->waiters))
		state_free(state); /* owner stays valid: it is in a table of tids or current */
	propagate(owner);
}

/*
 * Takes the lock for SELF if it is free, or marks it as waited for. 0: taken; 1: *WORD has an owner
 * and the mark; -EFAULT: the word is not accessible now.
 */
static int take_or_mark(uintptr_t address, const struct futex_key *key, const struct task *self,
			uint32_t *word) REQUIRES(pi_lock)
{
	const struct pi_state *state;
	uint32_t new;
	int done = load_word(address, word);

	if (done)
		return done;
	do {
		if (*word & FUTEX_TID_MASK) {
			if (*word & FUTEX_WAITERS)
				return 1;
			new = *word | FUTEX_WAITERS;
		} else {
			state = find(key);
			new = (uint32_t)self->tid | (*word & FUTEX_OWNER_DIED) |
			      (state ? FUTEX_WAITERS : 0);
		}
		done = futex_cmpxchg(address, word, new);
	} while (!done);
	if (done < 0)
		return done;
	*word = new;
	return (new &FUTEX_TID_MASK) == (uint32_t)self->tid ? 0 : 1;
}

/* 0: WAITER's task owns the lock. 1: WAITER is queued. Or an error. */
static int try_lock(uintptr_t address, const struct futex_key *key, bool try,
		    struct pi_waiter *waiter) REQUIRES(pi_lock)
{
	struct task *task = waiter->task;
	struct pi_state *state;
	uint32_t word;
	int result = load_word(address, &word);

	if (result)
		return result;
	if ((word & FUTEX_TID_MASK) == (uint32_t)task->tid)
		return -EDEADLK;
	if (try && word & FUTEX_TID_MASK)
		return -EWOULDBLOCK;
	result = take_or_mark(address, key, task, &word);
	if (result <= 0)
		return result;
	result = state_get(key, address, (tid_t)(word & FUTEX_TID_MASK), &state);
	if (result)
		return result;
	if (closes_loop(task, state->owner)) {
		if (list_empty(&state->waiters))
			state_free(state);
		return -EDEADLK;
	}
	waiter->state = state;
	waiter_insert(state, waiter);
	task->pi_blocked = waiter;
	propagate(state->owner);
	return 1;
}

int pi_lock_proxy(uintptr_t address, const struct futex_key *key, struct pi_waiter *waiter)
{
	int result;

	spin_lock_nested(&pi_lock);
	result = try_lock(address, key, false, waiter);
	spin_unlock_nested(&pi_lock);
	return result;
}

long pi_wait(struct pi_waiter *waiter, const struct futex_deadline *deadline, int ended)
{
	struct task *self = waiter->task;
	arch_irq_state_t irq;
	int result = ended;

	for (;;) {
		if (result == 1)
			result = task_block_until(deadline->ns, deadline->realtime);
		irq = spin_lock(&pi_lock);
		if (!list_linked(&waiter->node)) {
			result = 0;
			break;
		}
		if (result) {
			waiter_leave(waiter);
			break;
		}
		atomic_store_explicit(&self->state, TASK_BLOCKED_SIGNAL, memory_order_seq_cst);
		spin_unlock(&pi_lock, irq);
		result = 1;
	}
	spin_unlock(&pi_lock, irq);
	return result;
}

long futex_lock_pi(uintptr_t address, bool private, bool try, const struct futex_deadline *deadline)
{
	struct pi_waiter waiter = {.task = task_current()};
	struct futex_key key;
	arch_irq_state_t irq;
	int result = futex_key_of(address, private, &key);

	while (!result) {
		irq = spin_lock(&pi_lock);
		result = try_lock(address, &key, try, &waiter);
		if (result == 1)
			atomic_store_explicit(&waiter.task->state, TASK_BLOCKED_SIGNAL,
					      memory_order_seq_cst);
		spin_unlock(&pi_lock, irq);
		if (result == 1)
			return pi_wait(&waiter, deadline, 1);
		if (result != -EFAULT)
			return result;
		result = futex_fault_in(address);
	}
	return result;
}

/* Writes NEW into the word of STATE. -EFAULT: not accessible without blocking. */
static int write_word(const struct pi_state *state, uint32_t new)
{
	uint32_t word;
	int done = load_word(state->address, &word);

	if (done)
		return done;
	do {
		done = futex_cmpxchg(state->address, &word, new);
	} while (!done);
	return done < 0 ? done : 0;
}

/*
 * Gives the lock of STATE to its most urgent waiter and wakes it. FLAGS: FUTEX_OWNER_DIED or 0. 0,
 * or -EFAULT when the word is not accessible and not FORCE: then nothing has changed.
 */
static int hand_over(struct pi_state *state, uint32_t flags, bool force) REQUIRES(pi_lock)
{
	struct pi_waiter *waiter = top_waiter(state);
	struct task *old = state->owner, *new = waiter->task;
	bool more = waiter->node.next != &state->waiters.head;

	if (write_word(state, (uint32_t) new->tid | flags | (more ? FUTEX_WAITERS : 0)) && !force)
		return -EFAULT;
	list_remove(&waiter->node);
	new->pi_blocked = NULL;
	if (more) {
		atomic_fetch_add_explicit(&new->refs, 1, memory_order_relaxed);
		list_remove(&state->owned);
		list_push_back(&new->pi_held, &state->owned);
		state->owner = new;
	} else {
		state_free(state); /* the old owner is the current task */
	}
	propagate(new);
	propagate(old);
	task_wake(new);
	if (more)
		task_put(old);
	return 0;
}

/* 0: released or handed over; -EPERM, -EINVAL; -EFAULT: the word is not accessible. */
static int release(uintptr_t address, const struct futex_key *key) REQUIRES(pi_lock)
{
	const struct task *self = task_current();
	struct pi_state *state = find(key);
	uint32_t word;
	int done = load_word(address, &word);

	if (done)
		return done;
	if (state && state->owner == self && (word & FUTEX_TID_MASK) == (uint32_t)self->tid)
		return hand_over(state, 0, false);
	do {
		if ((word & FUTEX_TID_MASK) != (uint32_t)self->tid)
			return -EPERM;
		if (state)
			return -EINVAL;
		done = futex_cmpxchg(address, &word, 0);
	} while (!done);
	return done < 0 ? done : 0;
}

long futex_unlock_pi(uintptr_t address, bool private)
{
	struct futex_key key;
	arch_irq_state_t irq;
	int result = futex_key_of(address, private, &key);

	while (!result) {
		irq = spin_lock(&pi_lock);
		result = release(address, &key);
		spin_unlock(&pi_lock, irq);
		if (result != -EFAULT)
			return result;
		result = futex_fault_in(address);
	}
	return result;
}

void futex_pi_exit(void)
{
	struct task *self = task_current();
	struct list_node *node;
	arch_irq_state_t irq = spin_lock(&pi_lock);
	bool force = false; /* the memory of the lock is gone: its new owner will find out */

	self->pi_ended = true;
	while ((node = list_front(&self->pi_held))) {
		struct pi_state *state = list_entry(node, struct pi_state, owned);
		uintptr_t address = state->address;

		if (!hand_over(state, FUTEX_OWNER_DIED, force)) {
			force = false;
			continue;
		}
		spin_unlock(&pi_lock, irq);
		force = futex_fault_in(address) != 0;
		irq = spin_lock(&pi_lock);
	}
	spin_unlock(&pi_lock, irq);
}
