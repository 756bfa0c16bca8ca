/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * affinity [SEED [CHANGES]]: threads that sleep, wake each other, yield and compute, while others
 * change the CPUs that they may use. Proves that a thread runs only where it may: at once after it
 * has changed its own affinity, and after another thread's sched_setaffinity has returned from its
 * next system call on. Whatever state the change meets it in, running, waiting for a CPU, asleep or
 * on the way from one CPU's queue to another's.
 */
#include "common/check.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define CPUS_MAX       64
#define WORKERS_MAX    24u
#define CHANGERS       2u
#define SELF_EVERY     4u /* one of so many workers changes its own affinity */
#define DEFAULT_CHANGE 2000u
#define NAP_NS	       200000L
#define SPINS	       300u

struct worker {
	pthread_t thread;
	sem_t wake;
	atomic_int tid;
	atomic_uint settled; /* odd: a change is under way */
	_Atomic uint64_t mask;
	unsigned long checks, wrong, wrong_self;
	uint32_t random;
};

static struct worker workers[WORKERS_MAX];
static unsigned worker_count, changes = DEFAULT_CHANGE;
static int cpus[CPUS_MAX]; /* that the program may use */
static unsigned cpu_total;
static atomic_bool stop;

static uint32_t next_random(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}

/* Bit i: cpus[i]. */
static int set_mask(int tid, uint64_t mask)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	for (unsigned i = 0; i < cpu_total; i++) {
		if (mask & 1ull << i)
			CPU_SET((size_t)cpus[i], &set);
	}
	return sched_setaffinity(tid, sizeof(set), &set);
}

static uint64_t random_mask(uint32_t *state)
{
	uint64_t all = cpu_total == 64 ? ~0ull : (1ull << cpu_total) - 1, mask;

	if (!cpu_total)
		check_die("no CPU");
	if (next_random(state) % 2)
		return 1ull << next_random(state) % cpu_total;
	mask = ((uint64_t)next_random(state) << 32 | next_random(state) << 8) & all;
	return mask ? mask : all;
}

static int allowed(uint64_t mask, int cpu)
{
	for (unsigned i = 0; i < cpu_total; i++) {
		if (cpus[i] == cpu)
			return (mask & 1ull << i) != 0;
	}
	return 0;
}

/* A change that has settled before the call, and no other one before the answer. */
static void check_place(struct worker *self)
{
	unsigned settled = atomic_load(&self->settled);
	uint64_t mask = atomic_load(&self->mask);
	int cpu;

	if (settled % 2)
		return;
	syscall(SYS_getppid);
	cpu = sched_getcpu();
	if (atomic_load(&self->settled) != settled)
		return;
	self->checks++;
	self->wrong += !allowed(mask, cpu);
}

static void change_self(struct worker *self)
{
	uint64_t mask = random_mask(&self->random);

	MUST(set_mask(0, mask));
	atomic_store(&self->mask, mask);
	self->wrong_self += !allowed(mask, sched_getcpu());
}

static void nap(struct worker *self)
{
	struct timespec end;

	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_nsec += (long)(next_random(&self->random) % NAP_NS);
	if (end.tv_nsec >= 1000000000L) {
		end.tv_sec++;
		end.tv_nsec -= 1000000000L;
	}
	while (sem_timedwait(&self->wake, &end) && errno == EINTR)
		continue;
}

static void *work(void *argument)
{
	struct worker *self = argument;
	int changes_itself = (self - workers) % SELF_EVERY == 0;

	atomic_store(&self->tid, (int)syscall(SYS_gettid));
	while (!atomic_load(&stop)) {
		switch (next_random(&self->random) % 4) {
		case 0:
			nap(self);
			break;
		case 1:
			sched_yield();
			break;
		case 2:
			sem_post(&workers[next_random(&self->random) % worker_count].wake);
			break;
		default:
			for (volatile unsigned i = 0; i < SPINS; i++)
				continue;
		}
		if (changes_itself)
			change_self(self);
		check_place(self);
	}
	return NULL;
}

/* Changes the affinity of the workers whose number is its own, modulo CHANGERS. */
static void *change(void *argument)
{
	unsigned first = (unsigned)(uintptr_t)argument;
	uint32_t state = workers[first].random ^ 0x5eed;

	for (unsigned i = 0; i < changes; i++) {
		unsigned index = next_random(&state) % worker_count;
		struct worker *worker = &workers[index];
		uint64_t mask = random_mask(&state);

		if (index % CHANGERS != first || index % SELF_EVERY == 0)
			continue;
		atomic_fetch_add(&worker->settled, 1);
		MUST(set_mask(atomic_load(&worker->tid), mask));
		atomic_store(&worker->mask, mask);
		atomic_fetch_add(&worker->settled, 1);
		if (next_random(&state) % 8 == 0)
			usleep(next_random(&state) % 100);
	}
	return NULL;
}

static void find_cpus(void)
{
	cpu_set_t all;

	MUST(sched_getaffinity(0, sizeof(all), &all));
	for (int cpu = 0; cpu < CPU_SETSIZE && cpu_total < CPUS_MAX; cpu++) {
		if (CPU_ISSET((size_t)cpu, &all))
			cpus[cpu_total++] = cpu;
	}
	worker_count = 2 * cpu_total + 4;
	if (worker_count > WORKERS_MAX)
		worker_count = WORKERS_MAX;
}

static void start_workers(uint32_t seed)
{
	for (unsigned i = 0; i < worker_count; i++) {
		struct worker *worker = &workers[i];

		worker->random = seed * 7919u + i * 104729u;
		worker->mask = ~0ull >> (64 - cpu_total);
		MUST(sem_init(&worker->wake, 0, 0));
	}
	for (unsigned i = 0; i < worker_count; i++)
		MUST(-pthread_create(&workers[i].thread, NULL, work, &workers[i]));
	for (unsigned i = 0; i < worker_count; i++) {
		while (!atomic_load(&workers[i].tid))
			sched_yield();
	}
}

int main(int argc, char **argv)
{
	pthread_t changers[CHANGERS];
	unsigned long wrong = 0, wrong_self = 0, unchecked = 0;

	find_cpus();
	if (argc > 2)
		changes = (unsigned)strtoul(argv[2], NULL, 0);
	check_section("affinity that others change");
	start_workers(argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 0) : 1);
	for (uintptr_t i = 0; i < CHANGERS; i++)
		MUST(-pthread_create(&changers[i], NULL, change, (void *)i));
	for (unsigned i = 0; i < CHANGERS; i++)
		pthread_join(changers[i], NULL);
	atomic_store(&stop, 1);
	for (unsigned i = 0; i < worker_count; i++) {
		sem_post(&workers[i].wake);
		pthread_join(workers[i].thread, NULL);
		wrong += workers[i].wrong;
		wrong_self += workers[i].wrong_self;
		unchecked += !workers[i].checks;
	}
	CHECK(wrong == 0);
	CHECK(wrong_self == 0);
	CHECK(unchecked == 0);
	return check_done();
}
