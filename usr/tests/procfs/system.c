/* SPDX-License-Identifier: BSD-3-Clause */
/* /proc and /sys: the machine. */
#include "procfs/procfs.h"

#include <fcntl.h>
#include <mntent.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define CPU	     "/sys/devices/system/cpu/"

/* Does a file that was just written count as cached? */
static int cached_file(void)
{
	static const char block[1 << 20];
	int file = open("/tmp/procfs-cached", O_RDWR | O_CREAT | O_TRUNC, 0600), fits;

	unlink("/tmp/procfs-cached");
	for (int i = 0; i < 4; i++)
		MUST(write(file, block, sizeof(block)));
	fits = number_after("/proc/meminfo", "Cached:") >= 4096;
	close(file);
	return fits;
}

static void memory(void)
{
	static const char *const names[] = {
		"MemTotal:       ", "MemFree:        ", "MemAvailable:   ", "Buffers:        ",
		"Cached:         ", "SwapCached:     ", "Active:         ", "Inactive:       ",
		"Active(anon):   ", "Inactive(anon): ", "Active(file):   ", "Inactive(file): ",
		"Unevictable:    ", "Mlocked:        ", "SwapTotal:      ", "SwapFree:       ",
		"Dirty:          ", "Writeback:      ", "AnonPages:      ", "Mapped:         ",
		"Shmem:          ", "KReclaimable:   ", "Slab:           ", "SReclaimable:   ",
		"SUnreclaim:     ", "KernelStack:    ", "CommitLimit:    ", "Committed_AS:   ",
		"VmallocTotal:   ", "VmallocUsed:    ", "HugePages_Total:", "HugePages_Free: ",
		"HugePages_Rsvd: ", "HugePages_Surp: ", "Hugepagesize:   ", "Hugetlb:        ",
	};
	struct sysinfo info = {0};

	check_section("meminfo");
	CHECK(has_lines("/proc/meminfo", names, COUNT(names)));
	sysinfo(&info);
	CHECK(number_after("/proc/meminfo", "MemTotal:") ==
	      (long)(info.totalram * info.mem_unit / 1024));
	CHECK(cached_file());
	CHECK(sysconf(_SC_PHYS_PAGES) > 0 && sysconf(_SC_AVPHYS_PAGES) > 0);
}

static void times(void)
{
	static const char *const names[] = {"cpu  ",	      "cpu0 ",	       "intr ",
					    "ctxt ",	      "btime ",	       "processes ",
					    "procs_running ", "procs_blocked "};
	double loads[3], up = 0, idle = -1, later = 0;
	unsigned long long n[10];
	unsigned running, all;
	char text[4096];
	long last;
	int file;

	check_section("stat, loadavg, uptime");
	CHECK(has_lines("/proc/stat", names, COUNT(names)));
	text_of("/proc/stat", text, sizeof(text));
	SHOW(sscanf(text, "cpu  %llu %llu %llu %llu %llu %llu %llu %llu %llu %llu\n", &n[0], &n[1],
		    &n[2], &n[3], &n[4], &n[5], &n[6], &n[7], &n[8], &n[9]));
	text_of("/proc/loadavg", text, sizeof(text));
	SHOW(sscanf(text, "%lf %lf %lf %u/%u %ld\n", &loads[0], &loads[1], &loads[2], &running,
		    &all, &last));
	SHOW(getloadavg(loads, 3));
	file = open("/proc/uptime", O_RDONLY);
	memset(text, 0, sizeof(text));
	CHECK(read(file, text, sizeof(text) - 1) > 0);
	SHOW(sscanf(text, "%lf %lf\n", &up, &idle));
	usleep(50000);
	CHECK(pread(file, text, sizeof(text) - 1, 0) > 0);
	CHECK(sscanf(text, "%lf ", &later) == 1 && later > up && idle >= 0);
	SHOW(close(file));
	last = time(NULL) - number_after("/proc/stat", "btime") - (long)later;
	CHECK(last >= -2 && last <= 2);
}

/* Does the file hold the text and a newline? */
static int holds(const char *path, const char *expected)
{
	char text[256];
	size_t length = text_of(path, text, sizeof(text));

	return length == strlen(expected) + 1 && text[length - 1] == '\n' &&
	       strncmp(text, expected, length - 1) == 0;
}

