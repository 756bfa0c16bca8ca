/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fpu: proves that each thread has its own x87, SSE, AVX and AVX-512 registers, control words and
 * mask registers, across system calls, task switches, interrupts and signal handlers that use them
 * as well.
 *
 * Each thread fills all registers that the processor has with a pattern of its own, yields and
 * spins, and compares. Meanwhile an interval timer calls a handler that does the same with another
 * pattern.
 */
#include "common/check.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/time.h>

#define THREADS 6
#define ROUNDS	150

struct registers {
	uint8_t vector[32][64];
	uint64_t mask[8];
	uint8_t x87[8][16];
	uint32_t mxcsr;
	uint16_t control;
};

/* rdi = values to load, rsi = where to store, rdx = number of yields in between */
void fpu_sse(const struct registers *in, struct registers *out, long yields);
void fpu_avx(const struct registers *in, struct registers *out, long yields);
void fpu_avx512(const struct registers *in, struct registers *out, long yields);
void fpu_x87(const struct registers *in, struct registers *out, long yields);

__asm__(".text\n"
	".macro hold\n"
	"771:	mov $24, %eax\n" /* sched_yield */
	"	syscall\n"
	"	mov $3000, %ecx\n"
	"772:	dec %ecx\n"
	"	jnz 772b\n"
	"	dec %rdx\n"
	"	jnz 771b\n"
	".endm\n"
	".macro entry name\n"
	"	.globl \\name\n"
	"	.type \\name, @function\n"
	"\\name:\n"
	".endm\n"

	"	entry fpu_sse\n"
	".irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n"
	"	movdqu 64*\\n(%rdi), %xmm\\n\n"
	".endr\n"
	"	hold\n"
	".irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n"
	"	movdqu %xmm\\n, 64*\\n(%rsi)\n"
	".endr\n"
	"	ret\n"

	"	entry fpu_avx\n"
	".irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n"
	"	vmovdqu 64*\\n(%rdi), %ymm\\n\n"
	".endr\n"
	"	hold\n"
	".irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n"
	"	vmovdqu %ymm\\n, 64*\\n(%rsi)\n"
	".endr\n"
	"	vzeroupper\n"
	"	ret\n"

	"	entry fpu_avx512\n"
	".irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n"
	"	vmovdqu64 64*\\n(%rdi), %zmm\\n\n"
	".endr\n"
	".irp n, 0,1,2,3,4,5,6,7\n"
	"	kmovq 2048+8*\\n(%rdi), %k\\n\n"
	".endr\n"
	"	hold\n"
	".irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n"
	"	vmovdqu64 %zmm\\n, 64*\\n(%rsi)\n"
	".endr\n"
	".irp n, 0,1,2,3,4,5,6,7\n"
	"	kmovq %k\\n, 2048+8*\\n(%rsi)\n"
	".endr\n"
	"	vzeroupper\n"
	"	ret\n"

	"	entry fpu_x87\n"
	"	push %rbp\n"
	"	mov %rsp, %rbp\n"
	"	sub $16, %rsp\n"
	"	fnstcw (%rsp)\n"
	"	stmxcsr 8(%rsp)\n"
	"	fldcw 2244(%rdi)\n"
	"	ldmxcsr 2240(%rdi)\n"
	".irp n, 0,1,2,3,4,5,6,7\n"
	"	fldt 2112+16*\\n(%rdi)\n"
	".endr\n"
	"	hold\n"
	".irp n, 7,6,5,4,3,2,1,0\n"
	"	fstpt 2112+16*\\n(%rsi)\n"
	".endr\n"
	"	fnstcw 2244(%rsi)\n"
	"	stmxcsr 2240(%rsi)\n"
	"	fldcw (%rsp)\n"
	"	ldmxcsr 8(%rsp)\n"
	"	leave\n"
	"	ret\n");

_Static_assert(offsetof(struct registers, mask) == 2048, "mask");
_Static_assert(offsetof(struct registers, x87) == 2112, "x87");
_Static_assert(offsetof(struct registers, mxcsr) == 2240, "mxcsr");
_Static_assert(offsetof(struct registers, control) == 2244, "control");

static atomic_int alarms, alarm_errors;

static void fill(struct registers *r, unsigned int seed)
{
	uint8_t *bytes = (uint8_t *)r;

	for (size_t i = 0; i < offsetof(struct registers, x87); i++) {
		seed = seed * 1664525u + 1013904223u;
		bytes[i] = (uint8_t)(seed >> 24);
	}
	memset(r->x87, 0, sizeof(r->x87));
	for (int i = 0; i < 8; i++) {
		long double value = seed + (unsigned int)i * 1.5L;

		memcpy(r->x87[i], &value, 10);
	}
	r->mxcsr = 0x1f80 | (seed >> 7 & 3) << 13; /* rounding mode */
	r->control = (uint16_t)(0x037f | (seed >> 9 & 3) << 10);
}

/* Compares what the processor can hold: the first "width" bytes of "count" vectors. */
static int same_vectors(const struct registers *a, const struct registers *b, int count,
			size_t width)
{
	for (int i = 0; i < count; i++)
		if (memcmp(a->vector[i], b->vector[i], width) != 0)
			return 0;
	return 1;
}

/* One pass over all register sets; returns the number of wrong ones. */
static int try_all(const struct registers *in, long yields)
{
	struct registers out = {0};
	int bad;

	fpu_sse(in, &out, yields);
	bad = !same_vectors(in, &out, 16, 16);
	if (__builtin_cpu_supports("avx")) {
		fpu_avx(in, &out, yields);
		bad += !same_vectors(in, &out, 16, 32);
	}
	if (__builtin_cpu_supports("avx512bw")) {
		fpu_avx512(in, &out, yields);
		bad += !same_vectors(in, &out, 32, 64);
		bad += memcmp(in->mask, out.mask, sizeof(in->mask)) != 0;
	}
	fpu_x87(in, &out, yields);
	bad += memcmp(in->x87, out.x87, sizeof(in->x87)) != 0;
	bad += in->mxcsr != out.mxcsr || in->control != out.control;
	return bad;
}

static void on_alarm(int number)
{
	struct registers pattern;

	(void)number;
	fill(&pattern, 12345u + (unsigned int)atomic_fetch_add(&alarms, 1));
	atomic_fetch_add(&alarm_errors, try_all(&pattern, 1));
}

static void *run(void *argument)
{
	struct registers pattern;
	intptr_t bad = 0;

	for (unsigned int i = 0; i < ROUNDS; i++) {
		fill(&pattern, i * 8 + (unsigned int)(intptr_t)argument);
		bad += try_all(&pattern, 3);
	}
	return (void *)bad;
}

int main(void)
{
	struct itimerval interval = {{0, 2000}, {0, 2000}}, stop = {{0, 0}, {0, 0}};
	struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
	pthread_t threads[THREADS];
	intptr_t bad = 0;
	void *result;

	__builtin_cpu_init();
	MUST(sigaction(SIGALRM, &action, NULL));
	MUST(setitimer(ITIMER_REAL, &interval, NULL));
	for (intptr_t i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, run, (void *)i) != 0)
			check_die("pthread_create");
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], &result);
		bad += (intptr_t)result;
	}
	while (alarms < 5)
		run((void *)7);
	MUST(setitimer(ITIMER_REAL, &stop, NULL));
	CHECK(bad == 0);
	CHECK(alarm_errors == 0);
	return check_done();
}
