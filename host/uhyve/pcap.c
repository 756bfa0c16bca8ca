/* SPDX-License-Identifier: BSD-3-Clause */
/* See pcap.h. */
#include "pcap.h"

#include "pieces.h"

#include "common/host_time.h"

#include <errno.h>
#include <stdint.h>
#include <time.h>
#include <unistd.h>

#define MAGIC	      0xa1b2c3d4u /* times in microseconds */
#define LINK_ETHERNET 1u
#define FRAME_MAX     (256u << 10)

struct file_header {
	uint32_t magic;
	uint16_t major, minor;
	uint32_t zone, accuracy, longest, link;
};
_Static_assert(sizeof(struct file_header) == 24, "pcap");

struct frame_header {
	uint32_t seconds, microseconds, captured, length;
};
_Static_assert(sizeof(struct frame_header) == 16, "pcap");

/* A file that takes no more ends the capture. */
static void put(struct pcap *pcap, const void *data, size_t size)
{
	const uint8_t *at = data;

	while (size > 0 && pcap->fd >= 0) {
		ssize_t done = write(pcap->fd, at, size);
		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0) {
			pcap->fd = -1;
			return;
		}
		at += done;
		size -= (size_t)done;
	}
}

void pcap_start(struct pcap *pcap, int fd)
{
	const struct file_header header = {.magic = MAGIC,
					   .major = 2,
					   .minor = 4,
					   .longest = FRAME_MAX,
					   .link = LINK_ETHERNET};

	pcap->fd = fd;
	put(pcap, &header, sizeof(header));
}

void pcap_add(struct pcap *pcap, const struct iovec *pieces, unsigned count, size_t skip,
	      size_t size)
{
	struct piece_walk walk = {pieces, count, skip, size};
	struct timespec now;
	struct iovec part;

	if (pcap->fd < 0)
		return;
	clock_gettime(CLOCK_REALTIME, &now);
	const struct frame_header header = {.seconds = (uint32_t)now.tv_sec,
					    .microseconds =
						    (uint32_t)((uint64_t)now.tv_nsec / NS_PER_US),
					    .captured = (uint32_t)size,
					    .length = (uint32_t)size};
	put(pcap, &header, sizeof(header));
	while (piece_walk_next(&walk, &part))
		put(pcap, part.iov_base, part.iov_len);
}
