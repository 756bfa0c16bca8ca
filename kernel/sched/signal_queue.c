/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Queues of pending signals: a bit for each signal, and entries with siginfo, oldest first. A
 * standard signal is pending at most once; real time signals (from 32 on) queue. A bit may lack an
 * entry when there was no memory or the limit was reached.
 *
 * Lock: process.lock for everything.
 */
#include <asm/errno.h>
#include <asm/siginfo.h>
#include <asm/signal.h>
#include <mm/heap.h>

#include "internal.h"

/* Signals that the running instruction has caused come first. */
#define SYNCHRONOUS                                                                                \
	(SIGNAL_BIT(SIGSEGV) | SIGNAL_BIT(SIGBUS) | SIGNAL_BIT(SIGILL) | SIGNAL_BIT(SIGTRAP) |     \
	 SIGNAL_BIT(SIGFPE) | SIGNAL_BIT(SIGSYS))

#define REALTIME_FIRST 32

static void entry_free(struct signal_entry *entry) REQUIRES(process.lock)
{
	process.queued_signals--;
	if (!entry->timer)
		kfree(entry);
}

static struct signal_entry *entry_new(const struct signal_info *info) REQUIRES(process.lock)
{
	struct signal_entry *entry;

	if (process.queued_signals >= process.limits[RLIMIT_SIGPENDING].soft)
		return NULL;
	entry = kmalloc(sizeof(*entry));
	if (!entry)
		return NULL;
	*entry = (struct signal_entry){.info = *info};
	process.queued_signals++;
	return entry;
}

/* Adds SIGNO to QUEUE. ENTRY: the timer's own, or NULL. */
int signal_queue_add(struct signal_queue *queue, int signo, const struct signal_info *info,
		     struct signal_entry *entry) REQUIRES(process.lock)
{
	static const struct signal_info none = {.code = SI_KERNEL};

	if (signo < REALTIME_FIRST && queue->pending & SIGNAL_BIT(signo))
		return 0;
	if (entry) {
		process.queued_signals++;
	} else {
		entry = entry_new(info ? info : &none);
		if (!entry && signo >= REALTIME_FIRST && info && info->code < 0)
			return -EAGAIN;
	}
	if (entry) {
		entry->info.signo = signo;
		list_push_back(&queue->entries, &entry->node);
	}
	queue->pending |= SIGNAL_BIT(signo);
	return 0;
}

static bool queue_has(const struct signal_queue *queue, int signo)
{
	struct signal_entry *entry;

	list_for_each_entry (entry, &queue->entries, node) {
		if (entry->info.signo == signo)
			return true;
	}
	return false;
}

static int lowest(sigmask_t bits)
{
	if (bits & SYNCHRONOUS)
		bits &= SYNCHRONOUS;
	return __builtin_ctzll(bits) + 1;
}

/* Takes the first signal of MASK out of QUEUE. */
int signal_queue_take(struct signal_queue *queue, sigmask_t mask, struct signal_info *info)
	REQUIRES(process.lock)
{
	struct signal_entry *entry, *found = NULL;
	int signo;

	if (!(queue->pending & mask))
		return 0;
	signo = lowest(queue->pending & mask);
	list_for_each_entry (entry, &queue->entries, node) {
		if (entry->info.signo == signo) {
			found = entry;
			break;
		}
	}
	*info = (struct signal_info){.signo = signo};
	if (found) {
		list_remove(&found->node);
		*info = found->info;
		if (found->timer)
			posix_timer_delivered(found->timer, info);
		entry_free(found);
	}
	if (!queue_has(queue, signo))
		queue->pending &= ~SIGNAL_BIT(signo);
	return signo;
}

void signal_queue_flush(struct signal_queue *queue, sigmask_t mask) REQUIRES(process.lock)
{
	struct signal_entry *entry, *next;
	struct signal_info dropped;

	queue->pending &= ~mask;
	list_for_each_entry_safe (entry, next, &queue->entries, node) {
		if (mask & SIGNAL_BIT(entry->info.signo)) {
			list_remove(&entry->node);
			if (entry->timer) /* goes on with its next period */
				posix_timer_delivered(entry->timer, &dropped);
			entry_free(entry);
		}
	}
}

void signal_entry_remove(struct signal_entry *entry)
{
	struct list_node *node = &entry->node;

	if (!list_linked(node))
		return;
	/* The queue keeps its pending bit; delivery without an entry is harmless, but a timer that
	 * is deleted must not be heard of again, so look through all queues for another entry. */
	list_remove(node);
	process.queued_signals--;
	if (!queue_has(&process.signals, entry->info.signo))
		process.signals.pending &= ~SIGNAL_BIT(entry->info.signo);
	struct task *task;
	list_for_each_entry (task, &process.threads, peers) {
		if (!queue_has(&task->signals.queue, entry->info.signo))
			task->signals.queue.pending &= ~SIGNAL_BIT(entry->info.signo);
	}
}
