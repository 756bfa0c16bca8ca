/* SPDX-License-Identifier: BSD-3-Clause */
/* Memory policies and the nodes of pages (numa(7)). What policies mean is in mm/policy.h. */
#include <syscalls/numa.h>

#include <arch/user.h>
#include <asm/errno.h>
#include <linux/mempolicy.h>
#include <mm/policy.h>
#include <mm/vm.h>
#include <sched/process.h>
#include <sched/task.h>

#define MASK_BITS_MAX (PAGE_SIZE * 8)
#define LINUX_NODES   1024ul /* nodes that Linux can count: those up to here just do not exist */
#define WORD_BITS     64ul

/* Reads a mask of BITS - 1 bits, as Linux counts. 0 or -errno. */
static int read_mask(uintptr_t address, unsigned long bits, mm_nodes_t *mask)
{
	uint64_t word;

	*mask = 0;
	bits--;
	if (!address || !bits)
		return 0;
	if (bits > MASK_BITS_MAX)
		return -EINVAL;
	for (unsigned long at = 0; at < bits; at += WORD_BITS) {
		if (arch_user_read(&word, address + at / 8, sizeof(word)))
			return -EFAULT;
		if (bits - at < WORD_BITS)
			word &= (1ul << (bits - at)) - 1;
		if (at >= LINUX_NODES && word)
			return -EINVAL;
		if (at == 0)
			*mask = word & MM_NODES_ALL;
		if (at ? word : word & ~MM_NODES_ALL)
			*mask |= MM_NODES_OTHER;
	}
	return 0;
}

/* Writes the nodes that exist as a mask of BITS - 1 bits. 0 or -errno. */
static int write_mask(uintptr_t address, unsigned long bits, mm_nodes_t mask)
{
	size_t size = ALIGN_UP(bits - 1, WORD_BITS) / 8;

	if (size > PAGE_SIZE)
		return -EINVAL;
	if (arch_user_clear(address, size))
		return -EFAULT;
	return size && arch_user_write(address, &mask, sizeof(mask)) ? -EFAULT : 0;
}

/* Checks the mode and reads the nodes, in this order. 0 or -errno. */
static int read_nodes(long mode, uintptr_t address, unsigned long bits, mm_nodes_t *nodes)
{
	int error = mm_policy_check_mode((unsigned)mode);

	return error ? error : read_mask(address, bits, nodes);
}

/* The area that ADDRESS lies in, without its object. */
static bool find_area(uintptr_t address, struct vm_area_info *area)
{
	if (!vm_area_next(address, area))
		return false;
	vm_object_put(area->object);
	return area->start <= address;
}

/* The node of the page at ADDRESS, which is read if it is not there yet. */
static int touched_node(uintptr_t address)
{
	int node = vm_page_node(address);
	char byte;

	if (node == -ENOENT && !arch_user_read(&byte, address, 1))
		node = vm_page_node(address);
	return node < 0 ? -EFAULT : node;
}

static int shown_mode(const struct mm_policy *policy)
{
	return policy->mode | policy->flags;
}

static mm_nodes_t shown_nodes(const struct mm_policy *policy)
{
	return policy->flags & (MPOL_F_STATIC_NODES | MPOL_F_RELATIVE_NODES) ? policy->given
									     : policy->nodes;
}

/* What get_mempolicy answers: 0 or -errno. */
static int query(uintptr_t address, unsigned long flags, int *mode, mm_nodes_t *nodes)
{
	const struct mm_thread *thread = task_memory();
	struct mm_policy policy = thread->policy;
	struct vm_area_info area;

	if (flags & MPOL_F_MEMS_ALLOWED) {
		*nodes = mm_nodes_with_memory();
		return flags & (MPOL_F_NODE | MPOL_F_ADDR) ? -EINVAL : 0;
	}
	if (flags & MPOL_F_ADDR) {
		if (!find_area(address, &area))
			return -EFAULT;
		policy = area.policy;
	} else if (address) {
		return -EINVAL;
	}
	*mode = shown_mode(&policy);
	*nodes = shown_nodes(&policy);
	if (!(flags & MPOL_F_NODE))
		return 0;
	if (flags & MPOL_F_ADDR)
		*mode = touched_node(address);
	else if (policy.mode == MPOL_INTERLEAVE)
		*mode = (int)mm_policy_turn(&policy, thread->turn);
	else
		return -EINVAL;
	return MIN(*mode, 0);
}

/* get_mempolicy(mode, nodes, bits, address, flags) */
SYSCALL(get_mempolicy)
{
	unsigned long flags = (unsigned long)a4, bits = (unsigned long)a2;
	mm_nodes_t nodes = 0;
	int mode = 0, error;

	if ((a1 && bits < mm_node_count()) ||
	    flags & ~(unsigned long)(MPOL_F_NODE | MPOL_F_ADDR | MPOL_F_MEMS_ALLOWED))
		return -EINVAL;
	error = query((uintptr_t)a3, flags, &mode, &nodes);
	if (!error && a0)
		error = arch_user_write((uintptr_t)a0, &mode, sizeof(mode));
	if (!error && a1)
		error = write_mask((uintptr_t)a1, bits, nodes);
	return error;
}

