/* SPDX-License-Identifier: BSD-3-Clause */
/* Options and variables of the proxy, and the QEMU command line that comes of them. */
#include "check.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <proxy/message.h>
#include <proxy/options.h>
#include <proxy/qemu_command.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static char last_message[1024];

/* Takes the place of the proxy's, to see what the user would. */
void proxy_message(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(last_message, sizeof(last_message), format, args);
	va_end(args);
}

static struct options options;

static bool parse(const char *first, const char *second, const char *third)
{
	const char *argv[] = {"proxy", first, second, third, NULL};
	int argc = 1;
	while (argc < 4 && argv[argc])
		argc++;
	options_destroy(&options);
	last_message[0] = '\0';
	bool good = options_parse(&options, argc, (char **)(uintptr_t)argv);
	CHECK(good == (last_message[0] == '\0'));
	return good;
}

static void test_sizes(void)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} good[] = {{"6144K", 6144ull << 10},
		    {"6m", 6ull << 20},
		    {"2G", 2ull << 30},
		    {"512", 512ull << 20},
		    {"0", 0},
		    {"17179869183G", 0xffffffffc0000000ull}};
	static const char *const bad[] = {"",
					  "G",
					  "-1M",
					  "+1M",
					  " 1M",
					  "1T",
					  "1MB",
					  "1.5G",
					  "0x10M",
					  "17179869184G",
					  "99999999999999999999M"};
	uint64_t bytes;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		CHECK(options_parse_size(good[i].text, &bytes));
		CHECK_EQ(bytes, good[i].bytes);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK(!options_parse_size(bad[i], &bytes));
}

static void test_defaults(void)
{
	CHECK(parse("app", "--cpus=3", "-x"));
	CHECK(options.isle == ISLE_AUTO && options.machine == MACHINE_MICROVM);
	CHECK(options.cpus == 1 && options.memory == 2ull << 30 && options.kvm == KVM_AUTO);
	CHECK(options.port == 18766 && !options.verbose && !options.isolated);
	/* What follows the application's name is the application's. */
	CHECK_EQ(options.app_argc, 3);
	CHECK_EQ(strcmp(options.app_argv[1], "--cpus=3"), 0);
	CHECK(!parse(NULL, NULL, NULL));
	CHECK(parse("--help", NULL, NULL) && options.help);
	CHECK(parse("--version", NULL, NULL) && options.version);
	CHECK(parse("--", "--app", NULL));
	CHECK_EQ(strcmp(options.app_argv[0], "--app"), 0);
}

static void test_values(void)
{
	CHECK(parse("--isle=uhyve", "app", NULL) && options.isle == ISLE_UHYVE);
	CHECK(parse("--isle=qemu", "app", NULL) && options.isle == ISLE_QEMU);
	CHECK(parse("--isle=7", "app", NULL) && options.isle == ISLE_NUMBER);
	CHECK_EQ(options.isle_number, 7);
	CHECK(parse("--machine=q35", "app", NULL) && options.machine == MACHINE_Q35);
	CHECK(parse("--cpus", "4", "app") && options.cpus == 4);
	CHECK(parse("--mem=6M", "app", NULL) && options.memory == 6ull << 20);
	CHECK(parse("--mem=6145K", "app", NULL) && options.memory == 6148ull << 10);
	CHECK(parse("--kvm=0", "app", NULL) && options.kvm == KVM_OFF);
	CHECK(parse("--kvm=1", "app", NULL) && options.kvm == KVM_ON);
	CHECK(!options.no_sandbox);
	CHECK(parse("--no-sandbox", "app", NULL) && options.no_sandbox);
	CHECK(parse("--debug", "app", NULL) && options.debug == DEBUG_ON);
	CHECK(parse("--debug=wait", "app", NULL) && options.debug == DEBUG_WAIT);
	CHECK(options.debug_port == 1234);
	CHECK(parse("--debug=wait:4321", "app", NULL) && options.debug == DEBUG_WAIT);
	CHECK(options.debug_port == 4321);
	CHECK(parse("--debug=5", "app", NULL) && options.debug == DEBUG_ON);
	CHECK(options.debug_port == 1234);
	CHECK(parse("--debug=65535", "app", NULL) && options.debug == DEBUG_ON);
	CHECK(options.debug_port == 65535);
	CHECK(parse("--debug=0", "app", NULL) && options.debug == DEBUG_OFF);
	CHECK(!parse("--debug=65536", "app", NULL));
	CHECK(!parse("--debug=later", "app", NULL));
	CHECK(parse("--debug=wait:", "app", NULL) && options.debug_port == 1234);
	CHECK(!parse("--debug=wait:0", "app", NULL));
	CHECK(!parse("--debug=wait:+5", "app", NULL));
	CHECK(parse("--port=1000", "--monitor", "app") && options.port == 1000 && options.monitor);
	CHECK(parse("--numa=16", "--machine=pc", "app") && options.nodes == 16);
	CHECK(parse("--numa=2", "app", NULL) && options.machine == MACHINE_Q35);
	CHECK(!parse("--numa=2", "--machine=microvm", "app"));
	CHECK(parse("--numa=1", "app", NULL) && options.nodes == 1);
	CHECK(parse("--mount=/a:/b:ro", "--mount=c:/d", "app"));
	CHECK_EQ(options.mount_count, 2);
	CHECK(options.mounts[0].readonly && !options.mounts[1].readonly);
	CHECK(strcmp(options.mounts[0].guest, "/b") == 0 &&
	      strcmp(options.mounts[1].host, "c") == 0);
}

