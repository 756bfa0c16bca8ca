/* SPDX-License-Identifier: BSD-3-Clause */
/* See net_options.h. */
#include "net_options.h"

#include "message.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ADDRESS_TEXT_MAX 15u /* of a dotted quad */

const struct net_options net_options_default = {
	.nic = NIC_VIRTIO,
	.ip.s_addr = __builtin_bswap32(0x0a000502),	 /* 10.0.5.2 */
	.gateway.s_addr = __builtin_bswap32(0x0a000501), /* 10.0.5.1 */
	.mask.s_addr = __builtin_bswap32(0xffffff00),
};

/* Digits up to END, 1 to 65535. */
static bool parse_port(const char *text, const char *end, uint16_t *port)
{
	unsigned value = 0;

	if (text == end || end - text > 5)
		return false;
	for (; text < end; text++) {
		if (!isdigit((unsigned char)*text))
			return false;
		value = 10 * value + (unsigned)(*text - '0');
	}
	*port = (uint16_t)value;
	return value > 0 && value <= UINT16_MAX;
}

/* A dotted quad up to END. */
static bool parse_address(const char *text, const char *end, struct in_addr *address)
{
	char copy[ADDRESS_TEXT_MAX + 1] = "";

	if (end - text > (ptrdiff_t)ADDRESS_TEXT_MAX)
		return false;
	memcpy(copy, text, (size_t)(end - text));
	return inet_pton(AF_INET, copy, address) == 1;
}

static bool add_rule(struct net_options *net, const struct publish_rule *rule)
{
	struct publish_rule *rules =
		realloc(net->rules, (net->rule_count + 1) * sizeof(*net->rules));

	if (!rules)
		return false;
	net->rules = rules;
	rules[net->rule_count++] = *rule;
	return true;
}

bool net_set_app_port(struct net_options *net, const char *text)
{
	return parse_port(text, text + strlen(text), &net->app_port);
}

/* [HOSTADDR:]HOSTPORT:PORT[/udp] */
bool net_set_publish(struct net_options *net, const char *text)
{
	struct publish_rule rule = {.host.s_addr = htonl(INADDR_LOOPBACK)};
	const char *end = strchr(text, '/');
	const char *guest = strrchr(text, ':');
	const char *host = guest ? memchr(text, ':', (size_t)(guest - text)) : NULL;

	if (end && strcmp(end, "/udp") != 0 && strcmp(end, "/tcp") != 0)
		return false;
	rule.udp = end && strcmp(end, "/udp") == 0;
	if (!end)
		end = text + strlen(text);
	if (!guest || guest > end)
		return false;
	if (host && !parse_address(text, host, &rule.host))
		return false;
	return parse_port(host ? host + 1 : text, guest, &rule.host_port) &&
	       parse_port(guest + 1, end, &rule.guest_port) && add_rule(net, &rule);
}

bool net_set_tap(struct net_options *net, const char *text)
{
	size_t size = strlen(text);

	net->tap = text;
	if (text[0] == '@')
		return size > 1 && size < 8 && text[1 + strspn(text + 1, "0123456789")] == '\0';
	return size > 0 && size < IFNAMSIZ && !strpbrk(text, "/ \t\n:") && strcmp(text, ".") != 0 &&
	       strcmp(text, "..") != 0;
}

bool net_set_ip(struct net_options *net, const char *text)
{
	uint32_t address;

	if (strcmp(text, "dhcp") == 0) {
		net->ip.s_addr = 0;
		return true;
	}
	if (inet_pton(AF_INET, text, &net->ip) != 1)
		return false;
	address = ntohl(net->ip.s_addr);
	return address >> 24 != 0 && address >> 24 != 127 && address >> 28 < 14;
}

bool net_set_gateway(struct net_options *net, const char *text)
{
	return inet_pton(AF_INET, text, &net->gateway) == 1;
}

