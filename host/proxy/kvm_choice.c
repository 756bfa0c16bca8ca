/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * See kvm_choice.h. The probe's answer is kept in the user's runtime directory, which the system
 * empties at each start: a file "hermit-kvm" of one letter. It also marks that the user has been
 * told.
 */
#include "kvm_choice.h"

#include "kvm_probe.h"
#include "message.h"

#include "uhyve/uhyve.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define CACHE_NAME "hermit-kvm"

/* The runtime directory, if it is this user's own and nobody else's; -1 otherwise. */
static int open_runtime_dir(void)
{
	const char *named = getenv("XDG_RUNTIME_DIR");
	char path[PATH_MAX];
	struct stat st;

	if (named && named[0] == '/')
		snprintf(path, sizeof(path), "%s", named);
	else if (getuid() == 0)
		snprintf(path, sizeof(path), "/run");
	else
		snprintf(path, sizeof(path), "/run/user/%u", (unsigned)getuid());
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	if (fstat(fd, &st) != 0 || st.st_uid != getuid() || (st.st_mode & (S_IWGRP | S_IWOTH))) {
		close(fd);
		return -1;
	}
	return fd;
}

/* The letter in the cache, or 0. */
static char cache_read(int dir)
{
	char letter = 0;
	int fd = openat(dir, CACHE_NAME, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return 0;
	if (read(fd, &letter, 1) != 1)
		letter = 0;
	close(fd);
	return letter;
}

static void cache_write(int dir, char letter)
{
	int fd = openat(dir, CACHE_NAME, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
			0600);
	if (fd < 0)
		return;
	ssize_t written = write(fd, &letter, 1);
	(void)written;
	close(fd);
}

/* The probe's answer, or what it was before. *IS_NEW: the user has not been told yet, and will not
 * be told again. */
static enum kvm_fitness fitness_remembered(const char **reason, bool *is_new)
{
	int dir = open_runtime_dir();
	char known = dir >= 0 ? cache_read(dir) : 0;
	enum kvm_fitness fitness;

	*reason = "the check at its first use has failed";
	fitness = known == 'y' ? KVM_FIT : known == 'n' ? KVM_UNFIT : kvm_probe(reason);
	*is_new = dir >= 0 && !known;
	if (dir >= 0) {
		if (!known && fitness != KVM_ABSENT)
			cache_write(dir, fitness == KVM_FIT ? 'y' : 'n');
		close(dir);
	}
	return fitness;
}

/* Without a word from the user: KVM where it is fit; says once per user and boot why not. */
static bool kvm_fit_quietly(bool verbose)
{
	const char *reason;
	bool is_new;
	enum kvm_fitness fitness = fitness_remembered(&reason, &is_new);

	if (fitness == KVM_UNFIT && (is_new || verbose))
		proxy_message("/dev/kvm is not used: %s (HERMIT_KVM=0 skips this check)", reason);
	else if (fitness != KVM_FIT && verbose)
		proxy_message("no KVM, QEMU translates");
	return fitness == KVM_FIT;
}

/* Has something been asked for that only QEMU's machines have? Cards of its own and NUMA nodes have
 * changed the machine's type. */
static bool needs_qemu(const struct options *options)
{
	return options->machine != MACHINE_MICROVM || options->machine_given ||
	       options->qemu_given || options->port_given || options->monitor || options->icount;
}

void isle_choose(struct options *options)
{
	struct uhyve_error error;
	const char *reason;

	if (options->isle != ISLE_AUTO)
		return;
	options->isle = ISLE_QEMU;
	if (options->kvm == KVM_OFF || needs_qemu(options))
		return;
	options->kvm_is_fit = options->kvm == KVM_ON ? kvm_probe(&reason) == KVM_FIT
						     : kvm_fit_quietly(options->verbose);
	if (!options->kvm_is_fit) {
		if (options->kvm == KVM_AUTO)
			options->kvm = KVM_OFF; /* not again */
		return;
	}
	if (uhyve_check(&error) == 0)
		options->isle = ISLE_UHYVE;
	else if (options->verbose)
		proxy_message("isle 'qemu', as %s", error.text);
}

int kvm_require(const struct options *options)
{
	const char *reason;
	bool is_new;
	enum kvm_fitness fitness;

	if (options->kvm == KVM_OFF) {
		proxy_message("isle 'uhyve' is made of KVM: not with --kvm=0 (HERMIT_KVM)");
		return STATUS_PROXY;
	}
	if (options->kvm_is_fit)
		return 0;
	fitness =
		options->kvm == KVM_ON ? kvm_probe(&reason) : fitness_remembered(&reason, &is_new);
	if (fitness != KVM_UNFIT)
		return 0;
	proxy_message("isle 'uhyve' needs a fit /dev/kvm: %s; use isle 'qemu'", reason);
	return STATUS_PROXY;
}

int kvm_choose(const struct options *options, bool *kvm)
{
	const char *reason;

	*kvm = false;
	if (options->icount && options->kvm == KVM_ON) {
		proxy_message(
			"--icount needs --kvm=0: only QEMU's translation counts instructions");
		return STATUS_PROXY;
	}
	if (options->kvm == KVM_OFF || options->icount)
		return 0;
	if (options->kvm == KVM_AUTO) {
		*kvm = kvm_fit_quietly(options->verbose);
		return 0;
	}
	if (kvm_probe(&reason) != KVM_FIT) {
		proxy_message("KVM cannot be used: %s (HERMIT_KVM=0 does without)", reason);
		return STATUS_PROXY;
	}
	*kvm = true;
	return 0;
}
