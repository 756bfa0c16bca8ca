/* SPDX-License-Identifier: BSD-3-Clause */
/* See vm.h. */
#include "vm.h"

#include "cpu.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Three pages in the hole below 4 GiB that KVM needs for real mode on some Intel processors. */
#define TSS_ADDRESS	 0xfffbd000ul
#define IDENTITY_ADDRESS 0xfffbc000ull

/* All of them are in Linux 5.10 and later. */
static const struct {
	int number;
	const char *name, *purpose;
} needed[] = {
	{KVM_CAP_USER_MEMORY, "KVM_CAP_USER_MEMORY", "memory"},
	{KVM_CAP_IRQCHIP, "KVM_CAP_IRQCHIP", "interrupt controllers"},
	{KVM_CAP_IRQFD, "KVM_CAP_IRQFD", "interrupts"},
	{KVM_CAP_IRQFD_RESAMPLE, "KVM_CAP_IRQFD_RESAMPLE", "interrupts of devices"},
	{KVM_CAP_IOEVENTFD, "KVM_CAP_IOEVENTFD", "doorbells"},
	{KVM_CAP_EXT_CPUID, "KVM_CAP_EXT_CPUID", "the processor's features"},
	{KVM_CAP_GET_TSC_KHZ, "KVM_CAP_GET_TSC_KHZ", "the clock's rate"},
	{KVM_CAP_TSC_DEADLINE_TIMER, "KVM_CAP_TSC_DEADLINE_TIMER", "timers"},
	{KVM_CAP_MP_STATE, "KVM_CAP_MP_STATE", "the start of processors"},
	{KVM_CAP_XCRS, "KVM_CAP_XCRS", "vector registers"},
	{KVM_CAP_IMMEDIATE_EXIT, "KVM_CAP_IMMEDIATE_EXIT", "stopping processors"},
	{KVM_CAP_X86_MSR_FILTER, "KVM_CAP_X86_MSR_FILTER", "refusing unknown registers"},
};

static int open_kvm(struct vm *vm, struct uhyve_error *error)
{
	vm->kvm_fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (vm->kvm_fd >= 0)
		return 0;
	int err = errno;
	if (err == ENOENT || err == ENODEV || err == ENXIO)
		return uhyve_fail(error, -err,
				  "there is no /dev/kvm: the processor's virtualisation is off, "
				  "or the kvm module is not loaded; use isle 'qemu'");
	if (err == EACCES || err == EPERM)
		return uhyve_fail(error, -err,
				  "/dev/kvm: no permission (join its group, often 'kvm'), or use "
				  "isle 'qemu'");
	return uhyve_fail(error, -err, "/dev/kvm: %s", strerror(err));
}

static int check_capabilities(const struct vm *vm, struct uhyve_error *error)
{
	if (ioctl(vm->kvm_fd, KVM_GET_API_VERSION, 0) != KVM_API_VERSION)
		return uhyve_fail(error, -ENOTSUP, "/dev/kvm is of an unknown version");
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (ioctl(vm->kvm_fd, KVM_CHECK_EXTENSION, needed[i].number) <= 0)
			return uhyve_fail(error, -ENOTSUP,
					  "this KVM lacks %s, needed for %s; use isle 'qemu'",
					  needed[i].name, needed[i].purpose);
	return 0;
}

static int vm_ioctl(const struct vm *vm, unsigned long request, void *argument, const char *what,
		    struct uhyve_error *error)
{
	if (ioctl(vm->fd, request, argument) >= 0)
		return 0;
	int err = errno;
	return uhyve_fail(error, -err, "KVM: %s: %s", what, strerror(err));
}

static int make_machine(struct vm *vm, struct uhyve_error *error)
{
	uint64_t identity = IDENTITY_ADDRESS;
	struct kvm_msr_filter filter;
	int err;

	do {
		vm->fd = ioctl(vm->kvm_fd, KVM_CREATE_VM, 0);
	} while (vm->fd < 0 && errno == EINTR);
	if (vm->fd < 0) {
		err = errno;
		return uhyve_fail(error, -err, "KVM: cannot make a machine: %s", strerror(err));
	}
	int size = ioctl(vm->kvm_fd, KVM_GET_VCPU_MMAP_SIZE, 0);
	if (size < (int)sizeof(struct kvm_run))
		return uhyve_fail(error, -EINVAL, "KVM: impossible size of a vCPU's state");
	vm->run_size = (size_t)size;
	err = vm_ioctl(vm, KVM_SET_IDENTITY_MAP_ADDR, &identity, "identity map", error);
	if (!err)
		err = vm_ioctl(vm, KVM_SET_TSS_ADDR, (void *)TSS_ADDRESS, "TSS", error);
	if (!err)
		err = vm_ioctl(vm, KVM_CREATE_IRQCHIP, NULL, "interrupt controllers", error);
	if (!err) {
		cpu_msr_filter(&filter);
		err = vm_ioctl(vm, KVM_X86_SET_MSR_FILTER, &filter, "register filter", error);
	}
	return err;
}

