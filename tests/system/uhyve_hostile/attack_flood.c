/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Attacks that do not end by themselves (the user ends the machine), and frames that a second
 * processor rewrites while the host reads them.
 */
#include "hostile.h"

#define REWRITTEN_CALLS 3000u

/* Calls, and no reply is ever taken. */
void attack_flood_unread(void)
{
	const struct call call = {.op = HC_STRINGS};

	for (;;)
		host_send(&call);
}

/* Calls without end, answered. */
void attack_flood_answered(void)
{
	const struct call calls[] = {
		{.op = HC_TIME},
		{.op = 0xffff},
		{.op = HC_CANCEL},
		{.op = HC_OPEN, .payload = "/data/../data/./file", .size = 20}};

	for (;;)
		for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
			if (calls[i].op == HC_CANCEL)
				host_send(&calls[i]);
			else
				host_call(&calls[i]);
}

void attack_flood_doorbell(void)
{
	for (;;)
		out8(DOORBELL_PORT, 0);
}

void attack_flood_console(void)
{
	static const struct boot_console_text good = {39,
						      "The kernel of this machine is hostile.\n"};
	static const struct boot_console_text bad = {BOOT_CONSOLE_TEXT_MAX + 1, "too long"};
	static const uint32_t wild[] = {0xd0000000, 0xfee00000, 0xffffffff,
					0xffffff04, 0xbfffff04, 1};

	for (;;) {
		out32(CONSOLE_PORT, (uint32_t)(uintptr_t)&good);
		out32(CONSOLE_PORT, (uint32_t)(uintptr_t)&bad);
		for (size_t i = 0; i < sizeof(wild) / sizeof(wild[0]); i++)
			out32(CONSOLE_PORT, wild[i]);
	}
}

/* Reports that are nothing but addresses to be looked up in the image's symbols. */
void attack_flood_reports(void)
{
	static char text[HC_FRAME_MAX - sizeof(struct hc_request)];
	static const char address[] = "{0x100000}";

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = address[i % (sizeof(address) - 1)];
	const struct call call = {.op = HC_REPORT, .payload = text, .size = sizeof(text)};
	for (;;)
		host_send(&call);
}

/* Large writes one right behind the other for longer than a frame may take: the host sees the end
 * of one and the beginning of the next. It is to see that the guest gets on. */
void attack_flood_pieces(void)
{
	static uint8_t frames[3 * 40000];
	const struct hc_request request = {.length = 40000, .op = HC_PWRITE, .handle = 0xffffffff};
	uint64_t start = __builtin_ia32_rdtsc(), hz;
	uint32_t sent = 0, taken = 0;

	for (size_t i = 0; i < 3; i++)
		__builtin_memcpy(frames + i * request.length, &request, sizeof(request));
	hz = ((const struct boot_info *)(uintptr_t)0x10000)->tsc_hz;
	host_send_bytes(frames, 20000);
	while (__builtin_ia32_rdtsc() - start < 13 * hz) {
		host_send_bytes(frames + 20000, request.length);
		sent++;
		for (; taken < sent; taken++)
			host_receive();
		for (volatile unsigned i = 0; i < 1000; i++)
			;
	}
	host_send_bytes(frames + 20000, request.length - 20000);
	host_receive();
}

/* The second processor turns bits over in all requests, most often in lengths and segments. */
static void rewrite(void)
{
	volatile uint8_t *ring = (volatile uint8_t *)(uintptr_t)(CHANNEL_ADDRESS + HC_SHM_RING_MIN);
	uint32_t random = 12345;

	for (;;) {
		random = random * 1664525 + 1013904223;
		/* At a frame's first bytes, or anywhere. */
		uint32_t at = random >> 16;
		if (random & 0x100)
			at = at / 80 * 80 + (random >> 4) % 80;
		uint8_t old = ring[at];
		ring[at] = (uint8_t)(old ^ (1u << (random & 7)));
		__asm__ volatile("pause");
		ring[at] = old;
	}
}

/* Frames of 80 bytes: PWRITE and PREAD of two segments, and paths. The channel may break. */
void attack_rewritten(void)
{
	static uint8_t data[8192];
	const struct hc_seg segs[2] = {{(uintptr_t)data, 4096}, {(uintptr_t)data + 4096, 100}};
	int64_t handle = host_call_path(HC_OPEN, "/data/file", 0102, 0600);
	struct call call = {.flags = HC_FLAG_SEGS,
			    .handle = (uint32_t)handle,
			    .payload = segs,
			    .size = sizeof(segs)};
	const struct call path = {
		.op = HC_OPEN, .payload = "/data/../../data/./ghosts/x/file", .size = 32};

	second_start_with(rewrite);
	for (unsigned i = 0; i < REWRITTEN_CALLS; i++) {
		call.op = i % 2 ? HC_PWRITE : HC_PREAD;
		host_send(i % 5 ? &call : &path);
		/* The replies themselves do not count. */
		SHM->to_guest_head = SHM->to_guest_tail;
	}
}
