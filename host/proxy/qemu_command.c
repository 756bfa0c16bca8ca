/* SPDX-License-Identifier: BSD-3-Clause */
/* See qemu_command.h. Chosen for a fast start: every device that is left out saves time. */
#include "qemu_command.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define MIB (1ull << 20)
#define GIB (1ull << 30)

/*
 * microvm: no timer, interrupt controller or clock of the PC's past, no ACPI tables (the kernel
 * finds processors in the MP table and devices at fixed places); option ROMs would only cost time.
 * pc, q35: without the devices that nobody uses, and with microvm's firmware, which does nothing
 * but start the kernel: 35 ms instead of 70 ms. The kernel gives the PCI devices their addresses.
 */
static const struct {
	const char *machine;
	const char *channel; /* the virtio-serial device */
} machines[] = {
	[MACHINE_MICROVM] = {"microvm,acpi=off,pit=off,pic=off,rtc=off,x-option-roms=off",
			     "virtio-serial-device,max_ports=1"},
	[MACHINE_PC] = {"pc,usb=off,vmport=off,hpet=off",
			"virtio-serial-pci,max_ports=1,disable-legacy=on,disable-modern=off"},
	[MACHINE_Q35] = {"q35,usb=off,vmport=off,hpet=off,sata=off,smbus=off,smm=off",
			 "virtio-serial-pci,max_ports=1,disable-legacy=on,disable-modern=off"},
};

/* From QEMU's hw/i386: microvm.c, pc_piix.c and pc_q35.c. */
uint64_t qemu_memory_below_4g(enum option_machine machine, uint64_t size)
{
	uint64_t most = 3 * GIB;
	if (machine == MACHINE_PC && size < 0xe0000000u)
		most = 0xe0000000u;
	if (machine == MACHINE_Q35)
		most = size >= 0xb0000000u ? 2 * GIB : 0xb0000000u;
	return size < most ? size : most;
}

