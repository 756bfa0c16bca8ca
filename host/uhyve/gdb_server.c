/* SPDX-License-Identifier: BSD-3-Clause */
/* See gdb_server.h. Queries are in gdb_query.c. */
#include "gdb_server.h"

#include "gdb_query.h"

#include <errno.h>
#include <string.h>

#define SIGNAL_INTERRUPT 2
#define SIGNAL_TRAP	 5
#define MEMORY_MAX	 (GDB_PACKET_MAX / 2)
#define WATCH_LENGTH_MAX 8u

/* The protocol's "E" and two digits; GDB only shows them. */
static void reply_error(struct gdb_frame *reply, int error)
{
	gdb_frame_format(reply, "E%02x", (unsigned)(error < 0 ? -error : error) & 0xff);
}

static void reply_result(struct gdb_frame *reply, int result)
{
	if (result == -ENOTSUP)
		return; /* the empty reply: not supported */
	if (result < 0)
		reply_error(reply, result);
	else
		gdb_frame_text(reply, "OK");
}

static void send_frame(struct gdb_server *server)
{
	gdb_frame_end(&server->frame);
	server->target->send(server->target->context, server->frame.data, server->frame.size);
}

static void describe_stop(const struct gdb_server *server, struct gdb_frame *reply)
{
	static const char *const words[] = {[GDB_BREAK_SOFTWARE] = "swbreak:;",
					    [GDB_BREAK_HARDWARE] = "hwbreak:;",
					    [GDB_WATCH_WRITE] = "watch:",
					    [GDB_WATCH_READ] = "rwatch:",
					    [GDB_WATCH_ACCESS] = "awatch:"};
	const struct gdb_stop *stop = &server->stop;
	int signal = stop->reason == GDB_STOPPED_BY_REQUEST ? SIGNAL_INTERRUPT : SIGNAL_TRAP;

	gdb_frame_format(reply, "T%02xthread:%x;", (unsigned)signal, stop->cpu + 1);
	if (stop->reason != GDB_STOPPED_AT_BREAKPOINT)
		return;
	if ((stop->kind == GDB_BREAK_SOFTWARE && !server->reports_swbreak) ||
	    (stop->kind == GDB_BREAK_HARDWARE && !server->reports_hwbreak))
		return;
	gdb_frame_text(reply, words[stop->kind]);
	if (stop->kind >= GDB_WATCH_WRITE)
		gdb_frame_format(reply, "%llx;", (unsigned long long)stop->address);
}

/* "p1.2" is not used, as we do not offer it: a thread is a number, -1 all, 0 any. False: none. */
bool gdb_parse_thread(const struct gdb_server *server, const char **text, unsigned *cpu, bool *all)
{
	uint64_t number;

	*all = false;
	*cpu = server->cpu;
	if (strncmp(*text, "-1", 2) == 0) {
		*text += 2;
		*all = true;
		return true;
	}
	if (!gdb_parse_number(text, &number) || number > server->target->cpu_count)
		return false;
	if (number)
		*cpu = (unsigned)number - 1;
	return true;
}

static void command_thread(struct gdb_server *server, const char *text, struct gdb_frame *reply)
{
	const char *rest = text + 1;
	unsigned cpu;
	bool all;

	if ((text[0] != 'g' && text[0] != 'c') || !gdb_parse_thread(server, &rest, &cpu, &all) ||
	    *rest) {
		reply_error(reply, EINVAL);
		return;
	}
	if (text[0] == 'g')
		server->cpu = cpu;
	gdb_frame_text(reply, "OK");
}

static void command_alive(struct gdb_server *server, const char *text, struct gdb_frame *reply)
{
	unsigned cpu;
	bool all;
	bool alive = gdb_parse_thread(server, &text, &cpu, &all) && !*text;

	reply_result(reply, alive ? 0 : -EINVAL);
}

