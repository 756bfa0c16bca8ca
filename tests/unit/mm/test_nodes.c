/* SPDX-License-Identifier: BSD-3-Clause */
/* Several NUMA nodes: whose memory is taken, in which order, policies, and moving pages. */
#include "vm_host.h"

#include "../../../kernel/arch/x86_64/mmu.h"
#include "../../../kernel/mm/buddy.h"

#include <arch/percpu.h>
#include <asm-generic/mman-common.h>
#include <lib/compiler.h>
#include <linux/errno.h>
#include <linux/mempolicy.h>
#include <mm/frame.h>
#include <mm/policy.h>
#include <mm/vm.h>
#include <string.h>

#define NODES	   4u
#define NODE_SIZE  (16ul << 20)
#define BORDER	   0x7000ul /* borders are not aligned to blocks */
#define FIRST	   0x100000ul
#define RW	   (PROT_READ | PROT_WRITE)
#define PAGES	   8u
#define CALL_FLAGS (MPOL_F_STATIC_NODES | MPOL_F_RELATIVE_NODES)

static uint8_t states[(NODES + 1) * NODE_SIZE >> PAGE_SHIFT];
static struct mm_thread thread;

static struct mm_thread *this_thread(void)
{
	return &thread;
}

static paddr_t node_start(unsigned node)
{
	return node ? node * NODE_SIZE + BORDER : 0;
}

/* Node 2 has CPUs only. From 0: 3, then 1; the other distances are equal. */
static void describe(void)
{
	static const unsigned with_memory[] = {0, 1, 3};

	host_numa = (struct arch_numa){.node_count = NODES};
	memset(host_numa.distance, ARCH_DISTANCE_REMOTE, sizeof(host_numa.distance));
	for (unsigned i = 0; i < NODES; i++) {
		host_numa.distance[i][i] = ARCH_DISTANCE_LOCAL;
		host_numa.cpus[i] = (struct arch_node_cpu){10 + i, i};
	}
	host_numa.distance[0][3] = 15;
	host_numa.cpu_count = NODES;
	host_numa.range_count = ARRAY_SIZE(with_memory);
	for (unsigned i = 0; i < ARRAY_SIZE(with_memory); i++)
		host_numa.ranges[i] = (struct arch_node_range){
			node_start(with_memory[i]), node_start(with_memory[i] + 1) - 0x800,
			with_memory[i]};
}

/* As mm_init does it: some memory is given out before the nodes are known. */
static void start(void)
{
	const struct range all = {FIRST, node_start(NODES), false};
	struct boot_info info = {.rsdp = 1};
	paddr_t table;

	describe();
	node_table.count = 1;
	host_physmap_reset();
	memset(states, 0, sizeof(states));
	buddy_init(states, sizeof(states));
	buddy_add(all.start, all.end, true);
	table = mm_frame_alloc(0, MM_ZERO);
	CHECK(table != PADDR_NONE);
	nodes_init(&info);
	CHECK_EQ(mm_node_count(), NODES);
	buddy_split_nodes(&all, 1);
	CHECK_EQ(mm_frame_free_count(), ((all.end - all.start) >> PAGE_SHIFT) - 1);
	mm_frame_free(table, 0);
	host_percpu.node = 0;
	thread = (struct mm_thread){0};
	mm_policy_set_source(this_thread);
}

static uint64_t free_of(unsigned node)
{
	struct mm_node_stats stats;

	mm_node_stats(node, &stats);
	CHECK(stats.free <= stats.total);
	return stats.free;
}

static void topology(void)
{
	struct boot_info loader = {.mem_count = 2};

	start();
	CHECK_EQ(mm_nodes_with_memory(), 0xb);
	CHECK_EQ(mm_node_of_cpu(13), 3);
	CHECK_EQ(mm_node_of_cpu(99), 0);
	CHECK_EQ(mm_node_of(node_start(1) - 1), 0);
	CHECK_EQ(mm_node_of(node_start(1)), 1);
	CHECK_EQ(mm_node_of(node_start(2)), 0); /* nobody's: counts to the first */
	CHECK_EQ(mm_node_distance(0, 3), 15);
	CHECK(memcmp(node_table.order[0], "\0\3\1\2", 4) == 0);
	CHECK(memcmp(node_table.order[1], "\1\2\3\0", 4) == 0);
	/* Only the loader says. */
	node_table.count = 1;
	loader.mem[0] = (struct boot_mem){.start = 0, .size = 4096, .type = BOOT_MEM_RAM};
	loader.mem[1] =
		(struct boot_mem){.start = 4096, .size = 4096, .type = BOOT_MEM_RAM, .node = 1};
	nodes_init(&loader);
	CHECK_EQ(mm_node_count(), 2);
	CHECK_EQ(mm_node_of(5000), 1);
	CHECK_EQ(mm_node_distance(1, 0), ARCH_DISTANCE_REMOTE);
	node_table.count = 1;
	loader.mem[1].node = 0;
	nodes_init(&loader);
	CHECK_EQ(mm_node_count(), 1);
	CHECK_EQ(mm_node_distance(0, 0), ARCH_DISTANCE_LOCAL);
}

