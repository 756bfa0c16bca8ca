/* SPDX-License-Identifier: BSD-3-Clause */
/* The address space: pins, brk, the image, promises, large pages, places, and the errors that Linux
 * gives. */
#include "vm_host.h"

#include <arch/trap.h>
#include <arch/user.h>
#include <asm/mman.h>
#include <lib/compiler.h>
#include <linux/errno.h>
#include <linux/mman.h>
#include <mm/frame.h>
#include <string.h>

#define RW (PROT_READ | PROT_WRITE)

static void pins(void)
{
	struct mm_frame_stats before, after;
	struct vm_pin pin, again;
	uintptr_t map = (uintptr_t)vm_host_map(0, 16 * PAGE_SIZE, RW, VM_STACK, 0);
	size_t offset = 0, size;
	paddr_t paddr;

	CHECK_EQ(vm_host_write(map + 8, 5), 0);
	CHECK_EQ(vm_pin(map + 8, 5 * PAGE_SIZE, true, &pin), 0);
	CHECK_EQ(pin.size, 5 * PAGE_SIZE);
	for (; offset < pin.size; offset += size) {
		vm_pin_segment(&pin, offset, &paddr, &size);
		CHECK(size && (void *)vm_host_peek(map + 8 + offset) == mm_phys_to_virt(paddr));
		memset(mm_phys_to_virt(paddr), 0x11, size);
	}
	CHECK_EQ(vm_host_word(map + 8), 0x1111111111111111);
	CHECK_EQ(vm_pin(map + 8, 100, false, &again), 0);
	vm_unpin(&again);
	mm_frame_stats(&before);
	CHECK_EQ(vm_unmap(map, 16 * PAGE_SIZE), 0); /* does not wait */
	mm_frame_stats(&after);
	CHECK(after.free <= before.free + 8); /* tables, but none of the six pages */
	vm_pin_segment(&pin, 0, &paddr, &size);
	memset(mm_phys_to_virt(paddr), 0x22, size);
	vm_unpin(&pin);
	map = (uintptr_t)vm_host_map(0, 2 * PAGE_SIZE, PROT_READ, 0, 0);
	CHECK_EQ(vm_pin(map, 10, true, &pin), -EFAULT);
	CHECK_EQ(vm_pin(map, 10, false, &pin), 0);
	vm_unpin(&pin);
	CHECK_EQ(vm_unmap(map + PAGE_SIZE, PAGE_SIZE), 0);
	CHECK_EQ(vm_pin(map + 4, 2 * PAGE_SIZE, false, &pin), 0); /* as much as there is */
	CHECK_EQ(pin.size, PAGE_SIZE - 4);
	vm_unpin(&pin);
	CHECK_EQ(vm_pin(map + PAGE_SIZE, 1, false, &pin), -EFAULT);
	CHECK_EQ(vm_pin(ARCH_USER_END - 8, 16, false, &pin), -EFAULT);
	CHECK_EQ(vm_unmap(map, PAGE_SIZE), 0);
}

/* More pieces than one pin holds: every second page from the other end of memory. */
static void many_segments(void)
{
	const unsigned count = 2 * VM_PIN_SEGMENTS + 10;
	uintptr_t map = (uintptr_t)vm_host_map(0, count * PAGE_SIZE, RW, VM_STACK, 0);
	struct vm_pin pin;
	size_t size;
	paddr_t paddr;

	for (unsigned i = 0; i < count; i += 2)
		CHECK_EQ(vm_host_write(map + i * PAGE_SIZE, i), 0);
	for (unsigned i = 1; i < count; i += 2)
		CHECK_EQ(vm_host_write(map + i * PAGE_SIZE, i), 0);
	CHECK_EQ(vm_pin(map, count * PAGE_SIZE, false, &pin), 0);
	CHECK(pin.count == VM_PIN_SEGMENTS && pin.size < count * PAGE_SIZE);
	for (size_t i = 0; i < pin.size / PAGE_SIZE; i++) {
		vm_pin_segment(&pin, i * PAGE_SIZE, &paddr, &size);
		CHECK_EQ(*(uint64_t *)mm_phys_to_virt(paddr), i);
	}
	vm_pin_segment(&pin, 8, &paddr, &size); /* back to the start */
	CHECK_EQ(*(uint64_t *)mm_phys_to_virt(paddr - 8), 0);
	vm_unpin(&pin);
	CHECK_EQ(vm_unmap(map, count * PAGE_SIZE), 0);
}

