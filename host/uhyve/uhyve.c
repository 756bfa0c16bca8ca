/* SPDX-License-Identifier: BSD-3-Clause */
/* See uhyve.h. */
#include "uhyve.h"

#include "boot.h"
#include "cpu.h"
#include "stats.h"
#include "uhyve_private.h"

#include "common/event_fd.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

/* How soon the host looks into the ring by itself while lazy requests come. */
#define LOOK_MS 1

/* Memory up to here is used by every guest and only in part: small pages. */
#define SMALL_PAGES_BELOW (4ull << 20)

static void thread_stopped(void *context, const char *text)
{
	struct uhyve *uhyve = context;

	pthread_mutex_lock(&uhyve->end_lock);
	if (!uhyve->end_reason[0])
		strncpy(uhyve->end_reason, text, sizeof(uhyve->end_reason) - 1);
	pthread_mutex_unlock(&uhyve->end_lock);
	event_fd_signal(uhyve->end_fd);
}

const char *uhyve_end_reason(struct uhyve *uhyve)
{
	pthread_mutex_lock(&uhyve->end_lock);
	const char *reason = uhyve->end_reason[0] ? uhyve->end_reason : NULL;
	pthread_mutex_unlock(&uhyve->end_lock);
	return reason;
}

static int make_descriptors(struct uhyve *uhyve, struct uhyve_error *error)
{
	int pipe_fds[2];

	uhyve->doorbell_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	uhyve->irq_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	uhyve->end_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (uhyve->doorbell_fd < 0 || uhyve->irq_fd < 0 || uhyve->end_fd < 0 ||
	    pipe2(pipe_fds, O_CLOEXEC) != 0) {
		int err = errno;
		return uhyve_fail(error, -err, "no descriptors: %s", strerror(err));
	}
	uhyve->log_read_fd = pipe_fds[0];
	uhyve->log_write_fd = pipe_fds[1];
	fcntl(uhyve->log_read_fd, F_SETFL, O_NONBLOCK);
	return 0;
}

static int make_memory(struct uhyve *uhyve, const struct uhyve_config *config,
		       struct uhyve_error *error)
{
	int err = guest_mem_create(&uhyve->mem, config->memory, BOOT_LOW_MEMORY_MAX);

	if (err)
		return uhyve_fail(error, err, "%llu KiB of memory: %s",
				  (unsigned long long)(config->memory >> 10), strerror(-err));
	/* Only wishes: a host without them runs all the same. */
	guest_mem_huge_pages(&uhyve->mem, config->huge_pages ? SMALL_PAGES_BELOW : config->memory);
	if (config->mergeable)
		guest_mem_mergeable(&uhyve->mem);
	err = uhyve_prepare_memory(uhyve, config, error);
	return err ? err : vm_add_memory(&uhyve->vm, &uhyve->mem, error);
}

static int make_channel(struct uhyve *uhyve, struct uhyve_error *error)
{
	size_t size = channel_memory_size(BOOT_CHANNEL_RING);
	void *memory = guest_mem_at(&uhyve->mem, BOOT_CHANNEL_ADDRESS, size);

	if (!memory)
		return uhyve_fail(error, -ENOMEM, "too little memory");
	/* A machine that is restored has it already. */
	if (!uhyve->channel.shm)
		channel_init(&uhyve->channel, memory, BOOT_CHANNEL_RING, BOOT_DOORBELL_PORT);
	int err = vm_add_doorbell(&uhyve->vm, BOOT_DOORBELL_PORT, uhyve->doorbell_fd, error);
	if (!err)
		err = vm_add_interrupt(&uhyve->vm, BOOT_CHANNEL_IRQ, uhyve->irq_fd, error);
	return err;
}

static int make_console(struct uhyve *uhyve)
{
	const struct device_range range = {.start = BOOT_CONSOLE_PORT_IO,
					   .size = sizeof(uint32_t),
					   .handler = console_access,
					   .device = &uhyve->console};

	uhyve->console = (struct console){.mem = &uhyve->mem,
					  .fd = uhyve->log_write_fd,
					  .is_ending = &uhyve->shared.stopping};
	return device_table_add(&uhyve->shared.ports, &range);
}

