/* SPDX-License-Identifier: BSD-3-Clause */
/* Alternate stacks, faults, and what a handler sees and may change of the interrupted context. */
#include "signals.h"

#include <errno.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#define PAGE 4096

static sigjmp_buf escape;
static volatile sig_atomic_t faults, on_alternate, last_number, last_code;
static void *volatile last_address;
static char *alternate;
static const size_t alternate_size = 64 << 10;

static int is_alternate(const void *address)
{
	return (const char *)address >= alternate &&
	       (const char *)address < alternate + alternate_size;
}

static void look_at_stack(int number, siginfo_t *info, void *context)
{
	const ucontext_t *interrupted = context;

	(void)number;
	(void)info;
	on_alternate = is_alternate(&interrupted) && is_alternate(context) &&
		       !is_alternate((void *)interrupted->uc_mcontext.gregs[REG_RSP]);
}

static void jump_out(int number, siginfo_t *info, void *context)
{
	(void)context;
	last_number = number;
	last_code = info->si_code;
	last_address = info->si_addr;
	on_alternate = is_alternate(&number);
	siglongjmp(escape, 1);
}

__attribute__((noinline)) static int overflow(volatile char *above)
{
	volatile char frame[1024];

	frame[0] = above[0];
	if (frame[0] == 1)
		return 0;
	return overflow(frame) + frame[1];
}

void signals_stack(void)
{
	stack_t stack = {.ss_size = alternate_size}, old;
	volatile char top[2] = {0, 0};

	check_section("sigaltstack");
	alternate = malloc(alternate_size);
	stack.ss_sp = alternate;
	SHOW(sigaltstack(&stack, NULL));
	SHOW(sigaltstack(NULL, &old));
	CHECK(old.ss_sp == alternate && old.ss_size == alternate_size && old.ss_flags == 0);
	handle(SIGUSR1, look_at_stack, SA_ONSTACK);
	raise(SIGUSR1);
	CHECK(on_alternate == 1);
	handle(SIGUSR1, look_at_stack, 0);
	raise(SIGUSR1);
	CHECK(on_alternate == 0);
	/* The way out of a stack overflow: there is no other stack for the handler. */
	handle(SIGSEGV, jump_out, SA_ONSTACK);
	if (sigsetjmp(escape, 1) == 0)
		check_show("unreachable", overflow(top));
	CHECK(last_number == SIGSEGV && on_alternate == 1);
	if (sigsetjmp(escape, 1) == 0) /* and once more: the stack is free again */
		check_show("unreachable", overflow(top));
	CHECK(last_number == SIGSEGV && on_alternate == 1);
	stack.ss_size = 100;
	SHOW(sigaltstack(&stack, NULL));
	stack.ss_flags = 0x40;
	SHOW(sigaltstack(&stack, NULL));
	stack.ss_flags = SS_DISABLE;
	SHOW(sigaltstack(&stack, &old));
	SHOW(sigaltstack(NULL, &old));
	CHECK(old.ss_flags == SS_DISABLE);
	signal(SIGSEGV, SIG_DFL);
	free(alternate);
}

/* Makes the page usable and returns: the access is tried again. */
static void make_usable(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)context;
	faults++;
	mprotect((void *)((uintptr_t)info->si_addr & ~(uintptr_t)(PAGE - 1)), PAGE,
		 PROT_READ | PROT_WRITE);
}

static void show_fault(const char *text, void (*function)(void))
{
	last_number = 0;
	if (sigsetjmp(escape, 1) == 0)
		function();
	printf("%s: signal %d, code %d\n", text, last_number, last_code);
}

static volatile int zero;

static void divide(void)
{
	zero = 100 / zero;
}

static void undefined(void)
{
	__asm__ volatile("ud2");
}

static void breakpoint(void)
{
	__asm__ volatile("int3");
}

static void unmapped(void)
{
	*(volatile int *)((uintptr_t)zero + 0x5000000000) = 1;
}

static void non_canonical(void)
{
	*(volatile int *)((uintptr_t)zero + 0x8000000000000000) = 1;
}