static void test_refusals(void)
{
	static const char *const bad[] = {
		"--isle=xen", "--isle=-1",   "--isle=255",   "--isle=",		"--machine=isapc",
		"--cpus=0",   "--cpus=256",  "--cpus=x",     "--cpus=1-2",	"--mem=1M",
		"--mem=513G", "--mem=lots",  "--kvm=2",	     "--port=0",	"--port=65535",
		"--mount=/a", "--mount=:/b", "--mount=/a:b", "--mount=/a:/b:x", "--qemu=",
		"--nonsense", "-z",	     "--verbose=1",  "--numa=0",	"--numa=17"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CHECK(!parse(bad[i], "app", NULL));
		CHECK(!strchr(last_message, '\n'));
	}
	CHECK(!parse("--mem", NULL, NULL));
	CHECK(strstr(last_message, "--mem"));
	CHECK(!parse("-z", "app", NULL));
	CHECK(strstr(last_message, "-z"));
}

static void test_environment(void)
{
	setenv("HERMIT_CPUS", "3", 1);
	setenv("HERMIT_MEM", "64M", 1);
	setenv("HERMIT_VERBOSE", "1", 1);
	setenv("HERMIT_MONITOR", "0", 1);
	setenv("HERMIT_KVM", "", 1);
	setenv("HERMIT_QEMU", "/my/qemu", 1);
	CHECK(parse("--cpus=2", "app", NULL));
	CHECK(options.cpus == 2 && options.memory == 64 << 20 && options.verbose);
	CHECK(!options.monitor && options.kvm == KVM_AUTO);
	CHECK_EQ(strcmp(options.qemu, "/my/qemu"), 0);
	setenv("HERMIT_MEM", "much", 1);
	CHECK(!parse("app", NULL, NULL));
	CHECK(strstr(last_message, "HERMIT_MEM") && strstr(last_message, "much"));
	unsetenv("HERMIT_MEM");
	unsetenv("HERMIT_CPUS");
	unsetenv("HERMIT_VERBOSE");
	unsetenv("HERMIT_QEMU");
}

static void test_network_options(void)
{
	static const char *const bad[] = {
		"--nic=ne2000",
		"--nic=",
		"--app-port=0",
		"--app-port=65536",
		"--app-port=+80",
		"--publish=80",
		"--publish=:80",
		"--publish=80:",
		"--publish=1.2.3:80:80",
		"--publish=0:80",
		"--publish=80:65536",
		"--publish=80:80/sctp",
		"--publish=a:80:80",
		"--publish=[::1]:80:80",
		"--publish=80:80/",
		"--publish=/udp",
		"--publish=1:2/udp:3",
		"--publish=1.2.3.4.5.6.7.8.9:1:2",
		"--netif=",
		"--netif=@",
		"--netif=@x",
		"--netif=@99999999",
		"--netif=a/b",
		"--netif=sixteenletters16",
		"--netif=..",
		"--ip=10.0.5",
		"--ip=0.1.2.3",
		"--ip=127.0.0.1",
		"--ip=224.0.0.1",
		"--ip=10.0.5.2/24",
		"--gateway=10.0.5.x",
		"--mask=255.0.255.0",
		"--mask=0.0.0.0",
		"--mask=24",
		"--netif-mac=52:54:00:12:34",
		"--netif-mac=01:54:00:12:34:56",
		"--netif-mac=00:00:00:00:00:00",
		"--netif-mac=52-54-00-12-34-56",
		"--netif-mac=52:54:00:12:34:5g",
	};
	const uint8_t mac[6] = {0x52, 0xab, 0, 0x12, 0xCD, 0x56};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (parse(bad[i], "app", NULL))
			fprintf(stderr, "%s was taken\n", bad[i]);
		CHECK(!parse(bad[i], "app", NULL));
		CHECK(!strchr(last_message, '\n'));
	}
	CHECK(parse("app", NULL, NULL) && options.net.nic == NIC_VIRTIO && !options.net.tap);
	CHECK(parse("--publish=8080:80", "--publish=0.0.0.0:53:5353/udp", "app"));
	CHECK_EQ(options.net.rule_count, 2);
	CHECK_EQ(options.net.rules[0].host.s_addr, htonl(INADDR_LOOPBACK));
	CHECK(options.net.rules[0].host_port == 8080 && options.net.rules[0].guest_port == 80);
	CHECK(options.net.rules[1].udp && options.net.rules[1].host_port == 53);
	CHECK_EQ(options.net.rules[1].host.s_addr, 0);
	CHECK(parse("--netif=tap0", "--netif-mac=52:aB:00:12:cD:56", "app"));
	CHECK_EQ(memcmp(options.net.mac, mac, 6), 0);
	CHECK(parse("--netif=@12", "--ip=dhcp", "app") && options.net.ip.s_addr == 0);
}

