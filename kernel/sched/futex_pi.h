/* SPDX-License-Identifier: BSD-3-Clause */
/* Priority inheritance, for the other files of this folder. */
#ifndef SCHED_FUTEX_PI_H
#define SCHED_FUTEX_PI_H

struct task;

/* Sets the priority that TASK has without inheritance; TASK must not go away meanwhile. Any
 * context. */
void pi_set_base_priority(struct task *task, unsigned priority);

#endif /* SCHED_FUTEX_PI_H */
