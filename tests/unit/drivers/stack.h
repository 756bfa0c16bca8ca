/* SPDX-License-Identifier: BSD-3-Clause */
/* The stack's side of drivers/net.h: keeps what it gets, and counts. */
#ifndef UNIT_DRIVERS_STACK_H
#define UNIT_DRIVERS_STACK_H

#include "host.h"

#include <drivers/net.h>

#define STACK_FRAMES_MAX 512u

struct stack {
	struct net_device *device;
	struct net_buffer *frames[STACK_FRAMES_MAX]; /* received and not released */
	unsigned count;
	unsigned ready, writable, link, done;
};

extern struct stack stack;

void stack_attach(struct net_device *device);

/* Sends COUNT segments as one frame; `done` is counted. */
int stack_send(const struct net_segment *segments, unsigned count, bool headroom);

/* Releases frame number INDEX. */
void stack_release(unsigned index);
void stack_release_all(void);

/* A copy of frame number INDEX in one piece; its size. Checks what its buffers say. */
size_t stack_read(unsigned index, uint8_t *out, size_t capacity);

/* Takes all free buffers out of the pool and checks that then no frame is in use. */
void stack_check_leaks(void);

#endif /* UNIT_DRIVERS_STACK_H */
