/* SPDX-License-Identifier: BSD-3-Clause */
/* Intel 82540EM ("PCI/PCI-X Family of Gigabit Ethernet Controllers Software Developer's Manual"),
 * QEMU's e1000: legacy descriptors (3.2.3, 3.3.3), no offloads. The rings are net_ring.c's. */
#include <arch/io.h>
#include <asm/errno.h>

#include "net_cards.h"
#include "net_ring.h"

#define INTEL	       0x8086u
#define DEVICE_82540EM 0x100eu

/* Registers, 13.4. */
#define CTRL	       0x0000
#define STATUS	       0x0008
#define ICR	       0x00c0 /* reading acknowledges */
#define IMS	       0x00d0
#define IMC	       0x00d8
#define RCTL	       0x0100
#define TCTL	       0x0400
#define TIPG	       0x0410
#define RDBAL	       0x2800
#define RDBAH	       0x2804
#define RDLEN	       0x2808
#define RDH	       0x2810
#define RDT	       0x2818
#define TDBAL	       0x3800
#define TDBAH	       0x3804
#define TDLEN	       0x3808
#define TDH	       0x3810
#define TDT	       0x3818
#define RAL0	       0x5400
#define RAH0	       0x5404

#define CTRL_ASDE      (1u << 5)
#define CTRL_SLU       (1u << 6)
#define CTRL_RST       (1u << 26)
#define STATUS_LU      (1u << 1)
#define INT_TXDW       (1u << 0)
#define INT_LSC	       (1u << 2)
#define INT_RXDMT0     (1u << 4)
#define INT_RXO	       (1u << 6)
#define INT_RXT0       (1u << 7)
#define INT_RX	       (INT_RXDMT0 | INT_RXO | INT_RXT0)
#define RCTL_EN	       (1u << 1)
#define RCTL_MPE       (1u << 4) /* all multicast; the stack filters */
#define RCTL_BAM       (1u << 15)
#define RCTL_SECRC     (1u << 26) /* buffers of 2048 bytes, without FCS */
#define TCTL_EN	       (1u << 1)
#define TCTL_PSP       (1u << 3)
#define TCTL_COLLISION (0x0fu << 4 | 0x40u << 12)
#define TIPG_COPPER    (10u | 8u << 10 | 6u << 20)

#define RING_SIZE      256u
#define RESET_READS    100000u

struct rx_desc {
	uint64_t address;
	uint16_t length, checksum;
	uint8_t status, errors;
	uint16_t special;
};
struct tx_desc {
	uint64_t address;
	uint16_t length;
	uint8_t checksum_offset, command, status, checksum_start;
	uint16_t special;
};
_Static_assert(sizeof(struct rx_desc) == NET_RING_DESC_SIZE, "3.2.3");
_Static_assert(sizeof(struct tx_desc) == NET_RING_DESC_SIZE, "3.3.3");
#define DESC_DONE 1u
#define RX_EOP	  2u
#define TX_EOP	  1u
#define TX_IFCS	  2u
#define TX_RS	  8u

static struct net_ring_card e1000;

static uint32_t get(const struct net_ring_card *card, uint32_t reg)
{
	return arch_mmio_read32(card->registers + reg);
}

static void set(const struct net_ring_card *card, uint32_t reg, uint32_t value)
{
	arch_mmio_write32(card->registers + reg, value);
}

static void rx_give(void *where, paddr_t buffer, unsigned position)
{
	struct rx_desc *desc = where;

	(void)position;
	*desc = (struct rx_desc){.address = buffer};
}

static bool rx_done(const void *where, uint32_t *length)
{
	const struct rx_desc *desc = where;
	uint8_t status = READ_ONCE(desc->status);

	if (!(status & DESC_DONE))
		return false;
	*length = (status & RX_EOP) && !READ_ONCE(desc->errors) ? READ_ONCE(desc->length) : 0;
	return true;
}

