/* SPDX-License-Identifier: BSD-3-Clause */
#include "host.h"

#include "../../../kernel/mm/buddy.h"

#include <arch/mmu.h>
#include <arch/percpu.h>
#include <core/log.h>
#include <core/spinlock.h>
#include <stdarg.h>
#include <sys/mman.h>

unsigned host_locks_held;
struct arch_percpu host_percpu;
struct arch_numa host_numa;
uint64_t host_flushes;

static void *states;
static size_t states_size;

arch_irq_state_t spin_lock(struct spinlock *lock) NO_THREAD_SAFETY
{
	CHECK(lock->owner == 0);
	lock->owner = 1;
	return host_locks_held++;
}

void spin_unlock(struct spinlock *lock, arch_irq_state_t state) NO_THREAD_SAFETY
{
	CHECK(lock->owner == 1);
	lock->owner = 0;
	CHECK_EQ(--host_locks_held, state);
}

bool spin_held(const struct spinlock *lock)
{
	return lock->owner;
}

void arch_tlb_flush(uintptr_t start, uintptr_t end)
{
	CHECK(start < end);
	host_flushes++;
}

void arch_tlb_flush_local(uintptr_t start, uintptr_t end)
{
	CHECK(start < end);
}

bool arch_numa_find(uint64_t rsdp, struct arch_numa *numa)
{
	*numa = host_numa;
	return rsdp;
}

void log_write(enum log_level level, const char *format, ...)
{
	(void)level;
	(void)format;
}

static void *map(void *at, size_t size)
{
	void *memory =
		mmap(at, size, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | (at ? MAP_FIXED : 0), -1, 0);

	CHECK(memory != MAP_FAILED);
	return memory;
}

void host_physmap_reset(void)
{
	map((void *)UNIT_PHYSMAP, UNIT_PHYSMAP_SIZE);
}

void host_memory(paddr_t start, paddr_t end, bool zeroed)
{
	host_physmap_reset();
	if (states)
		munmap(states, states_size);
	states_size = (end >> PAGE_SHIFT) + 4096; /* tests add more behind */
	states = map(NULL, states_size);
	buddy_init(states, states_size);
	buddy_add(start, end, zeroed);
}
