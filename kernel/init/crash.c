/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The report of a crashed application: one text for the user's stderr. Addresses in braces are for
 * the proxy, which knows the image's symbols and puts names to them.
 */
#include "app.h"

#include <arch/trap.h>
#include <arch/unwind.h>
#include <arch/user.h>
#include <asm-generic/siginfo.h>
#include <asm/signal.h>
#include <drivers/host_channel.h>
#include <lib/printf.h>
#include <mm/heap.h>
#include <sched/mutex.h>
#include <sched/signal.h>
#include <sched/task.h>
#include <stdarg.h>

#define REPORT_SIZE	4096u
#define BACKTRACE_DEPTH 32u

/* One report at a time, and the unwinder's memory. */
static struct mutex report_mutex;

struct report {
	char *text;
	size_t length;
};

static void printf_like(2, 3) add(struct report *r, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	r->length += kvsnprintf(r->text + r->length, REPORT_SIZE - r->length, format, args);
	va_end(args);
	if (r->length >= REPORT_SIZE)
		r->length = REPORT_SIZE - 1;
}

static const char *signal_name(int signo)
{
	switch (signo) {
	case SIGSEGV:
		return "SIGSEGV, segmentation fault";
	case SIGBUS:
		return "SIGBUS, bus error";
	case SIGFPE:
		return "SIGFPE, arithmetic error";
	case SIGILL:
		return "SIGILL, illegal instruction";
	case SIGTRAP:
		return "SIGTRAP, breakpoint";
	case SIGABRT:
		return "SIGABRT, aborted";
	case SIGSYS:
		return "SIGSYS, bad system call";
	default:
		return "signal";
	}
}

static const char *reason(int signo, int code)
{
	if (signo == SIGSEGV)
		return code == SEGV_MAPERR   ? "nothing is mapped there"
		       : code == SEGV_ACCERR ? "no right for this access"
					     : "general protection fault";
	if (signo == SIGBUS)
		return "behind the end of a file, or out of memory";
	if (signo == SIGFPE && code == FPE_INTDIV)
		return "integer division by zero or overflow";
	return NULL;
}

static void add_head(struct report *r, int signo, int code, uintptr_t address)
{
	const char *why = reason(signo, code);

	add(r, "*** crash in thread %d (%s): %s\n", task_tid(task_current()),
	    task_name(task_current()), signal_name(signo));
	if (why)
		add(r, "    address %#lx: %s\n", address, why);
}

static void add_registers(struct report *r, const struct trap_frame *f)
{
	const struct {
		const char *name;
		uint64_t value;
	} registers[] = {
		{"rip", f->rip}, {"rsp", f->rsp}, {"rbp", f->rbp}, {"rflags", f->rflags},
		{"rax", f->rax}, {"rbx", f->rbx}, {"rcx", f->rcx}, {"rdx", f->rdx},
		{"rsi", f->rsi}, {"rdi", f->rdi}, {"r8", f->r8},   {"r9", f->r9},
		{"r10", f->r10}, {"r11", f->r11}, {"r12", f->r12}, {"r13", f->r13},
		{"r14", f->r14}, {"r15", f->r15},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(registers); i++)
		add(r, "%s%6s %016llx%s", i % 4 ? "" : "    ", registers[i].name,
		    (unsigned long long)registers[i].value,
		    i % 4 == 3 || i == ARRAY_SIZE(registers) - 1 ? "\n" : "  ");
}

static void add_backtrace(struct report *r, const struct trap_frame *frame)
{
	uintptr_t header = app_image()->unwind_header;
	struct arch_unwind unwind;

	arch_unwind_begin(&unwind, frame);
	add(r, "    call chain:\n");
	for (unsigned i = 0; i < BACKTRACE_DEPTH; i++) {
		/* A return address may be the first one of the next function. */
		uintptr_t address = arch_unwind_address(&unwind);

		add(r, "    %4u  {%#lx}\n", i, unwind.first ? address : address - 1);
		if (!arch_unwind_step(&unwind, header))
			break;
	}
}

void crash_report_init(void)
{
	mutex_init(&report_mutex);
}

void crash_report(const struct trap_frame *frame, int signo, int code, uintptr_t address)
{
	struct report r = {.text = kmalloc(REPORT_SIZE)};

	if (!r.text)
		return;
	mutex_lock(&report_mutex);
	add_head(&r, signo, code, address);
	add_registers(&r, frame);
	add_backtrace(&r, frame);
	host_report(r.text, r.length);
	mutex_unlock(&report_mutex);
	kfree(r.text);
}
