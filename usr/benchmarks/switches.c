/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The ways in which two threads wake each other.
 *
 * A round is: side 0 wakes side 1 and waits; side 1 wakes side 0 and waits. Each kind keeps all it
 * needs in one switch_pair, with one element for each side, so that wake(side) and wait(side) meet
 * in element `side`. The partner thread exists before the measurement begins and ends after it.
 */
#define _GNU_SOURCE
#include "switches.h"

#include "bench.h"

#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#define WARM_UP_ROUNDS 16u
#define RING_MUTEXES   3u

struct switch_pair {
	const struct switch_kind *kind;
	unsigned rounds;
	int cpu[2];
	atomic_uint word[2]; /* futex: 1 when the side may go on */
	sem_t semaphore[2];
	pthread_mutex_t mutex; /* condvar: guards go */
	pthread_cond_t condition[2];
	bool go[2];
	int read_fd[2], write_fd[2]; /* pipe and eventfd */
	pthread_mutex_t ring[RING_MUTEXES];
	sem_t ready; /* the partner of the mutex ring holds its first mutex */
};

static void cpu_bind(int cpu)
{
	cpu_set_t set;

	if (cpu == SWITCH_ANY_CPU)
		return;
	CPU_ZERO(&set);
	CPU_SET((unsigned)cpu, &set);
	bench_check_code(pthread_setaffinity_np(pthread_self(), sizeof(set), &set),
			 "pthread_setaffinity_np");
}

static void futex_open(struct switch_pair *pair)
{
	atomic_init(&pair->word[0], 0);
	atomic_init(&pair->word[1], 0);
}

static void futex_wake(struct switch_pair *pair, unsigned side)
{
	atomic_store_explicit(&pair->word[side], 1, memory_order_release);
	bench_check(syscall(SYS_futex, &pair->word[side], FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0) < 0,
		    "futex wake");
}

static void futex_wait(struct switch_pair *pair, unsigned side)
{
	while (!atomic_exchange_explicit(&pair->word[side], 0, memory_order_acquire)) {
		long result =
			syscall(SYS_futex, &pair->word[side], FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);

		bench_check(result < 0 && errno != EAGAIN && errno != EINTR, "futex wait");
	}
}

static void futex_close(struct switch_pair *pair)
{
	(void)pair;
}

static void semaphore_open(struct switch_pair *pair)
{
	bench_check(sem_init(&pair->semaphore[0], 0, 0) != 0, "sem_init");
	bench_check(sem_init(&pair->semaphore[1], 0, 0) != 0, "sem_init");
}

static void semaphore_wake(struct switch_pair *pair, unsigned side)
{
	sem_post(&pair->semaphore[side]);
}

static void semaphore_wait(struct switch_pair *pair, unsigned side)
{
	while (sem_wait(&pair->semaphore[side]) != 0)
		bench_check(errno != EINTR, "sem_wait");
}

static void semaphore_close(struct switch_pair *pair)
{
	sem_destroy(&pair->semaphore[0]);
	sem_destroy(&pair->semaphore[1]);
}

static void condvar_open(struct switch_pair *pair)
{
	bench_check_code(pthread_mutex_init(&pair->mutex, NULL), "pthread_mutex_init");
	bench_check_code(pthread_cond_init(&pair->condition[0], NULL), "pthread_cond_init");
	bench_check_code(pthread_cond_init(&pair->condition[1], NULL), "pthread_cond_init");
	pair->go[0] = pair->go[1] = false;
}

static void condvar_wake(struct switch_pair *pair, unsigned side)
{
	pthread_mutex_lock(&pair->mutex);
	pair->go[side] = true;
	pthread_cond_signal(&pair->condition[side]);
	pthread_mutex_unlock(&pair->mutex);
}

static void condvar_wait(struct switch_pair *pair, unsigned side)
{
	pthread_mutex_lock(&pair->mutex);
	while (!pair->go[side])
		pthread_cond_wait(&pair->condition[side], &pair->mutex);
	pair->go[side] = false;
	pthread_mutex_unlock(&pair->mutex);
}

static void condvar_close(struct switch_pair *pair)
{
	pthread_cond_destroy(&pair->condition[0]);
	pthread_cond_destroy(&pair->condition[1]);
	pthread_mutex_destroy(&pair->mutex);
}

static void pipe_open(struct switch_pair *pair)
{
	for (unsigned side = 0; side < 2; side++) {
		int fd[2];

		bench_check(pipe(fd) != 0, "pipe");
		pair->read_fd[side] = fd[0];
		pair->write_fd[side] = fd[1];
	}
}

static void pipe_wake(struct switch_pair *pair, unsigned side)
{
	bench_check(write(pair->write_fd[side], "x", 1) != 1, "write to a pipe");
}

static void pipe_wait(struct switch_pair *pair, unsigned side)
{
	char byte;

	bench_check(read(pair->read_fd[side], &byte, 1) != 1, "read from a pipe");
}

static void pipe_close(struct switch_pair *pair)
{
	for (unsigned side = 0; side < 2; side++) {
		close(pair->read_fd[side]);
		close(pair->write_fd[side]);
	}
}

