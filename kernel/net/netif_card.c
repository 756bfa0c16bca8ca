/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frames between lwIP and the card's driver, without copies.
 *
 * Received buffers become custom pbufs, whose structure lies in the buffer's own room; freeing the
 * pbuf gives the buffer back. Frames to send are collected in a queue and handed over at the end of
 * the section under the core lock, so that the card is told once; a frame's pbufs stay referenced
 * until the driver is done with them. A full ring leaves frames in the queue, a full queue is an
 * error to lwIP (TCP tries again).
 *
 * All under the core lock, but the flags that the interrupt handler sets.
 */
#include <asm/errno.h>
#include <core/log.h>
#include <drivers/net.h>
#include <lib/assert.h>
#include <lib/string.h>
#include <linux/in.h>
#include <lwip/etharp.h>
#include <lwip/ethip6.h>
#include <lwip/inet_chksum.h>
#include <lwip/netif.h>
#include <lwip/prot/ethernet.h>
#include <lwip/prot/tcp.h>
#include <netif/ethernet.h>

#include "netif.h"

#define QUEUE_SIZE   1024u /* a power of two */
#define SEGMENTS_MAX 20u
#define POLL_BUDGET  128u
#define HEADERS_MAX  512u /* bytes that hold all headers of a sensible frame */

_Static_assert(sizeof(struct pbuf_custom) <= NET_BUFFER_ROOM, "struct net_buffer");
_Static_assert(PBUF_LINK_ENCAPSULATION_HLEN == NET_TRANSMIT_HEADROOM, "struct net_transmit");

static struct {
	struct netif *netif;
	struct net_device *device;
	struct pbuf *queue[QUEUE_SIZE]; /* frames to send, from tail to head */
	unsigned head, tail;
	bool ring_full;
	struct netif_counters counters;
} card GUARDED_BY(net_core);

static _Atomic bool ready, link_changed; /* set by the interrupt handler */

static void device_ready(struct net_device *device, unsigned queue)
{
	(void)device;
	(void)queue;
	atomic_store_explicit(&ready, true, memory_order_release);
	net_task_wake();
}

static void device_link(struct net_device *device)
{
	(void)device;
	atomic_store_explicit(&link_changed, true, memory_order_release);
	net_task_wake();
}

static void device_writable(struct net_device *device, unsigned queue) REQUIRES(net_core)
{
	(void)device;
	(void)queue;
	card.ring_full = false;
}

void netif_card_counters(struct netif_counters *out)
{
	*out = card.counters;
	if (!card.device)
		return;
	out->rx_dropped = card.device->rx_dropped;
	out->rx_errors = card.device->rx_errors;
}

/* Receiving */

static void free_buffer(struct pbuf *pbuf)
{
	struct net_buffer *buffer = container_of(pbuf, struct net_buffer, room);

	buffer->release(buffer);
}

static struct pbuf *wrap(struct net_buffer *buffer)
{
	struct pbuf_custom *custom = (struct pbuf_custom *)(void *)buffer->room;

	custom->custom_free_function = free_buffer;
	return pbuf_alloced_custom(PBUF_RAW, (u16_t)buffer->length, PBUF_REF, custom, buffer->data,
				   (u16_t)buffer->length);
}

static void release_all(struct net_buffer *frame)
{
	while (frame) {
		struct net_buffer *next = frame->next;

		frame->release(frame);
		frame = next;
	}
}

/* How many bytes lwIP looks at without asking, at the start of a frame of TYPE. */
static size_t least_size(unsigned type)
{
	switch (type) {
	case ETHTYPE_IP:
		return SIZEOF_ETH_HDR + IP_HLEN;
	case ETHTYPE_IPV6:
		return SIZEOF_ETH_HDR + IP6_HLEN;
	case ETHTYPE_ARP:
		return SIZEOF_ETH_HDR + SIZEOF_ETHARP_HDR;
	default:
		return SIZEOF_ETH_HDR;
	}
}

/* Is FRAME long enough for what it says it is? */
static bool whole(const struct net_buffer *frame)
{
	return frame->frame_length > SIZEOF_ETH_HDR &&
	       frame->frame_length >= least_size((unsigned)frame->data[12] << 8 | frame->data[13]);
}

/* FRAME in one piece, copied; lwIP wants its headers so. Takes it over. NULL: no memory. */
static struct pbuf *gather(struct net_buffer *frame)
{
	struct pbuf *pbuf = pbuf_alloc(PBUF_RAW, (u16_t)frame->frame_length, PBUF_RAM);
	size_t at = 0;

	for (const struct net_buffer *piece = frame; pbuf && piece; piece = piece->next) {
		memcpy((uint8_t *)pbuf->payload + at, piece->data, piece->length);
		at += piece->length;
	}
	release_all(frame);
	return pbuf;
}

