/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What CPUID says of the processors, in Linux's words (Intel SDM vol. 2, CPUID; AMD APM vol. 3,
 * appendix E). Features are in cpu_features.c, caches in cpu_caches.c.
 */
#include <arch/cpuinfo.h>

#include <lib/printf.h>
#include <lib/string.h>
#include <stdarg.h>
#include <stdatomic.h>

#include "cpu.h"
#include "cpu_features.h"
#include "x86.h"

#define LEAF_TOPOLOGY	    0xbu
#define LEAF_EXTENDED	    0x80000000u
#define LEAF_ADDRESS_SIZES  0x80000008u
#define TOPOLOGY_LEVEL_NONE 0u
#define TOPOLOGY_LEVEL_SMT  1u

/* How far to shift an APIC id for the core's and the package's id. */
static void topology_shifts(unsigned *core, unsigned *package)
{
	struct cpuid basic = x86_cpuid(1, 0);

	*core = 0;
	*package = 0;
	if (x86_cpuid(0, 0).eax >= LEAF_TOPOLOGY && x86_cpuid(LEAF_TOPOLOGY, 0).ebx) {
		for (unsigned level = 0;; level++) {
			struct cpuid leaf = x86_cpuid(LEAF_TOPOLOGY, level);
			unsigned kind = leaf.ecx >> 8 & 0xff;

			if (kind == TOPOLOGY_LEVEL_NONE)
				return;
			if (kind == TOPOLOGY_LEVEL_SMT)
				*core = leaf.eax & 0x1f;
			*package = leaf.eax & 0x1f;
		}
	}
	/* Older processors: logical CPUs in a package, if the bit HTT says that there are several.
	 */
	if (basic.edx & 1u << 28)
		*package = cpu_ceil_log2(basic.ebx >> 16 & 0xff);
}

/* Asked once, as CPUID leaves a virtual machine. Any CPU may store it, they all store the same. */
#define SHIFTS_KNOWN 0x80000000u
static _Atomic uint32_t known_shifts;

void arch_cpu_place(uint32_t apic_id, struct arch_cpu_place *place)
{
	uint32_t known = atomic_load_explicit(&known_shifts, memory_order_relaxed);
	unsigned core, package;

	if (!known) {
		topology_shifts(&core, &package);
		known = SHIFTS_KNOWN | package << 8 | core;
		atomic_store_explicit(&known_shifts, known, memory_order_relaxed);
	}
	core = known & 0xff;
	package = known >> 8 & 0xff;
	place->package = apic_id >> package;
	place->core = (apic_id & ((1u << package) - 1)) >> core;
}

static void vendor(char name[13])
{
	struct cpuid leaf = x86_cpuid(0, 0);

	memcpy(name, &leaf.ebx, 4);
	memcpy(name + 4, &leaf.edx, 4);
	memcpy(name + 8, &leaf.ecx, 4);
	name[12] = '\0';
}

/* The brand string without its leading blanks. */
static void model_name(char name[49])
{
	char text[49] = "unknown";
	const char *start = text;

	if (x86_cpuid(LEAF_EXTENDED, 0).eax >= LEAF_EXTENDED + 4) {
		for (unsigned i = 0; i < 3; i++) {
			struct cpuid leaf = x86_cpuid(LEAF_EXTENDED + 2 + i, 0);

			memcpy(text + 16 * i, &leaf, sizeof(leaf));
		}
		text[48] = '\0';
	}
	while (*start == ' ')
		start++;
	strlcpy(name, start, 49);
}

struct model {
	unsigned family, model, stepping;
};

static struct model model_of(uint32_t signature)
{
	struct model m = {
		.family = signature >> 8 & 0xf,
		.model = signature >> 4 & 0xf,
		.stepping = signature & 0xf,
	};

	if (m.family >= 6)
		m.model |= signature >> 12 & 0xf0;
	if (m.family == 0xf)
		m.family += signature >> 20 & 0xff;
	return m;
}

/* Linux's "cache size": the last level's. */
static unsigned last_cache_kib(void)
{
	struct arch_cache cache;
	unsigned kib = 0;

	for (unsigned i = 0; arch_cache_info(i, &cache); i++)
		kib = cache.line_size * cache.partitions * cache.ways * cache.sets / 1024;
	return kib;
}

struct text {
	char *buffer;
	size_t length;
};

static void printf_like(2, 3) add(struct text *text, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	text->length += kvsnprintf(text->buffer + text->length, ARCH_CPUINFO_MAX - text->length,
				   format, args);
	va_end(args);
	if (text->length >= ARCH_CPUINFO_MAX)
		text->length = ARCH_CPUINFO_MAX - 1;
}

static void add_model(struct text *text, uint64_t tsc_hz)
{
	struct model m = model_of(x86_cpuid(1, 0).eax);
	char vendor_name[13], name[49];
	unsigned cache_kib = last_cache_kib();

	vendor(vendor_name);
	model_name(name);
	add(text, "vendor_id\t: %s\ncpu family\t: %u\nmodel\t\t: %u\nmodel name\t: %s\n",
	    vendor_name, m.family, m.model, name);
	add(text, "stepping\t: %u\ncpu MHz\t\t: %llu.%03llu\n", m.stepping,
	    (unsigned long long)(tsc_hz / 1000000), (unsigned long long)(tsc_hz / 1000 % 1000));
	if (cache_kib)
		add(text, "cache size\t: %u KB\n", cache_kib);
}

static void add_sizes(struct text *text, uint64_t tsc_hz)
{
	unsigned line = (x86_cpuid(1, 0).ebx >> 8 & 0xff) * 8;
	unsigned physical = 36, virtual = 48;
	uint64_t bogomips = tsc_hz / 5000; /* hundredths of twice the rate in MHz */

	if (x86_cpuid(LEAF_EXTENDED, 0).eax >= LEAF_ADDRESS_SIZES) {
		physical = x86_cpuid(LEAF_ADDRESS_SIZES, 0).eax & 0xff;
		virtual = x86_cpuid(LEAF_ADDRESS_SIZES, 0).eax >> 8 & 0xff;
	}
	add(text, "bugs\t\t: \nbogomips\t: %llu.%02llu\n", (unsigned long long)(bogomips / 100),
	    (unsigned long long)(bogomips % 100));
	add(text, "clflush size\t: %u\ncache_alignment\t: %u\n", line ? line : 64,
	    line ? line : 64);
	add(text, "address sizes\t: %u bits physical, %u bits virtual\npower management:\n\n",
	    physical, virtual);
}

size_t arch_cpuinfo_print(const struct arch_cpuinfo *info, char *buffer)
{
	struct text text = {.buffer = buffer};
	struct arch_cpu_place place;

	arch_cpu_place(info->apic_id, &place);
	add(&text, "processor\t: %u\n", info->number);
	add_model(&text, info->tsc_hz);
	add(&text, "physical id\t: %u\nsiblings\t: %u\ncore id\t\t: %u\ncpu cores\t: %u\n",
	    place.package, info->siblings, place.core, info->cores);
	add(&text, "apicid\t\t: %u\ninitial apicid\t: %u\n", info->apic_id, info->apic_id);
	add(&text, "fpu\t\t: yes\nfpu_exception\t: yes\ncpuid level\t: %u\nwp\t\t: yes\nflags\t\t:",
	    x86_cpuid(0, 0).eax);
	text.length += cpu_features_print(buffer + text.length, ARCH_CPUINFO_MAX - text.length);
	add(&text, "\n");
	add_sizes(&text, info->tsc_hz);
	return text.length;
}
