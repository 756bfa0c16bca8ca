/* SPDX-License-Identifier: BSD-3-Clause */
/* /proc/self/status and stat (proc(5)), and how sets of CPUs are written. */
#include "procfs_status.h"

#include <core/cpu.h>
#include <file/file.h>
#include <linux/resource.h>
#include <linux/sched.h>
#include <mm/vm.h>
#include <sched/inspect.h>
#include <sched/policy.h>
#include <sched/process.h>

#include "procfs_memory.h"

void proc_put_cpu_mask(struct proc_text *out, unsigned count, proc_cpu_fn has, const void *context)
{
	for (unsigned words = (count + 31) / 32; words-- > 0;) {
		unsigned bits = MIN(count - words * 32, 32u), digits = (bits + 3) / 4;
		uint32_t word = 0;

		for (unsigned i = 0; i < bits; i++)
			word |= (uint32_t)has(words * 32 + i, context) << i;
		proc_printf(out, "%0*x%s", (int)digits, word, words ? "," : "\n");
	}
}

void proc_put_cpu_list(struct proc_text *out, unsigned count, proc_cpu_fn has, const void *context)
{
	const char *separator = "";

	for (unsigned first = 0; first < count; first++) {
		unsigned last = first;

		if (!has(first, context))
			continue;
		while (last + 1 < count && has(last + 1, context))
			last++;
		proc_printf(out, last > first ? "%s%u-%u" : "%s%u", separator, first, last);
		separator = ",";
		first = last;
	}
	proc_put(out, "\n", 1);
}

static bool in_set(unsigned cpu, const void *context)
{
	return cpu_set_has(context, cpu);
}

static const char *state_name(char state)
{
	return state == 'R'   ? "running"
	       : state == 'S' ? "sleeping"
	       : state == 'D' ? "disk sleep"
			      : "zombie";
}

static void put_ids(struct proc_text *out, const char *name, const uint32_t id[4])
{
	proc_printf(out, "%s:\t%u\t%u\t%u\t%u\n", name, id[0], id[1], id[2], id[3]);
}

static void put_identity(struct proc_text *out, const struct thread_view *view, tid_t tid)
{
	struct proc_identity identity;

	proc_identity(&identity);
	proc_printf(
		out, "Name:\t%s\nUmask:\t%04o\nState:\t%c (%s)\nTgid:\t%d\nNgid:\t0\nPid:\t%d\n",
		view->name, identity.umask, view->state, state_name(view->state), PROCESS_PID, tid);
	proc_printf(out, "PPid:\t%d\nTracerPid:\t0\n", PROCESS_PARENT_PID);
	put_ids(out, "Uid", identity.uid);
	put_ids(out, "Gid", identity.gid);
	proc_printf(out, "FDSize:\t%u\nGroups:\t", fd_table_size());
	for (unsigned i = 0; i < identity.group_count; i++)
		proc_printf(out, "%u ", identity.groups[i]);
	proc_printf(out, "\nNStgid:\t%d\nNSpid:\t%d\nNSpgid:\t%d\nNSsid:\t%d\n", PROCESS_PID, tid,
		    PROCESS_PID, PROCESS_PID);
}

static void put_kib(struct proc_text *out, const char *name, uint64_t pages)
{
	proc_printf(out, "%s:\t%8llu kB\n", name, (unsigned long long)(pages * (PAGE_SIZE / 1024)));
}

static void put_memory(struct proc_text *out)
{
	struct proc_memory sums;

	proc_memory_sums(&sums);
	put_kib(out, "VmPeak", sums.all);
	put_kib(out, "VmSize", sums.all);
	put_kib(out, "VmLck", sums.locked);
	put_kib(out, "VmPin", 0);
	put_kib(out, "VmHWM", sums.resident);
	put_kib(out, "VmRSS", sums.resident);
	put_kib(out, "RssAnon", sums.resident);
	put_kib(out, "RssFile", 0);
	put_kib(out, "RssShmem", 0);
	put_kib(out, "VmData", sums.data);
	put_kib(out, "VmStk", sums.stack);
	put_kib(out, "VmExe", sums.text);
	put_kib(out, "VmLib", sums.libraries);
	put_kib(out, "VmSwap", 0);
	put_kib(out, "HugetlbPages", 0);
	proc_printf(out, "CoreDumping:\t0\nTHP_enabled:\t1\n");
}

static void put_signals(struct proc_text *out, const struct thread_view *view)
{
	struct process_limit limit = {0};
	struct signal_view signals;

	signal_inspect(&signals);
	(void)!process_limit_get(RLIMIT_SIGPENDING, &limit);
	proc_printf(out, "SigQ:\t%u/%llu\nSigPnd:\t%016llx\nShdPnd:\t%016llx\n", signals.queued,
		    (unsigned long long)limit.soft, (unsigned long long)view->pending,
		    (unsigned long long)signals.pending);
	proc_printf(out, "SigBlk:\t%016llx\nSigIgn:\t%016llx\nSigCgt:\t%016llx\n",
		    (unsigned long long)view->blocked, (unsigned long long)signals.ignored,
		    (unsigned long long)signals.caught);
}

