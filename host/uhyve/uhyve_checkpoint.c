/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Saving a machine and making one of what was saved (docs/checkpoint.md): which sections there are
 * and in which order. The processors are cpu_checkpoint.c's, memory is memory_image.c's.
 */
#include "boot.h"
#include "cpu_checkpoint.h"
#include "uhyve_private.h"

#include "common/host_time.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define KHZ_MAX 100000000u

/* Section CHECKPOINT_MACHINE. */
struct machine_section {
	uint64_t memory;
	uint32_t cpus;
	struct channel_state channel;
	struct cpu_clock clock;
	uint64_t realtime_ns; /* of the host */
};

_Static_assert(sizeof(struct machine_section) == 64, "machine_section");

static int invalid(struct uhyve_error *error)
{
	return uhyve_fail(error, -EINVAL,
			  "the checkpoint's description of the machine is not valid");
}

static int get_machine(const struct checkpoint_reader *state, struct machine_section *machine,
		       struct uhyve_error *error)
{
	struct blob_reader in;

	checkpoint_reader_find(state, CHECKPOINT_MACHINE, 0, &in);
	blob_get(&in, machine, sizeof(*machine));
	if (!blob_is_done(&in) || machine->memory % GUEST_MEM_PAGE || machine->cpus == 0 ||
	    machine->clock.tsc_khz == 0 || machine->clock.tsc_khz > KHZ_MAX)
		return invalid(error);
	return 0;
}

int uhyve_checkpoint_size(const struct checkpoint_reader *state, uint64_t *memory, unsigned *cpus,
			  struct uhyve_error *error)
{
	struct machine_section machine;
	int err = get_machine(state, &machine, error);

	*memory = machine.memory;
	*cpus = machine.cpus;
	return err;
}

static int restore_memory(struct uhyve *uhyve, const struct uhyve_restore *restore,
			  struct uhyve_error *error)
{
	const size_t size = channel_memory_size(BOOT_CHANNEL_RING);
	struct blob_reader extents, files;
	struct machine_section machine;

	int err = get_machine(restore->state, &machine, error);
	if (err)
		return err;
	checkpoint_reader_find(restore->state, CHECKPOINT_EXTENTS, 0, &extents);
	checkpoint_reader_find(restore->state, CHECKPOINT_FILES, 0, &files);
	if (uhyve->mem.size != machine.memory || uhyve->vcpu_count != machine.cpus)
		return invalid(error);
	err = memory_image_get(uhyve->image, &extents, &files, error);
	if (!err)
		err = memory_image_map(uhyve->image, restore->dir_fd, restore->verify, error);
	void *memory = guest_mem_at(&uhyve->mem, BOOT_CHANNEL_ADDRESS, size);
	if (!err && !memory)
		return invalid(error);
	if (!err)
		channel_restore(&uhyve->channel, memory, BOOT_CHANNEL_RING, &machine.channel);
	uhyve->tsc_hz = machine.clock.tsc_khz * 1000;
	return err;
}

int uhyve_prepare_memory(struct uhyve *uhyve, const struct uhyve_config *config,
			 struct uhyve_error *error)
{
	if (!config->checkpoints)
		return 0;
	uhyve->parked_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	uhyve->image = calloc(1, sizeof(*uhyve->image));
	if (!uhyve->image || uhyve->parked_fd < 0)
		return uhyve_fail(error, -ENOMEM, "out of memory");
	uhyve->shared.parked_fd = uhyve->parked_fd;
	int err = memory_image_init(uhyve->image, &uhyve->mem, error);
	if (!err && config->incremental && guest_mem_track(&uhyve->mem) != 0)
		err = uhyve_fail(error, -ENOMEM, "out of memory");
	if (!err && config->restore)
		err = restore_memory(uhyve, config->restore, error);
	return err;
}

/* As if the guest had run since. */
static void advance(struct machine_section *machine)
{
	uint64_t now = clock_now_ns(CLOCK_REALTIME);
	uint64_t passed = now > machine->realtime_ns ? now - machine->realtime_ns : 0;

	machine->clock.tsc +=
		(uint64_t)((unsigned __int128)passed * machine->clock.tsc_khz / 1000000);
	machine->clock.kvmclock_ns += passed;
}

/* After the interrupt controllers: it may raise an interrupt. */
static int restore_net(struct uhyve *uhyve, const struct checkpoint_reader *state,
		       struct uhyve_error *error)
{
	struct virtio_net_state net;
	struct blob_reader in;
	bool saved = checkpoint_reader_find(state, CHECKPOINT_NET, 0, &in);

	if (saved != (uhyve->net != NULL))
		return uhyve_fail(error, -EINVAL,
				  "the checkpoint's machine has %s network card (HERMIT_NIC)",
				  saved ? "a" : "no");
	if (!saved)
		return 0;
	blob_get(&in, &net, sizeof(net));
	if (!blob_is_done(&in) || virtio_net_restore(uhyve->net, &net) != 0)
		return uhyve_fail(error, -EINVAL,
				  "the checkpoint's network card is not one that this host offers");
	return 0;
}

static void save_net(struct uhyve *uhyve, struct checkpoint_writer *state)
{
	struct virtio_net_state net;

	if (!uhyve->net)
		return;
	memset(&net, 0, sizeof(net));
	virtio_net_save(uhyve->net, &net);
	blob_put(checkpoint_section_begin(state, CHECKPOINT_NET, 0), &net, sizeof(net));
}

static int restore_vcpus(struct uhyve *uhyve, const struct uhyve_restore *restore,
			 struct uhyve_error *error)
{
	struct machine_section machine;
	struct blob_reader in;
	uint64_t shift = 0;

