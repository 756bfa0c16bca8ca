/* SPDX-License-Identifier: BSD-3-Clause */
/* read, write and their relatives, lseek, truncation, files of more than 4 GiB. */
#include "files.h"

#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define MIB ((size_t)1 << 20)

static void fill(unsigned char *bytes, size_t size, unsigned int seed)
{
	for (size_t i = 0; i < size; i++) {
		seed = seed * 1664525u + 1013904223u;
		bytes[i] = (unsigned char)(seed >> 24);
	}
}

static void transfer_small(void)
{
	char text[16] = "";
	int fd;

	check_section("read, write, pread, pwrite");
	fd = open("file", O_CREAT | O_RDWR, 0644);
	SHOW(write(fd, "hello world", 11));
	SHOW(read(fd, text, 5));
	SHOW(lseek(fd, 0, SEEK_SET));
	SHOW(read(fd, text, 5));
	CHECK(memcmp(text, "hello", 5) == 0);
	SHOW(read(fd, text, sizeof(text)));
	SHOW(pread(fd, text, 5, 6));
	CHECK(memcmp(text, "world", 5) == 0);
	SHOW(pread(fd, text, 5, 9));
	SHOW(pread(fd, text, 5, 11));
	SHOW(pread(fd, text, 5, 1000));
	SHOW(pread(fd, text, 5, -1));
	SHOW(pwrite(fd, "HELLO", 5, 0));
	SHOW(pwrite(fd, "x", 1, -1));
	SHOW(pwrite(fd, "!", 1, 15));
	SHOW(lseek(fd, 0, SEEK_CUR));
	SHOW(read(fd, text, 0));
	SHOW(write(fd, text, 0));
	SHOW(read(fd, bad_pointer, 4));
	SHOW(write(fd, bad_pointer, 4));
	SHOW(pread(fd, bad_pointer, 4, 0));
	SHOW(pwrite(fd, bad_pointer, 4, 0));
	SHOW(read(99, text, 4));
	SHOW(write(99, text, 4));
	SHOW(read(-1, text, 4));
	SHOW(close(fd));
	fd = open(".", O_RDONLY);
	SHOW(read(fd, text, 4));
	SHOW(pread(fd, text, 4, 0));
	SHOW(write(fd, text, 4));
	SHOW(close(fd));
	show_stat("file");
	SHOW(unlink("file"));
}

/* Sizes that are no multiple of anything, at offsets that are none either. */
static void transfer_large(void)
{
	static const size_t sizes[] = {1, 4095, 4097, 65537, 3 * MIB + 5};
	unsigned char *out = malloc(4 * MIB), *in = malloc(4 * MIB);
	int fd = open("large", O_CREAT | O_RDWR, 0644);

	check_section("large transfers");
	if (!out || !in || fd < 0)
		check_die("large transfers");
	fill(out, 4 * MIB, 1);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		size_t size = sizes[i];

		MUST(lseek(fd, 0, SEEK_SET));
		SHOW(write(fd, out + i, size));
		MUST(lseek(fd, 0, SEEK_SET));
		memset(in, 0, size + 8);
		SHOW(read(fd, in + 3, size));
		CHECK(memcmp(in + 3, out + i, size) == 0);
		CHECK(in[size + 3] == 0);
		SHOW(pwrite(fd, out, size, 12345));
		SHOW(pread(fd, in, size, 12345));
		CHECK(memcmp(in, out, size) == 0);
	}
	SHOW(lseek(fd, 0, SEEK_END));
	SHOW(fsync(fd));
	SHOW(fdatasync(fd));
	SHOW(fsync(99));
	sync();
	SHOW(close(fd));
	SHOW(unlink("large"));
	free(in);
	free(out);
}

void files_read_write(void)
{
	transfer_small();
	transfer_large();
}

static void vectors_good(int fd)
{
	char a[4] = "", b[8] = "", c[4] = "";
	struct iovec out[3] = {{(char[]){"one"}, 3}, {(char[]){""}, 0}, {(char[]){"twofour"}, 7}};
	struct iovec in[3] = {{a, 2}, {b, 6}, {c, 4}};

	SHOW(writev(fd, out, 3));
	SHOW(lseek(fd, 0, SEEK_SET));
	SHOW(readv(fd, in, 3));
	CHECK(memcmp(a, "on", 2) == 0 && memcmp(b, "etwofo", 6) == 0 && memcmp(c, "ur", 2) == 0);
	SHOW(preadv(fd, in, 2, 4));
	CHECK(memcmp(a, "wo", 2) == 0 && memcmp(b, "four", 4) == 0);
	SHOW(pwritev(fd, out, 3, 5));
	SHOW(preadv2(fd, in, 1, 0, 0));
	SHOW(pwritev2(fd, out, 1, 0, 0));
	SHOW(lseek(fd, 0, SEEK_CUR));
}

static void vectors_bad(int fd)
{
	char a[4];
	struct iovec in[2] = {{a, 4}, {bad_pointer, 4}};
	static struct iovec many[IOV_MAX + 1];

	SHOW(readv(fd, in, 0));
	SHOW(syscall(SYS_readv, fd, in, -1));
	SHOW(readv(fd, bad_pointer, 1));
	SHOW(readv(99, in, 1));
	SHOW(writev(fd, &in[1], 1));
	in[1].iov_base = a;
	in[1].iov_len = (size_t)SSIZE_MAX + 1;
	SHOW(readv(fd, in, 2));
	for (int i = 0; i <= IOV_MAX; i++)
		many[i] = (struct iovec){a, 1};
	SHOW(writev(fd, many, IOV_MAX + 1));
	SHOW(writev(fd, many, IOV_MAX));
	SHOW(preadv(fd, many, 1, -1));
}

