/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tlsalign: proves that thread-local variables and stacks are aligned as the compiler relies on, in
 * the first thread, in others, and in signal handlers on both kinds of stack: with addresses, and
 * with the aligned loads and stores of SSE, AVX2 and AVX-512 where the processor has them.
 */
#include "common/check.h"

#include <errno.h>
#include <immintrin.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define THREADS	   6
#define STACK_SIZE (128u << 10)
#define WORDS	   16u /* of 4 bytes: 64 bytes */

static _Thread_local _Alignas(4096) char page[4096] = "page";
static _Thread_local _Alignas(64) uint32_t line[WORDS] = {1, 2, 3, 4};
static _Thread_local char odd = 'o'; /* makes its neighbours' addresses uneven */
static _Thread_local _Alignas(32) uint32_t half[WORDS];
static _Thread_local char odd_too;
static _Thread_local _Alignas(128) uint32_t zeros[WORDS];
static _Thread_local long double wide = 1.5L;

static bool is_aligned(const volatile void *address, size_t alignment)
{
	return (uintptr_t)address % alignment == 0;
}

static bool addresses_fit(void)
{
	return is_aligned(page, 4096) && is_aligned(line, 64) && is_aligned(half, 32) &&
	       is_aligned(zeros, 128) && is_aligned(&wide, 16);
}

/* The values that the program's image gives them. */
static bool values_fit(void)
{
	return strcmp(page, "page") == 0 && line[3] == 4 && line[4] == 0 && odd == 'o' &&
	       half[WORDS - 1] == 0 && odd_too == 0 && zeros[0] == 0 && wide == 1.5L;
}

/* Each of these reads LINE, adds it to ZEROS and back through the stack, all aligned. */

static bool sums_fit(void)
{
	bool fit =
		zeros[0] == line[0] && zeros[3] == line[3] && zeros[WORDS - 1] == line[WORDS - 1];

	memset(zeros, 0, sizeof(zeros));
	return fit;
}

__attribute__((noinline)) static bool use_sse(void)
{
	_Alignas(16) volatile uint32_t local[WORDS];

	for (unsigned i = 0; i < WORDS; i += 4) {
		__m128i value = _mm_load_si128((const __m128i *)&line[i]);

		_mm_store_si128((__m128i *)(uintptr_t)&local[i], value);
		value = _mm_load_si128((const __m128i *)(uintptr_t)&local[i]);
		_mm_store_si128((__m128i *)&zeros[i], value);
	}
	return is_aligned(local, 16) && sums_fit();
}

__attribute__((noinline, target("avx2"))) static bool use_avx2(void)
{
	_Alignas(32) volatile uint32_t local[WORDS];

	for (unsigned i = 0; i < WORDS; i += 8) {
		__m256i value = _mm256_load_si256((const __m256i *)&line[i]);

		_mm256_store_si256((__m256i *)(uintptr_t)&local[i], value);
		value = _mm256_load_si256((const __m256i *)(uintptr_t)&local[i]);
		_mm256_store_si256((__m256i *)&half[i], value);
		_mm256_store_si256((__m256i *)&zeros[i], _mm256_load_si256((__m256i *)&half[i]));
	}
	memset(half, 0, sizeof(half));
	return is_aligned(local, 32) && sums_fit();
}

__attribute__((noinline, target("avx512f"))) static bool use_avx512(void)
{
	_Alignas(64) volatile uint32_t local[WORDS];
	__m512i value = _mm512_load_si512(line);

	_mm512_store_si512((void *)(uintptr_t)local, value);
	value = _mm512_load_si512((const void *)(uintptr_t)local);
	_mm512_store_si512(zeros, value);
	return is_aligned(local, 64) && sums_fit();
}

/* printf keeps its vector arguments with aligned stores as well. */
static bool use_printf(void)
{
	char text[64];

	snprintf(text, sizeof(text), "%.2f %.2Lf", 2.5, wide);
	return strcmp(text, "2.50 1.50") == 0;
}

static bool vectors_fit(void)
{
	return use_sse() && (!__builtin_cpu_supports("avx2") || use_avx2()) &&
	       (!__builtin_cpu_supports("avx512f") || use_avx512()) && use_printf();
}

