/* SPDX-License-Identifier: BSD-3-Clause */
/* See qemu_isle.h. */
#include "qemu_isle.h"

#include "channel_port.h"
#include "host_net.h"
#include "kvm_choice.h"
#include "machine.h"
#include "message.h"
#include "qemu_command.h"
#include "qmp.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define QMP_TIMEOUT_MS 2000
#define ICOUNT_TSC_HZ  1000000000u /* -icount shift=0: an instruction takes 1 ns */

/* Until the guest has greeted, QEMU or somebody else connects to the listener. */
static ssize_t accept_channel(struct qemu_isle *qemu)
{
	int one = 1;
	int fd = accept4(qemu->host.listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd >= 0) {
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		qemu->process.channel = qemu->isle->channel_fd = fd;
	}
	return -EAGAIN;
}

static bool qemu_next_peer(void *context)
{
	struct qemu_isle *qemu = context;

	if (qemu->host.listener < 0)
		return false;
	close(qemu->process.channel);
	qemu->process.channel = -1;
	qemu->isle->channel_fd = qemu->host.listener;
	return true;
}

static void qemu_greeted(void *context)
{
	struct qemu_isle *qemu = context;

	if (qemu->host.listener >= 0)
		close(qemu->host.listener);
	qemu->host.listener = -1;
}

static ssize_t qemu_receive(void *context, struct frame_reader *reader)
{
	struct qemu_isle *qemu = context;

	if (qemu->process.channel < 0)
		return accept_channel(qemu);
	return frame_reader_fill(reader, qemu->process.channel);
}

static ssize_t qemu_send(void *context, const struct iovec *pieces, int count)
{
	const struct qemu_isle *qemu = context;

	return frame_send_fd(qemu->process.channel, pieces, count);
}

static uint64_t qemu_tsc_hz(void *context)
{
	const struct qemu_isle *qemu = context;

	return qemu->options->icount ? ICOUNT_TSC_HZ : clock_rate_since(&qemu->start);
}

/*
 * Bulk data by reference needs the right to reach into QEMU, which some systems withhold even from
 * its parent. Then data goes through the channel. So it does where the memory of several nodes lies
 * in several places of QEMU's.
 */
static const struct guest_mem *qemu_memory(void *context)
{
	struct qemu_isle *qemu = context;
	const struct options *options = qemu->options;
	uint64_t address;

	if (options->nodes > 1 || !guest_mem_permitted(qemu->process.pid) ||
	    qmp_wait_memory(qemu->process.control, QMP_TIMEOUT_MS, &address) != 0)
		return NULL;
	guest_mem_attach(&qemu->mem, qemu->process.pid, address, options->memory,
			 qemu_memory_below_4g(options->machine, options->memory));
	return &qemu->mem;
}

static void qemu_stop(void *context)
{
	const struct qemu_isle *qemu = context;

	kill(qemu->process.pid, SIGSTOP);
}

static void qemu_resume(void *context)
{
	const struct qemu_isle *qemu = context;

	kill(qemu->process.pid, SIGCONT);
}

static void qemu_kill(void *context)
{
	struct qemu_isle *qemu = context;

	qemu_process_kill(&qemu->process);
}

static void qemu_wait(void *context)
{
	struct qemu_isle *qemu = context;

	qemu->wait_status = qemu_process_wait(&qemu->process);
}

static int qemu_end_status(struct machine *machine, void *context)
{
	const struct qemu_isle *qemu = context;
	int status = qemu->wait_status;
	char line[512];

	if (WIFSIGNALED(status)) {
		proxy_message("QEMU was killed by signal %d", WTERMSIG(status));
		return STATUS_PROXY;
	}
	if (WEXITSTATUS(status) != 0) {
		if (log_relay_first_line(&machine->errors, line, sizeof(line)))
			proxy_message("QEMU failed: %s", line);
		else
			proxy_message("QEMU failed with status %d", WEXITSTATUS(status));
		return STATUS_PROXY;
	}
	proxy_message("the machine %s", machine->server.greeted
						? "stopped before the application ended"
						: "stopped during its start");
	log_relay_dump(&machine->log, "Kernel log:\n");
	return STATUS_KERNEL;
}

static const struct isle_ops qemu_ops = {
	.receive = qemu_receive,
	.send = qemu_send,
	.next_peer = qemu_next_peer,
	.greeted = qemu_greeted,
	.tsc_hz = qemu_tsc_hz,
	.memory = qemu_memory,
	.stop = qemu_stop,
	.resume = qemu_resume,
	.kill = qemu_kill,
	.wait = qemu_wait,
	.end_status = qemu_end_status,
};

static int check_ports(const struct options *options)
{
	const struct in_addr loopback = {htonl(INADDR_LOOPBACK)};
	int status = 0;

	if (options->debug != DEBUG_OFF)
		status = host_net_check_port(loopback, options->debug_port, false, "GDB");
	if (!status && options->monitor)
		status = host_net_check_port(loopback, options->port + 1, false, "the monitor");
	return status;
}

/* Fills in the network's part of HOST, in which `kvm` is set; NET is to be closed. */
static int open_network(const struct net_options *options, struct qemu_host *host,
			struct host_net *net)
{
	/* QEMU would write the header into the file as a part of the frame. Frames that go past it
	 * cannot be captured, and without KVM nobody could tell vhost of notifications. */
	const struct host_net_wish wish = {.header = !options->capture,
					   .vhost = host->kvm && options->nic == NIC_VIRTIO &&
						    !options->capture};

	if (options->capture && options->nic != NIC_NONE) {
		int fd = host_net_open_capture();
		if (fd < 0)
			return STATUS_PROXY;
		close(fd);
	}
	int status = host_net_open(options, &wish, net);
	host->tap = net->tap;
	host->vhost = net->vhost;
	memcpy(host->mac, net->mac, sizeof(host->mac));
	return status;
}

/* QEMU with what HOST says. */
static int launch(struct qemu_isle *qemu)
{
	const struct qemu_host *host = &qemu->host;
	const struct options *options = qemu->options;
	struct qemu_command command;

	int err = qemu_command_build(&command, options, options->app_argv[0], host);
	if (!err && options->verbose)
		qemu_command_print(&command, stderr);
	if (!err)
		err = qemu_process_start(&qemu->process, &command, host);
	if (!err)
		qmp_ask_memory(qemu->process.control);
	else
		proxy_message("cannot start %s: %s%s", options->qemu, strerror(-err),
			      err == -ENOENT ? " (Debian: apt install qemu-system-x86)" : "");
	qemu_command_destroy(&command);
	return err ? STATUS_PROXY : 0;
}

int qemu_isle_start(struct qemu_isle *qemu, const struct options *options, struct isle *isle)
{
	const struct qemu_process *process = &qemu->process;
	struct qemu_host *host = &qemu->host;
	struct host_net net;

	*qemu = (struct qemu_isle){.options = options, .isle = isle, .start = clock_sample_now()};
	int status = check_ports(options);
	if (!status)
		status = channel_port_open(options, host);
	if (!status)
		status = kvm_choose(options, &host->kvm);
	if (!status)
		status = open_network(&options->net, host, &net);
	if (status)
		return status;
	status = launch(qemu);
	host_net_close(&net);
	*isle = (struct isle){.ops = &qemu_ops,
			      .context = qemu,
			      .name = "QEMU",
			      .channel_fd = host->listener >= 0 ? host->listener : process->channel,
			      .token = host->token[0] ? host->token : NULL,
			      .polls_out = true,
			      .end_fd = process->pidfd,
			      .log_fd = process->log,
			      .error_fd = process->errors,
			      .debug_fd = -1};
	return status;
}
