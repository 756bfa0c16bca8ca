/* SPDX-License-Identifier: BSD-3-Clause */
/* What /proc shows of others. proc_set_*: before the application runs. */
#ifndef FS_PROC_H
#define FS_PROC_H

#include <lib/types.h>

/* The initial stack, as the start of the application has laid it out. */
struct proc_start {
	uintptr_t stack_pointer;
	uintptr_t arg_start, arg_end; /* argument strings */
	uintptr_t env_start, env_end; /* environment strings */
	uintptr_t aux_start, aux_end; /* auxiliary vector */
};
void proc_set_start(const struct proc_start *start);

/* The kernel's command line; kept. */
void proc_set_cmdline(const char *cmdline);

/* Writes /etc/resolv.conf's text, where the kernel serves /etc; its length. Task context, may
 * block.
 */
void proc_set_resolver(size_t (*write)(char *text, size_t size));

/* Writes the text of /proc/net/NAME through PUT, line by line. Task context, may block. */
typedef void proc_net_table(const char *name,
			    void (*put)(void *context, const char *line, size_t size),
			    void *context);
void proc_set_net(proc_net_table *table);

/* Who the process is, for its status. */
#define PROC_GROUPS_MAX 64u
struct proc_identity {
	uint32_t uid[4], gid[4]; /* real, effective, saved, of the file system */
	uint32_t groups[PROC_GROUPS_MAX];
	unsigned group_count;
	uint32_t umask;
};
/* Defined by kernel/syscalls. */
void proc_identity(struct proc_identity *identity);

#endif /* FS_PROC_H */