/* Each node is used up before the next one, in the order of distance; no block has two nodes. */
static void exhaustion(unsigned order, unsigned from, const char *expected)
{
	static paddr_t taken[(NODES + 1) * NODE_SIZE >> PAGE_SHIFT];
	struct mm_node_stats near, far;
	unsigned count = 0, seen = 0;
	uint64_t before;

	start();
	before = mm_frame_free_count();
	host_percpu.node = from;
	while ((taken[count] = mm_frame_alloc(order, count % 2 ? MM_ZERO : 0)) != PADDR_NONE) {
		unsigned node = mm_node_of(taken[count]);

		CHECK_EQ(node, mm_node_of(taken[count] + (PAGE_SIZE << order) - 1));
		while (node != (unsigned)expected[seen])
			seen++;
		CHECK(seen < 3);
		count++;
	}
	CHECK_EQ(seen, 2);
	mm_node_stats((unsigned)expected[0], &near);
	mm_node_stats((unsigned)expected[1], &far);
	CHECK(near.hit && !near.miss && near.foreign >= far.miss && far.miss && !far.hit);
	CHECK_EQ(near.local, from == (unsigned)expected[0] ? near.hit : 0);
	while (count)
		mm_frame_free(taken[--count], order);
	CHECK_EQ(mm_frame_free_count(), before);
	/* All has merged again: the largest blocks are there. */
	CHECK(mm_frame_alloc(11, 0) != PADDR_NONE);
}

/* Consecutive frames on both sides of a border. */
static void pins(void)
{
	const struct mm_nearness low = {0, 1, false};
	paddr_t last = node_start(1) - PAGE_SIZE;

	start();
	while (mm_frame_alloc(0, 0) != PADDR_NONE)
		continue;
	CHECK_EQ(mm_frame_pin(last, 2), 0);
	CHECK(mm_frame_pinned(last - PAGE_SIZE, 2) && mm_frame_pinned(last + PAGE_SIZE, 1));
	mm_frame_free(last, 0);
	mm_frame_free(last + PAGE_SIZE, 0);
	CHECK_EQ(mm_frame_free_count(), 0);
	CHECK_EQ(mm_frame_pin(last + 2 * PAGE_SIZE, 1), 0);
	mm_frame_unpin(last, 2);
	CHECK_EQ(free_of(0), 1);
	CHECK_EQ(free_of(1), 1);
	CHECK_EQ(mm_frame_alloc_near(0, 0, &low), last);
	CHECK_EQ(mm_frame_alloc_near(0, 0, &low), PADDR_NONE);
	mm_frame_unpin(last + 2 * PAGE_SIZE, 1);
}

static struct mm_policy policy(unsigned mode, mm_nodes_t nodes)
{
	struct mm_policy result;

	CHECK_EQ(mm_policy_make(&result, mode, nodes), 0);
	return result;
}

static void modes(void)
{
	struct mm_policy made;

	start();
	CHECK_EQ(policy(MPOL_DEFAULT, 0).mode, MPOL_DEFAULT);
	CHECK_EQ(policy(MPOL_PREFERRED, 0).mode, MPOL_LOCAL);
	CHECK_EQ(policy(MPOL_PREFERRED, 0xc).nodes, 8); /* node 2 has no memory */
	CHECK_EQ(policy(MPOL_BIND, 0xff).nodes, 0xb);
	CHECK_EQ(policy(MPOL_BIND, 0xff).given, 0xff);
	CHECK_EQ(policy(MPOL_BIND | MPOL_F_RELATIVE_NODES, 0x18).nodes, 3); /* 3 of 3: the first */
	CHECK_EQ(policy(MPOL_INTERLEAVE | MPOL_F_RELATIVE_NODES, 4).nodes, 8);
	CHECK_EQ(mm_policy_make(&made, MPOL_DEFAULT, 1), -EINVAL);
	CHECK_EQ(mm_policy_make(&made, MPOL_LOCAL, 1), -EINVAL);
	CHECK_EQ(mm_policy_make(&made, MPOL_LOCAL | MPOL_F_STATIC_NODES, 0), -EINVAL);
	CHECK_EQ(mm_policy_make(&made, MPOL_BIND, 0), -EINVAL);
	CHECK_EQ(mm_policy_make(&made, MPOL_BIND, 4), -EINVAL);
	CHECK_EQ(mm_policy_make(&made, MPOL_BIND | CALL_FLAGS, 1), -EINVAL);
	CHECK_EQ(mm_policy_make(&made, MPOL_MAX, 1), -EINVAL);
	CHECK_EQ(mm_policy_make(&made, MPOL_INTERLEAVE | MPOL_F_NUMA_BALANCING, 1), -EINVAL);
}

