/* SPDX-License-Identifier: BSD-3-Clause */
/* For lwIP, which includes the C library's header for atoi, to read the number in a name of an
 * interface. */
#ifndef NET_PORT_STDLIB_H
#define NET_PORT_STDLIB_H

static inline int atoi(const char *text)
{
	int number = 0;

	while (*text >= '0' && *text <= '9' && number < 1000)
		number = number * 10 + (*text++ - '0');
	return number;
}

#endif /* NET_PORT_STDLIB_H */
