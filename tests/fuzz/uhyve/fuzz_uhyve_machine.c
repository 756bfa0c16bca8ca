/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A guest that writes anything into the shared rings and their indices, at any time, and accesses
 * any address: the input is a list of steps. The rings lie in a block of exactly their size, so
 * that the sanitizer sees a byte read or written beside it; what the host's own state says is
 * checked.
 */
#include <uhyve/channel.h>
#include <uhyve/device_table.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RING HC_SHM_RING_MIN

enum step {
	STEP_WRITE,   /* offset, value: four bytes of the channel's memory */
	STEP_FILL,    /* offset, value: 64 bytes */
	STEP_RECEIVE, /* the host looks */
	STEP_SEND,    /* size */
	STEP_STATE,   /* the host goes to sleep */
	STEP_PORT,    /* address, size, count */
	STEP_ADVANCE, /* amount: the guest has sent so much */
	STEP_CONSUME, /* amount: the guest has taken so much */
	STEP_COUNT
};

struct input {
	const uint8_t *at, *end;
};

struct machine {
	uint8_t *memory;
	size_t size;
	struct channel channel;
	struct frame_reader reader;
	struct device_table ports;
	uint8_t registers[16];
	uint64_t sent, received; /* by the host */
};

static void require(bool condition, const char *what)
{
	if (condition)
		return;
	fprintf(stderr, "%s\n", what);
	abort();
}

static uint32_t take(struct input *input, unsigned bytes)
{
	uint32_t value = 0;

	for (unsigned i = 0; i < bytes && input->at < input->end; i++)
		value |= (uint32_t)*input->at++ << 8 * i;
	return value;
}

static void device(void *context, const struct device_access *access)
{
	struct machine *machine = context;

	require(access->offset + access->size <= sizeof(machine->registers),
		"an access beside the device");
	for (uint32_t i = 0; i < access->count; i++) {
		uint8_t *data = access->data + (size_t)i * access->size;
		if (access->write)
			memcpy(machine->registers + access->offset, data, access->size);
		else
			memcpy(data, machine->registers + access->offset, access->size);
	}
}

static void access_port(struct machine *machine, struct input *input)
{
	uint8_t data[64];
	struct device_access access = {.data = data};
	uint64_t address = take(input, 2) + ((uint64_t)take(input, 1) << 56);

	memset(data, 1, sizeof(data));
	access.size = 1u << (take(input, 1) & 3);
	access.count = 1 + (take(input, 1) & 7);
	access.write = take(input, 1) & 1;
	device_table_access(&machine->ports, address, &access);
}

static void receive(struct machine *machine)
{
	ssize_t got = channel_receive(&machine->channel, &machine->reader);

	require(got > 0 || got == -EAGAIN || got == -EPROTO, "receive: impossible result");
	require(got <= (ssize_t)RING, "more than the ring holds");
	if (got > 0)
		machine->received += (uint64_t)got;
	/* The parser is another target's matter. */
	machine->reader.start = machine->reader.end;
	require(machine->channel.to_host.index == (uint32_t)machine->received,
		"the host's index is not its own");
}

static void send_reply(struct machine *machine, uint32_t size)
{
	static uint8_t bytes[2 * RING];
	struct iovec pieces[2] = {{bytes, size / 3}, {bytes + size / 3, size - size / 3}};
	ssize_t done = channel_send(&machine->channel, pieces, 2);

	require(done >= 0 || done == -EAGAIN || done == -EPROTO, "send: impossible result");
	require(done <= (ssize_t)RING, "sent more than the ring holds");
	if (done > 0)
		machine->sent += (uint64_t)done;
	require(machine->channel.to_guest.index == (uint32_t)machine->sent,
		"the host's index is not its own");
}

static void add_to(uint8_t *memory, size_t offset, uint32_t amount)
{
	uint32_t value;

	memcpy(&value, memory + offset, sizeof(value));
	value += amount;
	memcpy(memory + offset, &value, sizeof(value));
}

static void step(struct machine *machine, struct input *input)
{
	uint32_t value, offset;

	switch ((enum step)(take(input, 1) % STEP_COUNT)) {
	case STEP_WRITE:
		offset = take(input, 2) % (uint32_t)(machine->size - 4);
		value = take(input, 4);
		memcpy(machine->memory + offset, &value, sizeof(value));
		break;
	case STEP_FILL:
		offset = take(input, 1) % 4 * 64;
		memset(machine->memory + offset, (int)take(input, 1), 64);
		break;
	case STEP_RECEIVE:
		receive(machine);
		break;
	case STEP_SEND:
		send_reply(machine, take(input, 2) % (2 * RING));
		break;
	case STEP_STATE:
		channel_set_state(&machine->channel, take(input, 1) % 3);
		channel_guest_waits(&machine->channel);
		break;
	case STEP_PORT:
		access_port(machine, input);
		break;
	case STEP_ADVANCE:
		add_to(machine->memory, offsetof(struct hc_shm, to_host_tail), take(input, 2));
		break;
	default:
		add_to(machine->memory, offsetof(struct hc_shm, to_guest_head), take(input, 2));
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct machine machine = {.size = channel_memory_size(RING)};
	const struct device_range range = {0x610, sizeof(machine.registers), device, &machine};
	struct input input = {data, data + size};

	/* aligned_alloc keeps the sanitizer's fences right behind the block. */
	machine.memory = aligned_alloc(64, machine.size);
	require(machine.memory && frame_reader_init(&machine.reader) == 0, "out of memory");
	memset(machine.memory, 0, machine.size);
	channel_init(&machine.channel, machine.memory, RING, 0x600);
	require(device_table_add(&machine.ports, &range) == 0, "no device");
	while (input.at < input.end)
		step(&machine, &input);
	frame_reader_destroy(&machine.reader);
	free(machine.memory);
	return 0;
}
