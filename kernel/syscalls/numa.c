/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Memory policies (numa(7)). The machine has one node, so every valid policy is fulfilled; the one
 * that was set is remembered, for the process as a whole.
 */
#include <syscalls/numa.h>

#include <arch/user.h>
#include <asm/errno.h>
#include <linux/mempolicy.h>
#include <mm/vm.h>
#include <stdatomic.h>

#define NODES	   1ul /* mask of the nodes that exist */
#define MODE_FLAGS ((unsigned)MPOL_MODE_FLAGS)
#define BITS_MAX   (PAGE_SIZE * 8)

static _Atomic unsigned current_mode = MPOL_DEFAULT;

/* Reads the first word of a mask of BITS - 1 bits; the others must be clear. 0 or -errno. */
static int read_mask(uintptr_t address, unsigned long bits, uint64_t *mask)
{
	uint64_t word;

	*mask = 0;
	if (!address || bits <= 1)
		return 0;
	if (bits > BITS_MAX)
		return -EINVAL;
	for (unsigned long i = 0; i * 64 < bits - 1; i++) {
		if (arch_user_read(&word, address + i * 8, sizeof(word)))
			return -EFAULT;
		if ((i + 1) * 64 > bits - 1)
			word &= (1ul << (bits - 1) % 64) - 1;
		if (i == 0)
			*mask = word;
		else if (word)
			return -EINVAL;
	}
	return 0;
}

/* Does MODE go with the nodes of the mask at ADDRESS? 0 or -errno. */
static int check_policy(unsigned mode, uintptr_t address, unsigned long bits)
{
	uint64_t mask;
	int error = read_mask(address, bits, &mask);

	if (error)
		return error;
	switch (mode & ~MODE_FLAGS) {
	case MPOL_DEFAULT:
	case MPOL_LOCAL:
		return mask || mode & MODE_FLAGS ? -EINVAL : 0;
	case MPOL_PREFERRED:
		return mask && !(mask & NODES) ? -EINVAL : 0;
	case MPOL_BIND:
	case MPOL_INTERLEAVE:
	case MPOL_PREFERRED_MANY:
		return mask & NODES ? 0 : -EINVAL;
	default:
		return -EINVAL;
	}
}

static int write_nodes(uintptr_t address, unsigned long bits, uint64_t mask)
{
	size_t size = ALIGN_UP(bits, 64ul) / 8;

	if (bits > BITS_MAX || arch_user_clear(address, size))
		return bits > BITS_MAX ? -EINVAL : -EFAULT;
	return size && arch_user_write(address, &mask, sizeof(mask)) ? -EFAULT : 0;
}

static bool is_mapped(uintptr_t address)
{
	struct vm_area_info area;

	if (!vm_area_next(address, &area))
		return false;
	if (area.object)
		vm_object_put(area.object);
	return area.start <= address;
}

/* get_mempolicy(mode, nodes, bits, address, flags) */
SYSCALL(get_mempolicy)
{
	unsigned long flags = (unsigned long)a4, bits = (unsigned long)a2;
	unsigned mode = atomic_load(&current_mode);
	uint64_t nodes = mode == MPOL_DEFAULT || mode == MPOL_LOCAL ? 0 : NODES;
	int error = 0;

	if (flags & ~(unsigned long)(MPOL_F_NODE | MPOL_F_ADDR | MPOL_F_MEMS_ALLOWED) ||
	    (a1 && bits < 1) || (a3 && !(flags & MPOL_F_ADDR)))
		return -EINVAL;
	if (flags & MPOL_F_MEMS_ALLOWED) {
		if (flags & (MPOL_F_NODE | MPOL_F_ADDR))
			return -EINVAL;
		mode = 0;
		nodes = NODES;
	} else if (flags & MPOL_F_ADDR) {
		if (!is_mapped((uintptr_t)a3))
			return -EFAULT;
		mode = flags & MPOL_F_NODE ? 0 /* the node */ : mode;
	} else if (flags & MPOL_F_NODE) {
		if (mode != MPOL_INTERLEAVE)
			return -EINVAL;
		mode = 0;
	}
	if (a0)
		error = arch_user_write((uintptr_t)a0, &mode, sizeof(mode));
	if (!error && a1)
		error = write_nodes((uintptr_t)a1, bits, nodes);
	return error;
}

/* set_mempolicy(mode, nodes, bits) */
SYSCALL(set_mempolicy)
{
	int error = check_policy((unsigned)a0, (uintptr_t)a1, (unsigned long)a2);

	if (!error)
		atomic_store(&current_mode, (unsigned)a0);
	return error;
}

/* mbind(address, size, mode, nodes, bits, flags) */
SYSCALL(mbind)
{
	uintptr_t address = (uintptr_t)a0;
	size_t size;

	if (a5 & ~(long)MPOL_MF_VALID || address % PAGE_SIZE)
		return -EINVAL;
	size = ALIGN_UP((size_t)a1, PAGE_SIZE);
	if (size < (size_t)a1 || !arch_user_range_ok(address, size))
		return -EINVAL;
	for (size_t at = 0; at < size; at += PAGE_SIZE)
		if (!is_mapped(address + at))
			return -EFAULT;
	return check_policy((unsigned)a2, (uintptr_t)a3, (unsigned long)a4);
}
