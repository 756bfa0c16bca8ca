/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Memory file systems: nodes in the kernel's memory. Private to this folder.
 *
 * fs->lock (mutex) guards names, links and attributes of all nodes of one file system;
 * node->data_lock the size and the set of frames of a regular file. Order: fs->lock,
 * node->write_lock -> node->data_lock. A node lives as long as it has a name, is open, or is mapped
 * (references).
 */
#ifndef FS_MEMFS_H
#define FS_MEMFS_H

#include <file/file.h>
#include <fs/vfs.h>
#include <lib/list.h>
#include <lib/rbtree.h>
#include <sched/mutex.h>

#include "frames.h"

#define MEM_PERMISSIONS 07777u

struct memfs {
	struct mutex lock;
	struct mem_node *root;
	uint64_t next_ino;
	uint64_t device;
	const char *type;
};

struct mem_node {
	_Atomic uint32_t references;
	struct memfs *fs;
	uint64_t ino, nlink, rdev;
	uint32_t mode, uid, gid;
	bool linkable; /* O_TMPFILE: has no name yet, but may get one */
	struct hc_time atime, mtime, ctime, btime;
	/* flock(2), memfs_lock.c */
	unsigned lock_readers;
	bool lock_writer;
	struct wait_queue lock_queue;
	struct pipe *pipe; /* of a FIFO; pipe.h */
	/* directory */
	struct mem_node *parent; /* not counted; itself for the root */
	struct mem_name *name;	 /* its one name; NULL for the root and after removal */
	struct rb_tree names;	 /* struct mem_name, by name */
	struct list order;	 /* the same, in the order of their cookies */
	uint64_t next_cookie;
	/* symbolic link */
	char *target;
	/* regular file */
	struct mutex write_lock; /* held for each whole write; before data_lock */
	struct mutex data_lock;
	struct vm_object object; /* counts mappings; the first one holds a reference to the node */
	struct frame_tree frames;
	uint64_t size;
	uint32_t seals; /* F_SEAL_*, memfs_seal.c */
};

struct mem_name {
	struct rb_node by_name;
	struct list_node in_order;
	uint64_t cookie;
	struct mem_node *node; /* counted */
	uint32_t length;
	char name[];
};

struct hc_time memfs_now(void);
struct mem_node *mem_node_create(struct memfs *fs, uint32_t mode);
static inline void mem_node_get(struct mem_node *node)
{
	atomic_fetch_add_explicit(&node->references, 1, memory_order_relaxed);
}
void mem_node_put(struct mem_node *node);
void mem_node_stat(const struct mem_node *node, file_stat_t *stat);
void mem_node_stat_locked(const struct mem_node *node, file_stat_t *stat); /* takes fs->lock */

static inline bool mem_is_dir(const struct mem_node *node)
{
	return (node->mode & 0170000) == 0040000;
}
static inline bool mem_is_link(const struct mem_node *node)
{
	return (node->mode & 0170000) == 0120000;
}
static inline bool mem_is_file(const struct mem_node *node)
{
	return (node->mode & 0170000) == 0100000;
}

/* Names in a directory; fs->lock held. */
struct mem_name *mem_name_find(const struct mem_node *dir, const char *name, size_t length);
must_check int mem_name_add(struct mem_node *dir, const char *name, size_t length,
			    struct mem_node *node);
void mem_name_remove(struct mem_node *dir, struct mem_name *name);

/*
 * Walks path->rest (memfs_walk.c); fs->lock held. DIR, NAME and LENGTH: the last name and its
 * directory (LENGTH 0: the path is the root or ends with ".."), *NODE: what it names (NULL:
 * nothing), all uncounted. *MUST_BE_DIR: a slash follows. A symbolic link at the end is followed
 * unless path->flags say otherwise.
 */
struct mem_walk {
	struct mem_node *dir, *node;
	const char *name;
	size_t length;
	bool must_be_dir;
	char *text; /* the path that NAME points into; kfree */
};
#define MEM_NAME_ITSELF 0x100u /* path->flags: a symbolic link is not followed before a slash */
must_check int memfs_walk(struct fs_mount *mount, struct fs_path *path, struct mem_walk *walk);

/* The same with fs->lock taken; mem_walk_end releases it and what the walk holds, also after
 * errors.
 */
