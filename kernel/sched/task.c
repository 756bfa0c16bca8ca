/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tasks: creation, end, thread ids.
 *
 * A task's memory (struct, kernel stack, vector state) lives until its last reference is dropped:
 * its own goes when the next task has taken over its CPU (sched_finish_switch). What is left of a
 * few ended tasks is kept for the next ones, so that creating a thread costs no allocation.
 *
 * Locks: table_lock guards the table of tids, dead_lock the list of dead tasks. Both are leaves.
 */
#include <arch/cpu.h>
#include <asm/errno.h>
#include <core/clock.h>
#include <core/panic.h>
#include <lib/string.h>
#include <linux/sched.h>
#include <mm/heap.h>
#include <mm/kstack.h>

#include "internal.h"

/* tids of kernel tasks and of threads of the application; each range is used round and round, so
 * that an id comes again as late as possible. */
#define TID_KERNEL_FIRST 2
#define TID_APP_FIRST	 PROCESS_PID
#define TID_LAST	 (4 * 1024 * 1024 - 1) /* Linux's PID_MAX_LIMIT */

#define TABLE_BUCKETS	 1024u
#define DEAD_KEPT	 4u

static struct spinlock table_lock = SPINLOCK_INIT;
static struct task *table[TABLE_BUCKETS] GUARDED_BY(table_lock);
static tid_t next_kernel_tid GUARDED_BY(table_lock) = TID_KERNEL_FIRST;
static tid_t next_app_tid GUARDED_BY(table_lock) = TID_APP_FIRST;

static struct spinlock dead_lock = SPINLOCK_INIT;
static struct task *dead GUARDED_BY(dead_lock);
static unsigned dead_count GUARDED_BY(dead_lock);

tid_t task_tid(const struct task *task)
{
	return task->tid;
}

struct mm_thread *task_memory(void)
{
	return &task_current()->memory;
}

struct arch_context *task_context(struct task *task)
{
	return &task->context;
}

const char *task_name(const struct task *task)
{
	return task->name;
}

void task_set_name(struct task *task, const char *name)
{
	size_t i;

	for (i = 0; i < TASK_NAME_SIZE - 1 && name[i]; i++)
		task->name[i] = name[i];
	while (i < TASK_NAME_SIZE)
		task->name[i++] = '\0';
}

static struct task *table_find(tid_t tid) REQUIRES(table_lock)
{
	struct task *task = table[(uint32_t)tid % TABLE_BUCKETS];

	while (task && task->tid != tid)
		task = task->hash_next;
	return task;
}

/* Gives TASK the next free id of its range. There are more ids than memory for tasks. */
void task_add_to_table(struct task *task)
{
	arch_irq_state_t irq = spin_lock(&table_lock);
	tid_t *next = task->application ? &next_app_tid : &next_kernel_tid;
	tid_t first = task->application ? TID_APP_FIRST : TID_KERNEL_FIRST;
	tid_t last = task->application ? TID_LAST : TID_APP_FIRST - 1;
	struct task **bucket;

	do {
		task->tid = *next;
		*next = *next == last ? first : *next + 1;
	} while (table_find(task->tid) || (task->tid == PROCESS_PID && process_thread_count()));
	bucket = &table[(uint32_t)task->tid % TABLE_BUCKETS];
	task->hash_next = *bucket;
	*bucket = task;
	spin_unlock(&table_lock, irq);
}

static void table_remove(struct task *task)
{
	arch_irq_state_t irq = spin_lock(&table_lock);
	struct task **link = &table[(uint32_t)task->tid % TABLE_BUCKETS];

	while (*link != task)
		link = &(*link)->hash_next;
	*link = task->hash_next;
	spin_unlock(&table_lock, irq);
}

struct task *task_get(tid_t tid)
{
	arch_irq_state_t irq;
	struct task *task;

	if (tid < TID_APP_FIRST)
		return NULL;
	irq = spin_lock(&table_lock);
	task = table_find(tid);
	if (task)
		atomic_fetch_add_explicit(&task->refs, 1, memory_order_relaxed);
	spin_unlock(&table_lock, irq);
	return task;
}

static void task_free(struct task *task)
{
	if (task->stack_top)
		mm_kstack_free((void *)task->stack_top);
	kfree(task->context.fpu);
	kfree(task);
}

