/* SPDX-License-Identifier: BSD-3-Clause */
#include "ring_device.h"

#include "../../../kernel/drivers/pci.h"

#include <arch/io.h>
#include <mm/frame.h>
#include <string.h>

#define BASE	  0xfe000000ul
#define REGISTERS 0x20000u

static uint8_t registers[REGISTERS];
static uint16_t vendor, product;
static void (*written)(unsigned offset, uint32_t old);
static unsigned rx_next, tx_next;

static uint32_t get(unsigned offset, unsigned size)
{
	uint32_t value = 0;

	memcpy(&value, registers + offset, size);
	return value;
}

static void set(unsigned offset, uint32_t value, unsigned size)
{
	memcpy(registers + offset, &value, size);
}

static void no_effect(unsigned offset, uint32_t old)
{
	(void)offset, (void)old;
}

static uint32_t (*reading)(unsigned offset, uint32_t value);

static uint32_t plain_value(unsigned offset, uint32_t value)
{
	(void)offset;
	return value;
}

uint32_t unit_register_read(uintptr_t address, unsigned size)
{
	CHECK(address - BASE <= REGISTERS - size);
	return reading((unsigned)(address - BASE), get((unsigned)(address - BASE), size));
}

void unit_register_write(uintptr_t address, uint32_t value, unsigned size)
{
	unsigned offset = (unsigned)(address - BASE);
	uint32_t old;

	CHECK(address - BASE <= REGISTERS - size);
	old = get(offset, size);
	set(offset, value, size);
	written(offset, old);
}

bool pci_find(bool (*match)(uint16_t, uint16_t, uint32_t), uint32_t argument,
	      struct pci_address *out)
{
	*out = (struct pci_address){.device = 3};
	return match(vendor, product, argument);
}

uint8_t pci_read8(struct pci_address address, uint8_t offset)
{
	CHECK(address.device == 3 && offset == PCI_REVISION);
	return 0x20;
}

void pci_enable(struct pci_address address, bool intx)
{
	CHECK(address.device == 3 && intx);
}

uintptr_t pci_map_bar(struct pci_address address, unsigned index, uint32_t offset, size_t size)
{
	CHECK(address.device == 3 && index < 2 && !offset && size <= REGISTERS);
	return BASE;
}

int pci_route_intx(struct pci_address address, unsigned vector)
{
	CHECK_EQ(address.device, 3);
	return irq_route(11, vector, true, false);
}

static void insert(uint16_t card_vendor, uint16_t card_product)
{
	memset(registers, 0, sizeof(registers));
	vendor = card_vendor;
	product = card_product;
	written = no_effect;
	reading = plain_value;
	rx_next = tx_next = 0;
}

static uint8_t *desc(uint64_t ring, unsigned index)
{
	return (uint8_t *)mm_phys_to_virt(ring) + 16ul * index;
}

static void free_buffers(uint64_t ring, unsigned count, unsigned address_offset)
{
	uint64_t address;

	for (unsigned i = 0; i < count; i++) {
		memcpy(&address, desc(ring, i) + address_offset, 8);
		mm_frame_free(ALIGN_DOWN(address, PAGE_SIZE), 0);
	}
	host_reset();
}

static uint64_t get64(unsigned offset)
{
	return get(offset, 4) | (uint64_t)get(offset + 4, 4) << 32;
}

/* 82540EM. */
#define E1000_STATUS 0x8u
#define E1000_ICR    0xc0u
#define E1000_IMS    0xd0u
#define E1000_IMC    0xd8u
#define E1000_RDBAL  0x2800u
#define E1000_RDT    0x2818u
#define E1000_TDBAL  0x3800u
#define E1000_TDT    0x3818u
#define E1000_RINGS  256u

static void e1000_written(unsigned offset, uint32_t old)
{
	if (offset == 0) /* CTRL: a reset is over at once */
		set(0, get(0, 4) & ~(1u << 26), 4);
	if (offset == E1000_IMS)
		set(E1000_IMS, old | get(E1000_IMS, 4), 4);
	if (offset == E1000_IMC)
		set(E1000_IMS, get(E1000_IMS, 4) & ~get(E1000_IMC, 4), 4);
}

static uint32_t e1000_reading(unsigned offset, uint32_t value)
{
	if (offset == E1000_ICR)
		set(E1000_ICR, 0, 4);
	return value;
}

static void e1000_cause(uint32_t bits)
{
	set(E1000_ICR, get(E1000_ICR, 4) | bits, 4);
}

static bool e1000_receive(const void *frame, size_t bytes, size_t size)
{
	uint8_t *d = desc(get64(E1000_RDBAL), rx_next);
	uint64_t address;

	if (rx_next == get(E1000_RDT, 4))
		return false;
	CHECK_EQ(d[12], 0);
	memcpy(&address, d, 8);
	memcpy(mm_phys_to_virt(address), frame, bytes);
	memcpy(d + 8, &size, 2);
	d[12] = 3;
	rx_next = (rx_next + 1) % E1000_RINGS;
	e1000_cause(0x80);
	return true;
}