static void heap_of_brk(void)
{
	uintptr_t start = 0x1000000;

	vm_set_brk_start(start);
	CHECK_EQ(vm_brk(0), start);
	CHECK_EQ(vm_brk(start + 100), start + 100);
	CHECK_EQ(vm_host_write(start + 64, 3), 0);
	CHECK_EQ(vm_host_read_error(start + PAGE_SIZE), -EFAULT);
	CHECK_EQ(vm_brk(start + 5 * PAGE_SIZE + 1), start + 5 * PAGE_SIZE + 1);
	CHECK_EQ(vm_host_word(start + 64), 3);
	CHECK_EQ(vm_host_write(start + 5 * PAGE_SIZE, 3), 0);
	CHECK_EQ(vm_brk(start + PAGE_SIZE), start + PAGE_SIZE);
	CHECK_EQ(vm_host_read_error(start + PAGE_SIZE), -EFAULT);
	CHECK_EQ(vm_brk(start + 6 * PAGE_SIZE), start + 6 * PAGE_SIZE);
	CHECK_EQ(vm_host_word(start + 5 * PAGE_SIZE), 0);
	CHECK_EQ(vm_brk(start - 1), start + 6 * PAGE_SIZE);
	CHECK_EQ(vm_brk(UINT64_MAX / 2), start + 6 * PAGE_SIZE);
	CHECK_EQ(vm_brk(start + 2 * VM_HOST_MEMORY), start + 6 * PAGE_SIZE); /* no memory */
	CHECK_EQ(vm_host_map(start + 8 * PAGE_SIZE, PAGE_SIZE, RW, 0, VM_MAP_FIXED),
		 start + 8 * PAGE_SIZE);
	CHECK_EQ(vm_brk(start + 9 * PAGE_SIZE), start + 6 * PAGE_SIZE); /* in the way */
	CHECK_EQ(vm_unmap(start + 8 * PAGE_SIZE, PAGE_SIZE), 0);
	CHECK_EQ(vm_brk(start), start);
}

