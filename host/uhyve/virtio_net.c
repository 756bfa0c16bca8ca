/* SPDX-License-Identifier: BSD-3-Clause */
/* See virtio_net.h: features, start and end, the thread. Frames: virtio_net_io.c. */
#include "virtio_net.h"

#include "common/event_fd.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_ring.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define STACK_SIZE (64u << 10)
#define BIT(n)	   (1ull << (n))

#define SEND_CSUM  BIT(VIRTIO_NET_F_CSUM)
#define SEND_LARGE (BIT(VIRTIO_NET_F_HOST_TSO4) | BIT(VIRTIO_NET_F_HOST_TSO6))
#define TAKE_CSUM  BIT(VIRTIO_NET_F_GUEST_CSUM)
#define TAKE_LARGE (BIT(VIRTIO_NET_F_GUEST_TSO4) | BIT(VIRTIO_NET_F_GUEST_TSO6))

#define BASE_FEATURES                                                                              \
	(BIT(VIRTIO_NET_F_MAC) | BIT(VIRTIO_NET_F_STATUS) | BIT(VIRTIO_NET_F_MRG_RXBUF) |          \
	 BIT(VIRTIO_RING_F_EVENT_IDX))

/* Large frames need checksums to be filled in (5.1.3.1). */
static bool features_ok(void *device, uint64_t features)
{
	(void)device;
	return (!(features & SEND_LARGE) || (features & SEND_CSUM)) &&
	       (!(features & TAKE_LARGE) || (features & TAKE_CSUM));
}

static int start_queues(struct virtio_net *net, const struct virtqueue_indices *indices)
{
	const bool event_idx = net->mmio.state.features & BIT(VIRTIO_RING_F_EVENT_IDX);
	int err = 0;

	for (unsigned i = 0; i < VIRTIO_NET_QUEUES && !err; i++) {
		const struct virtqueue_layout *layout = &net->mmio.state.layout[i];
		err = layout->ready ? virtqueue_start(&net->queue[i], net->mem, layout, event_idx,
						      indices ? &indices[i] : NULL)
				    : -EINVAL;
	}
	return err;
}

static int activate(void *device)
{
	struct virtio_net *net = device;
	int err = start_queues(net, NULL);

	if (err)
		return err;
	net->wanted = true;
	event_fd_signal(net->control_fd);
	return 0;
}

/* The tap device does for the guest what the guest does not do itself. */
static void set_offloads(const struct virtio_net *net)
{
	const uint64_t features = net->mmio.state.features;
	unsigned long flags = 0;

	if (!net->config.offloads)
		return;
	if (features & TAKE_CSUM)
		flags |= TUN_F_CSUM;
	if (features & BIT(VIRTIO_NET_F_GUEST_TSO4))
		flags |= TUN_F_TSO4;
	if (features & BIT(VIRTIO_NET_F_GUEST_TSO6))
		flags |= TUN_F_TSO6;
	ioctl(net->config.fd, TUNSETOFFLOAD, flags);
}

static void begin_serving(struct virtio_net *net)
{
	set_offloads(net);
	net->vhosted = net->vhost.fd >= 0 &&
		       vhost_net_start(&net->vhost, net->queue, net->kick_fd, net->config.fd,
				       net->mmio.state.features) == 0;
	net->serving = net->more = true;
	net->starved = net->blocked = false;
}

static void end_serving(struct virtio_net *net)
{
	if (net->vhosted)
		vhost_net_stop(&net->vhost, net->queue);
	net->serving = net->vhosted = false;
	pthread_cond_broadcast(&net->changed);
}

static void follow_wishes(struct virtio_net *net)
{
	const bool on = net->wanted && !net->held && !net->ending;

	if (on && !net->serving)
		begin_serving(net);
	else if (!on && net->serving)
		end_serving(net);
}

/* Until the thread serves the queues no more; without a thread nobody else could see to it. OFF: it
 * is not to serve them again, even where another processor starts the card meanwhile. */
static void wait_until_idle(struct virtio_net *net, bool off)
{
	if (!net->started)
		follow_wishes(net);
	while (net->serving && !net->ending) {
		if (off)
			net->wanted = false;
		event_fd_signal(net->control_fd);
		pthread_cond_wait(&net->changed, &net->mmio.lock);
	}
}

static void reset(void *device)
{
	struct virtio_net *net = device;

	net->wanted = false;
	wait_until_idle(net, true);
	/* Another processor may have started it after the thread had stopped. */
	net->wanted = false;
	net->pending = 0;
}

static void notify(void *device, unsigned index)
{
	const struct virtio_net *net = device;

	event_fd_signal(net->kick_fd[index]);
}

