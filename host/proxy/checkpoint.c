/* SPDX-License-Identifier: BSD-3-Clause */
/* See checkpoint.h: the steps of saving. Restoring is in checkpoint_restore.c. */
#include "checkpoint.h"

#include "checkpoint_dir.h"
#include "machine.h"
#include "message.h"

#include "common/file_state.h"
#include "common/host_time.h"

#include <errno.h>
#include <string.h>

#define RETRY_MS 10 /* while something else has to end first */

void checkpointer_start_clock(struct checkpointer *checkpointer)
{
	if (checkpointer->options->interval_s)
		checkpointer->due_ns =
			monotonic_ns() + checkpointer->options->interval_s * NS_PER_SECOND;
}

int checkpointer_fd(const struct checkpointer *checkpointer)
{
	return checkpointer->holding ? uhyve_held_fd(checkpointer->uhyve) : -1;
}

static bool is_wanted(const struct checkpointer *checkpointer, const struct machine *machine,
		      uint64_t now_ns)
{
	return checkpointer->dir_fd >= 0 &&
	       (machine->server.checkpoint_wanted ||
		(checkpointer->due_ns && now_ns >= checkpointer->due_ns));
}

int checkpointer_timeout_ms(const struct checkpointer *checkpointer, const struct machine *machine,
			    uint64_t now_ns)
{
	if (checkpointer->holding || is_wanted(checkpointer, machine, now_ns))
		return RETRY_MS;
	if (!checkpointer->due_ns || checkpointer->dir_fd < 0)
		return -1;
	return (int)((checkpointer->due_ns - now_ns) / NS_PER_MS) + 1;
}

static bool needs_memory(const void *context, uint64_t number)
{
	return uhyve_needs_memory(context, number);
}

/* What waits in the proxy itself: requests that have come, replies that have not gone. */
static void save_channel(struct machine *machine, struct blob *out)
{
	const struct frame_reader *reader = &machine->reader;
	const struct frame_writer *writer = &machine->writer;

	blob_put_u32(out, (uint32_t)(reader->end - reader->start));
	blob_put(out, reader->buffer + reader->start, reader->end - reader->start);
	blob_put_u32(out, (uint32_t)(writer->end - writer->start));
	if (writer->end > writer->start)
		blob_put(out, writer->buffer + writer->start, writer->end - writer->start);
	hostcall_server_save(&machine->server, out);
}

static int save_sections(struct checkpointer *checkpointer, struct machine *machine,
			 struct checkpoint_writer *writer, struct uhyve_error *error)
{
	struct file_fault fault;

	/* First what may fail without having cost much. */
	int err = file_state_save(machine->server.files,
				  checkpoint_section_begin(writer, CHECKPOINT_HANDLES, 0), &fault);
	if (err)
		return uhyve_fail(error, err, "%s", fault.text);
	checkpoint_place_put(&checkpointer->place,
			     checkpoint_section_begin(writer, CHECKPOINT_PLACE, 0));
	save_channel(machine, checkpoint_section_begin(writer, CHECKPOINT_CHANNEL, 0));
	return uhyve_save(checkpointer->uhyve, writer, checkpointer->dir_fd, checkpointer->number++,
			  checkpointer->options->full, error);
}

/* Everything stands still. 0 or -errno. */
static int save(struct checkpointer *checkpointer, struct machine *machine,
		struct uhyve_error *error)
{
	struct checkpoint_writer writer = {0};
	struct blob file = {0};

	int err = save_sections(checkpointer, machine, &writer, error);
	if (!err && checkpoint_writer_finish(&writer, &file) != 0)
		err = uhyve_fail(error, -ENOMEM, "out of memory");
	if (!err) {
		err = checkpoint_dir_commit(checkpointer->dir_fd, &file);
		if (err)
			uhyve_fail(error, err, "%s: %s", checkpointer->options->dir,
				   strerror(-err));
	}
	if (!err)
		checkpoint_dir_clean(checkpointer->dir_fd, needs_memory, checkpointer->uhyve);
	checkpoint_writer_destroy(&writer);
	blob_destroy(&file);
	return err;
}

/* The same complaint is made once. */
static void complain(struct checkpointer *checkpointer, const struct uhyve_error *error)
{
	if (strcmp(checkpointer->complaint.text, error->text) == 0)
		return;
	checkpointer->complaint = *error;
	proxy_message("no checkpoint: %s", error->text);
}

static void take(struct checkpointer *checkpointer, struct machine *machine)
{
	struct uhyve_error error;
	int err = save(checkpointer, machine, &error);

	if (err)
		complain(checkpointer, &error);
	else
		checkpointer->complaint.text[0] = '\0';
	if (checkpointer->options->exit) {
		machine->failed = err != 0;
		machine->server.exit.done = true;
		return;
	}
	checkpointer->holding = false;
	uhyve_release(checkpointer->uhyve);
	hostcall_checkpoint_done(&machine->server, err);
}

void checkpointer_step(struct checkpointer *checkpointer, struct machine *machine, uint64_t now_ns)
{
	if (!checkpointer->holding) {
		if (!is_wanted(checkpointer, machine, now_ns) ||
		    !hostcall_server_is_quiet(&machine->server))
			return;
		checkpointer->holding = true;
		uhyve_hold(checkpointer->uhyve);
	}
	if (!uhyve_is_held(checkpointer->uhyve))
		return;
	if (!hostcall_server_is_quiet(&machine->server)) {
		/* Again, when the write has ended that has come meanwhile. */
		checkpointer->holding = false;
		uhyve_release(checkpointer->uhyve);
		return;
	}
	take(checkpointer, machine);
	checkpointer_start_clock(checkpointer);
}
