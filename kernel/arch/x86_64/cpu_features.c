/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Names of CPU features as Linux writes them in /proc/cpuinfo, by CPUID leaf, register and bit
 * (Intel SDM vol. 2, CPUID; AMD APM vol. 3, appendix E), in the order of Linux's list.
 */
#include "cpu_features.h"

#include <lib/compiler.h>
#include <lib/string.h>

#include "x86.h"

enum reg { EAX, EBX, ECX, EDX };

/* The names of one register's bits, 0 first, blanks between; "-": no name, or not ours. */
struct feature_word {
	uint32_t leaf, subleaf;
	enum reg reg;
	const char *names;
};

static const struct feature_word words[] = {
	{1, 0, EDX,
	 "fpu vme de pse tsc msr pae mce cx8 apic - sep mtrr pge mca cmov pat pse36 pn clflush - "
	 "dts acpi mmx fxsr sse sse2 ss ht tm ia64 pbe"},
	{0x80000001, 0, EDX,
	 "- - - - - - - - - - - syscall - - - - - - - mp nx - mmxext - - fxsr_opt pdpe1gb rdtscp - "
	 "lm 3dnowext 3dnow"},
	{0x80000007, 0, EDX, "- - - - - - - - constant_tsc"},
	{0x80000007, 0, EDX, "- - - - - - - - nonstop_tsc"},
	{1, 0, ECX,
	 "pni pclmulqdq dtes64 monitor ds_cpl vmx smx est tm2 ssse3 cid sdbg fma cx16 xtpr pdcm - "
	 "pcid dca sse4_1 sse4_2 x2apic movbe popcnt tsc_deadline_timer aes xsave - avx f16c "
	 "rdrand hypervisor"},
	{0x80000001, 0, ECX,
	 "lahf_lm cmp_legacy svm extapic cr8_legacy abm sse4a misalignsse 3dnowprefetch osvw ibs "
	 "xop skinit wdt - lwp fma4 tce - nodeid_msr - tbm topoext perfctr_core perfctr_nb - "
	 "bpext ptsc perfctr_llc mwaitx"},
	{7, 0, EDX, "- - - - - - - - - - - - - - - - - - - - - - - - - - ibrs stibp - - - ssbd"},
	{7, 0, EBX,
	 "fsgsbase tsc_adjust sgx bmi1 hle avx2 - smep bmi2 erms invpcid rtm cqm - mpx rdt_a "
	 "avx512f avx512dq rdseed adx smap avx512ifma - clflushopt clwb intel_pt avx512pf "
	 "avx512er avx512cd sha_ni avx512bw avx512vl"},
	{0xd, 1, EAX, "xsaveopt xsavec xgetbv1 xsaves xfd"},
	{7, 1, EAX,
	 "- - - - avx_vnni avx512_bf16 - cmpccxadd - - fzrm fsrs fsrc - - - - - - - - "
	 "amx_fp16 - avx_ifma"},
	{0x80000008, 0, EBX,
	 "clzero irperf xsaveerptr - rdpru - - - - wbnoinvd - - - - - - - - - - - - - amd_ppin "
	 "amd_ssbd virt_ssbd"},
	{6, 0, EAX, "- - arat"},
	{7, 0, ECX,
	 "- avx512vbmi umip pku - waitpkg avx512_vbmi2 - gfni vaes vpclmulqdq avx512_vnni "
	 "avx512_bitalg tme avx512_vpopcntdq - - - - - - - rdpid - bus_lock_detect cldemote - "
	 "movdiri movdir64b enqcmd"},
	{7, 0, EDX,
	 "- - avx512_4vnniw avx512_4fmaps fsrm - - - avx512_vp2intersect - md_clear - - - "
	 "serialize - tsxldtrk - pconfig arch_lbr - - amx_bf16 avx512_fp16 amx_tile amx_int8 - - "
	 "flush_l1d arch_capabilities"},
};

static bool leaf_exists(uint32_t leaf)
{
	return x86_cpuid(leaf & 0x80000000u, 0).eax >= leaf;
}

static uint32_t register_of(const struct feature_word *word)
{
	struct cpuid r;

	if (!leaf_exists(word->leaf))
		return 0;
	r = x86_cpuid(word->leaf, word->subleaf);
	switch (word->reg) {
	case EAX:
		return r.eax;
	case EBX:
		return r.ebx;
	case ECX:
		return r.ecx;
	default:
		return r.edx;
	}
}

static size_t put_name(char *buffer, size_t size, const char *name, size_t length)
{
	if (length + 2 > size)
		return 0;
	buffer[0] = ' ';
	memcpy(buffer + 1, name, length);
	buffer[length + 1] = '\0';
	return length + 1;
}

size_t cpu_features_print(char *buffer, size_t size)
{
	size_t used = 0;

	buffer[0] = '\0';
	for (unsigned i = 0; i < ARRAY_SIZE(words); i++) {
		uint32_t bits = register_of(&words[i]);
		const char *name = words[i].names;

		for (unsigned bit = 0; *name; bit++) {
			size_t length = 0;

			while (name[length] && name[length] != ' ')
				length++;
			if (bits >> bit & 1 && name[0] != '-')
				used += put_name(buffer + used, size - used, name, length);
			name += length + (name[length] == ' ');
		}
	}
	return used;
}