static void add(struct qemu_command *command, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void add(struct qemu_command *command, const char *format, ...)
{
	va_list args;
	char *text = NULL;

	if (command->failed || command->argc == QEMU_ARGS_MAX) {
		command->failed = true;
		return;
	}
	va_start(args, format);
	int size = vasprintf(&text, format, args);
	va_end(args);
	if (size < 0)
		command->failed = true;
	else
		command->argv[command->argc++] = text;
}

static void add_machine(struct qemu_command *command, const struct options *options, bool kvm)
{
	add(command, "-M");
	add(command, "%s", machines[options->machine].machine);
	add(command, "-m");
	add(command, "%" PRIu64 "K", options->memory >> 10);
	add(command, "-accel");
	if (kvm)
		add(command, "kvm");
	else
		add(command, options->cpus > 1 && !options->icount ? "tcg,thread=multi" : "tcg");
	add(command, "-cpu");
	add(command, kvm ? "host" : "max");
	if (options->machine != MACHINE_MICROVM) {
		add(command, "-bios");
		add(command, "qboot.rom");
	}
	if (options->cpus > 1) {
		add(command, "-smp");
		add(command, "%u", options->cpus);
	}
	if (options->icount) {
		add(command, "-icount");
		add(command, "shift=0");
	}
}

/* Neighbouring processors and a piece of the memory for each node; QEMU has to be told of all. */
static void add_nodes(struct qemu_command *command, const struct options *options)
{
	uint64_t piece = (options->memory / options->nodes) & ~(MIB - 1);

	for (unsigned node = 0; options->nodes > 1 && node < options->nodes; node++) {
		unsigned first = node * options->cpus / options->nodes;
		unsigned end = (node + 1) * options->cpus / options->nodes;
		uint64_t size = node ? piece : options->memory - (options->nodes - 1) * piece;

		add(command, "-object");
		add(command, "memory-backend-ram,id=m%u,size=%" PRIu64 "K", node, size >> 10);
		add(command, "-numa");
		if (first < end)
			add(command, "node,nodeid=%u,memdev=m%u,cpus=%u-%u", node, node, first,
			    end - 1);
		else
			add(command, "node,nodeid=%u,memdev=m%u", node, node);
	}
}

static void add_devices(struct qemu_command *command, const struct options *options,
			const struct qemu_host *host)
{
	/* By default QEMU's MMIO transport is the one from before virtio 1.0. */
	if (options->machine == MACHINE_MICROVM) {
		add(command, "-global");
		add(command, "virtio-mmio.force-legacy=false");
	}
	add(command, "-device");
	add(command, "%s", machines[options->machine].channel);
	add(command, "-chardev");
	if (host->listener >= 0)
		add(command, "socket,id=hc,host=127.0.0.1,port=%u,nodelay=on", options->port);
	else
		add(command, "socket,id=hc,fd=%d", QEMU_FD_CHANNEL);
	add(command, "-device");
	add(command, "virtconsole,chardev=hc");
	add(command, "-chardev");
	add(command, "socket,id=log,fd=%d", QEMU_FD_LOG);
	add(command, "-serial");
	add(command, "chardev:log");
	add(command, "-chardev");
	add(command, "socket,id=control,fd=%d", QEMU_FD_CONTROL);
	add(command, "-mon");
	add(command, "chardev=control,mode=control");
	if (options->debug != DEBUG_OFF) {
		add(command, "-gdb");
		add(command, "tcp:127.0.0.1:%u", options->debug_port);
	}
	if (options->debug == DEBUG_WAIT)
		add(command, "-S");
	if (options->monitor) {
		add(command, "-monitor");
		add(command, "telnet:127.0.0.1:%u,server=on,wait=off", options->port + 1);
	}
}

/* QEMU's user-mode network, and the ports that it listens on for the application. */
static void add_user_network(struct qemu_command *command, const struct net_options *net)
{
	char *rules = NULL;
	size_t size;
	FILE *out = open_memstream(&rules, &size);

	if (!out) {
		command->failed = true;
		return;
	}
	for (size_t i = 0; i < net->rule_count; i++) {
		const struct publish_rule *rule = &net->rules[i];
		char address[INET_ADDRSTRLEN];

		inet_ntop(AF_INET, &rule->host, address, sizeof(address));
		fprintf(out, ",hostfwd=%s:%s:%u-:%u", rule->udp ? "udp" : "tcp", address,
			rule->host_port, rule->guest_port);
	}
	if (fclose(out) == 0)
		add(command, "user,id=net%s", rules);
	else
		command->failed = true;
	free(rules);
}

static void add_network(struct qemu_command *command, const struct options *options,
			const struct qemu_host *host)
{
	/* Nothing boots from the network, so the PCI cards need no ROM. */
	static const char *const cards[] = {
		[NIC_VIRTIO] = "virtio-net-pci,disable-legacy=on,disable-modern=off,romfile=",
		[NIC_RTL8139] = "rtl8139,romfile=",
		[NIC_E1000] = "e1000,romfile=",
	};
	const struct net_options *net = &options->net;
	const uint8_t *mac = host->mac;

	if (net->nic == NIC_NONE)
		return;
	add(command, "-netdev");
	if (!net->tap)
		add_user_network(command, net);
	else if (host->vhost >= 0)
		add(command, "tap,id=net,fd=%d,vhostfd=%d", QEMU_FD_TAP, QEMU_FD_VHOST);
	else
		add(command, "tap,id=net,fd=%d", QEMU_FD_TAP);
	add(command, "-device");
	add(command, "%s,netdev=net,mac=%02x:%02x:%02x:%02x:%02x:%02x",
	    options->machine == MACHINE_MICROVM ? "virtio-net-device" : cards[net->nic], mac[0],
	    mac[1], mac[2], mac[3], mac[4], mac[5]);
	if (net->capture) {
		add(command, "-object");
		add(command, "filter-dump,id=dump,netdev=net,file=%s", NET_CAPTURE_FILE);
	}
}

/*
 * QEMU's heap in large pages, and one heap for as few threads as a machine with one processor has:
 * 800 page faults less, 2 ms of a start.
 */
static void add_tunables(struct qemu_command *command, const struct options *options)
{
	const char *arenas = options->cpus == 1 ? ":glibc.malloc.arena_max=1" : "";

	if (asprintf(&command->tunables, "GLIBC_TUNABLES=glibc.malloc.hugetlb=1%s", arenas) < 0) {
		command->tunables = NULL;
		command->failed = true;
	}
}

int qemu_command_build(struct qemu_command *command, const struct options *options,
		       const char *image, const struct qemu_host *host)
{
	char network[NET_PARAMETERS_SIZE];

	*command = (struct qemu_command){0};
	add(command, "%s", options->qemu);
	add(command, "-nodefaults");
	add(command, "-no-user-config");
	add(command, "-display");
	add(command, "none");
	add(command, "-no-reboot");
	add_machine(command, options, host->kvm);
	add_nodes(command, options);
	add_devices(command, options, host);
	add_network(command, options, host);
	add(command, "-kernel");
	add(command, "%s", image);
	add(command, "-append");
	/* Above 1 MiB nothing but the image has been written to memory, by this firmware, and it
	 * has not started other CPUs. */
	net_options_describe(&options->net, network);
	add(command, "hermit.channel=virtio hermit.zeroed=1 hermit.cpus=%u%s%s%s%s%s",
	    options->cpus, options->icount ? " hermit.fresh=1" : "",
	    options->verbose ? " hermit.verbose=1" : "", network,
	    host->listener >= 0 ? " hermit.token=" : "", host->token);
	add_tunables(command, options);
	return command->failed ? -ENOMEM : 0;
}

void qemu_command_destroy(struct qemu_command *command)
{
	for (int i = 0; i < command->argc; i++)
		free(command->argv[i]);
	free(command->tunables);
	*command = (struct qemu_command){0};
}

void qemu_command_print(const struct qemu_command *command, FILE *out)
{
	static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				   "-_=,./:+@%";
	for (int i = 0; i < command->argc; i++) {
		const char *arg = command->argv[i];
		fputs(i ? " " : "", out);
		if (arg[0] && arg[strspn(arg, safe)] == '\0') {
			fputs(arg, out);
			continue;
		}
		fputc('\'', out);
		for (; *arg; arg++)
			fputs(*arg == '\'' ? "'\\''" : (char[]){*arg, '\0'}, out);
		fputc('\'', out);
	}
	fputc('\n', out);
}
