/* SPDX-License-Identifier: BSD-3-Clause */
/* System calls on the application's memory: entries of the table (arch_syscall_fn). */
#ifndef SYSCALLS_MEMORY_H
#define SYSCALLS_MEMORY_H

long sys_mmap(long address, long size, long prot, long flags, long fd, long offset);
long sys_munmap(long address, long size, long, long, long, long);
long sys_mprotect(long address, long size, long prot, long, long, long);
long sys_pkey_mprotect(long address, long size, long prot, long key, long, long);
long sys_pkey_alloc(long flags, long rights, long, long, long, long);
long sys_pkey_free(long key, long, long, long, long, long);
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

#endif /* SYSCALLS_MEMORY_H */
