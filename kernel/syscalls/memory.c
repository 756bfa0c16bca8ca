/* SPDX-License-Identifier: BSD-3-Clause */
/* mmap and its relatives: Linux's arguments to the calls of mm/vm.h. No state, no policy. */
#include <syscalls/memory.h>

#include <arch/user.h>
#include <asm/fcntl.h>
#include <asm/mman.h>
#include <file/file.h>
#include <lib/checked.h>
#include <linux/errno.h>
#include <linux/mman.h>
#include <mm/vm.h>

#define MINCORE_CHUNK 256u

/* What MAP_SHARED_VALIDATE knows; the others are ignored as Linux does for the older types. */
#define MAP_KNOWN                                                                                  \
	(MAP_TYPE | MAP_FIXED | MAP_ANONYMOUS | MAP_32BIT | MAP_GROWSDOWN | MAP_DENYWRITE |        \
	 MAP_EXECUTABLE | MAP_LOCKED | MAP_NORESERVE | MAP_POPULATE | MAP_NONBLOCK | MAP_STACK |   \
	 MAP_FIXED_NOREPLACE)

static unsigned area_flags(unsigned flags)
{
	unsigned result = 0;

	if (flags & MAP_NORESERVE)
		result |= VM_NORESERVE;
	if (flags & (MAP_STACK | MAP_GROWSDOWN))
		result |= VM_STACK;
	if (flags & MAP_LOCKED)
		result |= VM_LOCKED;
	return result;
}

static unsigned request_flags(unsigned flags)
{
	unsigned result = 0;

	if (flags & (MAP_FIXED | MAP_FIXED_NOREPLACE))
		result |= VM_MAP_FIXED;
	if (flags & MAP_FIXED_NOREPLACE)
		result |= VM_MAP_NOREPLACE;
	if ((flags & (MAP_POPULATE | MAP_NONBLOCK)) == MAP_POPULATE)
		result |= VM_MAP_POPULATE;
	if (flags & MAP_32BIT)
		result |= VM_MAP_32BIT;
	return result;
}

/* May FILE be mapped so? 0 or -errno. */
static int check_file(const struct file *file, unsigned prot, bool shared)
{
	unsigned mode = atomic_load_explicit(&file->flags, memory_order_relaxed) & O_ACCMODE;

	if (file->kind & FILE_PATH_ONLY)
		return -EBADF;
	if (mode == O_WRONLY || (shared && prot & PROT_WRITE && mode != O_RDWR))
		return -EACCES;
	return file->ops->map ? 0 : -ENODEV;
}

/* The object of FD goes into REQUEST, with a reference. 0 or -errno. */
static int map_file(struct vm_map_request *request, int fd, bool shared)
{
	struct file *file = fd_get(fd);
	uint64_t end;
	bool writable;
	int error;

	if (!file)
		return -EBADF;
	writable = (atomic_load_explicit(&file->flags, memory_order_relaxed) & O_ACCMODE) == O_RDWR;
	error = request->size ? check_file(file, request->prot, shared) : -EINVAL;
	if (!error && (add_overflows(request->offset, request->size, &end) || (int64_t)end < 0))
		error = -EOVERFLOW;
	if (!error)
		error = file->ops->map(file, request->prot, shared, &request->object);
	file_put(file);
	/* Without an object (/dev/zero) and without fork, shared means no more than private. */
	if (!error && shared && request->object)
		request->flags |= VM_SHARED | (writable ? 0 : VM_NOWRITE);
	return error;
}

long sys_mmap(long address, long size, long prot, long flags, long fd, long offset)
{
	struct vm_map_request request = {
		.address = (uintptr_t)address,
		.size = (size_t)size,
		.prot = (unsigned)prot,
		.flags = area_flags((unsigned)flags),
		.request = request_flags((unsigned)flags),
		.offset = (uint64_t)offset,
	};
	unsigned type = (unsigned)flags & MAP_TYPE;
	bool shared = type == MAP_SHARED || type == MAP_SHARED_VALIDATE;
	long result = 0;

	if (!IS_ALIGNED(offset, (long)PAGE_SIZE))
		return -EINVAL;
	if (flags & MAP_ANONYMOUS)
		request.offset = 0;
	else
		result = map_file(&request, (int)fd, shared);
	if (!result && (!request.size || (!shared && type != MAP_PRIVATE)))
		result = -EINVAL;
	if (!result && type == MAP_SHARED_VALIDATE && flags & ~(long)MAP_KNOWN)
		result = -EOPNOTSUPP;
	if (!result && flags & MAP_HUGETLB)
		result = -ENOMEM; /* as on Linux without a pool of such pages */
	if (!result)
		result = vm_map(&request);
	vm_object_put(request.object);
	return result;
}

