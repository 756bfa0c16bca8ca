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
#define SELECT_MAX   1048576u /* no descriptor is as large */
#define WORDS_FAST   16u      /* FD_SETSIZE of C libraries */

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

int poll_mask_begin_pair(uintptr_t address, uintptr_t *mask)
{
	uint64_t pair[2] = {0, 0};

	if (address && arch_user_read(pair, address, sizeof(pair)))
		return -EFAULT;
	*mask = pair[0];
	return poll_mask_begin(pair[0], pair[1]);
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

/* Only the results go back: another thread may change the rest meanwhile. */
static int write_results(uintptr_t address, const struct pollfd *fds, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		if (arch_user_write(address + i * sizeof(*fds) + offsetof(struct pollfd, revents),
				    &fds[i].revents, sizeof(fds[i].revents)))
			return -EFAULT;
	return 0;
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
	if (result >= 0 && write_results(address, fds, (unsigned)count))
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
	uint64_t *wanted, *found; /* 3 * words each */
};

static const unsigned select_events[3] = {
	POLLIN | POLLRDNORM | POLLRDBAND | POLLHUP | POLLERR,
	POLLOUT | POLLWRNORM | POLLWRBAND | POLLERR,
	POLLPRI,
};

/* Those of the three sets in which FD is: bit n for set n. */
static unsigned sets_of(const struct select_sets *s, unsigned fd)
{
	unsigned sets = 0;

	for (unsigned set = 0; set < 3; set++)
		sets |= (unsigned)(s->wanted[set * s->words + fd / 64] >> fd % 64 & 1) << set;
	return sets;
}

/* The first descriptor >= FD in any set; at least s->count when there is none. */
static unsigned next_fd(const struct select_sets *s, unsigned fd)
{
	uint64_t mask = ~0ull << fd % 64;

	for (unsigned word = fd / 64; word < s->words; word++, mask = ~0ull) {
		uint64_t bits = (s->wanted[word] | s->wanted[s->words + word] |
				 s->wanted[2 * s->words + word]) &
				mask;

		if (bits)
			return word * 64 + (unsigned)__builtin_ctzll(bits);
	}
	return s->count;
}

#define for_each_fd(s, fd)                                                                         \
	for (unsigned fd = next_fd(s, 0); fd < (s)->count; fd = next_fd(s, fd + 1))

static int sets_read(struct select_sets *s)
{
	for (unsigned set = 0; set < 3; set++)
		if (s->user[set] &&
		    arch_user_read(s->wanted + set * s->words, s->user[set], s->words * 8ul))
			return -EFAULT;
	return 0;
}

static int sets_write(const struct select_sets *s)
{
	for (unsigned set = 0; set < 3; set++)
		if (s->user[set] &&
		    arch_user_write(s->user[set], s->found + set * s->words, s->words * 8ul))
			return -EFAULT;
	return 0;
}

/* Entries for the descriptors in the sets, in their order. 0, or -EBADF. */
static int select_open(const struct select_sets *s, struct poll_entry *entries)
{
	unsigned used = 0;

	for_each_fd (s, fd) {
		unsigned sets = sets_of(s, fd), events = 0;

		for (unsigned set = 0; set < 3; set++)
			events |= sets >> set & 1 ? select_events[set] : 0;
		entries[used] = (struct poll_entry){.file = fd_get((int)fd), .events = events};
		if (!entries[used].file) {
			entries_close(entries, used);
			return -EBADF;
		}
		used++;
	}
	return 0;
}

/* Sets the bits of what is ready; their number. */
static int select_result(struct select_sets *s, const struct poll_entry *entries)
{
	unsigned used = 0;
	int bits = 0;

	for_each_fd (s, fd) {
		unsigned sets = sets_of(s, fd), ready = entries[used++].ready;

		for (unsigned set = 0; set < 3; set++) {
			if (!(sets >> set & 1) || !(ready & select_events[set]))
				continue;
			s->found[set * s->words + fd / 64] |= 1ull << fd % 64;
			bits++;
		}
	}
	return bits;
}

static long select_wait(struct select_sets *s, struct poll_entry *entries, unsigned count,
			uint64_t deadline)
{
	int result = select_open(s, entries);

	if (result)
		return result;
	result = poll_wait(entries, count, deadline);
	if (result >= 0) {
		result = select_result(s, entries);
		if (sets_write(s))
			result = -EFAULT;
	}
	entries_close(entries, count);
	return result == -EINTR ? -ERESTARTNOHAND : result;
}

static long select_sets(struct select_sets *s, uint64_t deadline)
{
	struct poll_entry fast[ENTRIES_FAST], *entries = fast;
	unsigned count = 0;
	long result = sets_read(s);

	if (result)
		return result;
	for_each_fd (s, fd)
		count++;
	if (count > ENTRIES_FAST)
		entries = kmalloc(count * sizeof(*entries));
	result = entries ? select_wait(s, entries, count, deadline) : -ENOMEM;
	if (entries != fast)
		kfree(entries);
	return result;
}

static long select_user(int count, const uintptr_t user[3], uint64_t deadline)
{
	uint64_t fast[6 * WORDS_FAST] = {0}, *bits = fast;
	struct select_sets s = {.user = {user[0], user[1], user[2]}};
	long result;

	if (count < 0)
		return -EINVAL;
	s.count = MIN((unsigned)count, SELECT_MAX);
	s.words = (s.count + 63) / 64;
	if (s.words > WORDS_FAST)
		bits = kcalloc(6ul * s.words, sizeof(*bits));
	if (!bits)
		return -ENOMEM;
	s.wanted = bits;
	s.found = bits + 3 * s.words;
	result = select_sets(&s, deadline);
	if (bits != fast)
		kfree(bits);
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
	result = select_user((int)a0, user, deadline);
	write_rest((uintptr_t)a4, deadline, true);
	return result;
}

/* pselect6(count, read, write, except, timespec, {mask, mask size}) */
SYSCALL(pselect6)
{
	const uintptr_t user[3] = {(uintptr_t)a1, (uintptr_t)a2, (uintptr_t)a3};
	uintptr_t mask = 0;
	uint64_t deadline;
	long result = read_deadline((uintptr_t)a4, &deadline);

	if (!result)
		result = poll_mask_begin_pair((uintptr_t)a5, &mask);
	if (result)
		return result;
	result = select_user((int)a0, user, deadline);
	write_rest((uintptr_t)a4, deadline, false);
	return poll_mask_end(mask, result);
}