static const struct virtio_mmio_ops mmio_ops = {
	.features_ok = features_ok, .activate = activate, .reset = reset, .notify = notify};

void virtio_net_step(struct virtio_net *net)
{
	net->more = false;
	follow_wishes(net);
	if (net->serving && !net->vhosted) {
		virtio_net_send_frames(net);
		if (net->serving)
			virtio_net_receive_frames(net);
	}
}

static bool take_event(const struct pollfd *slot)
{
	uint64_t count;

	return slot->revents && read(slot->fd, &count, sizeof(count)) > 0;
}

enum slot {
	SLOT_CONTROL,
	SLOT_RESAMPLE,
	SLOT_KICK,
	SLOT_CALL = SLOT_KICK + VIRTIO_NET_QUEUES,
	SLOT_BACKEND = SLOT_CALL + VIRTIO_NET_QUEUES,
	SLOT_COUNT
};

static void fill_poll_set(const struct virtio_net *net, struct pollfd *set)
{
	const bool own = net->serving && !net->vhosted;
	const bool linked = net->mmio.config[offsetof(struct virtio_net_space, status)];

	set[SLOT_CONTROL] = (struct pollfd){.fd = net->control_fd, .events = POLLIN};
	set[SLOT_RESAMPLE] = (struct pollfd){.fd = net->resample_fd, .events = POLLIN};
	for (unsigned i = 0; i < VIRTIO_NET_QUEUES; i++) {
		set[SLOT_KICK + i] =
			(struct pollfd){.fd = own ? net->kick_fd[i] : -1, .events = POLLIN};
		set[SLOT_CALL + i] = (struct pollfd){
			.fd = net->vhosted ? net->vhost.call_fd[i] : -1, .events = POLLIN};
	}
	const int events = (net->starved ? 0 : POLLIN) | (net->blocked ? POLLOUT : 0);
	set[SLOT_BACKEND] = (struct pollfd){.fd = own && linked && events ? net->config.fd : -1,
					    .events = (short)events};
}

static void take_events(struct virtio_net *net, const struct pollfd *set)
{
	take_event(&set[SLOT_CONTROL]);
	if (take_event(&set[SLOT_RESAMPLE]))
		virtio_mmio_resample(&net->mmio);
	if (take_event(&set[SLOT_KICK + VIRTIO_NET_RX]))
		net->starved = false;
	take_event(&set[SLOT_KICK + VIRTIO_NET_TX]);
	for (unsigned i = 0; i < VIRTIO_NET_QUEUES; i++)
		if (take_event(&set[SLOT_CALL + i]))
			virtio_mmio_signal(&net->mmio);
	if (set[SLOT_BACKEND].revents & (POLLOUT | POLLERR | POLLHUP))
		net->blocked = false;
}

static void *net_thread(void *argument)
{
	struct virtio_net *net = argument;
	struct pollfd set[SLOT_COUNT];
	char text[96];
	int err = net->config.enter ? net->config.enter(net->config.enter_context) : 0;

	if (err) {
		snprintf(text, sizeof(text), "the network's thread cannot be confined: %s",
			 strerror(-err));
		net->config.stopped(net->config.stopped_context, text);
	}
	pthread_mutex_lock(&net->mmio.lock);
	while (!net->ending && !err) {
		virtio_net_step(net);
		fill_poll_set(net, set);
		const int timeout_ms = net->more ? 0 : -1;
		pthread_mutex_unlock(&net->mmio.lock);
		const int ready = poll(set, SLOT_COUNT, timeout_ms);
		pthread_mutex_lock(&net->mmio.lock);
		if (ready > 0)
			take_events(net, set);
	}
	net->ending = true;
	follow_wishes(net);
	pthread_cond_broadcast(&net->changed);
	pthread_mutex_unlock(&net->mmio.lock);
	return NULL;
}

static bool make_events(struct virtio_net *net)
{
	int *const fds[] = {&net->kick_fd[VIRTIO_NET_RX], &net->kick_fd[VIRTIO_NET_TX],
			    &net->irq_fd, &net->resample_fd, &net->control_fd};

	for (unsigned i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
		*fds[i] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
		if (*fds[i] < 0)
			return false;
	}
	return true;
}

