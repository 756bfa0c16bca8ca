/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From struct boot_info to the application. Two stages: kernel_main on the boot stack prepares what
 * tasks need (memory, interrupts, scheduler) and becomes the idle task; the task "init" does what
 * may block (host channel, file systems) and starts the application.
 */
#include <abi/boot_info.h>
#include <arch/boot.h>
#include <arch/cpu.h>
#include <asm/errno.h>
#include <core/clock.h>
#include <core/cpu.h>
#include <core/log.h>
#include <core/panic.h>
#include <core/random.h>
#include <drivers/host_channel.h>
#include <drivers/port_console.h>
#include <drivers/uart.h>
#include <file/file.h>
#include <fs/fs.h>
#include <fs/proc.h>
#include <lib/parse.h>
#include <lib/string.h>
#include <mm/frame.h>
#include <mm/node.h>
#include <net/net.h>
#include <sched/process.h>
#include <sched/sched.h>
#include <sched/signal.h>
#include <sched/task.h>
#include <syscalls/path.h>

#include "app.h"

#define STATUS_CANNOT_RUN 126 /* proxy(1) */
#define CMDLINE_MAX	  4096u

/* Used until the rate is known; log lines before that carry this clock's idea of time. */
#define TSC_HZ_GUESS 1000000000ull

static char cmdline[CMDLINE_MAX];
static const struct boot_info *boot;

static void copy_cmdline(const struct boot_info *info)
{
	if (info->cmdline && info->cmdline < (1ull << 30))
		strlcpy(cmdline, mm_phys_to_virt(info->cmdline), sizeof(cmdline));
}

static bool channel_wanted(void)
{
	char value[16];

	return boot->channel != BOOT_CHANNEL_NONE ||
	       cmdline_find(cmdline, "hermit.channel", value, sizeof(value)) > 0;
}

static void init_console(void)
{
	unsigned level = (unsigned)cmdline_u64(cmdline, "hermit.verbose", 0) ? LOG_DEBUG : 0;

	/* Without a proxy the console is also where the application's output goes. */
	if (boot->console == BOOT_CONSOLE_UART_IO && (level || !channel_wanted()))
		uart_init((uint16_t)boot->console_base);
	if (boot->console == BOOT_CONSOLE_PORT)
		port_console_init((uint16_t)boot->console_base);
	log_set_console_level(level ? level : LOG_ERROR);
}

/* The loader has written nothing but the image: what the proxy says of its machine. */
static void mark_zeroed(struct boot_info *info)
{
	if (!cmdline_u64(cmdline, "hermit.zeroed", 0))
		return;
	for (uint32_t i = 0; i < info->mem_count; i++)
		info->mem[i].flags |= BOOT_MEM_ZEROED;
}

static int log_tid(void)
{
	return task_current() ? task_tid(task_current()) : 0;
}

/* Rate of the TSC and the host's real time, from whoever knows. */
static void init_time(void)
{
	const struct host_hello *hello = host_hello();
	uint64_t hz = boot->tsc_hz;

	if (!hz && hello)
		hz = hello->fixed.tsc_hz;
	if (!hz)
		hz = arch_tsc_hz();
	if (!hz)
		hz = arch_tsc_measure();
	if (!hz) {
		log_warning("clock: nobody knows the rate of the TSC, taking it for 1 GHz");
		hz = TSC_HZ_GUESS;
	}
	clock_init(hz, arch_boot_tsc());
	if (hello) {
		clock_set_realtime(hello->fixed.realtime_ns);
		random_add_seed(hello->fixed.seed, sizeof(hello->fixed.seed));
	}
}

static void send_signal(int signo)
{
	(void)signal_send_process(signo, NULL);
}

static void report_exit(int status, int signo)
{
	file_exit();
	/* A thread that does not end may hold the lock of the network. */
	if (process_thread_count() <= 1)
		net_exit();
	for (unsigned i = 0; i < cpu_count(); i++) {
		const struct cpu *cpu = cpu_get(i);

		log_info("CPU %u: interrupts %llu, of the timer %llu", i,
			 (unsigned long long)cpu->irq_count,
			 (unsigned long long)cpu->timer_irq_count);
	}
	log_info("exit: status %d signal %d", status, signo);
	host_exit(status, signo, signo ? HC_EXIT_SIGNAL : HC_EXIT_NORMAL);
}

/* The program cannot run, and it is not the kernel's fault: one line, and the proxy's status for
 * that. */
static noreturn void give_up(const char *line)
{
	host_report(line, strlen(line));
	host_exit(STATUS_CANNOT_RUN, 0, HC_EXIT_NORMAL);
}

/* hermit.idle=mwait, hermit.idle=hlt: how idle CPUs wait, whatever the kernel would choose. */
static void choose_idle(void)
{
	char how[8];

	if (cmdline_find(cmdline, "hermit.idle", how, sizeof(how)) > 0 &&
	    !arch_cpu_idle_choose(strcmp(how, "mwait") == 0))
		log_warning("idle: the processor has no MWAIT");
}

static void init_task(void *unused)
{
	int error;

	(void)unused;
	choose_idle();
	smp_start(boot,
		  (unsigned)MIN(cmdline_u64(cmdline, "hermit.cpus", CPU_MAX), (uint64_t)CPU_MAX),
		  cmdline_u64(cmdline, "hermit.fresh", 0));
	if (channel_wanted()) {
		error = host_channel_init(boot, cmdline);
		if (error)
			panic("init: no host channel (error %d)", -error);
	}
	init_time();
	host_set_signal_handler(send_signal);
	proc_set_cmdline(cmdline);
	net_setup(cmdline);
	proc_set_resolver(net_resolv_conf);
	proc_set_net(net_table);
	error = fs_init();
	if (error)
		panic("init: no file systems (error %d)", -error);
	if (host_hello())
		umask_init(host_hello()->fixed.umask);
	process_set_exit(report_exit);
	crash_report_init();
	smp_wait();
	error = app_start();
	if (error == -ENOMEM)
		give_up("hermit: the machine has too little memory for the program's data; "
			"give it more (--mem, HERMIT_MEM)\n");
	if (error)
		panic("init: the application cannot be started (error %d)", -error);
}

void kernel_main(struct boot_info *info)
{
	struct mm_frame_stats frames;
	int error;

	cpu_init_boot();
	clock_init(info->tsc_hz ? info->tsc_hz : TSC_HZ_GUESS, arch_boot_tsc());
	boot = info;
	copy_cmdline(info);
	init_console();
	mark_zeroed(info);
	error = mm_init(info);
	if (error)
		panic("init: not enough memory (error %d)", -error);
	arch_apic_init(info->apic_timer_hz);
	arch_cpu_set_node(mm_node_of_cpu(arch_cpu_apic_id()));
	sched_init_cpu();
	log_set_tid_source(log_tid);
	mm_frame_stats(&frames);
	log_info("HermitCore: %llu MiB of memory, command line: %s",
		 (unsigned long long)(frames.total >> 8), cmdline);
	error = task_create_kernel("init", TASK_PRIORITY_KERNEL, init_task, NULL);
	if (error)
		panic("init: no memory for the first task (error %d)", -error);
	sched_start();
}
