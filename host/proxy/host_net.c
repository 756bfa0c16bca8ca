/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * See host_net.h. The proxy opens the tap device itself, because QEMU would say less about what is
 * wrong with it, and would create a device that does not exist.
 */
#include "host_net.h"

#include "message.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

int host_net_check_port(struct in_addr address, unsigned port, bool udp, const char *purpose)
{
	struct sockaddr_in socket_address = {
		.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr = address};
	char text[INET_ADDRSTRLEN];
	int one = 1;
	int fd = socket(AF_INET, (udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return 0;
	if (!udp)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	bool good = bind(fd, (struct sockaddr *)&socket_address, sizeof(socket_address)) == 0 &&
		    (udp || listen(fd, 1) == 0);
	int err = errno;
	close(fd);
	if (good)
		return 0;
	inet_ntop(AF_INET, &address, text, sizeof(text));
	proxy_message("port %u for %s: %s (%s)", port, purpose, strerror(err), text);
	return STATUS_PROXY;
}

static int refuse_tap(const char *name, int err)
{
	switch (err) {
	case EPERM:
	case EACCES:
		proxy_message("HERMIT_NETIF: %s belongs to another user; as root: tools/tap.sh up "
			      "%s %u",
			      name, name, getuid());
		break;
	case EBUSY:
		proxy_message("HERMIT_NETIF: %s is in use by another program", name);
		break;
	case EINVAL:
		proxy_message("HERMIT_NETIF: %s is not a tap device with one queue", name);
		break;
	default:
		proxy_message("HERMIT_NETIF: %s: %s", name, strerror(err));
	}
	return STATUS_PROXY;
}

static int open_tap(const char *name, bool header, int *fd)
{
	struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI};

	/* Root would create it. */
	if (!if_nametoindex(name)) {
		proxy_message("HERMIT_NETIF: there is no device %s; as root: tools/tap.sh up %s %u",
			      name, name, getuid());
		return STATUS_PROXY;
	}
	*fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	if (*fd < 0) {
		proxy_message("HERMIT_NETIF: /dev/net/tun: %s (as root: modprobe tun)",
			      strerror(errno));
		return STATUS_PROXY;
	}
	request.ifr_flags |= header ? IFF_VNET_HDR : 0;
	memcpy(request.ifr_name, name, strlen(name));
	return ioctl(*fd, TUNSETIFF, &request) == 0 ? 0 : refuse_tap(name, errno);
}

/* "@N": a descriptor that whoever started the proxy has opened. */
static int take_tap(const struct net_options *net, bool header, int *fd)
{
	struct ifreq request = {0};
	int number = net_options_tap_fd(net);

	if (ioctl(number, TUNGETIFF, &request) != 0 || !(request.ifr_flags & IFF_TAP)) {
		proxy_message("HERMIT_NETIF: descriptor %d is not an open tap device", number);
		return STATUS_PROXY;
	}
	if (!header && (request.ifr_flags & IFF_VNET_HDR)) {
		proxy_message("HERMIT_CAPTURE_NET: QEMU cannot capture from descriptor %d, which "
			      "was opened with IFF_VNET_HDR",
			      number);
		return STATUS_PROXY;
	}
	*fd = fcntl(number, F_DUPFD_CLOEXEC, 0);
	return *fd >= 0 ? 0 : refuse_tap(net->tap, errno);
}

/* With a tap device other machines see the station: then its address has to be one of a kind. */
static void choose_mac(const struct net_options *net, uint8_t mac[6])
{
	static const uint8_t usual[6] = {0x52, 0x54, 0x00, 0x12, 0x34, 0x56}, none[6];
	bool given = memcmp(net->mac, none, sizeof(none)) != 0;

	memcpy(mac, given ? net->mac : usual, sizeof(usual));
	if (!given && net->tap && getrandom(mac + 3, 3, 0) != 3)
		memcpy(mac + 3, usual + 3, 3);
}

/* QEMU would say it, too, but only after it has started, and in its own words. */
static int check_rules(const struct net_options *net)
{
	int status = 0;

	for (size_t i = 0; !status && i < net->rule_count; i++) {
		const struct publish_rule *rule = &net->rules[i];
		status = host_net_check_port(rule->host, rule->host_port, rule->udp,
					     "the application");
	}
	return status;
}

int host_net_open_capture(void)
{
	int fd = open(NET_CAPTURE_FILE, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

	if (fd < 0)
		proxy_message("HERMIT_CAPTURE_NET: %s: %s", NET_CAPTURE_FILE, strerror(errno));
	return fd;
}

static int open_devices(const struct net_options *net, const struct host_net_wish *wish,
			struct host_net *host)
{
	struct ifreq request = {0};
	int status = net->tap[0] == '@' ? take_tap(net, wish->header, &host->tap)
					: open_tap(net->tap, wish->header, &host->tap);

	if (status)
		return status;
	host->header = ioctl(host->tap, TUNGETIFF, &request) == 0 &&
		       (request.ifr_flags & IFF_VNET_HDR) != 0;
	if (wish->vhost)
		host->vhost = open("/dev/vhost-net", O_RDWR | O_CLOEXEC);
	return 0;
}

int host_net_open(const struct net_options *net, const struct host_net_wish *wish,
		  struct host_net *host)
{
	*host = (struct host_net){.tap = -1, .vhost = -1};
	choose_mac(net, host->mac);
	int status = check_rules(net);
	if (!status && net->tap)
		status = open_devices(net, wish, host);
	if (status)
		host_net_close(host);
	return status;
}

void host_net_close(struct host_net *host)
{
	if (host->tap >= 0)
		close(host->tap);
	if (host->vhost >= 0)
		close(host->vhost);
	host->tap = host->vhost = -1;
}
