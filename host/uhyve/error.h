/* SPDX-License-Identifier: BSD-3-Clause */
/* What went wrong, in words for the user: one line without newline. */
#ifndef UHYVE_ERROR_H
#define UHYVE_ERROR_H

struct uhyve_error {
	char text[256];
};

/* Puts the text there, cut off where it is too long. Returns CODE. */
int uhyve_fail(struct uhyve_error *error, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif /* UHYVE_ERROR_H */
