/* SPDX-License-Identifier: BSD-3-Clause */
/* See gdb_fake.h. It is as strict as a real target: what the server must not pass on aborts. */
#include "gdb_fake.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define READ_ONLY 1u

static void must(bool condition)
{
	if (!condition)
		abort();
}

static void fake_send(void *context, const char *data, size_t size)
{
	struct fake *fake = context;

	must(size > 0);
	if (size > sizeof(fake->out) - fake->sent)
		fake->sent = 0; /* of a fuzzer: nobody reads it */
	must(size <= sizeof(fake->out) - fake->sent);
	memcpy(fake->out + fake->sent, data, size);
	fake->sent += size;
}

static int fake_register_read(void *context, unsigned cpu, unsigned number, uint8_t *data)
{
	struct fake *fake = context;

	must(!fake->running && cpu < FAKE_CPUS && number < FAKE_REGISTERS);
	memcpy(data, fake->registers[cpu][number], 1u << number);
	return 1 << number;
}

static int fake_register_write(void *context, unsigned cpu, unsigned number, const uint8_t *data,
			       size_t size)
{
	struct fake *fake = context;

	must(!fake->running && cpu < FAKE_CPUS && number < FAKE_REGISTERS);
	if (size != 1u << number)
		return -EINVAL;
	if (number == READ_ONLY)
		return -EPERM;
	memcpy(fake->registers[cpu][number], data, size);
	return 0;
}

static ssize_t fake_memory_read(void *context, unsigned cpu, uint64_t address, void *data,
				size_t size)
{
	struct fake *fake = context;

	must(!fake->running && cpu < FAKE_CPUS && size <= GDB_PACKET_MAX);
	if (address < FAKE_BASE || address - FAKE_BASE >= FAKE_MEMORY)
		return -EFAULT;
	if (size > FAKE_MEMORY - (address - FAKE_BASE))
		size = FAKE_MEMORY - (address - FAKE_BASE);
	memcpy(data, fake->memory + (address - FAKE_BASE), size);
	return (ssize_t)size;
}

static int fake_memory_write(void *context, unsigned cpu, uint64_t address, const void *data,
			     size_t size)
{
	struct fake *fake = context;

	must(!fake->running && cpu < FAKE_CPUS && size <= GDB_PACKET_MAX);
	if (address < FAKE_BASE || address - FAKE_BASE > FAKE_MEMORY ||
	    size > FAKE_MEMORY - (address - FAKE_BASE))
		return -EFAULT;
	memcpy(fake->memory + (address - FAKE_BASE), data, size);
	return 0;
}

static int fake_breakpoint_set(void *context, unsigned cpu, enum gdb_breakpoint kind,
			       uint64_t address, uint64_t length)
{
	struct fake *fake = context;

	must(!fake->running && cpu < FAKE_CPUS && kind < GDB_BREAKPOINTS);
	if (kind == GDB_WATCH_READ)
		return -ENOTSUP;
	if (fake->breakpoints == 4)
		return -ENOSPC;
	fake->breakpoints++;
	fake->kind = kind;
	fake->address = address;
	fake->length = length;
	return 0;
}

static int fake_breakpoint_clear(void *context, unsigned cpu, enum gdb_breakpoint kind,
				 uint64_t address, uint64_t length)
{
	struct fake *fake = context;

	(void)address;
	(void)length;
	must(!fake->running && cpu < FAKE_CPUS && kind < GDB_BREAKPOINTS);
	if (fake->breakpoints)
		fake->breakpoints--;
	return 0;
}

static void fake_resume(void *context, const enum gdb_action *actions)
{
	struct fake *fake = context;

	must(!fake->running);
	fake->running = true;
	memcpy(fake->actions, actions, sizeof(fake->actions));
}

static void fake_stop(void *context)
{
	struct fake *fake = context;

	must(fake->running);
	fake->stops++;
}

static void fake_detach(void *context)
{
	struct fake *fake = context;

	must(!fake->running);
	fake->detached++;
}

static void fake_kill(void *context)
{
	struct fake *fake = context;

	must(!fake->running);
	fake->killed++;
}

void fake_init(struct fake *fake)
{
	memset(fake, 0, sizeof(*fake));
	fake->target = (struct gdb_target){.context = fake,
					   .cpu_count = FAKE_CPUS,
					   .register_count = FAKE_REGISTERS,
					   .description = "<target>#$}*</target>",
					   .send = fake_send,
					   .register_read = fake_register_read,
					   .register_write = fake_register_write,
					   .memory_read = fake_memory_read,
					   .memory_write = fake_memory_write,
					   .breakpoint_set = fake_breakpoint_set,
					   .breakpoint_clear = fake_breakpoint_clear,
					   .resume = fake_resume,
					   .stop = fake_stop,
					   .detach = fake_detach,
					   .kill = fake_kill};
}
