/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Segmentation offload. lwIP makes segments of one frame each; where the card can cut frames
 * itself, segments of one connection that follow each other in the queue go to it as one large
 * frame: the first one's header, in a copy, and the data of all. lwIP's own headers stay as they
 * are, it sends them again if it has to. All under the core lock.
 */
#include <asm/errno.h>
#include <drivers/net.h>
#include <lib/string.h>
#include <linux/in.h>
#include <lwip/def.h>
#include <lwip/prot/ethernet.h>
#include <lwip/prot/tcp.h>
#include <mm/heap.h>

#include "netif.h"

#define SEGMENTS_MAX 128u
#define HEADER_MAX   (SIZEOF_ETH_HDR + 60u + 60u)
#define IP6_HEADER   40u

/* Frames that are one for the card. */
struct tso_run {
	unsigned count;
	struct pbuf *frames[NETIF_TSO_FRAMES_MAX];
	uint8_t headroom[NET_TRANSMIT_HEADROOM]; /* in front of the header */
	uint8_t header[HEADER_MAX];
};
_Static_assert(offsetof(struct tso_run, header) ==
		       offsetof(struct tso_run, headroom) + NET_TRANSMIT_HEADROOM,
	       "the driver may write in front of the header");

/* A frame that can be merged: a TCP segment with data and without anything unusual. */
struct segment {
	const uint8_t *bytes;
	uint32_t sequence;
	uint16_t tcp, data; /* where they start; all before is in one piece */
	uint16_t length;    /* of the data */
	bool ipv6;
};

/* Pieces of the frame that is being handed over; only used during a call. */
static struct net_segment pieces[SEGMENTS_MAX] GUARDED_BY(net_core);

