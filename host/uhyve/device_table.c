/* SPDX-License-Identifier: BSD-3-Clause */
/* See device_table.h. */
#include "device_table.h"

#include <errno.h>
#include <string.h>

int device_table_add(struct device_table *table, const struct device_range *range)
{
	if (range->size == 0 || range->size - 1 > UINT64_MAX - range->start)
		return -EINVAL;
	for (unsigned i = 0; i < table->count; i++) {
		const struct device_range *other = &table->ranges[i];
		bool below = range->start + (range->size - 1) < other->start;
		bool above = other->start + (other->size - 1) < range->start;
		if (!below && !above)
			return -EEXIST;
	}
	if (table->count == DEVICE_RANGES_MAX)
		return -ENOSPC;
	table->ranges[table->count++] = *range;
	return 0;
}

void device_table_access(const struct device_table *table, uint64_t address,
			 struct device_access *access)
{
	for (unsigned i = 0; i < table->count; i++) {
		const struct device_range *range = &table->ranges[i];
		uint64_t offset = address - range->start;

		if (address < range->start || offset >= range->size ||
		    access->size > range->size - offset)
			continue;
		access->offset = offset;
		range->handler(range->device, access);
		return;
	}
	if (!access->write)
		memset(access->data, 0xff, (size_t)access->size * access->count);
}
