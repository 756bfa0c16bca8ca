/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of NUMA nodes. Private to this folder and its tests. */
#ifndef MM_NODES_H
#define MM_NODES_H

#include <abi/boot_info.h>
#include <arch/percpu.h>
#include <lib/compiler.h>
#include <mm/node.h>

/* Written once, by nodes_init, before there is a second CPU. */
struct node_table {
	unsigned count;
	struct arch_numa firmware;		   /* with COUNT > 1 */
	uint8_t order[MM_NODES_MAX][MM_NODES_MAX]; /* [node]: all nodes, the nearest first */
};
extern struct node_table node_table;

/* Asks the firmware, or else what the loader says of the memory; nobody: one node. */
void nodes_init(const struct boot_info *info);

unsigned nodes_search(paddr_t paddr);

/* The node of PADDR. */
static always_inline unsigned node_of(paddr_t paddr)
{
	return likely(node_table.count == 1) ? 0 : nodes_search(paddr);
}

/* Where the memory that begins at PADDR and is of one node ends, END at most; page-aligned if both
 * are. */
paddr_t nodes_stretch(paddr_t paddr, paddr_t end);

/* The node of the executing CPU. */
static always_inline unsigned node_local(void)
{
	return likely(node_table.count == 1) ? 0 : arch_percpu_node(arch_percpu_this());
}

#endif /* MM_NODES_H */