int vm_check(struct uhyve_error *error)
{
	struct vm vm = {.kvm_fd = -1, .fd = -1};
	int err = open_kvm(&vm, error);

	if (!err)
		err = check_capabilities(&vm, error);
	if (vm.kvm_fd >= 0)
		close(vm.kvm_fd);
	return err;
}

int vm_create(struct vm *vm, struct uhyve_error *error)
{
	*vm = (struct vm){.kvm_fd = -1, .fd = -1};
	int err = open_kvm(vm, error);
	if (!err)
		err = check_capabilities(vm, error);
	if (!err)
		err = make_machine(vm, error);
	if (err)
		vm_destroy(vm);
	return err;
}

void vm_destroy(struct vm *vm)
{
	if (vm->fd >= 0)
		close(vm->fd);
	if (vm->kvm_fd >= 0)
		close(vm->kvm_fd);
	*vm = (struct vm){.kvm_fd = -1, .fd = -1};
}

int vm_add_memory(const struct vm *vm, const struct guest_mem *mem, struct uhyve_error *error)
{
	int err = 0;

	for (unsigned i = 0; i < mem->range_count && !err; i++) {
		struct kvm_userspace_memory_region region = {
			.slot = i,
			.flags = mem->dirty ? KVM_MEM_LOG_DIRTY_PAGES : 0,
			.guest_phys_addr = mem->range[i].gpa,
			.memory_size = mem->range[i].size,
			.userspace_addr = (uintptr_t)mem->base + mem->range[i].offset,
		};
		err = vm_ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region, "memory", error);
	}
	return err;
}

int vm_take_dirty(const struct vm *vm, const struct guest_mem *mem, uint64_t *dirty,
		  struct uhyve_error *error)
{
	int err = 0;

	/* Ranges begin at multiples of 64 pages. */
	for (unsigned i = 0; i < mem->range_count && !err; i++) {
		struct kvm_dirty_log log = {.slot = i};
		log.dirty_bitmap = dirty + mem->range[i].offset / GUEST_MEM_PAGE / 64;
		err = vm_ioctl(vm, KVM_GET_DIRTY_LOG, &log, "log of written pages", error);
	}
	for (uint64_t i = 0; i < (mem->size / GUEST_MEM_PAGE + 63) / 64 && !err; i++)
		dirty[i] |= atomic_exchange_explicit(&mem->dirty[i], 0, memory_order_relaxed);
	return err;
}

int vm_add_doorbell(const struct vm *vm, uint16_t port, int event_fd, struct uhyve_error *error)
{
	struct kvm_ioeventfd doorbell = {
		.addr = port, .len = 1, .fd = event_fd, .flags = KVM_IOEVENTFD_FLAG_PIO};

	return vm_ioctl(vm, KVM_IOEVENTFD, &doorbell, "doorbell", error);
}

int vm_add_interrupt(const struct vm *vm, unsigned gsi, int event_fd, struct uhyve_error *error)
{
	struct kvm_irqfd irq = {.fd = (uint32_t)event_fd, .gsi = gsi};

	return vm_ioctl(vm, KVM_IRQFD, &irq, "interrupt", error);
}

int vm_add_notification(const struct vm *vm, uint64_t address, uint32_t value, int event_fd,
			struct uhyve_error *error)
{
	struct kvm_ioeventfd notification = {.datamatch = value,
					     .addr = address,
					     .len = sizeof(value),
					     .fd = event_fd,
					     .flags = KVM_IOEVENTFD_FLAG_DATAMATCH};

	return vm_ioctl(vm, KVM_IOEVENTFD, &notification, "notification", error);
}

int vm_add_line(const struct vm *vm, unsigned gsi, int event_fd, int resample_fd,
		struct uhyve_error *error)
{
	struct kvm_irqfd irq = {.fd = (uint32_t)event_fd,
				.gsi = gsi,
				.flags = KVM_IRQFD_FLAG_RESAMPLE,
				.resamplefd = (uint32_t)resample_fd};

	return vm_ioctl(vm, KVM_IRQFD, &irq, "interrupt line", error);
}
