/* SPDX-License-Identifier: BSD-3-Clause */
/* Port and memory-mapped device registers. The only place with volatile. */
#ifndef ARCH_IO_H
#define ARCH_IO_H

#include <lib/compiler.h>
#include <lib/types.h>

static inline void arch_io_out8(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %1" ::"a"(value), "Nd"(port) : "memory");
}

static inline void arch_io_out16(uint16_t port, uint16_t value)
{
	__asm__ volatile("outw %0, %1" ::"a"(value), "Nd"(port) : "memory");
}

static inline void arch_io_out32(uint16_t port, uint32_t value)
{
	__asm__ volatile("outl %0, %1" ::"a"(value), "Nd"(port) : "memory");
}

static inline uint8_t arch_io_in8(uint16_t port)
{
	uint8_t value;

	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port) : "memory");
	return value;
}

static inline uint16_t arch_io_in16(uint16_t port)
{
	uint16_t value;

	__asm__ volatile("inw %1, %0" : "=a"(value) : "Nd"(port) : "memory");
	return value;
}

static inline uint32_t arch_io_in32(uint16_t port)
{
	uint32_t value;

	__asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port) : "memory");
	return value;
}

static inline uint8_t arch_mmio_read8(uintptr_t address)
{
	return *(const volatile uint8_t *)address;
}

static inline uint16_t arch_mmio_read16(uintptr_t address)
{
	return *(const volatile uint16_t *)address;
}

static inline uint32_t arch_mmio_read32(uintptr_t address)
{
	return *(const volatile uint32_t *)address;
}

static inline void arch_mmio_write8(uintptr_t address, uint8_t value)
{
	*(volatile uint8_t *)address = value;
}

static inline void arch_mmio_write16(uintptr_t address, uint16_t value)
{
	*(volatile uint16_t *)address = value;
}

static inline void arch_mmio_write32(uintptr_t address, uint32_t value)
{
	*(volatile uint32_t *)address = value;
}

/*
 * Maps SIZE bytes of device registers at physical ADDRESS, uncached, for ever; the virtual address,
 * or 0 when memory for page tables is short.
 */
uintptr_t arch_mmio_map(paddr_t address, size_t size);

/* Orders memory accesses as devices see them (x86: stores are ordered; against reordering of a
 * store and a later load a fence is needed). */
static always_inline void arch_mb(void)
{
	__asm__ volatile("mfence" ::: "memory");
}

#endif /* ARCH_IO_H */
