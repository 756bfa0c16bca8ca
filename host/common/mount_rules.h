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

/*
 * Where the guest finds the image (for /proc/self/exe), whose absolute path on the host is IMAGE:
 * its own path, or a path in a mount that shows it; where there is none, the image is shown in the
 * root. Memory from malloc, NULL when there is none.
 */
char *mount_rules_place_image(struct mount_table *table, const struct mount_rules *rules,
			      const char *image);

#endif /* HOST_MOUNT_RULES_H */
