/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Text that the machine writes: passed on to standard error as it comes, or kept (the last part of
 * it) for the case that something goes wrong.
 */
#ifndef PROXY_LOG_RELAY_H
#define PROXY_LOG_RELAY_H

#include <stdbool.h>
#include <stddef.h>

#define LOG_RELAY_SIZE 8192u

struct log_relay {
	int fd;	   /* where it comes from, non-blocking; -1 after its end */
	bool live; /* pass it on */
	size_t start, size;
	char text[LOG_RELAY_SIZE]; /* ring of what waits (live) or was seen last */
};

void log_relay_init(struct log_relay *relay, int fd, bool live);

/* May more be read? When live: not before the last part has been passed on. */
bool log_relay_wants_input(const struct log_relay *relay);
/* Waits text for standard error? */
bool log_relay_has_output(const struct log_relay *relay);

/* Reads what is there. */
void log_relay_read(struct log_relay *relay);
/* Passes on as much as standard error takes at once. */
void log_relay_write(struct log_relay *relay);

/* At the end: passes on all that is left, waiting for a slow reader; live relays only. */
void log_relay_drain(struct log_relay *relay);
/* Prints what was kept, under HEADING; nothing when there is nothing or it was live. */
void log_relay_dump(struct log_relay *relay, const char *heading);

/* The first line that was kept, in BUFFER; false when there is none. */
bool log_relay_first_line(const struct log_relay *relay, char *buffer, size_t size);

#endif /* PROXY_LOG_RELAY_H */