void task_put(struct task *task)
{
	arch_irq_state_t irq;
	bool keep;

	if (atomic_fetch_sub_explicit(&task->refs, 1, memory_order_acq_rel) != 1)
		return;
	ASSERT(task->state == TASK_DEAD && !task->on_cpu);
	irq = spin_lock(&dead_lock);
	keep = dead_count < DEAD_KEPT;
	if (keep) {
		task->next_dead = dead;
		dead = task;
		dead_count++;
	}
	spin_unlock(&dead_lock, irq);
	if (!keep)
		task_free(task);
}

static struct task *dead_take(void)
{
	arch_irq_state_t irq = spin_lock(&dead_lock);
	struct task *task = dead;

	if (task) {
		dead = task->next_dead;
		dead_count--;
	}
	spin_unlock(&dead_lock, irq);
	return task;
}

/* Memory for a task: struct, kernel stack, and with FPU a vector state area. */
static struct task *task_alloc(bool fpu)
{
	struct task *task = dead_take();
	void *area;
	uint64_t stack;

	if (!task) {
		task = kzalloc(sizeof(*task));
		if (!task)
			return NULL;
		task->stack_top = (uint64_t)mm_kstack_alloc();
		if (!task->stack_top)
			goto free_task;
	}
	if (fpu && !task->context.fpu) {
		task->context.fpu = kmalloc(arch_fpu_size());
		if (!task->context.fpu)
			goto free_task;
	} else if (!fpu) {
		kfree(task->context.fpu);
		task->context.fpu = NULL;
	}
	area = task->context.fpu;
	stack = task->stack_top;
	memset(task, 0, sizeof(*task));
	task->context.fpu = area;
	task->stack_top = stack;
	return task;
free_task:
	task_free(task);
	return NULL;
}

static void sleep_end(struct timer *timer)
{
	struct task *task = container_of(timer, struct task, sleep_timer);

	task->timed_out = true;
	task_wake(task);
}

/* First code of a task, on its own stack, interrupts off. */
static void task_start(void *arg)
{
	struct task *task = arg;

	sched_finish_switch();
	arch_irq_enable();
	task->entry(task->arg);
	task_exit();
}

struct task *task_new(const char *name, bool application, uint64_t stack_used,
		      void (*entry)(void *), void *arg)
{
	struct task *task = task_alloc(application);

	if (!task)
		return NULL;
	task_set_name(task, name);
	task->application = application;
	task->start_ns = clock_monotonic_ns();
	task->state = TASK_RUNNABLE;
	task->sched = cpu_this()->sched; /* others may see it before sched_add */
	task->refs = 1;
	task->entry = entry;
	task->arg = arg;
	task->priority = task->base_priority = TASK_PRIORITY_NORMAL;
	task->policy = SCHED_NORMAL;
	memset(&task->affinity, 0xff, sizeof(task->affinity));
	timer_init(&task->sleep_timer, sleep_end);
	list_init(&task->pi_held);
	list_init(&task->signals.queue.entries);
	arch_context_init(&task->context, task->stack_top - stack_used, task_start, task);
	return task;
}

int task_create_kernel(const char *name, unsigned priority, void (*entry)(void *), void *arg)
{
	struct task *task = task_new(name, false, 0, entry, arg);

	ASSERT(priority < TASK_PRIORITY_COUNT);
	if (!task)
		return -ENOMEM;
	task->priority = task->base_priority = (uint8_t)priority;
	task_add_to_table(task);
	sched_add(task);
	return 0;
}

void task_discard(struct task *task)
{
	table_remove(task);
	atomic_store_explicit(&task->state, TASK_DEAD, memory_order_relaxed);
	task_put(task);
}

struct task *task_create_idle(struct sched_cpu *sched)
{
	struct task *task = task_new("idle", false, 0, NULL, NULL);

	if (!task)
		return NULL;
	task->priority = task->base_priority = 0;
	memset(&task->affinity, 0, sizeof(task->affinity));
	cpu_set_add(&task->affinity, sched->index);
	task->sched = sched;
	task->on_cpu = true;
	return task;
}

void task_exit(void)
{
	struct task *self = task_current();

	ASSERT(!self->application || !list_linked(&self->peers));
	ASSERT(list_empty(&self->signals.queue.entries) && list_empty(&self->pi_held));
	timer_cancel(&self->sleep_timer);
	table_remove(self);
	atomic_store_explicit(&self->state, TASK_DEAD, memory_order_relaxed);
	sched_switch();
	panic("task_exit: a dead task runs");
}
