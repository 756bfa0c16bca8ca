/* SPDX-License-Identifier: BSD-3-Clause */
/* The executing CPU's one-shot timer. Its interrupt is ARCH_VECTOR_TIMER. */
#ifndef ARCH_TIMER_H
#define ARCH_TIMER_H

#include <lib/types.h>

/* Arms the timer to fire in DELTA_NS (0: at once); an earlier setting is replaced. Interrupts off.
 */
void arch_timer_arm(uint64_t delta_ns);

/* No interrupt from the timer any more. Interrupts off. */
void arch_timer_stop(void);

#endif /* ARCH_TIMER_H */
