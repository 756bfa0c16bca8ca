/* SPDX-License-Identifier: BSD-3-Clause */
/* Directory records (struct linux_dirent64, getdents64(2)). Private to this folder. */
#ifndef FS_DIRENT_H
#define FS_DIRENT_H

#include <lib/compiler.h>
#include <lib/types.h>

struct dirent_list {
	void *buffer;
	size_t size, used;
	bool full; /* a record did not fit */
};

/* Appends a record; NEXT: the cookie behind it. False when it does not fit. */
bool dirent_put(struct dirent_list *list, uint64_t ino, uint64_t next, uint32_t mode,
		const char *name, size_t length);

/* What getdents returns: bytes, or -EINVAL when not even one record fitted. */
int64_t dirent_result(const struct dirent_list *list);

#endif /* FS_DIRENT_H */
