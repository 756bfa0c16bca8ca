/* SPDX-License-Identifier: BSD-3-Clause */
/* The proxy's main loop; see machine.h. */
#include "machine.h"

#include "checkpoint.h"
#include "message.h"
#include "signals.h"
#include "terminal.h"

#include "common/host_time.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define GREETING_NS	(60ull * 1000 * NS_PER_MS) /* from the start to HELLO */
#define FRAME_NS	(10ull * 1000 * NS_PER_MS) /* from a frame's first byte to its last */
#define CHANNEL_LOST_NS (1ull * 1000 * NS_PER_MS)  /* from the channel's end to the isle's */

/* A guest that does not take its replies gets no more requests served. */
#define REPLIES_QUEUED_MAX (4u << 20)
#define READS_IN_A_ROW	   16
/* Signals and streams wait no longer than these take: each may move HC_IO_MAX bytes. */
#define FRAMES_IN_A_ROW 64

enum fixed_slot {
	SLOT_CHANNEL,
	SLOT_LOG,
	SLOT_ERRORS,
	SLOT_END,
	SLOT_SIGNAL,
	SLOT_WAKE,
	SLOT_STDERR,
	SLOT_DEBUG,
	SLOT_CHECKPOINT,
	SLOT_COUNT
};

#define POLL_SET_MAX (SLOT_COUNT + HOSTCALL_DEFERRED_MAX)

static void set_deadline(struct machine *machine, uint64_t after_ns)
{
	machine->deadline_ns = machine->patient ? 0 : monotonic_ns() + after_ns;
	machine->deadline_for_frame = false;
}

/* Before the guest has greeted: was it somebody else, and may the guest still come? */
static bool next_peer(struct machine *machine)
{
	const struct isle *isle = &machine->isle;

	if (machine->server.greeted || !isle->ops->next_peer ||
	    !isle->ops->next_peer(isle->context))
		return false;
	machine->reader.start = machine->reader.end = 0;
	return true;
}

static void channel_close(struct machine *machine)
{
	if (next_peer(machine))
		return;
	machine->channel_open = false;
	set_deadline(machine, CHANNEL_LOST_NS);
}

static struct frame_sink machine_sink(const struct machine *machine)
{
	return (struct frame_sink){machine->isle.ops->send, machine->isle.context};
}

static void machine_notify(struct machine *machine, bool lazy)
{
	if (machine->isle.ops->notify)
		machine->isle.ops->notify(machine->isle.context, lazy);
}

/* A guest that has ended takes no replies, but what it said before is still to be read. */
static void send_failed(struct machine *machine, int err)
{
	if (machine->server.greeted && (err == -EPIPE || err == -ECONNRESET)) {
		machine->deaf = true;
		machine->writer.start = machine->writer.end = 0;
	} else if (err == -EPROTO) {
		machine->broken = true;
	} else {
		channel_close(machine);
	}
}

static void send_reply(void *context, const struct hc_reply *reply, const void *payload,
		       size_t size)
{
	struct machine *machine = context;
	struct iovec pieces[2] = {{(void *)(uintptr_t)reply, sizeof(*reply)},
				  {(void *)(uintptr_t)payload, size}};
	const struct frame_sink sink = machine_sink(machine);
	int err = 0;

	if (machine->channel_open && !machine->deaf)
		err = frame_writer_put(&machine->writer, &sink, pieces, 2);
	if (err)
		send_failed(machine, err);
	else
		machine_notify(machine, reply->flags & HC_FLAG_LAZY);
}

/* Sends replies that waited, as far as the guest takes them. */
static void flush_replies(struct machine *machine)
{
	const struct frame_sink sink = machine_sink(machine);
	size_t queued = frame_writer_queued(&machine->writer);

	if (!machine->channel_open || queued == 0)
		return;
	int err = frame_writer_flush(&machine->writer, &sink);
	if (err)
		send_failed(machine, err);
	else if (frame_writer_queued(&machine->writer) < queued)
		machine_notify(machine, false);
}

