/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * crash: ends by the fault that its argument names. Proves, with its driver, that each ends with
 * 128 + the signal that Linux raises, that what was printed before is not lost, and that the crash
 * report names the signal and the function (crash_null_read for null-read ...).
 */
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define NO_INLINE __attribute__((noinline))

/* An address that the compiler cannot know. */
static volatile uintptr_t null_address;
static volatile int zero;
static const char read_only[] = "read only data";

NO_INLINE static void crash_null_read(void)
{
	(void)*(volatile int *)null_address;
}

NO_INLINE static void crash_null_write(void)
{
	*(volatile int *)null_address = 1;
}

NO_INLINE static void crash_null_call(void)
{
	((void (*)(void))null_address)();
	zero = 0; /* a call in tail position would leave no frame */
}

NO_INLINE static void crash_unmapped(void)
{
	*(volatile int *)(null_address + 0x5000000000) = 1;
}

/* The processor reports no address for this one. */
NO_INLINE static void crash_non_canonical(void)
{
	*(volatile int *)(null_address + 0x8000000000000000) = 1;
}

NO_INLINE static void crash_write_text(void)
{
	*(volatile char *)((uintptr_t)&crash_null_read + null_address) = 0;
}

NO_INLINE static void crash_write_rodata(void)
{
	*(volatile char *)((uintptr_t)read_only + null_address) = 0;
}

NO_INLINE static void crash_exec_data(void)
{
	static unsigned char code[16] = {0xc3};

	((void (*)(void))((uintptr_t)code + null_address))();
	zero = 0;
}

NO_INLINE static void crash_exec_stack(void)
{
	volatile unsigned char code[16];

	code[0] = 0xc3;
	((void (*)(void))((uintptr_t)code + null_address))();
	zero = 0;
}

NO_INLINE static void crash_exec_heap(void)
{
	unsigned char *code = malloc(16);

	code[0] = 0xc3;
	((void (*)(void))((uintptr_t)code + null_address))();
	free(code);
}

NO_INLINE static int crash_stack_overflow_at(volatile int *depth)
{
	volatile int frame[256];

	frame[0] = *depth + 1;
	if (frame[0] < 0) /* after 2 GiB calls: the stack ends first */
		return 0;
	return crash_stack_overflow_at(frame) + frame[0];
}

NO_INLINE static void crash_stack_overflow(void)
{
	volatile int depth = 0;

	zero = crash_stack_overflow_at(&depth);
}

static void *overflow_in_thread(void *argument)
{
	(void)argument;
	crash_stack_overflow();
	return NULL;
}

NO_INLINE static void crash_thread_stack(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, overflow_in_thread, NULL);
	pthread_join(thread, NULL);
}

NO_INLINE static void crash_div_zero(void)
{
	zero = 100 / zero;
}

NO_INLINE static void crash_div_overflow(void)
{
	zero = (INT32_MIN + zero) / (zero - 1);
}

NO_INLINE static void crash_abort(void)
{
	abort();
}

NO_INLINE static void crash_ud2(void)
{
	__asm__ volatile("ud2");
}

NO_INLINE static void crash_int3(void)
{
	__asm__ volatile("int3");
}

NO_INLINE static void crash_x87_exception(void)
{
	uint16_t control = 0x033b; /* division by zero unmasked */
	volatile long double a = 1, b = 0;

	__asm__ volatile("fldcw %0" ::"m"(control));
	a = a / b;
	__asm__ volatile("fwait");
}

NO_INLINE static void crash_raise_term(void)
{
	raise(SIGTERM);
}

NO_INLINE static void crash_raise_kill(void)
{
	raise(SIGKILL);
}

NO_INLINE static void crash_double_free(void)
{
	char *volatile block = malloc(64);

	free(block);
	free(block);
}

NO_INLINE static void crash_beyond_mapping(void)
{
	char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	mprotect(page, 4096, PROT_READ);
	page[4095 + zero] = 1;
}

static void ignore(int number)
{
	(void)number;
}

/* A fault cannot be blocked or ignored. */
NO_INLINE static void crash_blocked(void)
{
	sigset_t all;

	signal(SIGSEGV, SIG_IGN);
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	crash_null_write();
}

/* The handler's stack is unusable: the kernel cannot deliver the signal, and the program must end.
 */
NO_INLINE static void crash_no_signal_stack(void)
{
	signal(SIGUSR1, ignore);
	__asm__ volatile("xor %%esp, %%esp\n\tmovl $0, 0" ::: "memory");
}

static const struct {
	const char *name;
	void (*function)(void);
} modes[] = {
	{"null-read", crash_null_read},
	{"null-write", crash_null_write},
	{"null-call", crash_null_call},
	{"unmapped", crash_unmapped},
	{"non-canonical", crash_non_canonical},
	{"write-text", crash_write_text},
	{"write-rodata", crash_write_rodata},
	{"exec-data", crash_exec_data},
	{"exec-stack", crash_exec_stack},
	{"exec-heap", crash_exec_heap},
	{"stack-overflow", crash_stack_overflow},
	{"thread-stack", crash_thread_stack},
	{"div-zero", crash_div_zero},
	{"div-overflow", crash_div_overflow},
	{"abort", crash_abort},
	{"ud2", crash_ud2},
	{"int3", crash_int3},
	{"x87-exception", crash_x87_exception},
	{"raise-term", crash_raise_term},
	{"raise-kill", crash_raise_kill},
	{"double-free", crash_double_free},
	{"beyond-mapping", crash_beyond_mapping},
	{"blocked", crash_blocked},
	{"no-signal-stack", crash_no_signal_stack},
};

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";

	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		if (strcmp(mode, modes[i].name) == 0) {
			printf("before %s\n", mode);
			fflush(stdout);
			modes[i].function();
			printf("still alive after %s\n", mode);
			return 1;
		}
	}
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		printf("%s\n", modes[i].name);
	return 2;
}
