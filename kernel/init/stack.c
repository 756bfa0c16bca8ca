/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The initial stack (System V ABI x86-64, 3.4.1). From the top down: an empty word, the image's
 * name, 16 random bytes, environment strings, argument strings; then, aligned to 16 bytes and with
 * the stack pointer at its start, argc, argv, envp and the auxiliary vector.
 */
#include "app.h"

#include <arch/cpu.h>
#include <arch/signal.h>
#include <arch/user.h>
#include <asm/errno.h>
#include <core/random.h>
#include <drivers/host_channel.h>
#include <fs/proc.h>
#include <lib/string.h>
#include <linux/auxvec.h>
#include <linux/mman.h>
#include <mm/heap.h>
#include <mm/vm.h>

#define STACK_DEFAULT (8ul << 20)
#define STACK_MAX     (64ul << 20) /* also what RLIMIT_STACK "unlimited" gives */
#define CLOCK_TICKS   100	   /* times(2) */

/* Without a proxy. */
static char default_name[] = "app";
static char *default_argv[] = {default_name, NULL};
static char default_home[] = "HOME=/", default_path[] = "PATH=/bin:/usr/bin";
static char *default_envp[] = {default_home, default_path, NULL};

struct stack {
	uintptr_t pointer;
	int error; /* the first one */
};

static uintptr_t push(struct stack *s, const void *data, size_t size)
{
	s->pointer -= size;
	if (!s->error)
		s->error = arch_user_write(s->pointer, data, size);
	return s->pointer;
}

static uintptr_t push_string(struct stack *s, const char *text)
{
	return push(s, text, strlen(text) + 1);
}

static size_t count_strings(char **strings)
{
	size_t n = 0;

	while (strings[n])
		n++;
	return n;
}

/* Pushes the strings, last one first, and stores their addresses in TABLE. */
static void push_strings(struct stack *s, char **strings, size_t count, uint64_t *table)
{
	for (size_t i = count; i-- > 0;)
		table[i] = push_string(s, strings[i]);
	table[count] = 0;
}

static uintptr_t push_random(struct stack *s)
{
	uint8_t bytes[16];

	random_fill(bytes, sizeof(bytes));
	s->pointer = ALIGN_DOWN(s->pointer, 16);
	return push(s, bytes, sizeof(bytes));
}

static size_t stack_size(void)
{
	const struct host_hello *hello = host_hello();
	uint64_t size =
		hello && hello->fixed.stack_limit ? hello->fixed.stack_limit : STACK_DEFAULT;

	return ALIGN_DOWN(MAX(MIN(size, STACK_MAX), PAGE_SIZE * 32), PAGE_SIZE);
}

static int map_stack(void)
{
	size_t size = stack_size();
	struct vm_map_request request = {
		.address = APP_STACK_TOP - size,
		.size = size,
		.prot = PROT_READ | PROT_WRITE,
		.flags = VM_STACK,
		.request = VM_MAP_FIXED | VM_MAP_NOREPLACE,
	};
	long result = vm_map(&request);

	return result < 0 ? (int)result : 0;
}

struct aux {
	uint64_t type, value;
};
#define AUX_COUNT 20

static void fill_aux(struct aux aux[AUX_COUNT], const struct app_image *image, uintptr_t vdso,
		     uintptr_t name, uintptr_t random)
{
	const struct host_hello *hello = host_hello();
	uint64_t uid = hello ? hello->fixed.uid : 0, gid = hello ? hello->fixed.gid : 0;
	const struct aux values[AUX_COUNT] = {
		{AT_SYSINFO_EHDR, vdso},
		{AT_HWCAP, arch_hwcap()},
		{AT_HWCAP2, arch_hwcap2()},
		{AT_MINSIGSTKSZ, arch_signal_min_stack()},
		{AT_PAGESZ, PAGE_SIZE},
		{AT_CLKTCK, CLOCK_TICKS},
		{AT_PHDR, image->phdrs},
		{AT_PHENT, image->phdr_size},
		{AT_PHNUM, image->phdr_count},
		{AT_BASE, 0},
		{AT_FLAGS, 0},
		{AT_ENTRY, image->entry},
		{AT_UID, uid},
		{AT_EUID, uid},
		{AT_GID, gid},
		{AT_EGID, gid},
		{AT_SECURE, 0},
		{AT_RANDOM, random},
		{AT_EXECFN, name},
		{AT_NULL, 0},
	};

	memcpy(aux, values, sizeof(values));
}

int app_stack_create(const struct app_image *image, uintptr_t vdso, uintptr_t *stack_pointer)
{
	const struct host_hello *hello = host_hello();
	char **argv = hello ? hello->argv : default_argv;
	char **envp = hello ? hello->envp : default_envp;
	size_t argc = count_strings(argv), envc = count_strings(envp);
	size_t words = 1 + argc + 1 + envc + 1, aux_words = AUX_COUNT * sizeof(struct aux) / 8;
	struct stack s = {.pointer = APP_STACK_TOP - sizeof(uint64_t), .error = map_stack()};
	uint64_t *table = kmalloc((words + aux_words) * sizeof(uint64_t));
	struct proc_start start;
	uintptr_t name, random;

	if (!table)
		return -ENOMEM;
	name = push_string(&s, hello ? hello->image_path : default_name);
	random = push_random(&s);
	table[0] = argc;
	start.env_end = s.pointer;
	push_strings(&s, envp, envc, &table[1 + argc + 1]);
	start.env_start = start.arg_end = s.pointer;
	push_strings(&s, argv, argc, &table[1]);
	start.arg_start = s.pointer;
	fill_aux((struct aux *)&table[words], image, vdso, name, random);
	s.pointer -= (words + aux_words) * sizeof(uint64_t);
	s.pointer = ALIGN_DOWN(s.pointer, 16) + (words + aux_words) * sizeof(uint64_t);
	*stack_pointer = push(&s, table, (words + aux_words) * sizeof(uint64_t));
	start.stack_pointer = *stack_pointer;
	start.aux_start = *stack_pointer + words * sizeof(uint64_t);
	start.aux_end = start.aux_start + aux_words * sizeof(uint64_t);
	proc_set_start(&start);
	kfree(table);
	return s.error;
}