/* Is the machine to be ended? */
static bool machine_over(const struct machine *machine)
{
	return machine->server.exit.done || machine->broken || machine->killed_by ||
	       machine->timed_out || machine->ended;
}

/* Half a frame must be followed by the rest before long. SERVED: whole ones came before it. */
static void watch_partial_frame(struct machine *machine, bool partial, bool served)
{
	if (partial && (served || !machine->deadline_for_frame) && machine->server.greeted) {
		set_deadline(machine, FRAME_NS);
		machine->deadline_for_frame = true;
	} else if (!partial && machine->deadline_for_frame) {
		machine->deadline_ns = 0;
		machine->deadline_for_frame = false;
	}
}

static void guest_has_greeted(struct machine *machine)
{
	machine->deadline_ns = 0;
	if (machine->isle.ops->greeted)
		machine->isle.ops->greeted(machine->isle.context);
}

/* Are requests still taken? */
static bool machine_is_hungry(const struct machine *machine)
{
	return frame_writer_queued(&machine->writer) < REPLIES_QUEUED_MAX;
}

static void serve_frames(struct machine *machine)
{
	struct hc_request request;
	const uint8_t *payload;
	size_t size;
	unsigned turn = machine->turn;
	int got = 1;

	while (machine->turn > 0 && !machine->server.exit.done && machine_is_hungry(machine)) {
		got = frame_reader_next(&machine->reader, &request, &payload, &size);
		if (got <= 0)
			break;
		machine->turn--;
		bool greeted = machine->server.greeted;
		machine->lazy |= request.flags & HC_FLAG_LAZY;
		if (hostcall_server_request(&machine->server, &request, payload, size,
					    machine->out) != 0)
			got = -EPROTO;
		if (got < 0)
			break;
		if (!greeted)
			guest_has_greeted(machine);
	}
	if (got < 0 && !next_peer(machine))
		machine->broken = true;
	watch_partial_frame(machine, got == 0 && machine->reader.end > machine->reader.start,
			    machine->turn < turn);
}

/* Takes what the guest has sent, but not for ever: signals and streams want their turn. */
static void read_channel(struct machine *machine)
{
	for (int i = 0; i < READS_IN_A_ROW && machine->turn > 0 && machine->channel_open &&
			!machine_over(machine) && machine_is_hungry(machine);
	     i++) {
		ssize_t got = machine->isle.ops->receive(machine->isle.context, &machine->reader);
		if (got == -EAGAIN)
			return;
		if (got == -EPROTO)
			machine->broken = true;
		else if (got <= 0)
			channel_close(machine);
		serve_frames(machine);
	}
}

static void stop_with_guest(struct machine *machine)
{
	terminal_suspend();
	machine->isle.ops->stop(machine->isle.context);
	kill(getpid(), SIGSTOP);
	machine->isle.ops->resume(machine->isle.context);
	terminal_resume();
}

static void handle_signal(struct machine *machine, int signo)
{
	if (signo == SIGTSTP) {
		stop_with_guest(machine);
		return;
	}
	bool ends = signo == SIGINT || signo == SIGTERM || signo == SIGHUP || signo == SIGQUIT;
	if (signo == SIGINT)
		machine->interrupts++;
	if (machine->interrupts > 1)
		machine->killed_by = SIGINT;
	else if (machine->server.greeted && machine->channel_open)
		hostcall_server_event(&machine->server, HC_EVENT_SIGNAL, (uint64_t)signo);
	else if (ends)
		machine->killed_by = signo;
}

static void isle_ended(struct machine *machine)
{
	/* The last words may still be on their way. */
	for (int i = 0; i < READS_IN_A_ROW && !machine_over(machine); i++) {
		machine->turn = FRAMES_IN_A_ROW;
		serve_frames(machine);
		read_channel(machine);
	}
	machine->isle.ops->wait(machine->isle.context);
	machine->ended = true;
}

