/* SPDX-License-Identifier: BSD-3-Clause */
/* Realtek 8139C+ in its C+ mode ("RTL8139C(L)+ datasheet", 6 and 9.2): rings of descriptors that
 * point to buffers. No offloads. The rings are net_ring.c's. */
#include <arch/io.h>
#include <asm/errno.h>
#include <core/log.h>

#include "net_cards.h"
#include "net_ring.h"

#define REALTEK	       0x10ecu
#define DEVICE_8139    0x8139u
#define REVISION_CPLUS 0x20u
#define BAR_MEMORY     1u

#define IDR	       0x00 /* 6 bytes: the station's address */
#define MAR	       0x08 /* 64 bits: multicast filter */
#define TNPDS	       0x20 /* 64 bits: transmit ring */
#define CR	       0x37
#define IMR	       0x3c
#define ISR	       0x3e
#define TCR	       0x40
#define RCR	       0x44
#define EECR	       0x50
#define MSR	       0x58
#define TPPOLL	       0xd9
#define CPCR	       0xe0
#define RDSAR	       0xe4 /* 64 bits: receive ring */

#define CR_TE	       0x04u
#define CR_RE	       0x08u
#define CR_RST	       0x10u
#define INT_ROK	       0x0001u
#define INT_RER	       0x0002u
#define INT_TOK	       0x0004u
#define INT_TER	       0x0008u
#define INT_RDU	       0x0010u /* no receive descriptor */
#define INT_LINK       0x0020u
#define INT_FOVW       0x0040u
#define INT_RX	       (INT_ROK | INT_RER | INT_RDU | INT_FOVW)
#define INT_TX	       (INT_TOK | INT_TER)
#define TCR_DEFAULT    0x03000700u /* usual gap between frames, DMA bursts without limit */
#define RCR_ACCEPT     0x0eu	   /* this station, multicast, broadcast */
#define RCR_DEFAULT    0xe700u	   /* no threshold, DMA bursts without limit */
#define EECR_UNLOCK    0xc0u
#define MSR_LINK_DOWN  0x04u
#define TPPOLL_NORMAL  0x40u
#define CPCR_TX	       0x01u
#define CPCR_RX	       0x02u

#define RING_SIZE      64u
#define RESET_READS    100000u
#define FCS	       4u

struct ring_desc {
	uint32_t status, vlan;
	uint64_t address;
};
_Static_assert(sizeof(struct ring_desc) == NET_RING_DESC_SIZE, "9.2");
#define DESC_OWN   (1u << 31) /* it is the card's */
#define DESC_END   (1u << 30)
#define DESC_FIRST (1u << 29)
#define DESC_LAST  (1u << 28)
#define RX_ERROR   (1u << 20)
#define RX_LENGTH  0x1fffu

static struct net_ring_card rtl8139;

static void give(struct ring_desc *desc, paddr_t address, uint32_t status)
{
	desc->vlan = 0;
	desc->address = address;
	/* From here on the card may use it. */
	atomic_thread_fence(memory_order_release);
	WRITE_ONCE(desc->status, DESC_OWN | status);
}

static void rx_give(void *where, paddr_t buffer, unsigned position)
{
	give(where, buffer, (position & NET_RING_END ? DESC_END : 0) | NET_RING_BUFFER);
}

static bool rx_done(const void *where, uint32_t *length)
{
	const struct ring_desc *desc = where;
	const uint32_t whole = DESC_FIRST | DESC_LAST;
	uint32_t status = READ_ONCE(desc->status);

	if (status & DESC_OWN)
		return false;
	*length = status & RX_LENGTH;
	*length = (status & (whole | RX_ERROR)) == whole && *length > FCS ? *length - FCS : 0;
	return true;
}

