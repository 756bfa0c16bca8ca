/* SPDX-License-Identifier: BSD-3-Clause */
/* /proc/self: memory. */
#include "procfs/procfs.h"

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE	    4096
#define NAME_COLUMN 73

/* Finds the line of maps (or smaps) that starts at or before ADDRESS and ends behind it. */
static int find_area(FILE *file, uintptr_t address, char *line, size_t size)
{
	unsigned long start, end;

	while (file && fgets(line, (int)size, file))
		if (sscanf(line, "%lx-%lx ", &start, &end) == 2 && start <= address &&
		    address < end)
			return 1;
	return 0;
}

/* The name that maps gives the area, if it stands where it has to. */
static int has_name(const void *address, const char *name)
{
	char line[1024] = "";
	FILE *file = fopen("/proc/self/maps", "r");
	int found = find_area(file, (uintptr_t)address, line, sizeof(line));

	if (file)
		fclose(file);
	line[strcspn(line, "\n")] = '\0';
	return found && strlen(line) > NAME_COLUMN && strcmp(line + NAME_COLUMN, name) == 0;
}

static int some_area_is(const char *name)
{
	char line[1024];
	FILE *file = fopen("/proc/self/maps", "r");
	int found = 0;

	while (file && fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		found |= strlen(line) > NAME_COLUMN && strcmp(line + NAME_COLUMN, name) == 0;
	}
	if (file)
		fclose(file);
	return found;
}

/* The number of "NAME" in the part of smaps about ADDRESS. */
static long in_smaps(const void *address, const char *name)
{
	char line[1024];
	long value = -1;
	FILE *file = fopen("/proc/self/smaps", "r");

	if (find_area(file, (uintptr_t)address, line, sizeof(line)))
		while (value < 0 && fgets(line, sizeof(line), file))
			if (strncmp(line, name, strlen(name)) == 0)
				sscanf(line + strlen(name), "%ld kB", &value);
	if (file)
		fclose(file);
	return value;
}

static void maps(void)
{
	char path[512] = "";
	int on_stack = 0;
	char *heap = sbrk(PAGE);

	check_section("maps");
	heap[0] = 1;
	CHECK(has_name(heap, "[heap]"));
	CHECK(has_name(&on_stack, "[stack]"));
	CHECK(some_area_is("[vdso]"));
	CHECK(some_area_is("[vvar]"));
	CHECK(readlink("/proc/self/exe", path, sizeof(path) - 1) > 0);
	CHECK(has_name((const void *)&procfs_memory, path));
}

static void smaps(void)
{
	static const char *const names[] = {
		"Size:",
		"KernelPageSize:        4 kB\n",
		"MMUPageSize:           4 kB\n",
		"Rss:",
		"Pss:",
		"Shared_Clean:",
		"Shared_Dirty:",
		"Private_Clean:",
		"Private_Dirty:",
		"Referenced:",
		"Anonymous:",
		"LazyFree:",
		"AnonHugePages:",
		"ShmemPmdMapped:",
		"FilePmdMapped:",
		"Shared_Hugetlb:",
		"Private_Hugetlb:",
		"Swap:",
		"SwapPss:",
		"Locked:",
		"VmFlags: rd ",
	};
	static const char *const sums[] = {
		"Rss:", "Pss:", "Private_Dirty:", "Anonymous:", "Swap:", "Locked:"};
	char *map = mmap(NULL, 66 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *area = map + PAGE;

	check_section("smaps, smaps_rollup");
	MUST(mprotect(area, 64 * PAGE, PROT_READ | PROT_WRITE));
	for (int i = 0; i < 5; i++)
		area[10 * i * PAGE] = 1;
	SHOW(in_smaps(area, "Size:"));
	SHOW(in_smaps(area, "Rss:"));
	SHOW(in_smaps(area, "Anonymous:"));
	SHOW(in_smaps(area, "Swap:"));
	SHOW(in_smaps(map, "Rss:"));
	SHOW(munmap(map, 66 * PAGE));
	CHECK(has_lines("/proc/self/smaps", names, sizeof(names) / sizeof(names[0])));
	CHECK(has_lines("/proc/self/smaps_rollup", sums, sizeof(sums) / sizeof(sums[0])));
	CHECK(number_after("/proc/self/smaps_rollup", "Rss:") > 0);
}

static void statm(void)
{
	unsigned long size = 0, resident = 0, text = 0, data = 0;
	char line[256];

	check_section("statm");
	text_of("/proc/self/statm", line, sizeof(line));
	SHOW(sscanf(line, "%lu %lu %*u %lu 0 %lu 0\n", &size, &resident, &text, &data));
	CHECK(size > resident && resident > 0 && text > 0 && data > 0);
	CHECK((long)size * 4 == number_after("/proc/self/status", "VmSize:"));
}

/* glibc finds the first thread's stack in maps. */
static void first_stack(void)
{
	pthread_attr_t attributes;
	size_t size = 0;
	void *start = NULL;
	char here = 0;

	check_section("pthread_getattr_np");
	SHOW(pthread_getattr_np(pthread_self(), &attributes));
	SHOW(pthread_attr_getstack(&attributes, &start, &size));
	CHECK(size >= 64 * PAGE && &here > (char *)start && &here < (char *)start + size);
	pthread_attr_destroy(&attributes);
}

void procfs_memory(void)
{
	maps();
	smaps();
	statm();
	first_stack();
}
