/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The vDSO: clock and CPU number without a system call (vdso(7)). Runs in the application: position
 * independent, no data of its own. The page before the image is the kernel's struct clock_page.
 */
#include <arch/percpu.h>
#include <arch/vdso.h>
#include <asm/unistd_64.h>
#include <lib/compiler.h>
#include <linux/time.h>

#define STRING_OF(x) #x
#define STRING(x)    STRING_OF(x)

int __vdso_clock_gettime(int clock, struct __kernel_timespec *out);
int __vdso_clock_getres(int clock, struct __kernel_timespec *out);
int __vdso_gettimeofday(struct __kernel_old_timeval *tv, struct timezone *tz);
__kernel_old_time_t __vdso_time(__kernel_old_time_t *out);
long __vdso_getcpu(unsigned *cpu, unsigned *node, void *unused);

extern const struct clock_page vdso_clock_page __attribute__((visibility("hidden")));

static always_inline long syscall2(long number, long a, long b)
{
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b)
			 : "rcx", "r11", "memory");
	return result;
}

static always_inline uint64_t monotonic(void)
{
	uint32_t low, high;
	uint64_t cycles;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high)::"memory");
	cycles = ((uint64_t)high << 32 | low) - vdso_clock_page.base;
	return (uint64_t)(((unsigned __int128)cycles * vdso_clock_page.mult) >> 32);
}

/* Bit sets of clock ids: those that show monotonic time (besides the usual one), and real time. */
#define MONOTONIC_CLOCKS                                                                           \
	(1u << CLOCK_MONOTONIC_RAW | 1u << CLOCK_MONOTONIC_COARSE | 1u << CLOCK_BOOTTIME)
#define REALTIME_CLOCKS (1u << CLOCK_REALTIME | 1u << CLOCK_REALTIME_COARSE | 1u << CLOCK_TAI)

int __vdso_clock_gettime(int clock, struct __kernel_timespec *out)
{
	uint64_t ns, sec;

	if (likely(clock == CLOCK_MONOTONIC))
		ns = monotonic();
	else if ((unsigned)clock < 32 && (MONOTONIC_CLOCKS & 1u << clock))
		ns = monotonic();
	else if ((unsigned)clock < 32 && (REALTIME_CLOCKS & 1u << clock))
		ns = monotonic() + READ_ONCE(vdso_clock_page.realtime_offset);
	else
		return (int)syscall2(__NR_clock_gettime, clock, (long)out);
	sec = ns / NS_PER_SEC;
	out->tv_sec = (__kernel_time64_t)sec;
	out->tv_nsec = (long long)(ns - sec * NS_PER_SEC);
	return 0;
}

int __vdso_clock_getres(int clock, struct __kernel_timespec *out)
{
	return (int)syscall2(__NR_clock_getres, clock, (long)out);
}

int __vdso_gettimeofday(struct __kernel_old_timeval *tv, struct timezone *tz)
{
	uint64_t ns = monotonic() + READ_ONCE(vdso_clock_page.realtime_offset);
	uint64_t sec = ns / NS_PER_SEC;

	if (tv) {
		tv->tv_sec = (__kernel_long_t)sec;
		tv->tv_usec = (__kernel_long_t)((ns - sec * NS_PER_SEC) / NS_PER_USEC);
	}
	if (tz)
		*tz = (struct timezone){0};
	return 0;
}

__kernel_old_time_t __vdso_time(__kernel_old_time_t *out)
{
	uint64_t ns = monotonic() + READ_ONCE(vdso_clock_page.realtime_offset);
	__kernel_old_time_t now = (__kernel_old_time_t)(ns / NS_PER_SEC);

	if (out)
		*out = now;
	return now;
}

long __vdso_getcpu(unsigned *cpu, unsigned *node, void *unused)
{
	unsigned place;

	(void)unused;
	/* GS is the kernel's. One instruction: the thread may move to another CPU at any time. */
	__asm__ volatile("mov %%gs:" STRING(ARCH_PERCPU_PLACE) ", %0" : "=r"(place));
	if (cpu)
		*cpu = place & ((1u << ARCH_PLACE_NODE_SHIFT) - 1);
	if (node)
		*node = place >> ARCH_PLACE_NODE_SHIFT;
	return 0;
}

int clock_gettime(int clock, struct __kernel_timespec *out)
	__attribute__((weak, alias("__vdso_clock_gettime")));
int gettimeofday(struct __kernel_old_timeval *tv, struct timezone *tz)
	__attribute__((weak, alias("__vdso_gettimeofday")));