static void read_all_registers(struct gdb_server *server, struct gdb_frame *reply)
{
	const struct gdb_target *target = server->target;
	uint8_t data[GDB_REGISTER_MAX];

	for (unsigned i = 0; i < target->register_count; i++) {
		int size = target->register_read(target->context, server->cpu, i, data);

		if (size < 0) {
			gdb_frame_begin(reply);
			reply_error(reply, size);
			return;
		}
		gdb_frame_hex(reply, data, (size_t)size);
	}
}

static void write_all_registers(struct gdb_server *server, const char *text,
				struct gdb_frame *reply)
{
	const struct gdb_target *target = server->target;
	uint8_t data[GDB_REGISTER_MAX];

	for (unsigned i = 0; i < target->register_count; i++) {
		int size = target->register_read(target->context, server->cpu, i, data);

		if (size < 0 || !gdb_parse_hex(text, data, (size_t)size)) {
			reply_error(reply, EINVAL);
			return;
		}
		text += 2 * size;
		int error =
			target->register_write(target->context, server->cpu, i, data, (size_t)size);
		if (error && error != -EPERM) { /* GDB sends back those that are only read, too */
			reply_error(reply, error);
			return;
		}
	}
	reply_result(reply, *text ? -EINVAL : 0);
}

static void read_register(struct gdb_server *server, const char *text, struct gdb_frame *reply)
{
	const struct gdb_target *target = server->target;
	uint8_t data[GDB_REGISTER_MAX];
	uint64_t number;

	if (!gdb_parse_number(&text, &number) || *text || number >= target->register_count) {
		reply_error(reply, EINVAL);
		return;
	}
	int size = target->register_read(target->context, server->cpu, (unsigned)number, data);
	if (size < 0)
		reply_error(reply, size);
	else
		gdb_frame_hex(reply, data, (size_t)size);
}

static void write_register(struct gdb_server *server, const char *text, struct gdb_frame *reply)
{
	const struct gdb_target *target = server->target;
	uint8_t data[GDB_REGISTER_MAX];
	uint64_t number;
	int error = -EINVAL;

	if (gdb_parse_number(&text, &number) && *text == '=' && number < target->register_count) {
		size_t digits = strlen(text + 1), size = digits / 2;

		if (digits % 2 == 0 && size <= sizeof(data) && gdb_parse_hex(text + 1, data, size))
			error = target->register_write(target->context, server->cpu,
						       (unsigned)number, data, size);
	}
	reply_result(reply, error);
}

/* "address,length" and what ends it. False: something else. */
static bool parse_range(const char **text, uint64_t *address, uint64_t *length, char end)
{
	if (!gdb_parse_number(text, address) || *(*text)++ != ',' ||
	    !gdb_parse_number(text, length) || **text != end)
		return false;
	return true;
}

static void read_memory(struct gdb_server *server, const char *text, struct gdb_frame *reply)
{
	const struct gdb_target *target = server->target;
	uint8_t data[MEMORY_MAX];
	uint64_t address, length;

	if (!parse_range(&text, &address, &length, '\0')) {
		reply_error(reply, EINVAL);
		return;
	}
	if (length > sizeof(data))
		length = sizeof(data);
	ssize_t got = target->memory_read(target->context, server->cpu, address, data, length);
	if (got < 0)
		reply_error(reply, (int)got);
	else
		gdb_frame_hex(reply, data, (size_t)got);
}

static void write_memory_hex(struct gdb_server *server, const char *text, struct gdb_frame *reply)
{
	const struct gdb_target *target = server->target;
	uint8_t data[MEMORY_MAX];
	uint64_t address, length;

	if (!parse_range(&text, &address, &length, ':') || length > sizeof(data) ||
	    strlen(text + 1) != 2 * length || !gdb_parse_hex(text + 1, data, length)) {
		reply_error(reply, EINVAL);
		return;
	}
	reply_result(reply,
		     target->memory_write(target->context, server->cpu, address, data, length));
}

