/* SPDX-License-Identifier: BSD-3-Clause */
/* The parts of the memory program (see main.c) and what they share. */
#ifndef TESTS_MEMORY_H
#define TESTS_MEMORY_H

#include "common/check.h"
#include "common/fault.h"

#include <stddef.h>
#include <sys/mman.h>

#define PAGE	   ((size_t)4096)
#define MIB	   ((size_t)1 << 20)
#define GIB	   ((size_t)1 << 30)

#define READ_WRITE (PROT_READ | PROT_WRITE)

void memory_map(void);
void memory_fixed(void);
void memory_reserve(void);
void memory_many(void);
void memory_protect(void);
void memory_execute(void);
void memory_remap(void);
void memory_break(void);
void memory_advise(void);
void memory_stack(void);
void memory_limits(void);

/* Anonymous private memory at an address of the kernel's choice; ends the program when there is
 * none. */
char *map_anonymous(size_t size, int protection);

/* Are all bytes of the range this value? */
int range_is(const char *start, size_t size, char value);

#endif /* TESTS_MEMORY_H */
