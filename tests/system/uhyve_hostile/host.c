/* SPDX-License-Identifier: BSD-3-Clause */
/* The guest's side of the host channel (abi/ring.h), as short as it can be: it polls. */
#include "hostile.h"

uint8_t host_payload[HC_FRAME_MAX];
static uint32_t last_tag;

void *memcpy(void *to, const void *from, size_t size)
{
	void *result = to;
	__asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(size) : : "memory");
	return result;
}

void *memset(void *to, int value, size_t size)
{
	void *result = to;
	__asm__ volatile("rep stosb" : "+D"(to), "+c"(size) : "a"(value) : "memory");
	return result;
}

size_t text_length(const char *text)
{
	size_t length = 0;
	while (text[length])
		length++;
	return length;
}

bool text_same(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

static uint8_t *ring_bytes(uint32_t offset)
{
	return (uint8_t *)(uintptr_t)(CHANNEL_ADDRESS + offset);
}

void host_send_bytes(const void *data, size_t size)
{
	const uint8_t *from = data;
	uint32_t tail = SHM->to_host_tail, ring = SHM->to_host_size;

	while (size > 0) {
		while (tail - SHM->to_host_head >= ring)
			out8(DOORBELL_PORT, 0);
		ring_bytes(SHM->to_host_offset)[tail & (ring - 1)] = *from++;
		tail++;
		size--;
		/* Seldom: the host may look at any time. */
		if (size == 0 || (tail & 0xfff) == 0)
			__atomic_store_n(&SHM->to_host_tail, tail, __ATOMIC_RELEASE);
	}
	out8(DOORBELL_PORT, 0);
}

uint32_t host_next_tag(void)
{
	return ++last_tag;
}

uint32_t host_send(const struct call *call)
{
	struct hc_request request = {.length = (uint32_t)(sizeof(request) + call->size),
				     .op = call->op,
				     .flags = call->flags,
				     .tag = host_next_tag(),
				     .handle = call->handle};

	for (int i = 0; i < 4; i++)
		request.arg[i] = call->arg[i];
	host_send_bytes(&request, sizeof(request));
	if (call->size)
		host_send_bytes(call->payload, call->size);
	return request.tag;
}

static void receive_bytes(uint8_t *to, size_t room, size_t size)
{
	uint32_t head = SHM->to_guest_head, ring = SHM->to_guest_size;

	for (size_t i = 0; i < size; i++) {
		while (head == __atomic_load_n(&SHM->to_guest_tail, __ATOMIC_ACQUIRE))
			__asm__ volatile("pause");
		uint8_t byte = ring_bytes(SHM->to_guest_offset)[head & (ring - 1)];
		if (i < room)
			to[i] = byte;
		head++;
		if (i + 1 == size || (head & 0xfff) == 0) {
			__atomic_store_n(&SHM->to_guest_head, head, __ATOMIC_SEQ_CST);
			if (SHM->host_waits)
				out8(DOORBELL_PORT, 0);
		}
	}
}

struct hc_reply host_receive(void)
{
	struct hc_reply reply;

	receive_bytes((uint8_t *)&reply, sizeof(reply), sizeof(reply));
	receive_bytes(host_payload, sizeof(host_payload), reply.length - sizeof(reply));
	return reply;
}

int64_t host_call(const struct call *call)
{
	uint32_t tag = host_send(call);

	for (;;) {
		struct hc_reply reply = host_receive();
		if (reply.tag == tag)
			return reply.result;
	}
}

int64_t host_call_path(uint16_t op, const char *path, uint64_t arg0, uint64_t arg1)
{
	const struct call call = {
		.op = op, .arg = {arg0, arg1}, .payload = path, .size = text_length(path)};

	return host_call(&call);
}

void host_greet(void)
{
	const struct call call = {.op = HC_HELLO, .arg = {HC_MAGIC, HC_VERSION, HC_FEAT_SHM}};

	if (host_call(&call) < 0)
		host_exit(2);
}

void host_exit(unsigned status)
{
	const struct call call = {.op = HC_EXIT, .arg = {status}};

	host_send(&call);
	for (;;)
		__asm__ volatile("hlt");
}

void host_fail(const char *what, int64_t number)
{
	static char text[160];
	char digits[24];
	size_t size = 0, count = 0;
	uint64_t rest = number < 0 ? -(uint64_t)number : (uint64_t)number;

	while (what[size] && size < 120) {
		text[size] = what[size];
		size++;
	}
	text[size++] = ':';
	text[size++] = ' ';
	if (number < 0)
		text[size++] = '-';
	do {
		digits[count++] = (char)('0' + rest % 10);
		rest /= 10;
	} while (rest);
	while (count)
		text[size++] = digits[--count];
	text[size++] = '\n';
	const struct call call = {
		.op = HC_WRITE, .handle = HC_STDOUT, .payload = text, .size = size};
	host_call(&call);
	host_exit(1);
}
