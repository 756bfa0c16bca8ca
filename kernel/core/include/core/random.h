/* SPDX-License-Identifier: BSD-3-Clause */
/* Random numbers: ChaCha20 keyed from the host's seed, RDSEED/RDRAND and cycle jitter. Any context.
 */
#ifndef CORE_RANDOM_H
#define CORE_RANDOM_H

#include <lib/compiler.h>
#include <lib/types.h>

/* Mixes SIZE bytes of entropy into the state. */
void random_add_seed(const void *seed, size_t size);

/* Fills OUT with random bytes. */
void random_fill(void *out, size_t size);

#endif /* CORE_RANDOM_H */