static size_t e1000_send(uint8_t *out, size_t capacity)
{
	size_t done = 0;

	while (tx_next != get(E1000_TDT, 4)) {
		uint8_t *d = desc(get64(E1000_TDBAL), tx_next);
		uint64_t address;
		uint16_t length;

		memcpy(&address, d, 8);
		memcpy(&length, d + 8, 2);
		CHECK(length && length <= capacity - done);
		memcpy(out + done, mm_phys_to_virt(address), length);
		done += length;
		tx_next = (tx_next + 1) % E1000_RINGS;
		if (!(d[11] & 1))
			continue;
		CHECK_EQ(d[11], 0xb); /* the last one: with FCS, and reported */
		d[12] = 1;
		e1000_cause(1);
		break;
	}
	return done;
}

static void e1000_destroy(void)
{
	free_buffers(get64(E1000_RDBAL), E1000_RINGS, 0);
}

static void e1000_set_link(bool up)
{
	set(E1000_STATUS, up ? 2 : 0, 4);
	e1000_cause(4);
}

static bool e1000_interrupts(void)
{
	return get(E1000_ICR, 4) & get(E1000_IMS, 4);
}

const struct ring_device *ring_device_e1000(void)
{
	static const struct ring_device device = {e1000_receive,  e1000_send,	    e1000_destroy,
						  e1000_set_link, e1000_interrupts, E1000_RINGS};

	insert(0x8086, 0x100e);
	written = e1000_written;
	reading = e1000_reading;
	set(E1000_STATUS, 2, 4);
	set(0x5400, 0x12005452, 4);
	set(0x5404, 0x80005634, 4);
	return &device;
}

/* 8139C+. */
#define RTL_TNPDS 0x20u
#define RTL_CR	  0x37u
#define RTL_IMR	  0x3cu
#define RTL_ISR	  0x3eu
#define RTL_MSR	  0x58u
#define RTL_RDSAR 0xe4u
#define RTL_RINGS 64u
#define RTL_OWN	  0x80000000u
#define RTL_END	  0x40000000u
#define RTL_WHOLE 0x30000000u

static void rtl_written(unsigned offset, uint32_t old)
{
	if (offset == RTL_CR)
		set(RTL_CR, get(RTL_CR, 1) & ~0x10u, 1);
	if (offset == RTL_ISR)
		set(RTL_ISR, old & ~get(RTL_ISR, 2), 2);
}

static void rtl_cause(uint32_t bits)
{
	set(RTL_ISR, get(RTL_ISR, 2) | bits, 2);
}

static unsigned rtl_next(unsigned index, uint32_t status)
{
	CHECK_EQ(!!(status & RTL_END), index == RTL_RINGS - 1);
	return status & RTL_END ? 0 : index + 1;
}

static bool rtl_receive(const void *frame, size_t bytes, size_t size)
{
	uint8_t *d = desc(get64(RTL_RDSAR), rx_next);
	uint64_t address;
	uint32_t status;

	memcpy(&status, d, 4);
	if (!(status & RTL_OWN))
		return false;
	CHECK_EQ(status & 0x1fff, 2048);
	memcpy(&address, d + 8, 8);
	memcpy(mm_phys_to_virt(address), frame, bytes);
	rx_next = rtl_next(rx_next, status);
	status = (status & RTL_END) | RTL_WHOLE | (uint32_t)((size + 4) & 0x1fff);
	memcpy(d, &status, 4);
	rtl_cause(1);
	return true;
}

static size_t rtl_send(uint8_t *out, size_t capacity)
{
	size_t done = 0;

	for (;;) {
		uint8_t *d = desc(get64(RTL_TNPDS), tx_next);
		uint32_t status, length;
		uint64_t address;

		memcpy(&status, d, 4);
		if (!(status & RTL_OWN))
			return done;
		CHECK_EQ(!!(status & 0x20000000), done == 0);
		memcpy(&address, d + 8, 8);
		length = status & 0xffff;
		CHECK(length && length <= capacity - done);
		memcpy(out + done, mm_phys_to_virt(address), length);
		done += length;
		tx_next = rtl_next(tx_next, status);
		d[3] &= 0x7f;
		if (!(status & 0x10000000))
			continue;
		rtl_cause(4);
		return done;
	}
}

static void rtl_destroy(void)
{
	free_buffers(get64(RTL_RDSAR), RTL_RINGS, 8);
}

static void rtl_set_link(bool up)
{
	set(RTL_MSR, up ? 0 : 4, 1);
	rtl_cause(0x20);
}

static bool rtl_interrupts(void)
{
	return get(RTL_ISR, 2) & get(RTL_IMR, 2);
}

const struct ring_device *ring_device_rtl8139(void)
{
	static const struct ring_device device = {rtl_receive,	rtl_send,	rtl_destroy,
						  rtl_set_link, rtl_interrupts, RTL_RINGS};

	insert(0x10ec, 0x8139);
	written = rtl_written;
	set(0, 0x12005452, 4);
	set(4, 0x5634, 2);
	return &device;
}