/* Options that do not go together. */
static void test_network_conflicts(void)
{
	CHECK(!parse("--netif=tap0", "--publish=1:2", "app") &&
	      strstr(last_message, "HERMIT_NETIF"));
	CHECK(!parse("--nic=none", "--app-port=1", "app") && strstr(last_message, "HERMIT_NIC"));
	CHECK(!parse("--nic=none", "--netif=tap0", "app"));
	CHECK(!parse("--nic=e1000", "--machine=microvm", "app") && strstr(last_message, "q35"));
	CHECK(parse("--nic=e1000", "--machine=pc", "app") && options.machine == MACHINE_PC);
	CHECK(parse("--nic=rtl8139", "app", NULL) && options.machine == MACHINE_Q35);
	CHECK(!parse("--isle=uhyve", "--nic=e1000", "app") && strstr(last_message, "qemu"));
	CHECK(parse("--isle=uhyve", "--nic=none", "app"));
	CHECK(parse("--isle=uhyve", "--netif=tap0", "app"));
	/* Network and broadcast address, gateway elsewhere or the machine itself. */
	CHECK(!parse("--netif=tap0", "--ip=10.0.5.0", "app"));
	CHECK(!parse("--netif=tap0", "--ip=10.0.5.255", "app"));
	CHECK(!parse("--netif=tap0", "--ip=10.0.6.2", "app"));
	CHECK(!parse("--netif=tap0", "--gateway=10.0.5.2", "app"));
	CHECK(parse("--netif=tap0", "--gateway=0.0.0.0", "app"));
	CHECK(parse("--netif=tap0", "--mask=255.255.255.252", "app"));
	/* The variable's port gives way to the option's. */
	setenv("HERMIT_APP_PORT", "8000", 1);
	CHECK(parse("--app-port=9000", "app", NULL) && options.net.rule_count == 1);
	CHECK_EQ(options.net.rules[0].host_port, 9000);
	unsetenv("HERMIT_APP_PORT");
}

static bool has_arg(const struct qemu_command *command, const char *text)
{
	for (int i = 0; i < command->argc; i++)
		if (strcmp(command->argv[i], text) == 0)
			return true;
	return false;
}

static void test_command(void)
{
	struct qemu_host host = {.listener = -1, .tap = -1, .vhost = -1};
	struct qemu_command command;
	char text[4096] = "";

	CHECK(parse("--cpus=2", "--debug=wait", "app"));
	CHECK_EQ(qemu_command_build(&command, &options, "it's an image", &host), 0);
	CHECK(has_arg(&command, "it's an image") && has_arg(&command, "tcg,thread=multi"));
	CHECK(has_arg(&command, "max") && has_arg(&command, "-S") && has_arg(&command, "-gdb"));
	CHECK(!command.argv[command.argc]);
	FILE *out = fmemopen(text, sizeof(text), "w");
	qemu_command_print(&command, out);
	fclose(out);
	CHECK(strstr(text, "'it'\\''s an image'"));
	qemu_command_destroy(&command);
	CHECK(parse("--icount", "--cpus=2", "app"));
	host.kvm = true;
	CHECK_EQ(qemu_command_build(&command, &options, "x", &host), 0);
	CHECK(has_arg(&command, "host") && has_arg(&command, "kvm") &&
	      has_arg(&command, "shift=0"));
	qemu_command_destroy(&command);
}

static void build(struct qemu_command *command, const char *first, const char *second,
		  const struct qemu_host *host)
{
	CHECK(parse(first, second, "app"));
	CHECK_EQ(qemu_command_build(command, &options, "x", host), 0);
}