static void tx_give(void *where, paddr_t data, uint32_t length, unsigned position)
{
	uint32_t status = length;

	status |= position & NET_RING_FIRST ? DESC_FIRST : 0;
	status |= position & NET_RING_LAST ? DESC_LAST : 0;
	status |= position & NET_RING_END ? DESC_END : 0;
	give(where, data, status);
}

static bool tx_done(const void *where)
{
	const struct ring_desc *desc = where;

	return !(READ_ONCE(desc->status) & DESC_OWN);
}

/* The card sees by itself whose a descriptor is. */
static void rx_tell(struct net_ring_card *card, unsigned next)
{
	(void)card, (void)next;
}

static void tx_tell(struct net_ring_card *card, unsigned next)
{
	(void)next;
	arch_mmio_write8(card->registers + TPPOLL, TPPOLL_NORMAL);
}

static void interrupts(struct net_ring_card *card, unsigned reasons)
{
	arch_mmio_write16(card->registers + IMR,
			  (uint16_t)(INT_LINK | (reasons & NET_RING_RX ? INT_RX : 0) |
				     (reasons & NET_RING_TX ? INT_TX : 0)));
}

static unsigned acknowledge(struct net_ring_card *card)
{
	uint16_t cause = arch_mmio_read16(card->registers + ISR);

	if (cause)
		arch_mmio_write16(card->registers + ISR, cause);
	return (cause & INT_RX ? NET_RING_RX : 0) | (cause & INT_TX ? NET_RING_TX : 0) |
	       (cause & INT_LINK ? NET_RING_LINK : 0);
}

static void set64(uintptr_t reg, uint64_t value)
{
	arch_mmio_write32(reg, (uint32_t)value);
	arch_mmio_write32(reg + 4, (uint32_t)(value >> 32));
}

static void start(struct net_ring_card *card)
{
	uintptr_t base = card->registers;

	arch_mmio_write8(base + EECR, EECR_UNLOCK);
	arch_mmio_write16(base + CPCR, CPCR_TX | CPCR_RX);
	set64(base + TNPDS, card->tx.address);
	set64(base + RDSAR, card->rx.address);
	arch_mmio_write8(base + CR, CR_TE | CR_RE);
	arch_mmio_write32(base + TCR, TCR_DEFAULT);
	set64(base + MAR, UINT64_MAX);
	arch_mmio_write32(base + RCR, RCR_DEFAULT | RCR_ACCEPT);
	arch_mmio_write8(base + EECR, 0);
}

static bool link_up(struct net_ring_card *card)
{
	return !(arch_mmio_read8(card->registers + MSR) & MSR_LINK_DOWN);
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

static int reset(const struct net_ring_card *card)
{
	arch_mmio_write8(card->registers + CR, CR_RST);
	for (unsigned i = 0; arch_mmio_read8(card->registers + CR) & CR_RST; i++)
		if (i == RESET_READS)
			return -EIO;
	arch_mmio_write16(card->registers + IMR, 0);
	return 0;
}

static bool is_rtl8139(uint16_t vendor, uint16_t device, uint32_t argument)
{
	(void)argument;
	return vendor == REALTEK && device == DEVICE_8139;
}

int rtl8139_find(struct net_device **device)
{
	struct pci_address pci;
	int error;

	if (!pci_find(is_rtl8139, 0, &pci))
		return -ENODEV;
	if (pci_read8(pci, PCI_REVISION) < REVISION_CPLUS) {
		log_error("net: this rtl8139 is older than the 8139C+");
		return -EIO;
	}
	rtl8139.ops = &ops;
	rtl8139.device.name = "rtl8139";
	error = net_ring_init(&rtl8139, pci, BAR_MEMORY, RING_SIZE, RING_SIZE);
	if (!error)
		error = reset(&rtl8139);
	if (error)
		return error;
	for (unsigned i = 0; i < NET_MAC_SIZE; i++)
		rtl8139.device.mac[i] = arch_mmio_read8(rtl8139.registers + IDR + i);
	*device = &rtl8139.device;
	return 0;
}
