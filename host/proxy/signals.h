/* SPDX-License-Identifier: BSD-3-Clause */
/* The proxy's signals, read from a descriptor instead of caught. */
#ifndef PROXY_SIGNALS_H
#define PROXY_SIGNALS_H

/*
 * Blocks the signals that the guest gets or the proxy acts on, ignores those that would only kill
 * it (SIGPIPE, SIGXFSZ). A signal that was ignored at the start stays so. The descriptor or -errno.
 */
int signals_open(void);

/* The next signal, 0 when there is none. */
int signals_next(int fd);

#endif /* PROXY_SIGNALS_H */
