/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Registers of a CPU at its start, and those that the guest may use later. Intel SDM vol. 3, 2.5
 * (control registers), 4.5 (4-level paging), 10.12 (x2APIC); vol. 4 (model specific registers).
 */
#include "cpu.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#define PAGE_PRESENT_WRITABLE 0x3u
#define PAGE_LARGE	      0x80u
#define TABLE_SIZE	      0x1000u
#define TABLE_ENTRIES	      512u
#define LARGE_PAGE_SHIFT      21

#define CR0_PE		      (1u << 0)
#define CR0_MP		      (1u << 1)
#define CR0_ET		      (1u << 4)
#define CR0_NE		      (1u << 5)
#define CR0_WP		      (1u << 16)
#define CR0_PG		      (1u << 31)
#define CR4_PAE		      (1u << 5)
#define EFER_LME	      (1u << 8)
#define EFER_LMA	      (1u << 10)
#define APIC_BASE_X2APIC      (1u << 10)
#define APIC_BASE_ENABLE      (1u << 11)
#define MSR_KVM_SYSTEM_TIME   0x4b564d01u
#define LEAF_XSAVE	      0xdu
#define KVM_CLOCK_ENABLE      1u

_Static_assert(3 * TABLE_SIZE == CPU_TABLES_SIZE, "a table of each level");

/*
 * A filter's range is a bitmap, a bit per register, from its base on. Registers of the x2APIC
 * (0x800 and up) do not pass through filters.
 */
#define MSRS_PER_RANGE 256u
struct msr_range {
	uint32_t base;
	uint8_t allowed[MSRS_PER_RANGE / 8];
};

static struct msr_range msr_ranges[] = {
	{.base = 0x00000000}, {.base = 0x00000200}, /* PAT */
	{.base = 0x00000600},			    /* TSC deadline */
	{.base = 0x00000d00},			    /* XSS */
	{.base = 0xc0000000},			    /* system calls */
	{.base = 0xc0000100},			    /* bases of segments, TSC_AUX */
	{.base = 0x4b564d00},			    /* kvmclock */
};

