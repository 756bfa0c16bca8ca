/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * epoll sets. An entry (struct watch) waits in its file's poll queue; the notification puts it on
 * the set's ready list and wakes the set. Collecting takes entries from the ready list and asks
 * their files what really holds; level-triggered ones go back to the list as long as something
 * does.
 *
 * epoll_mutex guards which entries exist: each set's watch list and each file's. set->lock
 * (spinlock) guards the ready list and watch.queued; it is taken by the notification, under the
 * file's poll_queue.lock. Order: epoll_mutex -> poll_queue.lock -> set->lock -> set's own
 * poll_queue.lock (of an outer set) ... An entry keeps no reference to its file: the file's release
 * takes the entry out (epoll_forget).
 */
#include <file/epoll.h>

#include <asm/errno.h>
#include <core/spinlock.h>
#include <file/poll.h>
#include <lib/assert.h>
#include <linux/eventpoll.h>
#include <mm/heap.h>

#define NESTING_MAX 5

struct epoll_set {
	struct list watches; /* epoll_mutex */
	struct spinlock lock;
	struct list ready GUARDED_BY(lock);
	struct wait_queue waiters; /* of epoll_wait, and of poll on the set itself */
};

struct watch {
	struct list_node in_set, in_file; /* epoll_mutex */
	struct list_node in_ready;	  /* set->lock */
	struct epoll_set *set;
	struct file *file;
	int fd;
	bool disabled; /* one-shot that has fired; epoll_mutex */
	uint32_t events;
	uint64_t data;
	struct waiter waiter;
};

static struct mutex epoll_mutex;

static void lock_epoll(void) ACQUIRES(epoll_mutex)
{
	mutex_lock(&epoll_mutex);
}

static void unlock_epoll(void) RELEASES(epoll_mutex)
{
	mutex_unlock(&epoll_mutex);
}

/* Puts WATCH on the ready list; true when it was not on it. */
static bool make_ready(struct watch *watch)
{
	struct epoll_set *set = watch->set;
	arch_irq_state_t state = spin_lock(&set->lock);
	bool queued = !list_linked(&watch->in_ready);

	if (queued)
		list_push_back(&set->ready, &watch->in_ready);
	spin_unlock(&set->lock, state);
	return queued;
}

static void notify(struct waiter *waiter)
{
	struct watch *watch = container_of(waiter, struct watch, waiter);

	make_ready(watch);
	wait_queue_wake(&watch->set->waiters, WAIT_ALL);
}

static void unready(struct watch *watch)
{
	arch_irq_state_t state = spin_lock(&watch->set->lock);

	if (list_linked(&watch->in_ready))
		list_remove(&watch->in_ready);
	spin_unlock(&watch->set->lock, state);
}

static unsigned poll_watch(const struct watch *watch)
{
	return poll_file(watch->file, watch->events & 0x2fffu);
}

static void watch_destroy(struct watch *watch) REQUIRES(epoll_mutex)
{
	if (watch->file->poll_queue)
		wait_queue_remove(&watch->waiter);
	unready(watch);
	list_remove(&watch->in_set);
	list_remove(&watch->in_file);
	kfree(watch);
}

static unsigned set_poll(struct file *file, unsigned events)
{
	struct epoll_set *set = file->data;
	arch_irq_state_t state = spin_lock(&set->lock);
	bool ready = !list_empty(&set->ready);

	spin_unlock(&set->lock, state);
	return ready ? events & (EPOLLIN | EPOLLRDNORM) : 0;
}

static void set_release(struct file *file)
{
	struct epoll_set *set = file->data;
	struct watch *watch, *next;

	lock_epoll();
	list_for_each_entry_safe (watch, next, &set->watches, in_set)
		watch_destroy(watch);
	unlock_epoll();
	kfree(set);
}

static int set_stat(struct file *file, file_stat_t *stat)
{
	(void)file;
	*stat = (file_stat_t){.mode = 0600, .nlink = 1, .blksize = PAGE_SIZE};
	return 0;
}

static const struct file_ops epoll_ops = {
	.poll = set_poll,
	.stat = set_stat,
	.release = set_release,
};

struct file *epoll_create_file(void)
{
	struct epoll_set *set = kzalloc(sizeof(*set));
	struct file *file;

	if (!set)
		return NULL;
	list_init(&set->watches);
	spin_init(&set->lock);
	list_init(&set->ready);
	wait_queue_init(&set->waiters);
	file = file_create(&epoll_ops, set, 02 /* O_RDWR */, FILE_STREAM, "anon_inode:[eventpoll]");
	if (!file) {
		kfree(set);
		return NULL;
	}
	file->poll_queue = &set->waiters;
	return file;
}

void epoll_init(void)
{
	mutex_init(&epoll_mutex);
}

bool epoll_is(const struct file *file)
{
	return file->ops == &epoll_ops;
}

static struct watch *find(const struct epoll_set *set, int fd, const struct file *file)
	REQUIRES(epoll_mutex)
{
	struct watch *watch;

	list_for_each_entry (watch, &set->watches, in_set)
		if (watch->fd == fd && watch->file == file)
			return watch;
	return NULL;
}

