/* SPDX-License-Identifier: BSD-3-Clause */
/* numa: policies of areas, the nodes of pages, the files. */
#include "numa.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define PAGES 8ul

/* The mode of the policy at ADDRESS. */
static int mode_at(void *address)
{
	int mode = -1;

	MUST(get_mempolicy(&mode, NULL, 0, address, MPOL_F_ADDR));
	return mode;
}

static void show_modes(char *memory)
{
	printf("modes:");
	for (unsigned long i = 0; i < PAGES; i++)
		printf(" %d", mode_at(memory + i * PAGE));
	printf("\n");
}

static void bad_ranges(char *memory)
{
	SHOW(mbind(memory + 1, PAGE, MPOL_BIND, MASK(1), BITS, 0));
	SHOW(mbind(memory, PAGES * PAGE, MPOL_BIND, MASK(1), BITS, 64));
	SHOW(mbind(memory, PAGES * PAGE, MPOL_BIND, NULL, 0, 0));
	SHOW(mbind(memory, PAGES * PAGE, 99, MASK(1), BITS, 0));
	SHOW(mbind(memory, PAGES * PAGE, MPOL_BIND, bad_pointer, BITS, 0));
	SHOW(mbind(memory, (size_t)-PAGE, MPOL_BIND, MASK(1), BITS, 0));
	SHOW(mbind(memory, 0, MPOL_BIND, NULL, 0, 0));
	SHOW(mbind(memory, 0, 99, NULL, 0, 0));
	SHOW(mbind(NULL, PAGE, MPOL_BIND, MASK(1), BITS, 0));
	SHOW(mbind(memory + 3 * PAGE, 4 * PAGE, MPOL_BIND, MASK(1), BITS, 0)); /* over a hole */
	SHOW(set_home(memory, PAGE, 900, 0));
	SHOW(set_home(memory, PAGE, 0, 1));
	SHOW(set_home(memory + 1, PAGE, 0, 0));
	SHOW(set_home(memory, 0, 0, 0));
	SHOW(set_home(memory, PAGE, 0, 0));
}