bool net_set_mask(struct net_options *net, const char *text)
{
	uint32_t holes;

	if (inet_pton(AF_INET, text, &net->mask) != 1)
		return false;
	holes = ~ntohl(net->mask.s_addr);
	return (holes & (holes + 1)) == 0 && holes != UINT32_MAX;
}

/* Six pairs of hexadecimal digits with colons; of a single station, not all zero. */
bool net_set_mac(struct net_options *net, const char *text)
{
	static const uint8_t none[6];
	static const char digits[] = "0123456789abcdef";

	if (strlen(text) != 17)
		return false;
	for (unsigned i = 0; i < 17; i++) {
		const char *digit = strchr(digits, tolower((unsigned char)text[i]));

		if (i % 3 == 2 ? text[i] != ':' : !digit)
			return false;
		if (i % 3 != 2)
			net->mac[i / 3] =
				(uint8_t)(net->mac[i / 3] << 4 | (uint8_t)(digit - digits));
	}
	return !(net->mac[0] & 1) && memcmp(net->mac, none, sizeof(none)) != 0;
}

static bool check_addresses(const struct net_options *net)
{
	uint32_t ip = ntohl(net->ip.s_addr), gateway = ntohl(net->gateway.s_addr);
	uint32_t mask = ntohl(net->mask.s_addr);
	char ip_text[INET_ADDRSTRLEN], text[INET_ADDRSTRLEN];

	if (!ip)
		return true;
	inet_ntop(AF_INET, &net->ip, ip_text, sizeof(ip_text));
	if (~mask > 1 && ((ip & ~mask) == 0 || (ip & ~mask) == ~mask)) {
		proxy_message("HERMIT_IP: %s is the address of a whole network (HERMIT_MASK)",
			      ip_text);
		return false;
	}
	if (!gateway || ((gateway & mask) == (ip & mask) && gateway != ip))
		return true;
	inet_ntop(AF_INET, &net->gateway, text, sizeof(text));
	proxy_message("HERMIT_GATEWAY: %s is no other machine in the network of %s (HERMIT_IP, "
		      "HERMIT_MASK; 0.0.0.0: no gateway)",
		      text, ip_text);
	return false;
}

bool net_options_complete(struct net_options *net)
{
	struct publish_rule rule = {.host.s_addr = htonl(INADDR_LOOPBACK),
				    .host_port = net->app_port,
				    .guest_port = net->app_port};

	if (net->app_port && !add_rule(net, &rule)) {
		proxy_message("out of memory");
		return false;
	}
	if (net->nic == NIC_NONE && (net->rule_count || net->tap || net->capture)) {
		proxy_message("%s needs a network card (HERMIT_NIC is 'none')",
			      net->tap		? "HERMIT_NETIF"
			      : net->rule_count ? "a published port"
						: "HERMIT_CAPTURE_NET");
		return false;
	}
	if (net->tap && net->rule_count) {
		proxy_message("ports cannot be published with HERMIT_NETIF: the application has "
			      "an address of its own");
		return false;
	}
	return !net->tap || check_addresses(net);
}

int net_options_tap_fd(const struct net_options *net)
{
	return net->tap && net->tap[0] == '@' ? atoi(net->tap + 1) : -1;
}

void net_options_describe(const struct net_options *net, char out[NET_PARAMETERS_SIZE])
{
	char ip[INET_ADDRSTRLEN], gateway[INET_ADDRSTRLEN], mask[INET_ADDRSTRLEN];

	out[0] = '\0';
	if (!net->tap || !net->ip.s_addr)
		return;
	inet_ntop(AF_INET, &net->ip, ip, sizeof(ip));
	inet_ntop(AF_INET, &net->gateway, gateway, sizeof(gateway));
	inet_ntop(AF_INET, &net->mask, mask, sizeof(mask));
	snprintf(out, NET_PARAMETERS_SIZE, " hermit.ip=%s hermit.gateway=%s hermit.mask=%s", ip,
		 gateway, mask);
}

void net_options_destroy(struct net_options *net)
{
	free(net->rules);
	net->rules = NULL;
	net->rule_count = 0;
}
