/* SPDX-License-Identifier: BSD-3-Clause */
/* What the language lacks: attributes and small type-safe macros. No state, no code. */
#ifndef LIB_COMPILER_H
#define LIB_COMPILER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define must_check	  __attribute__((warn_unused_result))
#define noreturn	  __attribute__((noreturn))
#define noinline	  __attribute__((noinline))
#define always_inline	  inline __attribute__((always_inline))
#define printf_like(f, a) __attribute__((format(printf, f, a)))
#define maybe_unused	  __attribute__((unused))
#define used_by_assembly  __attribute__((used))
#define cacheline_aligned __attribute__((aligned(64)))

#define likely(x)	  __builtin_expect(!!(x), 1)
#define unlikely(x)	  __builtin_expect(!!(x), 0)

#define ARRAY_SIZE(a)	  (sizeof(a) / sizeof((a)[0]))

/* The structure of TYPE whose member MEMBER is at PTR. */
#define container_of(ptr, type, member)                                                            \
	((type *)(void *)((char *)(uintptr_t)(ptr)-offsetof(type, member)))

/* The names are unique, so that the macros nest. */
#define MACRO_PASTE2(a, b) a##b
#define MACRO_PASTE(a, b)  MACRO_PASTE2(a, b)
/* NOLINTBEGIN(bugprone-macro-parentheses): X and Y become names */
#define MACRO_CHOOSE(a, op, b, x, y)                                                               \
	({                                                                                         \
		__typeof__(a) x = (a);                                                             \
		__typeof__(b) y = (b);                                                             \
		x op y ? x : y;                                                                    \
	})
/* NOLINTEND(bugprone-macro-parentheses) */
#define MIN(a, b) MACRO_CHOOSE(a, <, b, MACRO_PASTE(x_, __COUNTER__), MACRO_PASTE(y_, __COUNTER__))
#define MAX(a, b) MACRO_CHOOSE(a, >, b, MACRO_PASTE(x_, __COUNTER__), MACRO_PASTE(y_, __COUNTER__))

/* Rounding to a power of two. */
#define ALIGN_DOWN(x, a) ((x) & ~((__typeof__(x))(a)-1))
#define ALIGN_UP(x, a)	 ALIGN_DOWN((x) + ((__typeof__(x))(a)-1), a)
#define IS_ALIGNED(x, a) (((x) & ((__typeof__(x))(a)-1)) == 0)

/* Compiler barrier: memory is not assumed unchanged across it. */
#define barrier() __asm__ volatile("" ::: "memory")

/* Single, untorn accesses for data that another context writes. */
#define READ_ONCE(x)	 (*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v) (*(volatile __typeof__(x) *)&(x) = (v))

#endif /* LIB_COMPILER_H */
