/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The hostile image: what its attacks share. It runs in ring 0 on isle uhyve's first page tables
 * (the first GiB one to one), without interrupts, and speaks the host channel by itself.
 *
 * An attack is a function; the test writes its name into the image (hostile_attack). It returns
 * when the machine still runs as it should; the image then ends with status 0. host_fail() ends it
 * with status 1.
 */
#ifndef HOSTILE_H
#define HOSTILE_H

#include <abi/boot_info.h>
#include <abi/hostcall.h>
#include <abi/ring.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CHANNEL_ADDRESS 0x20000u /* as in boot_info; main() checks it */
#define DOORBELL_PORT	0x600u
#define CONSOLE_PORT	0x610u
#define SHM		((volatile struct hc_shm *)(uintptr_t)CHANNEL_ADDRESS)

/* The test starts the machine with 3200 MiB: memory, the devices' hole, memory again. */
#define GIB	   (1ull << 30)
#define LOW_END	   (3 * GIB)
#define HIGH_START (4 * GIB)
#define HIGH_END   (HIGH_START + (128ull << 20))

typedef void attack(void);

struct call {
	uint16_t op, flags;
	uint32_t handle;
	uint64_t arg[4];
	const void *payload;
	size_t size;
};

/* machine.c */
void out8(uint16_t port, uint8_t value);
void out16(uint16_t port, uint16_t value);
void out32(uint16_t port, uint32_t value);
uint8_t in8(uint16_t port);
uint16_t in16(uint16_t port);
uint32_t in32(uint16_t port);
/* False: it gave a general protection fault. */
bool msr_read(uint32_t number, uint64_t *value);
bool msr_write(uint32_t number, uint64_t value);
/* Makes the 2 MiB page at GPA visible; its address. */
volatile uint8_t *map_page(uint64_t gpa);
void fault_handlers_set(void);
/* Starts the second vCPU in WORK. */
void second_start_with(void (*work)(void));

/* host.c */
void host_greet(void);
uint32_t host_next_tag(void);
/* Bytes as they are; rings. */
void host_send_bytes(const void *data, size_t size);
/* A whole request; its tag. */
uint32_t host_send(const struct call *call);
/* The next reply, its payload in host_payload, cut where it does not fit. */
struct hc_reply host_receive(void);
extern uint8_t host_payload[HC_FRAME_MAX];
/* Request and reply. */
int64_t host_call(const struct call *call);
int64_t host_call_path(uint16_t op, const char *path, uint64_t arg0, uint64_t arg1);
_Noreturn void host_exit(unsigned status);
/* Writes "WHAT: NUMBER" to standard output and ends with status 1. */
_Noreturn void host_fail(const char *what, int64_t number);
void *memcpy(void *to, const void *from, size_t size);
void *memset(void *to, int value, size_t size);
size_t text_length(const char *text);
bool text_same(const char *a, const char *b);

/* The attacks. */
attack attack_answers, attack_large_replies, attack_leak;
attack attack_before_hello, attack_hello_magic, attack_hello_version, attack_hello_token,
	attack_empty_frame, attack_short_frame, attack_long_frame, attack_event_tag,
	attack_used_tag, attack_tail_far, attack_tail_back, attack_head_far, attack_half_frame,
	attack_exit_wild, attack_own_channel;
attack attack_triple_fault, attack_jump_void, attack_jump_device, attack_ports, attack_registers,
	attack_void_memory;
attack attack_net, attack_net_rewritten;
attack attack_rewritten, attack_flood_unread, attack_flood_answered, attack_flood_doorbell,
	attack_flood_console, attack_flood_reports, attack_flood_pieces;

#endif /* HOSTILE_H */