static void eventfd_open(struct switch_pair *pair)
{
	for (unsigned side = 0; side < 2; side++) {
		pair->read_fd[side] = eventfd(0, 0);
		bench_check(pair->read_fd[side] < 0, "eventfd");
	}
}

static void eventfd_wake(struct switch_pair *pair, unsigned side)
{
	uint64_t one = 1;

	bench_check(write(pair->read_fd[side], &one, sizeof(one)) != sizeof(one),
		    "write to an eventfd");
}

static void eventfd_wait(struct switch_pair *pair, unsigned side)
{
	uint64_t count;

	bench_check(read(pair->read_fd[side], &count, sizeof(count)) != sizeof(count),
		    "read from an eventfd");
}

static void eventfd_close(struct switch_pair *pair)
{
	close(pair->read_fd[0]);
	close(pair->read_fd[1]);
}

const struct switch_kind switch_kinds[] = {
	{"futex", futex_open, futex_wake, futex_wait, futex_close},
	{"semaphore", semaphore_open, semaphore_wake, semaphore_wait, semaphore_close},
	{"condvar", condvar_open, condvar_wake, condvar_wait, condvar_close},
	{"pipe", pipe_open, pipe_wake, pipe_wait, pipe_close},
	{"eventfd", eventfd_open, eventfd_wake, eventfd_wait, eventfd_close},
	{0},
};

static void *partner_main(void *argument)
{
	struct switch_pair *pair = argument;

	cpu_bind(pair->cpu[1]);
	for (unsigned i = 0; i < pair->rounds + WARM_UP_ROUNDS; i++) {
		pair->kind->wait(pair, 1);
		pair->kind->wake(pair, 0);
	}
	return NULL;
}

static void rounds_run(struct switch_pair *pair, unsigned rounds)
{
	for (unsigned i = 0; i < rounds; i++) {
		pair->kind->wake(pair, 1);
		pair->kind->wait(pair, 0);
	}
}

void switch_run(const struct switch_kind *kind, unsigned rounds, const int cpu[2],
		struct switch_cost *cost)
{
	struct switch_pair pair = {.kind = kind, .rounds = rounds, .cpu = {cpu[0], cpu[1]}};
	pthread_t partner;
	uint64_t ns, ticks;

	cpu_bind(cpu[0]);
	kind->open(&pair);
	bench_check_code(pthread_create(&partner, NULL, partner_main, &pair), "pthread_create");
	rounds_run(&pair, WARM_UP_ROUNDS);
	ns = bench_ns();
	ticks = bench_ticks();
	rounds_run(&pair, rounds);
	cost->ticks = bench_ticks() - ticks;
	cost->ns = bench_ns() - ns;
	pthread_join(partner, NULL);
	kind->close(&pair);
}

/*
 * The ring: each thread holds one of three mutexes and moves to the next, locking it before it lets
 * go of the one it has. One thread is a mutex ahead of the other, so each lock() finds the partner
 * as the owner and each unlock() finds it waiting. Returns the index of the mutex that is still
 * held.
 */
static unsigned ring_steps(struct switch_pair *pair, unsigned held, unsigned steps)
{
	for (unsigned i = 0; i < steps; i++) {
		unsigned next = (held + 1) % RING_MUTEXES;

		pthread_mutex_lock(&pair->ring[next]);
		pthread_mutex_unlock(&pair->ring[held]);
		held = next;
	}
	return held;
}

static void *ring_partner_main(void *argument)
{
	struct switch_pair *pair = argument;
	unsigned held = 1;

	cpu_bind(pair->cpu[1]);
	pthread_mutex_lock(&pair->ring[held]);
	sem_post(&pair->ready);
	held = ring_steps(pair, held, pair->rounds + WARM_UP_ROUNDS);
	pthread_mutex_unlock(&pair->ring[held]);
	return NULL;
}

void switch_mutex_run(unsigned steps, const int cpu[2], struct switch_cost *cost)
{
	struct switch_pair pair = {.rounds = steps, .cpu = {cpu[0], cpu[1]}};
	pthread_t partner;
	unsigned held = 0;
	uint64_t ns, ticks;

	cpu_bind(cpu[0]);
	for (unsigned i = 0; i < RING_MUTEXES; i++)
		bench_check_code(pthread_mutex_init(&pair.ring[i], NULL), "pthread_mutex_init");
	bench_check(sem_init(&pair.ready, 0, 0) != 0, "sem_init");
	pthread_mutex_lock(&pair.ring[held]);
	bench_check_code(pthread_create(&partner, NULL, ring_partner_main, &pair),
			 "pthread_create");
	while (sem_wait(&pair.ready) != 0)
		bench_check(errno != EINTR, "sem_wait");
	held = ring_steps(&pair, held, WARM_UP_ROUNDS);
	ns = bench_ns();
	ticks = bench_ticks();
	held = ring_steps(&pair, held, steps);
	cost->ticks = bench_ticks() - ticks;
	cost->ns = bench_ns() - ns;
	pthread_mutex_unlock(&pair.ring[held]);
	pthread_join(partner, NULL);
	for (unsigned i = 0; i < RING_MUTEXES; i++)
		pthread_mutex_destroy(&pair.ring[i]);
	sem_destroy(&pair.ready);
}