static void write_memory_binary(struct gdb_server *server, struct gdb_frame *reply)
{
	const struct gdb_target *target = server->target;
	const char *text = server->reader.data + 1;
	uint64_t address, length;

	if (!parse_range(&text, &address, &length, ':')) {
		reply_error(reply, EINVAL);
		return;
	}
	size_t at = (size_t)(text + 1 - server->reader.data);
	long size = gdb_unescape(server->reader.data + at, server->reader.size - at);
	if (size < 0 || (uint64_t)size != length) {
		reply_error(reply, EINVAL);
		return;
	}
	reply_result(reply, target->memory_write(target->context, server->cpu, address,
						 server->reader.data + at, (size_t)size));
}

static void command_breakpoint(struct gdb_server *server, bool set, const char *text,
			       struct gdb_frame *reply)
{
	const struct gdb_target *target = server->target;
	uint64_t kind, address, length;

	if (!gdb_parse_number(&text, &kind) || *text++ != ',' ||
	    !gdb_parse_number(&text, &address) || *text++ != ',' ||
	    !gdb_parse_number(&text, &length) || length > WATCH_LENGTH_MAX) {
		reply_error(reply, EINVAL);
		return;
	}
	if (kind >= GDB_BREAKPOINTS)
		return;
	int (*operation)(void *, unsigned, enum gdb_breakpoint, uint64_t, uint64_t) =
		set ? target->breakpoint_set : target->breakpoint_clear;
	reply_result(reply, operation(target->context, server->cpu, (enum gdb_breakpoint)kind,
				      address, length));
}

static void resume(struct gdb_server *server)
{
	server->running = true;
	server->target->resume(server->target->context, server->actions);
}

/* One "action:thread" of vCont. The first that names a CPU counts. */
static bool parse_action(struct gdb_server *server, const char **text, bool *decided)
{
	const struct gdb_target *target = server->target;
	enum gdb_action action = **text == 's' || **text == 'S' ? GDB_STEP : GDB_CONTINUE;
	unsigned cpu = 0;
	bool all = true;
	uint64_t signal;

	char letter = *(*text)++;
	if (!letter || !strchr("cCsS", letter))
		return false;
	/* A signal would be the application's, which has its own from the kernel: none is sent. */
	if ((letter == 'C' || letter == 'S') && !gdb_parse_number(text, &signal))
		return false;
	if (**text == ':') {
		(*text)++;
		if (!gdb_parse_thread(server, text, &cpu, &all))
			return false;
	}
	for (unsigned i = all ? 0 : cpu; i < (all ? target->cpu_count : cpu + 1); i++) {
		if (!decided[i])
			server->actions[i] = action;
		decided[i] = true;
	}
	return true;
}

/* True: it runs, and the reply comes when it stops. */
static bool command_vcont(struct gdb_server *server, const char *text, struct gdb_frame *reply)
{
	bool decided[GDB_CPUS_MAX] = {false};

	memset(server->actions, 0, sizeof(server->actions)); /* GDB_STAY */
	bool valid = *text == ';';
	while (valid && *text)
		valid = *text++ == ';' && parse_action(server, &text, decided);
	if (!valid) {
		reply_error(reply, EINVAL);
		return false;
	}
	resume(server);
	return true;
}

/* "c" and "s", which speak of all CPUs, and of the current one. */
static bool command_resume(struct gdb_server *server, enum gdb_action action, const char *text,
			   struct gdb_frame *reply)
{
	if (*text) { /* from another address: never sent by GDB that knows vCont */
		reply_error(reply, ENOTSUP);
		return false;
	}
	for (unsigned i = 0; i < server->target->cpu_count; i++)
		server->actions[i] = GDB_CONTINUE;
	server->actions[server->cpu] = action;
	resume(server);
	return true;
}

static bool command_v(struct gdb_server *server, const char *text, struct gdb_frame *reply)
{
	if (strcmp(text, "Cont?") == 0) {
		gdb_frame_text(reply, "vCont;c;C;s;S");
	} else if (strncmp(text, "Cont;", 5) == 0) {
		return command_vcont(server, text + 4, reply);
	} else if (strncmp(text, "Kill;", 5) == 0) {
		gdb_frame_text(reply, "OK");
		server->ended = true;
	}
	return false;
}

