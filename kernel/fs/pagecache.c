/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The page cache (pagecache.h). caches_lock (mutex) guards the list of caches; cache->io (mutex)
 * the open file, and is held while pages are read, written or dropped. The tree of frames has a
 * spinlock of its own, which the memory management takes under its spinlock (page_dirty). Order:
 * caches_lock -> cache->io -> pages.lock.
 */
#include "pagecache.h"

#include <asm/errno.h>
#include <asm/fcntl.h>
#include <lib/assert.h>
#include <lib/string.h>
#include <mm/frame.h>
#include <mm/heap.h>
#include <mm/vm.h>
#include <sched/mutex.h>

#include "frames.h"
#include "hostfs.h"

struct cache {
	struct vm_object object;
	struct list_node node;
	struct file *file; /* reads and writes the pages; writable if any mapper's is */
	struct mutex io;
	struct frame_tree pages;
};

static struct mutex caches_lock;
static struct list caches = LIST_INIT(caches);
static _Atomic unsigned cache_count;

void pagecache_init(void)
{
	mutex_init(&caches_lock);
}

bool pagecache_in_use(void)
{
	return atomic_load_explicit(&cache_count, memory_order_relaxed) != 0;
}

static struct cache *cache_of(struct vm_object *object)
{
	return container_of(object, struct cache, object);
}

/* Fills the frame of page INDEX from the host, zeros behind the end. Bytes from the file, or
 * -errno. */
static int64_t fill(struct cache *cache, uint64_t index, paddr_t frame) REQUIRES(cache->io)
{
	int64_t got = host_read_frames(host_file_of(cache->file)->handle, frame, PAGE_SIZE,
				       (int64_t)(index * PAGE_SIZE));

	if (got >= 0 && got < (int64_t)PAGE_SIZE)
		memset((uint8_t *)mm_phys_to_virt(frame) + got, 0, PAGE_SIZE - (size_t)got);
	return got;
}

/* Reads page INDEX and puts it into the tree. */
static int page_add(struct cache *cache, uint64_t index, paddr_t *frame) REQUIRES(cache->io)
{
	int64_t got;

	*frame = mm_frame_alloc(0, 0);
	if (*frame == PADDR_NONE)
		return -ENOMEM;
	got = fill(cache, index, *frame);
	if (got == 0)
		got = -EIO; /* behind the end of the file */
	if (got > 0)
		got = frames_add(&cache->pages, index, *frame);
	if (got < 0)
		mm_frame_free(*frame, 0);
	return (int)got;
}

static int cache_get_page(struct vm_object *object, uint64_t index, paddr_t *frame)
{
	struct cache *cache = cache_of(object);
	int error = 0;

	mutex_lock(&cache->io);
	*frame = frames_find(&cache->pages, index);
	if (*frame == PADDR_NONE)
		error = page_add(cache, index, frame);
	mutex_unlock(&cache->io);
	return error;
}

static void cache_page_dirty(struct vm_object *object, uint64_t index)
{
	frames_mark_dirty(&cache_of(object)->pages, index);
}

static int write_page(struct cache *cache, uint64_t index, paddr_t frame, uint64_t file_size)
	REQUIRES(cache->io)
{
	bool appends = atomic_load(&cache->file->flags) & O_APPEND;
	uint64_t offset = index * PAGE_SIZE;
	int64_t put;

	if (offset >= file_size)
		return 0; /* the file was cut meanwhile */
	/* pwrite(2) to a file with O_APPEND would append. */
	if (appends && hostfs_call_handle(cache->file, HC_SETFL, 0, 0, 0) < 0)
		return -EIO;
	put = host_write_frames(host_file_of(cache->file)->handle, frame,
				MIN(file_size - offset, PAGE_SIZE), (int64_t)offset);
	if (appends)
		(void)!hostfs_call_handle(cache->file, HC_SETFL, O_APPEND, 0, 0);
	return put < 0 ? (int)put : 0;
}

/* Writes all dirty pages, whatever part was asked for: what a mapping has written that is no longer
 * there reaches the host in time, too (the end of the process). */
static int cache_sync(struct vm_object *object, uint64_t index, uint64_t count)
{
	struct cache *cache = cache_of(object);
	file_stat_t stat;
	paddr_t frame;
	int error;

	(void)count;
	index = 0;
	if (!frames_any_dirty(&cache->pages))
		return 0;
	mutex_lock(&cache->io);
	error = hostfs_fstat(cache->file, &stat);
	for (; !error && frames_take_dirty(&cache->pages, &index, UINT64_MAX, &frame); index++) {
		error = write_page(cache, index, frame, stat.size);
		if (error)
			cache_page_dirty(object, index);
	}
	mutex_unlock(&cache->io);
	return error;
}

static void cache_release(struct vm_object *object)
{
	struct cache *cache = cache_of(object);

	(void)!cache_sync(object, 0, UINT64_MAX);
	frames_drop(&cache->pages, 0, UINT64_MAX);
	file_put(cache->file);
	kfree(cache);
}

static int64_t cache_read(struct vm_object *object, uint64_t offset, paddr_t frame, size_t size)
{
	(void)object;
	(void)offset;
	(void)frame;
	(void)size;
	return -EIO; /* private mappings have objects of their own (hostfs_map.c) */
}

static size_t cache_name(struct vm_object *object, char *buffer, size_t size)
{
	struct cache *cache = cache_of(object);
	size_t length;

	mutex_lock(&cache->io); /* pagecache_map may put another file in its place */
	length = file_path_copy(cache->file, buffer, size);
	mutex_unlock(&cache->io);
	return length;
}

/* The list's entry ends with the last reference. */
static void cache_last_reference(struct vm_object *object)
{
	mutex_lock(&caches_lock);
	list_remove(&cache_of(object)->node);
	atomic_fetch_sub(&cache_count, 1);
	mutex_unlock(&caches_lock);
	cache_release(object);
}

