/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The host call protocol (abi/hostcall.h), whatever carries its bytes.
 *
 * A call enters the pending list with a fresh tag, sends its request, and waits until the receiver
 * has stored the reply in it. channel_lock guards the pending list, the tags, the state of the
 * receiver, and the result fields of each pending entry until `done` is set; the caller reads them
 * afterwards. The entry lives on the caller's stack: the caller never leaves before its reply has
 * come, also when it is cancelled (HC_CANCEL makes the host answer soon) or the channel dies (all
 * entries end with -EIO).
 */
#include "channel.h"

#include <arch/cpu.h>
#include <asm/errno.h>
#include <core/log.h>
#include <core/spinlock.h>
#include <lib/assert.h>
#include <lib/string.h>

static struct spinlock channel_lock = SPINLOCK_INIT;
static const struct channel_transport *transport; /* set once; NULL: no channel */

static struct {
	struct list pending;
	uint32_t next_tag;
	bool dead;
	/* receiver: the frame that is coming in */
	union {
		struct hc_reply reply;
		uint8_t bytes[sizeof(struct hc_reply)];
	} head;
	size_t got;		      /* bytes of the frame so far */
	struct host_pending *current; /* whose reply it is; NULL: nobody's, or an event */
} channel GUARDED_BY(channel_lock);

static void pending_finish(struct host_pending *p, int64_t result) REQUIRES(channel_lock)
{
	p->result = result;
	list_remove(&p->node);
	if (p->completed)
		p->completed(p);
	else
		WRITE_ONCE(p->done, true);
}

static void channel_die(const char *why) REQUIRES(channel_lock)
{
	struct host_pending *p, *next;

	if (channel.dead)
		return;
	channel.dead = true;
	log_error("host channel: %s", why);
	list_for_each_entry_safe (p, next, &channel.pending, node) {
		pending_finish(p, -EIO);
		if (!p->completed)
			wait_queue_wake(&p->wait, WAIT_ALL);
	}
}

static struct host_pending *find_pending(uint32_t tag) REQUIRES(channel_lock)
{
	struct host_pending *p;

	list_for_each_entry (p, &channel.pending, node)
		if (p->tag == tag)
			return p;
	return NULL;
}

/* The head of a frame is complete. */
static void head_received(void) REQUIRES(channel_lock)
{
	const struct hc_reply *reply = &channel.head.reply;

	if (reply->length < sizeof(*reply) || reply->length > HC_FRAME_MAX) {
		channel_die("the host sends a frame of impossible length");
		return;
	}
	channel.current = reply->tag == HC_TAG_EVENT ? NULL : find_pending(reply->tag);
	if (channel.current) {
		channel.current->in_size = 0;
		channel.current->val[0] = reply->val[0];
		channel.current->val[1] = reply->val[1];
	}
}

static void payload_received(const uint8_t *bytes, size_t size) REQUIRES(channel_lock)
{
	struct host_pending *p = channel.current;

	if (!p)
		return;
	if (p->in_size < p->in_capacity)
		memcpy((uint8_t *)p->in + p->in_size, bytes,
		       MIN(size, p->in_capacity - p->in_size));
	p->in_size += size;
}

/* The frame is complete: to whom is it? Returns a task's entry to wake; *SIGNO: an event. */
static struct host_pending *frame_received(int *signo) REQUIRES(channel_lock)
{
	const struct hc_reply *reply = &channel.head.reply;
	struct host_pending *p = channel.current;

	channel.got = 0;
	channel.current = NULL;
	if (reply->tag == HC_TAG_EVENT && reply->op == HC_EVENT_SIGNAL && reply->val[0] < 65)
		*signo = (int)reply->val[0];
	if (!p)
		return NULL;
	pending_finish(p, reply->result);
	return p->completed ? NULL : p;
}

/* Takes what belongs to the current frame; bytes used. */
static size_t take(const uint8_t *bytes, size_t size) REQUIRES(channel_lock)
{
	size_t head = sizeof(struct hc_reply), part;

	if (channel.got < head) {
		part = MIN(size, head - channel.got);
		memcpy(channel.head.bytes + channel.got, bytes, part);
		channel.got += part;
		if (channel.got == head)
			head_received();
		return part;
	}
	part = MIN(size, channel.head.reply.length - channel.got);
	payload_received(bytes, part);
	channel.got += part;
	return part;
}

void channel_receive(const uint8_t *bytes, size_t size)
{
	while (size) {
		arch_irq_state_t state = spin_lock(&channel_lock);
		struct host_pending *woken = NULL;
		int signo = 0;
		size_t used = channel.dead ? size : take(bytes, size);

		if (!channel.dead && channel.got >= sizeof(struct hc_reply) &&
		    channel.got == channel.head.reply.length)
			woken = frame_received(&signo);
		/* With the lock held: afterwards the entry's owner may be gone. */
		if (woken)
			wait_queue_wake(&woken->wait, WAIT_ALL);
		spin_unlock(&channel_lock, state);
		if (signo)
			host_event_signal(signo);
		bytes += used;
		size -= used;
	}
}

static uint32_t take_tag(void) REQUIRES(channel_lock)
{
	uint32_t tag = channel.next_tag++;

	if (channel.next_tag == HC_TAG_EVENT)
		channel.next_tag = 0;
	return tag;
}

static int pending_add(struct host_pending *p)
{
	arch_irq_state_t state = spin_lock(&channel_lock);
	int error = channel.dead ? -EIO : 0;

	if (!error) {
		p->tag = take_tag();
		p->done = false;
		list_push_back(&channel.pending, &p->node);
	}
	spin_unlock(&channel_lock, state);
	return error;
}

