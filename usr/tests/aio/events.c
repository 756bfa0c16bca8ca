/* SPDX-License-Identifier: BSD-3-Clause */
/* Waiting for events, the ring, polls. */
#include "aio.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

struct later {
	void (*function)(void *);
	void *argument;
};

static void *run_later(void *argument)
{
	struct later *later = argument;

	usleep(30000);
	later->function(later->argument);
	return NULL;
}

/* What is done later, while the caller waits. */
static pthread_t start(struct later *later)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, run_later, later))
		check_die("pthread_create");
	return thread;
}

static void on_signal(int signal)
{
	(void)signal;
}

static void send_signal(void *thread)
{
	pthread_kill(*(pthread_t *)thread, SIGUSR1);
}

struct pgetevents_mask {
	const sigset_t *mask;
	size_t size;
};

static void masks(aio_context_t context)
{
	struct io_event event;
	struct timespec moment = {0, 1000000};
	sigset_t none, all;
	struct pgetevents_mask mask = {&none, 8};

	sigemptyset(&none);
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &none);
	sigemptyset(&none);
	raise(SIGUSR1);
	SHOW(io_getevents(context, 1, 1, &event, &moment));
	SHOW(syscall(SYS_io_pgetevents, context, 1, 1, &event, NULL, &mask));
	SHOW(syscall(SYS_io_pgetevents, context, 1, 1, &event, &moment, &mask));
	mask.size = 4;
	SHOW(syscall(SYS_io_pgetevents, context, 1, 1, &event, &moment, &mask));
	mask.mask = bad_pointer;
	mask.size = 8;
	SHOW(syscall(SYS_io_pgetevents, context, 1, 1, &event, &moment, &mask));
	SHOW(syscall(SYS_io_pgetevents, context, 1, 1, &event, &moment, bad_pointer));
	SHOW(syscall(SYS_io_pgetevents, context, 1, 1, &event, &moment, NULL));
	pthread_sigmask(SIG_UNBLOCK, &all, NULL);
}

static void signals(aio_context_t context)
{
	struct sigaction action;
	struct io_event event;
	pthread_t self = pthread_self(), thread;
	struct later later = {send_signal, &self};

	memset(&action, 0, sizeof(action));
	action.sa_handler = on_signal;
	action.sa_flags = SA_RESTART;
	sigaction(SIGUSR1, &action, NULL);
	thread = start(&later);
	SHOW(io_getevents(context, 1, 1, &event, NULL));
	pthread_join(thread, NULL);
	masks(context);
}

void aio_events(void)
{
	aio_context_t context = new_context(4);
	int fd = text_file("0123456789"), events_fd = eventfd(0, EFD_NONBLOCK);
	struct timespec none = {0, 0}, moment = {0, 20000000}, big = {0, 2000000000};
	struct io_event events[8];
	char buffer[4];
	struct iocb iocb = request(IOCB_CMD_PREAD, fd, buffer, 1, 0),
		    *list[3] = {&iocb, &iocb, &iocb};
	uint64_t counter = 0;

	check_section("events");
	SHOW(io_getevents(context, 0, 8, events, NULL)); /* does not wait */
	SHOW(io_getevents(context, 1, 8, events, &none));
	SHOW(io_getevents(context, 1, 8, events, &moment));
	SHOW(io_getevents(context, 0, 8, events, &big));
	SHOW(io_getevents(context, 2, 1, events, &none));
	SHOW(io_getevents(context, -1, 1, events, &none));
	SHOW(io_getevents(context, 0, 0, events, &none));
	SHOW(io_getevents(context, 1, 1, events, bad_pointer));
	SHOW(io_submit(context, 3, list));
	SHOW(io_getevents(context, 1, 2, events, NULL));
	SHOW(io_getevents(context, 1, 1, bad_pointer, NULL));
	SHOW(io_getevents(context, 2, 8, events, &moment)); /* only one is there */
	iocb.aio_flags = IOCB_FLAG_RESFD;
	iocb.aio_resfd = (uint32_t)events_fd;
	SHOW(io_submit(context, 2, list));
	SHOW(read(events_fd, &counter, sizeof(counter)));
	CHECK(counter == 2);
	SHOW(io_getevents(context, 2, 8, events, NULL));
	signals(context);
	close(fd);
	close(events_fd);
	SHOW(io_destroy(context)); /* with nothing under way */
}

/* As libaio and QEMU do it: without a system call. */
static long take_by_hand(struct aio_ring *ring, struct io_event *event)
{
	unsigned head = ring->head;

	if (head == __atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE))
		return 0;
	*event = ring->events[head];
	__atomic_store_n(&ring->head, (head + 1) % ring->size, __ATOMIC_RELEASE);
	return 1;
}

