/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Options and variables go through one table: each entry has a variable, an option, and one
 * function that takes the text of either; see options.h.
 */
#include "options.h"

#include "message.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

/* Takes one value; false when it is not valid. TEXT is "" for an option without value. */
typedef bool option_setter(struct options *options, const char *text);

static bool parse_unsigned(const char *text, unsigned min, unsigned max, unsigned *value)
{
	char *end;
	if (!isdigit((unsigned char)text[0]))
		return false;
	errno = 0;
	unsigned long number = strtoul(text, &end, 10);
	if (errno || *end || number < min || number > max)
		return false;
	*value = (unsigned)number;
	return true;
}

/* Index of TEXT in COUNT words, or -1. */
static int find_word(const char *text, const char *const *words, int count)
{
	for (int i = 0; i < count; i++)
		if (strcmp(text, words[i]) == 0)
			return i;
	return -1;
}

bool options_parse_size(const char *text, uint64_t *bytes)
{
	char *end;
	unsigned shift = 20;

	if (!isdigit((unsigned char)text[0]))
		return false;
	errno = 0;
	unsigned long long number = strtoull(text, &end, 10);
	if (errno)
		return false;
	switch (toupper((unsigned char)*end)) {
	case 'K':
		shift = 10;
		end++;
		break;
	case 'M':
		end++;
		break;
	case 'G':
		shift = 30;
		end++;
		break;
	default:
		break;
	}
	if (*end || number > UINT64_MAX >> shift)
		return false;
	*bytes = (uint64_t)number << shift;
	return true;
}

static bool set_isle(struct options *options, const char *text)
{
	static const char *const words[] = {"qemu", "uhyve"};
	int word = find_word(text, words, 2);
	options->isle = word >= 0 ? (enum option_isle)(ISLE_QEMU + word) : ISLE_NUMBER;
	return word >= 0 || parse_unsigned(text, 0, 254, &options->isle_number);
}

static bool set_machine(struct options *options, const char *text)
{
	static const char *const words[] = {"microvm", "pc", "q35"};
	int word = find_word(text, words, 3);
	options->machine = (enum option_machine)word;
	options->machine_given = true;
	return word >= 0;
}

static bool set_cpus(struct options *options, const char *text)
{
	return parse_unsigned(text, 1, OPTION_CPUS_MAX, &options->cpus);
}

/* The next number of a list; *TEXT then stands behind it. */
static bool parse_list_number(const char **text, unsigned *value)
{
	char *end;

	if (!isdigit((unsigned char)**text))
		return false;
	unsigned long number = strtoul(*text, &end, 10);
	if (number > OPTION_HOST_CPU_MAX)
		return false;
	*text = end;
	*value = (unsigned)number;
	return true;
}

/* A list such as 0,2,4-7: in this order, at most as many as there can be vCPUs. */
static bool set_affinity(struct options *options, const char *text)
{
	unsigned first, last;

	options->affinity_count = 0;
	do {
		if (!parse_list_number(&text, &first))
			return false;
		last = first;
		if (*text == '-' && (text++, !parse_list_number(&text, &last)))
			return false;
		if (last < first)
			return false;
		for (; first <= last && options->affinity_count < OPTION_CPUS_MAX; first++)
			options->affinity[options->affinity_count++] = first;
	} while (*text == ',' && text++);
	return *text == '\0';
}

static bool set_nodes(struct options *options, const char *text)
{
	return parse_unsigned(text, 1, OPTION_NODES_MAX, &options->nodes);
}

static bool set_memory(struct options *options, const char *text)
{
	uint64_t bytes;
	if (!options_parse_size(text, &bytes) || bytes < OPTION_MEM_MIN || bytes > OPTION_MEM_MAX)
		return false;
	options->memory = (bytes + 4095) & ~4095ull;
	return true;
}

static bool set_kvm(struct options *options, const char *text)
{
	static const char *const words[] = {"auto", "0", "1"};
	int word = find_word(text, words, 3);
	options->kvm = (enum option_kvm)word;
	return word >= 0;
}

/* As in the seed: any value of the variable but 0 means yes; an option needs none. */
static bool set_flag(bool *flag, const char *text)
{
	*flag = strcmp(text, "0") != 0;
	return true;
}

static bool set_verbose(struct options *options, const char *text)
{
	return set_flag(&options->verbose, text);
}

