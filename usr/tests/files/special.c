/* SPDX-License-Identifier: BSD-3-Clause */
/* /dev and /proc. Their numbers differ between machines, so the checks here are of sense, not of
 * values. */
#include "files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static void plain_devices(void)
{
	char bytes[4096];
	struct stat info;
	int fd;

	check_section("/dev/null, /dev/zero, /dev/full");
	fd = open("/dev/null", O_RDWR);
	SHOW(write(fd, bytes, sizeof(bytes)));
	SHOW(read(fd, bytes, sizeof(bytes)));
	SHOW(lseek(fd, 100, SEEK_SET));
	SHOW(ftruncate(fd, 0));
	SHOW(fstat(fd, &info));
	CHECK(S_ISCHR(info.st_mode) && info.st_rdev == makedev(1, 3));
	SHOW(close(fd));
	fd = open("/dev/zero", O_RDWR);
	memset(bytes, 1, sizeof(bytes));
	SHOW(read(fd, bytes, sizeof(bytes)));
	CHECK(bytes[0] == 0 && memcmp(bytes, bytes + 1, sizeof(bytes) - 1) == 0);
	SHOW(write(fd, bytes, 10));
	SHOW(read(fd, bad_pointer, 10));
	SHOW(close(fd));
	fd = open("/dev/full", O_RDWR);
	SHOW(write(fd, bytes, 10));
	SHOW(read(fd, bytes, 10));
	SHOW(close(fd));
	SHOW(close(open("/dev/null", O_WRONLY | O_CREAT | O_TRUNC, 0644)));
	SHOW(open("/dev/null/below", O_RDONLY));
	SHOW(open("/dev/missing", O_RDONLY));
	SHOW(open("/dev/null", O_RDONLY | O_DIRECTORY));
	SHOW(access("/dev/null", R_OK | W_OK));
	SHOW(mkdir("/dev", 0755));
}

/* 256 bytes hold at least 100 different values in all but 1 of 10^20 cases. */
static int looks_random(const unsigned char *bytes)
{
	int seen[256] = {0}, different = 0;

	for (int i = 0; i < 256; i++)
		different += seen[bytes[i]]++ == 0;
	return different > 100;
}

static void random_devices(void)
{
	unsigned char a[256], b[256];
	int fd;

	check_section("/dev/urandom, /dev/random, getrandom");
	fd = open("/dev/urandom", O_RDWR);
	SHOW(read(fd, a, 256));
	SHOW(read(fd, b, 256));
	CHECK(looks_random(a) && looks_random(b) && memcmp(a, b, 256) != 0);
	SHOW(write(fd, a, 256));
	SHOW(close(fd));
	fd = open("/dev/random", O_RDONLY);
	SHOW(read(fd, a, 256));
	CHECK(looks_random(a));
	SHOW(close(fd));
	SHOW(getrandom(b, 256, 0));
	CHECK(looks_random(b) && memcmp(a, b, 256) != 0);
	SHOW(getrandom(b, 256, GRND_NONBLOCK));
	SHOW(getrandom(b, 16, GRND_RANDOM));
	SHOW(getrandom(b, 256, 0x1000));
	SHOW(getrandom(bad_pointer, 256, 0));
	SHOW(getrandom(b, 0, 0));
}

static int dir_holds(const char *path, const char *name)
{
	const struct dirent *entry;
	DIR *dir = opendir(path);
	int found = 0;

	while (dir && (entry = readdir(dir)) != NULL)
		found |= strcmp(entry->d_name, name) == 0;
	if (dir)
		closedir(dir);
	return found;
}

void files_devices(void)
{
	plain_devices();
	random_devices();
	CHECK(dir_holds("/dev", "null"));
	CHECK(dir_holds("/dev", "urandom"));
	CHECK(dir_holds("/", "dev"));
	CHECK(dir_holds("/", "proc"));
	CHECK(dir_holds("/", "tmp"));
}

