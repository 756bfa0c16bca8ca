/* SPDX-License-Identifier: BSD-3-Clause */
/* Files mapped into memory, private and shared. */
#include "common/fault.h"
#include "files.h"

#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE 4096

static long map_result(void *address)
{
	if (address == MAP_FAILED)
		return -1;
	munmap(address, PAGE);
	return 0;
}

#define MAP(size, protection, flags, fd, offset)                                                   \
	check_show("mmap(" #size ", " #protection ", " #flags ", " #fd ", " #offset ")",           \
		   map_result(mmap(NULL, size, protection, flags, fd, offset)))

static void bad_mappings(void)
{
	int reader = open("file", O_RDONLY), writer = open("file", O_WRONLY);
	int dir = open(".", O_RDONLY);

	check_section("mmap of files: bad arguments");
	MAP(PAGE, PROT_READ, MAP_SHARED, reader, 0);
	MAP(PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, reader, 0);
	MAP(PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, reader, 0);
	MAP(PAGE, PROT_READ, MAP_PRIVATE, writer, 0);
	MAP(PAGE, PROT_WRITE, MAP_SHARED, writer, 0);
	MAP(PAGE, PROT_READ, MAP_PRIVATE, dir, 0);
	MAP(PAGE, PROT_READ, MAP_PRIVATE, 99, 0);
	MAP(0, PROT_READ, MAP_PRIVATE, reader, 0);
	MAP(PAGE, PROT_READ, MAP_PRIVATE, reader, 100);
	MAP(PAGE, PROT_READ, 0, reader, 0);
	MAP(PAGE, PROT_READ, MAP_PRIVATE, reader, 1 << 20);
	SHOW(close(dir));
	SHOW(close(writer));
	SHOW(close(reader));
}

static void private_mapping(void)
{
	int fd = open("file", O_RDONLY);
	char *map = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);

	check_section("mmap of files: private");
	if (map == MAP_FAILED)
		check_die("mmap");
	SHOW(close(fd)); /* the mapping stays */
	CHECK(memcmp(map, "start", 5) == 0);
	CHECK(memcmp(map + PAGE, "second page", 11) == 0);
	CHECK(map[PAGE + 500] == 0); /* beyond the end of the file, in its last page */
	memcpy(map, "START", 5);
	CHECK(memcmp(map, "START", 5) == 0);
	SHOW(fault_of_read(map + 2 * PAGE) == SIGBUS);
	SHOW(munmap(map, 4 * PAGE));
	SHOW(fault_of_read(map) == SIGSEGV);
	fd = open("file", O_RDONLY);
	map = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, PAGE);
	CHECK(map != MAP_FAILED && memcmp(map, "second page", 11) == 0);
	SHOW(munmap(map, PAGE));
	SHOW(close(fd));
	show_file("file");
}

static void shared_mapping(void)
{
	char text[16] = "";
	int fd = open("file", O_RDWR);
	char *map = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	char *again = mmap(NULL, 2 * PAGE, PROT_READ, MAP_SHARED, fd, 0);

	check_section("mmap of files: shared");
	if (map == MAP_FAILED || again == MAP_FAILED)
		check_die("mmap");
	memcpy(map, "mapped", 6);
	CHECK(memcmp(again, "mapped", 6) == 0);
	SHOW(msync(map, 2 * PAGE, MS_SYNC));
	SHOW(pread(fd, text, 6, 0));
	CHECK(memcmp(text, "mapped", 6) == 0);
	memcpy(map + PAGE, "SECOND", 6);
	SHOW(pread(fd, text, 6, PAGE)); /* without msync */
	CHECK(memcmp(text, "SECOND", 6) == 0);
	SHOW(pwrite(fd, "WRITTEN", 7, 100));
	CHECK(memcmp(map + 100, "WRITTEN", 7) == 0);
	CHECK(memcmp(again + 100, "WRITTEN", 7) == 0);
	SHOW(msync(map + 1, PAGE, MS_SYNC));
	SHOW(msync(map, PAGE, MS_SYNC | MS_ASYNC));
	SHOW(msync(map, PAGE, MS_ASYNC));
	SHOW(munmap(again, 2 * PAGE));
	map[200] = 'z';
	SHOW(munmap(map, 2 * PAGE));
	SHOW(pread(fd, text, 1, 200));
	CHECK(text[0] == 'z');
	SHOW(close(fd));
	show_stat("file"); /* a mapping never makes a file longer */
}

/* Stores through a mapping and calls on the same pages: neither may undo the other. */
static void mixed_with_calls(void)
{
	char text[4] = "";
	int fd = open("mixed", O_CREAT | O_RDWR, 0644), other = open("mixed", O_RDWR);
	int end = open("mixed", O_WRONLY | O_APPEND);
	char *map;

	check_section("mmap of files: mixed with calls");
	SHOW(ftruncate(fd, 3 * PAGE - 100));
	map = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		check_die("mmap");
	map[0] = 'm';
	SHOW(pwrite(other, "call", 4, 100));
	SHOW(map[0]);
	SHOW(map[103]);
	SHOW(pread(other, text, 1, 0));
	SHOW(text[0]);
	map[3 * PAGE - 101] = 'e';
	SHOW(write(end, "appended", 8));
	SHOW(map[3 * PAGE - 101]);
	SHOW(map[3 * PAGE - 93]);
	map[PAGE + 1] = 's';
	SHOW(truncate("mixed", PAGE + 4));
	SHOW(map[PAGE + 1]);
	SHOW(ftruncate(other, 3 * PAGE));
	SHOW(map[PAGE + 1]);
	SHOW(map[3 * PAGE - 101]);
	SHOW(close(open("mixed", O_RDWR | O_TRUNC)));
	SHOW(ftruncate(other, 3 * PAGE));
	SHOW(map[0]);
	map[7] = 'l';
	SHOW(munmap(map, 3 * PAGE) | close(fd) | close(end));
	SHOW(pread(other, text, 1, 7));
	SHOW(text[0]);
	SHOW(close(other));
	SHOW(unlink("mixed"));
}

static void growing_file(void)
{
	char text[4] = "";
	int fd = open("grow", O_CREAT | O_RDWR, 0644);
	char *map;

	check_section("mmap of files: growing and large offsets");
	SHOW(ftruncate(fd, 64 * PAGE));
	map = mmap(NULL, 64 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		check_die("mmap");
	for (int i = 0; i < 64; i++)
		map[i * PAGE + i] = (char)(i + 1);
	SHOW(munmap(map, 64 * PAGE));
	SHOW(pread(fd, text, 1, 63 * PAGE + 63));
	CHECK(text[0] == 64);
	SHOW(ftruncate(fd, ((off_t)5 << 30) + PAGE));
	map = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)5 << 30);
	if (map == MAP_FAILED)
		check_die("mmap");
	memcpy(map, "far", 3);
	SHOW(msync(map, PAGE, MS_SYNC));
	SHOW(munmap(map, PAGE));
	SHOW(pread(fd, text, 3, (off_t)5 << 30));
	CHECK(memcmp(text, "far", 3) == 0);
	SHOW(close(fd));
	SHOW(unlink("grow"));
}

void files_mappings(void)
{
	int fd = open("file", O_CREAT | O_RDWR, 0644);

	MUST(pwrite(fd, "start", 5, 0));
	MUST(pwrite(fd, "second page", 11, PAGE));
	MUST(close(fd));
	bad_mappings();
	private_mapping();
	shared_mapping();
	mixed_with_calls();
	growing_file();
	SHOW(unlink("file"));
}
