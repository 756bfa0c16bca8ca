/* SPDX-License-Identifier: BSD-3-Clause */
/* See debug_target.h: registers, memory, breakpoints, running and stopping. */
#include "debug_target.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#define PAGE_SIZE     4096u
#define DEBUG_PORT_IO 1u /* bytes */

static int load_registers(struct debug *debug, unsigned cpu)
{
	if (debug->registers_valid && debug->registers_cpu == cpu)
		return 0;
	int error = cpu_registers_load(&debug->registers, debug->config.vcpus[cpu].fd);
	debug->registers_valid = error == 0;
	debug->registers_cpu = cpu;
	return error;
}

static int register_read(void *context, unsigned cpu, unsigned number, uint8_t *data)
{
	struct debug *debug = context;
	int error = load_registers(debug, cpu);

	return error ? error : (int)cpu_register_get(&debug->registers, number, data);
}

static int register_write(void *context, unsigned cpu, unsigned number, const uint8_t *data,
			  size_t size)
{
	struct debug *debug = context;
	int error = load_registers(debug, cpu);

	if (error)
		return error;
	return cpu_register_set(&debug->registers, debug->config.vcpus[cpu].fd, number, data, size);
}

/* Where the image's segments have an address, before the kernel has mapped them. The kernel's own
 * segments are named by physical addresses in the program headers. */
static bool translate_by_image(const struct debug *debug, uint64_t address, uint64_t *gpa)
{
	if (address >= HERMIT_KERNEL_BASE)
		address -= HERMIT_KERNEL_BASE;
	for (uint32_t i = 0; i < debug->image.phnum; i++) {
		const Elf64_Phdr *segment = &debug->image.phdr[i];

		if (segment->p_type != PT_LOAD || address < segment->p_vaddr ||
		    address - segment->p_vaddr >= segment->p_memsz)
			continue;
		*gpa = segment->p_paddr + (address - segment->p_vaddr);
		return true;
	}
	return false;
}

static bool translate_by_cpu(const struct debug *debug, unsigned cpu, uint64_t address,
			     uint64_t *gpa)
{
	struct kvm_translation translation = {.linear_address = address};

	if (ioctl(debug->config.vcpus[cpu].fd, KVM_TRANSLATE, &translation) != 0 ||
	    !translation.valid)
		return false;
	*gpa = translation.physical_address;
	return true;
}

static bool translate(struct debug *debug, unsigned cpu, uint64_t address, uint64_t *gpa)
{
	if (load_registers(debug, cpu) == 0 &&
	    cpu_debug_has_own_tables(&debug->registers.sregs, debug->config.first_tables))
		return translate_by_cpu(debug, cpu, address, gpa) ||
		       translate_by_image(debug, address, gpa);
	/* A CPU at its start, or one that has not been started: then CPU 0 knows more. */
	if (cpu != 0)
		return translate(debug, 0, address, gpa);
	return translate_by_image(debug, address, gpa) || translate_by_cpu(debug, 0, address, gpa);
}

/* The memory at ADDRESS, and in *LENGTH how much of it is in one piece, at most as asked. */
static uint8_t *memory_at(struct debug *debug, unsigned cpu, uint64_t address, size_t *length,
			  uint64_t *gpa)
{
	size_t in_page = PAGE_SIZE - address % PAGE_SIZE;

	if (*length > in_page)
		*length = in_page;
	return translate(debug, cpu, address, gpa) ? guest_mem_at(debug->config.mem, *gpa, *length)
						   : NULL;
}

/* The original byte at GPA, where a breakpoint lies over it; else NULL. */
static uint8_t *original_at(struct debug *debug, uint64_t gpa)
{
	for (unsigned i = 0; i < debug->breakpoint_count; i++) {
		struct debug_breakpoint *point = &debug->breakpoints[i];

		for (unsigned k = 0; point->used && k < debug->instruction.size; k++)
			if (point->gpa[k] == gpa)
				return &point->original[k];
	}
	return NULL;
}

