/* SPDX-License-Identifier: BSD-3-Clause */
/* System calls on the application's memory: entries of the table (arch_syscall_fn). */
#ifndef SYSCALLS_MEMORY_H
#define SYSCALLS_MEMORY_H

#include <lib/compiler.h>
#include <lib/types.h>
#include <mm/vm_object.h>

long sys_mmap(long address, long size, long prot, long flags, long fd, long offset);
long sys_munmap(long address, long size, long, long, long, long);
long sys_mprotect(long address, long size, long prot, long, long, long);
long sys_mremap(long address, long old_size, long new_size, long flags, long new_address, long);
long sys_brk(long end, long, long, long, long, long);
long sys_madvise(long address, long size, long advice, long, long, long);
long sys_mincore(long address, long size, long vector, long, long, long);
long sys_msync(long address, long size, long flags, long, long, long);
long sys_mlock(long address, long size, long, long, long, long);
long sys_mlock2(long address, long size, long flags, long, long, long);
long sys_munlock(long address, long size, long, long, long, long);
long sys_mlockall(long flags, long, long, long, long, long);
long sys_munlockall(long, long, long, long, long, long);

/*
 * What mmap of descriptor FD maps: an object with a reference for the caller. PROT as for mmap;
 * *WRITABLE: may a shared mapping get PROT_WRITE later? -EBADF; -EACCES when the descriptor is not
 * open for what PROT and SHARED need; -ENODEV when it cannot be mapped; *OBJECT NULL: anonymous
 * memory (/dev/zero).
 */
typedef int (*memory_file_fn)(int fd, unsigned prot, bool shared, struct vm_object **object,
			      bool *writable);

/* Set once at the start by what knows descriptors; until then all have -EBADF. */
void memory_set_file_source(memory_file_fn source);

#endif /* SYSCALLS_MEMORY_H */
