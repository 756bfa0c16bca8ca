/* SPDX-License-Identifier: BSD-3-Clause */
/* See uhyve_net.h. */
#include "uhyve_net.h"

#include "message.h"
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* In the card's thread, before it looks at a frame. */
static int confine_thread(void *context)
{
	const struct options *options = context;

	return options->no_sandbox ? 0 : sandbox_enter_thread(SANDBOX_NET, 0);
}

static int use_tap(struct uhyve_net *net, const struct options *options)
{
	struct virtio_net_options *card = &net->card;
	int header_size = VIRTIO_NET_HEADER_SIZE;

	card->fd = net->host.tap;
	card->header = net->host.header;
	/* Captured are the frames that are on the cable, with all checksums. */
	card->offloads = card->header && !options->net.capture;
	/* vhost-net would have to be told to make up a header; such a tap device is rare. */
	card->vhost_fd = card->header ? net->host.vhost : -1;
	/* Offloads outlive whoever has used the device before. */
	if ((!card->header || ioctl(card->fd, TUNSETVNETHDRSZ, &header_size) == 0) &&
	    ioctl(card->fd, TUNSETOFFLOAD, 0ul) == 0 && fcntl(card->fd, F_SETFL, O_NONBLOCK) == 0)
		return 0;
	proxy_message("HERMIT_NETIF: %s: %s", options->net.tap, strerror(errno));
	return STATUS_PROXY;
}

int uhyve_net_open(struct uhyve_net *net, const struct options *options)
{
	/* Frames that go past this process cannot be captured, and vhost's state not be saved. */
	const struct host_net_wish wish = {
		.header = true, .vhost = !options->net.capture && !options->checkpoint.wanted};
	int status = 0;

	*net = (struct uhyve_net){
		.host = {.tap = -1, .vhost = -1}, .user.fd = -1, .capture_fd = -1, .card.fd = -1};
	if (options->net.nic == NIC_NONE)
		return 0;
	if (options->net.capture)
		net->capture_fd = host_net_open_capture();
	if (options->net.capture && net->capture_fd < 0)
		return STATUS_PROXY;
	status = host_net_open(&options->net, &wish, &net->host);
	net->card = (struct virtio_net_options){.fd = -1,
						.vhost_fd = -1,
						.capture_fd = net->capture_fd,
						.enter = confine_thread,
						.enter_context = (void *)(uintptr_t)options};
	memcpy(net->card.mac, net->host.mac, sizeof(net->card.mac));
	if (!status && options->net.tap)
		status = use_tap(net, options);
	else if (!status)
		status = user_net_start(&net->user, &options->net, !options->no_sandbox);
	if (!status && !options->net.tap)
		net->card.fd = net->user.fd;
	net_options_describe(&options->net, net->parameters);
	if (status)
		uhyve_net_close(net);
	return status;
}

void uhyve_net_close(struct uhyve_net *net)
{
	host_net_close(&net->host);
	user_net_stop(&net->user);
	if (net->capture_fd >= 0)
		close(net->capture_fd);
	net->capture_fd = net->card.fd = -1;
}

const struct virtio_net_options *uhyve_net_card(const struct uhyve_net *net)
{
	return net->card.fd >= 0 ? &net->card : NULL;
}