/* Answers a packet in REPLY, unless the target runs now: then true. */
static bool execute(struct gdb_server *server, struct gdb_frame *reply)
{
	const char *text = server->reader.data + 1;

	switch (server->reader.data[0]) {
	case '?':
		describe_stop(server, reply);
		return false;
	case 'H':
		command_thread(server, text, reply);
		return false;
	case 'T':
		command_alive(server, text, reply);
		return false;
	case 'g':
		read_all_registers(server, reply);
		return false;
	case 'G':
		write_all_registers(server, text, reply);
		return false;
	case 'p':
		read_register(server, text, reply);
		return false;
	case 'P':
		write_register(server, text, reply);
		return false;
	case 'm':
		read_memory(server, text, reply);
		return false;
	case 'M':
		write_memory_hex(server, text, reply);
		return false;
	case 'X':
		write_memory_binary(server, reply);
		return false;
	case 'Z':
	case 'z':
		command_breakpoint(server, server->reader.data[0] == 'Z', text, reply);
		return false;
	case 'c':
		return command_resume(server, GDB_CONTINUE, text, reply);
	case 's':
		return command_resume(server, GDB_STEP, text, reply);
	case 'v':
		return command_v(server, text, reply);
	case 'D':
		gdb_frame_text(reply, "OK");
		server->ended = true;
		return false;
	case 'k':
		server->ended = true;
		return false;
	default:
		gdb_query(server, reply);
		return false;
	}
}

static void serve_packet(struct gdb_server *server)
{
	const struct gdb_target *target = server->target;
	bool was_acknowledged = !server->no_ack;
	char command = server->reader.data[0];

	if (was_acknowledged)
		target->send(target->context, "+", 1);
	gdb_frame_begin(&server->frame);
	if (server->running) {
		reply_error(&server->frame, EBUSY);
		send_frame(server);
		return;
	}
	if (execute(server, &server->frame))
		return;
	if (server->frame.overflow) {
		gdb_frame_begin(&server->frame);
		reply_error(&server->frame, E2BIG);
	}
	if (command != 'k') /* which has no reply */
		send_frame(server);
	if (server->ended && command == 'D')
		target->detach(target->context);
	else if (server->ended)
		target->kill(target->context);
}

void gdb_server_open(struct gdb_server *server, const struct gdb_target *target,
		     const struct gdb_stop *stop)
{
	memset(server, 0, sizeof(*server));
	server->target = target;
	server->stop = *stop;
	server->cpu = stop->cpu;
	gdb_frame_begin(&server->frame);
}

bool gdb_server_receive(struct gdb_server *server, const uint8_t *bytes, size_t count)
{
	const struct gdb_target *target = server->target;

	while (count && !server->ended) {
		enum gdb_event event;
		size_t taken = gdb_reader_feed(&server->reader, bytes, count, &event);

		bytes += taken;
		count -= taken;
		if (event == GDB_EVENT_PACKET)
			serve_packet(server);
		else if (event == GDB_EVENT_DAMAGED && !server->no_ack)
			target->send(target->context, "-", 1);
		else if (event == GDB_EVENT_RESEND && !server->no_ack && server->frame.size > 1)
			target->send(target->context, server->frame.data, server->frame.size);
		else if (event == GDB_EVENT_INTERRUPT && server->running)
			target->stop(target->context);
	}
	return !server->ended;
}

void gdb_server_stopped(struct gdb_server *server, const struct gdb_stop *stop)
{
	server->stop = *stop;
	server->cpu = stop->cpu;
	if (!server->running)
		return;
	server->running = false;
	gdb_frame_begin(&server->frame);
	describe_stop(server, &server->frame);
	send_frame(server);
}

void gdb_server_exited(struct gdb_server *server, unsigned status)
{
	server->running = false;
	server->ended = true;
	gdb_frame_begin(&server->frame);
	gdb_frame_format(&server->frame, "W%02x", status & 0xff);
	send_frame(server);
}
