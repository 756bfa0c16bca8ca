/* SPDX-License-Identifier: BSD-3-Clause */
/* See cpu_debug.h. Debug registers: Intel SDM vol. 3, 17.2. */
#include "cpu_debug.h"

#include <cpuid.h>
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#define INT3		      0xccu
#define OUT_IMM8_AL	      0xe6u
#define BREAKPOINT_PORT	      0xf1u /* no PC has anything there */

#define EXCEPTION_BREAKPOINT  3u
#define DR6_STEP	      (1u << 14)
#define DR6_WATCHES	      0xfu
#define DR7_FIXED	      0x400u
#define DR7_GLOBAL(n)	      (2u << 2 * (n))
#define DR7_KIND(n, bits)     ((uint64_t)(bits) << (16 + 4 * (n)))
#define DR7_SIZE(n, bits)     ((uint64_t)(bits) << (18 + 4 * (n)))
#define CR0_PG		      (1u << 31)
#define CR3_ADDRESS	      0x000ffffffffff000ull

#define HYPERVISOR_LEAF	      0x40000000u
#define HYPERVISOR_PRESENT    (1u << 31) /* CPUID leaf 1, ECX */
#define HYPERVISOR_TRANSLATES "TCGTCGTCGTCG"

/* Is this host's processor QEMU's translation? */
static bool host_is_translated(void)
{
	unsigned eax, ebx, ecx, edx;
	uint32_t name[3];

	if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx) || !(ecx & HYPERVISOR_PRESENT))
		return false;
	__cpuid(HYPERVISOR_LEAF, eax, name[0], name[1], name[2]);
	return memcmp(name, HYPERVISOR_TRANSLATES, sizeof(name)) == 0;
}

struct cpu_breakpoint cpu_breakpoint_choose(void)
{
	if (host_is_translated())
		return (struct cpu_breakpoint){
			.code = {OUT_IMM8_AL, BREAKPOINT_PORT}, .size = 2, .port = BREAKPOINT_PORT};
	return (struct cpu_breakpoint){.code = {INT3}, .size = 1, .watches = true};
}

uint64_t cpu_breakpoint_rewind(int vcpu_fd, struct kvm_run *run, const struct cpu_breakpoint *is)
{
	struct kvm_regs regs;

	/* KVM ends the instruction when it enters the guest again, which it must not do now. */
	uint8_t immediate_exit = __atomic_exchange_n(&run->immediate_exit, 1, __ATOMIC_SEQ_CST);
	int result = ioctl(vcpu_fd, KVM_RUN, 0);
	__atomic_store_n(&run->immediate_exit, immediate_exit, __ATOMIC_SEQ_CST);
	if ((result != 0 && errno != EINTR) || ioctl(vcpu_fd, KVM_GET_REGS, &regs) != 0)
		return 0;
	regs.rip -= is->size;
	return ioctl(vcpu_fd, KVM_SET_REGS, &regs) == 0 ? regs.rip : 0;
}

static uint64_t watch_bits(unsigned n, const struct cpu_watch *watch)
{
	static const unsigned kinds[] = {
		[CPU_WATCH_EXECUTE] = 0, [CPU_WATCH_WRITE] = 1, [CPU_WATCH_ACCESS] = 3};
	static const unsigned sizes[] = {[1] = 0, [2] = 1, [4] = 3, [8] = 2};

	if (watch->kind == CPU_WATCH_NONE)
		return 0;
	return DR7_GLOBAL(n) | DR7_KIND(n, kinds[watch->kind]) | DR7_SIZE(n, sizes[watch->size]);
}

static int apply(int vcpu_fd, bool on, const struct cpu_watch *watches, uint32_t more)
{
	struct kvm_guest_debug debug = {.control = more};

	if (on)
		debug.control |= KVM_GUESTDBG_USE_SW_BP;
	debug.arch.debugreg[7] = DR7_FIXED;
	for (unsigned i = 0; i < CPU_WATCHES; i++) {
		if (watches[i].kind == CPU_WATCH_NONE)
			continue;
		debug.control |= KVM_GUESTDBG_USE_HW_BP;
		debug.arch.debugreg[i] = watches[i].address;
		debug.arch.debugreg[7] |= watch_bits(i, &watches[i]);
	}
	if (debug.control)
		debug.control |= KVM_GUESTDBG_ENABLE;
	return ioctl(vcpu_fd, KVM_SET_GUEST_DEBUG, &debug) == 0 ? 0 : -errno;
}

int cpu_debug_apply(int vcpu_fd, bool on, const struct cpu_watch *watches, bool step)
{
	if (!step)
		return apply(vcpu_fd, on, watches, 0);
	/* Interrupts wait, so that a step does not end in a handler; where KVM can do that. */
	int error = apply(vcpu_fd, on, watches, KVM_GUESTDBG_SINGLESTEP | KVM_GUESTDBG_BLOCKIRQ);
	return error == -EINVAL ? apply(vcpu_fd, on, watches, KVM_GUESTDBG_SINGLESTEP) : error;
}

int cpu_debug_give_back(int vcpu_fd, bool on, const struct cpu_watch *watches)
{
	return apply(vcpu_fd, on, watches, KVM_GUESTDBG_INJECT_BP);
}

struct cpu_debug_event cpu_debug_event(const struct kvm_run *run)
{
	const struct kvm_debug_exit_arch *arch = &run->debug.arch;
	struct cpu_debug_event event = {.what = CPU_DEBUG_STEP, .address = arch->pc};

	if (arch->exception == EXCEPTION_BREAKPOINT) {
		event.what = CPU_DEBUG_BREAKPOINT;
	} else if (arch->dr6 & DR6_WATCHES && !(arch->dr6 & DR6_STEP)) {
		event.what = CPU_DEBUG_WATCH;
		event.watch = (unsigned)__builtin_ctzll(arch->dr6 & DR6_WATCHES);
	}
	return event;
}

bool cpu_debug_has_own_tables(const struct kvm_sregs *sregs, uint64_t tables)
{
	return sregs->cr0 & CR0_PG && (sregs->cr3 & CR3_ADDRESS) != tables;
}