long sys_munmap(long address, long size, long a2, long a3, long a4, long a5)
{
	(void)a2, (void)a3, (void)a4, (void)a5;
	return vm_unmap((uintptr_t)address, (size_t)size);
}

long sys_mprotect(long address, long size, long prot, long a3, long a4, long a5)
{
	(void)a3, (void)a4, (void)a5;
	return vm_protect((uintptr_t)address, (size_t)size, (unsigned)prot);
}

/* Protection keys: as Linux on a processor that has none. Key -1 stands for no key. */
long sys_pkey_mprotect(long address, long size, long prot, long key, long a4, long a5)
{
	(void)a4, (void)a5;
	return (int)key == -1 ? vm_protect((uintptr_t)address, (size_t)size, (unsigned)prot)
			      : -EINVAL;
}

long sys_pkey_alloc(long flags, long rights, long a2, long a3, long a4, long a5)
{
	const unsigned long known = PKEY_DISABLE_ACCESS | PKEY_DISABLE_WRITE;

	(void)a2, (void)a3, (void)a4, (void)a5;
	return flags || (unsigned long)rights & ~known ? -EINVAL : -ENOSPC;
}

long sys_pkey_free(long key, long a1, long a2, long a3, long a4, long a5)
{
	(void)key, (void)a1, (void)a2, (void)a3, (void)a4, (void)a5;
	return -EINVAL;
}

long sys_mremap(long address, long old_size, long new_size, long flags, long new_address, long a5)
{
	(void)a5;
	return vm_remap((uintptr_t)address, (size_t)old_size, (size_t)new_size, (unsigned)flags,
			(uintptr_t)new_address);
}

long sys_brk(long end, long a1, long a2, long a3, long a4, long a5)
{
	(void)a1, (void)a2, (void)a3, (void)a4, (void)a5;
	return (long)vm_brk((uintptr_t)end);
}

long sys_madvise(long address, long size, long advice, long a3, long a4, long a5)
{
	(void)a3, (void)a4, (void)a5;
	return vm_advise((uintptr_t)address, (size_t)size, (int)advice);
}

long sys_mincore(long address, long size, long vector, long a3, long a4, long a5)
{
	uint8_t resident[MINCORE_CHUNK];
	uintptr_t at = (uintptr_t)address, end, out = (uintptr_t)vector;

	(void)a3, (void)a4, (void)a5;
	if (!IS_ALIGNED(at, PAGE_SIZE))
		return -EINVAL;
	if (!arch_user_range_ok(at, (size_t)size))
		return -ENOMEM;
	end = at + (size_t)size;
	while (at < end) {
		size_t pages = MIN((end - at + PAGE_SIZE - 1) >> PAGE_SHIFT, MINCORE_CHUNK);
		int error = vm_mincore(at, pages, resident);

		if (!error)
			error = arch_user_write(out, resident, pages);
		if (error)
			return error;
		at += pages << PAGE_SHIFT;
		out += pages;
	}
	return 0;
}

long sys_msync(long address, long size, long flags, long a3, long a4, long a5)
{
	(void)a3, (void)a4, (void)a5;
	return vm_sync((uintptr_t)address, (size_t)size, (unsigned)flags);
}

long sys_mlock(long address, long size, long a2, long a3, long a4, long a5)
{
	(void)a2, (void)a3, (void)a4, (void)a5;
	return vm_lock((uintptr_t)address, (size_t)size, false);
}

long sys_mlock2(long address, long size, long flags, long a3, long a4, long a5)
{
	(void)a3, (void)a4, (void)a5;
	if (flags & ~(long)MLOCK_ONFAULT)
		return -EINVAL;
	return vm_lock((uintptr_t)address, (size_t)size, flags & MLOCK_ONFAULT);
}

long sys_munlock(long address, long size, long a2, long a3, long a4, long a5)
{
	(void)a2, (void)a3, (void)a4, (void)a5;
	return vm_unlock((uintptr_t)address, (size_t)size);
}

long sys_mlockall(long flags, long a1, long a2, long a3, long a4, long a5)
{
	(void)a1, (void)a2, (void)a3, (void)a4, (void)a5;
	return flags ? vm_lock_all((unsigned)flags) : -EINVAL;
}

long sys_munlockall(long a0, long a1, long a2, long a3, long a4, long a5)
{
	(void)a0, (void)a1, (void)a2, (void)a3, (void)a4, (void)a5;
	return vm_lock_all(0);
}
