/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * memory: proves that the calls on virtual memory do what Linux does: mmap, munmap, mprotect,
 * mremap, brk, madvise, mincore, mlock; what is mapped where, what is zero, what an access to the
 * rest raises.
 */
#include "memory.h"

char *map_anonymous(size_t size, int protection)
{
	void *address = mmap(NULL, size, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (address == MAP_FAILED)
		check_die("mmap");
	return address;
}

int range_is(const char *start, size_t size, char value)
{
	for (size_t i = 0; i < size; i++)
		if (start[i] != value)
			return 0;
	return 1;
}

int main(void)
{
	memory_map();
	memory_fixed();
	memory_reserve();
	memory_many();
	memory_protect();
	memory_execute();
	memory_remap();
	memory_break();
	memory_advise();
	memory_stack();
	memory_limits();
	return check_done();
}
