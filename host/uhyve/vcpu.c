/* SPDX-License-Identifier: BSD-3-Clause */
/* See vcpu.h. */
#include "vcpu.h"

#include "common/event_fd.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define KICK_SIGNAL   SIGRTMIN
#define STACK_SIZE    (64u << 10)

#define NS_PER_SECOND 1000000000
#define JOIN_WAIT_NS  2000000

static pthread_once_t handler_once = PTHREAD_ONCE_INIT;

static void kicked(int signo)
{
	(void)signo;
}

static void install_handler(void)
{
	struct sigaction action = {.sa_handler = kicked};

	sigaction(KICK_SIGNAL, &action, NULL);
}

static void vcpu_stop(struct vcpu *vcpu, const char *text)
{
	vcpu->shared->stopped(vcpu->shared->context, text);
}

static void serve_port(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;
	struct device_access access = {
		.write = run->io.direction == KVM_EXIT_IO_OUT,
		.size = run->io.size,
		.count = run->io.count,
		.data = (uint8_t *)run + run->io.data_offset,
	};

	device_table_access(&vcpu->shared->ports, run->io.port, &access);
}

static void serve_memory(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;
	struct device_access access = {
		.write = run->mmio.is_write,
		.size = run->mmio.len,
		.count = 1,
		.data = run->mmio.data,
	};

	device_table_access(&vcpu->shared->memory, run->mmio.phys_addr, &access);
}

/* False: the guest cannot go on. */
static bool serve_exit(struct vcpu *vcpu)
{
	const struct kvm_run *run = vcpu->run;
	char text[96];

	switch (run->exit_reason) {
	case KVM_EXIT_IO:
		serve_port(vcpu);
		return true;
	case KVM_EXIT_MMIO:
		serve_memory(vcpu);
		return true;
	case KVM_EXIT_INTR:
	case KVM_EXIT_IRQ_WINDOW_OPEN:
		return true;
	case KVM_EXIT_DEBUG:
		if (vcpu->shared->debug)
			vcpu->shared->debug(vcpu->shared->debugger, vcpu);
		return true;
	case KVM_EXIT_SHUTDOWN:
		vcpu_stop(vcpu, "the processor was reset (a fault that nobody could handle)");
		return false;
	case KVM_EXIT_FAIL_ENTRY:
		snprintf(text, sizeof(text), "KVM cannot enter the guest: hardware reason %#llx",
			 (unsigned long long)run->fail_entry.hardware_entry_failure_reason);
		break;
	case KVM_EXIT_INTERNAL_ERROR:
		snprintf(text, sizeof(text), "KVM cannot run the guest: internal error %u",
			 run->internal.suberror);
		break;
	default:
		snprintf(text, sizeof(text), "KVM left the guest for an unknown reason %u",
			 run->exit_reason);
		break;
	}
	vcpu_stop(vcpu, text);
	return false;
}

/* Waits until it is held no longer, or all stop. */
static void vcpu_park(struct vcpu *vcpu)
{
	struct vcpu_shared *shared = vcpu->shared;

	pthread_mutex_lock(&shared->park_lock);
	while (atomic_load(&vcpu->held) && !atomic_load(&shared->stopping)) {
		/* It may have been released and held again before it woke: parked once more. */
		if (!vcpu->parked && shared->parked_fd >= 0)
			event_fd_signal(shared->parked_fd);
		vcpu->parked = true;
		pthread_cond_wait(&shared->park_end, &shared->park_lock);
	}
	pthread_mutex_unlock(&shared->park_lock);
}

/* Did the guest leave in the middle of an instruction? */
static bool is_access(const struct kvm_run *run)
{
	return run->exit_reason == KVM_EXIT_IO || run->exit_reason == KVM_EXIT_MMIO;
}

static void *vcpu_thread(void *argument)
{
	struct vcpu *vcpu = argument;
	/* KVM ends an instruction with an access when it is called again; before that the vCPU's
	 * state is not whole. */
	bool unfinished = false;
	char text[96];

	int error = vcpu->shared->enter ? vcpu->shared->enter(vcpu->shared->enter_context) : 0;
	if (error) {
		snprintf(text, sizeof(text), "its thread cannot be confined: %s", strerror(-error));
		vcpu_stop(vcpu, text);
		return NULL;
	}
	while (!atomic_load_explicit(&vcpu->shared->stopping, memory_order_acquire)) {
		bool held = atomic_load(&vcpu->held);
		if (held && !unfinished) {
			vcpu_park(vcpu);
			continue;
		}
		if (held)
			__atomic_store_n(&vcpu->run->immediate_exit, 1, __ATOMIC_SEQ_CST);
		int result = ioctl(vcpu->fd, KVM_RUN, 0);
		vcpu->returns++;
		unfinished = result == 0 && is_access(vcpu->run);
		if (result == 0) {
			if (!serve_exit(vcpu))
				break;
			continue;
		}
		/* Kicked; or (EAGAIN) the start-up interrupt has come. Who kicks has said why
		 * before, so that is seen after the flag is gone. */
		if (errno == EINTR || errno == EAGAIN) {
			__atomic_store_n(&vcpu->run->immediate_exit, 0, __ATOMIC_SEQ_CST);
			continue;
		}
		snprintf(text, sizeof(text), "KVM cannot run the guest: %s", strerror(errno));
		vcpu_stop(vcpu, text);
		break;
	}
	return NULL;
}

