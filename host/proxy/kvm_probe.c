/* SPDX-License-Identifier: BSD-3-Clause */
/* See kvm_probe.h. Memory layout, registers: Intel SDM vol. 3, 4.5 (4-level paging) and 10.8.5. */
#include "kvm_probe.h"

#include "common/host_time.h"

#include <fcntl.h>
#include <linux/kvm.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Guest-physical layout of the probe's 16 KiB: code, then three levels of page tables. */
enum {
	PROBE_CODE = 0x0000,
	PROBE_PML4 = 0x1000,
	PROBE_PDPT = 0x2000,
	PROBE_PD = 0x3000,
	PROBE_SIZE = 0x4000
};

#define PAGE_PRESENT_WRITABLE 0x3u
#define PAGE_LARGE	      0x80u
#define CR0_PE		      (1u << 0)
#define CR0_MP		      (1u << 1)
#define CR0_NE		      (1u << 5)
#define CR0_PG		      (1u << 31)
#define CR4_PAE		      (1u << 5)
#define CR4_OSFXSR	      (1u << 9)
#define CR4_OSXMMEXCPT	      (1u << 10)
#define EFER_LME	      (1u << 8)
#define EFER_LMA	      (1u << 10)

/* The time of one turn of the loop is the difference between a long and a short run: what it costs
 * to enter and leave the guest drops out. A fit machine takes one nanosecond, a translated machine
 * below this one some more, an emulated one a thousand. The best of some attempts counts, as the
 * host may do something else in between. */
#define LOOP_SHORT    1u
#define LOOP_LONG     20001u
#define TURN_MAX_NS   100u
#define LOOP_ATTEMPTS 6u
#define RUN_MAX_NS    100000000 /* the guest is interrupted then */

/* The loop, ECX times; HLT. Then an SSE instruction that computes and one that reads memory; HLT.
 */
static const uint8_t probe_code[] = {
	0xff, 0xc9, /* 1: dec %ecx */
	0x75, 0xfc, /* jnz 1b */
	0xf4,	    /* hlt */
#define PROBE_CODE_SSE 5u
	0x66, 0x0f, 0xef, 0xc0, /* pxor %xmm0, %xmm0 */
	0x0f, 0x10, 0x08,	/* movups (%rax), %xmm1 */
	0xf4,			/* hlt */
};

struct probe {
	int kvm, vm, vcpu;
	uint8_t *memory;
	struct kvm_run *run;
	size_t run_size;
};

static void probe_fill_memory(uint8_t *memory)
{
	uint64_t entry = PROBE_PDPT | PAGE_PRESENT_WRITABLE;

	memcpy(memory + PROBE_CODE, probe_code, sizeof(probe_code));
	memcpy(memory + PROBE_PML4, &entry, sizeof(entry));
	entry = PROBE_PD | PAGE_PRESENT_WRITABLE;
	memcpy(memory + PROBE_PDPT, &entry, sizeof(entry));
	entry = PAGE_PRESENT_WRITABLE | PAGE_LARGE;
	memcpy(memory + PROBE_PD, &entry, sizeof(entry));
}

static bool probe_set_registers(const struct probe *probe)
{
	struct kvm_sregs sregs;
	struct kvm_segment segment = {.limit = 0xffffffff, .present = 1, .s = 1, .g = 1};

	if (ioctl(probe->vcpu, KVM_GET_SREGS, &sregs) != 0)
		return false;
	sregs.cr0 = CR0_PE | CR0_MP | CR0_NE | CR0_PG;
	sregs.cr3 = PROBE_PML4;
	sregs.cr4 = CR4_PAE | CR4_OSFXSR | CR4_OSXMMEXCPT;
	sregs.efer = EFER_LME | EFER_LMA;
	segment.selector = 16;
	segment.type = 3; /* data, read-write, accessed */
	segment.db = 1;
	sregs.ds = sregs.es = sregs.fs = sregs.gs = sregs.ss = segment;
	segment.selector = 8;
	segment.type = 11; /* code, execute-read, accessed */
	segment.db = 0;
	segment.l = 1;
	sregs.cs = segment;
	return ioctl(probe->vcpu, KVM_SET_SREGS, &sregs) == 0;
}

