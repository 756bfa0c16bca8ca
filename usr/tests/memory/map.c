/* SPDX-License-Identifier: BSD-3-Clause */
/* mmap and munmap of anonymous memory. */
#include "memory.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FIXED (MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED)

static long map_result(void *address)
{
	return address == MAP_FAILED ? -1 : 0;
}

static void bad_arguments(void)
{
	char *page = map_anonymous(PAGE, READ_WRITE);

	SHOW(map_result(mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)));
	SHOW(map_result(mmap(NULL, PAGE, PROT_READ, MAP_ANONYMOUS, -1, 0)));
	SHOW(map_result(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, -1, 0)));
	SHOW(map_result(mmap(page + 1, PAGE, PROT_READ, FIXED, -1, 0)));
	SHOW(map_result(mmap(NULL, SIZE_MAX - 100, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)));
	SHOW(map_result(
		mmap(NULL, (size_t)1 << 47, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)));
	SHOW(map_result(mmap((void *)((uintptr_t)1 << 47), PAGE, PROT_READ, FIXED, -1, 0)));
	SHOW(munmap(page + 1, PAGE));
	SHOW(munmap(page, 0));
	SHOW(munmap((void *)(UINTPTR_MAX & ~(PAGE - 1)), PAGE));
	SHOW(munmap(page, PAGE));
	SHOW(munmap(page, PAGE)); /* nothing there: no error */
}