static bool set_debug(struct options *options, const char *text)
{
	const char *port = text;

	options->debug = strcmp(text, "0") == 0 ? DEBUG_OFF : DEBUG_ON;
	if (strncmp(text, "wait", 4) == 0 && (text[4] == '\0' || text[4] == ':')) {
		options->debug = DEBUG_WAIT;
		port = text[4] ? text + 5 : "";
	} else if (strlen(text) < 2) {
		return true; /* a flag: 0, 1 or empty */
	}
	if (!*port)
		return true;
	unsigned number;
	if (!parse_unsigned(port, 1, UINT16_MAX, &number))
		return false;
	options->debug_port = (uint16_t)number;
	return true;
}

static bool set_monitor(struct options *options, const char *text)
{
	return set_flag(&options->monitor, text);
}

static bool set_icount(struct options *options, const char *text)
{
	return set_flag(&options->icount, text);
}

static bool set_qemu(struct options *options, const char *text)
{
	options->qemu = text;
	options->qemu_given = true;
	return text[0] != '\0';
}

static bool set_port(struct options *options, const char *text)
{
	options->port_given = true;
	return parse_unsigned(text, 1, 65534, &options->port);
}

static bool set_no_sandbox(struct options *options, const char *text)
{
	return set_flag(&options->no_sandbox, text);
}

static bool set_isolated(struct options *options, const char *text)
{
	return set_flag(&options->isolated, text);
}

static bool set_huge_pages(struct options *options, const char *text)
{
	return set_flag(&options->huge_pages, text);
}

static bool set_mergeable(struct options *options, const char *text)
{
	return set_flag(&options->mergeable, text);
}

static bool set_help(struct options *options, const char *text)
{
	return set_flag(&options->help, text);
}

static bool set_version(struct options *options, const char *text)
{
	return set_flag(&options->version, text);
}

static bool set_nic(struct options *options, const char *text)
{
	static const char *const words[] = {"virtio", "rtl8139", "e1000", "none"};
	int word = find_word(text, words, 4);

	options->net.nic = (enum option_nic)word;
	return word >= 0;
}

/* Options whose setters are elsewhere, for a part of the options. */
#define PART_SETTER(name, part, setter)                                                            \
	static bool name(struct options *options, const char *text)                                \
	{                                                                                          \
		return setter(&options->part, text);                                               \
	}

PART_SETTER(set_app_port, net, net_set_app_port)
PART_SETTER(set_publish, net, net_set_publish)
PART_SETTER(set_netif, net, net_set_tap)
PART_SETTER(set_ip, net, net_set_ip)
PART_SETTER(set_gateway, net, net_set_gateway)
PART_SETTER(set_mask, net, net_set_mask)
PART_SETTER(set_mac, net, net_set_mac)
PART_SETTER(set_checkpoint, checkpoint, checkpoint_set_interval)
PART_SETTER(set_checkpoint_dir, checkpoint, checkpoint_set_dir)
PART_SETTER(set_checkpoint_full, checkpoint, checkpoint_set_full)
PART_SETTER(set_checkpoint_exit, checkpoint, checkpoint_set_exit)
PART_SETTER(set_restore, checkpoint, checkpoint_set_restore)
PART_SETTER(set_no_verify, checkpoint, checkpoint_set_no_verify)
PART_SETTER(set_restore_time, checkpoint, checkpoint_set_time)

static bool set_capture(struct options *options, const char *text)
{
	return set_flag(&options->net.capture, text);
}

/* HOST:GUEST[:ro|:rw]. A colon inside a name cannot be written. */
static bool set_mount(struct options *options, const char *text)
{
	struct mount_rule rule = {0};
	struct mount_rule *mounts =
		realloc(options->mounts, (options->mount_count + 1) * sizeof(*mounts));
	if (!mounts)
		return false;
	options->mounts = mounts;
	char *host = strdup(text);
	char *guest = host ? strchr(host, ':') : NULL;
	char *mode = guest ? strchr(guest + 1, ':') : NULL;
	if (!guest || guest == host || guest[1] != '/' ||
	    (mode && strcmp(mode, ":ro") != 0 && strcmp(mode, ":rw") != 0)) {
		free(host);
		return false;
	}
	if (mode) {
		rule.readonly = strcmp(mode, ":ro") == 0;
		*mode = '\0';
	}
	*guest = '\0';
	rule.host = host;
	rule.guest = guest + 1;
	mounts[options->mount_count++] = rule;
	return true;
}

enum value_kind {
	VALUE_NONE = no_argument,
	VALUE_NEEDED = required_argument,
	VALUE_OPTIONAL = optional_argument
};

