/* SPDX-License-Identifier: BSD-3-Clause */
/* The options of the machine's network; a part of struct options. */
#ifndef PROXY_NET_OPTIONS_H
#define PROXY_NET_OPTIONS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum option_nic {
	NIC_VIRTIO,
	NIC_RTL8139,
	NIC_E1000,
	NIC_NONE,
};

/* A port of this host that leads to one of the application's. */
struct publish_rule {
	struct in_addr host;
	uint16_t host_port, guest_port;
	bool udp;
};

/* In the current directory. */
#define NET_CAPTURE_FILE "qemu-vlan0.pcap"

/* Without a tap device the network is a user-mode network, QEMU's or the proxy's own. */
struct net_options {
	enum option_nic nic;
	struct publish_rule *rules; /* owned */
	size_t rule_count;
	uint16_t app_port;	/* 0: none */
	const char *tap;	/* name of the device, or "@N": descriptor N */
	struct in_addr ip;	/* 0.0.0.0: by DHCP */
	struct in_addr gateway; /* 0.0.0.0: none */
	struct in_addr mask;
	uint8_t mac[6]; /* all zero: the proxy chooses */
	bool capture;
};

extern const struct net_options net_options_default;

/* Each takes the text of an option or a variable; false when it is not valid. */
bool net_set_app_port(struct net_options *net, const char *text);
bool net_set_publish(struct net_options *net, const char *text);
bool net_set_tap(struct net_options *net, const char *text);
bool net_set_ip(struct net_options *net, const char *text);
bool net_set_gateway(struct net_options *net, const char *text);
bool net_set_mask(struct net_options *net, const char *text);
bool net_set_mac(struct net_options *net, const char *text);

/* All have been set: do they fit together? False after a message for the user. */
bool net_options_complete(struct net_options *net);

/* The tap device's descriptor, -1: none was named. */
int net_options_tap_fd(const struct net_options *net);

/* What the kernel is to know of the network, for its command line, each after a space: nothing,
 * where it is to ask by DHCP. */
#define NET_PARAMETERS_SIZE 128u
void net_options_describe(const struct net_options *net, char out[NET_PARAMETERS_SIZE]);

void net_options_destroy(struct net_options *net);

#endif /* PROXY_NET_OPTIONS_H */
