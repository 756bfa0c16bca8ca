/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A host that says anything in its answer to HELLO, and in what it sends of the strings that did
 * not fit. What is accepted has to be complete: every string is read to its end.
 */
#include "../../unit/common/unit.h"
#include <fuzz_input.h>

#include <stdlib.h>
#include <string.h>

/* With its state, which each input finds new. */
#include "../../../kernel/drivers/host_hello.c"

#define BLOCKS_MAX 64u

static void *blocks[BLOCKS_MAX]; /* what is kept for ever in the kernel */
static unsigned block_count;

void *kmalloc(size_t size)
{
	void *block = malloc(size ? size : 1);

	CHECK(block && block_count < BLOCKS_MAX);
	blocks[block_count++] = block;
	return block;
}

void kfree(void *block)
{
	(void)block; /* with the others */
}

void mm_frame_stats(struct mm_frame_stats *stats)
{
	*stats = (struct mm_frame_stats){.total = 1024};
}

void panic_set_reporter(void (*reporter)(const char *text, size_t size))
{
	(void)reporter;
}

void log_console_write(const char *text, size_t size)
{
	(void)text;
	(void)size;
}

noreturn void arch_machine_off(int status)
{
	exit(status);
}

void arch_cpu_idle(void)
{
}

bool host_channel_ready(void)
{
	return false;
}

int channel_send(const struct hc_request *request, const struct host_buffer *pieces, unsigned count)
{
	(void)request;
	(void)pieces;
	(void)count;
	return 0;
}

void channel_send_dying(struct hc_request *request, const void *payload, size_t size)
{
	(void)request;
	(void)payload;
	(void)size;
}

/* A byte says how long the answer is, a second one whether it lies about that. */
int64_t host_call(struct host_call *call)
{
	size_t size = 0, lie = 0;

	if (input_size >= 2) {
		size = call->op == HC_HELLO ? input[0] * 32u : input[0];
		lie = input[1] >= 0xf0 ? input[1] & 15u : 0;
		input += 2;
		input_size -= 2;
	}
	if (size > input_size)
		size = input_size;
	memcpy(call->in, input, size < call->in_capacity ? size : call->in_capacity);
	input += size;
	input_size -= size;
	call->in_size = size;
	return call->op == HC_HELLO ? -(int64_t)lie : (int64_t)(size + lie);
}

static void check_accepted(void)
{
	const struct host_hello *all = host_hello();
	size_t sum = strlen(all->cwd) + strlen(all->hostname) + strlen(all->image_path);

	for (uint32_t i = 0; i < all->fixed.argc; i++)
		sum += strlen(all->argv[i]);
	for (uint32_t i = 0; i < all->fixed.envc; i++)
		sum += strlen(all->envp[i]);
	CHECK(!all->argv[all->fixed.argc] && !all->envp[all->fixed.envc]);
	CHECK(sum < all->fixed.strings_size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	input = data;
	input_size = size;
	memset(&hello, 0, sizeof(hello));
	hello_done = false;
	if (host_hello_init("") == 0)
		check_accepted();
	while (block_count)
		free(blocks[--block_count]);
	return 0;
}
