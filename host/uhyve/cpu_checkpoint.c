/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * See cpu_checkpoint.h. Linux, Documentation/virt/kvm/api.rst.
 *
 * The order of restoring matters. The mode of the local interrupt controller (special registers)
 * comes before its contents, the contents before the timer's deadline; the special registers before
 * pending events; what runs (mp_state) last.
 *
 * The time stamp counter is not written: KVM takes a value that is less than a second away from
 * another vCPU's for an attempt to synchronise both, and does not set it. Its offset is exact.
 */
#include "cpu_checkpoint.h"

#include <errno.h>
#include <linux/kvm.h>
#include <string.h>
#include <sys/ioctl.h>

#define MSR_TSC	       0x10u
#define MSR_APIC_BASE  0x1bu
#define MSR_PRED_CMD   0x49u
#define MSRS_MAX       64u
#define XSAVE_SIZE     4096u

#define LEAF_FEATURES  1u
#define LEAF_EXTENDED  7u
#define LEAF_XSAVE     0xdu
#define LEAF_AMD       0x80000001u
#define LEAF_1_OSXSAVE (1u << 27) /* follows CR4 */

static int fail(struct uhyve_error *error, const char *what)
{
	int err = errno;

	return uhyve_fail(error, -err, "KVM: %s of a vCPU: %s", what, strerror(err));
}

/* What a processor consists of, but for registers by number: all of fixed sizes. */
static const struct part {
	unsigned long get, set;
	size_t size;
	const char *name;
} parts[] = {
	/* In the order of restoring. */
	{KVM_GET_SREGS, KVM_SET_SREGS, sizeof(struct kvm_sregs), "special registers"},
	{KVM_GET_LAPIC, KVM_SET_LAPIC, sizeof(struct kvm_lapic_state), "interrupt controller"},
	{KVM_GET_XCRS, KVM_SET_XCRS, sizeof(struct kvm_xcrs), "extended control registers"},
	{KVM_GET_XSAVE, KVM_SET_XSAVE, sizeof(struct kvm_xsave), "vector registers"},
	{KVM_GET_REGS, KVM_SET_REGS, sizeof(struct kvm_regs), "registers"},
	{KVM_GET_DEBUGREGS, KVM_SET_DEBUGREGS, sizeof(struct kvm_debugregs), "debug registers"},
	{KVM_GET_VCPU_EVENTS, KVM_SET_VCPU_EVENTS, sizeof(struct kvm_vcpu_events), "events"},
};
#define PARTS	 (sizeof(parts) / sizeof(parts[0]))
#define PART_MAX sizeof(struct kvm_xsave)

_Static_assert(sizeof(struct kvm_xsave) == XSAVE_SIZE, "the largest part");

static int get_offset(int vcpu_fd, uint64_t *offset)
{
	struct kvm_device_attr attr = {
		.group = KVM_VCPU_TSC_CTRL, .attr = KVM_VCPU_TSC_OFFSET, .addr = (uintptr_t)offset};

	return ioctl(vcpu_fd, KVM_GET_DEVICE_ATTR, &attr);
}

static int set_offset(int vcpu_fd, uint64_t offset)
{
	struct kvm_device_attr attr = {.group = KVM_VCPU_TSC_CTRL,
				       .attr = KVM_VCPU_TSC_OFFSET,
				       .addr = (uintptr_t)&offset};

	return ioctl(vcpu_fd, KVM_SET_DEVICE_ATTR, &attr);
}

int cpu_checkpoint_check(const struct vm *vm, const struct vcpu *vcpu, struct uhyve_error *error)
{
	static const struct {
		int number;
		const char *name;
	} needed[] = {{KVM_CAP_ADJUST_CLOCK, "KVM_CAP_ADJUST_CLOCK"},
		      {KVM_CAP_DEBUGREGS, "KVM_CAP_DEBUGREGS"},
		      {KVM_CAP_XSAVE, "KVM_CAP_XSAVE"},
		      {KVM_CAP_VCPU_EVENTS, "KVM_CAP_VCPU_EVENTS"}};
	const struct kvm_device_attr offset = {.group = KVM_VCPU_TSC_CTRL,
					       .attr = KVM_VCPU_TSC_OFFSET};

	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (ioctl(vm->kvm_fd, KVM_CHECK_EXTENSION, needed[i].number) <= 0)
			return uhyve_fail(error, -ENOTSUP,
					  "this KVM lacks %s, needed for checkpoints",
					  needed[i].name);
	if (ioctl(vcpu->fd, KVM_HAS_DEVICE_ATTR, &offset) != 0)
		return uhyve_fail(error, -ENOTSUP,
				  "this KVM cannot set a vCPU's clock (KVM_VCPU_TSC_CTRL, Linux "
				  "5.16), needed for checkpoints");
	int xsave = ioctl(vm->kvm_fd, KVM_CHECK_EXTENSION, KVM_CAP_XSAVE2);
	if (xsave > (int)XSAVE_SIZE)
		return uhyve_fail(error, -ENOTSUP,
				  "this processor's registers are too large for a checkpoint");
	return 0;
}

