/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Access to the application's memory from system calls. Kernel and application share the address
 * space; these functions check that the range lies in the application's half and turn a fault that
 * cannot be resolved into -EFAULT. May block (a page is fetched from the host): interrupts on, no
 * spinlock held.
 */
#ifndef ARCH_USER_H
#define ARCH_USER_H

#include <lib/compiler.h>
#include <lib/types.h>

#define ARCH_USER_START 0x10000ul /* page 0 and its neighbours are never mapped */
#define ARCH_USER_END	0x7ffffffff000ul

static inline bool arch_user_range_ok(uintptr_t address, size_t size)
{
	return size <= ARCH_USER_END && address <= ARCH_USER_END - size;
}

/* 0 or -EFAULT. */
must_check int arch_user_read(void *to, uintptr_t from, size_t size);
must_check int arch_user_write(uintptr_t to, const void *from, size_t size);
must_check int arch_user_clear(uintptr_t to, size_t size);

/* Copies a string of at most SIZE bytes with its NUL. Length without NUL, -EFAULT, or
 * -ENAMETOOLONG. */
must_check long arch_user_read_string(char *to, uintptr_t from, size_t size);

/* 32-bit atomics for futexes: *OUT = value; compare-exchange returns 1 when done, 0 when not. */
must_check int arch_user_load32(uintptr_t address, uint32_t *out);
must_check int arch_user_cmpxchg32(uintptr_t address, uint32_t *expected, uint32_t desired);

/* Like load32 but never blocks: -EAGAIN when the page is not mapped. For use under a spinlock. */
must_check int arch_user_load32_atomic(uintptr_t address, uint32_t *out);

#endif /* ARCH_USER_H */
