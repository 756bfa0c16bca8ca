/* SPDX-License-Identifier: BSD-3-Clause */
/* Attacks with instructions: faults that nobody handles, ports, registers, memory that is not
 * there. */
#include "hostile.h"

#define VOID_ADDRESS	 0xd0000000ull /* in the hole below 4 GiB */
#define IO_APIC_ADDRESS	 0xfec00000ull
#define LOCAL_APIC	 0xfee00000ull
#define KVM_PAGES	 0xfffbc000ull /* of KVM's own, for real mode */
#define MSR_KVM_CLOCK	 0x4b564d01u
#define MSR_TSC_DEADLINE 0x6e0u

void attack_triple_fault(void)
{
	const struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) nothing = {0, 0};

	__asm__ volatile("lidt %0\n\tud2" : : "m"(nothing));
}

static void jump(uint64_t gpa)
{
	volatile uint8_t *code = map_page(gpa);

	__asm__ volatile("jmp *%0" : : "r"(code));
}

void attack_jump_void(void)
{
	jump(VOID_ADDRESS);
}

void attack_jump_device(void)
{
	jump(IO_APIC_ADDRESS);
}

/* Strings of bytes to and from a port. */
static void strings(uint16_t port)
{
	static uint8_t bytes[8192];
	void *at = bytes;
	size_t count = sizeof(bytes);

	__asm__ volatile("rep insb" : "+D"(at), "+c"(count) : "d"(port) : "memory");
	at = bytes;
	count = sizeof(bytes) / 2;
	__asm__ volatile("rep outsw" : "+S"(at), "+c"(count) : "d"(port) : "memory");
	at = bytes;
	count = sizeof(bytes) / 4;
	__asm__ volatile("rep outsl" : "+S"(at), "+c"(count) : "d"(port) : "memory");
}

/* All around the devices, and here and there in between; the last ones reach over the end. */
void attack_ports(void)
{
	uint32_t step = 1;

	for (uint32_t port = 0; port <= UINT16_MAX; port += step) {
		bool device = port >= DOORBELL_PORT - 8 && port < CONSOLE_PORT + 8;
		step = device || port > UINT16_MAX - 8 ? 1 : port % 251 + 1;
		if (port + step > UINT16_MAX - 8 && port < UINT16_MAX - 8)
			step = UINT16_MAX - 8 - port;
		in8((uint16_t)port);
		in16((uint16_t)port);
		in32((uint16_t)port);
		/* The old interrupt controllers and the speaker are KVM's own. */
		out8((uint16_t)port, (uint8_t)port);
		out16((uint16_t)port, 0xffff);
		out32((uint16_t)port, 0xffffffff);
	}
	strings(DOORBELL_PORT);
	strings(CONSOLE_PORT);
	strings(UINT16_MAX);
}

static void expect_refused(uint32_t number)
{
	uint64_t value;

	if (msr_read(number, &value))
		host_fail("a register that could be read", number);
	if (msr_write(number, 0))
		host_fail("a register that could be written", number);
}

void attack_registers(void)
{
	static const uint64_t wild[] = {VOID_ADDRESS | 1, UINT64_MAX, 1ull << 52 | 1,
					LOW_END - 16 + 1, 0xff1};
	static const uint32_t refused[] = {0x17,       /* platform */
					   0x1d9,      /* debug control */
					   0x3a,       /* features */
					   0x79,       /* microcode */
					   0x186,      /* performance counters */
					   0x480,      /* VMX */
					   0x570,      /* processor trace */
					   0xc0010015, /* AMD: hardware configuration */
					   0xc0010114, /* AMD: SVM */
					   0xc0010117,
					   0x40000000 /* Hyper-V */,
					   0x4b564d02 /* page faults without waiting */,
					   0x4b564d03 /* stolen time */,
					   0x12345678,
					   0xffffffff};

	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		expect_refused(refused[i]);
	for (uint32_t i = 0; i < 4000; i += 7)
		expect_refused(0xc0011000 + i);
	/* What is allowed, with impossible values. */
	for (size_t i = 0; i < sizeof(wild) / sizeof(wild[0]); i++) {
		msr_write(MSR_KVM_CLOCK, wild[i]);
		msr_write(MSR_TSC_DEADLINE, wild[i]);
		for (uint32_t number = 0x800; number < 0x840; number++)
			if (number != 0x80f && number != 0x830) /* keep it on, and send nothing */
				msr_write(number, wild[i]);
	}
}

/* All sizes, aligned and not; then across its page's end, and with strings. */
static void touch(uint64_t gpa)
{
	volatile uint8_t *at = map_page(gpa);
	const void *from = (const void *)(uintptr_t)at;
	void *to = (void *)(uintptr_t)(at + 64);
	size_t count = 16;

	for (unsigned i = 0; i < 16; i++) {
		(void)at[i];
		(void)*(volatile uint16_t *)(at + i);
		(void)*(volatile uint32_t *)(at + i);
		(void)*(volatile uint64_t *)(at + i);
		at[i] = 0xaa;
		*(volatile uint16_t *)(at + i) = 0xaaaa;
		*(volatile uint32_t *)(at + i) = 0xaaaaaaaa;
		*(volatile uint64_t *)(at + i) = UINT64_MAX;
	}
	(void)*(volatile uint64_t *)(at + 4093);
	*(volatile uint64_t *)(at + 4093) = 0;
	__asm__ volatile("rep movsq" : "+S"(from), "+D"(to), "+c"(count) : : "memory");
}

void attack_void_memory(void)
{
	static const uint64_t places[] = {LOW_END,	  VOID_ADDRESS,	 IO_APIC_ADDRESS,
					  LOCAL_APIC,	  0xfef00000ull, HIGH_END,
					  HIGH_END + GIB, 1ull << 39,	 (1ull << 40) - (2 << 20)};

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		touch(places[i]);
	/* Memory and void in one access. */
	volatile uint8_t *edge = map_page(LOW_END - (2 << 20));
	edge[(2 << 20) - 1] = 1;
	(void)*map_page(KVM_PAGES);
}
