/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Mappings of memory files. All mappings of a file share its frames, so there is nothing to write
 * back. node->object.references counts mappings; the first one takes a reference to the node, which
 * the release gives back.
 */
#include "memfs.h"

#include <asm/errno.h>
#include <lib/string.h>
#include <linux/fcntl.h>
#include <linux/mman.h>
#include <mm/frame.h>

static struct mem_node *object_node(struct vm_object *object)
{
	return container_of(object, struct mem_node, object);
}

static int64_t object_read(struct vm_object *object, uint64_t offset, paddr_t frame, size_t size)
{
	struct mem_node *node = object_node(object);
	uint8_t *to = mm_phys_to_virt(frame);
	uint64_t done = 0;

	mutex_lock(&node->data_lock);
	while (done < size && offset + done < node->size)
		done += mem_copy_from(node, offset + done, to + done,
				      MIN(size - done, node->size - offset - done));
	mutex_unlock(&node->data_lock);
	memset(to + done, 0, size - done);
	return (int64_t)done;
}

static int object_get_page(struct vm_object *object, uint64_t index, paddr_t *frame)
{
	struct mem_node *node = object_node(object);
	int error = 0;

	mutex_lock(&node->data_lock);
	if (index >= (node->size + PAGE_SIZE - 1) / PAGE_SIZE)
		error = -EIO;
	else
		*frame = mem_frame_for_write(node, index);
	if (!error && *frame == PADDR_NONE)
		error = -ENOMEM;
	mutex_unlock(&node->data_lock);
	return error;
}

static void object_page_dirty(struct vm_object *object, uint64_t index)
{
	(void)object;
	(void)index; /* the frame is the file */
}

static int object_sync(struct vm_object *object, uint64_t index, uint64_t count)
{
	(void)object;
	(void)index;
	(void)count;
	return 0;
}

/* The last mapping has gone. */
static void object_release(struct vm_object *object)
{
	mem_node_put(object_node(object));
}

static const struct vm_object_ops object_ops = {
	.read = object_read,
	.get_page = object_get_page,
	.page_dirty = object_page_dirty,
	.sync = object_sync,
	.release = object_release,
};

void mem_file_init(struct mem_node *node)
{
	mutex_init(&node->write_lock);
	mutex_init(&node->data_lock);
	node->seals = F_SEAL_SEAL;
	frames_init(&node->frames);
	vm_object_init(&node->object, &object_ops);
	atomic_store(&node->object.references, 0); /* counts mappings; mem_map */
	node->object.device = node->fs->device;
	node->object.inode = node->ino;
}

int mem_map(struct file *file, unsigned prot, bool shared, struct vm_object **object)
{
	struct mem_node *node = file->data;

	if (shared && prot & PROT_WRITE && node->seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE))
		return -EPERM;
	/* The first mapping takes a reference to the node, which the object's release gives back.
	 */
	if (atomic_fetch_add(&node->object.references, 1) == 0)
		mem_node_get(node);
	*object = &node->object;
	return 0;
}
