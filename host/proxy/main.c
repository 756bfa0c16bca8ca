/* SPDX-License-Identifier: BSD-3-Clause */
/* proxy: starts an image in its isle and serves it; proxy(1). */
#include "checkpoint.h"
#include "isle.h"
#include "kvm_choice.h"
#include "machine.h"
#include "message.h"
#include "options.h"
#include "qemu_isle.h"
#include "signals.h"
#include "terminal.h"
#include "uhyve_isle.h"

#include "common/elf_image.h"
#include "common/file_server.h"
#include "common/mount_rules.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define START_MEMORY (576u << 10) /* beside the image, until main() of a small program */
#define CPU_MEMORY   (48u << 10)  /* for each processor but the first */

/* All that one run of the proxy owns. */
struct session {
	struct options options;
	int std[3]; /* standard input, output and error for the guest, -1: closed */
	struct mount_table mounts;
	union {
		struct qemu_isle qemu;
		struct uhyve_isle uhyve;
	} isle;
	struct checkpointer checkpointer;
	struct file_server files;
	struct hostcall_identity identity;
	int image_fd;
	struct elf_image elf;
	char *image; /* where the guest finds it, for /proc/self/exe */
	char *cwd;
};

static int refuse_image(const char *path, const char *reason)
{
	proxy_message("%s: %s", path, reason);
	return STATUS_NOT_IMAGE;
}

/* Is the file an image that this version can run as OPTIONS say? 0 or a status after a message. */
static int check_image_file(const char *path, int fd, const struct options *options,
			    struct elf_image *image)
{
	uint64_t memory = options->memory;
	uint64_t more = START_MEMORY + (uint64_t)(options->cpus - 1) * CPU_MEMORY;
	struct stat st;
	const char *reason;

	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		return refuse_image(path, "not a file");
	if (elf_image_parse_fd(image, fd, &reason) != 0)
		return refuse_image(path, reason);
	if (!elf_image_is_hermit(image) || !elf_image_is_sealed(image))
		return refuse_image(path,
				    "not a HermitCore image (build it with x86_64-hermit-gcc)");
	if (image->note.abi_version != HERMIT_ABI_VERSION || image->note.hc_version != HC_VERSION) {
		proxy_message("%s: built for version %u.%u of the kernel's interface, this proxy "
			      "has %u.%u; link it again",
			      path, image->note.abi_version, image->note.hc_version,
			      HERMIT_ABI_VERSION, HC_VERSION);
		return STATUS_NOT_IMAGE;
	}
	if (image->note.image_end > memory || memory - image->note.image_end < more) {
		proxy_message("%s: needs at least %llu KiB of memory (HERMIT_MEM), not %llu", path,
			      (unsigned long long)((image->note.image_end + more + 1023) >> 10),
			      (unsigned long long)(memory >> 10));
		return STATUS_NOT_IMAGE;
	}
	return 0;
}

/* Opens and checks the image; 0 or a status after a message. */
static int open_image(struct session *session)
{
	const struct options *options = &session->options;
	const char *path = options->app_argv[0];
	int err;

	session->image_fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	err = errno;
	if (session->image_fd < 0) {
		proxy_message("%s: %s", path, strerror(err));
		return err == ENOENT || err == ENOTDIR ? STATUS_NO_IMAGE : STATUS_NOT_IMAGE;
	}
	return check_image_file(path, session->image_fd, options, &session->elf);
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

/* Closes what the proxy got from whoever started it, but the standard descriptors, their copies and
 * the tap device that an option names. */
static void close_inherited(const int std[3], int tap)
{
	const int needed[] = {std[0], std[1], std[2], tap};
	unsigned next = 3;

	for (;;) {
		unsigned kept = ~0u;

		for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
			if (needed[i] >= 0 && (unsigned)needed[i] >= next &&
			    (unsigned)needed[i] < kept)
				kept = (unsigned)needed[i];
		if (kept > next)
			syscall(SYS_close_range, next, kept == ~0u ? kept : kept - 1, 0);
		if (kept == ~0u)
			return;
		next = kept + 1;
	}
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

static void describe_guest(struct session *session, const struct isle *isle, char **envp)
{
	struct rlimit stack;
	session->identity = (struct hostcall_identity){
		.argc = session->options.app_argc,
		.argv = session->options.app_argv,
		.envp = envp,
		.image = session->image ? session->image : session->options.app_argv[0],
		.token = isle->token,
		.umask = umask(0), /* the guest applies it */
		.stack_limit = getrlimit(RLIMIT_STACK, &stack) == 0 ? stack.rlim_cur : 0,
		.tsc_hz = isle->ops->tsc_hz,
		.memory = isle->ops->memory,
		.context = isle->context};
}

static int start_isle(struct session *session, struct isle *isle)
{
	const struct options *options = &session->options;

	switch (options->isle) {
	case ISLE_QEMU:
		return qemu_isle_start(&session->isle.qemu, options, isle);
	case ISLE_UHYVE:
		return uhyve_isle_start(&session->isle.uhyve, options, session->image_fd,
					&session->elf, &session->checkpointer, isle);
	default:
		proxy_message("isle %u: the multi-kernel is not available in this version; "
			      "use 'qemu'",
			      options->isle_number);
		return STATUS_PROXY;
	}
}

static int run(struct session *session, char **envp)
{
	static struct machine machine; /* its logs are too large for the stack */
	const struct options *options = &session->options;
	struct checkpointer *checkpointer = &session->checkpointer;

	isle_choose(&session->options);
	if (options->isle == ISLE_UHYVE && !options->no_sandbox)
		close_inherited(session->std, net_options_tap_fd(&options->net));
	int status = checkpointer_open(checkpointer, &session->options);
	if (!status)
		status = open_image(session);
	if (!status)
		status = build_mounts(session);
	if (!status)
		status = checkpointer_prepare(checkpointer, options, session->image_fd,
					      session->cwd);
	if (status)
		return status;
	raise_descriptor_limit();
	machine.signal_fd = signals_open();
	status = start_isle(session, &machine.isle);
	close(session->image_fd);
	if (status)
		return status;
	if (options->isle == ISLE_UHYVE) {
		status = checkpointer_start(checkpointer, session->isle.uhyve.machine);
		machine.checkpoints = checkpointer;
	}
	terminal_save();
	describe_guest(session, &machine.isle, envp);
	machine.patient = options->debug != DEBUG_OFF || options->monitor;
	log_relay_init(&machine.log, machine.isle.log_fd, options->verbose);
	log_relay_init(&machine.errors, machine.isle.error_fd, options->verbose);
	if (!status)
		status = serve_files(session);
	if (!status && options->isle == ISLE_UHYVE)
		status = uhyve_isle_confine(options, &session->mounts, checkpointer->dir_fd);
	if (!status &&
	    hostcall_server_init(&machine.server, &session->files, &session->identity) == 0)
		return machine_run(&machine);
	machine.isle.ops->kill(machine.isle.context);
	return status ? status : STATUS_PROXY;
}

int main(int argc, char **argv, char **envp)
{
	static struct session session;
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