static ssize_t memory_read(void *context, unsigned cpu, uint64_t address, void *data, size_t size)
{
	struct debug *debug = context;
	uint8_t *to = data;
	size_t done = 0;

	while (done < size) {
		size_t length = size - done;
		uint64_t gpa;
		const uint8_t *from = memory_at(debug, cpu, address + done, &length, &gpa);

		if (!from)
			break;
		for (size_t i = 0; i < length; i++) {
			const uint8_t *original = original_at(debug, gpa + i);
			to[done + i] = original ? *original : from[i];
		}
		done += length;
	}
	return done || !size ? (ssize_t)done : -EFAULT;
}

static int memory_write(void *context, unsigned cpu, uint64_t address, const void *data,
			size_t size)
{
	struct debug *debug = context;
	const uint8_t *from = data;

	while (size > 0) {
		size_t length = size;
		uint64_t gpa;
		uint8_t *to = memory_at(debug, cpu, address, &length, &gpa);

		if (!to)
			return -EFAULT;
		for (size_t i = 0; i < length; i++) {
			uint8_t *original = original_at(debug, gpa + i);
			*(original ? original : to + i) = from[i];
		}
		from += length;
		address += length;
		size -= length;
	}
	return 0;
}

static struct debug_breakpoint *find_breakpoint(struct debug *debug, uint64_t address)
{
	for (unsigned i = 0; i < debug->breakpoint_count; i++)
		if (debug->breakpoints[i].used && debug->breakpoints[i].address == address)
			return &debug->breakpoints[i];
	return NULL;
}

static struct debug_breakpoint *free_breakpoint(struct debug *debug)
{
	for (unsigned i = 0; i < debug->breakpoint_count; i++)
		if (!debug->breakpoints[i].used)
			return &debug->breakpoints[i];
	if (debug->breakpoint_count == DEBUG_BREAKPOINTS_MAX)
		return NULL;
	return &debug->breakpoints[debug->breakpoint_count++];
}

static int instruction_set(struct debug *debug, unsigned cpu, enum gdb_breakpoint kind,
			   uint64_t address)
{
	struct debug_breakpoint point = {.used = true, .kind = kind, .address = address};

	if (find_breakpoint(debug, address))
		return 0;
	for (size_t i = 0; i < debug->instruction.size; i++) {
		size_t length = 1;
		const uint8_t *byte = memory_at(debug, cpu, address + i, &length, &point.gpa[i]);

		if (!byte)
			return -EFAULT;
		if (original_at(debug, point.gpa[i])) /* half of another one */
			return -EEXIST;
		point.original[i] = *byte;
	}
	struct debug_breakpoint *slot = free_breakpoint(debug);
	if (!slot)
		return -ENOSPC;
	*slot = point;
	for (size_t i = 0; i < debug->instruction.size; i++)
		*(uint8_t *)guest_mem_at(debug->config.mem, point.gpa[i], 1) =
			debug->instruction.code[i];
	return 0;
}

/* Puts the original back, unless the guest has overwritten the breakpoint: the memory may be
 * something else now. */
static void instruction_clear(struct debug *debug, struct debug_breakpoint *point)
{
	for (size_t i = 0; i < debug->instruction.size; i++) {
		uint8_t *byte = guest_mem_at(debug->config.mem, point->gpa[i], 1);

		if (*byte == debug->instruction.code[i])
			*byte = point->original[i];
	}
	point->used = false;
}

static int find_watch(const struct debug *debug, enum gdb_breakpoint kind, uint64_t address,
		      uint64_t length)
{
	for (unsigned i = 0; i < CPU_WATCHES; i++)
		if (debug->watches[i].kind != CPU_WATCH_NONE && debug->watch_kinds[i] == kind &&
		    debug->watches[i].address == address && debug->watches[i].size == length)
			return (int)i;
	return -1;
}

static int watch_set(struct debug *debug, enum gdb_breakpoint kind, uint64_t address,
		     uint64_t length)
{
	static const enum cpu_watch_kind kinds[] = {
		[GDB_BREAK_HARDWARE] = CPU_WATCH_EXECUTE,
		[GDB_WATCH_WRITE] = CPU_WATCH_WRITE,
		[GDB_WATCH_READ] = CPU_WATCH_ACCESS, /* there is none for reads alone */
		[GDB_WATCH_ACCESS] = CPU_WATCH_ACCESS};

	if ((length != 1 && length != 2 && length != 4 && length != 8) || address % length != 0)
		return -EINVAL;
	if (find_watch(debug, kind, address, length) >= 0)
		return 0;
	for (unsigned i = 0; i < CPU_WATCHES; i++) {
		if (debug->watches[i].kind != CPU_WATCH_NONE)
			continue;
		debug->watches[i] = (struct cpu_watch){
			.kind = kinds[kind], .address = address, .size = (unsigned)length};
		debug->watch_kinds[i] = kind;
		return 0;
	}
	return -ENOSPC;
}