static uint16_t get16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static void put16(uint8_t *at, uint16_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

/* Where TCP starts, 0: it is not TCP, or a fragment, or the lengths do not agree. */
static uint16_t find_tcp(const struct pbuf *frame, bool *ipv6)
{
	const uint8_t *bytes = frame->payload, *ip = bytes + SIZEOF_ETH_HDR;
	unsigned size = frame->tot_len - SIZEOF_ETH_HDR;

	*ipv6 = get16(bytes + 12) == ETHTYPE_IPV6;
	if (*ipv6)
		return ip[6] == IPPROTO_TCP && get16(ip + 4) + IP6_HEADER == size
			       ? SIZEOF_ETH_HDR + IP6_HEADER
			       : 0;
	if (get16(bytes + 12) != ETHTYPE_IP || ip[9] != IPPROTO_TCP || (get16(ip + 6) & 0x3fff) ||
	    get16(ip + 2) != size)
		return 0;
	return (uint16_t)(SIZEOF_ETH_HDR + (ip[0] & 15) * 4);
}

static bool parse(const struct pbuf *frame, struct segment *segment)
{
	const uint8_t *tcp;

	if (frame->len < SIZEOF_ETH_HDR + IP6_HEADER)
		return false;
	segment->bytes = frame->payload;
	segment->tcp = find_tcp(frame, &segment->ipv6);
	if (!segment->tcp || frame->len < segment->tcp + sizeof(struct tcp_hdr))
		return false;
	tcp = segment->bytes + segment->tcp;
	segment->data = (uint16_t)(segment->tcp + (tcp[12] >> 4) * 4);
	if (frame->len < segment->data || frame->tot_len <= segment->data ||
	    (tcp[13] & ~TCP_PSH) != TCP_ACK)
		return false;
	segment->length = (uint16_t)(frame->tot_len - segment->data);
	segment->sequence = (uint32_t)get16(tcp + 4) << 16 | get16(tcp + 6);
	return true;
}

static bool same(const struct segment *a, const struct segment *b, unsigned start, unsigned end)
{
	return memcmp(a->bytes + start, b->bytes + start, end - start) == 0;
}

/* Do the headers differ only in what a card that cuts frames fills in, and in PSH? */
static bool alike(const struct segment *a, const struct segment *b)
{
	const unsigned ip = SIZEOF_ETH_HDR, tcp = a->tcp;

	if (a->ipv6 != b->ipv6 || a->tcp != b->tcp || a->data != b->data || !same(a, b, 0, ip))
		return false;
	if (a->ipv6 && (!same(a, b, ip, ip + 4) || !same(a, b, ip + 6, tcp)))
		return false;
	/* Not the length, the identification and the checksum. */
	if (!a->ipv6 &&
	    (!same(a, b, ip, ip + 2) || !same(a, b, ip + 6, ip + 10) || !same(a, b, ip + 12, tcp)))
		return false;
	/* Ports, acknowledgement and length of the header, window, urgent pointer and options. */
	return same(a, b, tcp, tcp + 4) && same(a, b, tcp + 8, tcp + 13) &&
	       same(a, b, tcp + 14, tcp + 16) && same(a, b, tcp + 18, a->data);
}

/* Appends the data of FRAME behind its SKIP bytes of header; false: too many pieces. */
static bool add_pieces(const struct pbuf *frame, unsigned skip, unsigned *count) REQUIRES(net_core)
{
	for (; frame; frame = frame->next) {
		if (frame->len > skip) {
			if (*count == SEGMENTS_MAX)
				return false;
			pieces[(*count)++] = (struct net_segment){
				(const uint8_t *)frame->payload + skip, frame->len - skip};
		}
		skip = 0;
	}
	return true;
}

/* Lengths and checksums of a header in front of LENGTH bytes; PSH as the last segment has it. */
static void fill_header(struct tso_run *run, const struct segment *first, uint32_t length,
			uint8_t last_flags)
{
	uint8_t *ip = run->header + SIZEOF_ETH_HDR, *tcp = run->header + first->tcp;
	uint32_t tcp_length = first->data - first->tcp + length;
	uint32_t sum = (uint32_t)lwip_htons(IPPROTO_TCP) + lwip_htons((uint16_t)tcp_length);
	uint16_t folded;

	memcpy(run->header, first->bytes, first->data);
	tcp[13] |= last_flags & TCP_PSH;
	if (first->ipv6) {
		put16(ip + 4, (uint16_t)tcp_length);
		sum += net_checksum(ip + 8, 32);
	} else {
		put16(ip + 2, (uint16_t)(first->tcp - SIZEOF_ETH_HDR + tcp_length));
		put16(ip + 10, 0);
		folded = (uint16_t)~net_checksum(ip, first->tcp - (int)SIZEOF_ETH_HDR);
		memcpy(ip + 10, &folded, sizeof(folded));
		sum += net_checksum(ip + 12, 8);
	}
	/* Of the pseudo header only; the card adds the rest. */
	sum = (sum & 0xffff) + (sum >> 16);
	folded = (uint16_t)((sum & 0xffff) + (sum >> 16));
	memcpy(tcp + offsetof(struct tcp_hdr, chksum), &folded, sizeof(folded));
}

static void run_done(void *cookie) REQUIRES(net_core)
{
	struct tso_run *run = cookie;

	for (unsigned i = 0; i < run->count; i++)
		pbuf_free(run->frames[i]);
	kfree(run);
}

/* Collects the frames that go with the first one: how many; their data is in `pieces` from 1 on. */
static unsigned collect(struct pbuf *const *frames, unsigned count, const struct segment *first,
			struct tso_run *run, unsigned *piece_count) REQUIRES(net_core)
{
	struct segment next = *first;
	uint32_t length = 0;
	unsigned taken = 0;

	while (taken < count) {
		unsigned before = *piece_count;

		if (taken &&
		    (!parse(frames[taken], &next) || !alike(first, &next) ||
		     next.sequence != first->sequence + length || next.length > first->length))
			break;
		if (first->data + length + next.length > NET_FRAME_MAX)
			break;
		if (!add_pieces(frames[taken], next.data, piece_count)) {
			*piece_count = before;
			break;
		}
		run->frames[taken] = frames[taken];
		taken++;
		length += next.length;
		if (next.length < first->length)
			break;
	}
	if (taken > 1)
		fill_header(run, first, length,
			    ((const uint8_t *)run->frames[taken - 1]->payload)[first->tcp + 13]);
	run->count = taken;
	return taken;
}

unsigned netif_tso_send(struct net_device *device, struct pbuf *const *frames, unsigned count,
			unsigned waiting, int *error)
{
	struct segment first;
	struct tso_run *run;
	unsigned piece_count = 1;
	struct net_transmit request = {.segments = pieces, .headroom = true, .done = run_done};

	if (count < 2 || !parse(frames[0], &first) ||
	    !(device->features & (first.ipv6 ? NET_TX_TSO6 : NET_TX_TSO4)))
		return 0;
	run = kmalloc(sizeof(*run));
	if (!run)
		return 0;
	if (collect(frames, count, &first, run, &piece_count) < 2) {
		kfree(run);
		return 0;
	}
	pieces[0] = (struct net_segment){run->header, first.data};
	request.count = piece_count;
	request.cookie = run;
	request.checksum_start = first.tcp;
	request.checksum_offset = offsetof(struct tcp_hdr, chksum);
	request.header_length = first.data;
	request.segment_size = first.length;
	request.ipv6 = first.ipv6;
	count = run->count;
	*error = device->ops->transmit(device, 0, &request, waiting > count);
	if (*error)
		kfree(run);
	return count;
}
