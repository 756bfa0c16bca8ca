/* SPDX-License-Identifier: BSD-3-Clause */
#include "vm_host.h"

#include "../../../kernel/arch/x86_64/mmu.h"

#include <arch/trap.h>
#include <arch/user.h>
#include <lib/compiler.h>
#include <mm/frame.h>
#include <mm/heap.h>

#define TABLES_KEPT_MAX 8u
#define HEAP_KEPT_MAX	14u

void vm_host_start(bool zeroed)
{
	paddr_t root;

	host_memory(0x100000, 0x100000 + VM_HOST_MEMORY, zeroed);
	root = mm_frame_alloc(0, MM_ZERO);
	CHECK(root != PADDR_NONE);
	mmu_set_root(root);
	vm_init(VM_HOST_TOP);
}

void vm_host_check_empty(void)
{
	struct mm_frame_stats frames;
	struct mm_heap_stats heap;
	struct vm_stats stats;

	vm_stats(&stats);
	CHECK_EQ(stats.areas, 0);
	CHECK_EQ(stats.mapped_pages, 0);
	CHECK_EQ(stats.resident_pages, 0);
	CHECK_EQ(stats.promised_pages, 0);
	CHECK_EQ(stats.locked_pages, 0);
	mm_heap_stats(&heap);
	CHECK_EQ(heap.blocks, 0);
	CHECK(heap.frames <= HEAP_KEPT_MAX);
	mm_frame_stats(&frames);
	CHECK(frames.total - frames.free <= 1 + heap.frames + TABLES_KEPT_MAX);
	CHECK_EQ(host_locks_held, 0);
}

void vm_host_check_figures(void)
{
	uint64_t areas = 0, mapped = 0, resident = 0, promised = 0, locked = 0;
	struct vm_area_info info;
	struct vm_stats stats;
	struct mmu_page pages[64];
	uintptr_t at = 0;

	for (; vm_area_next(at, &info); at = info.end) {
		uint64_t size = (info.end - info.start) >> PAGE_SHIFT, here = 0;
		uintptr_t scan = info.start;

		CHECK(info.start >= at && info.start < info.end && info.end <= ARCH_USER_END);
		while (scan < info.end) {
			unsigned count = arch_mmu_scan(&scan, info.end, 0, pages, 64);

			for (unsigned i = 0; i < count; i++) {
				CHECK(pages[i].address >= info.start);
				here += 1u << (pages[i].shift - PAGE_SHIFT);
			}
		}
		CHECK(here <= size);
		areas++;
		mapped += size;
		resident += here;
		promised += info.flags & VM_ACCOUNTED ? size - here : 0;
		locked += info.flags & VM_LOCKED ? size : 0;
		vm_object_put(info.object);
	}
	vm_stats(&stats);
	CHECK_EQ(stats.areas, areas);
	CHECK_EQ(stats.mapped_pages, mapped);
	CHECK_EQ(stats.resident_pages, resident);
	CHECK_EQ(stats.promised_pages, promised);
	CHECK_EQ(stats.locked_pages, locked);
	CHECK_EQ(host_locks_held, 0);
}

static uint64_t *access_word(uintptr_t address, unsigned access, int *error)
{
	struct mmu_page page;

	for (unsigned attempt = 0;; attempt++) {
		CHECK(attempt < 4); /* a fault that was served is no fault any more */
		if (arch_mmu_query(address, &page) && page.attributes &&
		    (!(access & ARCH_FAULT_WRITE) || page.attributes & MMU_WRITE))
			break;
		*error = vm_fault(address, access);
		if (*error)
			return NULL;
	}
	*error = 0;
	return mm_phys_to_virt(page.frame + (address - page.address));
}

int vm_host_read(uintptr_t address, uint64_t *value)
{
	int error;
	const uint64_t *word = access_word(address, 0, &error);

	if (word)
		*value = *word;
	return error;
}

int vm_host_write(uintptr_t address, uint64_t value)
{
	int error;
	uint64_t *word = access_word(address, ARCH_FAULT_WRITE, &error);

	if (word)
		*word = value;
	return error;
}

uint64_t vm_host_word(uintptr_t address)
{
	uint64_t value = 0;

	CHECK_EQ(vm_host_read(address, &value), 0);
	return value;
}

int vm_host_read_error(uintptr_t address)
{
	uint64_t value;

	return vm_host_read(address, &value);
}

uint64_t *vm_host_peek(uintptr_t address)
{
	struct mmu_page page;

	if (!arch_mmu_query(address, &page))
		return NULL;
	return mm_phys_to_virt(page.frame + (address - page.address));
}

long vm_host_map(uintptr_t address, size_t size, unsigned prot, unsigned flags, unsigned request)
{
	return vm_map(&(struct vm_map_request){
		.address = address,
		.size = size,
		.prot = prot,
		.flags = flags,
		.request = request,
	});
}
