/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The kernel log: a ring in memory (read by GDB or the host after a crash) that is also written to
 * the console when the command line says hermit.verbose=1, and always while no host channel exists
 * for errors. Lines that the console does not show are not kept either, but for warnings and
 * errors: formatting them would cost every start a millisecond. Line format:
 * [seconds.micros][cpu:tid][LEVEL] text. Any context.
 */
#ifndef CORE_LOG_H
#define CORE_LOG_H

#include <lib/compiler.h>

enum log_level { LOG_ERROR = 1, LOG_WARNING, LOG_INFO, LOG_DEBUG };

/* FORMAT as lib/printf.h, without a newline at the end. */
void log_write(enum log_level level, const char *format, ...) printf_like(2, 3);

#define log_error(...)	 log_write(LOG_ERROR, __VA_ARGS__)
#define log_warning(...) log_write(LOG_WARNING, __VA_ARGS__)
#define log_info(...)	 log_write(LOG_INFO, __VA_ARGS__)
#define log_debug(...)	 log_write(LOG_DEBUG, __VA_ARGS__)

/* Console output of lines up to LEVEL (0: none). */
void log_set_console_level(unsigned level);

/* Where console text goes: called with each piece, any context. Set by the console driver. */
void log_set_console(void (*write)(const char *text, size_t length));

/* Raw text to the console, whatever the level (application output without a proxy), on a line of
 * its own where a line of the log was not finished. No locks. */
void log_console_write(const char *text, size_t length);

/* The task id in the line's head comes from this callback (sched sets it); 0 until then. */
void log_set_tid_source(int (*tid)(void));

#endif /* CORE_LOG_H */
