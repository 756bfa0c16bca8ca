/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames into a file as tcpdump and wireshark read it (libpcap's format, version 2.4). */
#ifndef UHYVE_PCAP_H
#define UHYVE_PCAP_H

#include <stddef.h>
#include <sys/uio.h>

struct pcap {
	int fd; /* -1: nothing is captured, or no more since a write failed */
};

/* Starts a capture in FD, an empty file that stays the caller's; -1: none. */
void pcap_start(struct pcap *pcap, int fd);

/* Adds a frame: SIZE bytes of PIECES from byte SKIP on, all of which are there. */
void pcap_add(struct pcap *pcap, const struct iovec *pieces, unsigned count, size_t skip,
	      size_t size);

#endif /* UHYVE_PCAP_H */