static unsigned node_for(const struct mm_policy *wish, uint64_t index)
{
	paddr_t paddr = mm_policy_alloc(wish, index, 0, 0);

	return paddr == PADDR_NONE ? NODES : mm_node_of(paddr);
}

static void choices(void)
{
	struct mm_policy none = {0}, wish = policy(MPOL_INTERLEAVE, 0xa);

	start();
	host_percpu.node = 1;
	CHECK_EQ(node_for(&none, 0), 1);
	for (unsigned i = 0; i < 6; i++)
		CHECK_EQ(node_for(&wish, i), i % 2 ? 3 : 1);
	thread.policy = wish;
	CHECK_EQ(node_for(&none, 77), 1);
	CHECK_EQ(node_for(&none, 77), 3);
	CHECK_EQ(thread.turn, 2);
	thread.policy = none;
	wish = policy(MPOL_BIND, 9);
	host_percpu.node = 3;
	CHECK_EQ(node_for(&wish, 0), 3);
	host_percpu.node = 1;
	CHECK_EQ(node_for(&wish, 0), 3); /* 3 comes before 0 in 1's order */
	wish.has_home = true;
	wish.home = 0;
	CHECK_EQ(node_for(&wish, 0), 0);
	wish = policy(MPOL_BIND, 8);
	while (node_for(&wish, 0) == 3)
		continue;
	CHECK_EQ(node_for(&wish, 0), NODES); /* bound: nothing else will do */
	CHECK_EQ(free_of(3), 0);
	wish = policy(MPOL_PREFERRED_MANY, 8);
	CHECK_EQ(node_for(&wish, 0), 1);
	wish = policy(MPOL_PREFERRED, 8);
	CHECK_EQ(node_for(&wish, 0), 0);
	CHECK_EQ(mm_policy_alloc(&wish, 0, 0, MM_FRESH), PADDR_NONE); /* not from far away */
}

/* The heap lives on: once. */
static void start_space(void)
{
	start();
	mmu_set_root(mm_frame_alloc(0, MM_ZERO));
	vm_init(VM_HOST_TOP);
}

static uintptr_t map_pages(void)
{
	long address = vm_host_map(0, PAGES * PAGE_SIZE, RW, 0, 0);

	CHECK(address > 0);
	return (uintptr_t)address;
}

static void areas(void)
{
	struct mm_policy wish = policy(MPOL_INTERLEAVE, 3);
	struct vm_area_info info;
	uintptr_t at = map_pages();

	CHECK_EQ(vm_set_policy(at + 2 * PAGE_SIZE, 4 * PAGE_SIZE, &wish, 0), 0);
	CHECK(vm_area_next(at, &info) && info.end == at + 2 * PAGE_SIZE);
	CHECK(vm_area_next(info.end, &info) && info.end == at + 6 * PAGE_SIZE);
	CHECK_EQ(info.policy.mode, MPOL_INTERLEAVE);
	for (unsigned i = 0; i < PAGES; i++)
		CHECK_EQ(vm_host_write(at + i * PAGE_SIZE, i), 0);
	CHECK_EQ(vm_page_node(at), 0);
	CHECK_EQ(vm_page_node(at + 2 * PAGE_SIZE) + vm_page_node(at + 3 * PAGE_SIZE), 1);
	wish = (struct mm_policy){0};
	CHECK_EQ(vm_set_policy(at, PAGES * PAGE_SIZE, &wish, 0), 0);
	CHECK(vm_area_next(at, &info) && info.end == at + PAGES * PAGE_SIZE); /* one again */
	CHECK_EQ(vm_set_policy(at, (PAGES + 1) * PAGE_SIZE, &wish, 0), -EFAULT);
	CHECK_EQ(vm_set_home(at, PAGES * PAGE_SIZE, 1), -ENOENT);
	wish = policy(MPOL_PREFERRED, 1);
	CHECK_EQ(vm_set_policy(at, PAGE_SIZE, &wish, 0), 0);
	CHECK_EQ(vm_set_home(at, PAGES * PAGE_SIZE, 1), -EOPNOTSUPP);
	wish = policy(MPOL_BIND, 9);
	CHECK_EQ(vm_set_policy(at, PAGE_SIZE, &wish, 0), 0);
	CHECK_EQ(vm_set_home(at, PAGES * PAGE_SIZE, 3), 0);
	CHECK(vm_area_next(at, &info) && info.policy.has_home && info.policy.home == 3);
	vm_host_check_figures();
	CHECK_EQ(vm_unmap(at, PAGES * PAGE_SIZE), 0);
}

