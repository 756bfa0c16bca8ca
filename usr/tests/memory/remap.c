/* SPDX-License-Identifier: BSD-3-Clause */
/* mremap, brk, madvise, mincore, mlock. */
#include "memory.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static long remap_result(void *address)
{
	return address == MAP_FAILED ? -1 : 0;
}

static void remap_bad(char *map)
{
	SHOW(remap_result(mremap(map + 1, PAGE, 2 * PAGE, 0)));
	SHOW(remap_result(mremap(map, PAGE, 0, 0)));
	SHOW(remap_result(mremap(map, PAGE, PAGE, 64)));
	SHOW(remap_result(mremap(map, 4 * PAGE, 8 * PAGE, 0))); /* no room: the next page is used */
	SHOW(remap_result(mremap(map + 512 * MIB, PAGE, 2 * PAGE, MREMAP_MAYMOVE)));
	SHOW(remap_result(mremap(map, PAGE, PAGE, MREMAP_FIXED, map + MIB)));
}

static void remap_sizes(void)
{
	char *map = map_anonymous(9 * MIB, READ_WRITE), *moved;

	memset(map, 1, 8 * MIB);
	map[8 * MIB] = 2;
	CHECK(mremap(map, 9 * MIB, 8 * MIB, 0) == map); /* smaller: in place */
	CHECK(fault_of_read(map + 8 * MIB) == SIGSEGV);
	CHECK(mremap(map, 8 * MIB, 9 * MIB, 0) == map); /* there is room again */
	CHECK(range_is(map, 8 * MIB, 1) && range_is(map + 8 * MIB, MIB, 0));
	moved = mremap(map, 9 * MIB, 512 * MIB, MREMAP_MAYMOVE);
	CHECK(moved != MAP_FAILED);
	CHECK(range_is(moved, 8 * MIB, 1) && moved[511 * MIB] == 0);
	moved[511 * MIB] = 5;
	map = mremap(moved, 512 * MIB, PAGE, 0);
	CHECK(map == moved);
	CHECK(fault_of_read(moved + PAGE) == SIGSEGV);
	SHOW(munmap(map, PAGE));
}

static void remap_fixed(void)
{
	char *map = map_anonymous(4 * PAGE, READ_WRITE),
	     *target = map_anonymous(8 * PAGE, PROT_READ);

	memset(map, 6, 4 * PAGE);
	CHECK(mremap(map, 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, target + PAGE) ==
	      target + PAGE);
	CHECK(range_is(target + PAGE, 4 * PAGE, 6));
	CHECK(fault_of_write(target + PAGE) == 0 && fault_of_write(target) == SIGSEGV);
	CHECK(fault_of_read(map) == SIGSEGV);
	SHOW(munmap(target, 8 * PAGE));
}

void memory_remap(void)
{
	char *map = map_anonymous(8 * PAGE, READ_WRITE);

	check_section("mremap");
	MUST(mprotect(map + 4 * PAGE, PAGE, PROT_READ));
	remap_bad(map);
	SHOW(munmap(map, 8 * PAGE));
	remap_sizes();
	remap_fixed();
}

void memory_break(void)
{
	char *start = sbrk(0), *old;

	check_section("brk");
	CHECK(start != (void *)-1);
	old = sbrk((intptr_t)(3 * MIB));
	CHECK(old == start && sbrk(0) == start + 3 * MIB);
	CHECK(range_is(start, 3 * MIB, 0));
	memset(start, 8, 3 * MIB);
	CHECK(sbrk(-(intptr_t)(3 * MIB)) == start + 3 * MIB);
	CHECK(sbrk((intptr_t)MIB) == start);
	CHECK(range_is(start + PAGE, MIB - PAGE, 0)); /* what was given back is zero again */
	SHOW(brk(start));
	CHECK(sbrk(0) == start);
	errno = 0;
	SHOW(brk((void *)(UINTPTR_MAX / 2)));
	CHECK(errno == ENOMEM && sbrk(0) == start);
	CHECK((void *)syscall(SYS_brk, 0) == start);
}

void memory_advise(void)
{
	char *map = map_anonymous(8 * MIB, READ_WRITE);
	unsigned char resident[4];

	check_section("madvise, mincore, mlock");
	memset(map, 2, 8 * MIB);
	SHOW(madvise(map, 4 * MIB, MADV_DONTNEED));
	CHECK(range_is(map, 4 * MIB, 0) && range_is(map + 4 * MIB, 4 * MIB, 2));
	SHOW(madvise(map + 5 * MIB + PAGE, PAGE, MADV_DONTNEED));
	CHECK(range_is(map + 5 * MIB, PAGE, 2) && range_is(map + 5 * MIB + PAGE, PAGE, 0));
	SHOW(madvise(map, PAGE, MADV_WILLNEED));
	SHOW(madvise(map, PAGE, MADV_NORMAL));
	SHOW(madvise(map, PAGE, MADV_RANDOM));
	SHOW(madvise(map, PAGE, MADV_SEQUENTIAL));
	SHOW(madvise(map, PAGE, MADV_FREE));
	SHOW(madvise(map, 4 * MIB, MADV_HUGEPAGE));
	SHOW(madvise(map, 4 * MIB, MADV_NOHUGEPAGE));
	SHOW(madvise(map, PAGE, MADV_DONTDUMP));
	SHOW(madvise(map + 1, PAGE, MADV_DONTNEED));
	SHOW(madvise(map, PAGE, 9999));
	SHOW(madvise(map, 0, MADV_DONTNEED));
	SHOW(munmap(map + 2 * PAGE, PAGE));
	SHOW(madvise(map, 4 * PAGE, MADV_DONTNEED)); /* over the hole */
	map[0] = 1;
	SHOW(mincore(map, PAGE, resident));
	CHECK((resident[0] & 1) == 1);
	SHOW(mincore(map + 1, PAGE, resident));
	SHOW(mincore(map + 2 * PAGE, PAGE, resident));
	SHOW(mlock(map, PAGE));
	SHOW(mlock(map + 2 * PAGE, PAGE));
	SHOW(munlock(map, PAGE));
	SHOW(munmap(map, 8 * MIB));
}
