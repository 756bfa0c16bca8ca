/* SPDX-License-Identifier: BSD-3-Clause */
/* A broken invariant of the kernel: report, end the machine with status 255. Any context. */
#ifndef CORE_PANIC_H
#define CORE_PANIC_H

#include <lib/assert.h>
#include <lib/compiler.h>

struct trap_frame;

/* panic("function: what"): prints the line, the registers' backtrace, and ends the machine. */
noreturn void panic(const char *format, ...) printf_like(1, 2);

/* The same for an exception in the kernel, with its registers. */
noreturn void panic_trap(const struct trap_frame *frame, const char *format, ...) printf_like(2, 3);

/* Called once, last, with the whole report (text) to tell the host; set by the host channel. */
void panic_set_reporter(void (*report)(const char *text, size_t length));

#endif /* CORE_PANIC_H */