/* Does KVM_SET_GUEST_DEBUG serve this kind? Else an instruction in memory does, or nothing. */
static bool is_watch(const struct debug *debug, enum gdb_breakpoint kind)
{
	return kind >= GDB_WATCH_WRITE ||
	       (kind == GDB_BREAK_HARDWARE && debug->instruction.watches);
}

static int breakpoint_set(void *context, unsigned cpu, enum gdb_breakpoint kind, uint64_t address,
			  uint64_t length)
{
	struct debug *debug = context;

	if (!is_watch(debug, kind))
		return instruction_set(debug, cpu, kind, address);
	if (!debug->instruction.watches)
		return -ENOTSUP;
	return watch_set(debug, kind, address, kind == GDB_BREAK_HARDWARE ? 1 : length);
}

static int breakpoint_clear(void *context, unsigned cpu, enum gdb_breakpoint kind, uint64_t address,
			    uint64_t length)
{
	struct debug *debug = context;

	(void)cpu;
	if (is_watch(debug, kind)) {
		int index =
			find_watch(debug, kind, address, kind == GDB_BREAK_HARDWARE ? 1 : length);
		if (index >= 0)
			debug->watches[index].kind = CPU_WATCH_NONE;
		return 0;
	}
	struct debug_breakpoint *point = find_breakpoint(debug, address);
	if (point)
		instruction_clear(debug, point);
	return 0;
}

static bool has_breakpoints(const struct debug *debug)
{
	for (unsigned i = 0; i < debug->breakpoint_count; i++)
		if (debug->breakpoints[i].used)
			return true;
	return false;
}

/* Lock held. */
static void hold_all(struct debug *debug)
{
	for (unsigned i = 0; i < debug->config.vcpu_count; i++)
		vcpu_hold(&debug->config.vcpus[i]);
}

void debug_hold_all(struct debug *debug)
{
	pthread_mutex_lock(&debug->lock);
	hold_all(debug);
	pthread_mutex_unlock(&debug->lock);
}

/* In a vCPU's thread: notes why it stops, and stops all. */
static void report(struct debug *debug, const struct gdb_stop *stop)
{
	pthread_mutex_lock(&debug->lock);
	debug->stops[stop->cpu] = (struct debug_stop){.pending = true, .stop = *stop};
	hold_all(debug);
	pthread_mutex_unlock(&debug->lock);
}

void debug_event(void *context, struct vcpu *vcpu)
{
	struct debug *debug = context;
	struct cpu_debug_event event = cpu_debug_event(vcpu->run);
	struct gdb_stop stop = {.cpu = vcpu->index, .reason = GDB_STOPPED_AFTER_STEP};

	if (event.what == CPU_DEBUG_BREAKPOINT) {
		const struct debug_breakpoint *point = find_breakpoint(debug, event.address);

		if (!point) {
			cpu_debug_give_back(vcpu->fd, has_breakpoints(debug), debug->watches);
			return;
		}
		stop.reason = GDB_STOPPED_AT_BREAKPOINT;
		stop.kind = point->kind;
	} else if (event.what == CPU_DEBUG_WATCH) {
		stop.reason = GDB_STOPPED_AT_BREAKPOINT;
		stop.kind = debug->watch_kinds[event.watch];
		stop.address = debug->watches[event.watch].address;
	}
	report(debug, &stop);
}