must_check int mem_walk_begin(struct fs_mount *mount, struct fs_path *path, struct mem_walk *walk);
/* For a name that is made or taken away: it is meant itself, even with a slash behind it. */
must_check int mem_walk_name(struct fs_mount *mount, struct fs_path *path, struct mem_walk *walk);
/* -ENOENT when there is no node. */
must_check int mem_walk_existing(struct fs_mount *mount, struct fs_path *path,
				 struct mem_walk *walk);
void mem_walk_end(struct fs_mount *mount, struct mem_walk *walk);
/* A new node at the free name that WALK has led to. *OUT is not counted: the name holds it. */
must_check int mem_node_add(struct mem_walk *walk, uint32_t mode, struct mem_node **out);

/* The absolute path of directory NODE, or of NAME in it, into OUT (FS_PATH_MAX + 1 bytes). */
must_check int memfs_path_of(const struct fs_mount *mount, const struct mem_node *node,
			     const char *name, size_t length, char *out);

/* Opens NODE; no lock is held, and the node stays alive meanwhile. May wait (FIFOs). */
must_check int memfs_open_node(struct mem_node *node, unsigned flags, const char *path,
			       struct file **out);

/* Regular files (memfs_file.c, memfs_map.c, memfs_seal.c). */
void mem_file_init(struct mem_node *node);
must_check int mem_file_truncate(struct mem_node *node, uint64_t size);
void mem_node_set_times(struct mem_node *node, const struct hc_time times[2]);
void memfs_fill_statfs(struct hc_statfs *statfs);
int64_t mem_getdents(struct file *file, void *buffer, size_t size);
int mem_map(struct file *file, unsigned prot, bool shared, struct vm_object **object);
long mem_fcntl(struct file *file, int command, uintptr_t argument);
/* With data_lock held: the frame of page INDEX, made where the file has a hole, or PADDR_NONE; and
 * a copy out of the file, inside one page: bytes. */
paddr_t mem_frame_for_write(struct mem_node *node, uint64_t index);
size_t mem_copy_from(struct mem_node *node, uint64_t offset, uint8_t *to, size_t size);
extern const struct file_ops memfs_file_ops;
extern const struct file_ops memfs_dir_ops;

/* flock(2) (memfs_lock.c). */
int mem_flock(struct file *file, int operation);
void mem_flock_release(struct file *file);

/* Operations of struct fs_ops that live in memfs_open.c and memfs_names.c. */
int memfs_open(struct fs_mount *mount, struct fs_path *path, unsigned flags, uint32_t mode,
	       struct file **out);
int memfs_unlink(struct fs_mount *mount, struct fs_path *path, bool directory);
int memfs_mkdir(struct fs_mount *mount, struct fs_path *path, uint32_t mode);
int memfs_mknod(struct fs_mount *mount, struct fs_path *path, uint32_t mode, uint64_t device);
int64_t memfs_readlink(struct fs_mount *mount, struct fs_path *path, char *target, size_t size);
int memfs_symlink(struct fs_mount *mount, const char *target, struct fs_path *path);
int memfs_link(struct fs_mount *mount, struct fs_path *from, struct fs_path *to, int *which);
int memfs_link_file(struct fs_mount *mount, struct file *file, struct fs_path *to);
/* NULL: it is no file or directory of a memory file system. */
struct mem_node *mem_node_of_file(const struct file *file);
int memfs_rename(struct fs_mount *mount, struct fs_path *from, struct fs_path *to, unsigned flags,
		 int *which);

/* A device node's open (devfs.c): -ENXIO for unknown ones. */
must_check int tty_open(struct file **out); /* -ENXIO: no standard file is a terminal */
must_check int device_open(uint64_t rdev, unsigned flags, const char *path, struct file **out);

/* Creates a node at NAME below the root of FS, for devfs. */
must_check int memfs_add_node(struct memfs *fs, const char *name, uint32_t mode, uint64_t rdev,
			      const char *target);
must_check int memfd_init(void);
struct memfs *memfs_create(const char *type);
/* The file system that MOUNT shows; NULL when it is no memory file system. */
struct memfs *memfs_of_mount(const struct fs_mount *mount);
/* Makes the directories that the mounts below memory file systems hang on. When all are mounted. 0
 * or -ENOMEM. */
must_check int memfs_make_mount_points(void);
must_check int memfs_mount_at(struct memfs *fs, const char *path);

#endif /* FS_MEMFS_H */
