/* SPDX-License-Identifier: BSD-3-Clause */
/* The header of a received TCP segment (RFC 9293, 3.1), before lwIP reads it. */
#ifndef NET_TCP_HEADER_H
#define NET_TCP_HEADER_H

#include <lib/types.h>

/*
 * lwIP reads an option's length before it looks whether there is one. Where the last byte begins an
 * option, it becomes the end of the list. The options are SIZE bytes: FIRST_SIZE at FIRST (no more
 * than SIZE), the others at REST.
 */
void tcp_header_end_options(uint8_t *first, uint16_t first_size, uint8_t *rest, uint16_t size);

#endif /* NET_TCP_HEADER_H */
