/* SPDX-License-Identifier: BSD-3-Clause */
/* HC_HELLO and HC_STRINGS: what the guest learns at its start. */
#ifndef HOST_HELLO_H
#define HOST_HELLO_H

#include "hostcall_server.h"

/* Fills the reply payload; builds the string block the first time. 0 or -errno. */
int64_t hostcall_hello(struct hostcall_server *server, struct hostcall *call);
int64_t hostcall_strings(struct hostcall_server *server, struct hostcall *call);

#endif /* HOST_HELLO_H */
