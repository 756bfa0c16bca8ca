/* SPDX-License-Identifier: BSD-3-Clause */
/* Which host directories a guest sees: the rules of docs/host-files.md, made into a mount table. */
#ifndef HOST_MOUNT_RULES_H
#define HOST_MOUNT_RULES_H

#include "mount_table.h"

struct mount_rule {
	const char *host, *guest;
	bool readonly;
};

struct mount_rules {
	bool isolated; /* nothing but what RULES say */
	const struct mount_rule *rules;
	size_t count;
	const char *cwd; /* the host's working directory, absolute */
};

/*
 * Fills TABLE. 0, or -errno with the rule at fault in *FAULT (NULL: none of them).
 * -EPERM: the guest path is one that the guest must serve itself.
 */
int mount_rules_apply(struct mount_table *table, const struct mount_rules *rules,
		      const struct mount_rule **fault);

#endif /* HOST_MOUNT_RULES_H */