static void image(void)
{
	paddr_t memory = mm_frame_alloc(3, 0);
	uint8_t *bytes = mm_phys_to_virt(memory);
	uintptr_t text = 0x400000, data = 0x406123;
	struct mmu_page page;

	memset(bytes, 0xcc, 8 * PAGE_SIZE);
	CHECK_EQ(vm_map_image(text, memory, 2 * PAGE_SIZE, 2 * PAGE_SIZE, PROT_READ | PROT_EXEC),
		 0);
	CHECK(arch_mmu_query(text, &page) && page.attributes == (MMU_READ | MMU_EXEC));
	CHECK_EQ(vm_map_image(data, memory + 3 * PAGE_SIZE + 0x123, PAGE_SIZE, 4 * PAGE_SIZE, RW),
		 0);
	CHECK_EQ(vm_host_word(0x407118), 0xcccccccccccccccc);
	CHECK_EQ(vm_host_word(0x407128), 0); /* behind the file's part of the page */
	CHECK_EQ(vm_host_word(0x408000), 0);
	CHECK_EQ(vm_host_word(0x40a000), 0);
	CHECK_EQ(vm_host_read_error(0x40b000), -EFAULT);
	CHECK_EQ(vm_map_image(text, memory, PAGE_SIZE, PAGE_SIZE, PROT_READ), -EEXIST);
	CHECK_EQ(vm_map_image(0x500000, memory + 1, PAGE_SIZE, PAGE_SIZE, PROT_READ), -EINVAL);
	CHECK_EQ(vm_map_image(0x500000, memory, 2, 1, PROT_READ), -EINVAL);
	CHECK_EQ(vm_advise(text, PAGE_SIZE, MADV_DONTNEED), -EINVAL); /* it would be lost */
	CHECK_EQ(vm_map_image(0x500000, 0, 0, PAGE_SIZE, RW), 0);     /* .bss only */
	CHECK_EQ(vm_host_word(0x500ff8), 0);
	vm_host_check_figures();
	CHECK_EQ(vm_unmap(text, 0x200000), 0); /* its frames are memory like any other */
	mm_frame_free(memory + 2 * PAGE_SIZE, 0);
	for (unsigned i = 5; i < 8; i++)
		mm_frame_free(memory + i * PAGE_SIZE, 0);
	CHECK_EQ(vm_map_ram(0x7000000, 0x5000, PAGE_SIZE, PROT_READ), 0);
	CHECK_EQ((uintptr_t)vm_host_peek(0x7000000), UNIT_PHYSMAP + 0x5000);
	CHECK_EQ(vm_unmap(0x7000000, PAGE_SIZE), 0); /* not freed: it was never allocated */
}

/* malloc is refused before memory runs out; reservations are not. */
static void promises(void)
{
	size_t most = VM_HOST_MEMORY - VM_HOST_MEMORY / 8;
	long map, other;

	CHECK_EQ(vm_host_map(0, 2 * VM_HOST_MEMORY, RW, 0, 0), -ENOMEM);
	CHECK_EQ(vm_host_map(0, 1ul << 46, RW, 0, 0), -ENOMEM);
	map = vm_host_map(0, most, RW, 0, 0);
	CHECK(map > 0);
	CHECK_EQ(vm_host_map(0, most, RW, 0, 0), -ENOMEM);
	other = vm_host_map(0, 1ul << 40, PROT_NONE, VM_NORESERVE, 0);
	CHECK(other > 0);
	CHECK_EQ(vm_protect((uintptr_t)other, most, RW), -ENOMEM);
	CHECK_EQ(vm_protect((uintptr_t)other, PAGE_SIZE, RW), 0);
	CHECK_EQ(vm_unmap((uintptr_t)other, 1ul << 40), 0);
	other = vm_host_map(0, most, PROT_READ, 0, 0);
	CHECK(other > 0);
	CHECK_EQ(vm_protect((uintptr_t)other, most, RW), -ENOMEM);
	for (size_t at = 0; at < most; at += PAGE_SIZE) /* what was promised is there */
		CHECK_EQ(vm_host_write((uintptr_t)map + at, at), 0);
	CHECK(vm_remap((uintptr_t)map, most, 2 * most, MREMAP_MAYMOVE, 0) == -ENOMEM);
	CHECK_EQ(vm_unmap((uintptr_t)map, most), 0);
	CHECK_EQ(vm_protect((uintptr_t)other, most, RW), 0);
	CHECK_EQ(vm_unmap((uintptr_t)other, most), 0);
	map = vm_host_map(0, 2 * VM_HOST_MEMORY, RW, VM_NORESERVE, 0);
	CHECK(map > 0);
	for (size_t at = 0;; at += PAGE_SIZE) { /* nothing was promised: the fault finds nothing */
		int error = vm_host_write((uintptr_t)map + at, at);

		if (!error)
			continue;
		CHECK(error == -ENOMEM && at > VM_HOST_MEMORY / 2);
		break;
	}
	CHECK_EQ(vm_unmap((uintptr_t)map, 2 * VM_HOST_MEMORY), 0);
}