static void init_registers(struct virtio_net *net)
{
	struct virtio_net_space space = {.status = VIRTIO_NET_S_LINK_UP};
	struct virtio_mmio *mmio = &net->mmio;
	uint64_t offered = BASE_FEATURES;

	if (net->config.offloads)
		offered |= SEND_CSUM | SEND_LARGE | TAKE_CSUM | TAKE_LARGE;
	*mmio = (struct virtio_mmio){.ops = &mmio_ops,
				     .device = net,
				     .id = VIRTIO_ID_NET,
				     .offered = offered & ~vhost_net_lacks(&net->vhost, offered),
				     .queues = VIRTIO_NET_QUEUES,
				     .irq_fd = net->irq_fd,
				     .config_size = sizeof(space)};
	memcpy(space.mac, net->config.mac, sizeof(space.mac));
	memcpy(mmio->config, &space, sizeof(space));
	virtio_mmio_init(mmio);
}

struct virtio_net *virtio_net_create(const struct virtio_net_options *config,
				     const struct guest_mem *mem, int *error_code,
				     struct uhyve_error *error)
{
	struct virtio_net *net = calloc(1, sizeof(*net));

	if (!net) {
		*error_code = uhyve_fail(error, -ENOMEM, "out of memory");
		return NULL;
	}
	net->config = *config;
	net->mem = mem;
	net->kick_fd[VIRTIO_NET_RX] = net->kick_fd[VIRTIO_NET_TX] = -1;
	net->irq_fd = net->resample_fd = net->control_fd = -1;
	pthread_cond_init(&net->changed, NULL);
	vhost_net_init(&net->vhost, config->vhost_fd, mem);
	const bool made = make_events(net);
	init_registers(net);
	if (!made) {
		virtio_net_destroy(net);
		*error_code = uhyve_fail(error, -EMFILE, "no descriptors for the network card");
		return NULL;
	}
	pcap_start(&net->capture, config->capture_fd);
	return net;
}

void virtio_net_destroy(struct virtio_net *net)
{
	const int fds[] = {net->kick_fd[VIRTIO_NET_RX], net->kick_fd[VIRTIO_NET_TX], net->irq_fd,
			   net->resample_fd, net->control_fd};

	for (unsigned i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] >= 0)
			close(fds[i]);
	vhost_net_destroy(&net->vhost);
	pthread_cond_destroy(&net->changed);
	virtio_mmio_destroy(&net->mmio);
	free(net);
}

int virtio_net_start(struct virtio_net *net, struct uhyve_error *error)
{
	pthread_attr_t attributes;
	sigset_t all, old;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_SIZE);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	int err = pthread_create(&net->thread, &attributes, net_thread, net);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attributes);
	if (err)
		return uhyve_fail(error, -err, "cannot start the network's thread: %s",
				  strerror(err));
	net->started = true;
	pthread_setname_np(net->thread, "net");
	return 0;
}

void virtio_net_stop(struct virtio_net *net)
{
	if (!net->started)
		return;
	pthread_mutex_lock(&net->mmio.lock);
	net->ending = true;
	event_fd_signal(net->control_fd);
	pthread_mutex_unlock(&net->mmio.lock);
	pthread_join(net->thread, NULL);
	net->started = false;
}

void virtio_net_hold(struct virtio_net *net)
{
	pthread_mutex_lock(&net->mmio.lock);
	net->held = true;
	wait_until_idle(net, false);
	pthread_mutex_unlock(&net->mmio.lock);
}

void virtio_net_release(struct virtio_net *net)
{
	pthread_mutex_lock(&net->mmio.lock);
	net->held = false;
	event_fd_signal(net->control_fd);
	pthread_mutex_unlock(&net->mmio.lock);
}

void virtio_net_save(struct virtio_net *net, struct virtio_net_state *state)
{
	virtio_mmio_save(&net->mmio, &state->mmio);
	state->wanted = net->wanted;
	memcpy(state->mac, net->config.mac, sizeof(state->mac));
	for (unsigned i = 0; i < VIRTIO_NET_QUEUES; i++)
		state->indices[i] = net->queue[i].at;
}

int virtio_net_restore(struct virtio_net *net, const struct virtio_net_state *state)
{
	const bool possible = !(state->mmio.features & ~net->mmio.offered);
	int err = 0;

	if (!possible)
		return -EINVAL;
	virtio_mmio_restore(&net->mmio, &state->mmio);
	pthread_mutex_lock(&net->mmio.lock);
	memcpy(net->config.mac, state->mac, sizeof(state->mac));
	memcpy(net->mmio.config, state->mac, sizeof(state->mac));
	if (state->wanted)
		err = start_queues(net, state->indices);
	net->wanted = state->wanted && !err;
	/* What the guest was to be told, it is told once more. */
	virtio_mmio_resample(&net->mmio);
	event_fd_signal(net->control_fd);
	pthread_mutex_unlock(&net->mmio.lock);
	return err;
}
