/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The end of a kernel that found itself broken. One report: message, registers when there is a
 * frame, call chain. It takes no lock: another CPU may hold it for ever. A second panic while the
 * first reports ends the CPU silently.
 */
#include <core/panic.h>

#include <arch/cpu.h>
#include <arch/smp.h>
#include <arch/trap.h>
#include <core/cpu.h>
#include <core/log.h>
#include <lib/printf.h>
#include <stdarg.h>
#include <stdatomic.h>

#define REPORT_SIZE	2048u
#define BACKTRACE_DEPTH 16u

static struct {
	size_t length;
	char text[REPORT_SIZE];
} report;

static _Atomic bool panicking;
static void (*reporter)(const char *text, size_t length);

void panic_set_reporter(void (*report_to_host)(const char *text, size_t length))
{
	reporter = report_to_host;
}

static void printf_like(1, 0) add_args(const char *format, va_list args)
{
	size_t room = sizeof(report.text) - report.length;

	report.length += (size_t)kvsnprintf(report.text + report.length, room, format, args);
	report.length = MIN(report.length, sizeof(report.text) - 1);
}

static void printf_like(1, 2) add(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add_args(format, args);
	va_end(args);
}

/* Kernel code keeps frame pointers: RBP points to the caller's RBP, the return address is above it.
 */
static void add_backtrace(uintptr_t frame)
{
	add("  call chain:");
	for (unsigned i = 0; i < BACKTRACE_DEPTH && (intptr_t)frame < 0 && IS_ALIGNED(frame, 8);
	     i++) {
		const uintptr_t *words = (const uintptr_t *)frame;

		if (!words[1])
			break;
		add(" %lx", words[1]);
		if (words[0] <= frame)
			break;
		frame = words[0];
	}
	add("\n");
}

static void add_registers(const struct trap_frame *f)
{
	add("  vector %llu error %llx rip %llx rsp %llx rflags %llx\n",
	    (unsigned long long)f->vector, (unsigned long long)f->error, (unsigned long long)f->rip,
	    (unsigned long long)f->rsp, (unsigned long long)f->rflags);
	add("  rax %llx rbx %llx rcx %llx rdx %llx rsi %llx rdi %llx rbp %llx\n",
	    (unsigned long long)f->rax, (unsigned long long)f->rbx, (unsigned long long)f->rcx,
	    (unsigned long long)f->rdx, (unsigned long long)f->rsi, (unsigned long long)f->rdi,
	    (unsigned long long)f->rbp);
	add("  r8 %llx r9 %llx r10 %llx r11 %llx r12 %llx r13 %llx r14 %llx r15 %llx\n",
	    (unsigned long long)f->r8, (unsigned long long)f->r9, (unsigned long long)f->r10,
	    (unsigned long long)f->r11, (unsigned long long)f->r12, (unsigned long long)f->r13,
	    (unsigned long long)f->r14, (unsigned long long)f->r15);
}

static noreturn void finish(uintptr_t frame)
{
	add_backtrace(frame);
	log_console_write(report.text, report.length);
	if (reporter)
		reporter(report.text, report.length);
	arch_machine_off(255);
}

static void begin(void)
{
	arch_irq_disable();
	if (atomic_exchange(&panicking, true))
		arch_cpu_halt();
	arch_smp_halt_others();
	add("kernel panic on CPU %u: ", cpu_index());
}

void panic(const char *format, ...)
{
	va_list args;

	begin();
	va_start(args, format);
	add_args(format, args);
	va_end(args);
	add("\n");
	finish((uintptr_t)__builtin_frame_address(0));
}

void panic_trap(const struct trap_frame *frame, const char *format, ...)
{
	va_list args;

	begin();
	va_start(args, format);
	add_args(format, args);
	va_end(args);
	add("\n");
	add_registers(frame);
	finish(frame->rbp);
}

void arch_trap_kernel_fault(struct trap_frame *frame, uintptr_t address)
{
	panic_trap(frame, "exception %llu in the kernel, address %lx",
		   (unsigned long long)frame->vector, address);
}

void assert_failed(const char *expression, const char *file, int line)
{
	panic("%s:%d: assertion failed: %s", file, line, expression);
}