static bool probe_create(struct probe *probe)
{
	if (ioctl(probe->kvm, KVM_GET_API_VERSION, 0) != KVM_API_VERSION)
		return false;
	probe->vm = ioctl(probe->kvm, KVM_CREATE_VM, 0);
	if (probe->vm < 0)
		return false;
	probe->memory =
		mmap(NULL, PROBE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (probe->memory == MAP_FAILED)
		return false;
	probe_fill_memory(probe->memory);
	struct kvm_userspace_memory_region region = {.memory_size = PROBE_SIZE,
						     .userspace_addr = (uintptr_t)probe->memory};
	if (ioctl(probe->vm, KVM_SET_USER_MEMORY_REGION, &region) != 0)
		return false;
	probe->vcpu = ioctl(probe->vm, KVM_CREATE_VCPU, 0);
	int size = ioctl(probe->kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	if (probe->vcpu < 0 || size <= 0)
		return false;
	probe->run_size = (size_t)size;
	probe->run =
		mmap(NULL, probe->run_size, PROT_READ | PROT_WRITE, MAP_SHARED, probe->vcpu, 0);
	return probe->run != MAP_FAILED && probe_set_registers(probe);
}

static void probe_destroy(struct probe *probe)
{
	if (probe->run != MAP_FAILED)
		munmap(probe->run, probe->run_size);
	if (probe->vcpu >= 0)
		close(probe->vcpu);
	if (probe->vm >= 0)
		close(probe->vm);
	if (probe->memory != MAP_FAILED)
		munmap(probe->memory, PROBE_SIZE);
	close(probe->kvm);
}

/* Runs from CODE + OFFSET with COUNT in ECX to the next HLT; nanoseconds, 0 when the guest did not
 * get there. */
static uint64_t probe_run(const struct probe *probe, unsigned offset, unsigned count)
{
	struct kvm_regs regs = {.rip = PROBE_CODE + offset, .rcx = count, .rflags = 2};
	if (ioctl(probe->vcpu, KVM_SET_REGS, &regs) != 0)
		return 0;
	uint64_t start = monotonic_ns();
	if (ioctl(probe->vcpu, KVM_RUN, 0) != 0 || probe->run->exit_reason != KVM_EXIT_HLT)
		return 0;
	uint64_t ns = monotonic_ns() - start;
	return ns ? ns : 1;
}

static bool probe_is_fast(const struct probe *probe)
{
	for (unsigned i = 0; i < LOOP_ATTEMPTS; i++) {
		uint64_t short_ns = probe_run(probe, 0, LOOP_SHORT);
		uint64_t long_ns = probe_run(probe, 0, LOOP_LONG);
		/* One that was interrupted says nothing: the machine may be busy. */
		if (short_ns && long_ns &&
		    long_ns < short_ns + (uint64_t)TURN_MAX_NS * (LOOP_LONG - LOOP_SHORT))
			return true;
	}
	return false;
}

static void probe_interrupt(int signo)
{
	(void)signo;
}

/* A timer that interrupts KVM_RUN, again and again until it is gone: the first may come too early.
 */
static bool watchdog_start(timer_t *timer, struct sigaction *old)
{
	sigset_t alarm_only;
	struct sigaction action = {.sa_handler = probe_interrupt};
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM};
	struct itimerspec when = {.it_value.tv_nsec = RUN_MAX_NS,
				  .it_interval.tv_nsec = RUN_MAX_NS};

	/* Whoever started us may have blocked it. */
	sigemptyset(&alarm_only);
	sigaddset(&alarm_only, SIGALRM);
	if (sigprocmask(SIG_UNBLOCK, &alarm_only, NULL) != 0 ||
	    sigaction(SIGALRM, &action, old) != 0)
		return false;
	if (timer_create(CLOCK_MONOTONIC, &event, timer) == 0) {
		if (timer_settime(*timer, 0, &when, NULL) == 0)
			return true;
		timer_delete(*timer);
	}
	sigaction(SIGALRM, old, NULL);
	return false;
}

/* Runs the guest while a timer watches. */
static enum kvm_fitness probe_judge(const struct probe *probe, const char **reason)
{
	enum kvm_fitness fitness = KVM_UNFIT;
	struct sigaction old;
	timer_t timer;

	if (!watchdog_start(&timer, &old))
		return KVM_UNFIT;
	*reason = "it is emulated and too slow";
	if (probe_is_fast(probe)) {
		*reason = "it cannot run SSE instructions in ring 0";
		/* Again where the timer came in between. */
		for (unsigned i = 0; i < LOOP_ATTEMPTS && fitness != KVM_FIT; i++)
			if (probe_run(probe, PROBE_CODE_SSE, 0))
				fitness = KVM_FIT;
	}
	timer_delete(timer);
	sigaction(SIGALRM, &old, NULL);
	return fitness;
}

enum kvm_fitness kvm_probe(const char **reason)
{
	struct probe probe = {.vm = -1, .vcpu = -1, .memory = MAP_FAILED, .run = MAP_FAILED};

	probe.kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (probe.kvm < 0) {
		*reason = "/dev/kvm cannot be opened";
		return KVM_ABSENT;
	}
	*reason = "a virtual machine cannot be created";
	enum kvm_fitness fitness = probe_create(&probe) ? probe_judge(&probe, reason) : KVM_UNFIT;
	probe_destroy(&probe);
	return fitness;
}