static int access_msr(int vcpu_fd, unsigned long request, struct kvm_msr_entry *entry)
{
	union {
		struct kvm_msrs list;
		uint8_t room[sizeof(struct kvm_msrs) + sizeof(struct kvm_msr_entry)];
	} msrs = {.list.nmsrs = 1};

	msrs.list.entries[0] = *entry;
	int done = ioctl(vcpu_fd, request, &msrs);
	*entry = msrs.list.entries[0];
	return done == 1 ? 0 : -1;
}

/* Saved otherwise, or not readable. */
static bool is_msr_kept(uint32_t msr)
{
	return msr != MSR_TSC && msr != MSR_APIC_BASE && msr != MSR_PRED_CMD;
}

static void save_msrs(int vcpu_fd, struct blob *out)
{
	struct kvm_msr_entry found[MSRS_MAX];
	unsigned count, used = 0;
	const uint32_t *allowed = cpu_msrs(&count);

	for (unsigned i = 0; i < count && used < MSRS_MAX; i++) {
		struct kvm_msr_entry entry = {.index = allowed[i]};
		/* Not every processor has them all. */
		if (is_msr_kept(allowed[i]) && access_msr(vcpu_fd, KVM_GET_MSRS, &entry) == 0)
			found[used++] = entry;
	}
	blob_put_u32(out, used);
	blob_put(out, found, used * sizeof(found[0]));
}

static bool is_msr_allowed(uint32_t msr)
{
	unsigned count;
	const uint32_t *allowed = cpu_msrs(&count);

	for (unsigned i = 0; i < count; i++)
		if (allowed[i] == msr)
			return is_msr_kept(msr);
	return false;
}

static int restore_msrs(int vcpu_fd, struct blob_reader *in, struct uhyve_error *error)
{
	uint32_t count = blob_get_u32(in);

	for (uint32_t i = 0; i < count && !in->failed; i++) {
		struct kvm_msr_entry entry;
		blob_get(in, &entry, sizeof(entry));
		if (in->failed)
			break;
		if (!is_msr_allowed(entry.index))
			return uhyve_fail(error, -EINVAL,
					  "the checkpoint sets register %#x, which no guest may",
					  entry.index);
		if (access_msr(vcpu_fd, KVM_SET_MSRS, &entry) != 0)
			return uhyve_fail(error, -EINVAL, "KVM does not take register %#x",
					  entry.index);
	}
	return 0;
}

int cpu_checkpoint_save(const struct vcpu *vcpu, struct blob *out, struct uhyve_error *error)
{
	_Alignas(64) uint8_t state[PART_MAX];
	struct kvm_mp_state mp;
	uint64_t offset;

	/* First: it takes in start-up interrupts that have come. */
	if (ioctl(vcpu->fd, KVM_GET_MP_STATE, &mp) != 0)
		return fail(error, "state");
	if (get_offset(vcpu->fd, &offset) != 0)
		return fail(error, "clock");
	blob_put(out, &mp, sizeof(mp));
	blob_put_u64(out, offset);
	for (size_t i = 0; i < PARTS; i++) {
		memset(state, 0, sizeof(state));
		if (ioctl(vcpu->fd, parts[i].get, state) != 0)
			return fail(error, parts[i].name);
		blob_put(out, state, parts[i].size);
	}
	save_msrs(vcpu->fd, out);
	return 0;
}

int cpu_checkpoint_restore(const struct vcpu *vcpu, struct blob_reader *in, uint64_t shift,
			   struct uhyve_error *error)
{
	_Alignas(64) uint8_t state[PART_MAX];
	struct kvm_mp_state mp;

	blob_get(in, &mp, sizeof(mp));
	uint64_t offset = blob_get_u64(in) + shift;
	if (!in->failed && set_offset(vcpu->fd, offset) != 0)
		return fail(error, "clock");
	for (size_t i = 0; i < PARTS; i++) {
		blob_get(in, state, parts[i].size);
		if (!in->failed && ioctl(vcpu->fd, parts[i].set, state) != 0)
			return fail(error, parts[i].name);
	}
	int err = restore_msrs(vcpu->fd, in, error);
	if (err)
		return err;
	if (!blob_is_done(in))
		return uhyve_fail(error, -EINVAL, "the checkpoint's processor is not valid");
	return ioctl(vcpu->fd, KVM_SET_MP_STATE, &mp) ? fail(error, "state") : 0;
}

static const struct kvm_cpuid_entry2 *find_leaf(const struct kvm_cpuid2 *cpuid, uint32_t function,
						uint32_t index)
{
	for (uint32_t i = 0; i < cpuid->nent; i++)
		if (cpuid->entries[i].function == function && cpuid->entries[i].index == index)
			return &cpuid->entries[i];
	return NULL;
}

/* Leaves whose bits are features. */
static bool is_feature_leaf(uint32_t function)
{
	return function == LEAF_FEATURES || function == LEAF_EXTENDED || function == LEAF_XSAVE ||
	       function == LEAF_AMD;
}

