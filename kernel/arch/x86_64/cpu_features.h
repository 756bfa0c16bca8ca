/* SPDX-License-Identifier: BSD-3-Clause */
/* Names of the features that CPUID tells. Private to this folder. */
#ifndef X86_64_CPU_FEATURES_H
#define X86_64_CPU_FEATURES_H

#include <lib/types.h>

/* Writes the executing CPU's features by Linux's names, a blank in front of each, at most SIZE
 * bytes with the NUL and no name in part; the length. */
size_t cpu_features_print(char *buffer, size_t size);

#endif /* X86_64_CPU_FEATURES_H */
