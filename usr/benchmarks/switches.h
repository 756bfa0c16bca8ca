/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two threads that wake each other in turn, through each of the ways that Linux offers. Shared by
 * micro and pingpong.
 */
#ifndef SWITCHES_H
#define SWITCHES_H

#include <stdint.h>

struct switch_pair;

/* One way to wake a thread. Sides are 0 (the caller of switch_run) and 1 (the partner). */
struct switch_kind {
	const char *name;
	void (*open)(struct switch_pair *pair);
	void (*wake)(struct switch_pair *pair, unsigned side); /* lets `side` go on */
	void (*wait)(struct switch_pair *pair, unsigned side); /* `side` blocks until it is woken */
	void (*close)(struct switch_pair *pair);
};

struct switch_cost {
	uint64_t ticks; /* of the time stamp counter, all rounds together */
	uint64_t ns;	/* the same, of the monotonic clock */
};

#define SWITCH_ANY_CPU (-1)

/* "futex", "semaphore", "condvar", "pipe", "eventfd"; the last entry has no name. */
extern const struct switch_kind switch_kinds[];

/*
 * Lets caller and partner wake each other `rounds` times (there and back is one round) and stores
 * what it cost. cpu[side] is the CPU that the side is bound to, or SWITCH_ANY_CPU. Ends the program
 * with status 1 when the system refuses anything.
 */
void switch_run(const struct switch_kind *kind, unsigned rounds, const int cpu[2],
		struct switch_cost *cost);

/*
 * Hands mutexes over from thread to thread: each step locks a mutex that the partner holds and
 * releases one that the partner waits for. Stores the cost of `steps` steps of each thread, which
 * are 2 * steps hand-overs.
 */
void switch_mutex_run(unsigned steps, const int cpu[2], struct switch_cost *cost);

#endif /* SWITCHES_H */