void signals_faults(void)
{
	static const int numbers[] = {SIGSEGV, SIGFPE, SIGILL, SIGTRAP, SIGBUS};
	char *map = mmap(NULL, 16 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	check_section("faults");
	handle(SIGSEGV, make_usable, 0);
	for (int i = 0; i < 16; i++)
		map[i * PAGE + 100] = (char)i;
	SHOW(faults);
	munmap(map, 16 * PAGE);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		handle(numbers[i], jump_out, 0);
	show_fault("division", divide);
	show_fault("undefined instruction", undefined);
	show_fault("breakpoint", breakpoint);
	show_fault("unmapped", unmapped);
	CHECK(last_address == (void *)0x5000000000);
	show_fault("non-canonical", non_canonical);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		signal(numbers[i], SIG_DFL);
}

/* Steps over "ud2" (two bytes) and changes a register of the interrupted code. */
static void skip(int number, siginfo_t *info, void *context)
{
	ucontext_t *interrupted = context;

	(void)number;
	CHECK(info->si_addr == (void *)interrupted->uc_mcontext.gregs[REG_RIP]);
	CHECK(interrupted->uc_mcontext.gregs[REG_RBX] == 0x1234567890);
	interrupted->uc_mcontext.gregs[REG_RIP] += 2;
	interrupted->uc_mcontext.gregs[REG_RBX] = 0x42;
	sigaddset(&interrupted->uc_sigmask, SIGUSR2);
}

void signals_context(void)
{
	unsigned long register_value;
	sigset_t set;

	check_section("the interrupted context");
	handle(SIGILL, skip, 0);
	__asm__ volatile("mov $0x1234567890, %%rbx\n\t"
			 "ud2\n\t"
			 "mov %%rbx, %0"
			 : "=r"(register_value)
			 :
			 : "rbx", "memory");
	CHECK(register_value == 0x42);
	sigprocmask(SIG_SETMASK, NULL, &set);
	CHECK(sigismember(&set, SIGUSR2) == 1); /* the handler's change of the mask is kept */
	sigdelset(&set, SIGUSR2);
	sigprocmask(SIG_SETMASK, &set, NULL);
	signal(SIGILL, SIG_DFL);
}

static void use_registers(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)info;
	(void)context;
	faults++;
	__asm__ volatile("pcmpeqd %%xmm0, %%xmm0\n\t"
			 "movdqa %%xmm0, %%xmm7\n\t"
			 "movdqa %%xmm0, %%xmm15\n\t"
			 "fninit\n\tfldz\n\tfldz\n\tfldz"
			 :
			 :
			 : "xmm0", "xmm7", "xmm15", "st", "st(1)", "st(2)");
}

/* A timer interrupts a loop that holds values in SSE and x87 registers; the handler overwrites
 * them. */
void signals_floating_point(void)
{
	struct itimerspec times = {{0, 1000000}, {0, 1000000}}, stop = {{0, 0}, {0, 0}};
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
	uint64_t in[2] = {0x1122334455667788, 0x99aabbccddeeff00}, out[2] = {0, 0};
	long double x = 3.25L, y;
	timer_t timer;
	int bad = 0;

	check_section("floating point state across handlers");
	faults = 0;
	handle(SIGUSR1, use_registers, 0);
	SHOW(timer_create(CLOCK_MONOTONIC, &event, &timer));
	SHOW(timer_settime(timer, 0, &times, NULL));
	while (faults < 20) {
		__asm__ volatile("movdqu %2, %%xmm0\n\t"
				 "movdqu %2, %%xmm7\n\t"
				 "movdqu %2, %%xmm15\n\t"
				 "fldt %3\n\t"
				 "mov $200000, %%ecx\n"
				 "1:\tdec %%ecx\n\tjnz 1b\n\t"
				 "fstpt %1\n\t"
				 "pand %%xmm7, %%xmm0\n\tpand %%xmm15, %%xmm0\n\t"
				 "movdqu %%xmm0, %0"
				 : "=m"(out), "=m"(y)
				 : "m"(in), "m"(x)
				 : "ecx", "xmm0", "xmm7", "xmm15", "memory");
		bad += memcmp(in, out, sizeof(in)) != 0 || x != y;
	}
	SHOW(timer_settime(timer, 0, &stop, NULL));
	SHOW(timer_delete(timer));
	CHECK(bad == 0);
}
