/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Is this machine's KVM fit to run a kernel at full speed? A /dev/kvm that opens may be emulated by
 * an outer hypervisor, a thousand times slower, and stop at the first SSE instruction. So a tiny
 * guest is run: a timed loop and SSE instructions in 64-bit ring 0.
 */
#ifndef PROXY_KVM_PROBE_H
#define PROXY_KVM_PROBE_H

enum kvm_fitness {
	KVM_FIT,
	KVM_ABSENT, /* no /dev/kvm, or not for this user */
	KVM_UNFIT,  /* there, but not able to run a kernel */
};

/* Runs the tiny guest; takes a few milliseconds, a tenth of a second where
 * the machine is unfit. *REASON says what is wrong. */
enum kvm_fitness kvm_probe(const char **reason);

#endif /* PROXY_KVM_PROBE_H */
