/* SPDX-License-Identifier: BSD-3-Clause */
/* proxy: starts an image in its isle and serves it; proxy(1). */
#include "clock_rate.h"
#include "host_net.h"
#include "kvm_choice.h"
#include "machine.h"
#include "message.h"
#include "options.h"
#include "qemu_command.h"
#include "qemu_process.h"
#include "qmp.h"
#include "signals.h"
#include "terminal.h"

#include "common/elf_image.h"
#include "common/file_server.h"
#include "common/guest_mem.h"
#include "common/mount_rules.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define QMP_TIMEOUT_MS 2000
#define ICOUNT_TSC_HZ  1000000000u /* -icount shift=0: an instruction takes 1 ns */

/* All that one run of the proxy owns. */
struct session {
	struct options options;
	int std[3]; /* standard input, output and error for the guest, -1: closed */
	struct clock_sample start;
	struct mount_table mounts;
	struct qemu_process *qemu;
	struct guest_mem mem; /* once the guest has said HC_HELLO */
	struct file_server files;
	struct hostcall_identity identity;
	char *image; /* where the guest finds it, for /proc/self/exe */
	char *cwd;
};

static uint64_t guest_tsc_hz(void *context)
{
	const struct session *session = context;
	return session->options.icount ? ICOUNT_TSC_HZ : clock_rate_since(&session->start);
}

/*
 * Bulk data by reference needs the right to reach into QEMU, which some systems withhold even from
 * its parent. Then data goes through the channel.
 */
static const struct guest_mem *guest_memory(void *context)
{
	struct session *session = context;
	const struct options *options = &session->options;
	uint64_t address;

	if (!guest_mem_permitted(session->qemu->pid) ||
	    qmp_wait_memory(session->qemu->control, QMP_TIMEOUT_MS, &address) != 0)
		return NULL;
	guest_mem_attach(&session->mem, session->qemu->pid, address, options->memory,
			 qemu_memory_below_4g(options->machine, options->memory));
	return &session->mem;
}

/* 0 or an exit status after a message. */
static int check_isle(const struct options *options)
{
	if (options->isle == ISLE_QEMU)
		return 0;
	if (options->isle == ISLE_UHYVE)
		proxy_message("isle 'uhyve' is not available in this version; use 'qemu'");
	else
		proxy_message("isle %u: the multi-kernel is not available in this version; "
			      "use 'qemu'",
			      options->isle_number);
	return STATUS_PROXY;
}

static int refuse_image(const char *path, const char *reason)
{
	proxy_message("%s: %s", path, reason);
	return STATUS_NOT_IMAGE;
}

/* Is the file an image that this version can run in MEMORY bytes? 0 or a status after a message. */
static int check_image_file(const char *path, int fd, uint64_t memory)
{
	struct elf_image image;
	struct stat st;
	const char *reason;

	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		return refuse_image(path, "not a file");
	if (elf_image_parse_fd(&image, fd, &reason) != 0)
		return refuse_image(path, reason);
	if (!elf_image_is_hermit(&image) || !elf_image_is_sealed(&image))
		return refuse_image(path,
				    "not a HermitCore image (build it with x86_64-hermit-gcc)");
	if (image.note.abi_version != HERMIT_ABI_VERSION || image.note.hc_version != HC_VERSION) {
		proxy_message("%s: built for version %u.%u of the kernel's interface, this proxy "
			      "has %u.%u; link it again",
			      path, image.note.abi_version, image.note.hc_version,
			      HERMIT_ABI_VERSION, HC_VERSION);
		return STATUS_NOT_IMAGE;
	}
	if (image.note.image_end > memory) {
		proxy_message("%s: needs at least %llu KiB of memory (HERMIT_MEM), not %llu", path,
			      (unsigned long long)((image.note.image_end + 1023) >> 10),
			      (unsigned long long)(memory >> 10));
		return STATUS_NOT_IMAGE;
	}
	return 0;
}

static int check_image(const char *path, uint64_t memory)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int err = errno;

	if (fd < 0) {
		proxy_message("%s: %s", path, strerror(err));
		return err == ENOENT || err == ENOTDIR ? STATUS_NO_IMAGE : STATUS_NOT_IMAGE;
	}
	int status = check_image_file(path, fd, memory);
	close(fd);
	return status;
}

static int build_mounts(struct session *session)
{
	const struct options *options = &session->options;
	const struct mount_rule *fault;
	struct mount_rules rules = {.isolated = options->isolated,
				    .rules = options->mounts,
				    .count = options->mount_count};

	session->cwd = getcwd(NULL, 0);
	if (!session->cwd || session->cwd[0] != '/') {
		proxy_message("the current directory does not exist any more");
		return STATUS_PROXY;
	}
	rules.cwd = session->cwd;
	int err = mount_rules_apply(&session->mounts, &rules, &fault);
	if (!err) {
		char *image = realpath(options->app_argv[0], NULL);
		if (image)
			session->image = mount_rules_place_image(&session->mounts, &rules, image);
		free(image);
		return 0;
	}
	if (!fault)
		proxy_message("%s: %s", session->cwd, strerror(-err));
	else if (err == -EPERM)
		proxy_message("--mount: the kernel itself serves %s", fault->guest);
	else if (err == -EINVAL)
		proxy_message("--mount: '%s' is not an absolute path without '..'", fault->guest);
	else
		proxy_message("--mount: %s: %s", fault->host, strerror(-err));
	return STATUS_PROXY;
}

