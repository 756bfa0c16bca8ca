/* SPDX-License-Identifier: BSD-3-Clause */
/* The system calls of numa(7), for which glibc has no functions, and the parts of the program. */
#ifndef TESTS_NUMA_H
#define TESTS_NUMA_H

#include "common/check.h"

#include <linux/mempolicy.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE	 4096ul
#define BITS_MAX 1024 /* nodes in a mask, as much as Linux has on any machine */

struct mask {
	unsigned long words[BITS_MAX / 64];
};

#define MASK(...) (&(struct mask){{__VA_ARGS__}})
#define BITS	  (BITS_MAX + 1) /* Linux takes one off */

long get_mempolicy(int *mode, struct mask *nodes, unsigned long bits, void *address, int flags);
long set_mempolicy(int mode, const struct mask *nodes, unsigned long bits);
long mbind(void *address, size_t size, int mode, const struct mask *nodes, unsigned long bits,
	   int flags);
long set_home(void *address, size_t size, unsigned long node, unsigned long flags);
long move_pages(int pid, unsigned long count, void **pages, const int *nodes, int *status,
		int flags);
long migrate_pages(int pid, unsigned long bits, const struct mask *from, const struct mask *to);

/* SIZE bytes of fresh memory in small pages. */
char *map(size_t size);

/* The node of a page that is in memory, or -errno. */
int node_of(const void *address);

/* The CPU's node, and the CPU, in each of the ways to ask. */
void numa_getcpu(void);
void numa_policies(void);
void numa_ranges(void);
void numa_pages(void);
void numa_files(void);

/* On a machine with several nodes: prints what lies where. */
void numa_places(void);

/* Takes SIZE bytes of a machine whose nodes have less each, but together more. */
void numa_fill(size_t size);

#endif /* TESTS_NUMA_H */