static const struct option_entry {
	const char *name, *variable; /* option without "--"; variable may be NULL */
	enum value_kind value;
	option_setter *set;
	const char *expected; /* for the message about a wrong value */
} entries[] = {
	{"isle", "HERMIT_ISLE", VALUE_NEEDED, set_isle, "qemu, uhyve or the number of an isle"},
	{"machine", "HERMIT_MACHINE", VALUE_NEEDED, set_machine, "microvm, pc or q35"},
	{"cpus", "HERMIT_CPUS", VALUE_NEEDED, set_cpus, "a number from 1 to 255"},
	{"numa", "HERMIT_NUMA", VALUE_NEEDED, set_nodes, "a number from 1 to 16"},
	{"mem", "HERMIT_MEM", VALUE_NEEDED, set_memory,
	 "a size from 2M to 512G, with K, M or G behind the number"},
	{"kvm", "HERMIT_KVM", VALUE_NEEDED, set_kvm, "0, 1 or auto"},
	{"affinity", "HERMIT_AFFINITY", VALUE_NEEDED, set_affinity,
	 "a list of processors, such as 0,2,4-7"},
	{"hugepage", "HERMIT_HUGEPAGE", VALUE_OPTIONAL, set_huge_pages, "0 or 1"},
	{"mergeable", "HERMIT_MERGEABLE", VALUE_OPTIONAL, set_mergeable, "0 or 1"},
	{"verbose", "HERMIT_VERBOSE", VALUE_NONE, set_verbose, ""},
	{"debug", "HERMIT_DEBUG", VALUE_OPTIONAL, set_debug, "wait, a port, or wait:PORT"},
	{"monitor", "HERMIT_MONITOR", VALUE_NONE, set_monitor, ""},
	{"icount", "HERMIT_ICOUNT", VALUE_NONE, set_icount, ""},
	{"qemu", "HERMIT_QEMU", VALUE_NEEDED, set_qemu, "the name of a program"},
	{"port", "HERMIT_PORT", VALUE_NEEDED, set_port, "a number from 1 to 65534"},
	{"mount", NULL, VALUE_NEEDED, set_mount, "HOST:GUEST or HOST:GUEST:ro, GUEST absolute"},
	{"nic", "HERMIT_NIC", VALUE_NEEDED, set_nic, "virtio, rtl8139, e1000 or none"},
	{"app-port", "HERMIT_APP_PORT", VALUE_NEEDED, set_app_port, "a number from 1 to 65535"},
	{"publish", NULL, VALUE_NEEDED, set_publish,
	 "PORT:APPPORT, with ADDRESS: in front or /udp behind it if wanted"},
	{"netif", "HERMIT_NETIF", VALUE_NEEDED, set_netif,
	 "the name of a tap device, or @N for the open descriptor N of one"},
	{"ip", "HERMIT_IP", VALUE_NEEDED, set_ip, "the IPv4 address of a machine, or dhcp"},
	{"gateway", "HERMIT_GATEWAY", VALUE_NEEDED, set_gateway, "an IPv4 address"},
	{"mask", "HERMIT_MASK", VALUE_NEEDED, set_mask, "an IPv4 netmask such as 255.255.255.0"},
	{"netif-mac", "HERMIT_NETIF_MAC", VALUE_NEEDED, set_mac,
	 "a station's address such as 52:54:00:12:34:56"},
	{"capture-net", "HERMIT_CAPTURE_NET", VALUE_NONE, set_capture, ""},
	{"checkpoint", "HERMIT_CHECKPOINT", VALUE_NEEDED, set_checkpoint, "a number of seconds"},
	{"checkpoint-dir", "HERMIT_CHECKPOINT_DIR", VALUE_NEEDED, set_checkpoint_dir,
	 "the name of a directory"},
	{"full-checkpoint", "HERMIT_FULLCHECKPOINT", VALUE_OPTIONAL, set_checkpoint_full, "0 or 1"},
	{"checkpoint-exit", NULL, VALUE_NONE, set_checkpoint_exit, ""},
	{"restore", NULL, VALUE_NEEDED, set_restore, "the name of a directory"},
	{"no-verify", NULL, VALUE_NONE, set_no_verify, ""},
	{"restore-time", NULL, VALUE_NEEDED, set_restore_time, "continuous or advanced"},
	{"isolated", NULL, VALUE_NONE, set_isolated, ""},
	{"no-sandbox", NULL, VALUE_NONE, set_no_sandbox, ""},
	{"help", NULL, VALUE_NONE, set_help, ""},
	{"version", NULL, VALUE_NONE, set_version, ""},
};

#define ENTRY_COUNT (sizeof(entries) / sizeof(entries[0]))