/* FRAME as it lies. */
static struct pbuf *chain(struct net_buffer *frame)
{
	size_t left = frame->frame_length;
	struct pbuf *first = wrap(frame), *last = first;

	first->tot_len = (u16_t)left;
	for (struct net_buffer *piece = frame->next; piece; piece = piece->next) {
		left -= last->len;
		last->next = wrap(piece);
		last = last->next;
		last->tot_len = (u16_t)left;
	}
	return first;
}

static void device_receive(struct net_device *device, unsigned queue, struct net_buffer *frame)
	REQUIRES(net_core)
{
	u16_t checks = card.netif->chksum_flags;
	struct pbuf *pbuf;

	(void)queue;
	card.counters.rx_packets++;
	card.counters.rx_bytes += frame->frame_length;
	if (!whole(frame)) {
		device->rx_errors++;
		release_all(frame);
		return;
	}
	if (frame->flags & NET_FRAME_CHECKSUM_OK)
		card.netif->chksum_flags =
			(u16_t)(checks & ~(NETIF_CHECKSUM_CHECK_TCP | NETIF_CHECKSUM_CHECK_UDP));
	pbuf = frame->next && frame->length < HEADERS_MAX ? gather(frame) : chain(frame);
	if (!pbuf)
		device->rx_dropped++;
	else if (card.netif->input(pbuf, card.netif) != ERR_OK)
		pbuf_free(pbuf);
	card.netif->chksum_flags = checks;
}

bool netif_serve(void)
{
	unsigned received = 0;
	bool more = false;

	if (!card.device)
		return false;
	if (atomic_exchange_explicit(&link_changed, false, memory_order_acquire)) {
		if (card.device->ops->link_up(card.device))
			netif_set_link_up(card.netif);
		else
			netif_set_link_down(card.netif);
	}
	if (!atomic_exchange_explicit(&ready, false, memory_order_acquire)) {
		/* lwIP does not send again what the card still holds. */
		(void)card.device->ops->poll(card.device, 0, 0);
		return false;
	}
	for (unsigned queue = 0; queue < card.device->queues; queue++) {
		unsigned count = card.device->ops->poll(card.device, queue, POLL_BUDGET);

		received += count;
		if (count == POLL_BUDGET || card.device->ops->unmask(card.device, queue))
			more = true;
	}
	if (received)
		net_timers_link_activity();
	if (more)
		device_ready(card.device, 0);
	return received != 0;
}

/* Sending */

static void frame_done(void *cookie) REQUIRES(net_core)
{
	pbuf_free(cookie);
}

/* Where the TCP header of the frame at DATA starts, or 0 when it is no whole TCP segment. */
static size_t tcp_header(const uint8_t *data, size_t size)
{
	uint16_t type = (uint16_t)(data[12] << 8 | data[13]);
	const uint8_t *ip = data + SIZEOF_ETH_HDR;
	size_t header;

	if (type == ETHTYPE_IP && size >= SIZEOF_ETH_HDR + 20) {
		header = (ip[0] & 0xfu) * 4;
		if (ip[9] != IPPROTO_TCP || (ip[6] & 0x3f) || ip[7]) /* a fragment */
			return 0;
	} else if (type == ETHTYPE_IPV6 && size >= SIZEOF_ETH_HDR + 40) {
		header = 40;
		if (ip[6] != IPPROTO_TCP)
			return 0;
	} else {
		return 0;
	}
	header += SIZEOF_ETH_HDR;
	return size >= header + sizeof(struct tcp_hdr) ? header : 0;
}

/* TCP's checksum field gets the sum of the pseudo header; the card adds the rest. */
static void offload_checksum(struct pbuf *frame, struct net_transmit *transmit)
{
	uint8_t *data = frame->payload;
	size_t at = tcp_header(data, frame->len);
	const uint8_t *ip = data + SIZEOF_ETH_HDR;
	uint32_t sum;
	uint16_t folded;

	if (!at)
		return;
	transmit->ipv6 = data[12] == 0x86;
	sum = transmit->ipv6 ? net_checksum(ip + 8, 32) : net_checksum(ip + 12, 8);
	sum += lwip_htons(IPPROTO_TCP) + (uint32_t)lwip_htons((u16_t)(frame->tot_len - at));
	sum = (sum & 0xffff) + (sum >> 16);
	folded = (uint16_t)((sum & 0xffff) + (sum >> 16));
	transmit->checksum_start = (uint16_t)at;
	transmit->checksum_offset = offsetof(struct tcp_hdr, chksum);
	memcpy(data + at + offsetof(struct tcp_hdr, chksum), &folded, sizeof(folded));
}

