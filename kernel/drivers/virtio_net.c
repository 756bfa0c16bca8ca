/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Virtio network card: negotiation, start, interrupts (virtio 1.2, 5.1). Receiving is in
 * virtio_net_rx.c, sending in virtio_net_tx.c.
 *
 * Interrupts. Over PCI message 0 tells of changes of the configuration and message 1 + N belongs to
 * queue pair N and goes to CPU N; over MMIO there is one interrupt for all. `masked` of a pair says
 * that the stack polls it. The handler sets it and calls the stack; `unmask` clears it, lets the
 * device interrupt again and then looks whether something has arrived: either it sees that, or the
 * device sees that it has to interrupt. If both happen, who finds `masked` clear polls.
 */
#include "virtio_net.h"

#include <asm/errno.h>
#include <core/cpu.h>
#include <core/log.h>
#include <core/random.h>
#include <lib/assert.h>
#include <mm/heap.h>

#include "net_cards.h"
#include "net_pool.h"

#define MTU_DEFAULT 1500u
#define MTU_MIN	    68u /* RFC 791 */

/* What the driver can do; what more than one buffer per frame is needed for comes in
 * FEATURES_LARGE.
 */
#define FEATURES                                                                                   \
	(VIRTIO_F_EVENT_IDX | VIRTIO_NET_F_CSUM | VIRTIO_NET_F_GUEST_CSUM | VIRTIO_NET_F_MTU |     \
	 VIRTIO_NET_F_MAC | VIRTIO_NET_F_HOST_TSO4 | VIRTIO_NET_F_HOST_TSO6 |                      \
	 VIRTIO_NET_F_MRG_RXBUF | VIRTIO_NET_F_STATUS | VIRTIO_NET_F_CTRL_VQ | VIRTIO_NET_F_MQ)
#define FEATURES_LARGE (VIRTIO_NET_F_GUEST_TSO4 | VIRTIO_NET_F_GUEST_TSO6)

static struct virtio_net card;

static bool has(const struct virtio_net *net, uint64_t feature)
{
	return net->virtio.features & feature;
}

static bool link_up(struct net_device *device)
{
	const struct virtio_net *net = container_of(device, struct virtio_net, device);

	return !has(net, VIRTIO_NET_F_STATUS) ||
	       (arch_mmio_read16(net->virtio.config + VIRTIO_NET_CONFIG_STATUS) &
		VIRTIO_NET_STATUS_LINK);
}

/* Is there something to poll for? */
static bool has_work(const struct virtio_net_pair *pair)
{
	return virtq_has_used(&pair->rx.queue) ||
	       (READ_ONCE(pair->tx.stopped) && virtq_has_used(&pair->tx.queue));
}

/* Masks PAIR; false: it was already. */
static bool mask(struct virtio_net_pair *pair)
{
	if (atomic_exchange_explicit(&pair->masked, true, memory_order_acq_rel))
		return false;
	virtq_mask(&pair->rx.queue);
	return true;
}

static void pair_interrupt(void *argument)
{
	struct virtio_net_pair *pair = argument;
	struct net_device *device = &pair->net->device;

	if (has_work(pair) && mask(pair))
		device->receiver->ready(device, pair->index);
}

static void config_interrupt(void *argument)
{
	struct virtio_net *net = argument;

	net->device.receiver->link(&net->device);
}

/* MMIO. */
static void interrupt(void *argument)
{
	struct virtio_net *net = argument;
	unsigned why = net->virtio.ops->interrupted(&net->virtio);

	if (why & VIRTIO_ISR_CONFIG)
		config_interrupt(net);
	for (unsigned i = 0; (why & VIRTIO_ISR_QUEUE) && i < net->device.queues; i++)
		pair_interrupt(&net->pairs[i]);
}

static bool unmask(struct net_device *device, unsigned queue)
{
	struct virtio_net *net = container_of(device, struct virtio_net, device);
	struct virtio_net_pair *pair = &net->pairs[queue];
	bool pending;

	atomic_store_explicit(&pair->masked, false, memory_order_release);
	pending = virtq_unmask(&pair->rx.queue, 1);
	if (pair->tx.stopped)
		pending |= virtio_net_tx_rearm(&pair->tx);
	return pending && mask(pair);
}

static unsigned poll(struct net_device *device, unsigned queue, unsigned budget)
{
	struct virtio_net *net = container_of(device, struct virtio_net, device);
	unsigned count = virtio_net_rx_poll(&net->pairs[queue], budget);

	virtio_net_tx_poll(&net->pairs[queue]);
	return count;
}

static int route(struct virtio_net *net, unsigned message, irq_handler_fn handler, void *argument,
		 unsigned cpu)
{
	int vector = irq_alloc(handler, argument);

	return vector < 0 ? vector
			  : net->virtio.ops->route(&net->virtio, message, (unsigned)vector, cpu);
}

static bool shares_interrupt(const struct virtio_net *net)
{
	return net->virtio.messages == 1;
}

static int route_all(struct virtio_net *net)
{
	int error;

	if (shares_interrupt(net))
		return route(net, 0, interrupt, net, cpu_index());
	error = route(net, 0, config_interrupt, net, cpu_index());
	for (unsigned i = 0; !error && i < net->device.queues; i++)
		error = route(net, 1 + i, pair_interrupt, &net->pairs[i], i % cpu_count());
	net->virtio.ops->route_config(&net->virtio, 0);
	return error;
}

