/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * memfd_create(2): files without a name, in a memory file system that is mounted nowhere, and their
 * seals. node->data_lock guards node->seals. Files with a name are sealed against seals, as on
 * Linux.
 */
#include "memfs.h"

#include <asm/errno.h>
#include <asm/fcntl.h>
#include <fs/special.h>
#include <lib/printf.h>
#include <linux/fcntl.h>
#include <linux/stat.h>

#define SEALS_ALL                                                                                  \
	((unsigned)(F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_FUTURE_WRITE))

static struct memfs *memfd_fs;

int memfd_init(void)
{
	memfd_fs = memfs_create("tmpfs");
	return memfd_fs ? 0 : -ENOMEM;
}

int memfd_create_file(const char *name, bool may_seal, struct file **out)
{
	char path[MEMFD_NAME_MAX + 32];
	struct mem_node *node;
	int error;

	ksnprintf(path, sizeof(path), "/memfd:%s (deleted)", name);
	mutex_lock(&memfd_fs->lock);
	node = mem_node_create(memfd_fs, S_IFREG | 0777);
	mutex_unlock(&memfd_fs->lock);
	if (!node)
		return -ENOMEM;
	node->nlink = 0;
	if (may_seal)
		node->seals = 0;
	error = memfs_open_node(node, O_RDWR | O_LARGEFILE, path, out);
	mem_node_put(node);
	return error;
}

static long add_seals(const struct file *file, struct mem_node *node, unsigned seals)
{
	long result = 0;

	if ((atomic_load(&file->flags) & O_ACCMODE) == O_RDONLY)
		return -EPERM;
	if (seals & ~SEALS_ALL)
		return -EINVAL;
	mutex_lock(&node->data_lock);
	if (node->seals & F_SEAL_SEAL)
		result = -EPERM;
	else if (seals & F_SEAL_WRITE && atomic_load(&node->object.references))
		result = -EBUSY; /* any mapping counts: which can be written is not known here */
	else
		node->seals |= seals;
	mutex_unlock(&node->data_lock);
	return result;
}

long mem_fcntl(struct file *file, int command, uintptr_t argument)
{
	struct mem_node *node = file->data;

	switch (command) {
	case F_GET_SEALS:
		return (long)READ_ONCE(node->seals);
	case F_ADD_SEALS:
		return add_seals(file, node, (unsigned)argument);
	default:
		return -EINVAL;
	}
}
