/* SPDX-License-Identifier: BSD-3-Clause */
/* See fault.h. A probe leaves its handler with siglongjmp, which also puts the signal mask back. */
#include "fault.h"

#include <setjmp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>

enum access { ACCESS_READ, ACCESS_WRITE, ACCESS_CALL };

static sigjmp_buf escape;
static volatile int last_code;
static void *volatile last_address;

static void on_fault(int number, siginfo_t *info, void *context)
{
	(void)context;
	last_code = info->si_code;
	last_address = info->si_addr;
	siglongjmp(escape, number);
}

static void touch(enum access access, uintptr_t address)
{
	volatile char *byte = (volatile char *)address;

	if (access == ACCESS_READ)
		(void)*byte;
	else if (access == ACCESS_WRITE)
		*byte = *byte;
	else
		((void (*)(void))address)();
}

static int probe(enum access access, uintptr_t address)
{
	struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
	struct sigaction old_segv, old_bus;
	int number;

	sigaction(SIGSEGV, &action, &old_segv);
	sigaction(SIGBUS, &action, &old_bus);
	number = sigsetjmp(escape, 1);
	if (number == 0)
		touch(access, address);
	sigaction(SIGSEGV, &old_segv, NULL);
	sigaction(SIGBUS, &old_bus, NULL);
	return number;
}

int fault_of_read(const volatile void *address)
{
	return probe(ACCESS_READ, (uintptr_t)address);
}

int fault_of_write(volatile void *address)
{
	return probe(ACCESS_WRITE, (uintptr_t)address);
}

int fault_of_call(const volatile void *address)
{
	return probe(ACCESS_CALL, (uintptr_t)address);
}

int fault_code(void)
{
	return last_code;
}

void *fault_address(void)
{
	return last_address;
}
