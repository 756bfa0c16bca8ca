/* SPDX-License-Identifier: BSD-3-Clause */
/* Attacks on the channel itself: frames and indices that no kernel would send. */
#include "hostile.h"

#define PATIENCE 4000000000ull /* instructions, about: until the host has seen it */

/* The host ends the machine meanwhile. */
static void wait_for_the_end(void)
{
	for (uint64_t i = 0; i < PATIENCE; i++)
		__asm__ volatile("pause");
}

static void send_raw(struct hc_request request)
{
	host_send_bytes(&request, sizeof(request));
	wait_for_the_end();
}

void attack_before_hello(void)
{
	const struct call call = {.op = HC_TIME};

	host_send(&call);
	wait_for_the_end();
}

static void greet_with(uint64_t magic, uint64_t version, const char *token)
{
	const struct call call = {.op = HC_HELLO,
				  .arg = {magic, version, HC_FEAT_SHM},
				  .payload = token,
				  .size = text_length(token)};

	host_send(&call);
	wait_for_the_end();
}

void attack_hello_magic(void)
{
	greet_with(HC_MAGIC ^ 1ull << 40, HC_VERSION, "");
}

void attack_hello_version(void)
{
	greet_with(HC_MAGIC, UINT64_MAX, "");
}

void attack_hello_token(void)
{
	greet_with(HC_MAGIC, HC_VERSION, "token");
}

void attack_empty_frame(void)
{
	send_raw((struct hc_request){.length = 0});
}

void attack_short_frame(void)
{
	send_raw((struct hc_request){.length = sizeof(struct hc_request) - 1, .op = HC_TIME});
}

void attack_long_frame(void)
{
	send_raw((struct hc_request){.length = HC_FRAME_MAX + 1, .op = HC_WRITE});
}

void attack_event_tag(void)
{
	send_raw((struct hc_request){
		.length = sizeof(struct hc_request), .op = HC_TIME, .tag = HC_TAG_EVENT});
}

/* Standard input is a pipe that brings nothing: both wait. */
void attack_used_tag(void)
{
	const struct hc_request request = {.length = sizeof(request),
					   .op = HC_READ,
					   .handle = HC_STDIN,
					   .tag = 77,
					   .arg = {1}};

	host_send_bytes(&request, sizeof(request));
	send_raw(request);
}

static void move_tail(uint32_t bytes)
{
	__atomic_store_n(&SHM->to_host_tail, SHM->to_host_tail + bytes, __ATOMIC_SEQ_CST);
	out8(DOORBELL_PORT, 0);
	wait_for_the_end();
}

void attack_tail_far(void)
{
	move_tail(SHM->to_host_size + 1);
}

void attack_tail_back(void)
{
	move_tail(-1u);
}

void attack_head_far(void)
{
	const struct call call = {.op = HC_TIME};

	__atomic_store_n(&SHM->to_guest_head, SHM->to_guest_head + 1, __ATOMIC_SEQ_CST);
	host_send(&call);
	wait_for_the_end();
}

/* Half a frame, and never the rest of it. */
void attack_half_frame(void)
{
	const struct hc_request request = {.length = sizeof(request) + 100, .op = HC_WRITE};

	host_send_bytes(&request, sizeof(request));
	for (;;)
		__asm__ volatile("hlt");
}

void attack_exit_wild(void)
{
	const struct call call = {.op = HC_EXIT, .arg = {-1ull, -1ull, -1ull, -1ull}};

	host_send(&call);
	wait_for_the_end();
}

/* The host itself is to write file data over the channel: structure, indices and both rings. */
void attack_own_channel(void)
{
	static uint8_t ones[HC_SHM_RING_MIN];
	const struct hc_seg from = {(uintptr_t)ones, sizeof(ones)};
	const struct hc_seg to[] = {{CHANNEL_ADDRESS, HC_SHM_RING_MIN},
				    {CHANNEL_ADDRESS + HC_SHM_RING_MIN, 0x20000}};
	int64_t handle = host_call_path(HC_OPEN, "/data/ones", 0102, 0600);
	struct call call = {.op = HC_PWRITE,
			    .flags = HC_FLAG_SEGS,
			    .handle = (uint32_t)handle,
			    .payload = &from,
			    .size = sizeof(from)};

	for (size_t i = 0; i < sizeof(ones); i++)
		ones[i] = 0xff;
	for (uint64_t at = 0; at < HC_SHM_RING_MIN + 0x20000; at += sizeof(ones)) {
		call.arg[1] = at;
		if (host_call(&call) != (int64_t)sizeof(ones))
			host_fail("cannot write the file", (int64_t)at);
	}
	call.op = HC_PREAD;
	call.arg[1] = 0;
	call.payload = to;
	call.size = sizeof(to);
	host_send(&call);
	wait_for_the_end();
}
