/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Random mmap, munmap, mprotect, mremap, madvise, mlock and accesses, against a model that knows of
 * each page whether it is mapped, its rights and what was written last. Results, contents and all
 * figures must agree; in the end every frame is back.
 */
#include "vm_host.h"

#include <arch/user.h>
#include <asm/mman.h>
#include <lib/compiler.h>
#include <linux/errno.h>
#include <linux/mman.h>
#include <string.h>

#define PAGES 2560u /* 10 MiB */
#define BASE  0x10000000000ul

static struct model_page {
	bool mapped, locked;
	unsigned prot;
	uint64_t value; /* 0: zero, or not touched */
} model[PAGES];

static uint64_t next_value = 1;

static uintptr_t address_of(unsigned page)
{
	return BASE + page * PAGE_SIZE;
}

static void random_range(unsigned *start, unsigned *end)
{
	unsigned limit = unit_below(3) ? 8 : PAGES;

	*start = (unsigned)unit_below(PAGES);
	if (unit_below(4) == 0)
		*start = ALIGN_DOWN(*start, 512u);
	*end = *start + 1 + (unsigned)unit_below(MIN(PAGES - *start, limit));
}

static size_t size_of(unsigned start, unsigned end)
{
	return (end - start) * PAGE_SIZE - unit_below(PAGE_SIZE); /* rounded up */
}

static bool has_hole(unsigned start, unsigned end)
{
	for (unsigned i = start; i < end; i++) {
		if (!model[i].mapped)
			return true;
	}
	return false;
}

static void do_map(void)
{
	unsigned start, end, prot = (unsigned)unit_below(8);
	unsigned flags = unit_below(3) == 0 ? VM_NORESERVE : unit_below(6) == 0 ? VM_STACK : 0;
	unsigned request = VM_MAP_FIXED | (unit_below(8) == 0 ? VM_MAP_POPULATE : 0);
	bool keep = unit_below(8) == 0, taken = false;
	long result;

	random_range(&start, &end);
	for (unsigned i = start; i < end; i++)
		taken |= model[i].mapped;
	result = vm_host_map(address_of(start), size_of(start, end), prot, flags,
			     request | (keep ? VM_MAP_NOREPLACE : 0));
	if (keep && taken) {
		CHECK_EQ(result, -EEXIST);
		return;
	}
	CHECK_EQ(result, address_of(start));
	for (unsigned i = start; i < end; i++)
		model[i] = (struct model_page){.mapped = true, .prot = prot};
}

/* A hint at free space is taken; any other gives free space somewhere. */
static void do_hint(void)
{
	unsigned start, end;
	uintptr_t address;
	bool taken = false;
	long result;

	random_range(&start, &end);
	for (unsigned i = start; i < end; i++)
		taken |= model[i].mapped;
	result = vm_host_map(address_of(start), size_of(start, end), PROT_READ, 0, 0);
	CHECK(result > 0);
	address = (uintptr_t)result;
	if (!taken)
		CHECK_EQ(address, address_of(start));
	for (unsigned i = 0; i < end - start; i++) {
		uintptr_t page = address + i * PAGE_SIZE;

		if (page >= BASE && page < address_of(PAGES))
			CHECK(!model[(page - BASE) >> PAGE_SHIFT].mapped);
	}
	CHECK_EQ(vm_unmap(address, size_of(start, end)), 0);
}

static void do_unmap(void)
{
	unsigned start, end;

	random_range(&start, &end);
	CHECK_EQ(vm_unmap(address_of(start), size_of(start, end)), 0);
	memset(&model[start], 0, (end - start) * sizeof(model[0]));
}

static void do_protect(void)
{
	unsigned start, end, prot = (unsigned)unit_below(8);

	random_range(&start, &end);
	CHECK_EQ(vm_protect(address_of(start), size_of(start, end), prot),
		 has_hole(start, end) ? -ENOMEM : 0);
	for (unsigned i = start; i < end && model[i].mapped; i++)
		model[i].prot = prot;
}

static void do_discard(void)
{
	unsigned start, end, i;
	int expected = 0;

	random_range(&start, &end);
	for (i = start; i < end && expected != -EINVAL; i++) {
		if (!model[i].mapped)
			expected = -ENOMEM;
		else if (model[i].locked)
			expected = -EINVAL; /* ends the call here */
	}
	CHECK_EQ(vm_advise(address_of(start), size_of(start, end),
			   unit_below(2) ? MADV_DONTNEED : MADV_FREE),
		 expected);
	for (; start < i - (expected == -EINVAL); start++)
		model[start].value = 0;
}

static void do_advise(void)
{
	static const int advices[] = {MADV_HUGEPAGE, MADV_NOHUGEPAGE, MADV_NORMAL, MADV_COLD};
	unsigned start, end;

	random_range(&start, &end);
	CHECK_EQ(vm_advise(address_of(start), size_of(start, end), advices[unit_below(4)]),
		 has_hole(start, end) ? -ENOMEM : 0);
}

static void do_lock(void)
{
	unsigned start, end;
	bool lock = unit_below(4) == 0;

	random_range(&start, &end);
	end = MIN(end, start + 4);
	CHECK_EQ(lock ? vm_lock(address_of(start), size_of(start, end), true)
		      : vm_unlock(address_of(start), size_of(start, end)),
		 has_hole(start, end) ? -ENOMEM : 0);
	for (unsigned i = start; i < end; i++)
		model[i].locked = lock && model[i].mapped;
}

static int expected_error(const struct model_page *page, unsigned right)
{
	if (!page->mapped)
		return -EFAULT;
	return page->prot & right ? 0 : -EACCES;
}

