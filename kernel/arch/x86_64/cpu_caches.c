/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Caches by CPUID: leaf 4 (Intel SDM vol. 2) or its equal at AMD, 0x8000001d, and on AMD's
 * processors that have neither 0x80000005 and 0x80000006 (APM vol. 3, E.4.4 and E.4.5).
 */
#include <arch/cpuinfo.h>

#include "cpu.h"
#include "x86.h"

#define LEAF_CACHES	  4u
#define LEAF_EXTENDED	  0x80000000u
#define LEAF_AMD_L1	  0x80000005u
#define LEAF_AMD_L2_L3	  0x80000006u
#define LEAF_AMD_CORES	  0x80000008u
#define LEAF_AMD_CACHES	  0x8000001du
#define EXT_1_ECX_TOPOEXT (1u << 22)

/* The one of the first two leaves that this processor has, 0: none. */
static uint32_t cache_leaf(void)
{
	if (x86_cpuid(LEAF_EXTENDED, 0).eax >= LEAF_AMD_CACHES &&
	    x86_cpuid(LEAF_EXTENDED + 1, 0).ecx & EXT_1_ECX_TOPOEXT)
		return LEAF_AMD_CACHES;
	if (x86_cpuid(0, 0).eax >= LEAF_CACHES && x86_cpuid(LEAF_CACHES, 0).eax & 0x1f)
		return LEAF_CACHES;
	return 0;
}

static bool by_leaf(uint32_t number, unsigned index, struct arch_cache *cache)
{
	static const char types[] = {0, 'D', 'I', 'U'};
	struct cpuid leaf = x86_cpuid(number, index);
	unsigned type = leaf.eax & 0x1f;

	if (type == 0 || type >= ARRAY_SIZE(types))
		return false;
	*cache = (struct arch_cache){
		.type = types[type],
		.level = leaf.eax >> 5 & 7,
		.line_size = (leaf.ebx & 0xfff) + 1,
		.partitions = (leaf.ebx >> 12 & 0x3ff) + 1,
		.ways = (leaf.ebx >> 22) + 1,
		.sets = leaf.ecx + 1,
		.sharing = 1u << cpu_ceil_log2((leaf.eax >> 14 & 0xfff) + 1),
	};
	return true;
}

/* Associativity of the second and third level by its code; 0: no cache, or fully associative. */
static unsigned ways_by_code(unsigned code)
{
	static const uint8_t ways[16] = {0, 1, 2, 3, 4, 6, 8, 0, 16, 0, 32, 48, 64, 96, 128, 0};

	return ways[code & 0xf];
}

static bool fill(struct arch_cache *cache, char type, unsigned level, unsigned bytes, unsigned ways,
		 unsigned line)
{
	if (!bytes || !line)
		return false;
	if (!ways)
		ways = bytes / line;
	*cache = (struct arch_cache){
		.type = type,
		.level = level,
		.line_size = line,
		.partitions = 1,
		.ways = ways,
		.sets = bytes / line / ways,
		.sharing = 1,
	};
	return true;
}

static bool by_amd_leaves(unsigned index, struct arch_cache *cache)
{
	struct cpuid first, second;

	if (x86_cpuid(LEAF_EXTENDED, 0).eax < LEAF_AMD_L2_L3)
		return false;
	first = x86_cpuid(LEAF_AMD_L1, 0);
	second = x86_cpuid(LEAF_AMD_L2_L3, 0);
	switch (index) {
	case 0:
		return fill(cache, 'D', 1, (first.ecx >> 24) * 1024, first.ecx >> 16 & 0xff,
			    first.ecx & 0xff);
	case 1:
		return fill(cache, 'I', 1, (first.edx >> 24) * 1024, first.edx >> 16 & 0xff,
			    first.edx & 0xff);
	case 2:
		return fill(cache, 'U', 2, (second.ecx >> 16) * 1024,
			    ways_by_code(second.ecx >> 12), second.ecx & 0xff);
	case 3:
		if (!fill(cache, 'U', 3, (second.edx >> 18) * 512 * 1024,
			  ways_by_code(second.edx >> 12), second.edx & 0xff))
			return false;
		if (x86_cpuid(LEAF_EXTENDED, 0).eax >= LEAF_AMD_CORES)
			cache->sharing =
				1u << cpu_ceil_log2((x86_cpuid(LEAF_AMD_CORES, 0).ecx & 0xff) + 1);
		return true;
	default:
		return false;
	}
}

bool arch_cache_info(unsigned index, struct arch_cache *cache)
{
	uint32_t leaf = cache_leaf();

	return leaf ? by_leaf(leaf, index, cache) : by_amd_leaves(index, cache);
}
