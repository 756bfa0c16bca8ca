/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * See checkpoint.h: from a directory to a machine that goes on. The order: the state file is read
 * and checked as a whole; the image and the mappings are compared; the isle makes the machine,
 * held; the proxy is confined; files are opened; calls that waited are served; the machine is
 * released.
 */
#include "checkpoint.h"
#include "checkpoint_dir.h"
#include "machine.h"
#include "message.h"

#include "common/file_state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

static int refuse(const struct checkpointer *checkpointer, const char *reason)
{
	proxy_message("%s: the checkpoint %s", checkpointer->options->restore, reason);
	return STATUS_NOT_IMAGE;
}

static int read_place(struct checkpointer *checkpointer)
{
	struct blob_reader in;

	checkpoint_reader_find(&checkpointer->state, CHECKPOINT_PLACE, 0, &in);
	return checkpoint_place_get(&checkpointer->place, &in) == 0
		       ? 0
		       : refuse(checkpointer, "does not say whose it is");
}

static int read_size(const struct checkpointer *checkpointer, struct options *options)
{
	struct uhyve_error error;
	uint64_t memory;
	unsigned cpus;

	if (uhyve_checkpoint_size(&checkpointer->state, &memory, &cpus, &error) != 0 ||
	    memory < OPTION_MEM_MIN || memory > OPTION_MEM_MAX || cpus > OPTION_CPUS_MAX)
		return refuse(checkpointer, "describes an impossible machine");
	options->memory = memory;
	options->cpus = cpus;
	return 0;
}

int checkpointer_open(struct checkpointer *checkpointer, struct options *options)
{
	static char *arguments[2];
	const char *reason;
	size_t size;

	*checkpointer = (struct checkpointer){
		.options = &options->checkpoint, .dir_fd = -1, .restore_fd = -1};
	if (!options->checkpoint.restore)
		return 0;
	checkpointer->restore_fd = checkpoint_dir_open(options->checkpoint.restore, false);
	if (checkpointer->restore_fd == -EWOULDBLOCK)
		return STATUS_PROXY;
	if (checkpointer->restore_fd < 0)
		return checkpointer->restore_fd == -ENOENT ? STATUS_NO_IMAGE : STATUS_NOT_IMAGE;
	checkpointer->data = checkpoint_dir_state(checkpointer->restore_fd, &size, &reason);
	if (!checkpointer->data) {
		proxy_message("%s: %s", options->checkpoint.restore, reason);
		return STATUS_NO_IMAGE;
	}
	if (checkpoint_reader_open(&checkpointer->state, checkpointer->data, size, &reason) != 0)
		return refuse(checkpointer, reason);
	int status = read_place(checkpointer);
	if (!status)
		status = read_size(checkpointer, options);
	arguments[0] = checkpointer->place.image;
	options->app_argv = arguments;
	options->app_argc = 1;
	return status;
}

int checkpointer_prepare(struct checkpointer *checkpointer, const struct options *options,
			 int image_fd, const char *cwd)
{
	if (options->checkpoint.restore) {
		if (!checkpoint_place_is_image(&checkpointer->place, image_fd)) {
			proxy_message("%s: not the image that the checkpoint was made of",
				      checkpointer->place.image);
			return STATUS_NOT_IMAGE;
		}
		return checkpoint_place_is_here(&checkpointer->place, cwd, options)
			       ? 0
			       : STATUS_NOT_IMAGE;
	}
	if (!options->checkpoint.wanted)
		return 0;
	int err = checkpoint_place_describe(&checkpointer->place, options->app_argv[0], image_fd,
					    cwd, options);
	if (!err)
		return 0;
	proxy_message("%s: %s", options->app_argv[0], strerror(-err));
	return STATUS_PROXY;
}

bool checkpointer_restore(const struct checkpointer *checkpointer, struct uhyve_restore *restore)
{
	*restore = (struct uhyve_restore){.state = &checkpointer->state,
					  .dir_fd = checkpointer->restore_fd,
					  .verify = !checkpointer->options->no_verify,
					  .advance = checkpointer->options->advance};
	return checkpointer->restore_fd >= 0;
}

int checkpointer_start(struct checkpointer *checkpointer, struct uhyve *uhyve)
{
	checkpointer->uhyve = uhyve;
	/* Memory is mapped: the directory may be written again. A child that has just been made may
	 * still have a copy of the descriptor, so the lock does not end with it. */
	if (checkpointer->restore_fd >= 0) {
		flock(checkpointer->restore_fd, LOCK_UN);
		close(checkpointer->restore_fd);
		checkpointer->restore_fd = -1;
	}
	if (!checkpointer->options->wanted)
		return 0;
	checkpointer->dir_fd = checkpoint_dir_open(checkpointer->options->dir, true);
	if (checkpointer->dir_fd < 0)
		return STATUS_PROXY;
	checkpointer->number = checkpoint_dir_next_number(checkpointer->dir_fd);
	return 0;
}

static int restore_channel(struct machine *machine, struct blob_reader *in)
{
	struct frame_reader *reader = &machine->reader;
	struct frame_writer *writer = &machine->writer;

	uint32_t size = blob_get_u32(in);
	const uint8_t *bytes = blob_take(in, size);
	if (!bytes || frame_reader_feed(reader, bytes, size) != size)
		return -EINVAL;
	size = blob_get_u32(in);
	bytes = blob_take(in, size);
	if (!bytes)
		return -EINVAL;
	return frame_writer_keep(writer, bytes, size);
}

static int resume_guest(struct checkpointer *checkpointer, struct machine *machine)
{
	struct file_fault fault;
	struct blob_reader in;

	checkpoint_reader_find(&checkpointer->state, CHECKPOINT_HANDLES, 0, &in);
	if (file_state_restore(machine->server.files, &in, machine->out, &fault) != 0) {
		proxy_message("%s", fault.text);
		return STATUS_NOT_IMAGE;
	}
	checkpoint_reader_find(&checkpointer->state, CHECKPOINT_CHANNEL, 0, &in);
	if (restore_channel(machine, &in) != 0 ||
	    hostcall_server_restore(&machine->server, &in, machine->out) != 0 || !blob_is_done(&in))
		return refuse(checkpointer, "has calls that are not valid");
	free((void *)(uintptr_t)checkpointer->data);
	checkpointer->data = NULL;
	machine->deadline_ns = 0;
	uhyve_release(checkpointer->uhyve);
	return 0;
}

int checkpointer_resume(struct checkpointer *checkpointer, struct machine *machine)
{
	machine->server.keeps_requests = checkpointer->dir_fd >= 0;
	checkpointer_start_clock(checkpointer);
	return checkpointer->data ? resume_guest(checkpointer, machine) : 0;
}
