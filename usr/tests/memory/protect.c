/* SPDX-License-Identifier: BSD-3-Clause */
/* mprotect; text, data, stack and heap: none of them both writable and executable. */
#include "memory.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const char constant[] = "read only";
static unsigned char variable[64] = {0xc3}; /* "ret" */

static void bad_arguments(char *map)
{
	SHOW(mprotect(map + 1, PAGE, PROT_READ));
	SHOW(mprotect(map, 0, PROT_READ));
	SHOW(mprotect(map, PAGE, 0x1000));
	SHOW(mprotect(map + 3 * PAGE, PAGE, PROT_READ)); /* a hole */
	SHOW(mprotect(map + 2 * PAGE, 3 * PAGE, PROT_READ));
	SHOW(mprotect((void *)((uintptr_t)1 << 47), PAGE, PROT_READ));
}

static void change_rights(void)
{
	char *map = map_anonymous(4 * MIB, READ_WRITE);

	memset(map, 9, 4 * MIB);
	SHOW(mprotect(map + PAGE, PAGE, PROT_READ)); /* inside a 2 MiB page */
	CHECK(fault_of_write(map) == 0);
	CHECK(fault_of_write(map + PAGE) == SIGSEGV && fault_code() == SEGV_ACCERR);
	CHECK(fault_of_read(map + PAGE) == 0);
	CHECK(fault_of_write(map + 2 * PAGE) == 0);
	SHOW(mprotect(map, 4 * MIB, PROT_NONE));
	CHECK(fault_of_read(map + MIB) == SIGSEGV && fault_code() == SEGV_ACCERR);
	SHOW(mprotect(map, 4 * MIB, PROT_READ));
	CHECK(range_is(map, 4 * MIB, 9)); /* the contents stay */
	CHECK(fault_of_write(map + MIB) == SIGSEGV);
	SHOW(mprotect(map, 4 * MIB, READ_WRITE));
	CHECK(fault_of_write(map + MIB) == 0 && fault_of_write(map + PAGE) == 0);
	SHOW(munmap(map, 4 * MIB));
	map = map_anonymous(PAGE, PROT_NONE); /* never touched before it gets rights */
	CHECK(fault_of_write(map) == SIGSEGV);
	SHOW(mprotect(map, PAGE, READ_WRITE));
	CHECK(range_is(map, PAGE, 0) && fault_of_write(map) == 0);
	SHOW(munmap(map, PAGE));
}

/* With protection keys, or without where the processor has none. */
static void keys(void)
{
	char *map = map_anonymous(PAGE, READ_WRITE);
	int key = pkey_alloc(0, 0);

	CHECK(key > 0 || errno == ENOSPC || errno == EINVAL);
	CHECK(key < 0 || pkey_free(key) == 0);
	SHOW(pkey_alloc(1, 0));
	SHOW(pkey_alloc(0, 4));
	SHOW(pkey_free(-1));
	SHOW(pkey_free(15));
	SHOW(pkey_mprotect(map, PAGE, PROT_READ, -1));
	CHECK(fault_of_write(map) == SIGSEGV);
	SHOW(pkey_mprotect(map + 1, PAGE, PROT_READ, -1));
	SHOW(pkey_mprotect(map, PAGE, READ_WRITE, 14));
	SHOW(pkey_mprotect(map, PAGE, READ_WRITE, -2));
	CHECK(fault_of_write(map) == SIGSEGV);
	SHOW(munmap(map, PAGE));
}

void memory_protect(void)
{
	char *map = map_anonymous(8 * PAGE, READ_WRITE);

	check_section("mprotect");
	MUST(munmap(map + 3 * PAGE, PAGE));
	bad_arguments(map);
	SHOW(munmap(map, 8 * PAGE));
	change_rights();
	keys();
}

void memory_execute(void)
{
	static const unsigned char ret = 0xc3;
	unsigned char local[64] = {0xc3};
	unsigned char *heap = malloc(64);
	unsigned char *map = (unsigned char *)map_anonymous(PAGE, READ_WRITE);

	check_section("no page is writable and executable");
	if (!heap)
		check_die("malloc");
	heap[0] = map[0] = ret;
	CHECK(fault_of_call(variable) == SIGSEGV);
	CHECK(fault_of_call(local) == SIGSEGV);
	CHECK(fault_of_call(heap) == SIGSEGV);
	CHECK(fault_of_call(map) == SIGSEGV && fault_code() == SEGV_ACCERR);
	CHECK(fault_address() == map);
	SHOW(mprotect(map, PAGE, PROT_READ | PROT_EXEC));
	CHECK(fault_of_call(map) == 0);
	CHECK(fault_of_write(map) == SIGSEGV);
	SHOW(mprotect(map, PAGE, PROT_READ));
	CHECK(fault_of_call(map) == SIGSEGV);
	CHECK(fault_of_write((void *)(uintptr_t)constant) == SIGSEGV);
	CHECK(fault_of_write((void *)(uintptr_t)&memory_execute) == SIGSEGV);
	CHECK(fault_of_read((void *)(uintptr_t)&memory_execute) == 0);
	SHOW(munmap(map, PAGE));
	free(heap);
}
