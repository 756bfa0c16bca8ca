/* SPDX-License-Identifier: BSD-3-Clause */
/* The proxy's options and HERMIT_* variables. An option beats its variable. */
#ifndef PROXY_OPTIONS_H
#define PROXY_OPTIONS_H

#include "checkpoint_options.h"
#include "common/mount_rules.h"
#include "net_options.h"

#include <stdbool.h>
#include <stdint.h>

enum option_isle {
	ISLE_AUTO, /* kvm_choice.h: isle_choose */
	ISLE_QEMU,
	ISLE_UHYVE,
	ISLE_NUMBER, /* multi-kernel */
};

enum option_machine {
	MACHINE_MICROVM,
	MACHINE_PC,
	MACHINE_Q35,
};

enum option_kvm {
	KVM_AUTO, /* where the probe finds it fit */
	KVM_OFF,
	KVM_ON,
};

#define OPTION_DEBUG_PORT 1234u

enum option_debug {
	DEBUG_OFF,
	DEBUG_ON,   /* GDB may connect at any time */
	DEBUG_WAIT, /* the machine waits for GDB at its first instruction */
};

#define OPTION_CPUS_MAX	    255u
#define OPTION_NODES_MAX    16u
#define OPTION_HOST_CPU_MAX 1023u
#define OPTION_MEM_MIN	    (2ull << 20)
#define OPTION_MEM_MAX	    (512ull << 30)

struct options {
	enum option_isle isle;
	unsigned isle_number;
	enum option_machine machine;
	bool machine_given;
	unsigned cpus;
	unsigned nodes;	 /* NUMA nodes that share processors and memory */
	uint64_t memory; /* bytes, a multiple of 4 KiB */
	enum option_kvm kvm;
	bool kvm_is_fit; /* has been found already */
	enum option_debug debug;
	uint16_t debug_port; /* GDB's */
	bool verbose, monitor, icount, isolated, no_sandbox;
	bool huge_pages, mergeable;	    /* guest memory of isle uhyve */
	unsigned affinity[OPTION_CPUS_MAX]; /* host processors for its vCPUs, in turn */
	unsigned affinity_count;	    /* 0: any */
	bool help, version;
	const char *qemu;
	bool qemu_given;
	unsigned port;
	bool port_given; /* the host channel uses it */
	struct net_options net;
	struct checkpoint_options checkpoint;
	struct mount_rule *mounts; /* owned, their strings too */
	size_t mount_count;
	int app_argc;
	char **app_argv;
};

/* Reads the environment, then ARGV. False after a message for the user. */
bool options_parse(struct options *options, int argc, char **argv);
void options_destroy(struct options *options);

/* Text for --help. */
extern const char options_help[];

/* Bytes of a size such as 512M, 2G, 6144K, or a bare number of MiB. False if it is none. */
bool options_parse_size(const char *text, uint64_t *bytes);

#endif /* PROXY_OPTIONS_H */
