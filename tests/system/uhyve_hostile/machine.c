/* SPDX-License-Identifier: BSD-3-Clause */
/* Ports, registers, page tables, faults, the second processor; see hostile.h. */
#include "hostile.h"

#define TABLES_ADDRESS 0x14000u /* page tables of the first GiB: three levels */
#define LAST_TABLE     (TABLES_ADDRESS + 0x2000u)
#define SECOND_CODE    0x8000u
#define MSR_X2APIC_ICR 0x830u
#define ICR_INIT       0x4500u
#define ICR_STARTUP    0x4600u
#define PAGE_LARGE     0x83u /* present, writable, 2 MiB */
#define WINDOW_ENTRY   511u
#define VECTOR_UD      6u
#define VECTOR_GP      13u
#define VECTOR_PF      14u
#define GATE_PRESENT   0x8eu /* interrupt gate, ring 0 */

extern volatile uint64_t fault_resume;
extern volatile uint32_t fault_seen;
extern char fault_with_code[], fault_without_code[], second_start[], second_start_end[];
void hostile_second(void);
void fault_unexpected(void);

static void (*volatile second_work)(void);

struct gate {
	uint16_t offset0, selector;
	uint8_t stack, type;
	uint16_t offset1;
	uint32_t offset2, reserved;
};

void out8(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

void out16(uint16_t port, uint16_t value)
{
	__asm__ volatile("outw %0, %1" : : "a"(value), "Nd"(port));
}

void out32(uint16_t port, uint32_t value)
{
	__asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port));
}

uint8_t in8(uint16_t port)
{
	uint8_t value;
	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

uint16_t in16(uint16_t port)
{
	uint16_t value;
	__asm__ volatile("inw %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

uint32_t in32(uint16_t port)
{
	uint32_t value;
	__asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

bool msr_read(uint32_t number, uint64_t *value)
{
	uint32_t low = 0, high = 0;

	fault_seen = 0;
	__asm__ volatile("movq $1f, fault_resume\n\trdmsr\n1:\n\t"
			 "movq $fault_unexpected, fault_resume"
			 : "+a"(low), "+d"(high)
			 : "c"(number)
			 : "memory");
	*value = low | (uint64_t)high << 32;
	return !fault_seen;
}

bool msr_write(uint32_t number, uint64_t value)
{
	fault_seen = 0;
	__asm__ volatile("movq $1f, fault_resume\n\twrmsr\n1:\n\t"
			 "movq $fault_unexpected, fault_resume"
			 :
			 : "c"(number), "a"((uint32_t)value), "d"((uint32_t)(value >> 32))
			 : "memory");
	return !fault_seen;
}

volatile uint8_t *map_page(uint64_t gpa)
{
	volatile uint64_t *table = (volatile uint64_t *)(uintptr_t)LAST_TABLE;
	uintptr_t address = (uintptr_t)WINDOW_ENTRY << 21;

	table[WINDOW_ENTRY] = (gpa & ~0x1fffffull) | PAGE_LARGE;
	__asm__ volatile("invlpg (%0)" : : "r"(address) : "memory");
	return (volatile uint8_t *)address + (gpa & 0x1fffff);
}

static void gate_set(struct gate *gate, const char *handler)
{
	uint64_t address = (uintptr_t)handler;

	*gate = (struct gate){.offset0 = (uint16_t)address,
			      .selector = 8,
			      .type = GATE_PRESENT,
			      .offset1 = (uint16_t)(address >> 16),
			      .offset2 = (uint32_t)(address >> 32)};
}

void fault_unexpected(void)
{
	host_exit(4);
}

void fault_handlers_set(void)
{
	static struct gate gates[VECTOR_PF + 1];
	const struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) pointer = {sizeof(gates) - 1, (uintptr_t)gates};

	fault_resume = (uintptr_t)fault_unexpected;
	gate_set(&gates[VECTOR_UD], fault_without_code);
	gate_set(&gates[VECTOR_GP], fault_with_code);
	gate_set(&gates[VECTOR_PF], fault_with_code);
	__asm__ volatile("lidt %0" : : "m"(pointer), "m"(gates));
}

void hostile_second(void)
{
	second_work();
}

void second_start_with(void (*work)(void))
{
	volatile char *to = (volatile char *)(uintptr_t)SECOND_CODE;

	second_work = work;
	for (const char *from = second_start; from < second_start_end; from++)
		*to++ = *from;
	msr_write(MSR_X2APIC_ICR, 1ull << 32 | ICR_INIT);
	msr_write(MSR_X2APIC_ICR, 1ull << 32 | ICR_STARTUP | SECOND_CODE >> 12);
}
