/* SPDX-License-Identifier: BSD-3-Clause */
/* In the kernel's place: device registers are functions of the test. */
#ifndef ARCH_IO_H
#define ARCH_IO_H

#include <lib/compiler.h>
#include <lib/types.h>

/* SIZE: 1, 2 or 4 bytes. */
uint32_t unit_register_read(uintptr_t address, unsigned size);
void unit_register_write(uintptr_t address, uint32_t value, unsigned size);

static inline uint8_t arch_mmio_read8(uintptr_t address)
{
	return (uint8_t)unit_register_read(address, 1);
}

static inline uint16_t arch_mmio_read16(uintptr_t address)
{
	return (uint16_t)unit_register_read(address, 2);
}

static inline uint32_t arch_mmio_read32(uintptr_t address)
{
	return unit_register_read(address, 4);
}

static inline void arch_mmio_write8(uintptr_t address, uint8_t value)
{
	unit_register_write(address, value, 1);
}

static inline void arch_mmio_write16(uintptr_t address, uint16_t value)
{
	unit_register_write(address, value, 2);
}

static inline void arch_mmio_write32(uintptr_t address, uint32_t value)
{
	unit_register_write(address, value, 4);
}

uintptr_t arch_mmio_map(paddr_t address, size_t size);

static inline void arch_mb(void)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

#endif /* ARCH_IO_H */