static void put_rights(struct proc_text *out)
{
	static const char *const sets[] = {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"};

	for (unsigned i = 0; i < ARRAY_SIZE(sets); i++)
		proc_printf(out, "%s:\t%016x\n", sets[i], 0);
	proc_printf(out, "NoNewPrivs:\t0\nSeccomp:\t0\nSeccomp_filters:\t0\n");
}

void proc_put_status(struct proc_text *out, const struct proc_match *match)
{
	struct thread_view view;
	struct cpu_set cpus = {{0}};

	out->error = thread_inspect(match->tid, &view);
	if (out->error)
		return;
	(void)!task_affinity_get(match->tid, &cpus); /* it may have ended */
	put_identity(out, &view, match->tid);
	put_memory(out);
	proc_printf(out, "Threads:\t%u\n", process_thread_count());
	put_signals(out, &view);
	put_rights(out);
	proc_printf(out, "Cpus_allowed:\t");
	proc_put_cpu_mask(out, cpu_count(), in_set, &cpus);
	proc_printf(out, "Cpus_allowed_list:\t");
	proc_put_cpu_list(out, cpu_count(), in_set, &cpus);
	proc_put_mems_allowed(out);
	proc_printf(out, "voluntary_ctxt_switches:\t%llu\nnonvoluntary_ctxt_switches:\t%llu\n",
		    (unsigned long long)view.switches[0], (unsigned long long)view.switches[1]);
}

/* Linux's "priority": 20 and the nice value, or minus the real time priority and 1. */
static int shown_priority(const struct task_policy *policy)
{
	return policy->rt_priority ? -policy->rt_priority - 1 : 20 + policy->nice;
}

/* Fields 14 to 25: times and memory in all. */
static void put_stat_usage(struct proc_text *out, const struct thread_view *view, uint64_t cpu_ns,
			   const struct task_policy *policy, const struct vm_stats *vm)
{
	struct process_limit rss = {.soft = ~0ull};

	(void)!process_limit_get(RLIMIT_RSS, &rss);
	proc_printf(out, "%llu 0 0 0 %d %d %u 0 %llu ", (unsigned long long)(cpu_ns / PROC_TICK_NS),
		    shown_priority(policy), policy->nice, process_thread_count(),
		    (unsigned long long)(view->start_ns / PROC_TICK_NS));
	proc_printf(out, "%llu %llu %llu ", (unsigned long long)(vm->mapped_pages * PAGE_SIZE),
		    (unsigned long long)vm->resident_pages, (unsigned long long)rss.soft);
}

/* Fields 26 to 52: addresses, signals (first 31), the CPU. */
static void put_stat_places(struct proc_text *out, const struct thread_view *view,
			    const struct task_policy *policy, const struct vm_stats *vm)
{
	const struct proc_start *start = proc_get_start();
	struct proc_memory sums;
	struct signal_view signals;

	proc_memory_sums(&sums);
	signal_inspect(&signals);
	proc_printf(out, "%lu %lu %lu 0 0 ", sums.code_start, sums.code_end, start->stack_pointer);
	proc_printf(out, "%u %u %u %u 0 0 0 17 %u %u %u 0 0 0 ",
		    (unsigned)view->pending & 0x7fffffffu, (unsigned)view->blocked & 0x7fffffffu,
		    (unsigned)signals.ignored & 0x7fffffffu, (unsigned)signals.caught & 0x7fffffffu,
		    view->cpu, (unsigned)policy->rt_priority, (unsigned)policy->policy);
	proc_printf(out, "%lu %lu %lu %lu %lu %lu %lu 0\n", sums.data_start, sums.data_end,
		    vm->brk_start, start->arg_start, start->arg_end, start->env_start,
		    start->env_end);
}

/* PROCESS: with the CPU time of all threads. */
static void put_stat(struct proc_text *out, tid_t tid, bool process)
{
	struct task_policy policy = {0};
	struct thread_view view;
	struct vm_stats vm;

	out->error = thread_inspect(tid, &view);
	if (out->error)
		return;
	(void)!task_policy_get(tid, &policy); /* it may have ended */
	vm_stats(&vm);
	proc_printf(out, "%d (%s) %c %d %d %d 0 -1 4194304 ", tid, view.name, view.state,
		    PROCESS_PARENT_PID, PROCESS_PID, PROCESS_PID);
	proc_printf(out, "%llu 0 %llu 0 ", (unsigned long long)(vm.faults - vm.major_faults),
		    (unsigned long long)vm.major_faults);
	put_stat_usage(out, &view, process ? process_cpu_ns() : view.cpu_ns, &policy, &vm);
	put_stat_places(out, &view, &policy, &vm);
}

void proc_put_stat(struct proc_text *out, const struct proc_match *match)
{
	put_stat(out, match->tid, true);
}

void proc_put_thread_stat(struct proc_text *out, const struct proc_match *match)
{
	put_stat(out, match->tid, false);
}