static bool parse_environment(struct options *options)
{
	for (size_t i = 0; i < ENTRY_COUNT; i++) {
		const char *text = entries[i].variable ? getenv(entries[i].variable) : NULL;
		if (!text || !text[0] || entries[i].set(options, text))
			continue;
		proxy_message("%s: '%s' is not %s", entries[i].variable, text, entries[i].expected);
		return false;
	}
	return true;
}

static bool parse_arguments(struct options *options, int argc, char **argv)
{
	struct option table[ENTRY_COUNT + 1] = {0};
	int index = 0, result;

	for (size_t i = 0; i < ENTRY_COUNT; i++)
		table[i] = (struct option){entries[i].name, (int)entries[i].value, NULL, 0};
	opterr = 0;
	optind = 0;
	/* "+": what follows the application's name is the application's; ":": tell what is wrong.
	 */
	while ((result = getopt_long(argc, argv, "+:", table, &index)) != -1) {
		if (result == ':') {
			proxy_message("option '%s' needs a value", argv[optind - 1]);
			return false;
		}
		if (result != 0 && optopt) {
			proxy_message("unknown option '-%c' (try --help)", optopt);
			return false;
		}
		if (result != 0) {
			proxy_message("unknown option '%s' (try --help)", argv[optind - 1]);
			return false;
		}
		const char *text = optarg ? optarg : "";
		if (!entries[index].set(options, text)) {
			proxy_message("--%s: '%s' is not %s", entries[index].name, text,
				      entries[index].expected);
			return false;
		}
	}
	options->app_argc = argc - optind;
	options->app_argv = argv + optind;
	return true;
}

/* Checkpoints are isle uhyve's, and a checkpoint says what runs and where. */
static bool check_checkpoints(struct options *options)
{
	const struct checkpoint_options *checkpoint = &options->checkpoint;

	if (checkpoint->restore || (checkpoint->wanted && options->isle == ISLE_AUTO))
		options->isle = ISLE_UHYVE;
	if (checkpoint->restore && options->app_argc > 0)
		proxy_message("--restore: the checkpoint says what runs, '%s' is too much",
			      options->app_argv[0]);
	else if (checkpoint->wanted && options->isle != ISLE_UHYVE)
		proxy_message("checkpoints need isle uhyve (HERMIT_ISLE)");
	else if ((checkpoint->restore || checkpoint->wanted) && options->debug != DEBUG_OFF)
		proxy_message("checkpoints and --debug do not go together");
	else
		return true;
	return false;
}

/* A microvm has no PCI cards, and no ACPI tables that describe NUMA nodes. */
static bool choose_machine(struct options *options)
{
	const char *why = options->net.nic == NIC_RTL8139 ? "the card rtl8139"
			  : options->net.nic == NIC_E1000 ? "the card e1000"
			  : options->nodes > 1		  ? "a machine with NUMA nodes"
							  : NULL;

	if (why && options->isle == ISLE_UHYVE) {
		proxy_message("%s needs isle 'qemu' (HERMIT_ISLE)", why);
		return false;
	}
	if (!why || options->machine != MACHINE_MICROVM)
		return true;
	options->machine = MACHINE_Q35;
	if (options->machine_given)
		proxy_message("%s needs q35 or pc (HERMIT_MACHINE)", why);
	return !options->machine_given;
}

bool options_parse(struct options *options, int argc, char **argv)
{
	*options = (struct options){.isle = ISLE_AUTO,
				    .debug_port = OPTION_DEBUG_PORT,
				    .machine = MACHINE_MICROVM,
				    .cpus = 1,
				    .nodes = 1,
				    .memory = 2ull << 30,
				    .kvm = KVM_AUTO,
				    .huge_pages = true,
				    .qemu = "qemu-system-x86_64",
				    .port = 18766,
				    .net = net_options_default,
				    .checkpoint = checkpoint_options_default};
	if (!parse_environment(options) || !parse_arguments(options, argc, argv))
		return false;
	if (!check_checkpoints(options) || !choose_machine(options) ||
	    !net_options_complete(&options->net))
		return false;
	if (options->app_argc == 0 && !options->checkpoint.restore && !options->help &&
	    !options->version) {
		proxy_message("no application given (try --help)");
		return false;
	}
	return true;
}

void options_destroy(struct options *options)
{
	for (size_t i = 0; i < options->mount_count; i++)
		free((void *)(uintptr_t)options->mounts[i].host);
	free(options->mounts);
	net_options_destroy(&options->net);
	*options = (struct options){0};
}