/*
 * Copies of the three standard descriptors for the guest, -1 for what is closed. Their own numbers
 * get a stand-in where they were closed, before anything else can take them.
 */
static int copy_std_handles(int std[3])
{
	for (int i = 0; i < 3; i++) {
		std[i] = fcntl(i, F_DUPFD_CLOEXEC, 3);
		if (std[i] < 0 && open("/dev/null", O_RDWR) != i)
			return -errno;
	}
	return 0;
}

/* The guest alone decides when its standard input and output are closed. */
static int release_std_handles(void)
{
	int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null_fd < 0 || dup2(null_fd, STDIN_FILENO) < 0 || dup2(null_fd, STDOUT_FILENO) < 0)
		return -errno;
	close(null_fd);
	return 0;
}

static int serve_files(struct session *session)
{
	int err = release_std_handles();
	if (!err)
		err = file_server_init(&session->files, &session->mounts, session->std,
				       fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3));
	session->files.image_path = session->options.app_argv[0];
	if (err)
		proxy_message("cannot set up the file server: %s", strerror(-err));
	return err ? STATUS_PROXY : 0;
}

static void raise_descriptor_limit(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static int check_ports(const struct options *options)
{
	const struct in_addr loopback = {htonl(INADDR_LOOPBACK)};
	int status = 0;

	if (options->debug != DEBUG_OFF)
		status = host_net_check_port(loopback, QEMU_GDB_PORT, false, "GDB");
	if (!status && options->monitor)
		status = host_net_check_port(loopback, options->port + 1, false, "the monitor");
	return status;
}

/* QEMU with what HOST says. */
static int launch_qemu(const struct options *options, const struct qemu_host *host,
		       struct qemu_process *qemu)
{
	struct qemu_command command;

	int err = qemu_command_build(&command, options, options->app_argv[0], host);
	if (!err && options->verbose)
		qemu_command_print(&command, stderr);
	if (!err)
		err = qemu_process_start(qemu, &command, host);
	if (!err)
		qmp_ask_memory(qemu->control);
	else
		proxy_message("cannot start %s: %s%s", options->qemu, strerror(-err),
			      err == -ENOENT ? " (Debian: apt install qemu-system-x86)" : "");
	qemu_command_destroy(&command);
	return err ? STATUS_PROXY : 0;
}

static int start_qemu(struct session *session, struct qemu_process *qemu)
{
	const struct options *options = &session->options;
	struct qemu_host host;

	int status = check_ports(options);
	if (!status)
		status = kvm_choose(options, &host.kvm);
	if (!status)
		status = host_net_open(options, &host);
	if (status)
		return status;
	status = launch_qemu(options, &host, qemu);
	host_net_close(&host);
	return status;
}

static void describe_guest(struct session *session, char **envp)
{
	struct rlimit stack;
	session->identity = (struct hostcall_identity){
		.argc = session->options.app_argc,
		.argv = session->options.app_argv,
		.envp = envp,
		.image = session->image ? session->image : session->options.app_argv[0],
		.umask = umask(0), /* the guest applies it */
		.stack_limit = getrlimit(RLIMIT_STACK, &stack) == 0 ? stack.rlim_cur : 0,
		.tsc_hz = guest_tsc_hz,
		.memory = guest_memory,
		.context = session};
}

static int run(struct session *session, char **envp)
{
	static struct machine machine; /* its logs are too large for the stack */
	const struct options *options = &session->options;

	int status = check_isle(options);
	if (!status)
		status = check_image(options->app_argv[0], options->memory);
	if (!status)
		status = build_mounts(session);
	if (status)
		return status;
	raise_descriptor_limit();
	machine.signal_fd = signals_open();
	status = start_qemu(session, &machine.qemu);
	if (status)
		return status;
	session->qemu = &machine.qemu;
	terminal_save();
	describe_guest(session, envp);
	machine.patient = options->debug != DEBUG_OFF || options->monitor;
	log_relay_init(&machine.log, machine.qemu.log, options->verbose);
	log_relay_init(&machine.errors, machine.qemu.errors, options->verbose);
	status = serve_files(session);
	if (!status &&
	    hostcall_server_init(&machine.server, &session->files, &session->identity) == 0)
		return machine_run(&machine);
	qemu_process_kill(&machine.qemu);
	return status ? status : STATUS_PROXY;
}

int main(int argc, char **argv, char **envp)
{
	struct session session = {.start = clock_sample_now()};
	int status = 0;

	if (copy_std_handles(session.std) != 0)
		return STATUS_PROXY;
	if (!options_parse(&session.options, argc, argv))
		return STATUS_PROXY;
	if (session.options.help)
		fputs(options_help, stdout);
	else if (session.options.version)
		puts("proxy (HermitCore) " HERMIT_VERSION);
	else
		status = run(&session, envp);
	return status;
}
