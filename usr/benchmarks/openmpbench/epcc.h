/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The frame of the OpenMP measurements: the method is that of the EPCC micro-benchmarks (Bull,
 * EWOMP 1999; Bull, Reid, McDonnell, IWOMP 2012).
 *
 * A construct is wrapped around a delay of known length. What a thread needs for one delay inside
 * the construct, less what it needs for the bare delay, is the overhead of the construct.
 */
#ifndef EPCC_H
#define EPCC_H

struct epcc_settings {
	unsigned outer;	  /* measurements of each construct */
	double target_us; /* least time of one measurement */
	double delay_us;  /* length of the delay; 0: the group's default */
};

/* What the body of a construct works with. */
struct epcc_run {
	unsigned inner; /* repetitions of the construct in one measurement */
	unsigned delay; /* argument of epcc_delay() */
	int threads;
	int chunk; /* of a loop schedule */
};

/*
 * Executes the construct run->inner times and returns how many delays in a row a thread's time has
 * to be divided by: those that it executes itself, or all of them where the construct serialises
 * them.
 */
typedef double (*epcc_body)(const struct epcc_run *run);

struct epcc_construct {
	const char *name;
	epcc_body body;
	int chunk; /* loop schedules: appended to the name when it is not 0 */
};

/* A group of constructs with its own default delay. */
struct epcc_group {
	const char *name;
	double delay_us;
	const struct epcc_construct *constructs; /* ended by one without a name */
};

extern const struct epcc_group epcc_sync, epcc_sched, epcc_task;

/* Keeps the calling thread busy, in registers only, for a time that grows linearly with `length`.
 */
void epcc_delay(unsigned length);

/* The bare delays, which the constructs are compared with. */
double epcc_reference(const struct epcc_run *run);

/* Measures all constructs of a group and prints one line for each. */
void epcc_group_run(const struct epcc_group *group, const struct epcc_settings *settings);

#endif /* EPCC_H */