static void copy_between_files(void)
{
	loff_t from = 2, to = 1;
	off_t offset = 4;
	int in = open("file", O_RDONLY), out = open("copy", O_CREAT | O_RDWR, 0644);

	check_section("sendfile, copy_file_range");
	SHOW(sendfile(out, in, NULL, 6));
	SHOW(sendfile(out, in, &offset, 3));
	SHOW(offset);
	SHOW(lseek(in, 0, SEEK_CUR));
	SHOW(lseek(out, 0, SEEK_CUR));
	show_file("copy");
	SHOW(copy_file_range(in, &from, out, &to, 4, 0));
	SHOW(from);
	SHOW(to);
	SHOW(copy_file_range(in, NULL, out, NULL, 2, 0));
	SHOW(copy_file_range(in, NULL, out, NULL, 2, 1));
	SHOW(copy_file_range(out, NULL, in, NULL, 2, 0));
	show_file("copy");
	SHOW(close(in));
	SHOW(close(out));
	SHOW(unlink("copy"));
}

void files_vectors(void)
{
	int fd = open("file", O_CREAT | O_RDWR, 0644);

	check_section("readv, writev, preadv, pwritev");
	vectors_good(fd);
	vectors_bad(fd);
	SHOW(close(fd));
	make_file("file", "0123456789");
	copy_between_files();
	SHOW(unlink("file"));
}

static void seek_and_truncate(int fd)
{
	char byte = 'x';

	SHOW(lseek(fd, 5, SEEK_SET));
	SHOW(lseek(fd, 2, SEEK_CUR));
	SHOW(lseek(fd, -3, SEEK_END));
	SHOW(lseek(fd, 100, SEEK_END));
	SHOW(lseek(fd, -1, SEEK_SET));
	SHOW(lseek(fd, -1000, SEEK_CUR));
	SHOW(lseek(fd, 0, 99));
	SHOW(lseek(99, 0, SEEK_SET));
	SHOW(lseek(fd, 0, SEEK_CUR));
	SHOW(ftruncate(fd, 4));
	SHOW(lseek(fd, 0, SEEK_END));
	SHOW(ftruncate(fd, 5000));
	SHOW(pread(fd, &byte, 1, 4));
	CHECK(byte == 0);
	SHOW(pread(fd, &byte, 1, 4999));
	CHECK(byte == 0);
	SHOW(ftruncate(fd, -1));
	SHOW(ftruncate(99, 0));
	SHOW(truncate("file", 7));
	SHOW(truncate("missing", 7));
	SHOW(truncate(".", 7));
	SHOW(truncate("file", -7));
	show_stat("file");
	SHOW(lseek(fd, 0, SEEK_DATA));
	SHOW(lseek(fd, 0, SEEK_HOLE));
	SHOW(lseek(fd, 7, SEEK_DATA));
	SHOW(lseek(fd, 7, SEEK_HOLE));
	SHOW(lseek(fd, -1, SEEK_DATA));
}

void files_seek(void)
{
	int fd = open("file", O_CREAT | O_RDWR, 0644);

	check_section("lseek, truncate, fallocate");
	MUST(write(fd, "0123456789", 10));
	seek_and_truncate(fd);
	SHOW(fallocate(fd, 0, 0, 10000));
	show_stat("file");
	SHOW(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 20000));
	show_stat("file");
	SHOW(fallocate(fd, 0, -1, 10));
	SHOW(fallocate(fd, 0, 0, 0));
	SHOW(fallocate(99, 0, 0, 1));
	SHOW(posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL));
	SHOW(posix_fadvise(fd, 0, 0, 99) != 0);
	SHOW(close(fd));
	SHOW(unlink("file"));
}

void files_big(void)
{
	const off_t edge = (off_t)4 << 30;
	char text[16] = "";
	struct stat info;
	int fd = open("big", O_CREAT | O_RDWR, 0644);

	check_section("more than 4 GiB");
	SHOW(pwrite(fd, "across the edge", 15, edge - 7));
	SHOW(fstat(fd, &info));
	SHOW(info.st_size);
	CHECK(info.st_blocks < 1000);
	SHOW(lseek(fd, -15, SEEK_END));
	SHOW(read(fd, text, 15));
	CHECK(memcmp(text, "across the edge", 15) == 0);
	SHOW(lseek(fd, 0, SEEK_CUR));
	SHOW(pread(fd, text, 4, 7));
	CHECK(memcmp(text, "\0\0\0\0", 4) == 0);
	SHOW(lseek(fd, edge + 5000000000, SEEK_SET));
	SHOW(write(fd, "far", 3));
	SHOW(lseek(fd, 0, SEEK_CUR));
	SHOW(pread(fd, text, 3, edge + 5000000000));
	CHECK(memcmp(text, "far", 3) == 0);
	SHOW(lseek(fd, edge * 2, SEEK_DATA) > edge * 2);
	SHOW(lseek(fd, edge * 2, SEEK_HOLE) == edge * 2);
	SHOW(ftruncate(fd, edge + 1));
	SHOW(stat("big", &info));
	SHOW(info.st_size);
	SHOW(truncate("big", edge * 100));
	SHOW(lseek(fd, 0, SEEK_END));
	SHOW(pread(fd, text, 4, edge * 100 - 2));
	SHOW(close(fd));
	SHOW(unlink("big"));
}