/* What to wait for at the isle's channel. */
static short channel_events(const struct machine *machine)
{
	bool queued = frame_writer_queued(&machine->writer) > 0;

	if (machine->isle.polls_out)
		return (short)((machine_is_hungry(machine) ? POLLIN : 0) | (queued ? POLLOUT : 0));
	return queued || machine_is_hungry(machine) ? POLLIN : 0;
}

static int fill_poll_set(struct machine *machine, struct pollfd *set)
{
	bool text = log_relay_has_output(&machine->log) || log_relay_has_output(&machine->errors);

	set[SLOT_CHANNEL] =
		(struct pollfd){.fd = machine->channel_open ? machine->isle.channel_fd : -1,
				.events = channel_events(machine)};
	set[SLOT_LOG] =
		(struct pollfd){.fd = log_relay_wants_input(&machine->log) ? machine->log.fd : -1,
				.events = POLLIN};
	set[SLOT_ERRORS] = (struct pollfd){
		.fd = log_relay_wants_input(&machine->errors) ? machine->errors.fd : -1,
		.events = POLLIN};
	set[SLOT_END] = (struct pollfd){.fd = machine->isle.end_fd, .events = POLLIN};
	set[SLOT_SIGNAL] = (struct pollfd){.fd = machine->signal_fd, .events = POLLIN};
	set[SLOT_WAKE] = (struct pollfd){.fd = machine->server.files->wake_fd, .events = POLLIN};
	set[SLOT_STDERR] = (struct pollfd){.fd = text ? STDERR_FILENO : -1, .events = POLLOUT};
	set[SLOT_DEBUG] = (struct pollfd){.fd = machine->isle.debug_fd, .events = POLLIN};
	set[SLOT_CHECKPOINT] = (struct pollfd){
		.fd = machine->checkpoints ? checkpointer_fd(machine->checkpoints) : -1,
		.events = POLLIN};
	return SLOT_COUNT + hostcall_server_poll_set(&machine->server, set + SLOT_COUNT,
						     (int)HOSTCALL_DEFERRED_MAX);
}

/* Time until the deadline for poll(): -1 without one. */
static int poll_timeout_ms(const struct machine *machine)
{
	if (!machine->deadline_ns)
		return -1;
	uint64_t now = monotonic_ns();
	if (now >= machine->deadline_ns)
		return 0;
	return (int)((machine->deadline_ns - now) / NS_PER_MS) + 1;
}

static int machine_wait(struct machine *machine, struct pollfd *set, int count)
{
	const struct isle *isle = &machine->isle;
	int timeout_ms = poll_timeout_ms(machine);
	int checkpoint_ms = machine->checkpoints ? checkpointer_timeout_ms(machine->checkpoints,
									   machine, monotonic_ns())
						 : -1;

	if (checkpoint_ms >= 0 && (timeout_ms < 0 || checkpoint_ms < timeout_ms))
		timeout_ms = checkpoint_ms;
	if (machine->turn == 0)
		timeout_ms = 0; /* there may be more frames */
	else if (isle->ops->before_wait && machine_is_hungry(machine))
		timeout_ms = isle->ops->before_wait(isle->context, timeout_ms, machine->lazy);
	machine->lazy = false;
	int ready = poll(set, (nfds_t)count, timeout_ms);
	if (isle->ops->after_wait)
		isle->ops->after_wait(isle->context);
	return ready;
}

/* While the guest is held no time of its own passes. */
static void machine_checkpoint(struct machine *machine)
{
	const uint64_t start = monotonic_ns();

	checkpointer_step(machine->checkpoints, machine, start);
	if (machine->deadline_ns)
		machine->deadline_ns += monotonic_ns() - start;
}