static int make_net(struct uhyve *uhyve, const struct uhyve_config *config,
		    struct uhyve_error *error)
{
	int err;

	if (!config->net)
		return 0;
	struct virtio_net_options options = *config->net;
	options.stopped = thread_stopped;
	options.stopped_context = uhyve;
	uhyve->net = virtio_net_create(&options, &uhyve->mem, &err, error);
	if (!uhyve->net)
		return err;
	const struct device_range range = {.start = BOOT_NET_ADDRESS,
					   .size = VIRTIO_MMIO_SIZE,
					   .handler = virtio_mmio_access,
					   .device = &uhyve->net->mmio};
	err = device_table_add(&uhyve->shared.memory, &range);
	for (unsigned i = 0; i < VIRTIO_NET_QUEUES && !err; i++)
		err = vm_add_notification(&uhyve->vm, BOOT_NET_ADDRESS + VIRTIO_MMIO_NOTIFY, i,
					  uhyve->net->kick_fd[i], error);
	if (!err)
		err = vm_add_line(&uhyve->vm, BOOT_NET_IRQ, uhyve->net->irq_fd,
				  uhyve->net->resample_fd, error);
	return err;
}

static int make_vcpus(struct uhyve *uhyve, struct uhyve_error *error)
{
	uhyve->vcpus = calloc(uhyve->vcpu_count, sizeof(*uhyve->vcpus));
	if (!uhyve->vcpus)
		return uhyve_fail(error, -ENOMEM, "out of memory");
	for (; uhyve->made < uhyve->vcpu_count; uhyve->made++) {
		int err = vcpu_create(&uhyve->vcpus[uhyve->made], &uhyve->vm, uhyve->made,
				      &uhyve->shared, error);
		if (err)
			return err;
	}
	return 0;
}

static int set_up_vcpus(struct uhyve *uhyve, struct uhyve_error *error)
{
	uhyve->cpuid = cpu_cpuid_create(&uhyve->vm, uhyve->vcpu_count, uhyve->tsc_hz / 1000, error);
	int err = uhyve->cpuid ? 0 : -EINVAL;

	for (unsigned i = 0; i < uhyve->vcpu_count && !err; i++) {
		err = cpu_cpuid_apply(uhyve->vcpus[i].fd, uhyve->cpuid, i, error);
		if (!err)
			err = cpu_state_apic(uhyve->vcpus[i].fd, error);
		if (!err)
			err = cpu_state_features(uhyve->vcpus[i].fd, uhyve->cpuid, error);
	}
	return err;
}

static int make_debugger(struct uhyve *uhyve, const struct uhyve_config *config,
			 uint64_t first_tables, struct uhyve_error *error)
{
	const struct debug_config debug = {.port = config->debug_port,
					   .vcpus = uhyve->vcpus,
					   .vcpu_count = uhyve->vcpu_count,
					   .shared = &uhyve->shared,
					   .mem = &uhyve->mem,
					   .image = config->image,
					   .first_tables = first_tables};
	int err;

	if (!config->debug_port)
		return 0;
	uhyve->debug = debug_create(&debug, &err, error);
	if (uhyve->debug && config->debug_wait)
		debug_wait(uhyve->debug);
	return uhyve->debug ? 0 : err;
}

/* A new guest: what it needs to know, and its first processor's first instruction. */
static int boot(struct uhyve *uhyve, const struct uhyve_config *config, struct uhyve_error *error)
{
	const struct boot_config boot = {.cpus = config->cpus,
					 .tsc_hz = uhyve->tsc_hz,
					 .verbose = config->verbose,
					 .net = config->net,
					 .parameters = config->parameters};
	struct cpu_start start;

	int err = boot_load_image(&uhyve->mem, config->image_fd, config->image, error);
	if (!err)
		err = boot_describe(&uhyve->mem, config->image, &boot, &start, error);
	if (!err)
		err = cpu_state_boot(uhyve->vcpus[0].fd, &start, error);
	return err ? err : make_debugger(uhyve, config, start.tables, error);
}