static void moves(void)
{
	struct mm_policy wish = policy(MPOL_BIND, 2);
	uintptr_t at = map_pages();
	struct vm_pin pin;

	CHECK_EQ(vm_page_node(at), -ENOENT);
	CHECK_EQ(vm_page_node(0x1000), -EFAULT);
	CHECK_EQ(vm_page_move(at, 1), -ENOENT);
	for (unsigned i = 0; i < PAGES; i++)
		CHECK_EQ(vm_host_write(at + i * PAGE_SIZE, i), 0);
	CHECK_EQ(vm_page_move(at, 3), 0);
	CHECK_EQ(vm_page_node(at), 3);
	CHECK_EQ(vm_pin(at + PAGE_SIZE, 10, true, &pin), 0);
	CHECK_EQ(vm_page_move(at + PAGE_SIZE, 1), -EBUSY);
	CHECK_EQ(vm_page_move(at, 2), -ENOMEM);
	CHECK_EQ(vm_set_policy(at, PAGES * PAGE_SIZE, &wish, VM_POLICY_STRICT), -EIO);
	CHECK_EQ(vm_set_policy(at, PAGES * PAGE_SIZE, &wish, VM_POLICY_STRICT | VM_POLICY_MOVE),
		 -EIO);
	vm_unpin(&pin);
	CHECK_EQ(vm_set_policy(at, PAGES * PAGE_SIZE, &wish, VM_POLICY_STRICT | VM_POLICY_MOVE), 0);
	CHECK_EQ(vm_set_policy(at, PAGES * PAGE_SIZE, &wish, VM_POLICY_STRICT), 0);
	for (unsigned i = 0; i < PAGES; i++) {
		CHECK_EQ(vm_page_node(at + i * PAGE_SIZE), 1);
		CHECK_EQ(vm_host_word(at + i * PAGE_SIZE), i);
	}
	vm_host_check_figures();
	CHECK_EQ(vm_unmap(at, PAGES * PAGE_SIZE), 0);
}

/* A large page moves as one where there is room, else in pieces. */
static void large(void)
{
	const struct mm_policy elsewhere = {.mode = MPOL_BIND, .nodes = 2};
	struct vm_page_info page;
	uintptr_t at;
	long map = vm_host_map(0, 4 * HUGE_PAGE_SIZE, RW, VM_HUGE, 0);

	CHECK(map > 0);
	at = ALIGN_UP((uintptr_t)map, HUGE_PAGE_SIZE);
	CHECK_EQ(vm_host_write(at + 5 * PAGE_SIZE, 5), 0);
	CHECK(vm_page_next(at, at + HUGE_PAGE_SIZE, &page) && page.end == at + HUGE_PAGE_SIZE);
	CHECK_EQ(vm_page_move(at, 3), 0);
	CHECK(vm_page_next(at, at + HUGE_PAGE_SIZE, &page) && page.node == 3);
	CHECK(page.end == at + HUGE_PAGE_SIZE && vm_host_word(at + 5 * PAGE_SIZE) == 5);
	while (mm_policy_alloc(&elsewhere, 0, MM_ORDER_HUGE, 0) != PADDR_NONE)
		continue;
	CHECK_EQ(vm_page_move(at + 5 * PAGE_SIZE, 1), 0);
	CHECK_EQ(vm_page_node(at + 5 * PAGE_SIZE), 1);
	CHECK_EQ(vm_page_node(at + 6 * PAGE_SIZE), 3);
	CHECK_EQ(vm_host_word(at + 5 * PAGE_SIZE), 5);
	vm_host_check_figures();
}

int main(void)
{
	topology();
	exhaustion(0, 0, "\0\3\1");
	exhaustion(4, 1, "\1\3\0");
	exhaustion(9, 2, "\3\0\1"); /* a node without memory */
	pins();
	modes();
	choices();
	start_space();
	areas();
	moves();
	large();
	CHECK_EQ(host_locks_held, 0);
	return 0;
}