static int create_queues(struct virtio_net *net)
{
	int error = 0;

	net->pairs = kcalloc(net->device.queues, sizeof(*net->pairs));
	if (!net->pairs)
		return -ENOMEM;
	for (unsigned i = 0; !error && i < net->device.queues; i++) {
		struct virtio_net_pair *pair = &net->pairs[i];
		unsigned message = shares_interrupt(net) ? 0 : 1 + i;

		pair->net = net;
		pair->index = i;
		error = virtio_net_rx_create(pair, message);
		if (!error)
			error = virtio_net_tx_create(pair, message);
	}
	return error;
}

static int start(struct net_device *device)
{
	struct virtio_net *net = container_of(device, struct virtio_net, device);
	int error;

	ASSERT(device->queues >= 1 && device->queues <= device->queues_max);
	error = create_queues(net);
	if (!error && device->queues > 1)
		error = virtio_net_control_create(net);
	if (!error)
		error = route_all(net);
	if (error)
		return error;
	net_pool_keep(2u * net->pairs[0].rx.queue.size * device->queues);
	virtio_ready(&net->virtio);
	for (unsigned i = 0; !error && i < device->queues; i++) {
		error = virtio_net_rx_fill(&net->pairs[i].rx);
		virtq_kick(&net->pairs[i].rx.queue);
	}
	if (!error && device->queues > 1)
		error = virtio_net_control_pairs(net, device->queues);
	return error;
}

static const struct net_device_ops ops = {
	.start = start,
	.transmit = virtio_net_transmit,
	.poll = poll,
	.unmask = unmask,
	.link_up = link_up,
};

static void read_mac(struct virtio_net *net)
{
	uint8_t *mac = net->device.mac;

	if (!has(net, VIRTIO_NET_F_MAC)) {
		random_fill(mac, NET_MAC_SIZE);
		mac[0] = (mac[0] & 0xfe) | 2; /* one station, locally administered */
		return;
	}
	for (unsigned i = 0; i < NET_MAC_SIZE; i++)
		mac[i] = arch_mmio_read8(net->virtio.config + VIRTIO_NET_CONFIG_MAC + i);
}

static unsigned offloads(const struct virtio_net *net)
{
	static const struct {
		uint64_t virtio;
		unsigned net;
	} table[] = {
		{VIRTIO_NET_F_CSUM, NET_TX_CHECKSUM},	 {VIRTIO_NET_F_HOST_TSO4, NET_TX_TSO4},
		{VIRTIO_NET_F_HOST_TSO6, NET_TX_TSO6},	 {VIRTIO_NET_F_GUEST_CSUM, NET_RX_CHECKSUM},
		{VIRTIO_NET_F_GUEST_TSO4, NET_RX_LARGE}, {VIRTIO_NET_F_GUEST_TSO6, NET_RX_LARGE},
	};
	unsigned features = 0;

	for (unsigned i = 0; i < ARRAY_SIZE(table); i++)
		if (has(net, table[i].virtio))
			features |= table[i].net;
	return features;
}

/* Sets how many queue pairs there are, and how many the stack may use: each CPU one, and over PCI
 * each a message. */
static void count_pairs(struct virtio_net *net)
{
	unsigned usable = cpu_count();

	net->pairs_max = 1;
	if (has(net, VIRTIO_NET_F_MQ) && has(net, VIRTIO_NET_F_CTRL_VQ))
		net->pairs_max = arch_mmio_read16(net->virtio.config + VIRTIO_NET_CONFIG_PAIRS);
	if (net->pairs_max < 1 || net->pairs_max > VIRTIO_NET_PAIRS_MAX)
		net->pairs_max = 1;
	if (!shares_interrupt(net))
		usable = MIN(usable, net->virtio.messages - 1);
	net->device.queues_max = MIN(net->pairs_max, usable);
	net->device.queues = 1;
}

static int negotiate(struct virtio_net *net)
{
	int error = virtio_begin(&net->virtio, FEATURES | FEATURES_LARGE);

	/* Large frames need mergeable buffers: ours are pages. */
	if (!error && !has(net, VIRTIO_NET_F_MRG_RXBUF) && has(net, FEATURES_LARGE))
		error = virtio_begin(&net->virtio, FEATURES);
	return error;
}

int virtio_net_find(const char *cmdline, struct net_device **device)
{
	struct virtio_net *net = &card;
	int error = virtio_mmio_find(&net->virtio, VIRTIO_ID_NET, cmdline);

	if (error == -ENODEV)
		error = virtio_pci_find(&net->virtio, VIRTIO_ID_NET);
	if (!error && !net->virtio.config)
		error = -EIO;
	if (!error)
		error = negotiate(net);
	if (error)
		return error;
	net->device = (struct net_device){
		.ops = &ops,
		.name = "virtio-net",
		.mtu = MTU_DEFAULT,
		.features = offloads(net),
	};
	count_pairs(net);
	read_mac(net);
	if (has(net, VIRTIO_NET_F_MTU))
		net->device.mtu = MAX(arch_mmio_read16(net->virtio.config + VIRTIO_NET_CONFIG_MTU),
				      (uint16_t)MTU_MIN);
	*device = &net->device;
	return 0;
}