/* Does INNER contain OUTER, or is it nested too deeply? */
static bool makes_loop(const struct file *inner, const struct file *outer, int depth)
	REQUIRES(epoll_mutex)
{
	const struct epoll_set *set = inner->data;
	struct watch *watch;

	if (inner == outer || depth > NESTING_MAX)
		return true;
	list_for_each_entry (watch, &set->watches, in_set)
		if (epoll_is(watch->file) && makes_loop(watch->file, outer, depth + 1))
			return true;
	return false;
}

static void look_once(struct watch *watch)
{
	if (poll_watch(watch) && make_ready(watch))
		wait_queue_wake(&watch->set->waiters, WAIT_ALL);
}

static int add(struct epoll_set *set, int fd, struct file *file,
	       const struct epoll_event_data *event) REQUIRES(epoll_mutex)
{
	struct watch *watch = kzalloc(sizeof(*watch));

	if (!watch)
		return -ENOMEM;
	watch->set = set;
	watch->file = file;
	watch->fd = fd;
	watch->events = event->events | EPOLLERR | EPOLLHUP;
	watch->data = event->data;
	list_push_back(&set->watches, &watch->in_set);
	list_push_back(&file->watches, &watch->in_file);
	if (file->poll_queue)
		wait_queue_add(file->poll_queue, &watch->waiter, notify);
	look_once(watch);
	return 0;
}

static int control_locked(struct file *set_file, int op, int fd, struct file *file,
			  const struct epoll_event_data *event) REQUIRES(epoll_mutex)
{
	struct epoll_set *set = set_file->data;
	struct watch *watch = find(set, fd, file);

	switch (op) {
	case EPOLL_CTL_ADD:
		if (watch)
			return -EEXIST;
		if (epoll_is(file) && makes_loop(file, set_file, 1))
			return -ELOOP;
		return add(set, fd, file, event);
	case EPOLL_CTL_MOD:
		if (!watch)
			return -ENOENT;
		if ((watch->events | event->events) & EPOLLEXCLUSIVE)
			return -EINVAL;
		watch->events = event->events | EPOLLERR | EPOLLHUP;
		watch->data = event->data;
		watch->disabled = false;
		look_once(watch);
		return 0;
	case EPOLL_CTL_DEL:
		if (!watch)
			return -ENOENT;
		watch_destroy(watch);
		return 0;
	default:
		return -EINVAL;
	}
}

int epoll_control(struct file *set, int op, int fd, struct file *file,
		  const struct epoll_event_data *event)
{
	int error;

	/* Regular files and directories cannot be watched. */
	if (!file->ops->poll)
		return -EPERM;
	lock_epoll();
	error = control_locked(set, op, fd, file, event);
	unlock_epoll();
	return error;
}

/* One entry of the ready list; true when it gave an event. */
static bool collect_one(struct watch *watch, struct epoll_event_data *out) REQUIRES(epoll_mutex)
{
	unsigned ready = watch->disabled ? 0 : poll_watch(watch);

	if (!ready)
		return false;
	*out = (struct epoll_event_data){ready, watch->data};
	if (watch->events & EPOLLONESHOT)
		watch->disabled = true;
	else if (!(watch->events & EPOLLET))
		make_ready(watch);
	return true;
}

static struct watch *pop_ready(struct epoll_set *set)
{
	arch_irq_state_t state = spin_lock(&set->lock);
	struct list_node *node = list_pop_front(&set->ready);

	spin_unlock(&set->lock, state);
	return node ? container_of(node, struct watch, in_ready) : NULL;
}

static unsigned count_ready(struct epoll_set *set)
{
	arch_irq_state_t state = spin_lock(&set->lock);
	struct watch *watch;
	unsigned count = 0;

	list_for_each_entry (watch, &set->ready, in_ready)
		count++;
	spin_unlock(&set->lock, state);
	return count;
}

static int collect(struct epoll_set *set, struct epoll_event_data *out, int max)
{
	unsigned left;
	int found = 0;

	lock_epoll();
	/* Each entry once, though level-triggered ones go back to the end of the list. */
	for (left = count_ready(set); left && found < max; left--) {
		struct watch *watch = pop_ready(set);

		if (!watch)
			break;
		found += collect_one(watch, &out[found]);
	}
	unlock_epoll();
	return found;
}

int epoll_collect(struct file *file, struct epoll_event_data *out, int max, uint64_t deadline_ns)
{
	struct epoll_set *set = file->data;

	for (;;) {
		int found = collect(set, out, max);
		int error;

		if (found || !deadline_ns)
			return found;
		error = wait_event(&set->waiters, WAIT_INTERRUPTIBLE, deadline_ns,
				   set_poll(file, EPOLLIN) != 0);
		if (error)
			return error == -ETIMEDOUT ? collect(set, out, max) : error;
	}
}

void epoll_forget(struct file *file)
{
	struct watch *watch, *next;

	if (list_empty(&file->watches))
		return;
	lock_epoll();
	list_for_each_entry_safe (watch, next, &file->watches, in_file)
		watch_destroy(watch);
	unlock_epoll();
}
