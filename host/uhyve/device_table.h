/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The devices of a machine: tables of address ranges with a handler each, one for I/O ports, one
 * for memory. A new device adds a range; the vCPU loop does not change.
 *
 * The tables are filled before the vCPUs start and do not change afterwards, so look-ups need no
 * lock. Handlers run in vCPU threads, several at a time: a device locks for itself. Offset, size
 * and data come from the guest; the table only hands out accesses that lie in the device's range.
 */
#ifndef UHYVE_DEVICE_TABLE_H
#define UHYVE_DEVICE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DEVICE_RANGES_MAX 32u

/* COUNT times SIZE bytes (1, 2, 4 or 8) to the same place: a string instruction; else COUNT is 1.
 */
struct device_access {
	uint64_t offset; /* from the range's start */
	bool write;
	uint32_t size, count;
	uint8_t *data; /* SIZE * COUNT bytes, not aligned */
};

typedef void device_handler(void *device, const struct device_access *access);

struct device_range {
	uint64_t start, size;
	device_handler *handler;
	void *device;
};

struct device_table {
	unsigned count;
	struct device_range ranges[DEVICE_RANGES_MAX];
};

/* 0, or -EEXIST: overlaps another range, -EINVAL: no such range, -ENOSPC. */
int device_table_add(struct device_table *table, const struct device_range *range);

/* An access at ADDRESS (access->offset is filled in). Where there is no device, or only for a part
 * of it, reads give ones and writes nothing. */
void device_table_access(const struct device_table *table, uint64_t address,
			 struct device_access *access);

#endif /* UHYVE_DEVICE_TABLE_H */
