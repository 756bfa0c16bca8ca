/* SPDX-License-Identifier: BSD-3-Clause */
/* What the proxy itself says: one line on standard error each. And its exit statuses. */
#ifndef PROXY_MESSAGE_H
#define PROXY_MESSAGE_H

/* Exit statuses besides the application's own; the manual page lists them. */
enum proxy_status {
	STATUS_PROXY = 125,	/* wrong usage, or proxy or QEMU failed */
	STATUS_NOT_IMAGE = 126, /* the image is there but cannot be run */
	STATUS_NO_IMAGE = 127,	/* no such image */
	STATUS_SIGNAL = 128,	/* plus the number of the signal that ended the application */
	STATUS_KERNEL = 255,	/* the kernel in the machine panicked or broke down */
};

/* "proxy: " and the text and a newline, in one write. */
void proxy_message(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif /* PROXY_MESSAGE_H */