static void machine_step(struct machine *machine)
{
	struct pollfd set[POLL_SET_MAX];
	int count = fill_poll_set(machine, set);
	int signo;

	if (machine_wait(machine, set, count) < 0)
		return;
	if (set[SLOT_WAKE].revents) {
		uint64_t ticks;
		ssize_t got = read(set[SLOT_WAKE].fd, &ticks, sizeof(ticks));
		(void)got;
	}
	machine->turn = FRAMES_IN_A_ROW;
	hostcall_server_poll_done(&machine->server, set + SLOT_COUNT, count - SLOT_COUNT);
	flush_replies(machine);
	/* Frames that were held back while too many replies waited, then new ones. */
	serve_frames(machine);
	if (set[SLOT_CHANNEL].revents || !machine->isle.polls_out)
		read_channel(machine);
	if (set[SLOT_LOG].revents)
		log_relay_read(&machine->log);
	if (set[SLOT_ERRORS].revents)
		log_relay_read(&machine->errors);
	log_relay_write(&machine->log);
	log_relay_write(&machine->errors);
	if (set[SLOT_DEBUG].revents)
		machine->isle.ops->debug(machine->isle.context);
	while (set[SLOT_SIGNAL].revents && (signo = signals_next(machine->signal_fd)))
		handle_signal(machine, signo);
	if (set[SLOT_END].revents)
		isle_ended(machine);
	if (machine->deadline_ns && monotonic_ns() >= machine->deadline_ns)
		machine->timed_out = true;
	if (machine->checkpoints && !machine_over(machine))
		machine_checkpoint(machine);
}

static int status_after_exit(const struct hostcall_exit *guest)
{
	switch (guest->why) {
	case HC_EXIT_NORMAL:
		return guest->status;
	case HC_EXIT_SIGNAL:
		return STATUS_SIGNAL + guest->signo;
	default:
		return STATUS_KERNEL;
	}
}

static int machine_status(struct machine *machine)
{
	const struct hostcall_exit *guest = &machine->server.exit;

	if (machine->failed)
		return STATUS_PROXY;
	if (guest->done) {
		if (guest->why > HC_EXIT_SIGNAL)
			log_relay_dump(&machine->log, "Kernel log:\n");
		return status_after_exit(guest);
	}
	if (machine->killed_by)
		return STATUS_SIGNAL + machine->killed_by;
	if (machine->broken) {
		proxy_message("the guest broke the protocol of the host channel");
		return STATUS_KERNEL;
	}
	if (machine->ended)
		return machine->isle.ops->end_status(machine, machine->isle.context);
	if (!machine->channel_open)
		proxy_message("%s closed the host channel", machine->isle.name);
	else if (machine->deadline_for_frame)
		proxy_message("the guest stopped in the middle of a request");
	else
		proxy_message("the guest did not answer within %llu s",
			      GREETING_NS / NS_PER_MS / 1000);
	log_relay_dump(&machine->log, "Kernel log:\n");
	return machine->channel_open ? STATUS_KERNEL : STATUS_PROXY;
}

int machine_run(struct machine *machine)
{
	machine->server.send = send_reply;
	machine->server.context = machine;
	machine->channel_open = true;
	frame_writer_init(&machine->writer);
	machine->out = malloc(HC_DATA_MAX);
	if (!machine->out || frame_reader_init(&machine->reader) != 0) {
		proxy_message("out of memory");
		machine->isle.ops->kill(machine->isle.context);
		return STATUS_PROXY;
	}
	machine->turn = 0; /* a restored machine brings frames along */
	set_deadline(machine, GREETING_NS);
	if (machine->checkpoints) {
		int status = checkpointer_resume(machine->checkpoints, machine);
		if (status) {
			machine->isle.ops->kill(machine->isle.context);
			return status;
		}
	}
	while (!machine_over(machine))
		machine_step(machine);
	/* Nothing in the guest is worth an orderly end: files are the proxy's, memory is nobody's.
	 */
	if (!machine->ended)
		machine->isle.ops->kill(machine->isle.context);
	terminal_restore();
	log_relay_read(&machine->log);
	log_relay_read(&machine->errors);
	log_relay_drain(&machine->log);
	log_relay_drain(&machine->errors);
	int status = machine_status(machine);
	if (machine->isle.ops->exited)
		machine->isle.ops->exited(machine->isle.context, status);
	if (!machine->ended)
		machine->isle.ops->wait(machine->isle.context);
	return status;
}
