/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The kernel log. Lines go into a ring that keeps the last LOG_SIZE bytes (a debugger or the host
 * finds it by the symbol log_ring), and to the console when their level asks for it. log_lock
 * guards the ring and keeps lines on the console whole.
 */
#include <core/log.h>

#include <core/clock.h>
#include <core/cpu.h>
#include <core/spinlock.h>
#include <lib/printf.h>
#include <lib/string.h>
#include <stdarg.h>

#define LOG_SIZE 16384u
#define LOG_LINE 256u

static struct spinlock log_lock = SPINLOCK_INIT;
static struct {
	uint64_t written; /* bytes ever; the next one goes to written % LOG_SIZE */
	char text[LOG_SIZE];
} log_ring GUARDED_BY(log_lock);

/* For who cannot take the lock. */
static bool in_line;

static unsigned console_level;
static void (*console_write)(const char *text, size_t length);
static int (*tid_source)(void);

static const char *const level_names[] = {[LOG_ERROR] = "ERROR",
					  [LOG_WARNING] = "WARNING",
					  [LOG_INFO] = "INFO",
					  [LOG_DEBUG] = "DEBUG"};

static void ring_put(const char *text, size_t length) REQUIRES(log_lock)
{
	for (size_t i = 0; i < length; i++)
		log_ring.text[log_ring.written++ % LOG_SIZE] = text[i];
}

void log_write(enum log_level level, const char *format, ...)
{
	char line[LOG_LINE];
	uint64_t us = clock_monotonic_ns() / NS_PER_USEC;
	arch_irq_state_t state;
	va_list args;
	size_t length;

	/* Nobody sees it: the ring keeps what the console would show, and warnings always. */
	if (level > MAX(console_level, (unsigned)LOG_WARNING))
		return;
	length = (size_t)ksnprintf(line, sizeof(line), "[%llu.%06llu][%u:%d][%s] ",
				   (unsigned long long)(us / 1000000),
				   (unsigned long long)(us % 1000000), cpu_index(),
				   tid_source ? tid_source() : 0, level_names[level]);
	va_start(args, format);
	length += (size_t)kvsnprintf(line + length, sizeof(line) - length, format, args);
	va_end(args);
	if (length > sizeof(line) - 1)
		length = sizeof(line) - 1; /* cut off */
	line[length++] = '\n';

	state = spin_lock(&log_lock);
	ring_put(line, length);
	if (level <= console_level && console_write) {
		WRITE_ONCE(in_line, true);
		console_write(line, length);
		WRITE_ONCE(in_line, false);
	}
	spin_unlock(&log_lock, state);
}

void log_set_console_level(unsigned level)
{
	console_level = level;
}

void log_set_console(void (*write)(const char *text, size_t length))
{
	console_write = write;
}

void log_console_write(const char *text, size_t length)
{
	if (!console_write)
		return;
	if (READ_ONCE(in_line))
		console_write("\n", 1);
	console_write(text, length);
}

void log_set_tid_source(int (*tid)(void))
{
	tid_source = tid;
}
