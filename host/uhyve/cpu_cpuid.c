/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * CPUID of the guest: what KVM supports, without what a guest has no use for or must not have.
 * Intel SDM vol. 2, CPUID; AMD APM vol. 3, appendix E; KVM's leaves: Linux,
 * Documentation/virt/kvm/x86/cpuid.rst.
 */
#include "cpu.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#define ENTRIES_FIRST	  80u
#define ENTRIES_MAX	  1024u

#define LEAF_HYPERVISOR	  0x40000000u
#define LEAF_KVM_FEATURES 0x40000001u
#define LEAF_TIMING	  0x40000010u
#define APIC_BUS_KHZ	  1000000u		   /* KVM's local APIC counts nanoseconds */
#define KVM_FEATURES	  ((1u << 3) | (1u << 24)) /* kvmclock, and that it is stable */

#define FEATURES_1_ECX_SET                                                                         \
	((1u << 31) | (1u << 24) | (1u << 21)) /* hypervisor, deadline, x2APIC                     \
						*/
#define FEATURES_1_EBX_KEEP 0x0000ffffu

enum reg { EAX, EBX, ECX, EDX, REGS };

/* Bits that are taken away. A leaf that is gone as a whole: all bits of all registers. */
static const struct {
	uint32_t leaf;
	enum reg reg;
	uint32_t bits;
} hidden[] = {
	/* MONITOR, VMX, SMX, performance capabilities */
	{1, ECX, (1u << 3) | (1u << 5) | (1u << 6) | (1u << 15)},
	/* machine check, memory type ranges: registers that the guest may not use */
	{1, EDX, (1u << 7) | (1u << 12) | (1u << 14)},
	/* SGX, resource monitoring and allocation, processor trace */
	{7, EBX, (1u << 2) | (1u << 12) | (1u << 15) | (1u << 25)},
	/* SGX launch control */
	{7, ECX, 1u << 30},
	/* PCONFIG, architectural last branch records */
	{7, EDX, (1u << 18) | (1u << 19)},
	/* SVM, IBS, SKINIT, watchdog, performance counters */
	{0x80000001, ECX,
	 (1u << 2) | (1u << 10) | (1u << 12) | (1u << 13) | (1u << 23) | (1u << 24) | (1u << 28)},
};

/* Performance monitoring, SGX, processor trace, resource allocation, SVM, IBS, encryption. */
static const uint32_t hidden_leaves[] = {0xa,	     0xf,	 0x10,	     0x12,
					 0x14,	     0x1c,	 0x8000000a, 0x8000001b,
					 0x8000001f, 0x80000020, 0x80000022};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static uint32_t *entry_reg(struct kvm_cpuid_entry2 *entry, enum reg reg)
{
	uint32_t *const regs[REGS] = {&entry->eax, &entry->ebx, &entry->ecx, &entry->edx};

	return regs[reg];
}

static void hide(struct kvm_cpuid_entry2 *entry)
{
	for (size_t i = 0; i < COUNT(hidden); i++)
		if (entry->function == hidden[i].leaf && entry->index == 0)
			*entry_reg(entry, hidden[i].reg) &= ~hidden[i].bits;
	for (size_t i = 0; i < COUNT(hidden_leaves); i++)
		if (entry->function == hidden_leaves[i])
			entry->eax = entry->ebx = entry->ecx = entry->edx = 0;
}

/* One thread per core, all cores in one package. */
static void describe_level(struct kvm_cpuid_entry2 *entry, unsigned cpus)
{
	unsigned bits = 0;

	while (1u << bits < cpus)
		bits++;
	entry->eax = entry->index == 1 ? bits : 0;
	entry->ebx = entry->index == 0 ? 1 : entry->index == 1 ? cpus : 0;
	entry->ecx = entry->index | (entry->index < 2 ? (entry->index + 1) << 8 : 0);
}

static void describe(struct kvm_cpuid_entry2 *entry, unsigned cpus)
{
	switch (entry->function) {
	case 0xb:
	case 0x1f:
		describe_level(entry, cpus);
		break;
	case 0x80000008:
		entry->ecx = (entry->ecx & ~0xf0ffu) | ((cpus - 1) & 0xff);
		break;
	case 1:
		entry->ecx |= FEATURES_1_ECX_SET;
		entry->ebx = (entry->ebx & FEATURES_1_EBX_KEEP) | (cpus > 255 ? 255 : cpus) << 16;
		break;
	case LEAF_HYPERVISOR:
		entry->eax = LEAF_TIMING;
		break;
	case LEAF_KVM_FEATURES:
		entry->eax &= KVM_FEATURES;
		entry->edx = 0;
		break;
	default:
		break;
	}
}

/* KVM_GET_SUPPORTED_CPUID with room for SPARE more entries. */
static struct kvm_cpuid2 *get_supported(const struct vm *vm, unsigned spare,
					struct uhyve_error *error)
{
	int err = E2BIG;

	for (unsigned room = ENTRIES_FIRST; err == E2BIG && room <= ENTRIES_MAX; room *= 2) {
		struct kvm_cpuid2 *cpuid =
			calloc(1, sizeof(*cpuid) + (room + spare) * sizeof(cpuid->entries[0]));
		if (!cpuid) {
			err = ENOMEM;
			break;
		}
		cpuid->nent = room;
		if (ioctl(vm->kvm_fd, KVM_GET_SUPPORTED_CPUID, cpuid) == 0)
			return cpuid;
		err = errno;
		free(cpuid);
	}
	uhyve_fail(error, -err, "KVM: features of the processor: %s", strerror(err));
	return NULL;
}

struct kvm_cpuid2 *cpu_cpuid_create(const struct vm *vm, unsigned cpus, uint64_t tsc_khz,
				    struct uhyve_error *error)
{
	struct kvm_cpuid2 *cpuid = get_supported(vm, 1, error);

	if (!cpuid)
		return NULL;
	for (unsigned i = 0; i < cpuid->nent; i++) {
		hide(&cpuid->entries[i]);
		describe(&cpuid->entries[i], cpus);
	}
	cpuid->entries[cpuid->nent++] = (struct kvm_cpuid_entry2){
		.function = LEAF_TIMING, .eax = (uint32_t)tsc_khz, .ebx = APIC_BUS_KHZ};
	return cpuid;
}

int cpu_cpuid_apply(int vcpu_fd, struct kvm_cpuid2 *cpuid, unsigned index,
		    struct uhyve_error *error)
{
	for (unsigned i = 0; i < cpuid->nent; i++) {
		struct kvm_cpuid_entry2 *entry = &cpuid->entries[i];

		if (entry->function == 1)
			entry->ebx = (entry->ebx & ~0xff000000u) | (index & 0xff) << 24;
		if (entry->function == 0xb || entry->function == 0x1f)
			entry->edx = index;
		if (entry->function == 0x8000001e)
			entry->eax = index;
	}
	if (ioctl(vcpu_fd, KVM_SET_CPUID2, cpuid) == 0)
		return 0;
	int err = errno;
	return uhyve_fail(error, -err, "KVM: features of a vCPU: %s", strerror(err));
}
