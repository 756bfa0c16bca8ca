/* SPDX-License-Identifier: BSD-3-Clause */
/* See uhyve_isle.h. */
#include "uhyve_isle.h"

#include "kvm_choice.h"
#include "machine.h"
#include "message.h"
#include "sandbox.h"

#include "common/host_time.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static ssize_t isle_receive(void *context, struct frame_reader *reader)
{
	const struct uhyve_isle *uhyve = context;

	return uhyve_receive(uhyve->machine, reader);
}

static ssize_t isle_send(void *context, const struct iovec *pieces, int count)
{
	const struct uhyve_isle *uhyve = context;

	return uhyve_send(uhyve->machine, pieces, count);
}

static void isle_notify(void *context, bool lazy)
{
	const struct uhyve_isle *uhyve = context;

	uhyve_notify(uhyve->machine, lazy);
}

static int isle_before_wait(void *context, int timeout_ms, bool lazy)
{
	const struct uhyve_isle *uhyve = context;

	return uhyve_before_wait(uhyve->machine, timeout_ms, lazy);
}

static void isle_after_wait(void *context)
{
	const struct uhyve_isle *uhyve = context;

	uhyve_after_wait(uhyve->machine);
}

static uint64_t isle_tsc_hz(void *context)
{
	const struct uhyve_isle *uhyve = context;

	return uhyve_tsc_hz(uhyve->machine);
}

static const struct guest_mem *isle_memory(void *context)
{
	const struct uhyve_isle *uhyve = context;

	return uhyve_memory(uhyve->machine);
}

/* The guest's threads are the proxy's: they stop and go on with it. */
static void isle_stop_or_resume(void *context)
{
	(void)context;
}

static void isle_kill(void *context)
{
	const struct uhyve_isle *uhyve = context;

	uhyve_stop(uhyve->machine);
}

static void print_timings(const struct uhyve_isle *uhyve)
{
	uint64_t now = monotonic_ns();
	struct uhyve_counters counters;

	uhyve_counters(uhyve->machine, &counters);
	fprintf(stderr,
		"uhyve: set up in %" PRIu64 " us, ran for %" PRIu64 " us; %" PRIu64
		" exits, %" PRIu64 " of them to the proxy, %" PRIu64
		" for the host's interrupts, %" PRIu64 " halts; %" PRIu64 " doorbells, %" PRIu64
		" interrupts; %" PRIu64 " KiB of memory touched\n",
		(uhyve->ready_ns - uhyve->start_ns) / NS_PER_US,
		(now - uhyve->ready_ns) / NS_PER_US, counters.exits, counters.run_returns,
		counters.host_interrupts, counters.halts, counters.doorbells, counters.interrupts,
		counters.memory_touched >> 10);
}

static void isle_wait(void *context)
{
	struct uhyve_isle *uhyve = context;

	uhyve_stop(uhyve->machine);
	uhyve_net_close(&uhyve->net);
	if (uhyve->options->verbose)
		print_timings(uhyve);
}

static void isle_debug(void *context)
{
	const struct uhyve_isle *uhyve = context;

	uhyve_debug_serve(uhyve->machine);
}

static void isle_exited(void *context, int status)
{
	const struct uhyve_isle *uhyve = context;

	uhyve_debug_exited(uhyve->machine, (unsigned)status);
}

static int isle_end_status(struct machine *machine, void *context)
{
	const struct uhyve_isle *uhyve = context;

	proxy_message("the machine stopped %s: %s",
		      machine->server.greeted ? "before the application ended" : "during its start",
		      uhyve_end_reason(uhyve->machine));
	log_relay_dump(&machine->log, "Kernel log:\n");
	return STATUS_KERNEL;
}

static const struct isle_ops uhyve_ops = {
	.receive = isle_receive,
	.send = isle_send,
	.notify = isle_notify,
	.before_wait = isle_before_wait,
	.after_wait = isle_after_wait,
	.tsc_hz = isle_tsc_hz,
	.memory = isle_memory,
	.stop = isle_stop_or_resume,
	.resume = isle_stop_or_resume,
	.kill = isle_kill,
	.wait = isle_wait,
	.debug = isle_debug,
	.exited = isle_exited,
	.end_status = isle_end_status,
};

