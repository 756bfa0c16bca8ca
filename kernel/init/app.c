/* SPDX-License-Identifier: BSD-3-Clause */
/* Puts the application together and starts its first thread. */
#include "app.h"

#include <arch/boot.h>
#include <arch/cpu.h>
#include <arch/mmu.h>
#include <arch/trap.h>
#include <arch/vdso.h>
#include <asm/errno.h>
#include <core/clock.h>
#include <core/log.h>
#include <drivers/host_channel.h>
#include <lib/string.h>
#include <linux/mman.h>
#include <mm/vm.h>
#include <sched/task.h>

static struct app_image image;

const struct app_image *app_image(void)
{
	return &image;
}

static paddr_t kernel_paddr(const void *address)
{
	return (uintptr_t)address - ARCH_KERNEL_BASE;
}

/* The clock page, and the vDSO right behind it. */
static int map_vdso(void)
{
	size_t size = ALIGN_UP((size_t)(arch_vdso_end - arch_vdso_start), PAGE_SIZE);
	int error =
		vm_map_ram(APP_VDSO - PAGE_SIZE, kernel_paddr(clock_page()), PAGE_SIZE, PROT_READ);

	return error ? error
		     : vm_map_ram(APP_VDSO, kernel_paddr(arch_vdso_start), size,
				  PROT_READ | PROT_EXEC);
}

static const char *app_name(void)
{
	const struct host_hello *hello = host_hello();
	const char *path = hello ? hello->image_path : "app";
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

int app_start(void)
{
	struct trap_frame frame;
	uintptr_t stack_pointer;
	int error;

	vm_init(APP_MAP_TOP);
	error = app_image_map(&image);
	if (!error)
		error = map_vdso();
	if (!error)
		error = app_stack_create(&image, APP_VDSO, &stack_pointer);
	if (error)
		return error;
	arch_trap_frame_init(&frame, image.entry, stack_pointer);
	log_info("boot: entry tsc %llu, application tsc %llu", (unsigned long long)arch_boot_tsc(),
		 (unsigned long long)arch_cycles());
	return task_create_app_main(app_name(), &frame, 0);
}