void aio_ring(void)
{
	aio_context_t context = new_context(4);
	struct aio_ring *ring = (struct aio_ring *)context;
	struct io_event event, events[2];
	char buffer[4];
	int fd = text_file("0123456789");
	struct iocb iocb = request(IOCB_CMD_PREAD, fd, buffer, 3, 0);
	unsigned submitted = 0, taken = 0;

	check_section("ring");
	printf("magic %#x, features %u and %u, header of %u bytes, head %u, tail %u\n", ring->magic,
	       ring->compatible, ring->incompatible, ring->header_size, ring->head, ring->tail);
	CHECK(ring->size > 2 * 4);
	SHOW(take_by_hand(ring, &event));
	SHOW(submit_one(context, &iocb));
	SHOW(take_by_hand(ring, &event));
	SHOW(event_result(&event));
	CHECK(event.data == 77 && event.obj == (uint64_t)(uintptr_t)&iocb && event.res2 == 0);
	SHOW(take_by_hand(ring, &event));
	SHOW(io_getevents(context, 0, 2, events, NULL));
	/* Round the ring several times, by hand and by call. */
	for (unsigned i = 0; i < 3 * ring->size; i++) {
		submitted += submit_one(context, &iocb) == 1;
		taken += i % 2 ? take_by_hand(ring, &event) == 1
			       : io_getevents(context, 1, 1, &event, NULL) == 1;
	}
	CHECK(submitted == 3 * ring->size && taken == submitted);
	/* When it is full no request is taken, and no event is lost. */
	submitted = taken = 0;
	while (submitted < 4096 && submit_one(context, &iocb) == 1)
		submitted++;
	SHOW(submit_one(context, &iocb));
	CHECK(submitted >= 4 && submitted < ring->size);
	while (io_getevents(context, 0, 1, &event, NULL) == 1)
		taken++;
	CHECK(taken == submitted);
	SHOW(submit_one(context, &iocb));
	close(fd);
	SHOW(io_destroy(context));
}

static void fill(void *fd)
{
	if (write(*(int *)fd, "x", 1) != 1)
		check_die("write");
}

static aio_context_t doomed;

static void destroy(void *argument)
{
	(void)argument;
	io_destroy(doomed);
}

static void wrong_polls(aio_context_t context, int fd)
{
	struct iocb iocb = request(IOCB_CMD_POLL, fd, (void *)(uintptr_t)0x10001, 0, 0);

	SHOW(submit_one(context, &iocb));
	iocb = request(IOCB_CMD_POLL, fd, (void *)(uintptr_t)POLLIN, 1, 0);
	SHOW(submit_one(context, &iocb));
	iocb = request(IOCB_CMD_POLL, fd, (void *)(uintptr_t)POLLIN, 0, 1);
	SHOW(submit_one(context, &iocb));
}

static void cancelling(aio_context_t context, int fd)
{
	struct io_event event = {0, 0, 5, 0};
	struct iocb iocb = request(IOCB_CMD_POLL, fd, (void *)(uintptr_t)POLLIN, 0, 0);
	struct iocb other = iocb;

	SHOW(submit_one(context, &iocb));
	SHOW(io_cancel(context, &other, &event));
	SHOW(io_cancel(context, &iocb, &event));
	SHOW(io_getevents(context, 1, 1, &event, NULL));
	SHOW(event_result(&event));
	SHOW(io_cancel(context, &iocb, &event));
	SHOW(io_cancel(context, bad_pointer, &event));
	other.aio_key = 5;
	SHOW(io_cancel(context, &other, &event));
	SHOW(io_cancel(0, &iocb, &event));
}

void aio_polls(void)
{
	aio_context_t context = new_context(4);
	int ends[2], counter = eventfd(0, 0), fd = text_file("0");
	struct iocb iocb;
	struct io_event event;
	struct later later = {fill, &ends[1]}, ending = {destroy, NULL};
	pthread_t thread;
	uint64_t value = 0;

	check_section("polls");
	MUST(pipe(ends));
	iocb = request(IOCB_CMD_POLL, fd, (void *)(uintptr_t)(POLLIN | POLLPRI), 0, 0);
	SHOW(run_one(context, &iocb)); /* a file is always ready */
	iocb = request(IOCB_CMD_POLL, ends[1], (void *)(uintptr_t)(POLLIN | POLLOUT), 0, 0);
	SHOW(run_one(context, &iocb));
	iocb = request(IOCB_CMD_POLL, ends[0], (void *)(uintptr_t)POLLIN, 0, 0);
	iocb.aio_flags = IOCB_FLAG_RESFD;
	iocb.aio_resfd = (uint32_t)counter;
	thread = start(&later);
	SHOW(run_one(context, &iocb) & POLLIN);
	pthread_join(thread, NULL);
	SHOW(read(counter, &value, sizeof(value)));
	CHECK(value == 1);
	SHOW(read(ends[0], &value, 1));
	wrong_polls(context, ends[0]);
	cancelling(context, ends[0]);
	/* The other end goes while one waits. */
	SHOW(submit_one(context, &iocb));
	close(ends[1]);
	SHOW(io_getevents(context, 1, 1, &event, NULL));
	SHOW(event_result(&event));
	close(ends[0]);
	/* A context ends while one waits for a poll that never fires. */
	iocb = request(IOCB_CMD_POLL, counter, (void *)(uintptr_t)POLLPRI, 0, 0);
	SHOW(submit_one(context, &iocb));
	doomed = context;
	thread = start(&ending);
	SHOW(io_getevents(context, 1, 1, &event, NULL));
	pthread_join(thread, NULL);
	SHOW(io_destroy(context));
	close(counter);
	close(fd);
}