static void kernel(void)
{
	struct utsname name;
	char text[1024], start[128], first[64], second[64];

	check_section("version, sys/kernel");
	uname(&name);
	snprintf(start, sizeof(start), "Linux version %s ", name.release);
	text_of("/proc/version", text, sizeof(text));
	CHECK(strncmp(text, start, strlen(start)) == 0);
	CHECK(holds("/proc/sys/kernel/ostype", name.sysname));
	CHECK(holds("/proc/sys/kernel/osrelease", name.release));
	CHECK(holds("/proc/sys/kernel/version", name.version));
	CHECK(holds("/proc/sys/kernel/hostname", name.nodename));
	CHECK(number_in("/proc/sys/kernel/pid_max") > 1000);
	CHECK(number_in("/proc/sys/kernel/threads-max") > 10);
	CHECK(number_in("/proc/sys/kernel/cap_last_cap") >= 38);
	CHECK(number_in("/proc/sys/vm/max_map_count") > 1000);
	CHECK(number_in("/proc/sys/vm/overcommit_memory") >= 0);
	CHECK(number_in("/proc/sys/vm/mmap_min_addr") >= 0);
	CHECK(number_in("/proc/sys/fs/nr_open") > 1000);
	CHECK(text_of("/proc/sys/kernel/random/boot_id", first, sizeof(first)) == 37);
	CHECK(text_of("/proc/sys/kernel/random/boot_id", second, sizeof(second)) == 37);
	CHECK(strcmp(first, second) == 0 && first[14] == '4' && first[8] == '-');
	CHECK(text_of("/proc/sys/kernel/random/uuid", first, sizeof(first)) == 37);
	CHECK(text_of("/proc/sys/kernel/random/uuid", second, sizeof(second)) == 37);
	CHECK(strcmp(first, second) != 0 && first[14] == '4' && first[23] == '-');
	CHECK(number_in("/proc/sys/kernel/random/entropy_avail") > 0);
	SHOW(open("/proc/sys/kernel/missing", O_RDONLY));
}

/* The file system's type by its path or by an open file. */
static long magic(const char *path, int opened)
{
	int file = opened ? open(path, O_RDONLY) : -1;
	struct statfs info = {0};
	int error = opened ? fstatfs(file, &info) : statfs(path, &info);

	if (opened)
		close(file);
	return error ? -1 : (long)info.f_type;
}

static void mounts(void)
{
	char line[4096];
	struct mntent *entry;
	FILE *file = setmntent("/proc/mounts", "r");
	int root = 0, proc = 0, lines = 0, separated = 0;

	check_section("mounts, mountinfo, filesystems");
	while (file && (entry = getmntent(file)) != NULL) {
		root |= strcmp(entry->mnt_dir, "/") == 0;
		proc |= strcmp(entry->mnt_dir, "/proc") == 0 &&
			strcmp(entry->mnt_type, "proc") == 0;
	}
	if (file)
		endmntent(file);
	CHECK(root && proc);
	SHOW(magic("/proc/self/status", 0));
	SHOW(magic("/proc/self/task", 1));
	SHOW(magic("/sys/devices/system/cpu/online", 0));
	SHOW(magic("/sys/devices", 1));
	file = fopen("/proc/self/mountinfo", "r");
	while (file && fgets(line, sizeof(line), file)) {
		int id, parent, major, minor;

		lines++;
		separated += strstr(line, " - ") &&
			     sscanf(line, "%d %d %d:%d /", &id, &parent, &major, &minor) == 4;
	}
	if (file)
		fclose(file);
	CHECK(lines > 0 && separated == lines);
	CHECK(number_after("/proc/filesystems", "nodev\tproc") == 0);
	CHECK(number_after("/proc/filesystems", "nodev\ttmpfs") == 0);
}

void procfs_system(void)
{
	memory();
	times();
	kernel();
	mounts();
}

static int count_lines(const char *path, const char *start)
{
	char line[8192];
	int count = 0;
	FILE *file = fopen(path, "r");

	while (file && fgets(line, sizeof(line), file))
		count += strncmp(line, start, strlen(start)) == 0;
	if (file)
		fclose(file);
	return count;
}

/* CPUs in a list such as "0-3,5", -1: no list. */
static int count_list(const char *path)
{
	char text[1024], *at = text;
	int count = 0;

	if (!text_of(path, text, sizeof(text)))
		return -1;
	while (*at != '\n') {
		long first = strtol(at, &at, 10), last = first;

		if (*at == '-')
			last = strtol(at + 1, &at, 10);
		count += (int)(last - first + 1);
		if (*at == ',')
			at++;
		else if (*at != '\n')
			return -1;
	}
	return count;
}

/* Does the list or mask of a topology file hold CPU 0? Its last digit is that of CPUs 0 to 3. */
static int mask_holds_first(const char *path)
{
	char text[1024], digit[2] = "";
	size_t length = text_of(path, text, sizeof(text));

	if (length < 2)
		return 0;
	digit[0] = text[length - 2];
	return strtol(digit, NULL, 16) & 1;
}