static void do_access(void)
{
	unsigned start, end;
	uint64_t value;

	random_range(&start, &end);
	end = MIN(end, start + 700);
	for (unsigned i = start; i < end; i++) {
		uintptr_t address = address_of(i) + 8 * (i % 512);

		if (unit_below(2)) {
			int error = vm_host_write(address, next_value);

			CHECK_EQ(error, expected_error(&model[i], PROT_WRITE));
			if (!error)
				model[i].value = next_value++;
		} else {
			int error = vm_host_read(address, &value);

			CHECK_EQ(error, expected_error(&model[i], 7));
			if (!error)
				CHECK_EQ(value, model[i].value);
		}
	}
}

/* The word of a page moves along with it, but its place in the page depends on the page's number:
 * the model's values are rewritten after a move. */
static void rewrite(unsigned from, unsigned to, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		uint64_t *old = vm_host_peek(address_of(to + i) + 8 * ((from + i) % 512));
		uint64_t *new = vm_host_peek(address_of(to + i) + 8 * ((to + i) % 512));
		uint64_t value = old ? *old : 0;

		CHECK_EQ(value, model[to + i].value);
		if (old) {
			*old = 0;
			*new = value;
		}
	}
}

/* A part of one area: START .. START + COUNT. */
static bool random_part(unsigned *start, unsigned *count)
{
	struct vm_area_info info;
	unsigned first, last;

	if (!vm_area_next(address_of((unsigned)unit_below(PAGES)), &info) ||
	    info.start >= address_of(PAGES))
		return false;
	first = (unsigned)((info.start - BASE) >> PAGE_SHIFT);
	last = (unsigned)((info.end - BASE) >> PAGE_SHIFT);
	*start = first + (unsigned)unit_below(last - first);
	*count = 1 + (unsigned)unit_below(last - *start);
	return true;
}

static void do_move(void)
{
	unsigned start, count, new_count, to;
	bool keep = unit_below(4) == 0;
	long result;

	if (!random_part(&start, &count))
		return;
	new_count = keep || unit_below(2) ? count : 1 + (unsigned)unit_below(2 * count);
	new_count = MIN(new_count, PAGES);
	to = (unsigned)unit_below(PAGES - new_count + 1);
	if (unit_below(2) && start % 512 + new_count <= PAGES - 512)
		to = start % 512 + 512 * (unsigned)unit_below(2);
	result = vm_remap(address_of(start), count * PAGE_SIZE, new_count * PAGE_SIZE,
			  MREMAP_MAYMOVE | MREMAP_FIXED | (keep ? MREMAP_DONTUNMAP : 0),
			  address_of(to));
	if (to < start + count && start < to + new_count) {
		CHECK_EQ(result, -EINVAL);
		return;
	}
	CHECK_EQ(result, address_of(to));
	for (unsigned i = 0; i < new_count; i++) {
		struct model_page *source = &model[start + MIN(i, count - 1)];

		model[to + i] = *source;
		if (i >= count)
			model[to + i].value = 0;
	}
	for (unsigned i = 0; i < count; i++) {
		model[start + i].value = 0;
		if (!keep)
			model[start + i] = (struct model_page){0};
	}
	rewrite(start, to, MIN(count, new_count));
}

static void do_resize(void)
{
	unsigned start, count, new_count;
	bool fits = true;
	long result;

	if (!random_part(&start, &count))
		return;
	new_count = 1 + (unsigned)unit_below(2 * count);
	new_count = MIN(new_count, PAGES - start);
	for (unsigned i = start + count; i < start + new_count; i++)
		fits &= !model[i].mapped;
	result = vm_remap(address_of(start), count * PAGE_SIZE, new_count * PAGE_SIZE, 0, 0);
	if (!fits) {
		CHECK_EQ(result, -ENOMEM);
		return;
	}
	CHECK_EQ(result, address_of(start));
	for (unsigned i = start + count; i < start + new_count; i++) {
		model[i] = model[start];
		model[i].value = 0;
	}
	for (unsigned i = start + new_count; i < start + count; i++)
		model[i] = (struct model_page){0};
}

static void check_all(void)
{
	struct vm_area_info info = {0};

	for (unsigned i = 0; i < PAGES; i++) {
		uintptr_t address = address_of(i);
		const uint64_t *word = vm_host_peek(address + 8 * (i % 512));
		struct mmu_page page;
		bool inside = vm_area_next(address, &info) && info.start <= address;

		CHECK_EQ(inside, model[i].mapped);
		if (inside)
			CHECK_EQ(info.prot, model[i].prot);
		CHECK_EQ(word ? *word : 0, model[i].value);
		if (arch_mmu_query(address, &page))
			CHECK_EQ(page.attributes, model[i].prot ? model[i].prot | MMU_READ : 0);
	}
	vm_host_check_figures();
}

static void run(void)
{
	static void (*const steps[])(void) = {do_map,	  do_hint,   do_unmap,	do_protect,
					      do_discard, do_access, do_access, do_access,
					      do_move,	  do_resize, do_lock,	do_advise};

	memset(model, 0, sizeof(model));
	for (unsigned round = 0; round < 12000; round++) {
		steps[unit_below(ARRAY_SIZE(steps))]();
		if (round % 16 == 0)
			check_all();
	}
	check_all();
	CHECK_EQ(vm_unmap(BASE, PAGES * PAGE_SIZE), 0);
	vm_host_check_empty();
}

int main(void)
{
	vm_host_start(true);
	run();
	run(); /* now with memory that was used before */
	return 0;
}