static unsigned page_shift_at(uintptr_t address)
{
	struct mmu_page page;

	return arch_mmu_query(address, &page) ? page.shift : 0;
}

static void large_pages(void)
{
	size_t size = 4 * HUGE_PAGE_SIZE;
	uintptr_t map = (uintptr_t)vm_host_map(0, size, RW, VM_HUGE, 0);
	uintptr_t moved;

	CHECK(IS_ALIGNED(map, HUGE_PAGE_SIZE));
	CHECK_EQ(vm_host_write(map + PAGE_SIZE, 1), 0);
	CHECK_EQ(page_shift_at(map), HUGE_PAGE_SHIFT);
	moved = (uintptr_t)vm_remap(map, size, 8 * HUGE_PAGE_SIZE, MREMAP_MAYMOVE, 0);
	CHECK(IS_ALIGNED(moved, HUGE_PAGE_SIZE));
	CHECK_EQ(page_shift_at(moved), HUGE_PAGE_SHIFT);
	CHECK_EQ(vm_host_word(moved + PAGE_SIZE), 1);
	CHECK_EQ(vm_advise(moved + 8 * PAGE_SIZE, PAGE_SIZE, MADV_DONTNEED), 0);
	CHECK_EQ(page_shift_at(moved), PAGE_SHIFT);
	CHECK_EQ(vm_host_word(moved + PAGE_SIZE), 1);
	CHECK_EQ(vm_unmap(moved, 8 * HUGE_PAGE_SIZE), 0);
	map = (uintptr_t)vm_host_map(0, size, RW, VM_STACK, 0);
	CHECK_EQ(vm_host_write(map, 1), 0);
	CHECK_EQ(page_shift_at(map), PAGE_SHIFT);
	CHECK_EQ(vm_unmap(map, size), 0);
	map = (uintptr_t)vm_host_map(0, 100 * PAGE_SIZE, RW, 0, 0);
	CHECK_EQ(vm_host_write(map, 1), 0);
	CHECK_EQ(page_shift_at(map), PAGE_SHIFT);
	CHECK_EQ(vm_unmap(map, 100 * PAGE_SIZE), 0);
}

/* Ranges that are unmapped piece by piece. */
static void large_ranges(void)
{
	size_t size = VM_HOST_MEMORY / 2;
	uintptr_t map = (uintptr_t)vm_host_map(0x20000000, size + HUGE_PAGE_SIZE, RW, 0, 0);

	for (size_t at = 0; at < size + HUGE_PAGE_SIZE; at += PAGE_SIZE)
		CHECK_EQ(vm_host_write(map + at, at + 1), 0);
	CHECK_EQ(vm_host_map(map + 3 * PAGE_SIZE, size, RW, 0, VM_MAP_FIXED), map + 3 * PAGE_SIZE);
	vm_host_check_figures();
	CHECK_EQ(vm_host_word(map + 2 * PAGE_SIZE), 2 * PAGE_SIZE + 1);
	CHECK_EQ(vm_host_word(map + 3 * PAGE_SIZE), 0);
	CHECK_EQ(vm_host_word(map + 2 * PAGE_SIZE + size), 0);
	CHECK_EQ(vm_host_word(map + 3 * PAGE_SIZE + size), 3 * PAGE_SIZE + size + 1);
	for (size_t at = 0; at < size; at += 7 * PAGE_SIZE)
		CHECK_EQ(vm_host_write(map + at, at + 1), 0);
	CHECK_EQ(vm_advise(map, size, MADV_DONTNEED), 0);
	CHECK_EQ(vm_host_word(map), 0);
	vm_host_check_figures();
	for (size_t at = 0; at < size; at += 5 * PAGE_SIZE)
		CHECK_EQ(vm_host_write(map + at, at + 1), 0);
	CHECK_EQ(vm_unmap(map + PAGE_SIZE, size), 0);
	CHECK_EQ(vm_host_word(map), 1);
	CHECK_EQ(vm_host_read_error(map + PAGE_SIZE), -EFAULT);
	CHECK_EQ(vm_host_read_error(map + size), -EFAULT);
	CHECK_EQ(vm_host_word(map + size + 3 * PAGE_SIZE), size + 3 * PAGE_SIZE + 1);
	vm_host_check_figures();
	CHECK_EQ(vm_unmap(0, ARCH_USER_END), 0);
}