void numa_ranges(void)
{
	char *memory = map(PAGES * PAGE);

	check_section("ranges");
	SHOW(munmap(memory + 5 * PAGE, PAGE));
	bad_ranges(memory);
	SHOW(mmap(memory + 5 * PAGE, PAGE, PROT_READ | PROT_WRITE,
		  MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == memory + 5 * PAGE);
	show_modes(memory);
	SHOW(mbind(memory + PAGE, 3 * PAGE - 1, MPOL_BIND, MASK(1), BITS, MPOL_MF_STRICT));
	SHOW(mbind(memory + 2 * PAGE, PAGE, MPOL_INTERLEAVE, MASK(1), BITS, MPOL_MF_MOVE));
	SHOW(mbind(memory + 6 * PAGE, 2 * PAGE, MPOL_PREFERRED_MANY, MASK(1), BITS, 0));
	show_modes(memory);
	SHOW(set_home(memory, 2 * PAGE, 0, 0));
	SHOW(set_home(memory, PAGES * PAGE, 0, 0));
	SHOW(set_home(memory + 5 * PAGE, 3 * PAGE, 0, 0));
	SHOW(mbind(memory, PAGES * PAGE, MPOL_DEFAULT, NULL, 0, 0));
	show_modes(memory);
	memset(memory, 1, PAGES * PAGE);
	SHOW(munmap(memory, PAGES * PAGE));
}

static void show_status(const int *status, int count)
{
	printf("status:");
	for (int i = 0; i < count; i++)
		printf(" %s", status[i] >= 0 ? "node" : check_errno_name(-status[i]));
	printf("\n");
}

void numa_pages(void)
{
	char *memory = map(PAGES * PAGE);
	void *pages[4] = {memory, memory + PAGE, bad_pointer, memory + 2 * PAGE};
	int status[4] = {-1, -1, -1, -1}, nodes[4] = {0, 0, 0, 0}, none = 900, negative = -1;

	check_section("pages");
	memory[0] = memory[2 * PAGE] = 1;
	SHOW(move_pages(0, 4, pages, NULL, status, 0));
	show_status(status, 4);
	SHOW(move_pages(getpid(), 4, pages, NULL, status, 0));
	SHOW(move_pages(0, 4, pages, nodes, status, MPOL_MF_MOVE));
	show_status(status, 4);
	SHOW(move_pages(0, 0, NULL, NULL, NULL, 0));
	SHOW(move_pages(0, 1, pages, &none, status, MPOL_MF_MOVE));
	SHOW(move_pages(0, 1, pages, &negative, status, MPOL_MF_MOVE));
	SHOW(move_pages(0, 1, pages, NULL, status, 1));
	SHOW(move_pages(-5, 1, pages, NULL, status, 0));
	SHOW(move_pages(0, 1, bad_pointer, NULL, status, 0));
	SHOW(move_pages(0, 1, pages, NULL, bad_pointer, 0));
	SHOW(move_pages(0, 1, pages, bad_pointer, status, MPOL_MF_MOVE));
	SHOW(migrate_pages(0, BITS, MASK(1), MASK(1)));
	SHOW(migrate_pages(0, BITS, MASK(0), MASK(1)));
	SHOW(migrate_pages(0, BITS, MASK(1), MASK(0)));
	SHOW(migrate_pages(-5, BITS, MASK(1), MASK(1)));
	SHOW(migrate_pages(0, BITS, bad_pointer, MASK(1)));
	SHOW(migrate_pages(0, BITS, MASK(1), bad_pointer));
	CHECK(memory[0] == 1 && memory[2 * PAGE] == 1);
	munmap(memory, PAGES * PAGE);
}

/* Is there a line in FILE that begins with START and holds WORD? */
static int has_line(const char *path, const char *start, const char *word)
{
	char line[4096];
	FILE *file = fopen(path, "r");
	int found = 0;

	if (!file)
		return 0;
	while (!found && fgets(line, sizeof(line), file))
		found = strncmp(line, start, strlen(start)) == 0 && strstr(line, word);
	fclose(file);
	return found;
}

#define NODE_DIR "/sys/devices/system/node/"

void numa_files(void)
{
	char *memory = map(PAGES * PAGE), start[32];

	check_section("files");
	CHECK(has_line(NODE_DIR "online", "0", ""));
	CHECK(has_line(NODE_DIR "possible", "0", ""));
	CHECK(has_line(NODE_DIR "has_cpu", "0", ""));
	CHECK(has_line(NODE_DIR "has_memory", "0", ""));
	CHECK(has_line(NODE_DIR "node0/cpulist", "0", ""));
	CHECK(has_line(NODE_DIR "node0/cpumap", "", ""));
	CHECK(has_line(NODE_DIR "node0/distance", "10", ""));
	CHECK(has_line(NODE_DIR "node0/meminfo", "Node 0 MemTotal:", " kB"));
	CHECK(has_line(NODE_DIR "node0/meminfo", "Node 0 MemFree:", " kB"));
	CHECK(has_line(NODE_DIR "node0/numastat", "numa_hit ", ""));
	CHECK(has_line(NODE_DIR "node0/numastat", "other_node ", ""));
	CHECK(!has_line(NODE_DIR "node900/cpulist", "", ""));
	CHECK(has_line("/proc/self/status", "Mems_allowed:", ""));
	CHECK(has_line("/proc/self/status", "Mems_allowed_list:", "0"));
	memset(memory, 1, PAGES * PAGE);
	MUST(mbind(memory, PAGES * PAGE, MPOL_BIND, MASK(1), BITS, 0));
	snprintf(start, sizeof(start), "%08lx bind:0 ", (unsigned long)memory);
	if (!has_line("/proc/self/numa_maps", start, " anon=8 dirty=8 "))
		CHECK(has_line("/proc/self/numa_maps", start, "anon=8"));
	CHECK(has_line("/proc/self/numa_maps", start, " N0=8 kernelpagesize_kB=4"));
	CHECK(has_line("/proc/self/numa_maps", "", " stack"));
	MUST(mbind(memory, PAGES * PAGE, MPOL_INTERLEAVE | MPOL_F_STATIC_NODES, MASK(1), BITS, 0));
	CHECK(has_line("/proc/self/numa_maps", "", " interleave=static:0 "));
	MUST(mbind(memory, PAGES * PAGE, MPOL_PREFERRED_MANY, MASK(1), BITS, 0));
	CHECK(has_line("/proc/self/numa_maps", "", " prefer (many):0 "));
	MUST(mbind(memory, PAGES * PAGE, MPOL_LOCAL, NULL, 0, 0));
	CHECK(has_line("/proc/self/numa_maps", "", " local "));
	munmap(memory, PAGES * PAGE);
}