static void proc_exe(void)
{
	char path[PATH_MAX] = "", magic[4] = "";
	ssize_t length;
	int fd;

	check_section("/proc/self/exe");
	length = readlink("/proc/self/exe", path, sizeof(path) - 1);
	CHECK(length > 1 && path[0] == '/');
	CHECK(access(path, F_OK) == 0);
	fd = open("/proc/self/exe", O_RDONLY);
	CHECK(read(fd, magic, 4) == 4 && memcmp(magic, "\177ELF", 4) == 0);
	SHOW(close(fd));
	SHOW(open("/proc/self/missing", O_RDONLY));
	SHOW(close(open("/proc/self", O_RDONLY | O_DIRECTORY)));
}

/* Is there a line of /proc/self/maps that holds the address and has these permissions? */
static int mapped(uintptr_t address, const char *permissions)
{
	char line[512], bits[8];
	unsigned long start, end, last = 0;
	int found = 0, ordered = 1;
	FILE *maps = fopen("/proc/self/maps", "r");

	while (maps && fgets(line, sizeof(line), maps)) {
		if (sscanf(line, "%lx-%lx %7s", &start, &end, bits) != 3)
			ordered = 0;
		ordered &= start >= last && end > start;
		last = end;
		found |= start <= address && address < end && strcmp(bits, permissions) == 0;
	}
	if (maps)
		fclose(maps);
	return found && ordered;
}

static void proc_maps(void)
{
	static int variable = 1;
	char *map = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	check_section("/proc/self/maps");
	CHECK(mapped((uintptr_t)&proc_maps, "r-xp"));
	CHECK(mapped((uintptr_t)&variable, "rw-p"));
	CHECK(mapped((uintptr_t)&map, "rw-p"));
	CHECK(mapped((uintptr_t)map, "r--p"));
	munmap(map, 4096);
	CHECK(!mapped((uintptr_t)map, "r--p"));
}

/* The number after "NAME:" in a file of such lines, or -1. */
static long field(const char *path, const char *name)
{
	char line[4096];
	size_t length = strlen(name);
	long value = -1;
	FILE *file = fopen(path, "r");

	while (file && fgets(line, sizeof(line), file))
		if (strncmp(line, name, length) == 0 && line[length] == ':')
			value = strtol(line + length + 1, NULL, 10);
	if (file)
		fclose(file);
	return value;
}

static int count_lines(const char *path, const char *start)
{
	char line[4096];
	int count = 0;
	FILE *file = fopen(path, "r");

	while (file && fgets(line, sizeof(line), file))
		count += strncmp(line, start, strlen(start)) == 0;
	if (file)
		fclose(file);
	return count;
}

void files_proc(void)
{
	char link[64];
	struct stat info;
	int fd;

	proc_exe();
	proc_maps();
	check_section("/proc/self/status, cpuinfo, meminfo, stat");
	CHECK(field("/proc/self/status", "Pid") == getpid());
	CHECK(field("/proc/self/status", "Threads") == 1);
	CHECK(field("/proc/self/status", "VmRSS") > 0);
	CHECK(field("/proc/self/status", "VmSize") >= field("/proc/self/status", "VmRSS"));
	CHECK(field("/proc/meminfo", "MemTotal") > 1024);
	CHECK(field("/proc/meminfo", "MemFree") > 0);
	CHECK(field("/proc/meminfo", "MemAvailable") > 0);
	CHECK(field("/proc/meminfo", "MemTotal") > field("/proc/meminfo", "MemFree"));
	CHECK(count_lines("/proc/cpuinfo", "processor") == sysconf(_SC_NPROCESSORS_ONLN));
	CHECK(count_lines("/proc/cpuinfo", "flags") > 0);
	CHECK(dir_holds("/proc", "cpuinfo") && dir_holds("/proc/self", "maps"));
	SHOW(open("/proc/meminfo/below", O_RDONLY));
	fd = open("/proc/meminfo", O_RDONLY);
	SHOW(fstat(fd, &info));
	CHECK(S_ISREG(info.st_mode));
	SHOW(pread(fd, link, 8, 0));
	CHECK(memcmp(link, "MemTotal", 8) == 0);
	SHOW(pread(fd, link, 5, 3));
	CHECK(memcmp(link, "Total", 5) == 0);
	SHOW(write(fd, link, 1));
	SHOW(close(fd));
}