static const struct vm_object_ops cache_ops = {
	.read = cache_read,
	.get_page = cache_get_page,
	.page_dirty = cache_page_dirty,
	.sync = cache_sync,
	.release = cache_last_reference,
	.name = cache_name,
};

/* Takes a reference unless the last one has gone already. */
static bool try_get(struct cache *cache)
{
	uint32_t references = atomic_load(&cache->object.references);

	while (references)
		if (atomic_compare_exchange_weak(&cache->object.references, &references,
						 references + 1))
			return true;
	return false;
}

/* The inode's cache with a reference, or NULL. One whose last reference has just gone cannot be
 * had again: what it has to write reaches the host now, before a new one reads. */
static struct cache *cache_find(const file_stat_t *stat) REQUIRES(caches_lock)
{
	struct cache *cache;

	list_for_each_entry (cache, &caches, node) {
		if (cache->object.device != stat->dev || cache->object.inode != stat->ino)
			continue;
		if (try_get(cache))
			return cache;
		(void)!cache_sync(&cache->object, 0, UINT64_MAX);
	}
	return NULL;
}

static struct cache *cache_create(struct file *file, const file_stat_t *stat) REQUIRES(caches_lock)
{
	struct cache *cache = kzalloc(sizeof(*cache));

	if (!cache)
		return NULL;
	vm_object_init(&cache->object, &cache_ops);
	cache->object.device = stat->dev;
	cache->object.inode = stat->ino;
	mutex_init(&cache->io);
	frames_init(&cache->pages);
	file_get(file);
	cache->file = file;
	list_push_back(&caches, &cache->node);
	atomic_fetch_add(&cache_count, 1);
	return cache;
}

static bool writable(const struct file *file)
{
	return (atomic_load(&file->flags) & O_ACCMODE) == O_RDWR;
}

int pagecache_map(struct file *file, const file_stat_t *stat, struct vm_object **object)
{
	struct file *old = NULL;
	struct cache *cache;

	mutex_lock(&caches_lock);
	cache = cache_find(stat);
	if (!cache) {
		cache = cache_create(file, stat);
	} else if (writable(file) && !writable(cache->file)) {
		mutex_lock(&cache->io);
		old = cache->file;
		file_get(file);
		cache->file = file;
		mutex_unlock(&cache->io);
	}
	mutex_unlock(&caches_lock);
	if (old)
		file_put(old);
	if (!cache)
		return -ENOMEM;
	*object = &cache->object;
	return 0;
}

/* The cache of an inode with a reference, or NULL. */
static struct cache *cache_get(const file_stat_t *stat)
{
	struct cache *cache;

	mutex_lock(&caches_lock);
	cache = cache_find(stat);
	mutex_unlock(&caches_lock);
	return cache;
}

/* The same for the inode behind FILE. It stays the same while FILE is open: the host is asked once,
 * so that files that are not mapped pay nothing for those that are. */
static struct cache *cache_of_file(struct file *file)
{
	struct host_file *host = host_file_of(file);
	file_stat_t stat;

	if (!atomic_load_explicit(&host->identified, memory_order_acquire)) {
		if (hostfs_fstat(file, &stat))
			return NULL;
		host->dev = stat.dev;
		host->ino = stat.ino;
		atomic_store_explicit(&host->identified, true, memory_order_release);
	}
	stat.dev = host->dev;
	stat.ino = host->ino;
	return cache_get(&stat);
}

void pagecache_flush(struct file *file)
{
	struct cache *cache = cache_of_file(file);

	if (!cache)
		return;
	vm_sync_all();
	vm_object_put(&cache->object);
}

/* Reads what OFFSET .. END of the file has become into page INDEX; the rest of the page may hold
 * what a mapping has written and stays. */
static void refresh(struct cache *cache, uint64_t index, paddr_t frame, uint64_t offset,
		    uint64_t end) REQUIRES(cache->io)
{
	uint64_t start = index * PAGE_SIZE, from = MAX(offset, start) - start;
	uint64_t to = MIN(end, start + PAGE_SIZE) - start;

	(void)!host_read_frames(host_file_of(cache->file)->handle, frame + from, to - from,
				(int64_t)(start + from));
}

void pagecache_after_write(struct file *file, uint64_t offset, uint64_t size)
{
	uint64_t end = size > (uint64_t)INT64_MAX - offset ? (uint64_t)INT64_MAX : offset + size;
	uint64_t index = offset / PAGE_SIZE, last = (end + PAGE_SIZE - 1) / PAGE_SIZE;
	struct cache *cache = cache_of_file(file);
	paddr_t frame;

	if (!cache)
		return;
	mutex_lock(&cache->io);
	for (; frames_next(&cache->pages, &index, last, &frame); index++)
		refresh(cache, index, frame, offset, end);
	mutex_unlock(&cache->io);
	vm_object_put(&cache->object);
}

void pagecache_after_truncate(const file_stat_t *stat)
{
	uint64_t end = (stat->size + PAGE_SIZE - 1) / PAGE_SIZE;
	size_t rest = stat->size % PAGE_SIZE;
	struct cache *cache = cache_get(stat);
	paddr_t frame;

	if (!cache)
		return;
	mutex_lock(&cache->io);
	vm_object_unmap(&cache->object, end);
	frames_drop(&cache->pages, end, UINT64_MAX);
	frame = rest ? frames_find(&cache->pages, end - 1) : PADDR_NONE;
	if (frame != PADDR_NONE)
		memset((uint8_t *)mm_phys_to_virt(frame) + rest, 0, PAGE_SIZE - rest);
	mutex_unlock(&cache->io);
	vm_object_put(&cache->object);
}
