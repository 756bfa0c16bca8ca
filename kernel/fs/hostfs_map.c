/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Mappings of host files. Private mappings read the file at the page fault. The object keeps the
 * open file alive. Shared mappings go through the page cache (pagecache.c).
 */
#include "hostfs.h"

#include <asm/errno.h>
#include <lib/string.h>
#include <mm/frame.h>
#include <mm/heap.h>

#include "pagecache.h"

struct host_mapping {
	struct vm_object object;
	struct file *file;
};

static int64_t mapping_read(struct vm_object *object, uint64_t offset, paddr_t frame, size_t size)
{
	struct host_mapping *mapping = container_of(object, struct host_mapping, object);
	uint32_t handle = host_file_of(mapping->file)->handle;
	uint64_t done = 0;

	if (pagecache_in_use())
		pagecache_flush(mapping->file);
	while (done < size) {
		size_t part = MIN(size - done, (size_t)HC_DATA_MAX);
		int64_t got =
			host_read_frames(handle, frame + done, part, (int64_t)(offset + done));

		if (got < 0)
			return got;
		done += (uint64_t)got;
		if ((size_t)got < part)
			break;
	}
	memset((uint8_t *)mm_phys_to_virt(frame) + done, 0, size - done);
	return (int64_t)done;
}

static void mapping_release(struct vm_object *object)
{
	struct host_mapping *mapping = container_of(object, struct host_mapping, object);

	file_put(mapping->file);
	kfree(mapping);
}

static size_t mapping_name(struct vm_object *object, char *buffer, size_t size)
{
	struct host_mapping *mapping = container_of(object, struct host_mapping, object);

	return file_path_copy(mapping->file, buffer, size);
}

static const struct vm_object_ops mapping_ops = {
	.read = mapping_read,
	.release = mapping_release,
	.name = mapping_name,
};

int hostfs_map(struct file *file, unsigned prot, bool shared, struct vm_object **object)
{
	struct host_mapping *mapping;
	file_stat_t stat;
	int error =
		file->kind & (FILE_DIRECTORY | FILE_STREAM) ? -ENODEV : hostfs_fstat(file, &stat);

	(void)prot;
	if (error)
		return error;
	if (shared)
		return pagecache_map(file, &stat, object);
	mapping = kzalloc(sizeof(*mapping));
	if (!mapping)
		return -ENOMEM;
	file_get(file);
	mapping->file = file;
	vm_object_init(&mapping->object, &mapping_ops);
	mapping->object.device = stat.dev;
	mapping->object.inode = stat.ino;
	*object = &mapping->object;
	return 0;
}