static void places(void)
{
	uintptr_t map = (uintptr_t)vm_host_map(0, PAGE_SIZE, RW, 0, 0), other;

	CHECK_EQ(map, VM_HOST_TOP - PAGE_SIZE);
	CHECK_EQ(vm_host_map(map + 5, PAGE_SIZE, RW, 0, 0), map - PAGE_SIZE); /* hint is used */
	CHECK_EQ(vm_host_map(0x123456000, PAGE_SIZE, RW, 0, 0), 0x123456000);
	CHECK_EQ(vm_host_map(0x1000, PAGE_SIZE, RW, 0, 0), map - 2 * PAGE_SIZE); /* too low */
	other = (uintptr_t)vm_host_map(0, PAGE_SIZE, RW, 0, VM_MAP_32BIT);
	CHECK(other < 0x80000000);
	CHECK_EQ(vm_unmap(other, PAGE_SIZE), 0);
	CHECK_EQ(vm_unmap(0x123456000, PAGE_SIZE), 0);
	CHECK_EQ(vm_unmap(map - PAGE_SIZE, PAGE_SIZE), 0); /* the hole is filled again */
	CHECK_EQ(vm_host_map(0, PAGE_SIZE, RW, 0, 0), map - PAGE_SIZE);
	CHECK_EQ(vm_unmap(map - 2 * PAGE_SIZE, 3 * PAGE_SIZE), 0);
	map = (uintptr_t)vm_host_map(0, 4 * PAGE_SIZE, RW, 0, 0);
	other = (uintptr_t)vm_host_map(map + 2 * PAGE_SIZE, PAGE_SIZE, RW, 0, 0);
	CHECK_EQ(other, map - PAGE_SIZE); /* a hint inside of an area is not free */
	CHECK_EQ(vm_unmap(other, 5 * PAGE_SIZE), 0);
}

