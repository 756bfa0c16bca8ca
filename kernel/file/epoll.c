/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * epoll sets. An entry (struct watch) waits in its file's poll queue; the notification puts it on
 * the set's ready list, wakes one thread in epoll_wait and all who poll the set itself. Collecting
 * takes entries from the ready list and asks their files what really holds; level-triggered ones go
 * back to the list as long as something does. So the list holds what may be ready: that a set is
 * ready is known only after its entries were asked (set_is_ready). A thread that leaves entries on
 * the list wakes the next one.
 *
 * epoll_mutex guards which entries exist: each set's watch list and each file's; entries are asked
 * with it held, so sets in sets are asked directly (poll_watch), not through their file. set->lock
 * (spinlock) guards the ready list and watch.in_ready; it is taken by the notification, under the
 * file's poll_queue.lock. Order: epoll_mutex -> poll_queue.lock -> set->lock, or the set's own
 * queues (the poll queue of an outer set's entry), and so on outwards; chains of sets are short and
 * have no circle. An entry keeps no reference to its file: the file's release takes the entry out
 * (epoll_forget).
 */
#include <file/epoll.h>

#include <asm/errno.h>
#include <core/spinlock.h>
#include <file/poll.h>
#include <lib/assert.h>
#include <linux/eventpoll.h>
#include <mm/heap.h>

#define EVENT_BITS  0x2fffu /* events without the flags */
#define NESTING_MAX 6	    /* sets in a chain */

/* What EPOLLEXCLUSIVE may be combined with. */
#define EXCLUSIVE_WITH                                                                             \
	(EPOLLIN | EPOLLOUT | EPOLLERR | EPOLLHUP | EPOLLWAKEUP | EPOLLET | EPOLLEXCLUSIVE)

struct epoll_set {
	struct file *file;   /* that the set belongs to */
	struct list watches; /* epoll_mutex */
	struct spinlock lock;
	struct list ready GUARDED_BY_MEMBER(lock); /* may be ready */
	struct wait_queue waiters;		   /* threads in epoll_wait */
	struct wait_queue pollers;		   /* of poll, and outer sets' entries */
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

/* May anything be ready? */
static bool may_be_ready(struct epoll_set *set)
{
	arch_irq_state_t state = spin_lock(&set->lock);
	bool ready = !list_empty(&set->ready);

	spin_unlock(&set->lock, state);
	return ready;
}

/* Puts WATCH on the ready list, unless it is there. */
static void make_ready(struct watch *watch)
{
	struct epoll_set *set = watch->set;
	arch_irq_state_t state = spin_lock(&set->lock);

	if (!list_linked(&watch->in_ready))
		list_push_back(&set->ready, &watch->in_ready);
	spin_unlock(&set->lock, state);
}

static void make_ready_and_wake(struct watch *watch)
{
	make_ready(watch);
	wait_queue_wake(&watch->set->waiters, 1);
	wait_queue_wake(&watch->set->pollers, WAIT_ALL);
}

static void notify(struct waiter *waiter)
{
	make_ready_and_wake(container_of(waiter, struct watch, waiter));
}

static void unready(struct watch *watch)
{
	arch_irq_state_t state = spin_lock(&watch->set->lock);

	if (list_linked(&watch->in_ready))
		list_remove(&watch->in_ready);
	spin_unlock(&watch->set->lock, state);
}

/* Takes the first entry of LIST, which is the ready list of SET or was taken from it; or NULL. */
static struct watch *pop(struct epoll_set *set, struct list *list)
{
	arch_irq_state_t state = spin_lock(&set->lock);
	struct list_node *node = list_pop_front(list);

	spin_unlock(&set->lock, state);
	return node ? list_entry(node, struct watch, in_ready) : NULL;
}

static bool set_is_ready(struct epoll_set *set) REQUIRES(epoll_mutex);

/* What holds for an entry now. */
static unsigned poll_watch(const struct watch *watch) REQUIRES(epoll_mutex)
{
	unsigned events = watch->events & EVENT_BITS;

	if (watch->disabled)
		return 0;
	if (!epoll_is(watch->file))
		return poll_file(watch->file, events);
	return set_is_ready(watch->file->data) ? events & (EPOLLIN | EPOLLRDNORM) : 0;
}

/* Is an entry really ready? Those that are not leave the list. */
static bool set_is_ready(struct epoll_set *set)
{
	struct watch *watch;

	while ((watch = pop(set, &set->ready))) {
		if (!poll_watch(watch))
			continue;
		make_ready(watch);
		return true;
	}
	return false;
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
	bool ready;

	if (!may_be_ready(set))
		return 0;
	lock_epoll();
	ready = set_is_ready(set);
	unlock_epoll();
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
	wait_queue_init(&set->pollers);
	file = file_create(&epoll_ops, set, 02 /* O_RDWR */, FILE_STREAM, "anon_inode:[eventpoll]");
	if (!file) {
		kfree(set);
		return NULL;
	}
	set->file = file;
	file->poll_queue = &set->pollers;
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

/* A file is in few sets, a set has many files. */
static struct watch *find(const struct epoll_set *set, int fd, const struct file *file)
	REQUIRES(epoll_mutex)
{
	struct watch *watch;

	list_for_each_entry (watch, &file->watches, in_file)
		if (watch->set == set && watch->fd == fd)
			return watch;
	return NULL;
}

/* The longest chain of sets from SET on inwards; more than NESTING_MAX where it meets STOP. */
static int depth_below(const struct epoll_set *set, const struct epoll_set *stop, int limit)
	REQUIRES(epoll_mutex)
{
	const struct watch *watch;
	int deepest = 0;

	if (set == stop || !limit)
		return NESTING_MAX + 1;
	list_for_each_entry (watch, &set->watches, in_set)
		if (epoll_is(watch->file))
			deepest = MAX(deepest, depth_below(watch->file->data, stop, limit - 1));
	return 1 + deepest;
}

/* The longest chain of sets from SET on outwards. */
static int depth_above(const struct epoll_set *set) REQUIRES(epoll_mutex)
{
	const struct watch *watch;
	int highest = 0;

	list_for_each_entry (watch, &set->file->watches, in_file)
		highest = MAX(highest, depth_above(watch->set));
	return 1 + highest;
}

/* May the set INNER be put into OUTER? 0 or -ELOOP. */
static int check_nesting(const struct epoll_set *inner, const struct epoll_set *outer)
	REQUIRES(epoll_mutex)
{
	int depth = depth_below(inner, outer, NESTING_MAX) + depth_above(outer);

	return depth > NESTING_MAX ? -ELOOP : 0;
}

static void look_once(struct watch *watch) REQUIRES(epoll_mutex)
{
	if (poll_watch(watch))
		make_ready_and_wake(watch);
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

	int error;

	switch (op) {
	case EPOLL_CTL_ADD:
		if (event->events & EPOLLEXCLUSIVE &&
		    (epoll_is(file) || event->events & ~(uint32_t)EXCLUSIVE_WITH))
			return -EINVAL;
		if (watch)
			return -EEXIST;
		error = epoll_is(file) ? check_nesting(file->data, set) : 0;
		return error ? error : add(set, fd, file, event);
	case EPOLL_CTL_MOD:
		if (event->events & EPOLLEXCLUSIVE)
			return -EINVAL;
		if (!watch)
			return -ENOENT;
		if (watch->events & EPOLLEXCLUSIVE)
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

/* An entry that may be ready; true when it gave an event. */
static bool collect_one(struct watch *watch, struct epoll_event_data *out) REQUIRES(epoll_mutex)
{
	unsigned ready = poll_watch(watch);

	if (!ready)
		return false;
	*out = (struct epoll_event_data){ready, watch->data};
	if (watch->events & EPOLLONESHOT)
		watch->disabled = true;
	else if (!(watch->events & EPOLLET))
		make_ready(watch);
	return true;
}

static int collect(struct epoll_set *set, struct epoll_event_data *out, int max)
{
	struct list batch = LIST_INIT(batch); /* so that each entry comes once */
	struct watch *watch;
	arch_irq_state_t state;
	int found = 0;
	bool more;

	lock_epoll();
	state = spin_lock(&set->lock);
	list_splice_front(&batch, &set->ready);
	spin_unlock(&set->lock, state);
	while (found < max && (watch = pop(set, &batch)))
		found += collect_one(watch, &out[found]);
	state = spin_lock(&set->lock);
	list_splice_front(&set->ready, &batch);
	more = !list_empty(&set->ready);
	spin_unlock(&set->lock, state);
	unlock_epoll();
	if (more)
		wait_queue_wake(&set->waiters, 1);
	return found;
}

int epoll_collect(struct file *file, struct epoll_event_data *out, int max, uint64_t deadline_ns)
{
	struct epoll_set *set = file->data;

	for (;;) {
		int found = may_be_ready(set) ? collect(set, out, max) : 0;
		int error;

		if (found || !deadline_ns)
			return found;
		error = wait_event(&set->waiters, WAIT_INTERRUPTIBLE, deadline_ns,
				   may_be_ready(set));
		if (error)
			return error == -ETIMEDOUT ? 0 : error;
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
