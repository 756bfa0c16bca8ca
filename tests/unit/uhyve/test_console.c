/* SPDX-License-Identifier: BSD-3-Clause */
/* Texts of the console: those that are passed on, and addresses and lengths that are refused. */
#include "uhyve/console.h"

#include "check.h"

#include <abi/boot_info.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define MEMORY 0x10000u

static struct guest_mem mem;
static atomic_bool is_ending;
static struct console console = {.mem = &mem, .is_ending = &is_ending};
static int output;

static void write_port(uint32_t address, uint64_t offset, uint32_t size, uint32_t count)
{
	uint8_t data[64] = {0};
	const struct device_access access = {
		.offset = offset, .write = true, .size = size, .count = count, .data = data};

	memcpy(data, &address, sizeof(address));
	console_access(&console, &access);
}

/* How many bytes came out, in BUFFER. */
static ssize_t got(char *buffer, size_t size)
{
	ssize_t length = read(output, buffer, size);

	return length < 0 && errno == EAGAIN ? 0 : length;
}

static void put(uint32_t address, uint32_t length, const char *text)
{
	struct boot_console_text *at = guest_mem_at(&mem, address, sizeof(*at));

	CHECK(at);
	at->length = length;
	memset(at->text, '.', sizeof(at->text));
	memcpy(at->text, text, strlen(text));
}

static void test_texts(void)
{
	char buffer[1024];

	put(0x1000, 6, "a line");
	write_port(0x1000, 0, 4, 1);
	CHECK_EQ(got(buffer, sizeof(buffer)), 6);
	CHECK(memcmp(buffer, "a line", 6) == 0);
	put(MEMORY - 256, BOOT_CONSOLE_TEXT_MAX, "the last");
	write_port(MEMORY - 256, 0, 4, 1);
	CHECK_EQ(got(buffer, sizeof(buffer)), BOOT_CONSOLE_TEXT_MAX);
}

static void test_refused(void)
{
	static const uint32_t lengths[] = {BOOT_CONSOLE_TEXT_MAX + 1, 0x1000, 1u << 31, UINT32_MAX};
	static const uint32_t addresses[] = {MEMORY - 252, MEMORY, 1u << 31, UINT32_MAX, 0x1001};
	char buffer[1024];

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		put(0x1000, lengths[i], "");
		write_port(0x1000, 0, 4, 1);
	}
	put(0x1000, 1, "");
	for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++)
		write_port(addresses[i], 0, 4, 1);
	write_port(0x1000, 1, 2, 1);
	write_port(0x1000, 0, 1, 1);
	write_port(0x1000, 0, 4, 2);
	write_port(0x1000, 0, 1, 4);
	CHECK_EQ(got(buffer, sizeof(buffer)), 0);
}

static void test_read(void)
{
	uint8_t data[4] = {0};
	const struct device_access access = {.size = 4, .count = 1, .data = data};

	console_access(&console, &access);
	CHECK(memcmp(data, "\xff\xff\xff\xff", 4) == 0);
}

int main(void)
{
	int ends[2];

	CHECK(pipe2(ends, O_NONBLOCK) == 0);
	output = ends[0];
	console.fd = ends[1];
	CHECK_EQ(guest_mem_create(&mem, MEMORY, MEMORY), 0);
	test_texts();
	test_refused();
	test_read();
	guest_mem_destroy(&mem);
	return 0;
}