void cpu_checkpoint_save_cpuid(const struct kvm_cpuid2 *cpuid, struct blob *out)
{
	for (uint32_t i = 0; i < cpuid->nent; i++)
		if (is_feature_leaf(cpuid->entries[i].function))
			blob_put(out, &cpuid->entries[i], sizeof(cpuid->entries[i]));
}

/* Does NOW offer what SAVED does? The layout of saved vector registers has to be the same. */
static bool leaf_fits(const struct kvm_cpuid_entry2 *now, const struct kvm_cpuid_entry2 *saved)
{
	const uint32_t follows = saved->function == LEAF_FEATURES ? LEAF_1_OSXSAVE : 0;

	/* Which parts there are, which instructions; then the place of each part. */
	if (saved->function == LEAF_XSAVE && saved->index < 2)
		return !(saved->eax & ~now->eax);
	if (saved->function == LEAF_XSAVE)
		return now->eax == saved->eax && now->ebx == saved->ebx;
	if (saved->function == LEAF_EXTENDED && (saved->ebx & ~now->ebx))
		return false;
	/* EAX of the first one is their number. */
	if (saved->function == LEAF_EXTENDED && saved->index && (saved->eax & ~now->eax))
		return false;
	return !(saved->ecx & ~now->ecx & ~follows) && !(saved->edx & ~now->edx);
}

int cpu_checkpoint_check_cpuid(const struct kvm_cpuid2 *now, struct blob_reader *saved,
			       struct uhyve_error *error)
{
	struct kvm_cpuid_entry2 entry;

	while (saved->left && !saved->failed) {
		blob_get(saved, &entry, sizeof(entry));
		const struct kvm_cpuid_entry2 *leaf = find_leaf(now, entry.function, entry.index);
		if (!saved->failed && !(leaf && leaf_fits(leaf, &entry)))
			return uhyve_fail(error, -ENOTSUP,
					  "this processor or its KVM lacks what the checkpoint's "
					  "had (CPUID leaf %#x)",
					  entry.function);
	}
	return saved->failed ? uhyve_fail(error, -EINVAL, "the checkpoint's CPUID is not valid")
			     : 0;
}

int cpu_checkpoint_save_irqchip(const struct vm *vm, unsigned number, struct blob *out,
				struct uhyve_error *error)
{
	struct kvm_irqchip chip = {.chip_id = number};

	if (ioctl(vm->fd, KVM_GET_IRQCHIP, &chip) != 0)
		return fail(error, "interrupt controllers");
	blob_put(out, &chip, sizeof(chip));
	return 0;
}

int cpu_checkpoint_restore_irqchip(const struct vm *vm, unsigned number, struct blob_reader *in,
				   struct uhyve_error *error)
{
	struct kvm_irqchip chip;

	blob_get(in, &chip, sizeof(chip));
	if (!blob_is_done(in) || chip.chip_id != number)
		return uhyve_fail(error, -EINVAL,
				  "the checkpoint's interrupt controller is not valid");
	return ioctl(vm->fd, KVM_SET_IRQCHIP, &chip) ? fail(error, "interrupt controllers") : 0;
}

int cpu_checkpoint_save_clock(const struct vm *vm, const struct vcpu *first,
			      struct cpu_clock *clock, struct uhyve_error *error)
{
	struct kvm_msr_entry tsc = {.index = MSR_TSC};
	struct kvm_clock_data kvmclock;

	int khz = ioctl(first->fd, KVM_GET_TSC_KHZ, 0);
	if (khz <= 0 || ioctl(vm->fd, KVM_GET_CLOCK, &kvmclock) != 0 ||
	    access_msr(first->fd, KVM_GET_MSRS, &tsc) != 0 ||
	    get_offset(first->fd, &clock->tsc_offset) != 0)
		return fail(error, "clock");
	clock->tsc_khz = (uint64_t)khz;
	clock->tsc = tsc.data;
	clock->kvmclock_ns = kvmclock.clock;
	return 0;
}

int cpu_checkpoint_restore_clock(const struct vm *vm, const struct vcpu *vcpus, unsigned count,
				 const struct cpu_clock *clock, uint64_t *shift,
				 struct uhyve_error *error)
{
	const struct kvm_clock_data kvmclock = {.clock = clock->kvmclock_ns};
	struct kvm_msr_entry tsc = {.index = MSR_TSC};
	uint64_t offset;

	for (unsigned i = 0; i < count; i++)
		if (ioctl(vcpus[i].fd, KVM_SET_TSC_KHZ, (unsigned long)clock->tsc_khz) != 0)
			return uhyve_fail(error, -ENOTSUP,
					  "the checkpoint's clock runs at %llu kHz, and this KVM "
					  "cannot do that",
					  (unsigned long long)clock->tsc_khz);
	if (ioctl(vm->fd, KVM_SET_CLOCK, &kvmclock) != 0 ||
	    access_msr(vcpus->fd, KVM_GET_MSRS, &tsc) != 0 || get_offset(vcpus->fd, &offset) != 0)
		return fail(error, "clock");
	*shift = clock->tsc - (tsc.data - offset) - clock->tsc_offset;
	return 0;
}
