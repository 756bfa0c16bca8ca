/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * numa: proves that the calls and files of numa(7) work as on Linux: memory policies of threads and
 * areas, the nodes of pages, getcpu, /sys/devices/system/node. The output is the same on every
 * machine.
 *
 * With the argument "places" it uses all nodes there are, and checks on which of them its memory
 * lies; without several nodes that fails. With "fill MIB" it takes more memory than a node has;
 * Linux would end it.
 */
#include "numa.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

long get_mempolicy(int *mode, struct mask *nodes, unsigned long bits, void *address, int flags)
{
	return syscall(SYS_get_mempolicy, mode, nodes, bits, address, flags);
}

long set_mempolicy(int mode, const struct mask *nodes, unsigned long bits)
{
	return syscall(SYS_set_mempolicy, mode, nodes, bits);
}

long mbind(void *address, size_t size, int mode, const struct mask *nodes, unsigned long bits,
	   int flags)
{
	return syscall(SYS_mbind, address, size, mode, nodes, bits, flags);
}

long set_home(void *address, size_t size, unsigned long node, unsigned long flags)
{
	return syscall(450, address, size, node, flags); /* set_mempolicy_home_node */
}

long move_pages(int pid, unsigned long count, void **pages, const int *nodes, int *status,
		int flags)
{
	return syscall(SYS_move_pages, pid, count, pages, nodes, status, flags);
}

long migrate_pages(int pid, unsigned long bits, const struct mask *from, const struct mask *to)
{
	return syscall(SYS_migrate_pages, pid, bits, from, to);
}

char *map(size_t size)
{
	char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		check_die("mmap");
	madvise(memory, size, MADV_NOHUGEPAGE);
	return memory;
}

int node_of(const void *address)
{
	void *page = (void *)((unsigned long)address & ~(PAGE - 1));
	int status = -1;

	MUST(move_pages(0, 1, &page, NULL, &status, 0));
	return status;
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "places") == 0) {
		numa_places();
		return check_done();
	}
	if (argc > 2 && strcmp(argv[1], "fill") == 0) {
		numa_fill(strtoul(argv[2], NULL, 10) << 20);
		return check_done();
	}
	numa_getcpu();
	numa_policies();
	numa_ranges();
	numa_pages();
	numa_files();
	return check_done();
}
