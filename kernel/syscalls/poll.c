/* SPDX-License-Identifier: BSD-3-Clause */
/* poll(2), select(2) and their variants with signal masks. */
#include <syscalls/poll.h>

#include <arch/user.h>
#include <asm/errno.h>
#include <asm/poll.h>
#include <core/clock.h>
#include <file/file.h>
#include <file/poll.h>
#include <lib/string.h>
#include <linux/time.h>
#include <mm/heap.h>
#include <sched/signal.h>

#define ENTRIES_FAST 8u
#define SELECT_MAX   1048576u

int poll_mask_begin(uintptr_t address, size_t size)
{
	sigmask_t mask;

	if (!address)
		return 0;
	if (size != sizeof(mask))
		return -EINVAL;
	if (arch_user_read(&mask, address, sizeof(mask)))
		return -EFAULT;
	signal_mask_set_temporary(mask);
	return 0;
}

long poll_mask_end(uintptr_t address, long result)
{
	if (address && result != -EINTR && result != -ERESTARTNOHAND)
		signal_mask_restore();
	return result;
}

static int entries_open(struct poll_entry *entries, const struct pollfd *fds, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		entries[i] = (struct poll_entry){.events = (unsigned short)fds[i].events};
		if (fds[i].fd < 0)
			continue;
		entries[i].file = fd_get(fds[i].fd);
		if (!entries[i].file)
			entries[i].ready = POLL_INVALID;
	}
	return 0;
}

static void entries_close(struct poll_entry *entries, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		if (entries[i].file)
			file_put(entries[i].file);
}

/* Polls FDS (kernel memory) and fills in revents. */
static int poll_fds(struct pollfd *fds, struct poll_entry *entries, unsigned count,
		    uint64_t deadline_ns)
{
	int result;

	entries_open(entries, fds, count);
	result = poll_wait(entries, count, deadline_ns);
	for (unsigned i = 0; i < count; i++)
		fds[i].revents = (short)entries[i].ready;
	entries_close(entries, count);
	return result;
}

static long poll_user(uintptr_t address, unsigned long count, uint64_t deadline_ns)
{
	struct pollfd fast[ENTRIES_FAST], *fds = fast;
	struct poll_entry fast_entries[ENTRIES_FAST], *entries = fast_entries;
	long result = 0;

	if (count > fd_limit())
		return -EINVAL;
	if (count > ENTRIES_FAST) {
		fds = kmalloc(count * sizeof(*fds));
		entries = kmalloc(count * sizeof(*entries));
	}
	if (!fds || !entries)
		result = -ENOMEM;
	else if (arch_user_read(fds, address, count * sizeof(*fds)))
		result = -EFAULT;
	if (!result)
		result = poll_fds(fds, entries, (unsigned)count, deadline_ns);
	if (result >= 0 && arch_user_write(address, fds, count * sizeof(*fds)))
		result = -EFAULT;
	if (count > ENTRIES_FAST) {
		kfree(fds);
		kfree(entries);
	}
	return result;
}

static long poll_restart(struct restart_block *block)
{
	return poll_user(block->arg[0], block->arg[1], block->deadline_ns);
}

/* poll(fds, count, timeout in ms) */
SYSCALL(poll)
{
	int timeout = (int)a2;
	uint64_t deadline = timeout < 0	   ? TIME_NEVER
			    : timeout == 0 ? 0
					   : deadline_after((uint64_t)timeout * NS_PER_MSEC);
	long result = poll_user((uintptr_t)a0, (unsigned long)(unsigned)a1, deadline);

	if (result == -EINTR) {
		*signal_restart_block() = (struct restart_block){
			.function = poll_restart,
			.deadline_ns = deadline,
			.arg = {(uint64_t)a0, (uint64_t)(unsigned)a1},
		};
		return -ERESTART_RESTARTBLOCK;
	}
	return result;
}

/* The deadline of an optional struct timespec. */
static int read_deadline(uintptr_t address, uint64_t *deadline)
{
	uint64_t ns;
	int error;

	*deadline = TIME_NEVER;
	if (!address)
		return 0;
	error = user_read_timespec(address, &ns);
	if (!error)
		*deadline = ns ? deadline_after(ns) : 0;
	return error;
}

/* What is left until DEADLINE goes back to the application, as Linux does it. */
static void write_rest(uintptr_t address, uint64_t deadline, bool timeval)
{
	uint64_t now = clock_monotonic_ns();
	uint64_t rest = deadline > now ? deadline - now : 0;

	if (address && deadline != TIME_NEVER)
		(void)!(timeval ? user_write_timeval(address, rest)
				: user_write_timespec(address, rest));
}

/* ppoll(fds, count, timespec, mask, mask size) */
SYSCALL(ppoll)
{
	uint64_t deadline;
	long result = read_deadline((uintptr_t)a2, &deadline);

	if (!result)
		result = poll_mask_begin((uintptr_t)a3, (size_t)a4);
	if (result)
		return result;
	result = poll_user((uintptr_t)a0, (unsigned long)(unsigned)a1, deadline);
	if (result == -EINTR)
		result = -ERESTARTNOHAND;
	write_rest((uintptr_t)a2, deadline, false);
	return poll_mask_end((uintptr_t)a3, result);
}

