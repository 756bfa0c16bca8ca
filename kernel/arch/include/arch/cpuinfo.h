/* SPDX-License-Identifier: BSD-3-Clause */
/* What the processors are, for /proc/cpuinfo and /sys/devices/system/cpu. Any context. */
#ifndef ARCH_CPUINFO_H
#define ARCH_CPUINFO_H

#include <lib/compiler.h>
#include <lib/types.h>

/* Where a CPU sits. All CPUs are of one kind: the executing one tells for all. */
struct arch_cpu_place {
	unsigned package, core; /* CORE: within the package */
};
void arch_cpu_place(uint32_t apic_id, struct arch_cpu_place *place);

/* The entry of one CPU in /proc/cpuinfo. */
struct arch_cpuinfo {
	unsigned number;
	uint32_t apic_id;
	unsigned siblings, cores; /* CPUs and cores of its package */
	uint64_t tsc_hz;
};
#define ARCH_CPUINFO_MAX 4096u
/* Writes it to BUFFER (ARCH_CPUINFO_MAX bytes); its length. */
size_t arch_cpuinfo_print(const struct arch_cpuinfo *info, char *buffer);

/* Cache number INDEX (0, 1, ...) of a CPU; false: there are not so many. */
struct arch_cache {
	char type; /* 'D' data, 'I' instructions, 'U' both */
	unsigned level, line_size, ways, partitions, sets;
	unsigned sharing; /* a power of 2: CPUs whose APIC ids are equal when divided by it share it
			   */
};
bool arch_cache_info(unsigned index, struct arch_cache *cache);

#endif /* ARCH_CPUINFO_H */
