/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Probes of memory: what signal does an access raise? For programs that test protection. Each probe
 * installs its own handlers for SIGSEGV and SIGBUS and puts the former ones back. Any thread may
 * probe, one at a time.
 */
#ifndef TESTS_FAULT_H
#define TESTS_FAULT_H

/* Each returns the signal that the access raised, or 0. */
int fault_of_read(const volatile void *address);
int fault_of_write(volatile void *address); /* writes back the byte that it read */
int fault_of_call(
	const volatile void *address); /* must hold a function without arguments, or fault */

/* si_code and si_addr of the last probe that raised a signal. */
int fault_code(void);
void *fault_address(void);

#endif /* TESTS_FAULT_H */
