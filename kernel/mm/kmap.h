/* SPDX-License-Identifier: BSD-3-Clause */
/* The lock of the kernel's half of the page tables. Private to this folder. */
#ifndef MM_KMAP_LOCK_H
#define MM_KMAP_LOCK_H

#include <core/spinlock.h>

/* Guards the tables of the upper half and the kernel stacks. Frame allocation nests inside. */
extern struct spinlock kmap_lock;

#endif /* MM_KMAP_LOCK_H */