/* The handler of the port that breakpoints write to, in a vCPU's thread. */
static void breakpoint_port(void *context, const struct device_access *access)
{
	struct debug *debug = context;

	for (unsigned i = 0; i < debug->config.vcpu_count && access->write; i++) {
		struct vcpu *vcpu = &debug->config.vcpus[i];

		if (!pthread_equal(vcpu->thread, pthread_self()))
			continue;
		uint64_t address = cpu_breakpoint_rewind(vcpu->fd, vcpu->run, &debug->instruction);
		const struct debug_breakpoint *point = find_breakpoint(debug, address);
		struct gdb_stop stop = {.cpu = i,
					.reason = GDB_STOPPED_AT_BREAKPOINT,
					.kind = point ? point->kind : GDB_BREAK_SOFTWARE};
		report(debug, &stop);
	}
}

/* Watchpoints stop after the access, so one that was not told would be lost; instructions are met
 * again. */
static bool take_watch_stop(struct debug *debug, struct gdb_stop *stop)
{
	bool found = false;

	pthread_mutex_lock(&debug->lock);
	for (unsigned i = 0; i < debug->config.vcpu_count; i++) {
		struct debug_stop *one = &debug->stops[i];

		if (one->pending && !found && one->stop.kind >= GDB_WATCH_WRITE) {
			*stop = one->stop;
			one->pending = false;
			found = true;
		}
	}
	for (unsigned i = 0; i < debug->config.vcpu_count && !found; i++)
		debug->stops[i].pending = false;
	pthread_mutex_unlock(&debug->lock);
	return found;
}

static void resume(void *context, const enum gdb_action *actions)
{
	struct debug *debug = context;
	struct gdb_stop stop;

	if (take_watch_stop(debug, &stop)) {
		gdb_server_stopped(&debug->server, &stop);
		return;
	}
	debug->registers_valid = false;
	bool on = has_breakpoints(debug);
	for (unsigned i = 0; i < debug->config.vcpu_count; i++)
		cpu_debug_apply(debug->config.vcpus[i].fd, on, debug->watches,
				actions[i] == GDB_STEP);
	debug->state = DEBUG_RUNS;
	pthread_mutex_lock(&debug->lock);
	for (unsigned i = 0; i < debug->config.vcpu_count; i++)
		if (actions[i] != GDB_STAY)
			vcpu_release(&debug->config.vcpus[i]);
	pthread_mutex_unlock(&debug->lock);
}

static void stop(void *context)
{
	debug_hold_all(context);
}

void debug_forget(struct debug *debug)
{
	for (unsigned i = 0; i < debug->breakpoint_count; i++)
		if (debug->breakpoints[i].used)
			instruction_clear(debug, &debug->breakpoints[i]);
	debug->breakpoint_count = 0;
	memset(debug->watches, 0, sizeof(debug->watches));
	debug->registers_valid = false;
}

void debug_let_go(struct debug *debug)
{
	debug_forget(debug);
	for (unsigned i = 0; i < debug->config.vcpu_count; i++)
		cpu_debug_apply(debug->config.vcpus[i].fd, false, debug->watches, false);
	debug->state = DEBUG_RUNS;
	pthread_mutex_lock(&debug->lock);
	for (unsigned i = 0; i < debug->config.vcpu_count; i++) {
		debug->stops[i].pending = false;
		vcpu_release(&debug->config.vcpus[i]);
	}
	pthread_mutex_unlock(&debug->lock);
}

static void detach(void *context)
{
	debug_let_go(context);
}

static void end(void *context)
{
	struct debug *debug = context;

	debug->config.shared->stopped(debug->config.shared->context, "GDB has ended it");
}

void debug_target_init(struct debug *debug)
{
	debug->instruction = cpu_breakpoint_choose();
	if (debug->instruction.port) {
		const struct device_range range = {.start = debug->instruction.port,
						   .size = DEBUG_PORT_IO,
						   .handler = breakpoint_port,
						   .device = debug};
		device_table_add(&debug->config.shared->ports, &range);
	}
	debug->target = (struct gdb_target){
		.context = debug,
		.cpu_count = debug->config.vcpu_count,
		.register_count = cpu_register_count(),
		.description = cpu_register_description(),
		.register_read = register_read,
		.register_write = register_write,
		.memory_read = memory_read,
		.memory_write = memory_write,
		.breakpoint_set = breakpoint_set,
		.breakpoint_clear = breakpoint_clear,
		.resume = resume,
		.stop = stop,
		.detach = detach,
		.kill = end,
	};
}
