/* SPDX-License-Identifier: BSD-3-Clause */
/* An address space on real page tables, and accesses to it as the processor would make them. */
#ifndef UNIT_MM_VM_HOST_H
#define UNIT_MM_VM_HOST_H

#include "host.h"

#include <arch/mmu.h>
#include <mm/vm.h>

#define VM_HOST_MEMORY (64ul << 20)
#define VM_HOST_TOP    0x7fff00000000ul

/* An empty address space in fresh memory. Once in a process: heap and tables keep some frames. */
void vm_host_start(bool zeroed);

/* Nothing is mapped and every frame is accounted for. */
void vm_host_check_empty(void);

/* The figures of vm_stats agree with areas and page tables. */
void vm_host_check_figures(void);

/* Reads or writes the word at ADDRESS; faults go to vm_fault. 0 or its error. */
int vm_host_read(uintptr_t address, uint64_t *value);
int vm_host_write(uintptr_t address, uint64_t value);

/* A read that must succeed, or one for its error. */
uint64_t vm_host_word(uintptr_t address);
int vm_host_read_error(uintptr_t address);

/* The mapped word, or NULL. */
uint64_t *vm_host_peek(uintptr_t address);

/* Anonymous memory; the result of vm_map. */
long vm_host_map(uintptr_t address, size_t size, unsigned prot, unsigned flags, unsigned request);

#endif /* UNIT_MM_VM_HOST_H */
