/* SPDX-License-Identifier: BSD-3-Clause */
/* The hostile image's notes and its list of attacks. */
#include "hostile.h"

extern char start[], image_start[], image_end[];
void hostile_main(const struct boot_info *boot);

#define XEN_PHYS32_ENTRY 18u

/* Elf64_Nhdr, name and descriptor of both. */
struct notes {
	uint32_t xen_name_size, xen_size, xen_type;
	char xen_name[4];
	uint64_t xen_entry;
	uint32_t name_size, size, type;
	char name[12];
	struct hermit_note note;
} __attribute__((packed, aligned(4)));

__attribute__((section(".note.hostile"), used)) static const struct notes notes = {
	.xen_name_size = 4,
	.xen_size = sizeof(uint64_t),
	.xen_type = XEN_PHYS32_ENTRY,
	.xen_name = "Xen",
	.xen_entry = (uintptr_t)start,
	.name_size = sizeof(HERMIT_NOTE_NAME),
	.size = sizeof(struct hermit_note),
	.type = HERMIT_NOTE_TYPE,
	.name = HERMIT_NOTE_NAME,
	.note = {.abi_version = HERMIT_ABI_VERSION,
		 .hc_version = HC_VERSION,
		 .entry64 = (uintptr_t)start,
		 .image_start = (uintptr_t)image_start,
		 .image_end = (uintptr_t)image_end},
};

/* The test writes the attack's name behind the mark. */
#define MARK_SIZE 15u
static volatile char hostile_attack[64] = "HOSTILE-ATTACK=";

static const struct {
	const char *name;
	attack *act;
	bool greets; /* HELLO is answered before it starts */
} attacks[] = {
	{"answers", attack_answers, true},
	{"large_replies", attack_large_replies, true},
	{"leak", attack_leak, true},
	{"before_hello", attack_before_hello, false},
	{"hello_magic", attack_hello_magic, false},
	{"hello_version", attack_hello_version, false},
	{"hello_token", attack_hello_token, false},
	{"empty_frame", attack_empty_frame, true},
	{"short_frame", attack_short_frame, true},
	{"long_frame", attack_long_frame, true},
	{"event_tag", attack_event_tag, true},
	{"used_tag", attack_used_tag, true},
	{"tail_far", attack_tail_far, true},
	{"tail_back", attack_tail_back, true},
	{"head_far", attack_head_far, true},
	{"half_frame", attack_half_frame, true},
	{"exit_wild", attack_exit_wild, true},
	{"own_channel", attack_own_channel, true},
	{"triple_fault", attack_triple_fault, true},
	{"triple_fault_early", attack_triple_fault, false},
	{"jump_void", attack_jump_void, true},
	{"jump_device", attack_jump_device, true},
	{"ports", attack_ports, true},
	{"registers", attack_registers, true},
	{"void_memory", attack_void_memory, true},
	{"rewritten", attack_rewritten, true},
	{"net", attack_net, true},
	{"net_rewritten", attack_net_rewritten, true},
	{"flood_unread", attack_flood_unread, true},
	{"flood_answered", attack_flood_answered, true},
	{"flood_doorbell", attack_flood_doorbell, true},
	{"flood_doorbell_early", attack_flood_doorbell, false},
	{"flood_console", attack_flood_console, true},
	{"flood_reports", attack_flood_reports, true},
	{"flood_pieces", attack_flood_pieces, true},
};

void hostile_main(const struct boot_info *boot)
{
	char name[sizeof(hostile_attack) - MARK_SIZE];

	for (size_t i = 0; i < sizeof(name); i++)
		name[i] = hostile_attack[MARK_SIZE + i];
	fault_handlers_set();
	if (boot->magic != BOOT_INFO_MAGIC || boot->channel_base != CHANNEL_ADDRESS ||
	    SHM->doorbell != DOORBELL_PORT)
		host_exit(3);
	for (size_t i = 0; i < sizeof(attacks) / sizeof(attacks[0]); i++) {
		if (!text_same(attacks[i].name, name))
			continue;
		if (attacks[i].greets)
			host_greet();
		attacks[i].act();
		host_exit(0);
	}
	host_greet();
	host_fail("no such attack", 0);
}