/* The three sets of select: bitmaps of WORDS 64-bit words each. */
struct select_sets {
	unsigned count, words;
	uintptr_t user[3];
	uint64_t *bits; /* 3 * words */
};

static const unsigned select_events[3] = {
	POLLIN | POLLRDNORM | POLLRDBAND | POLLHUP | POLLERR,
	POLLOUT | POLLWRNORM | POLLWRBAND | POLLERR,
	POLLPRI,
};

static bool set_has(const struct select_sets *s, unsigned set, unsigned fd)
{
	return s->bits[set * s->words + fd / 64] >> fd % 64 & 1;
}

static int sets_read(struct select_sets *s)
{
	for (unsigned set = 0; set < 3; set++)
		if (s->user[set] && arch_user_read(s->bits + set * s->words, s->user[set],
						   (s->count + 63) / 64 * 8))
			return -EFAULT;
	return 0;
}

static int sets_write(const struct select_sets *s)
{
	for (unsigned set = 0; set < 3; set++)
		if (s->user[set] && arch_user_write(s->user[set], s->bits + set * s->words,
						    (s->count + 63) / 64 * 8))
			return -EFAULT;
	return 0;
}

/* Entries for the descriptors in the sets; FDS tells which. Their number, or -EBADF. */
static int select_open(const struct select_sets *s, struct poll_entry *entries, int *fds)
{
	unsigned used = 0;

	for (unsigned fd = 0; fd < s->count; fd++) {
		unsigned events = 0;

		for (unsigned set = 0; set < 3; set++)
			events |= set_has(s, set, fd) ? select_events[set] : 0;
		if (!events)
			continue;
		entries[used] = (struct poll_entry){.file = fd_get((int)fd), .events = events};
		if (!entries[used].file) {
			entries_close(entries, used);
			return -EBADF;
		}
		fds[used++] = (int)fd;
	}
	return (int)used;
}

/* Rewrites the sets by what is ready; the number of bits set. */
static int select_result(struct select_sets *s, const struct poll_entry *entries, const int *fds,
			 unsigned used)
{
	struct select_sets wanted = *s;
	int bits = 0;

	wanted.bits = s->bits + 3 * s->words;
	memcpy(wanted.bits, s->bits, 3ul * s->words * 8);
	memset(s->bits, 0, 3ul * s->words * 8);
	for (unsigned i = 0; i < used; i++) {
		unsigned fd = (unsigned)fds[i];

		for (unsigned set = 0; set < 3; set++) {
			if (!set_has(&wanted, set, fd) || !(entries[i].ready & select_events[set]))
				continue;
			s->bits[set * s->words + fd / 64] |= 1ull << fd % 64;
			bits++;
		}
	}
	return bits;
}

static long select_sets_wait(struct select_sets *s, struct poll_entry *entries, int *fds,
			     uint64_t deadline)
{
	int used, result = sets_read(s);

	if (result)
		return result;
	used = select_open(s, entries, fds);
	if (used < 0)
		return used;
	result = poll_wait(entries, (unsigned)used, deadline);
	if (result >= 0) {
		result = select_result(s, entries, fds, (unsigned)used);
		if (sets_write(s))
			result = -EFAULT;
	}
	entries_close(entries, (unsigned)used);
	return result == -EINTR ? -ERESTARTNOHAND : result;
}

static long select_user(long count, const uintptr_t user[3], uint64_t deadline)
{
	struct select_sets s = {.user = {user[0], user[1], user[2]}};
	struct poll_entry *entries;
	long result = -ENOMEM;
	int *fds;

	if ((int)count < 0)
		return -EINVAL;
	s.count = (unsigned)MIN((int)count, (int)SELECT_MAX);
	s.words = s.count / 64 + 1;
	s.bits = kzalloc(6ul * s.words * 8);
	entries = kmalloc((s.count + 1ul) * sizeof(*entries));
	fds = kmalloc((s.count + 1ul) * sizeof(*fds));
	if (s.bits && entries && fds)
		result = select_sets_wait(&s, entries, fds, deadline);
	kfree(s.bits);
	kfree(entries);
	kfree(fds);
	return result;
}

/* select(count, read, write, except, timeval) */
SYSCALL(select)
{
	const uintptr_t user[3] = {(uintptr_t)a1, (uintptr_t)a2, (uintptr_t)a3};
	uint64_t deadline = TIME_NEVER, ns;
	long result;

	if (a4) {
		result = user_read_timeval((uintptr_t)a4, &ns);
		if (result)
			return result;
		deadline = ns ? deadline_after(ns) : 0;
	}
	result = select_user(a0, user, deadline);
	write_rest((uintptr_t)a4, deadline, true);
	return result;
}

/* pselect6(count, read, write, except, timespec, {mask, mask size}) */
SYSCALL(pselect6)
{
	const uintptr_t user[3] = {(uintptr_t)a1, (uintptr_t)a2, (uintptr_t)a3};
	uint64_t mask[2] = {0, 0}, deadline;
	long result = read_deadline((uintptr_t)a4, &deadline);

	if (!result && a5 && arch_user_read(mask, (uintptr_t)a5, sizeof(mask)))
		result = -EFAULT;
	if (!result)
		result = poll_mask_begin(mask[0], mask[1]);
	if (result)
		return result;
	result = select_user(a0, user, deadline);
	write_rest((uintptr_t)a4, deadline, false);
	return poll_mask_end(mask[0], result);
}
