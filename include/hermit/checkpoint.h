/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * For applications: a checkpoint of the machine that they are, at a moment of their choice
 * (docs/checkpoint.md). All is in this header, so the same program runs on Linux.
 */
#ifndef HERMIT_CHECKPOINT_H
#define HERMIT_CHECKPOINT_H

#include <errno.h>

#define HERMIT_CHECKPOINT_CALL 400L /* a number that Linux does not use */

/*
 * Saves the machine to the proxy's --checkpoint-dir. 0: saved, and this is the machine that goes
 * on. 1: this is the saved machine, restored (proxy --restore); that may happen any number of
 * times. -1 with errno: nothing was saved: EOPNOTSUPP, the proxy was not told to keep checkpoints;
 * ENOSYS, this is Linux; ESTALE, an open file of the host has been deleted or moved; ENOSPC and
 * others of the host's file system. With --checkpoint-exit it does not return 0, as the machine
 * ends.
 */
static inline int hermit_checkpoint(void)
{
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "0"(HERMIT_CHECKPOINT_CALL)
			 : "rcx", "r11", "memory");
	if (result >= 0)
		return (int)result;
	errno = (int)-result;
	return -1;
}

#endif /* HERMIT_CHECKPOINT_H */
