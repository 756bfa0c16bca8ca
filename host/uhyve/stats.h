/* SPDX-License-Identifier: BSD-3-Clause */
/* KVM's own counters of a vCPU (Linux 5.14 and later: KVM_GET_STATS_FD). */
#ifndef UHYVE_STATS_H
#define UHYVE_STATS_H

#include <stdint.h>

/* The counter NAME of a vCPU ("exits", "halt_exits", ...), or 0 where KVM does not count. */
uint64_t stats_read(int vcpu_fd, const char *name);

#endif /* UHYVE_STATS_H */
