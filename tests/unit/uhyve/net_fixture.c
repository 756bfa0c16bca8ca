/* SPDX-License-Identifier: BSD-3-Clause */
/* See net_fixture.h. */
#include "net_fixture.h"

#include "check.h"

#include <linux/virtio_mmio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static void stopped(void *context, const char *text)
{
	(void)context, (void)text;
	CHECK(false);
}

uint32_t read32(struct fixture *f, uint64_t offset)
{
	uint32_t value = 0;
	const struct device_access access = {offset, false, 4, 1, (uint8_t *)&value};

	virtio_mmio_access(&f->net->mmio, &access);
	return value;
}

void write32(struct fixture *f, uint64_t offset, uint32_t value)
{
	const struct device_access access = {offset, true, 4, 1, (uint8_t *)&value};

	virtio_mmio_access(&f->net->mmio, &access);
}

static void write64(struct fixture *f, uint64_t offset, uint64_t value)
{
	write32(f, offset, (uint32_t)value);
	write32(f, offset + 4, (uint32_t)(value >> 32));
}

void fixture_init(struct fixture *f)
{
	struct virtio_net_options options = {
		.vhost_fd = -1, .capture_fd = -1, .mac = {2, 3, 4, 5, 6, 7}, .stopped = stopped};
	struct uhyve_error error;
	int pair[2], code;

	guest_memory_create(&f->mem);
	CHECK_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, pair), 0);
	f->peer = pair[0];
	options.fd = pair[1];
	f->net = virtio_net_create(&options, &f->mem, &code, &error);
	CHECK(f->net);
	guest_queue_init(&f->rx, &f->mem, RX_QUEUE, SIZE);
	guest_queue_init(&f->tx, &f->mem, TX_QUEUE, SIZE);
}

void fixture_free(struct fixture *f)
{
	virtio_net_stop(f->net);
	close(f->net->config.fd);
	close(f->peer);
	virtio_net_destroy(f->net);
	free(f->mem.base);
}

void set_queue(struct fixture *f, unsigned index, const struct virtqueue_layout *layout)
{
	write32(f, VIRTIO_MMIO_QUEUE_SEL, index);
	write32(f, VIRTIO_MMIO_QUEUE_NUM, layout->size);
	write64(f, VIRTIO_MMIO_QUEUE_DESC_LOW, layout->desc);
	write64(f, VIRTIO_MMIO_QUEUE_AVAIL_LOW, layout->avail);
	write64(f, VIRTIO_MMIO_QUEUE_USED_LOW, layout->used);
	write32(f, VIRTIO_MMIO_QUEUE_READY, 1);
}

void set_features(struct fixture *f, uint64_t features)
{
	write32(f, VIRTIO_MMIO_STATUS, 0);
	write32(f, VIRTIO_MMIO_STATUS, VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER);
	for (unsigned half = 0; half < 2; half++) {
		write32(f, VIRTIO_MMIO_DRIVER_FEATURES_SEL, half);
		write32(f, VIRTIO_MMIO_DRIVER_FEATURES, (uint32_t)(features >> 32 * half));
	}
	write32(f, VIRTIO_MMIO_STATUS, STATUS_FEATURES);
}

void drive(struct fixture *f, uint64_t features)
{
	set_features(f, features | VERSION);
	CHECK_EQ(read32(f, VIRTIO_MMIO_STATUS), STATUS_FEATURES);
	set_queue(f, 0, &f->rx.layout);
	set_queue(f, 1, &f->tx.layout);
	write32(f, VIRTIO_MMIO_STATUS, STATUS_READY);
}

void offer(struct fixture *f, uint16_t number, uint32_t length)
{
	guest_queue_desc(&f->rx, number, BUFFERS + number * BUFFER, length, VRING_DESC_F_WRITE, 0);
	guest_queue_push(&f->rx, number);
}
