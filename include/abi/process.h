/* SPDX-License-Identifier: BSD-3-Clause */
/* What an image can know of its process without asking the kernel: there is one, and its id is
 * fixed. */
#ifndef ABI_PROCESS_H
#define ABI_PROCESS_H

#define HERMIT_PID 100

#endif /* ABI_PROCESS_H */