void memory_map(void)
{
	char *map;
	uintptr_t hint = 0x100000000000;

	check_section("mmap and munmap");
	bad_arguments();
	map = map_anonymous(100, READ_WRITE); /* rounded up to a page */
	CHECK(range_is(map, PAGE, 0));
	memset(map, 1, PAGE);
	SHOW(munmap(map, 1));
	CHECK(fault_of_read(map) == SIGSEGV);
	CHECK(fault_code() == SEGV_MAPERR && fault_address() == map);
	map = mmap((void *)hint, PAGE, READ_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(map == (char *)hint); /* a hint at free space is taken */
	map[0] = 1;
	SHOW(munmap(map, PAGE));
	map = map_anonymous(16 * MIB, READ_WRITE);
	memset(map, 0x5a, 16 * MIB);
	SHOW(munmap(map + 4 * MIB, 4 * MIB)); /* a hole */
	CHECK(fault_of_read(map + 4 * MIB - 1) == 0);
	CHECK(fault_of_read(map + 4 * MIB) == SIGSEGV);
	CHECK(fault_of_read(map + 8 * MIB - 1) == SIGSEGV);
	CHECK(fault_of_read(map + 8 * MIB) == 0);
	CHECK(range_is(map, 4 * MIB, 0x5a) && range_is(map + 8 * MIB, 8 * MIB, 0x5a));
	SHOW(munmap(map + PAGE, PAGE)); /* out of a 2 MiB page */
	CHECK(range_is(map, PAGE, 0x5a) && range_is(map + 2 * PAGE, PAGE, 0x5a));
	CHECK(fault_of_read(map + PAGE) == SIGSEGV);
	SHOW(munmap(map, 16 * MIB));
	for (int i = 0; i < 4; i++) { /* memory that was used before comes back zeroed */
		map = map_anonymous(8 * MIB, READ_WRITE);
		if (!CHECK(range_is(map, 8 * MIB, 0)))
			break;
		memset(map, 0xee, 8 * MIB);
		munmap(map, 8 * MIB);
	}
}

void memory_fixed(void)
{
	char *map = map_anonymous(8 * PAGE, READ_WRITE);
	void *other;

	check_section("MAP_FIXED, MAP_FIXED_NOREPLACE");
	memset(map, 7, 8 * PAGE);
	CHECK(mmap(map + 2 * PAGE, 2 * PAGE, READ_WRITE, FIXED, -1, 0) == map + 2 * PAGE);
	CHECK(range_is(map, 2 * PAGE, 7));
	CHECK(range_is(map + 2 * PAGE, 2 * PAGE, 0));
	CHECK(range_is(map + 4 * PAGE, 4 * PAGE, 7));
	errno = 0;
	other = mmap(map + PAGE, PAGE, READ_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	SHOW(map_result(other));
	MUST(munmap(map + 6 * PAGE, 2 * PAGE));
	other = mmap(map + 6 * PAGE, PAGE, READ_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	CHECK(other == map + 6 * PAGE);
	other = mmap(map + PAGE, PAGE, READ_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(other != MAP_FAILED && other != map + PAGE); /* a hint at used space is not */
	CHECK(range_is(map + PAGE, PAGE, 7));
	SHOW(munmap(other, PAGE));
	SHOW(munmap(map, 8 * PAGE));
	/* Page 0 cannot be had by accident: without a fixed address, NULL means "anywhere". */
	other = mmap(NULL, PAGE, READ_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(other != NULL && other != MAP_FAILED);
	SHOW(munmap(other, PAGE));
	CHECK(fault_of_read((void *)(uintptr_t)8) == SIGSEGV);
}

/* What run-time libraries with a garbage collector do: reserve much, use little. */
void memory_reserve(void)
{
	const size_t size = 64 * GIB;
	char *map = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	check_section("a reservation of 64 GiB");
	if (!CHECK(map != MAP_FAILED))
		return;
	CHECK(fault_of_read(map + size / 2) == SIGSEGV && fault_code() == SEGV_ACCERR);
	SHOW(mprotect(map + 5 * GIB, 4 * MIB, READ_WRITE));
	CHECK(range_is(map + 5 * GIB, 4 * MIB, 0));
	memset(map + 5 * GIB, 3, 4 * MIB);
	CHECK(mmap(map + 40 * GIB, MIB, READ_WRITE, FIXED, -1, 0) == map + 40 * GIB);
	memset(map + 40 * GIB, 4, MIB);
	CHECK(range_is(map + 5 * GIB, 4 * MIB, 3) && range_is(map + 40 * GIB, MIB, 4));
	CHECK(mmap(map + 5 * GIB, 4 * MIB, PROT_NONE, FIXED | MAP_NORESERVE, -1, 0) ==
	      map + 5 * GIB);
	CHECK(fault_of_read(map + 5 * GIB) == SIGSEGV);
	SHOW(mprotect(map + 5 * GIB, PAGE, READ_WRITE));
	CHECK(range_is(map + 5 * GIB, PAGE, 0));
	SHOW(munmap(map, size));
	CHECK(fault_of_read(map + 40 * GIB) == SIGSEGV && fault_code() == SEGV_MAPERR);
}

/* Every second page has other rights, so nothing can be merged. */
void memory_many(void)
{
	const size_t count = 4000;
	char *map = map_anonymous(count * PAGE, READ_WRITE);
	size_t good = 0;

	check_section("thousands of areas");
	for (size_t i = 0; i < count; i++)
		map[i * PAGE] = (char)i;
	for (size_t i = 0; i < count; i += 2)
		good += mprotect(map + i * PAGE, PAGE, PROT_READ) == 0;
	CHECK(good == count / 2);
	good = 0;
	for (size_t i = 0; i < count; i++)
		good += map[i * PAGE] == (char)i;
	CHECK(good == count);
	CHECK(fault_of_write(map + 2 * PAGE) == SIGSEGV && fault_of_write(map + 3 * PAGE) == 0);
	good = 0;
	for (size_t i = 1; i < count; i += 2)
		good += munmap(map + i * PAGE, PAGE) == 0;
	CHECK(good == count / 2);
	CHECK(fault_of_read(map + 5 * PAGE) == SIGSEGV && fault_of_read(map + 6 * PAGE) == 0);
	SHOW(munmap(map, count * PAGE));
	for (size_t i = 0; i < count; i++) {
		char *small = map_anonymous(PAGE, i & 1 ? READ_WRITE : PROT_READ);

		munmap(small, PAGE);
	}
	CHECK(fault_of_read(map) == SIGSEGV);
}

void memory_limits(void)
{
	size_t size;
	void *map;

	check_section("more than there is");
	errno = 0;
	map = mmap(NULL, (size_t)1 << 46, READ_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	SHOW(map_result(map));
	/* The address space itself ends, even for what needs no memory. */
	for (size = (size_t)1 << 46; size >= GIB; size /= 2)
		while (mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
			    0) != MAP_FAILED)
			;
	CHECK(errno == ENOMEM);
	map = mmap(NULL, PAGE, READ_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(map != MAP_FAILED); /* what is left is enough for this */
}
