/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Translation caches (Intel SDM vol. 3, 4.10). INVLPG also drops all cached upper-level entries of
 * the executing CPU, so it covers tables that were taken out.
 *
 * Flushes of all CPUs: one at a time (request.busy). The requester writes the range, sets a bit for
 * each other CPU, interrupts them, and waits until all bits are clear. A CPU clears its bit when it
 * has flushed: in the interrupt, or while it spins with interrupts off for something, which may be
 * held by the requester, or for its own turn to request. So nobody waits for a CPU that waits.
 *
 * A CPU that rests (arch_tlb_rest) touches nothing of the application's half. The requester sets
 * its bit in `stale` and leaves it alone if it still rests after that; a CPU that ends its rest
 * clears `resting` first and looks at `stale` then, so one of the two sees the other. What it has
 * missed is made up for by a flush of everything. It executes nothing but its wait meanwhile:
 * interrupts end the rest before anything else. So it does not walk tables either that are taken
 * out.
 */
#include <arch/mmu.h>

#include <arch/cpu.h>
#include <arch/percpu.h>
#include <arch/trap.h>
#include <stdatomic.h>

#include "apic.h"
#include "cpu.h"
#include "regs.h"
#include "x86.h"

/* Above this many pages it is cheaper to flush all: by a reload of CR3, which spares global pages,
 * in the application's half; by switching CR4.PGE in the kernel's. */
#define FLUSH_PAGES_MAX 32u
#define UPPER_HALF	(1ul << 63)
#define WORDS		(ARCH_CPU_MAX / 64)

static struct {
	_Atomic bool busy;
	uintptr_t start, end;
	_Atomic uint64_t pending[WORDS];
} request;

static _Atomic uint64_t joined[WORDS];
static _Atomic uint64_t resting[WORDS], stale[WORDS];
static _Atomic bool several; /* another CPU than the boot CPU has joined */

static void flush_lower_half(void)
{
	uint64_t cr3;

	__asm__ volatile("mov %%cr3, %0; mov %0, %%cr3" : "=r"(cr3)::"memory");
}

/* Everything, also global entries. */
static void flush_all(void)
{
	uint64_t cr4 = x86_read_cr4();

	x86_write_cr4(cr4 & ~(uint64_t)CR4_PGE);
	x86_write_cr4(cr4 | CR4_PGE);
}

void arch_tlb_flush_local(uintptr_t start, uintptr_t end)
{
	if (end - start > FLUSH_PAGES_MAX * PAGE_SIZE) {
		if (start < UPPER_HALF)
			flush_lower_half();
		else
			flush_all();
		return;
	}
	for (; start < end; start += PAGE_SIZE)
		__asm__ volatile("invlpg (%0)" ::"r"(start) : "memory");
}

void arch_tlb_serve(void)
{
	unsigned cpu = arch_percpu_this()->index;
	uint64_t bit = 1ull << (cpu % 64);
	_Atomic uint64_t *pending = &request.pending[cpu / 64];
	arch_irq_state_t irq;

	if (likely(!(atomic_load_explicit(pending, memory_order_relaxed) & bit)))
		return;
	/* Not interrupted by itself: a second request would change the range. */
	irq = arch_irq_save();
	if (atomic_load_explicit(pending, memory_order_acquire) & bit) {
		arch_tlb_flush_local(request.start, request.end);
		atomic_fetch_and_explicit(pending, ~bit, memory_order_release);
	}
	arch_irq_restore(irq);
}

void arch_tlb_rest(void)
{
	struct arch_percpu *self = arch_percpu_this();

	self->tlb_resting = true;
	atomic_fetch_or_explicit(&resting[self->index / 64], 1ull << (self->index % 64),
				 memory_order_seq_cst);
}

void arch_tlb_resume(void)
{
	struct arch_percpu *self = arch_percpu_this();
	uint64_t bit = 1ull << (self->index % 64);
	unsigned word = self->index / 64;

	self->tlb_resting = false;
	atomic_fetch_and_explicit(&resting[word], ~bit, memory_order_seq_cst);
	if (!(atomic_load_explicit(&stale[word], memory_order_seq_cst) & bit))
		return;
	atomic_fetch_and_explicit(&stale[word], ~bit, memory_order_seq_cst);
	flush_lower_half();
}

/* Leaves out those CPUs of WORD that rest. */
static uint64_t without_resting(unsigned word, uint64_t bits)
{
	uint64_t rest = bits & atomic_load_explicit(&resting[word], memory_order_seq_cst);

	if (!rest)
		return bits;
	atomic_fetch_or_explicit(&stale[word], rest, memory_order_seq_cst);
	return bits & ~(rest & atomic_load_explicit(&resting[word], memory_order_seq_cst));
}

static void interrupt_word(unsigned word, uint64_t bits)
{
	for (; bits; bits &= bits - 1)
		apic_send_cpu(word * 64 + (unsigned)__builtin_ctzll(bits),
			      APIC_SEND_FIXED | ARCH_VECTOR_TLB);
}

static void flush_others(uintptr_t start, uintptr_t end)
{
	arch_irq_state_t irq = arch_irq_save();
	unsigned self = arch_percpu_this()->index;

	while (atomic_exchange_explicit(&request.busy, true, memory_order_acquire)) {
		arch_tlb_serve();
		arch_cpu_relax();
	}
	request.start = start;
	request.end = end;
	for (unsigned word = 0; word < WORDS; word++) {
		uint64_t bits = atomic_load_explicit(&joined[word], memory_order_seq_cst);

		if (word == self / 64)
			bits &= ~(1ull << (self % 64));
		if (start < UPPER_HALF)
			bits = without_resting(word, bits);
		if (!bits)
			continue;
		atomic_store_explicit(&request.pending[word], bits, memory_order_seq_cst);
		interrupt_word(word, bits);
	}
	for (unsigned word = 0; word < WORDS; word++) {
		while (atomic_load_explicit(&request.pending[word], memory_order_acquire))
			arch_cpu_relax();
	}
	atomic_store_explicit(&request.busy, false, memory_order_release);
	arch_irq_restore(irq);
}

void arch_tlb_flush(uintptr_t start, uintptr_t end)
{
	arch_tlb_flush_local(start, end);
	/* Full order between the change of the tables and the look at who has joined. */
	atomic_thread_fence(memory_order_seq_cst);
	if (atomic_load_explicit(&several, memory_order_relaxed))
		flush_others(start, end);
}

void tlb_join(void)
{
	unsigned cpu = arch_percpu_this()->index;

	atomic_fetch_or_explicit(&joined[cpu / 64], 1ull << (cpu % 64), memory_order_seq_cst);
	if (cpu) {
		atomic_store_explicit(&several, true, memory_order_seq_cst);
		flush_all(); /* what it has seen while nobody told it of changes */
	}
}
