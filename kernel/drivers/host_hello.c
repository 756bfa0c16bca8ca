/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * HELLO: what the application needs to know of its host at the start, and the last words at its
 * end. The reply is checked and kept for ever; nobody changes it afterwards.
 */
#include "channel.h"

#include <arch/cpu.h>
#include <asm/errno.h>
#include <core/log.h>
#include <core/panic.h>
#include <lib/assert.h>
#include <lib/parse.h>
#include <lib/string.h>
#include <mm/frame.h>
#include <mm/heap.h>

#define STRINGS_MAX (16u << 20) /* arguments and environment together: Linux has 6 MiB */
#define TOKEN_MAX   64u
#define HELLO_FIRST 4096u /* room for the reply of the usual case */

static struct host_hello hello;
static bool hello_done;
static void (*signal_handler)(int signo);

const struct host_hello *host_hello(void)
{
	return hello_done ? &hello : NULL;
}

bool channel_has_shm(void)
{
	return hello.fixed.features & HC_FEAT_SHM;
}

void host_set_signal_handler(void (*handler)(int signo))
{
	signal_handler = handler;
}

void host_event_signal(int signo)
{
	if (signal_handler)
		signal_handler(signo);
}

/* The strings that did not fit into the reply. */
static int fetch_rest(char *strings, size_t have, size_t size)
{
	while (have < size) {
		struct host_call call = {
			.op = HC_STRINGS,
			.arg = {have},
			.in = strings + have,
			.in_capacity = size - have,
		};
		int64_t result = host_call(&call);

		if (result <= 0 || result > (int64_t)(size - have) ||
		    call.in_size != (size_t)result)
			return -EBADMSG;
		have += (size_t)result;
	}
	return 0;
}

struct cursor {
	char *next, *end;
};

/* The next string of the block, NULL when it has ended. */
static char *next_string(struct cursor *c)
{
	char *text = c->next;
	char *nul = text < c->end ? memchr(text, 0, (size_t)(c->end - text)) : NULL;

	if (!nul)
		return NULL;
	c->next = nul + 1;
	return text;
}

/* COUNT strings as a NULL-terminated array; NULL when there are fewer or memory is short. */
static char **next_strings(struct cursor *c, uint32_t count)
{
	char **array;

	if (count > (size_t)(c->end - c->next))
		return NULL; /* each has its NUL at least */
	array = kmalloc((count + 1ul) * sizeof(*array));
	for (uint32_t i = 0; array && i < count; i++) {
		array[i] = next_string(c);
		if (!array[i])
			return NULL;
	}
	if (array)
		array[count] = NULL;
	return array;
}

static int parse_strings(char *strings, size_t size)
{
	struct cursor c = {strings, strings + size};

	hello.argv = next_strings(&c, hello.fixed.argc);
	hello.envp = hello.argv ? next_strings(&c, hello.fixed.envc) : NULL;
	if (!hello.envp)
		return -EBADMSG;
	hello.cwd = next_string(&c);
	hello.hostname = next_string(&c);
	hello.guest_fs = (const char *const *)next_strings(&c, hello.fixed.guest_fs_count);
	hello.host_fs = (const char *const *)next_strings(&c, hello.fixed.host_fs_count);
	hello.image_path = next_string(&c);
	return hello.guest_fs && hello.host_fs && hello.image_path && hello.cwd[0] == '/'
		       ? 0
		       : -EBADMSG;
}

/* RECEIVED bytes of the reply are in FIRST; the strings go to memory of their own. */
static int take_reply(const uint8_t *first, size_t received)
{
	size_t size, have = received - sizeof(hello.fixed);
	char *strings;
	int error;

	memcpy(&hello.fixed, first, sizeof(hello.fixed));
	size = hello.fixed.strings_size;
	if (hello.fixed.version != HC_VERSION || size > STRINGS_MAX || have > size)
		return -EBADMSG;
	strings = kmalloc(size + 1);
	if (!strings)
		return -ENOMEM;
	have = MIN(have, HELLO_FIRST - sizeof(hello.fixed));
	memcpy(strings, first + sizeof(hello.fixed), have);
	error = fetch_rest(strings, have, size);
	return error ? error : parse_strings(strings, size);
}

static void report_panic(const char *text, size_t size)
{
	struct hc_request request = {.op = HC_REPORT};

	channel_send_dying(&request, text, MIN(size, (size_t)3500));
	request = (struct hc_request){.op = HC_EXIT, .arg = {255, 0, HC_EXIT_PANIC}};
	channel_send_dying(&request, NULL, 0);
}

int host_hello_init(const char *cmdline)
{
	char token[TOKEN_MAX];
	struct host_call call = {
		.op = HC_HELLO,
		.arg = {HC_MAGIC, HC_VERSION, HC_FEAT_SHM},
		.in_capacity = HELLO_FIRST,
	};
	struct mm_frame_stats frames;
	int64_t result;

	if (cmdline_find(cmdline, "hermit.token", token, sizeof(token)) > 0)
		call.out[0] = (struct host_buffer){token, strlen(token)};
	mm_frame_stats(&frames);
	call.arg[3] = frames.total * PAGE_SIZE;
	call.in = kmalloc(HELLO_FIRST);
	if (!call.in)
		return -ENOMEM;
	result = host_call(&call);
	if (!result && call.in_size < sizeof(hello.fixed))
		result = -EBADMSG;
	if (!result)
		result = take_reply(call.in, call.in_size);
	kfree(call.in);
	if (result) {
		log_error("host channel: no valid answer to HELLO (error %d)", (int)-result);
		return (int)result;
	}
	panic_set_reporter(report_panic);
	hello_done = true;
	return 0;
}

void host_report(const char *text, size_t size)
{
	struct host_call call = {.op = HC_REPORT, .out = {{text, size}}};

	if (!host_channel_ready() || host_call(&call) < 0)
		log_console_write(text, size);
}

void host_exit(int status, int signo, unsigned reason)
{
	struct hc_request request = {
		.length = sizeof(request),
		.op = HC_EXIT,
		.tag = HC_TAG_EVENT - 1,
		.arg = {(uint64_t)status, (uint64_t)signo, reason},
	};

	if (host_channel_ready()) {
		(void)channel_send(&request, NULL, 0);
		for (;;)
			arch_cpu_idle(); /* the proxy ends the machine */
	}
	arch_machine_off(signo ? 128 + signo : status);
}
