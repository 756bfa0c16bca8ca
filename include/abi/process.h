/* SPDX-License-Identifier: BSD-3-Clause */
/* What image and kernel know of each other beside Linux's interface: the one process's id, and the
 * numbers of system calls that Linux does not have and, by its rules, never will. */
#ifndef ABI_PROCESS_H
#define ABI_PROCESS_H

#define HERMIT_PID	     100

#define HERMIT_NR_CHECKPOINT 400 /* hermit/checkpoint.h */

#endif /* ABI_PROCESS_H */
