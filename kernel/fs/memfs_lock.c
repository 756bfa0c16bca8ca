/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * flock(2) on memory files: locks between open files. flock_lock (spinlock) guards the counts of
 * all nodes and file->handle, which says what an open file holds (LOCK_SH, LOCK_EX, 0).
 */
#include <asm/errno.h>
#include <asm/fcntl.h>
#include <core/spinlock.h>
#include <sched/signal.h>

#include "memfs.h"

static struct spinlock flock_lock = SPINLOCK_INIT;

static void unlock(struct file *file)
{
	struct mem_node *node = file->data;
	arch_irq_state_t state = spin_lock(&flock_lock);
	uint64_t held = file->handle;

	if (held == LOCK_SH)
		node->lock_readers--;
	else if (held == LOCK_EX)
		node->lock_writer = false;
	file->handle = 0;
	spin_unlock(&flock_lock, state);
	if (held)
		wait_queue_wake(&node->lock_queue, WAIT_ALL);
}

/* FILE, which holds nothing, takes the lock if it is free. */
static bool try_lock(struct file *file, unsigned mode)
{
	struct mem_node *node = file->data;
	arch_irq_state_t state = spin_lock(&flock_lock);
	bool free = !file->handle && !node->lock_writer && (mode == LOCK_SH || !node->lock_readers);

	if (free && mode == LOCK_SH)
		node->lock_readers++;
	else if (free)
		node->lock_writer = true;
	if (free)
		file->handle = mode;
	spin_unlock(&flock_lock, state);
	return free;
}

int mem_flock(struct file *file, int operation)
{
	struct mem_node *node = file->data;
	unsigned mode = (unsigned)operation & ~(unsigned)LOCK_NB;

	/* A conversion gives up the old lock first, even when it fails then (flock(2)). */
	unlock(file);
	if (mode == LOCK_UN || try_lock(file, mode))
		return 0;
	if (operation & LOCK_NB)
		return -EAGAIN;
	return wait_event(&node->lock_queue, WAIT_INTERRUPTIBLE, TIME_NEVER, try_lock(file, mode))
		       ? -ERESTARTSYS
		       : 0;
}

void mem_flock_release(struct file *file)
{
	unlock(file);
}
