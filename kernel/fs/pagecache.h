/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pages of host files that are mapped shared: one set per inode, however often it is mapped.
 * Private to this folder.
 */
#ifndef FS_PAGECACHE_H
#define FS_PAGECACHE_H

#include <file/file.h>
#include <lib/compiler.h>

void pagecache_init(void);

/* The object for shared mappings of the host file FILE, whose attributes are STAT. 0 or -ENOMEM. */
must_check int pagecache_map(struct file *file, const file_stat_t *stat, struct vm_object **object);

/* Is any host file mapped shared? Then reads and writes must keep it coherent. */
bool pagecache_in_use(void);

/* Before a call on FILE: what was stored through mappings of it reaches the host. */
void pagecache_flush(struct file *file);

/* After SIZE bytes of FILE at OFFSET have changed on the host: cached pages get them. */
void pagecache_after_write(struct file *file, uint64_t offset, uint64_t size);

/* After the file with these attributes got its size: cached pages behind the end go. */
void pagecache_after_truncate(const file_stat_t *stat);

#endif /* FS_PAGECACHE_H */
