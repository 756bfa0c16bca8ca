/* SPDX-License-Identifier: BSD-3-Clause */
/* Checked access to the application's memory (arch/user.h). The copying itself is in entry.S. */
#include <arch/user.h>

#include <arch/cpu.h>
#include <asm/errno.h>

size_t user_copy(void *to, const void *from, size_t size);
size_t user_clear(void *to, size_t size);
int user_load32(const uint32_t *from, uint32_t *to);
int user_cmpxchg32(uint32_t *at, uint32_t *expected, uint32_t desired);
long user_string(char *to, const char *from, size_t size);

int arch_user_read(void *to, uintptr_t from, size_t size)
{
	if (!arch_user_range_ok(from, size))
		return -EFAULT;
	return user_copy(to, (const void *)from, size) ? -EFAULT : 0;
}

int arch_user_write(uintptr_t to, const void *from, size_t size)
{
	if (!arch_user_range_ok(to, size))
		return -EFAULT;
	return user_copy((void *)to, from, size) ? -EFAULT : 0;
}

int arch_user_clear(uintptr_t to, size_t size)
{
	if (!arch_user_range_ok(to, size))
		return -EFAULT;
	return user_clear((void *)to, size) ? -EFAULT : 0;
}

long arch_user_read_string(char *to, uintptr_t from, size_t size)
{
	size_t room;
	long length;

	if (from >= ARCH_USER_END)
		return -EFAULT;
	room = ARCH_USER_END - from;
	length = user_string(to, (const char *)from, size < room ? size : room);
	return length == -ENAMETOOLONG && room < size ? -EFAULT : length;
}

int arch_user_load32(uintptr_t address, uint32_t *out)
{
	if (!arch_user_range_ok(address, sizeof(*out)))
		return -EFAULT;
	return user_load32((const uint32_t *)address, out);
}

int arch_user_cmpxchg32(uintptr_t address, uint32_t *expected, uint32_t desired)
{
	if (!arch_user_range_ok(address, sizeof(*expected)))
		return -EFAULT;
	return user_cmpxchg32((uint32_t *)address, expected, desired);
}

int arch_user_load32_atomic(uintptr_t address, uint32_t *out)
{
	arch_irq_state_t state;
	int error;

	if (!arch_user_range_ok(address, sizeof(*out)))
		return -EFAULT;
	/* With interrupts off the fault handler answers with the fixup at once (trap.c). */
	state = arch_irq_save();
	error = user_load32((const uint32_t *)address, out);
	arch_irq_restore(state);
	return error ? -EAGAIN : 0;
}
