/* SPDX-License-Identifier: BSD-3-Clause */
/* Which accesses reach a device, and which do not. */
#include "uhyve/device_table.h"

#include "check.h"

#include <errno.h>
#include <string.h>

static struct device_access seen;
static unsigned calls;

static void remember(void *device, const struct device_access *access)
{
	CHECK(device == &calls);
	seen = *access;
	calls++;
}

static struct device_range range(uint64_t start, uint64_t size)
{
	return (struct device_range){start, size, remember, &calls};
}

static void test_add(void)
{
	struct device_table table = {0};
	struct device_range device = range(0x100, 0x10);

	CHECK_EQ(device_table_add(&table, &device), 0);
	device = range(0x10f, 1);
	CHECK_EQ(device_table_add(&table, &device), -EEXIST);
	device = range(0xf0, 0x11);
	CHECK_EQ(device_table_add(&table, &device), -EEXIST);
	device = range(0x104, 4);
	CHECK_EQ(device_table_add(&table, &device), -EEXIST);
	device = range(0, UINT64_MAX);
	CHECK_EQ(device_table_add(&table, &device), -EEXIST);
	device = range(0x200, 0);
	CHECK_EQ(device_table_add(&table, &device), -EINVAL);
	device = range(UINT64_MAX, 2);
	CHECK_EQ(device_table_add(&table, &device), -EINVAL);
	device = range(UINT64_MAX, 1);
	CHECK_EQ(device_table_add(&table, &device), 0);
	for (unsigned i = table.count; i < DEVICE_RANGES_MAX; i++) {
		device = range(0x1000 + i, 1);
		CHECK_EQ(device_table_add(&table, &device), 0);
	}
	device = range(0x8000, 1);
	CHECK_EQ(device_table_add(&table, &device), -ENOSPC);
}

static void access_at(const struct device_table *table, uint64_t address, uint32_t size,
		      uint32_t count, bool write, uint8_t *data)
{
	struct device_access access = {.write = write, .size = size, .count = count, .data = data};

	calls = 0;
	device_table_access(table, address, &access);
}

static void test_access(void)
{
	struct device_table table = {0};
	struct device_range device = range(0x100, 0x10);
	uint8_t data[16] = {0};

	CHECK_EQ(device_table_add(&table, &device), 0);
	access_at(&table, 0x10c, 4, 1, false, data);
	CHECK_EQ(calls, 1);
	CHECK_EQ(seen.offset, 0xc);
	access_at(&table, 0x10f, 1, 16, true, data); /* a string, to one place */
	CHECK_EQ(calls, 1);
	CHECK_EQ(seen.count, 16);
	CHECK(seen.write);
	/* Only partly the device's, before it, behind it. */
	access_at(&table, 0x10d, 4, 1, false, data);
	CHECK_EQ(calls, 0);
	CHECK_EQ(data[3], 0xff);
	CHECK_EQ(data[4], 0);
	access_at(&table, 0xff, 1, 1, false, data);
	CHECK_EQ(calls, 0);
	memset(data, 0, sizeof(data));
	access_at(&table, 0x110, 2, 8, false, data);
	CHECK_EQ(calls, 0);
	CHECK_EQ(data[15], 0xff);
	memset(data, 0, sizeof(data));
	access_at(&table, UINT64_MAX, 8, 1, true, data);
	CHECK_EQ(calls, 0);
	CHECK_EQ(data[0], 0); /* a write reads nothing */
}

int main(void)
{
	test_add();
	test_access();
	return 0;
}
