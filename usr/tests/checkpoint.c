/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Programs to be saved and restored (tests/system/uhyve_checkpoint).
 *   checkpoint once INPUT OUTPUT    asks for a checkpoint with files, threads and timers in use
 *   checkpoint steps COUNT          counts, with a table in memory that tells whether one was lost
 *   checkpoint initialise ROUNDS    asks for one after much work, then answers (a warm start)
 *   checkpoint deleted FILE         asks with a file open that has no name any more
 *   checkpoint wait                 asks, then waits for its standard input
 */
#include "../../include/hermit/checkpoint.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define THREADS	    3
#define TABLE_WORDS (1u << 19) /* 4 MiB */

static int failures;

static void check(int holds, const char *what)
{
	if (holds)
		return;
	failures++;
	printf("FAIL: %s\n", what);
}

static uint64_t now_ms(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static atomic_uint ticks[THREADS];
static atomic_bool over;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned guarded;

static void *ticker(void *argument)
{
	atomic_uint *mine = argument;
	const struct timespec pause = {.tv_nsec = 5000000};

	while (!atomic_load(&over)) {
		pthread_mutex_lock(&lock);
		guarded++;
		pthread_mutex_unlock(&lock);
		atomic_fetch_add(mine, 1);
		nanosleep(&pause, NULL);
	}
	return NULL;
}

/* Until each thread has gone on. */
static void wait_ticks(void)
{
	for (int i = 0; i < THREADS; i++) {
		unsigned before = atomic_load(&ticks[i]);
		while (atomic_load(&ticks[i]) < before + 3)
			usleep(1000);
	}
}

static double vector_work(double value)
{
	volatile double x = value;

	for (int i = 0; i < 1000; i++)
		x = x * 1.0000001 + 0.5;
	return x;
}

static void use_files(int input, int output, const char *expected, const char *text)
{
	char buffer[8] = "";

	check(read(input, buffer, 4) == 4 && memcmp(buffer, expected, 4) == 0, "input goes on");
	check(write(output, text, strlen(text)) == (ssize_t)strlen(text), "output goes on");
}

static int once(const char *input_name, const char *output_name)
{
	int input = open(input_name, O_RDONLY);
	int output = open(output_name, O_RDWR | O_CREAT, 0600);
	int directory = open(".", O_RDONLY | O_DIRECTORY);
	int timer = timerfd_create(CLOCK_MONOTONIC, 0);
	const struct itimerspec soon = {.it_value = {.tv_nsec = 300000000}};
	pthread_t threads[THREADS];
	uint64_t expired = 0;

	check(input >= 0 && output >= 0 && directory >= 0 && timer >= 0, "files");
	for (int i = 0; i < THREADS; i++)
		check(pthread_create(&threads[i], NULL, ticker, &ticks[i]) == 0, "thread");
	wait_ticks();
	use_files(input, output, "0123", "first ");
	check(timerfd_settime(timer, 0, &soon, NULL) == 0, "timer");
	uint64_t monotonic = now_ms(CLOCK_MONOTONIC), realtime = now_ms(CLOCK_REALTIME);
	double before = vector_work(1.0);
	int result = hermit_checkpoint();
	int error = errno;
	uint64_t passed = now_ms(CLOCK_MONOTONIC) - monotonic;

	printf("checkpoint: %d%s%s\n", result, result < 0 ? " " : "",
	       result < 0 ? strerror(error) : "");
	check(vector_work(1.0) == before, "vector registers");
	check(passed < 2000000, "monotonic time goes on");
	check(now_ms(CLOCK_REALTIME) - realtime < 2000000, "real time goes on");
	printf("time: %s\n", passed < 500000 ? "continuous" : "advanced");
	check(read(timer, &expired, sizeof(expired)) == sizeof(expired) && expired == 1,
	      "the timer expires");
	wait_ticks();
	use_files(input, output, "4567", "second\n");
	check(lseek(output, 0, SEEK_CUR) == 13, "the output's offset");
	check(fcntl(directory, F_GETFD) >= 0 && faccessat(directory, input_name, R_OK, 0) == 0,
	      "the directory");
	atomic_store(&over, 1);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	check(guarded == ticks[0] + ticks[1] + ticks[2], "what the lock guards");
	puts(failures ? "failed" : "done");
	return failures != 0;
}

static uint64_t table[TABLE_WORDS];

static uint64_t next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* Each step changes a few pages; in the end the sum tells whether all steps were done once. */
static int steps(unsigned count)
{
	const struct timespec pause = {.tv_nsec = 2000000};
	uint64_t state = 88172645463325252ull, sum = 0;

	for (unsigned i = 0; i < count; i++) {
		for (int j = 0; j < 8; j++) {
			uint64_t random = next(&state);
			uint64_t *word = &table[random % TABLE_WORDS];
			*word = *word * 31 + random;
		}
		printf("step %u\n", i);
		fflush(stdout);
		nanosleep(&pause, NULL);
	}
	for (unsigned i = 0; i < TABLE_WORDS; i++)
		sum = sum * 1099511628211ull + table[i];
	printf("sum %016llx\n", (unsigned long long)sum);
	return 0;
}

static int initialise(unsigned rounds)
{
	uint64_t state = 88172645463325252ull, sum = 0;

	for (unsigned i = 0; i < rounds; i++)
		for (unsigned j = 0; j < TABLE_WORDS; j++)
			table[j] += next(&state);
	int result = hermit_checkpoint();
	for (unsigned j = 0; j < TABLE_WORDS; j += 4096)
		sum += table[j];
	printf("%d %016llx\n", result, (unsigned long long)sum);
	return 0;
}

static int deleted(const char *name)
{
	int fd = open(name, O_RDWR | O_CREAT, 0600);

	check(fd >= 0 && unlink(name) == 0, "file");
	int result = hermit_checkpoint();
	printf("%d %s\n", result, result < 0 ? strerror(errno) : "");
	return 0;
}

static int wait_for_input(void)
{
	char line[64];

	printf("%d\n", hermit_checkpoint());
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin))
		printf("got %s", line);
	return 0;
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";

	if (strcmp(mode, "once") == 0 && argc == 4)
		return once(argv[2], argv[3]);
	if (strcmp(mode, "steps") == 0 && argc == 3)
		return steps((unsigned)atoi(argv[2]));
	if (strcmp(mode, "initialise") == 0 && argc == 3)
		return initialise((unsigned)atoi(argv[2]));
	if (strcmp(mode, "deleted") == 0 && argc == 3)
		return deleted(argv[2]);
	if (strcmp(mode, "wait") == 0)
		return wait_for_input();
	fputs("usage: checkpoint once INPUT OUTPUT | steps COUNT | initialise ROUNDS | deleted FILE | wait\n",
	      stderr);
	return 2;
}
