/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What GDB, or anybody else on this host, sends to uhyve's GDB server. The first byte of the input
 * says how the bytes after it are cut; the byte 0xff lets a target that runs stop.
 */
#include "gdb_fake.h"

#include <stdlib.h>
#include <string.h>

static struct fake fake;
static struct gdb_server server;

static void stop_target(uint8_t how)
{
	const struct gdb_stop stop = {.cpu = how % FAKE_CPUS,
				      .reason = how % 3,
				      .kind = how % GDB_BREAKPOINTS,
				      .address = how};

	if (!fake.running)
		return;
	fake.running = false;
	gdb_server_stopped(&server, &stop);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct gdb_stop first = {.reason = GDB_STOPPED_AFTER_STEP};

	if (size == 0)
		return 0;
	size_t step = data[0] ? data[0] : size;
	fake_init(&fake);
	gdb_server_open(&server, &fake.target, &first);
	data++;
	size--;
	while (size > 0) {
		size_t now = step < size ? step : size;

		if (!gdb_server_receive(&server, data, now))
			break;
		if (data[now - 1] == 0xff)
			stop_target((uint8_t)size);
		data += now;
		size -= now;
	}
	if (server.running != fake.running)
		abort();
	if (fake.running)
		fake.running = false;
	gdb_server_exited(&server, 3);
	return 0;
}
