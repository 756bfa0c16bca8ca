/* SPDX-License-Identifier: BSD-3-Clause */
/* The system calls of a thread: see docs/security.md, which names each with its reason. */
#ifndef PROXY_SANDBOX_FILTER_H
#define PROXY_SANDBOX_FILTER_H

enum sandbox_role {
	SANDBOX_MAIN, /* and its helpers */
	SANDBOX_VCPU,
	SANDBOX_NET,	  /* the network card's thread */
	SANDBOX_USER_NET, /* the process of the user-mode network */
};

/* What else the thread may be asked for. */
#define SANDBOX_DEBUG	   1u /* GDB may come */
#define SANDBOX_CHECKPOINT 2u /* the machine is saved */

/* Installs the calling thread's filter, with the calls for MORE; no_new_privs is set. 0 or -errno.
 */
int sandbox_filter_install(enum sandbox_role role, unsigned more);

#endif /* PROXY_SANDBOX_FILTER_H */
