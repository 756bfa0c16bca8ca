/* SPDX-License-Identifier: BSD-3-Clause */
/* For lwIP, which includes the C library's header. */
#include <lib/string.h>
