/* SPDX-License-Identifier: BSD-3-Clause */
/* Nodes of memory file systems and their names (memfs.h). */
#include "memfs.h"

#include <asm/errno.h>
#include <core/clock.h>
#include <drivers/host_channel.h>
#include <lib/assert.h>
#include <lib/string.h>
#include <linux/stat.h>
#include <mm/heap.h>

#include "pipe.h"

struct hc_time memfs_now(void)
{
	uint64_t ns = clock_realtime_ns();

	return (struct hc_time){(int64_t)(ns / NS_PER_SEC), (int64_t)(ns % NS_PER_SEC)};
}

struct mem_node *mem_node_create(struct memfs *fs, uint32_t mode)
{
	const struct host_hello *hello = host_hello();
	struct mem_node *node = kzalloc(sizeof(*node));

	if (!node)
		return NULL;
	atomic_init(&node->references, 1);
	node->fs = fs;
	node->ino = fs->next_ino++;
	node->mode = mode;
	node->nlink = mem_is_dir(node) ? 2 : 1;
	node->uid = hello ? hello->fixed.uid : 0;
	node->gid = hello ? hello->fixed.gid : 0;
	node->atime = node->mtime = node->ctime = node->btime = memfs_now();
	node->parent = node;
	wait_queue_init(&node->lock_queue);
	list_init(&node->order);
	node->next_cookie = 3; /* 1 and 2: "." and ".." */
	if (mem_is_file(node))
		mem_file_init(node);
	if ((mode & S_IFMT) == S_IFIFO) {
		node->pipe = pipe_create_fifo(node);
		if (!node->pipe) {
			kfree(node);
			return NULL;
		}
	}
	return node;
}

void mem_node_put(struct mem_node *node)
{
	uint32_t before = atomic_fetch_sub_explicit(&node->references, 1, memory_order_acq_rel);

	ASSERT(before > 0);
	if (before > 1)
		return;
	ASSERT(list_empty(&node->order));
	if (mem_is_file(node))
		frames_drop(&node->frames, 0, UINT64_MAX);
	if (node->pipe)
		pipe_put(node->pipe);
	kfree(node->target);
	kfree(node);
}

void mem_node_stat(const struct mem_node *node, file_stat_t *stat)
{
	*stat = (file_stat_t){
		.dev = node->fs->device,
		.ino = node->ino,
		.nlink = node->nlink,
		.rdev = node->rdev,
		.size = mem_is_link(node) ? strlen(node->target) : node->size,
		.blksize = PAGE_SIZE,
		.mode = node->mode,
		.uid = node->uid,
		.gid = node->gid,
		.atime = node->atime,
		.mtime = node->mtime,
		.ctime = node->ctime,
		.btime = node->btime,
	};
	if (mem_is_file(node))
		stat->blocks = frames_count((struct frame_tree *)(uintptr_t)&node->frames) *
			       (PAGE_SIZE / 512);
}

void mem_node_stat_locked(const struct mem_node *node, file_stat_t *stat)
{
	mutex_lock(&node->fs->lock);
	mem_node_stat(node, stat);
	mutex_unlock(&node->fs->lock);
}

static int compare(const char *a, size_t a_length, const char *b, size_t b_length)
{
	int order = memcmp(a, b, MIN(a_length, b_length));

	return order ? order : (a_length > b_length) - (a_length < b_length);
}

static struct mem_name *name_of(const struct rb_node *node)
{
	return container_of(node, struct mem_name, by_name);
}

static bool name_less(const struct rb_node *a, const struct rb_node *b)
{
	return compare(name_of(a)->name, name_of(a)->length, name_of(b)->name, name_of(b)->length) <
	       0;
}

struct mem_name *mem_name_find(const struct mem_node *dir, const char *name, size_t length)
{
	struct rb_node *node = dir->names.root;

	while (node) {
		struct mem_name *here = name_of(node);
		int order = compare(name, length, here->name, here->length);

		if (!order)
			return here;
		node = node->child[order > 0 ? RB_RIGHT : RB_LEFT];
	}
	return NULL;
}

int mem_name_add(struct mem_node *dir, const char *text, size_t length, struct mem_node *node)
{
	struct mem_name *name = kzalloc(sizeof(*name) + length + 1);

	if (!name)
		return -ENOSPC;
	memcpy(name->name, text, length);
	name->length = (uint32_t)length;
	name->cookie = dir->next_cookie++;
	name->node = node;
	mem_node_get(node);
	rb_insert(&dir->names, &name->by_name, name_less);
	list_push_back(&dir->order, &name->in_order);
	if (mem_is_dir(node)) {
		node->parent = dir;
		node->name = name;
		dir->nlink++;
	}
	dir->mtime = dir->ctime = memfs_now();
	return 0;
}

void mem_name_remove(struct mem_node *dir, struct mem_name *name)
{
	struct mem_node *node = name->node;

	rb_erase(&dir->names, &name->by_name);
	list_remove(&name->in_order);
	if (mem_is_dir(node))
		dir->nlink--;
	if (node->name == name)
		node->name = NULL;
	dir->mtime = dir->ctime = node->ctime = memfs_now();
	kfree(name);
	mem_node_put(node);
}

int mem_node_add(struct mem_walk *w, uint32_t mode, struct mem_node **out)
{
	struct mem_node *node = mem_node_create(w->dir->fs, mode);
	int error;

	if (!node)
		return -ENOSPC;
	error = mem_name_add(w->dir, w->name, w->length, node);
	mem_node_put(node); /* the name holds it now */
	*out = node;
	return error;
}
