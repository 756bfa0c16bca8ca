/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The descriptor table. fd_lock guards it: the slots, the bitmaps of used and close-on-exec
 * descriptors, and the size. A file's reference is taken under the lock, so a file that is closed
 * meanwhile stays alive for the call that found it; references are dropped outside the lock, as
 * that may block.
 */
#include <file/file.h>

#include <asm/errno.h>
#include <core/spinlock.h>
#include <lib/assert.h>
#include <lib/string.h>
#include <linux/resource.h>
#include <mm/heap.h>
#include <mm/vm.h>
#include <sched/process.h>

#define FD_FIRST_SIZE 64u
#define FD_LIMIT      1048576u /* Linux's fs.nr_open */

static struct spinlock fd_lock = SPINLOCK_INIT;
static struct {
	struct file **files;
	uint64_t *used, *cloexec; /* bitmaps of SIZE bits */
	unsigned size;		  /* a multiple of 64 */
	unsigned hint;		  /* no free descriptor below */
} table GUARDED_BY(fd_lock);

unsigned fd_limit(void)
{
	struct process_limit limit;

	if (process_limit_get(RLIMIT_NOFILE, &limit))
		return FD_LIMIT;
	return (unsigned)MIN(limit.soft, (uint64_t)FD_LIMIT);
}

/* Moves the table to arrays of SIZE entries; the old ones go to OLD, to be freed outside the lock.
 */
static void adopt(struct file **files, uint64_t *bits, unsigned size, void *old[2])
	REQUIRES(fd_lock)
{
	old[0] = table.files;
	old[1] = table.used;
	if (table.size) {
		memcpy(files, table.files, table.size * sizeof(*files));
		memcpy(bits, table.used, table.size / 8);
		memcpy(bits + size / 64, table.cloexec, table.size / 8);
	}
	table.files = files;
	table.used = bits;
	table.cloexec = bits + size / 64;
	table.size = size;
}

unsigned fd_table_size(void)
{
	arch_irq_state_t state = spin_lock(&fd_lock);
	unsigned size = table.size;

	spin_unlock(&fd_lock, state);
	return size;
}

/* Makes room for descriptor FD. 0 or -ENOMEM. */
static int grow(unsigned fd)
{
	unsigned size = FD_FIRST_SIZE;
	struct file **files;
	void *old[2] = {NULL, NULL};
	arch_irq_state_t state;
	uint64_t *bits;

	while (size <= fd)
		size *= 2;
	files = kcalloc(size, sizeof(*files));
	bits = kcalloc(size / 32, sizeof(*bits));
	if (!files || !bits) {
		kfree(files);
		kfree(bits);
		return -ENOMEM;
	}
	state = spin_lock(&fd_lock);
	if (size > table.size) {
		adopt(files, bits, size, old);
	} else {
		old[0] = files;
		old[1] = bits;
	}
	spin_unlock(&fd_lock, state);
	kfree(old[0]);
	kfree(old[1]);
	return 0;
}

static bool bit_get(const uint64_t *bits, unsigned fd)
{
	return bits[fd / 64] >> fd % 64 & 1;
}

static void bit_set(uint64_t *bits, unsigned fd, bool value)
{
	bits[fd / 64] = (bits[fd / 64] & ~(1ull << fd % 64)) | (uint64_t)value << fd % 64;
}

/* The lowest free descriptor >= MINIMUM; table.size when all are taken. */
static unsigned find_free(unsigned minimum) REQUIRES(fd_lock)
{
	unsigned fd = MAX(minimum, table.hint);

	while (fd < table.size) {
		uint64_t free_bits = ~table.used[fd / 64] >> fd % 64;

		if (free_bits)
			return MIN(fd + (unsigned)__builtin_ctzll(free_bits), table.size);
		fd = ALIGN_DOWN(fd, 64u) + 64;
	}
	return MAX(fd, minimum);
}

static void occupy(unsigned fd, struct file *file, bool close_on_exec) REQUIRES(fd_lock)
{
	table.files[fd] = file;
	bit_set(table.used, fd, true);
	bit_set(table.cloexec, fd, close_on_exec);
	if (fd == table.hint)
		table.hint = fd + 1;
}

/* Takes the file out of FD; NULL when there is none. */
static struct file *vacate(unsigned fd) REQUIRES(fd_lock)
{
	struct file *file = fd < table.size ? table.files[fd] : NULL;

	if (!file)
		return NULL;
	table.files[fd] = NULL;
	bit_set(table.used, fd, false);
	table.hint = MIN(table.hint, fd);
	return file;
}

struct file *fd_get(int fd)
{
	arch_irq_state_t state = spin_lock(&fd_lock);
	struct file *file = fd >= 0 && (unsigned)fd < table.size ? table.files[fd] : NULL;

	if (file)
		file_get(file);
	spin_unlock(&fd_lock, state);
	return file;
}

int fd_install(struct file *file, int minimum, bool close_on_exec)
{
	unsigned limit = fd_limit();

	for (;;) {
		arch_irq_state_t state = spin_lock(&fd_lock);
		unsigned fd = find_free((unsigned)minimum);
		bool fits = fd < table.size && fd < limit;
		int error;

		if (fits)
			occupy(fd, file, close_on_exec);
		spin_unlock(&fd_lock, state);
		if (fits)
			return (int)fd;
		if (fd >= limit)
			return -EMFILE;
		error = grow(fd);
		if (error)
			return error;
	}
}

int fd_install_at(struct file *file, int fd, bool close_on_exec)
{
	arch_irq_state_t state;
	struct file *old;
	int error;

	if (fd < 0 || (unsigned)fd >= fd_limit())
		return -EBADF;
	error = (unsigned)fd < fd_table_size() ? 0 : grow((unsigned)fd);
	if (error)
		return error;
	state = spin_lock(&fd_lock);
	old = vacate((unsigned)fd);
	occupy((unsigned)fd, file, close_on_exec);
	spin_unlock(&fd_lock, state);
	if (old)
		file_put(old);
	return fd;
}

int fd_close(int fd)
{
	arch_irq_state_t state = spin_lock(&fd_lock);
	struct file *file = fd >= 0 ? vacate((unsigned)fd) : NULL;

	spin_unlock(&fd_lock, state);
	if (!file)
		return -EBADF;
	file_put(file);
	return 0;
}

int fd_get_cloexec(int fd)
{
	arch_irq_state_t state = spin_lock(&fd_lock);
	int result = -EBADF;

	if (fd >= 0 && (unsigned)fd < table.size && table.files[fd])
		result = bit_get(table.cloexec, (unsigned)fd);
	spin_unlock(&fd_lock, state);
	return result;
}

int fd_set_cloexec(int fd, bool value)
{
	arch_irq_state_t state = spin_lock(&fd_lock);
	int result = -EBADF;

	if (fd >= 0 && (unsigned)fd < table.size && table.files[fd]) {
		bit_set(table.cloexec, (unsigned)fd, value);
		result = 0;
	}
	spin_unlock(&fd_lock, state);
	return result;
}

void fd_for_each(bool (*visit)(int fd, struct file *file, void *context), void *context)
{
	unsigned size = fd_table_size();

	for (unsigned fd = 0; fd < size; fd++) {
		struct file *file = fd_get((int)fd);
		bool go_on = true;

		if (file) {
			go_on = visit((int)fd, file, context);
			file_put(file);
		}
		if (!go_on)
			return;
	}
}

/* Closing the files would be a call to the host for each of them, and changes nothing: all that was
 * written is there, and the proxy closes what is open when it ends. */
void file_exit(void)
{
	vm_sync_all();
}