/* Is there room in front of the first pbuf's data that belongs to it? */
static bool has_headroom(const struct pbuf *frame)
{
	const uint8_t *start = (const uint8_t *)frame + LWIP_MEM_ALIGN_SIZE(sizeof(struct pbuf));

	return frame->type_internal & PBUF_TYPE_FLAG_STRUCT_DATA_CONTIGUOUS &&
	       (const uint8_t *)frame->payload >= start + NET_TRANSMIT_HEADROOM;
}

/* Hands FRAME over: 0, or as transmit says. Too many pieces: -EINVAL, and the frame is lost. */
static int transmit(struct pbuf *frame, bool more) REQUIRES(net_core)
{
	struct net_segment segments[SEGMENTS_MAX];
	struct net_transmit request = {
		.segments = segments,
		.headroom = has_headroom(frame),
		.done = frame_done,
		.cookie = frame,
	};

	for (const struct pbuf *piece = frame; piece; piece = piece->next) {
		if (!piece->len)
			continue;
		if (request.count == SEGMENTS_MAX)
			return -EINVAL;
		segments[request.count++] = (struct net_segment){piece->payload, piece->len};
	}
	if (card.device->features & NET_TX_CHECKSUM)
		offload_checksum(frame, &request);
	return card.device->ops->transmit(card.device, 0, &request, more);
}

/* Sends the next frame, or several that are one for the card: *COUNT. */
static int send_next(unsigned *count) REQUIRES(net_core)
{
	struct pbuf *frames[NETIF_TSO_FRAMES_MAX];
	unsigned most =
		card.device->features & (NET_TX_TSO4 | NET_TX_TSO6) ? NETIF_TSO_FRAMES_MAX : 1;
	unsigned waiting = card.head - card.tail, taken;
	int error;

	for (taken = 0; taken < waiting && taken < most; taken++)
		frames[taken] = card.queue[(card.tail + taken) % QUEUE_SIZE];
	*count = netif_tso_send(card.device, frames, taken, waiting, &error);
	if (*count)
		return error;
	*count = 1;
	return transmit(frames[0], waiting > 1);
}

void netif_flush(void)
{
	if (card.head == card.tail || card.ring_full)
		return;
	while (card.tail != card.head) {
		unsigned count;
		int error = send_next(&count);

		if (error == -EAGAIN) {
			card.ring_full = true;
			break;
		}
		for (; count; count--, card.tail++)
			if (error) { /* as if it were lost on its way */
				card.counters.tx_dropped++;
				pbuf_free(card.queue[card.tail % QUEUE_SIZE]);
			}
	}
	net_timers_link_activity();
}

static err_t link_output(struct netif *netif, struct pbuf *frame) REQUIRES(net_core)
{
	(void)netif;
	if (card.head - card.tail == QUEUE_SIZE) {
		netif_flush();
		if (card.head - card.tail == QUEUE_SIZE)
			return ERR_MEM;
	}
	pbuf_ref(frame);
	card.counters.tx_packets++;
	card.counters.tx_bytes += frame->tot_len;
	card.queue[card.head++ % QUEUE_SIZE] = frame;
	return ERR_OK;
}

static err_t card_init(struct netif *netif) REQUIRES(net_core)
{
	const struct net_device *device = card.device;

	netif->name[0] = 'e';
	netif->name[1] = 'n';
	netif->mtu = device->mtu;
	netif->hwaddr_len = NET_MAC_SIZE;
	memcpy(netif->hwaddr, device->mac, NET_MAC_SIZE);
	netif->output = etharp_output;
	netif->output_ip6 = ethip6_output;
	netif->linkoutput = link_output;
	netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET |
		       NETIF_FLAG_IGMP | NETIF_FLAG_MLD6;
	if (device->features & NET_TX_CHECKSUM)
		netif->chksum_flags &= (u16_t)~NETIF_CHECKSUM_GEN_TCP;
	return ERR_OK;
}

static const struct net_receiver receiver = {
	.ready = device_ready,
	.receive = device_receive,
	.writable = device_writable,
	.link = device_link,
};

int netif_card_attach(struct netif *netif, struct net_device *device)
{
	int error;

	card.netif = netif;
	card.device = device;
	netif_add_noaddr(netif, NULL, card_init, ethernet_input);
	device->receiver = &receiver;
	error = device->ops->start(device);
	if (error) {
		netif_remove(netif);
		card.device = NULL;
		return error;
	}
	if (device->ops->link_up(device))
		netif_set_link_up(netif);
	log_info("net: %s, %02x:%02x:%02x:%02x:%02x:%02x, MTU %u", device->name, device->mac[0],
		 device->mac[1], device->mac[2], device->mac[3], device->mac[4], device->mac[5],
		 device->mtu);
	return 0;
}
