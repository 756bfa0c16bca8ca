/* SPDX-License-Identifier: BSD-3-Clause */
/* Kernel stacks, each with unmapped pages below. */
#ifndef MM_KSTACK_H
#define MM_KSTACK_H

#include <lib/compiler.h>
#include <lib/types.h>

#define MM_KSTACK_SIZE (4 * PAGE_SIZE)

/* A kernel stack of MM_KSTACK_SIZE bytes with unmapped pages below: the address behind its end, or
 * NULL. Its content is undefined. Any context. */
must_check void *mm_kstack_alloc(void);

/* Gives the stack that ends at TOP back. Nobody runs on it. Any context. */
void mm_kstack_free(void *top);

/* Does ADDRESS lie in the unmapped part below a kernel stack? (For the report of an overflow.) */
bool mm_kstack_guard_hit(uintptr_t address);

#endif /* MM_KSTACK_H */
