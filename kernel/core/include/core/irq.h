/* SPDX-License-Identifier: BSD-3-Clause */
/* Device interrupts: from a line (I/O APIC pin) or a message (MSI-X) to a handler. */
#ifndef CORE_IRQ_H
#define CORE_IRQ_H

#include <lib/compiler.h>
#include <lib/types.h>

/* Runs in interrupt context, interrupts off. */
typedef void (*irq_handler_fn)(void *argument);

/* Takes a free vector for HANDLER; the vector, or -ENOSPC. */
must_check int irq_alloc(irq_handler_fn handler, void *argument);

/* Routes global system interrupt GSI to VECTOR on the boot CPU and unmasks it. LEVEL:
 * level-triggered. 0 or -ENODEV. */
must_check int irq_route(unsigned gsi, unsigned vector, bool level, bool active_low);

/* Sets the handlers of the fixed vectors (timer, reschedule); used by sched and arch. */
void irq_set_fixed(unsigned vector, irq_handler_fn handler, void *argument);

#endif /* CORE_IRQ_H */