/* set_mempolicy(mode, nodes, bits) */
SYSCALL(set_mempolicy)
{
	struct mm_policy policy;
	mm_nodes_t nodes;
	int error = read_nodes(a0, (uintptr_t)a1, (unsigned long)a2, &nodes);

	if (!error)
		error = mm_policy_make(&policy, (unsigned)a0, nodes);
	if (!error)
		*task_memory() = (struct mm_thread){.policy = policy};
	return error;
}

static bool is_page_range(uintptr_t address, size_t size)
{
	return address % PAGE_SIZE == 0 && address + size >= address;
}

/* mbind(address, size, mode, nodes, bits, flags) */
SYSCALL(mbind)
{
	size_t size = ALIGN_UP((size_t)a1, PAGE_SIZE);
	struct mm_policy policy;
	mm_nodes_t nodes;
	unsigned how = 0;
	int error = read_nodes(a2, (uintptr_t)a3, (unsigned long)a4, &nodes);

	if (error)
		return error;
	if (a5 & ~(long)MPOL_MF_VALID || !is_page_range((uintptr_t)a0, size))
		return -EINVAL;
	if (!size)
		return 0;
	error = mm_policy_make(&policy, (unsigned)a2, nodes);
	if (error)
		return error;
	if (a5 & MPOL_MF_STRICT && policy.mode != MPOL_DEFAULT)
		how |= VM_POLICY_STRICT;
	if (a5 & (MPOL_MF_MOVE | MPOL_MF_MOVE_ALL))
		how |= VM_POLICY_MOVE;
	return vm_set_policy((uintptr_t)a0, size, &policy, how);
}

/* set_mempolicy_home_node(address, size, node, flags) */
SYSCALL(set_mempolicy_home_node)
{
	size_t size = ALIGN_UP((size_t)a1, PAGE_SIZE);

	if (!is_page_range((uintptr_t)a0, size) || a3 || (unsigned long)a2 >= mm_node_count())
		return -EINVAL;
	return size ? vm_set_home((uintptr_t)a0, size, (unsigned)a2) : 0;
}

static bool is_self(long pid)
{
	return pid == 0 || pid == PROCESS_PID || thread_exists((tid_t)pid);
}

/* The node that page INDEX is to move to, or -errno for the whole call. */
static int read_target(uintptr_t nodes, unsigned long index)
{
	int node;

	if (arch_user_read(&node, nodes + index * sizeof(node), sizeof(node)))
		return -EFAULT;
	if (node < 0 || (unsigned long)node >= LINUX_NODES)
		return -ENODEV;
	return (unsigned)node < mm_node_count() &&
			       mm_nodes_with_memory() & mm_node_bit((unsigned)node)
		       ? node
		       : -ENODEV;
}

/* move_pages(pid, count, pages, nodes, status, flags) */
SYSCALL(move_pages)
{
	unsigned long count = (unsigned long)a1;
	long failed = 0;

	if (a5 & ~(long)(MPOL_MF_MOVE | MPOL_MF_MOVE_ALL))
		return -EINVAL;
	if (!is_self(a0))
		return -ESRCH;
	for (unsigned long i = 0; i < count; i++) {
		uintptr_t page;
		int node = a3 ? read_target((uintptr_t)a3, i) : 0, status = 0;

		if (arch_user_read(&page, (uintptr_t)a2 + i * sizeof(page), sizeof(page)))
			return -EFAULT;
		if (node < 0)
			return node;
		if (a3)
			status = vm_page_move(page, (unsigned)node);
		failed += status == -EBUSY || status == -ENOMEM;
		if (!status)
			status = vm_page_node(page);
		if (a4 &&
		    arch_user_write((uintptr_t)a4 + i * sizeof(status), &status, sizeof(status)))
			return -EFAULT;
	}
	return failed;
}

/* Where a page of NODE, one of FROM, goes: the node at the same place in TO. */
static unsigned moved_to(unsigned node, mm_nodes_t from, mm_nodes_t to)
{
	const struct mm_policy target = {.nodes = to};
	mm_nodes_t before = from & (mm_node_bit(node) - 1);

	if (mm_nodes_count(from) != mm_nodes_count(to) && to & mm_node_bit(node))
		return node; /* it is where it may be */
	return mm_policy_turn(&target, mm_nodes_count(before));
}

/* migrate_pages(pid, bits, from, to) */
SYSCALL(migrate_pages)
{
	struct vm_page_info page;
	mm_nodes_t from, to;
	uintptr_t at = 0;
	long failed = 0;
	int error = read_mask((uintptr_t)a2, (unsigned long)a1, &from);

	if (!error)
		error = read_mask((uintptr_t)a3, (unsigned long)a1, &to);
	if (error)
		return error;
	if (!is_self(a0))
		return -ESRCH;
	to &= mm_nodes_with_memory();
	if (!to)
		return -EINVAL;
	for (; vm_page_next(at, ARCH_USER_END, &page); at = page.end) {
		if (!(from & mm_node_bit(page.node)))
			continue;
		error = vm_page_move(page.start, moved_to(page.node, from, to));
		failed += error == -EBUSY || error == -ENOMEM;
	}
	return failed;
}
