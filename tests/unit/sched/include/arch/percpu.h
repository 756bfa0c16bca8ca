/* SPDX-License-Identifier: BSD-3-Clause */
/* Stands in for the kernel's arch/percpu.h: the executing CPU is whichever the test says. */
#ifndef ARCH_PERCPU_H
#define ARCH_PERCPU_H

#include <lib/compiler.h>
#include <lib/types.h>

struct arch_percpu {
	uint32_t work, index;
};

extern struct arch_percpu *fake_percpu;

static inline struct arch_percpu *arch_percpu_this(void)
{
	return fake_percpu;
}

#endif /* ARCH_PERCPU_H */