/* In each vCPU's thread, before the guest runs. */
static int confine_vcpu(void *context)
{
	const struct options *options = context;

	return options->no_sandbox
		       ? 0
		       : sandbox_enter_thread(SANDBOX_VCPU,
					      options->debug != DEBUG_OFF ? SANDBOX_DEBUG : 0);
}

int uhyve_isle_confine(const struct options *options, const struct mount_table *mounts,
		       int checkpoint_fd)
{
	const unsigned more = (options->debug != DEBUG_OFF ? SANDBOX_DEBUG : 0) |
			      (checkpoint_fd >= 0 ? SANDBOX_CHECKPOINT : 0);
	const char *what;

	if (options->no_sandbox) {
		proxy_message("--no-sandbox: a guest that breaks out of its machine has all that "
			      "you have");
		return 0;
	}
	int err = sandbox_enter(mounts, checkpoint_fd, more, &what);
	if (!err)
		return 0;
	proxy_message("the proxy cannot be confined (%s: %s); --no-sandbox does without", what,
		      strerror(-err));
	return STATUS_PROXY;
}

int uhyve_isle_start(struct uhyve_isle *uhyve, const struct options *options, int image_fd,
		     const struct elf_image *image, struct checkpointer *checkpointer,
		     struct isle *isle)
{
	const struct checkpoint_options *checkpoint = &options->checkpoint;
	struct uhyve_restore restore;
	bool restores = checkpointer_restore(checkpointer, &restore);
	struct uhyve_config config = {
		.image_fd = image_fd,
		.image = image,
		.memory = options->memory,
		.cpus = options->cpus,
		.affinity = options->affinity,
		.affinity_count = options->affinity_count,
		.huge_pages = options->huge_pages,
		.mergeable = options->mergeable,
		.verbose = options->verbose,
		.vcpu_enter = confine_vcpu,
		.vcpu_context = (void *)(uintptr_t)options,
		.debug_port = options->debug == DEBUG_OFF ? 0 : options->debug_port,
		.debug_wait = options->debug == DEBUG_WAIT,
		.checkpoints = checkpoint->wanted || restores,
		.incremental = checkpoint->interval_s && !checkpoint->full && !checkpoint->exit,
		.restore = restores ? &restore : NULL};
	struct uhyve_error error;
	int err;

	*uhyve = (struct uhyve_isle){.options = options, .start_ns = monotonic_ns()};
	int status = kvm_require(options);
	if (!status)
		status = uhyve_net_open(&uhyve->net, options);
	if (status)
		return status;
	config.net = uhyve_net_card(&uhyve->net);
	config.parameters = uhyve->net.parameters;
	uhyve->machine = uhyve_create(&config, &err, &error);
	if (uhyve->machine && restores)
		uhyve_hold(uhyve->machine);
	if (uhyve->machine)
		err = uhyve_start(uhyve->machine, &error);
	if (err) {
		proxy_message("%s", error.text);
		if (uhyve->machine)
			uhyve_stop(uhyve->machine);
		uhyve_net_close(&uhyve->net);
		/* What cannot be restored, is not valid; this host is another matter. */
		return err == -ENOEXEC || (restores && err == -EINVAL) ? STATUS_NOT_IMAGE
								       : STATUS_PROXY;
	}
	uhyve->ready_ns = monotonic_ns();
	*isle = (struct isle){.ops = &uhyve_ops,
			      .context = uhyve,
			      .name = "uhyve",
			      .channel_fd = uhyve_doorbell_fd(uhyve->machine),
			      .end_fd = uhyve_end_fd(uhyve->machine),
			      .log_fd = uhyve_log_fd(uhyve->machine),
			      .error_fd = -1,
			      .debug_fd = uhyve_debug_fd(uhyve->machine)};
	return 0;
}