static int fill(struct uhyve *uhyve, const struct uhyve_config *config, struct uhyve_error *error)
{
	int err = make_descriptors(uhyve, error);
	if (!err)
		err = make_memory(uhyve, config, error);
	if (!err)
		err = make_channel(uhyve, error);
	if (!err)
		err = make_console(uhyve);
	if (!err)
		err = make_net(uhyve, config, error);
	if (!err)
		err = make_vcpus(uhyve, error);
	if (err)
		return err;
	int khz = ioctl(uhyve->vcpus[0].fd, KVM_GET_TSC_KHZ, 0);
	if (khz <= 0)
		return uhyve_fail(error, -EIO, "KVM does not know the rate of the clock");
	/* A machine that is restored has a rate already. */
	if (!uhyve->tsc_hz)
		uhyve->tsc_hz = (uint64_t)khz * 1000;
	err = set_up_vcpus(uhyve, error);
	if (!err && config->checkpoints)
		err = uhyve_prepare_vcpus(uhyve, config, error);
	if (err || config->restore)
		return err;
	return boot(uhyve, config, error);
}

static void close_valid(int fd)
{
	if (fd >= 0)
		close(fd);
}

static void uhyve_destroy(struct uhyve *uhyve)
{
	if (uhyve->debug)
		debug_destroy(uhyve->debug);
	for (unsigned i = 0; i < uhyve->made; i++)
		vcpu_destroy(&uhyve->vcpus[i]);
	free(uhyve->vcpus);
	if (uhyve->net)
		virtio_net_destroy(uhyve->net);
	free(uhyve->cpuid);
	uhyve_checkpoint_destroy(uhyve);
	vm_destroy(&uhyve->vm);
	guest_mem_destroy(&uhyve->mem);
	close_valid(uhyve->doorbell_fd);
	close_valid(uhyve->irq_fd);
	close_valid(uhyve->end_fd);
	close_valid(uhyve->log_read_fd);
	close_valid(uhyve->log_write_fd);
	pthread_mutex_destroy(&uhyve->end_lock);
	vcpu_shared_destroy(&uhyve->shared);
	free(uhyve);
}

int uhyve_check(struct uhyve_error *error)
{
	return vm_check(error);
}

struct uhyve *uhyve_create(const struct uhyve_config *config, int *error_code,
			   struct uhyve_error *error)
{
	struct uhyve *uhyve = calloc(1, sizeof(*uhyve));

	if (!uhyve) {
		*error_code = uhyve_fail(error, -ENOMEM, "out of memory");
		return NULL;
	}
	uhyve->doorbell_fd = uhyve->irq_fd = uhyve->end_fd = -1;
	uhyve->log_read_fd = uhyve->log_write_fd = uhyve->parked_fd = -1;
	uhyve->vcpu_count = config->cpus;
	uhyve->affinity = config->affinity;
	uhyve->affinity_count = config->affinity_count;
	vcpu_shared_init(&uhyve->shared);
	uhyve->shared.stopped = thread_stopped;
	uhyve->shared.enter = config->vcpu_enter;
	uhyve->shared.enter_context = config->vcpu_context;
	uhyve->shared.context = uhyve;
	pthread_mutex_init(&uhyve->end_lock, NULL);
	*error_code = vm_create(&uhyve->vm, error);
	if (!*error_code)
		*error_code = fill(uhyve, config, error);
	if (*error_code) {
		uhyve_destroy(uhyve);
		return NULL;
	}
	return uhyve;
}

int uhyve_start(struct uhyve *uhyve, struct uhyve_error *error)
{
	int err = uhyve->net ? virtio_net_start(uhyve->net, error) : 0;

	for (unsigned i = 0; i < uhyve->vcpu_count && !err; i++) {
		cpu_set_t set;
		CPU_ZERO(&set);
		if (uhyve->affinity_count)
			CPU_SET(uhyve->affinity[i % uhyve->affinity_count], &set);
		err = vcpu_start(&uhyve->vcpus[i], uhyve->affinity_count ? &set : NULL, error);
	}
	return err;
}

void uhyve_stop(struct uhyve *uhyve)
{
	atomic_store_explicit(&uhyve->shared.stopping, true, memory_order_seq_cst);
	for (unsigned i = 0; i < uhyve->vcpu_count; i++)
		vcpu_kick(&uhyve->vcpus[i]);
	for (unsigned i = 0; i < uhyve->vcpu_count; i++)
		vcpu_join(&uhyve->vcpus[i]);
	/* A vCPU may have waited for it. */
	if (uhyve->net)
		virtio_net_stop(uhyve->net);
}