typedef int (*send_function)(const struct host_buffer *pieces, unsigned count);

static int send_frame(send_function send, const struct hc_request *request,
		      const struct host_buffer *pieces, unsigned count)
{
	struct host_buffer frame[4] = {{request, sizeof(*request)}};

	ASSERT(count < ARRAY_SIZE(frame));
	for (unsigned i = 0; i < count; i++)
		frame[i + 1] = pieces[i];
	return send(frame, count + 1);
}

int channel_send(const struct hc_request *request, const struct host_buffer *pieces, unsigned count)
{
	return send_frame(transport->send, request, pieces, count);
}

static void send_cancel(uint32_t tag)
{
	struct hc_request request = {
		.length = sizeof(request),
		.op = HC_CANCEL,
		.tag = tag,
		.arg = {tag},
	};

	(void)channel_send(&request, NULL, 0);
}

static int pending_send(struct host_pending *p, send_function send, struct hc_request *request,
			const struct host_buffer *pieces, unsigned count)
{
	arch_irq_state_t state;
	int error;

	request->length = sizeof(*request);
	for (unsigned i = 0; i < count; i++)
		request->length += (uint32_t)pieces[i].size;
	error = pending_add(p);
	if (error)
		return error;
	request->tag = p->tag;
	error = send_frame(send, request, pieces, count);
	if (error) {
		state = spin_lock(&channel_lock);
		if (list_linked(&p->node))
			list_remove(&p->node);
		spin_unlock(&channel_lock, state);
	}
	return error;
}

int host_pending_send(struct host_pending *p, struct hc_request *request,
		      const struct host_buffer *pieces, unsigned count)
{
	return transport ? pending_send(p, transport->send, request, pieces, count) : -EIO;
}

int host_pending_send_lazy(struct host_pending *p, struct hc_request *request,
			   const struct host_buffer *data)
{
	return pending_send(p, transport->send_lazy, request, data, 1);
}

const struct channel_transport *channel_transport(void)
{
	return transport;
}

/* The waker holds channel_lock until it is done with the entry. */
static void wait_for_waker(void)
{
	spin_unlock(&channel_lock, spin_lock(&channel_lock));
}

int64_t host_pending_wait(struct host_pending *p, bool interruptible)
{
	unsigned flags = interruptible ? WAIT_INTERRUPTIBLE : WAIT_UNINTERRUPTIBLE;

	if (wait_event(&p->wait, flags, TIME_NEVER, READ_ONCE(p->done))) {
		send_cancel(p->tag);
		(void)wait_event(&p->wait, WAIT_UNINTERRUPTIBLE, TIME_NEVER, READ_ONCE(p->done));
	}
	wait_for_waker();
	return p->result;
}

int64_t host_call(struct host_call *call)
{
	struct host_pending p = {.in = call->in, .in_capacity = call->in_capacity};
	struct hc_request request = {.op = call->op, .flags = call->flags, .handle = call->handle};
	unsigned count = 0;
	int64_t result;

	memcpy(request.arg, call->arg, sizeof(request.arg));
	while (count < ARRAY_SIZE(call->out) && call->out[count].size)
		count++;
	wait_queue_init(&p.wait);
	result = host_pending_send(&p, &request, call->out, count);
	if (!result)
		result = host_pending_wait(&p, call->interruptible);
	call->in_size = p.in_size;
	call->val[0] = p.val[0];
	call->val[1] = p.val[1];
	return result;
}

void host_close(uint32_t handle)
{
	struct hc_request request = {.length = sizeof(request), .op = HC_CLOSE, .handle = handle};
	arch_irq_state_t state = spin_lock(&channel_lock);

	request.tag = take_tag(); /* nobody is pending with it: the reply is dropped */
	spin_unlock(&channel_lock, state);
	if (transport)
		(void)channel_send(&request, NULL, 0);
}

static void poll_completed(struct host_pending *p)
{
	struct host_poll *poll = container_of(p, struct host_poll, pending);

	poll->done(poll->argument, p->result);
	WRITE_ONCE(p->done, true);
	wait_queue_wake(&p->wait, WAIT_ALL);
}

int host_poll_start(struct host_poll *poll, uint32_t handle, unsigned events)
{
	struct hc_request request = {.op = HC_POLL, .handle = handle, .arg = {events}};

	poll->pending = (struct host_pending){.completed = poll_completed};
	wait_queue_init(&poll->pending.wait);
	return host_pending_send(&poll->pending, &request, NULL, 0);
}

void host_poll_cancel(struct host_poll *poll)
{
	if (!READ_ONCE(poll->pending.done))
		send_cancel(poll->pending.tag);
	(void)wait_event(&poll->pending.wait, WAIT_UNINTERRUPTIBLE, TIME_NEVER,
			 READ_ONCE(poll->pending.done));
	wait_for_waker();
}

bool host_channel_ready(void)
{
	return transport && host_hello();
}

int host_channel_init(const struct boot_info *boot, const char *cmdline)
{
	list_init(&channel.pending);
	transport = boot->channel == BOOT_CHANNEL_SHM ? channel_ring_init(boot)
						      : channel_virtio_init(cmdline);
	return transport ? host_hello_init(cmdline) : -ENODEV;
}

void channel_send_dying(struct hc_request *request, const void *payload, size_t size)
{
	struct host_buffer pieces[2] = {{request, sizeof(*request)}, {payload, size}};

	request->length = (uint32_t)(sizeof(*request) + size);
	request->tag = HC_TAG_EVENT - 1;
	if (transport)
		transport->send_dying(pieces, size ? 2 : 1);
}