static const uint32_t allowed_msrs[] = {
	0x10,	    /* time stamp counter */
	0x1b,	    /* local APIC: base and mode */
	0x3b,	    /* adjustment of the time stamp counter */
	0x48,	    /* speculation control */
	0x49,	    /* prediction command */
	0x277,	    /* page attribute table */
	0x6e0,	    /* deadline of the timer */
	0xda0,	    /* extended supervisor state */
	0xc0000080, /* EFER */
	0xc0000081, /* STAR */
	0xc0000082, /* LSTAR */
	0xc0000083, /* CSTAR */
	0xc0000084, /* SFMASK */
	0xc0000100, /* FS base */
	0xc0000101, /* GS base */
	0xc0000102, /* kernel GS base */
	0xc0000103, /* TSC_AUX */
	0x4b564d00, /* kvmclock: time of day */
	0x4b564d01, /* kvmclock: page */
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
_Static_assert(COUNT(msr_ranges) <= KVM_MSR_FILTER_MAX_RANGES, "ranges of the filter");

static void allow(uint32_t msr)
{
	for (size_t i = 0; i < COUNT(msr_ranges); i++) {
		uint32_t bit = msr - msr_ranges[i].base;
		if (bit < MSRS_PER_RANGE)
			msr_ranges[i].allowed[bit / 8] |= (uint8_t)(1u << bit % 8);
	}
}

const uint32_t *cpu_msrs(unsigned *count)
{
	*count = COUNT(allowed_msrs);
	return allowed_msrs;
}

void cpu_msr_filter(struct kvm_msr_filter *filter)
{
	*filter = (struct kvm_msr_filter){.flags = KVM_MSR_FILTER_DEFAULT_DENY};
	for (size_t i = 0; i < COUNT(allowed_msrs); i++)
		allow(allowed_msrs[i]);
	for (size_t i = 0; i < COUNT(msr_ranges); i++)
		filter->ranges[i] = (struct kvm_msr_filter_range){
			.flags = KVM_MSR_FILTER_READ | KVM_MSR_FILTER_WRITE,
			.nmsrs = MSRS_PER_RANGE,
			.base = msr_ranges[i].base,
			.bitmap = msr_ranges[i].allowed,
		};
}

static void put_entry(uint8_t *table, unsigned index, uint64_t entry)
{
	memcpy(table + index * sizeof(entry), &entry, sizeof(entry));
}

void cpu_start_tables(uint8_t *memory, uint64_t gpa)
{
	put_entry(memory, 0, (gpa + TABLE_SIZE) | PAGE_PRESENT_WRITABLE);
	put_entry(memory + TABLE_SIZE, 0, (gpa + 2 * TABLE_SIZE) | PAGE_PRESENT_WRITABLE);
	for (unsigned i = 0; i < TABLE_ENTRIES; i++)
		put_entry(memory + 2 * TABLE_SIZE, i,
			  (uint64_t)i << LARGE_PAGE_SHIFT | PAGE_LARGE | PAGE_PRESENT_WRITABLE);
}

static int state_fail(struct uhyve_error *error, const char *what)
{
	int err = errno;

	return uhyve_fail(error, -err, "KVM: %s of a vCPU: %s", what, strerror(err));
}

int cpu_state_apic(int vcpu_fd, struct uhyve_error *error)
{
	struct kvm_sregs sregs;

	if (ioctl(vcpu_fd, KVM_GET_SREGS, &sregs) != 0)
		return state_fail(error, "registers");
	sregs.apic_base |= APIC_BASE_ENABLE | APIC_BASE_X2APIC;
	return ioctl(vcpu_fd, KVM_SET_SREGS, &sregs) ? state_fail(error, "x2APIC mode") : 0;
}

int cpu_state_features(int vcpu_fd, const struct kvm_cpuid2 *cpuid, struct uhyve_error *error)
{
	struct kvm_xcrs xcrs = {.nr_xcrs = 1};

	for (unsigned i = 0; i < cpuid->nent; i++) {
		const struct kvm_cpuid_entry2 *entry = &cpuid->entries[i];
		if (entry->function == LEAF_XSAVE && entry->index == 0)
			xcrs.xcrs[0].value = entry->eax | (uint64_t)entry->edx << 32;
	}
	if (!xcrs.xcrs[0].value)
		return 0; /* without XSAVE */
	return ioctl(vcpu_fd, KVM_SET_XCRS, &xcrs) ? state_fail(error, "features") : 0;
}

static int set_clock_page(int vcpu_fd, uint64_t gpa, struct uhyve_error *error)
{
	union {
		struct kvm_msrs list;
		uint8_t room[sizeof(struct kvm_msrs) + sizeof(struct kvm_msr_entry)];
	} msrs = {.list.nmsrs = 1};

	msrs.list.entries[0] = (struct kvm_msr_entry){.index = MSR_KVM_SYSTEM_TIME,
						      .data = gpa | KVM_CLOCK_ENABLE};
	return ioctl(vcpu_fd, KVM_SET_MSRS, &msrs) == 1 ? 0 : state_fail(error, "clock page");
}

static void set_segments(struct kvm_sregs *sregs)
{
	struct kvm_segment segment = {.limit = 0xffffffff, .present = 1, .s = 1, .g = 1};

	segment.selector = 16;
	segment.type = 3; /* data, read-write, accessed */
	segment.db = 1;
	sregs->ds = sregs->es = sregs->fs = sregs->gs = sregs->ss = segment;
	segment.selector = 8;
	segment.type = 11; /* code, execute-read, accessed */
	segment.db = 0;
	segment.l = 1;
	sregs->cs = segment;
}

int cpu_state_boot(int vcpu_fd, const struct cpu_start *start, struct uhyve_error *error)
{
	struct kvm_regs regs = {.rip = start->entry, .rdi = start->argument, .rflags = 2};
	struct kvm_sregs sregs;

	if (ioctl(vcpu_fd, KVM_GET_SREGS, &sregs) != 0)
		return state_fail(error, "registers");
	set_segments(&sregs);
	sregs.cr0 = CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP | CR0_PG;
	sregs.cr3 = start->tables;
	sregs.cr4 = CR4_PAE;
	sregs.efer = EFER_LME | EFER_LMA;
	if (ioctl(vcpu_fd, KVM_SET_SREGS, &sregs) != 0 || ioctl(vcpu_fd, KVM_SET_REGS, &regs) != 0)
		return state_fail(error, "registers");
	return start->clock_page ? set_clock_page(vcpu_fd, start->clock_page, error) : 0;
}