/* The caches that are described, if any, are as large as their parts, and CPU 0 uses them. */
static int caches_fit(const char *start)
{
	int fit = 1;

	for (int index = 0;; index++) {
		const char *const names[] = {"coherency_line_size", "physical_line_partition",
					     "ways_of_associativity", "number_of_sets"};
		long size = 1, level;
		char path[128];

		snprintf(path, sizeof(path), "%s%d/level", start, index);
		level = number_in(path);
		if (level < 0)
			return fit;
		for (size_t i = 0; i < COUNT(names); i++) {
			snprintf(path, sizeof(path), "%s%d/%s", start, index, names[i]);
			size *= number_in(path);
		}
		snprintf(path, sizeof(path), "%s%d/size", start, index);
		fit &= level >= 1 && level <= 4 && size == number_in(path) * 1024;
		snprintf(path, sizeof(path), "%s%d/shared_cpu_map", start, index);
		fit &= mask_holds_first(path);
		snprintf(path, sizeof(path), "%s%d/shared_cpu_list", start, index);
		fit &= count_list(path) >= 1;
	}
}

void procfs_processors(void)
{
	static const char *const names[] = {
		"processor\t: 0\n",
		"vendor_id\t: ",
		"cpu family\t: ",
		"model\t\t: ",
		"model name\t: ",
		"stepping\t: ",
		"cpu MHz\t\t: ",
		"physical id\t: ",
		"siblings\t: ",
		"core id\t\t: ",
		"cpu cores\t: ",
		"apicid\t\t: ",
		"initial apicid\t: ",
		"fpu\t\t: yes\n",
		"fpu_exception\t: yes\n",
		"cpuid level\t: ",
		"wp\t\t: yes\n",
		"flags\t\t: fpu ",
		"bugs\t\t:",
		"bogomips\t: ",
		"clflush size\t: ",
		"cache_alignment\t: ",
		"address sizes\t: ",
		"power management:",
		"\n",
	};
	char text[16384];
	cpu_set_t set;

	check_section("cpuinfo");
	CHECK(has_lines("/proc/cpuinfo", names, COUNT(names)));
	text_of("/proc/cpuinfo", text, sizeof(text));
	CHECK(strstr(text, " sse2 ") && strstr(text, " lm ") && strstr(text, " fxsr "));
	CHECK(!__builtin_cpu_supports("avx2") || strstr(text, " avx2 "));
	check_section("processors");
	CHECK(count_lines("/proc/cpuinfo", "processor") == get_nprocs());
	CHECK(count_list(CPU "online") == get_nprocs());
	CHECK(count_list(CPU "possible") >= get_nprocs());
	CHECK(count_list(CPU "present") >= get_nprocs());
	CHECK(count_list(CPU "offline") >= 0);
	CHECK(number_in(CPU "kernel_max") >= get_nprocs() - 1);
	CHECK(sysconf(_SC_NPROCESSORS_ONLN) == get_nprocs() && get_nprocs_conf() >= get_nprocs());
	CHECK(sched_getaffinity(0, sizeof(set), &set) == 0 && CPU_COUNT(&set) <= get_nprocs());
	CHECK(count_list("/proc/self/status") == -1);
	CHECK(dir_holds(CPU, "cpu0"));
	CHECK(number_in(CPU "cpu0/topology/core_id") >= 0);
	CHECK(number_in(CPU "cpu0/topology/physical_package_id") >= 0);
	CHECK(mask_holds_first(CPU "cpu0/topology/thread_siblings"));
	CHECK(mask_holds_first(CPU "cpu0/topology/core_siblings"));
	CHECK(count_list(CPU "cpu0/topology/thread_siblings_list") >= 1);
	CHECK(count_list(CPU "cpu0/topology/core_siblings_list") >= 1);
	CHECK(caches_fit(CPU "cpu0/cache/index"));
	check_section("node, huge pages");
	CHECK(count_list("/sys/devices/system/node/online") >= 1);
	CHECK(count_list("/sys/devices/system/node/node0/cpulist") >= 1);
	CHECK(number_after("/sys/devices/system/node/node0/meminfo", "Node 0 MemTotal:") > 0);
	SHOW(number_in("/sys/devices/system/node/node0/distance"));
	SHOW(number_in("/sys/kernel/mm/transparent_hugepage/hpage_pmd_size"));
	SHOW(open("/sys/devices/system/cpu/missing", O_RDONLY));
}
