/* SPDX-License-Identifier: BSD-3-Clause */
/* What CPUID tells, in the words of Linux's /proc/cpuinfo (Intel SDM vol. 2, CPUID; AMD APM vol. 3,
 * E.3). */
#include <arch/cpu.h>
#include <lib/printf.h>
#include <lib/string.h>

#include "x86.h"

enum word {
	WORD_1_EDX,
	WORD_1_ECX,
	WORD_7_EBX,
	WORD_7_ECX,
	WORD_EXT_EDX,
	WORD_EXT_ECX,
	WORD_COUNT
};

static const struct flag {
	uint8_t word, bit;
	const char *name;
} flags[] = {
	{WORD_1_EDX, 0, "fpu"},
	{WORD_1_EDX, 4, "tsc"},
	{WORD_1_EDX, 5, "msr"},
	{WORD_1_EDX, 6, "pae"},
	{WORD_1_EDX, 8, "cx8"},
	{WORD_1_EDX, 9, "apic"},
	{WORD_1_EDX, 13, "pge"},
	{WORD_1_EDX, 15, "cmov"},
	{WORD_1_EDX, 16, "pat"},
	{WORD_1_EDX, 19, "clflush"},
	{WORD_1_EDX, 23, "mmx"},
	{WORD_1_EDX, 24, "fxsr"},
	{WORD_1_EDX, 25, "sse"},
	{WORD_1_EDX, 26, "sse2"},
	{WORD_1_EDX, 28, "ht"},
	{WORD_EXT_EDX, 11, "syscall"},
	{WORD_EXT_EDX, 20, "nx"},
	{WORD_EXT_EDX, 26, "pdpe1gb"},
	{WORD_EXT_EDX, 27, "rdtscp"},
	{WORD_EXT_EDX, 29, "lm"},
	{WORD_1_ECX, 0, "pni"},
	{WORD_1_ECX, 1, "pclmulqdq"},
	{WORD_1_ECX, 9, "ssse3"},
	{WORD_1_ECX, 12, "fma"},
	{WORD_1_ECX, 13, "cx16"},
	{WORD_1_ECX, 19, "sse4_1"},
	{WORD_1_ECX, 20, "sse4_2"},
	{WORD_1_ECX, 21, "x2apic"},
	{WORD_1_ECX, 22, "movbe"},
	{WORD_1_ECX, 23, "popcnt"},
	{WORD_1_ECX, 24, "tsc_deadline_timer"},
	{WORD_1_ECX, 25, "aes"},
	{WORD_1_ECX, 26, "xsave"},
	{WORD_1_ECX, 28, "avx"},
	{WORD_1_ECX, 29, "f16c"},
	{WORD_1_ECX, 30, "rdrand"},
	{WORD_1_ECX, 31, "hypervisor"},
	{WORD_EXT_ECX, 0, "lahf_lm"},
	{WORD_EXT_ECX, 5, "abm"},
	{WORD_EXT_ECX, 6, "sse4a"},
	{WORD_7_EBX, 0, "fsgsbase"},
	{WORD_7_EBX, 3, "bmi1"},
	{WORD_7_EBX, 5, "avx2"},
	{WORD_7_EBX, 8, "bmi2"},
	{WORD_7_EBX, 9, "erms"},
	{WORD_7_EBX, 16, "avx512f"},
	{WORD_7_EBX, 17, "avx512dq"},
	{WORD_7_EBX, 18, "rdseed"},
	{WORD_7_EBX, 19, "adx"},
	{WORD_7_EBX, 23, "clflushopt"},
	{WORD_7_EBX, 24, "clwb"},
	{WORD_7_EBX, 28, "avx512cd"},
	{WORD_7_EBX, 29, "sha_ni"},
	{WORD_7_EBX, 30, "avx512bw"},
	{WORD_7_EBX, 31, "avx512vl"},
	{WORD_7_ECX, 1, "avx512vbmi"},
	{WORD_7_ECX, 9, "vaes"},
	{WORD_7_ECX, 22, "rdpid"},
};

struct text {
	char *buffer;
	size_t size, length;
};

static void add(struct text *text, const char *name, const char *value)
{
	size_t at = MIN(text->length, text->size);

	text->length += ksnprintf(text->buffer + at, text->size - at, "%s%s", name, value);
}

static void add_flags(struct text *text)
{
	struct cpuid one = x86_cpuid(1, 0), extended = x86_cpuid(0x80000001, 0);
	struct cpuid seven = x86_cpuid(0, 0).eax >= 7 ? x86_cpuid(7, 0) : (struct cpuid){0};
	const uint32_t words[WORD_COUNT] = {
		[WORD_1_EDX] = one.edx,	       [WORD_1_ECX] = one.ecx,
		[WORD_7_EBX] = seven.ebx,      [WORD_7_ECX] = seven.ecx,
		[WORD_EXT_EDX] = extended.edx, [WORD_EXT_ECX] = extended.ecx,
	};

	add(text, "flags\t\t:", "");
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		if (words[flags[i].word] & 1u << flags[i].bit)
			add(text, " ", flags[i].name);
	add(text, "\n", "");
}

/* Vendor, from leaf 0, and the name, from three extended leaves. */
static void add_names(struct text *text)
{
	struct cpuid zero = x86_cpuid(0, 0);
	char vendor[13] = "", name[49] = "";

	memcpy(vendor, &zero.ebx, 4);
	memcpy(vendor + 4, &zero.edx, 4);
	memcpy(vendor + 8, &zero.ecx, 4);
	for (uint32_t i = 0; i < 3 && x86_cpuid(0x80000000, 0).eax >= 0x80000004; i++) {
		struct cpuid part = x86_cpuid(0x80000002 + i, 0);

		memcpy(name + 16 * i, &part, 16);
	}
	add(text, "vendor_id\t: ", vendor);
	add(text, "\nmodel name\t: ", name);
	add(text, "\n", "");
}

size_t arch_cpu_describe(char *buffer, size_t size)
{
	struct text text = {buffer, size, 0};
	uint32_t version = x86_cpuid(1, 0).eax;
	uint32_t family = version >> 8 & 0xf, model = version >> 4 & 0xf;
	char numbers[128];

	if (family == 6 || family == 15)
		model |= version >> 12 & 0xf0;
	if (family == 15)
		family += version >> 20 & 0xff;
	add_names(&text);
	ksnprintf(numbers, sizeof(numbers), "cpu family\t: %u\nmodel\t\t: %u\nstepping\t: %u\n",
		  family, model, version & 0xf);
	add(&text, numbers, "");
	add_flags(&text);
	return text.length;
}
