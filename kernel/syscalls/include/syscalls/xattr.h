/* SPDX-License-Identifier: BSD-3-Clause */
/* Extended attributes. */
#ifndef SYSCALLS_XATTR_H
#define SYSCALLS_XATTR_H

#include <syscalls/entry.h>

SYSCALL(setxattr);
SYSCALL(lsetxattr);
SYSCALL(fsetxattr);
SYSCALL(getxattr);
SYSCALL(lgetxattr);
SYSCALL(fgetxattr);
SYSCALL(listxattr);
SYSCALL(llistxattr);
SYSCALL(flistxattr);
SYSCALL(removexattr);
SYSCALL(lremovexattr);
SYSCALL(fremovexattr);

#endif /* SYSCALLS_XATTR_H */
