/* SPDX-License-Identifier: BSD-3-Clause */
/* Scalar types that must not be mixed up. */
#ifndef LIB_TYPES_H
#define LIB_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint64_t paddr_t; /* physical address */
typedef int32_t tid_t;	  /* thread id, > 0 */
typedef int64_t off64_t;  /* file offset */
typedef int64_t ssize64_t;

#define PADDR_NONE	((paddr_t)-1)

#define PAGE_SHIFT	12
#define PAGE_SIZE	4096ul
#define HUGE_PAGE_SHIFT 21
#define HUGE_PAGE_SIZE	(1ul << HUGE_PAGE_SHIFT)

#define NS_PER_SEC	1000000000ull
#define NS_PER_MSEC	1000000ull
#define NS_PER_USEC	1000ull
#define TIME_NEVER	UINT64_MAX /* a deadline that never comes */

#endif /* LIB_TYPES_H */
