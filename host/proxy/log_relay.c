/* SPDX-License-Identifier: BSD-3-Clause */
/* See log_relay.h. */
#include "log_relay.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

/* What a writable pipe takes without blocking. */
#define WRITE_PIECE    4096u

#define READS_IN_A_ROW 16

void log_relay_init(struct log_relay *relay, int fd, bool live)
{
	*relay = (struct log_relay){.fd = fd, .live = live};
}

bool log_relay_wants_input(const struct log_relay *relay)
{
	return relay->fd >= 0 && (!relay->live || relay->size == 0);
}

bool log_relay_has_output(const struct log_relay *relay)
{
	return relay->live && relay->size > 0;
}

/* Appends; the oldest text gives way. */
static void relay_append(struct log_relay *relay, const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		relay->text[(relay->start + relay->size) % LOG_RELAY_SIZE] = text[i];
		if (relay->size < LOG_RELAY_SIZE)
			relay->size++;
		else
			relay->start = (relay->start + 1) % LOG_RELAY_SIZE;
	}
}

void log_relay_read(struct log_relay *relay)
{
	char buffer[LOG_RELAY_SIZE];

	/* Not for ever: others want their turn. */
	for (int i = 0; i < READS_IN_A_ROW && log_relay_wants_input(relay); i++) {
		ssize_t got = read(relay->fd, buffer, sizeof(buffer));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && errno == EAGAIN)
			return;
		if (got <= 0) {
			relay->fd = -1;
			return;
		}
		relay_append(relay, buffer, (size_t)got);
	}
}

/* The longest piece of the ring that lies in one stretch. */
static size_t relay_stretch(const struct log_relay *relay)
{
	size_t to_end = LOG_RELAY_SIZE - relay->start;
	return relay->size < to_end ? relay->size : to_end;
}

static bool write_piece(struct log_relay *relay)
{
	size_t size = relay_stretch(relay);
	if (size > WRITE_PIECE)
		size = WRITE_PIECE;
	ssize_t written = write(STDERR_FILENO, relay->text + relay->start, size);
	if (written < 0 && (errno == EINTR || errno == EAGAIN))
		return false;
	if (written < 0)
		written = (ssize_t)size; /* nobody reads it */
	relay->start = (relay->start + (size_t)written) % LOG_RELAY_SIZE;
	relay->size -= (size_t)written;
	return true;
}

static bool stderr_ready(int timeout_ms)
{
	struct pollfd ready = {.fd = STDERR_FILENO, .events = POLLOUT};
	return poll(&ready, 1, timeout_ms) > 0;
}

void log_relay_write(struct log_relay *relay)
{
	while (log_relay_has_output(relay) && stderr_ready(0) && write_piece(relay))
		;
}

static void relay_write_all(struct log_relay *relay)
{
	while (relay->size > 0) {
		stderr_ready(-1);
		write_piece(relay);
	}
}

void log_relay_drain(struct log_relay *relay)
{
	if (!relay->live)
		return;
	do {
		relay_write_all(relay);
		log_relay_read(relay);
	} while (relay->size > 0);
}

void log_relay_dump(struct log_relay *relay, const char *heading)
{
	if (relay->live || relay->size == 0)
		return;
	ssize_t written = write(STDERR_FILENO, heading, strlen(heading));
	(void)written;
	relay_write_all(relay);
}

bool log_relay_first_line(const struct log_relay *relay, char *buffer, size_t size)
{
	size_t used = 0;
	for (size_t i = 0; i < relay->size && used + 1 < size; i++) {
		char c = relay->text[(relay->start + i) % LOG_RELAY_SIZE];
		if (c == '\n' && used > 0)
			break;
		if (c != '\n' && c != '\r')
			buffer[used++] = c;
	}
	buffer[used] = '\0';
	return used > 0;
}