static void tx_give(void *where, paddr_t data, uint32_t length, unsigned position)
{
	struct tx_desc *desc = where;

	*desc = (struct tx_desc){
		.address = data,
		.length = (uint16_t)length,
		.command = position & NET_RING_LAST ? TX_EOP | TX_IFCS | TX_RS : TX_IFCS,
	};
}

static bool tx_done(const void *where)
{
	const struct tx_desc *desc = where;

	return READ_ONCE(desc->status) & DESC_DONE;
}

static void rx_tell(struct net_ring_card *card, unsigned next)
{
	set(card, RDT, next);
}

static void tx_tell(struct net_ring_card *card, unsigned next)
{
	set(card, TDT, next);
}

static void interrupts(struct net_ring_card *card, unsigned reasons)
{
	uint32_t wanted = INT_LSC;

	wanted |= reasons & NET_RING_RX ? INT_RX : 0;
	wanted |= reasons & NET_RING_TX ? INT_TXDW : 0;
	set(card, IMC, ~wanted);
	set(card, IMS, wanted);
}

static unsigned acknowledge(struct net_ring_card *card)
{
	uint32_t cause = get(card, ICR);

	return (cause & INT_RX ? NET_RING_RX : 0) | (cause & INT_TXDW ? NET_RING_TX : 0) |
	       (cause & INT_LSC ? NET_RING_LINK : 0);
}

static void start(struct net_ring_card *card)
{
	set(card, RDBAL, (uint32_t)card->rx.address);
	set(card, RDBAH, (uint32_t)(card->rx.address >> 32));
	set(card, RDLEN, card->rx.size * NET_RING_DESC_SIZE);
	set(card, RDH, 0);
	set(card, RDT, 0);
	set(card, TDBAL, (uint32_t)card->tx.address);
	set(card, TDBAH, (uint32_t)(card->tx.address >> 32));
	set(card, TDLEN, card->tx.size * NET_RING_DESC_SIZE);
	set(card, TDH, 0);
	set(card, TDT, 0);
	set(card, TIPG, TIPG_COPPER);
	set(card, TCTL, TCTL_EN | TCTL_PSP | TCTL_COLLISION);
	set(card, RCTL, RCTL_EN | RCTL_MPE | RCTL_BAM | RCTL_SECRC);
}

static bool link_up(struct net_ring_card *card)
{
	return get(card, STATUS) & STATUS_LU;
}

static const struct net_ring_ops ops = {
	.rx_give = rx_give,
	.rx_done = rx_done,
	.tx_give = tx_give,
	.tx_done = tx_done,
	.rx_tell = rx_tell,
	.tx_tell = tx_tell,
	.interrupts = interrupts,
	.acknowledge = acknowledge,
	.start = start,
	.link_up = link_up,
};

/* 14.3; the card reads its address from its EEPROM again. */
static int reset(const struct net_ring_card *card)
{
	set(card, IMC, ~0u);
	set(card, CTRL, CTRL_RST);
	for (unsigned i = 0; get(card, CTRL) & CTRL_RST; i++)
		if (i == RESET_READS)
			return -EIO;
	set(card, IMC, ~0u);
	(void)get(card, ICR);
	set(card, CTRL, CTRL_SLU | CTRL_ASDE);
	return 0;
}

static bool is_e1000(uint16_t vendor, uint16_t device, uint32_t argument)
{
	(void)argument;
	return vendor == INTEL && device == DEVICE_82540EM;
}

int e1000_find(struct net_device **device)
{
	struct pci_address pci;
	uint64_t mac;
	int error;

	if (!pci_find(is_e1000, 0, &pci))
		return -ENODEV;
	e1000.ops = &ops;
	e1000.device.name = "e1000";
	error = net_ring_init(&e1000, pci, 0, RING_SIZE, RING_SIZE);
	if (!error)
		error = reset(&e1000);
	if (error)
		return error;
	mac = get(&e1000, RAL0) | (uint64_t)get(&e1000, RAH0) << 32;
	for (unsigned i = 0; i < NET_MAC_SIZE; i++)
		e1000.device.mac[i] = (uint8_t)(mac >> 8 * i);
	*device = &e1000.device;
	return 0;
}