	int err = get_machine(restore->state, &machine, error);
	if (err)
		return err;
	checkpoint_reader_find(restore->state, CHECKPOINT_CPUID, 0, &in);
	err = cpu_checkpoint_check_cpuid(uhyve->cpuid, &in, error);
	if (restore->advance)
		advance(&machine);
	for (unsigned i = 0; i < CPU_IRQCHIPS && !err; i++) {
		checkpoint_reader_find(restore->state, CHECKPOINT_IRQCHIP, i, &in);
		err = cpu_checkpoint_restore_irqchip(&uhyve->vm, i, &in, error);
	}
	if (!err)
		err = cpu_checkpoint_restore_clock(&uhyve->vm, uhyve->vcpus, uhyve->vcpu_count,
						   &machine.clock, &shift, error);
	for (unsigned i = 0; i < uhyve->vcpu_count && !err; i++) {
		checkpoint_reader_find(restore->state, CHECKPOINT_VCPU, i, &in);
		err = cpu_checkpoint_restore(&uhyve->vcpus[i], &in, shift, error);
	}
	return err ? err : restore_net(uhyve, restore->state, error);
}

int uhyve_prepare_vcpus(struct uhyve *uhyve, const struct uhyve_config *config,
			struct uhyve_error *error)
{
	int err = cpu_checkpoint_check(&uhyve->vm, uhyve->vcpus, error);

	return err || !config->restore ? err : restore_vcpus(uhyve, config->restore, error);
}

void uhyve_checkpoint_destroy(struct uhyve *uhyve)
{
	if (uhyve->image)
		memory_image_destroy(uhyve->image);
	free(uhyve->image);
	if (uhyve->parked_fd >= 0)
		close(uhyve->parked_fd);
}

int uhyve_held_fd(const struct uhyve *uhyve)
{
	return uhyve->parked_fd;
}

void uhyve_hold(struct uhyve *uhyve)
{
	for (unsigned i = 0; i < uhyve->vcpu_count; i++)
		vcpu_hold(&uhyve->vcpus[i]);
	if (uhyve->net)
		virtio_net_hold(uhyve->net);
}

bool uhyve_is_held(struct uhyve *uhyve)
{
	uint64_t times;
	ssize_t got = read(uhyve->parked_fd, &times, sizeof(times));

	(void)got;
	for (unsigned i = 0; i < uhyve->vcpu_count; i++)
		if (!vcpu_is_parked(&uhyve->vcpus[i]))
			return false;
	return true;
}

void uhyve_release(struct uhyve *uhyve)
{
	for (unsigned i = 0; i < uhyve->vcpu_count; i++)
		vcpu_release(&uhyve->vcpus[i]);
	if (uhyve->net)
		virtio_net_release(uhyve->net);
	/* An interrupt of the channel may have been on its way when the machine was saved. */
	uhyve_notify(uhyve, false);
}

static int save_memory(struct uhyve *uhyve, int dir_fd, uint64_t number, bool full,
		       struct uhyve_error *error)
{
	bool all = full || !uhyve->mem.dirty || memory_image_wants_all(uhyve->image);

	/* The rings are written without marks. */
	guest_mem_dirtied(&uhyve->mem, uhyve->channel.shm, channel_memory_size(BOOT_CHANNEL_RING));
	if (uhyve->mem.dirty) {
		int err = vm_take_dirty(&uhyve->vm, &uhyve->mem, uhyve->image->dirty, error);
		/* Part of the marks may be lost. */
		uhyve->image->complete &= !err;
		if (err)
			return err;
	}
	return memory_image_write(uhyve->image, dir_fd, number, all, error);
}

static int save_machine(struct uhyve *uhyve, struct blob *out, struct uhyve_error *error)
{
	struct machine_section machine = {.memory = uhyve->mem.size,
					  .cpus = uhyve->vcpu_count,
					  .channel = channel_save(&uhyve->channel),
					  .realtime_ns = clock_now_ns(CLOCK_REALTIME)};

	int err = cpu_checkpoint_save_clock(&uhyve->vm, uhyve->vcpus, &machine.clock, error);
	blob_put(out, &machine, sizeof(machine));
	return err;
}

int uhyve_save(struct uhyve *uhyve, struct checkpoint_writer *state, int dir_fd, uint64_t number,
	       bool full, struct uhyve_error *error)
{
	int err =
		save_machine(uhyve, checkpoint_section_begin(state, CHECKPOINT_MACHINE, 0), error);

	cpu_checkpoint_save_cpuid(uhyve->cpuid,
				  checkpoint_section_begin(state, CHECKPOINT_CPUID, 0));
	for (unsigned i = 0; i < uhyve->vcpu_count && !err; i++)
		err = cpu_checkpoint_save(&uhyve->vcpus[i],
					  checkpoint_section_begin(state, CHECKPOINT_VCPU, i),
					  error);
	for (unsigned i = 0; i < CPU_IRQCHIPS && !err; i++)
		err = cpu_checkpoint_save_irqchip(
			&uhyve->vm, i, checkpoint_section_begin(state, CHECKPOINT_IRQCHIP, i),
			error);
	save_net(uhyve, state);
	if (!err)
		err = save_memory(uhyve, dir_fd, number, full, error);
	if (err)
		return err;
	memory_image_put_extents(uhyve->image,
				 checkpoint_section_begin(state, CHECKPOINT_EXTENTS, 0));
	memory_image_put_files(uhyve->image, checkpoint_section_begin(state, CHECKPOINT_FILES, 0));
	return 0;
}

bool uhyve_needs_memory(const struct uhyve *uhyve, uint64_t number)
{
	return memory_image_needs(uhyve->image, number);
}