int uhyve_doorbell_fd(const struct uhyve *uhyve)
{
	return uhyve->doorbell_fd;
}

int uhyve_end_fd(const struct uhyve *uhyve)
{
	return uhyve->end_fd;
}

int uhyve_log_fd(const struct uhyve *uhyve)
{
	return uhyve->log_read_fd;
}

int uhyve_debug_fd(const struct uhyve *uhyve)
{
	return uhyve->debug ? debug_fd(uhyve->debug) : -1;
}

void uhyve_debug_serve(struct uhyve *uhyve)
{
	debug_serve(uhyve->debug);
}

void uhyve_debug_exited(struct uhyve *uhyve, unsigned status)
{
	if (uhyve->debug)
		debug_exited(uhyve->debug, status);
}

const struct guest_mem *uhyve_memory(const struct uhyve *uhyve)
{
	return &uhyve->mem;
}

uint64_t uhyve_tsc_hz(const struct uhyve *uhyve)
{
	return uhyve->tsc_hz;
}

static void raise_interrupt(struct uhyve *uhyve)
{
	event_fd_signal(uhyve->irq_fd);
	uhyve->interrupts++;
}

ssize_t uhyve_receive(struct uhyve *uhyve, struct frame_reader *reader)
{
	uint64_t rings;
	ssize_t got = channel_receive(&uhyve->channel, reader);

	/* What is sent after this look is seen before the next wait: uhyve_before_wait. */
	if (got == -EAGAIN && read(uhyve->doorbell_fd, &rings, sizeof(rings)) > 0)
		uhyve->doorbells += rings;
	if (got > 0 && channel_guest_waits(&uhyve->channel))
		raise_interrupt(uhyve);
	return got;
}

ssize_t uhyve_send(struct uhyve *uhyve, const struct iovec *pieces, int count)
{
	uint64_t rings;
	ssize_t sent = channel_send(&uhyve->channel, pieces, count);

	/* What the guest takes after this look, it rings for. */
	if (sent != -EAGAIN || read(uhyve->doorbell_fd, &rings, sizeof(rings)) <= 0)
		return sent;
	uhyve->doorbells += rings;
	return channel_send(&uhyve->channel, pieces, count);
}

void uhyve_notify(struct uhyve *uhyve, bool lazy)
{
	if (!lazy || channel_guest_waits(&uhyve->channel))
		raise_interrupt(uhyve);
}

int uhyve_before_wait(struct uhyve *uhyve, int timeout_ms, bool lazy)
{
	bool quiet = channel_set_state(&uhyve->channel, lazy ? HC_HOST_LOOKS : HC_HOST_SLEEPS);

	if (!quiet)
		return 0;
	return lazy && (timeout_ms < 0 || timeout_ms > LOOK_MS) ? LOOK_MS : timeout_ms;
}

void uhyve_after_wait(struct uhyve *uhyve)
{
	channel_set_state(&uhyve->channel, HC_HOST_BUSY);
}

/* Bytes of the memory that are resident. */
static uint64_t resident(const struct guest_mem *mem)
{
	size_t pages = mem->size / 4096, count = 0;
	unsigned char *map = malloc(pages ? pages : 1);

	if (map && mincore(mem->base, mem->size, map) == 0)
		for (size_t i = 0; i < pages; i++)
			count += map[i] & 1;
	free(map);
	return count * 4096;
}

void uhyve_counters(struct uhyve *uhyve, struct uhyve_counters *counters)
{
	*counters = (struct uhyve_counters){.doorbells = uhyve->doorbells,
					    .interrupts = uhyve->interrupts,
					    .memory_touched = resident(&uhyve->mem)};
	for (unsigned i = 0; i < uhyve->vcpu_count; i++) {
		counters->run_returns += uhyve->vcpus[i].returns;
		counters->exits += stats_read(uhyve->vcpus[i].fd, "exits");
		counters->host_interrupts += stats_read(uhyve->vcpus[i].fd, "irq_exits");
		counters->halts += stats_read(uhyve->vcpus[i].fd, "halt_exits");
	}
}