int vcpu_create(struct vcpu *vcpu, const struct vm *vm, unsigned index, struct vcpu_shared *shared,
		struct uhyve_error *error)
{
	*vcpu = (struct vcpu){.index = index, .shared = shared, .run_size = vm->run_size};
	vcpu->fd = ioctl(vm->fd, KVM_CREATE_VCPU, (unsigned long)index);
	if (vcpu->fd < 0) {
		int err = errno;
		return uhyve_fail(error, -err, "KVM: cannot make vCPU %u: %s", index,
				  strerror(err));
	}
	void *run = mmap(NULL, vm->run_size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu->fd, 0);
	if (run == MAP_FAILED) {
		int err = errno;
		close(vcpu->fd);
		vcpu->fd = -1;
		return uhyve_fail(error, -err, "KVM: state of vCPU %u: %s", index, strerror(err));
	}
	vcpu->run = run;
	return 0;
}

void vcpu_destroy(struct vcpu *vcpu)
{
	if (vcpu->run)
		munmap(vcpu->run, vcpu->run_size);
	if (vcpu->run)
		close(vcpu->fd);
	vcpu->run = NULL;
}

int vcpu_start(struct vcpu *vcpu, const cpu_set_t *cpus, struct uhyve_error *error)
{
	pthread_attr_t attributes;
	sigset_t all, old;
	char name[16];

	pthread_once(&handler_once, install_handler);
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_SIZE);
	if (cpus)
		pthread_attr_setaffinity_np(&attributes, sizeof(*cpus), cpus);
	sigfillset(&all);
	sigdelset(&all, KICK_SIGNAL);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	int err = pthread_create(&vcpu->thread, &attributes, vcpu_thread, vcpu);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attributes);
	if (err)
		return uhyve_fail(error, -err, "cannot start vCPU %u: %s%s", vcpu->index,
				  strerror(err), err == EINVAL ? " (HERMIT_AFFINITY?)" : "");
	vcpu->started = true;
	snprintf(name, sizeof(name), "vcpu %u", vcpu->index);
	pthread_setname_np(vcpu->thread, name);
	return 0;
}

void vcpu_kick(struct vcpu *vcpu)
{
	if (!vcpu->started)
		return;
	__atomic_store_n(&vcpu->run->immediate_exit, 1, __ATOMIC_SEQ_CST);
	pthread_kill(vcpu->thread, KICK_SIGNAL);
}

void vcpu_shared_init(struct vcpu_shared *shared)
{
	pthread_mutex_init(&shared->park_lock, NULL);
	pthread_cond_init(&shared->park_end, NULL);
	shared->parked_fd = -1;
}

void vcpu_shared_destroy(struct vcpu_shared *shared)
{
	pthread_mutex_destroy(&shared->park_lock);
	pthread_cond_destroy(&shared->park_end);
}

void vcpu_hold(struct vcpu *vcpu)
{
	atomic_store(&vcpu->held, true);
	vcpu_kick(vcpu);
}

void vcpu_release(struct vcpu *vcpu)
{
	struct vcpu_shared *shared = vcpu->shared;

	pthread_mutex_lock(&shared->park_lock);
	atomic_store(&vcpu->held, false);
	vcpu->parked = false;
	pthread_cond_broadcast(&shared->park_end);
	pthread_mutex_unlock(&shared->park_lock);
}

bool vcpu_is_parked(struct vcpu *vcpu)
{
	pthread_mutex_lock(&vcpu->shared->park_lock);
	bool parked = vcpu->parked;
	pthread_mutex_unlock(&vcpu->shared->park_lock);
	return parked;
}

void vcpu_join(struct vcpu *vcpu)
{
	struct timespec soon;

	if (!vcpu->started)
		return;
	pthread_mutex_lock(&vcpu->shared->park_lock);
	pthread_cond_broadcast(&vcpu->shared->park_end);
	pthread_mutex_unlock(&vcpu->shared->park_lock);
	do {
		/* The thread may be about to block in a device's handler: kick it again. */
		vcpu_kick(vcpu);
		clock_gettime(CLOCK_REALTIME, &soon);
		soon.tv_nsec += JOIN_WAIT_NS;
		soon.tv_sec += soon.tv_nsec / NS_PER_SECOND;
		soon.tv_nsec %= NS_PER_SECOND;
	} while (pthread_timedjoin_np(vcpu->thread, NULL, &soon) == ETIMEDOUT);
	vcpu->started = false;
}