/* The ABI: at a function's first instruction the stack pointer is 8 beside a multiple of 16, so its
 * frame address (the pushed base pointer) is a multiple of it. */
static bool frame_fits(const void *frame)
{
	return is_aligned(frame, 16);
}

static _Thread_local volatile sig_atomic_t handled, handled_well, on_other_stack;

static void on_signal(int number, siginfo_t *info, void *context)
{
	stack_t stack;

	(void)number;
	(void)info;
	(void)context;
	sigaltstack(NULL, &stack);
	if (stack.ss_flags & SS_ONSTACK)
		on_other_stack++;
	handled++;
	if (frame_fits(__builtin_frame_address(0)) && addresses_fit() && vectors_fit())
		handled_well++;
}

static bool signals_fit(void)
{
	handled = handled_well = 0;
	for (int i = 0; i < 8; i++) {
		/* Other depths of the interrupted stack. */
		volatile char *space = __builtin_alloca((size_t)i * 24 + 1);

		space[0] = 1;
		pthread_kill(pthread_self(), i % 2 ? SIGUSR1 : SIGUSR2);
	}
	return handled == 8 && handled_well == 8;
}

static bool all_fits(void)
{
	return frame_fits(__builtin_frame_address(0)) && addresses_fit() && vectors_fit() &&
	       signals_fit();
}

static bool with_other_stack(size_t offset)
{
	stack_t stack = {.ss_size = 64 << 10}, off = {.ss_flags = SS_DISABLE};
	char *memory = malloc(stack.ss_size + 64);
	bool fit;

	if (!memory)
		check_die("malloc");
	stack.ss_sp = memory + offset;
	MUST(sigaltstack(&stack, NULL));
	on_other_stack = 0;
	fit = signals_fit() && on_other_stack == 4;
	MUST(sigaltstack(&off, NULL));
	free(memory);
	return fit;
}

static void *run(void *argument)
{
	bool fresh = values_fit(), fit = all_fits();

	(void)argument;
	page[0] = 'q';
	line[3] = 9;
	odd = odd_too = 1;
	return (void *)(uintptr_t)(fresh && fit ? 1 : 0);
}

/* OFFSET moves the end of a stack of the caller's own. */
static bool thread_fits(size_t offset)
{
	static _Alignas(4096) char memory[STACK_SIZE];
	pthread_attr_t attributes;
	pthread_t thread;
	void *result;

	pthread_attr_init(&attributes);
	if (offset)
		errno = pthread_attr_setstack(&attributes, memory, STACK_SIZE - offset);
	if (offset && errno)
		check_die("pthread_attr_setstack");
	errno = pthread_create(&thread, offset ? &attributes : NULL, run, NULL);
	if (errno)
		check_die("pthread_create");
	pthread_join(thread, &result);
	pthread_attr_destroy(&attributes);
	return result != NULL;
}

static void many(void)
{
	pthread_t threads[THREADS];
	int good = 0;

	for (int i = 0; i < THREADS; i++) {
		errno = pthread_create(&threads[i], NULL, run, NULL);
		if (errno)
			check_die("pthread_create");
	}
	for (int i = 0; i < THREADS; i++) {
		void *result;

		pthread_join(threads[i], &result);
		good += result != NULL;
	}
	CHECK(good == THREADS);
}

int main(void)
{
	struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO};

	MUST(sigaction(SIGUSR1, &action, NULL));
	action.sa_flags |= SA_ONSTACK;
	MUST(sigaction(SIGUSR2, &action, NULL));
	check_section("first thread");
	CHECK(values_fit());
	CHECK(addresses_fit());
	CHECK(use_sse());
	CHECK(vectors_fit());
	CHECK(signals_fit());
	for (size_t offset = 0; offset < 64; offset += 24)
		CHECK(with_other_stack(offset));
	check_section("threads");
	CHECK(thread_fits(0));
	for (size_t offset = 16; offset < 80; offset += 16)
		CHECK(thread_fits(offset));
	many();
	CHECK(values_fit()); /* the threads have changed theirs */
	return check_done();
}
