/* SPDX-License-Identifier: BSD-3-Clause */
/* See vhost_net.h. */
#include "vhost_net.h"

#include <errno.h>
#include <linux/vhost.h>
#include <linux/virtio_config.h>
#include <linux/virtio_net.h>
#include <linux/virtio_ring.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define BIT(number) (1ull << (number))

/* What concerns the layout of queues and buffers; the rest is between guest and tap device. */
#define RING_FEATURES                                                                              \
	(BIT(VIRTIO_F_VERSION_1) | BIT(VIRTIO_RING_F_EVENT_IDX) | BIT(VIRTIO_NET_F_MRG_RXBUF))

static int give_memory(int fd, const struct guest_mem *mem)
{
	union {
		uint8_t room[sizeof(struct vhost_memory) +
			     GUEST_MEM_RANGES_MAX * sizeof(struct vhost_memory_region)];
		struct vhost_memory memory;
	} table = {.room = {0}};

	table.memory.nregions = mem->range_count;
	for (unsigned i = 0; i < mem->range_count; i++)
		table.memory.regions[i] = (struct vhost_memory_region){
			.guest_phys_addr = mem->range[i].gpa,
			.memory_size = mem->range[i].size,
			.userspace_addr = (uintptr_t)mem->base + mem->range[i].offset,
		};
	return ioctl(fd, VHOST_SET_MEM_TABLE, &table) == 0 ? 0 : -errno;
}

static bool make_events(struct vhost_net *vhost)
{
	for (unsigned i = 0; i < VHOST_NET_QUEUES; i++) {
		vhost->call_fd[i] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
		if (vhost->call_fd[i] < 0)
			return false;
	}
	return true;
}

void vhost_net_init(struct vhost_net *vhost, int fd, const struct guest_mem *mem)
{
	*vhost = (struct vhost_net){.fd = -1, .call_fd = {-1, -1}};
	if (fd < 0 || !make_events(vhost) || ioctl(fd, VHOST_SET_OWNER, 0) != 0 ||
	    ioctl(fd, VHOST_GET_FEATURES, &vhost->features) != 0 || give_memory(fd, mem) != 0 ||
	    !(vhost->features & BIT(VIRTIO_F_VERSION_1)))
		return;
	vhost->fd = fd;
}

void vhost_net_destroy(struct vhost_net *vhost)
{
	for (unsigned i = 0; i < VHOST_NET_QUEUES; i++)
		if (vhost->call_fd[i] >= 0)
			close(vhost->call_fd[i]);
	*vhost = (struct vhost_net){.fd = -1, .call_fd = {-1, -1}};
}

uint64_t vhost_net_lacks(const struct vhost_net *vhost, uint64_t features)
{
	return vhost->fd < 0 ? 0 : features & RING_FEATURES & ~vhost->features;
}

static int set_queue(const struct vhost_net *vhost, const struct virtqueue *queue, unsigned index,
		     int kick_fd)
{
	struct vhost_vring_state size = {index, queue->size}, base = {index, queue->at.next_avail};
	struct vhost_vring_addr addresses = {
		.index = index,
		.desc_user_addr = (uintptr_t)queue->desc,
		.avail_user_addr = (uintptr_t)queue->avail,
		.used_user_addr = (uintptr_t)queue->used,
	};
	struct vhost_vring_file kick = {index, kick_fd}, call = {index, vhost->call_fd[index]};

	if (ioctl(vhost->fd, VHOST_SET_VRING_NUM, &size) != 0 ||
	    ioctl(vhost->fd, VHOST_SET_VRING_BASE, &base) != 0 ||
	    ioctl(vhost->fd, VHOST_SET_VRING_ADDR, &addresses) != 0 ||
	    ioctl(vhost->fd, VHOST_SET_VRING_KICK, &kick) != 0 ||
	    ioctl(vhost->fd, VHOST_SET_VRING_CALL, &call) != 0)
		return -errno;
	return 0;
}

static int set_backend(const struct vhost_net *vhost, unsigned index, int fd)
{
	struct vhost_vring_file backend = {index, fd};

	return ioctl(vhost->fd, VHOST_NET_SET_BACKEND, &backend) == 0 ? 0 : -errno;
}

int vhost_net_start(struct vhost_net *vhost, const struct virtqueue *queues, const int *kick_fds,
		    int tap_fd, uint64_t features)
{
	uint64_t ring_features = features & RING_FEATURES;
	int err = 0;

	if (ioctl(vhost->fd, VHOST_SET_FEATURES, &ring_features) != 0)
		return -errno;
	for (unsigned i = 0; i < VHOST_NET_QUEUES && !err; i++)
		err = set_queue(vhost, &queues[i], i, kick_fds[i]);
	for (unsigned i = 0; i < VHOST_NET_QUEUES && !err; i++)
		err = set_backend(vhost, i, tap_fd);
	for (unsigned i = 0; i < VHOST_NET_QUEUES && err; i++)
		set_backend(vhost, i, -1);
	return err;
}

void vhost_net_stop(struct vhost_net *vhost, struct virtqueue *queues)
{
	for (unsigned i = 0; i < VHOST_NET_QUEUES; i++) {
		struct vhost_vring_state base = {.index = i};
		/* Returns when its thread does not use the queue any more. */
		set_backend(vhost, i, -1);
		if (ioctl(vhost->fd, VHOST_GET_VRING_BASE, &base) == 0)
			queues[i].at.next_avail = (uint16_t)base.num;
		virtqueue_adopt_used(&queues[i]);
	}
}