static void test_checkpoints(void)
{
	CHECK(parse("app", NULL, NULL) && !options.checkpoint.wanted &&
	      !options.checkpoint.restore);
	CHECK(parse("--checkpoint=5", "app", NULL) && options.checkpoint.interval_s == 5);
	CHECK(options.checkpoint.wanted && options.isle == ISLE_UHYVE);
	CHECK(parse("--checkpoint=0", "app", NULL) && !options.checkpoint.wanted);
	CHECK(parse("--checkpoint-dir", "d", "app") && options.checkpoint.wanted);
	CHECK_EQ(strcmp(options.checkpoint.dir, "d"), 0);
	CHECK(parse("--checkpoint-exit", "app", NULL) && options.checkpoint.exit);
	CHECK(parse("--restore", "d", NULL) && options.isle == ISLE_UHYVE);
	CHECK(!options.checkpoint.wanted && !options.checkpoint.advance);
	CHECK(parse("--restore=d", "--restore-time=advanced", NULL) && options.checkpoint.advance);
	CHECK(parse("--restore=d", "--no-verify", NULL) && options.checkpoint.no_verify);
	CHECK(!parse("--restore=d", "app", NULL));
	CHECK(!parse("--restore=", NULL, NULL));
	CHECK(!parse("--checkpoint=-1", "app", NULL));
	CHECK(!parse("--checkpoint=1000001", "app", NULL));
	CHECK(!parse("--restore=d", "--restore-time=later", NULL));
	CHECK(!parse("--isle=qemu", "--checkpoint=5", "app"));
	CHECK(!parse("--debug", "--checkpoint=5", "app"));
	setenv("HERMIT_CHECKPOINT", "7", 1);
	setenv("HERMIT_FULLCHECKPOINT", "1", 1);
	CHECK(parse("app", NULL, NULL) && options.checkpoint.interval_s == 7);
	CHECK(options.checkpoint.full);
	unsetenv("HERMIT_CHECKPOINT");
	unsetenv("HERMIT_FULLCHECKPOINT");
}

static void test_network_command(void)
{
	struct qemu_host host = {
		.listener = -1, .tap = -1, .vhost = -1, .mac = {0x52, 0x54, 0, 1, 2, 0xff}};
	struct qemu_command command;

	build(&command, "--publish=0.0.0.0:8080:80", "--publish=53:5353/udp", &host);
	CHECK(has_arg(&command, "user,id=net,hostfwd=tcp:0.0.0.0:8080-:80,hostfwd=udp:127.0.0.1:53-"
				":5353"));
	CHECK(has_arg(&command, "virtio-net-device,netdev=net,mac=52:54:00:01:02:ff"));
	qemu_command_destroy(&command);
	build(&command, "--nic=none", "--cpus=1", &host);
	CHECK(!has_arg(&command, "-netdev"));
	qemu_command_destroy(&command);
	host.listener = 5;
	strcpy(host.token, "abc");
	build(&command, "--nic=none", "--port=2000", &host);
	CHECK(has_arg(&command, "socket,id=hc,host=127.0.0.1,port=2000,nodelay=on"));
	CHECK(strstr(command.argv[command.argc - 1], " hermit.token=abc"));
	qemu_command_destroy(&command);
	host.listener = -1;
	host.tap = 9;
	build(&command, "--netif=tap0", "--ip=10.0.5.9", &host);
	CHECK(has_arg(&command, "tap,id=net,fd=6"));
	CHECK(strstr(command.argv[command.argc - 1],
		     " hermit.ip=10.0.5.9 hermit.gateway=10.0.5.1 hermit.mask=255.255.255.0"));
	qemu_command_destroy(&command);
	host.vhost = 10;
	build(&command, "--netif=tap0", "--ip=dhcp", &host);
	CHECK(has_arg(&command, "tap,id=net,fd=6,vhostfd=7"));
	CHECK(!strstr(command.argv[command.argc - 1], "hermit.ip"));
	qemu_command_destroy(&command);
}

static void test_memory_split(void)
{
	const uint64_t mib = 1 << 20, gib = 1 << 30;
	CHECK_EQ(qemu_memory_below_4g(MACHINE_MICROVM, 3 * gib), 3 * gib);
	CHECK_EQ(qemu_memory_below_4g(MACHINE_MICROVM, 4 * gib), 3 * gib);
	CHECK_EQ(qemu_memory_below_4g(MACHINE_Q35, 2815 * mib), 2815 * mib);
	CHECK_EQ(qemu_memory_below_4g(MACHINE_Q35, 2816 * mib), 2 * gib);
	CHECK_EQ(qemu_memory_below_4g(MACHINE_PC, 3583 * mib), 3583 * mib);
	CHECK_EQ(qemu_memory_below_4g(MACHINE_PC, 3584 * mib), 3 * gib);
}

int main(void)
{
	test_sizes();
	test_defaults();
	test_values();
	test_refusals();
	test_environment();
	test_network_options();
	test_network_conflicts();
	test_checkpoints();
	test_command();
	test_network_command();
	test_memory_split();
	options_destroy(&options);
	return 0;
}