static void errors(void)
{
	uintptr_t map = (uintptr_t)vm_host_map(0x20000000, 4 * PAGE_SIZE, RW, 0, 0);
	uint8_t resident[4];

	CHECK_EQ(vm_host_map(0, 0, RW, 0, 0), -EINVAL);
	CHECK_EQ(vm_host_map(0, SIZE_MAX - 5, RW, 0, 0), -ENOMEM);
	CHECK_EQ(vm_host_map(0, 1ul << 47, PROT_NONE, VM_NORESERVE, 0), -ENOMEM);
	CHECK_EQ(vm_host_map(map + 1, PAGE_SIZE, RW, 0, VM_MAP_FIXED), -EINVAL);
	CHECK_EQ(vm_host_map(1ul << 47, PAGE_SIZE, RW, 0, VM_MAP_FIXED), -ENOMEM);
	CHECK_EQ(vm_host_map(0, PAGE_SIZE, RW, 0, VM_MAP_FIXED), -EPERM);
	CHECK_EQ(vm_unmap(map + 1, PAGE_SIZE), -EINVAL);
	CHECK_EQ(vm_unmap(map, 0), -EINVAL);
	CHECK_EQ(vm_unmap(~0ul << 12, PAGE_SIZE), -EINVAL);
	CHECK_EQ(vm_protect(map + 1, PAGE_SIZE, RW), -EINVAL);
	CHECK_EQ(vm_protect(map, PAGE_SIZE, 0x1000), -EINVAL);
	CHECK_EQ(vm_protect(map, 0, RW), 0);
	CHECK_EQ(vm_remap(map + 1, PAGE_SIZE, PAGE_SIZE, 0, 0), -EINVAL);
	CHECK_EQ(vm_remap(map, PAGE_SIZE, 0, 0, 0), -EINVAL);
	CHECK_EQ(vm_remap(map, PAGE_SIZE, PAGE_SIZE, 64, 0), -EINVAL);
	CHECK_EQ(vm_remap(map, PAGE_SIZE, PAGE_SIZE, MREMAP_FIXED, 0x30000000), -EINVAL);
	CHECK_EQ(vm_remap(map, 2 * PAGE_SIZE, 8 * PAGE_SIZE, 0, 0), -ENOMEM);
	CHECK_EQ(vm_remap(map, 5 * PAGE_SIZE, 8 * PAGE_SIZE, MREMAP_MAYMOVE, 0), -EFAULT);
	CHECK_EQ(vm_remap(0x40000000, PAGE_SIZE, 2 * PAGE_SIZE, MREMAP_MAYMOVE, 0), -EFAULT);
	CHECK_EQ(vm_advise(map + 1, PAGE_SIZE, MADV_DONTNEED), -EINVAL);
	CHECK_EQ(vm_advise(map, PAGE_SIZE, 9999), -EINVAL);
	CHECK_EQ(vm_advise(map, 5 * PAGE_SIZE, MADV_DONTNEED), -ENOMEM);
	CHECK_EQ(vm_lock(map, 5 * PAGE_SIZE, false), -ENOMEM);
	CHECK_EQ(vm_lock_all(8), -EINVAL);
	CHECK_EQ(vm_unlock(map, 4 * PAGE_SIZE), 0);
	CHECK_EQ(vm_advise(map, 4 * PAGE_SIZE, MADV_DONTNEED), 0);
	CHECK_EQ(vm_host_write(map + PAGE_SIZE, 1), 0);
	CHECK_EQ(vm_mincore(map, 4, resident), 0);
	CHECK(!resident[0] && resident[1] == 1 && !resident[2] && !resident[3]);
	CHECK_EQ(vm_mincore(map, 5, resident), -ENOMEM);
	CHECK_EQ(vm_unmap(map, 4 * PAGE_SIZE), 0);
}

static void locking(void)
{
	uintptr_t map = (uintptr_t)vm_host_map(0, 4 * PAGE_SIZE, RW, 0, 0);
	struct vm_stats stats;

	CHECK_EQ(vm_lock(map + 5, PAGE_SIZE, false), 0); /* two pages */
	vm_stats(&stats);
	CHECK_EQ(stats.locked_pages, 2);
	CHECK_EQ(stats.resident_pages, 2);
	CHECK_EQ(vm_advise(map, PAGE_SIZE, MADV_DONTNEED), -EINVAL);
	CHECK_EQ(vm_lock_all(MCL_CURRENT | MCL_FUTURE), 0);
	CHECK(vm_host_map(0, 2 * PAGE_SIZE, RW, 0, 0) == (long)map - 2 * (long)PAGE_SIZE);
	vm_stats(&stats);
	CHECK_EQ(stats.locked_pages, 6);
	CHECK_EQ(stats.resident_pages, 6);
	CHECK_EQ(vm_lock_all(0), 0);
	vm_stats(&stats);
	CHECK_EQ(stats.locked_pages, 0);
	vm_host_check_figures();
	CHECK_EQ(vm_unmap(map - 2 * PAGE_SIZE, 6 * PAGE_SIZE), 0);
	vm_sync_all();
}

int main(void)
{
	static void (*const tests[])(void) = {pins,	many_segments, heap_of_brk, image,
					      promises, large_pages,   places,	    errors,
					      locking,	large_ranges};

	vm_host_start(true);
	for (unsigned i = 0; i < ARRAY_SIZE(tests); i++) {
		tests[i]();
		vm_host_check_figures();
		vm_host_check_empty();
	}
	return 0;
}
