/* SPDX-License-Identifier: BSD-3-Clause */
/* Stands in for the kernel's arch/percpu.h: the executing CPU is on whichever node the test says.
 */
#ifndef ARCH_PERCPU_H
#define ARCH_PERCPU_H

#include <lib/compiler.h>
#include <lib/types.h>

#define ARCH_CPU_MAX 512u

struct arch_percpu {
	uint32_t index, node;
};

extern struct arch_percpu host_percpu;

static inline struct arch_percpu *arch_percpu_this(void)
{
	return &host_percpu;
}

static inline unsigned arch_percpu_node(const struct arch_percpu *percpu)
{
	return percpu->node;
}

#endif /* ARCH_PERCPU_H */
