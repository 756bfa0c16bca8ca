/* SPDX-License-Identifier: BSD-3-Clause */
/* signalfd(2). The mask is one word, so it needs no lock. */
#include <fs/special.h>

#include <asm/errno.h>
#include <asm/fcntl.h>
#include <asm/poll.h>
#include <asm/siginfo.h>
#include <asm/signal.h>
#include <linux/signalfd.h>
#include <mm/heap.h>
#include <sched/signal.h>

struct signal_file {
	_Atomic uint64_t mask;
};

/* What a read delivers of a signal: the fields depend on where it came from (sigaction(2)). */
static void convert(const struct signal_info *info, struct signalfd_siginfo *to)
{
	*to = (struct signalfd_siginfo){
		.ssi_signo = (uint32_t)info->signo,
		.ssi_errno = info->error,
		.ssi_code = info->code,
	};
	if (info->code == SI_TIMER) {
		to->ssi_tid = (uint32_t)info->timer.id;
		to->ssi_overrun = (uint32_t)info->timer.overrun;
		to->ssi_int = (int32_t)info->timer.value;
		to->ssi_ptr = info->timer.value;
		return;
	}
	if (info->code > 0 && info->code < SI_KERNEL) {
		to->ssi_addr = info->fault.address;
		return;
	}
	to->ssi_pid = (uint32_t)info->sender.pid;
	to->ssi_uid = info->sender.uid;
	if (info->code == SI_QUEUE) {
		to->ssi_int = (int32_t)info->sender.value;
		to->ssi_ptr = info->sender.value;
	}
}

static int64_t signal_file_read(struct file *file, struct file_io *io, uint64_t *offset)
{
	struct signal_file *data = file->data;
	struct signalfd_siginfo out;
	struct signal_info info;
	int64_t done = 0;

	(void)offset;
	if (io->remaining < sizeof(out))
		return -EINVAL;
	while (io->remaining >= sizeof(out)) {
		if (signal_dequeue(atomic_load(&data->mask), &info)) {
			convert(&info, &out);
			if (file_io_put(io, &out, sizeof(out)) != (int64_t)sizeof(out))
				return done ? done : -EFAULT;
			done += (int64_t)sizeof(out);
			continue;
		}
		if (done || file_io_nowait(file, io))
			return done ? done : -EAGAIN;
		if (wait_event(signal_wait_queue(), WAIT_INTERRUPTIBLE, TIME_NEVER,
			       signal_is_pending(atomic_load(&data->mask))))
			return -ERESTARTSYS;
	}
	return done;
}

static unsigned signal_file_poll(struct file *file, unsigned events)
{
	const struct signal_file *data = file->data;

	(void)events;
	return signal_is_pending(atomic_load(&data->mask)) ? POLLIN : 0;
}

static int signal_file_stat(struct file *file, file_stat_t *stat)
{
	(void)file;
	return special_stat(stat, 0600);
}

static void signal_file_release(struct file *file)
{
	kfree(file->data);
}

static const struct file_ops signal_file_ops = {
	.read = signal_file_read,
	.poll = signal_file_poll,
	.stat = signal_file_stat,
	.release = signal_file_release,
};

int signalfd_create(uint64_t mask, unsigned flags, struct file **out)
{
	struct signal_file *data = kzalloc(sizeof(*data));

	if (!data)
		return -ENOMEM;
	*out = file_create(&signal_file_ops, data, O_RDWR | flags, FILE_STREAM, NULL);
	if (!*out) {
		kfree(data);
		return -ENOMEM;
	}
	(*out)->poll_queue = signal_wait_queue();
	signalfd_set_mask(*out, mask);
	return 0;
}

bool file_is_signalfd(const struct file *file)
{
	return file->ops == &signal_file_ops;
}

void signalfd_set_mask(struct file *file, uint64_t mask)
{
	struct signal_file *data = file->data;

	atomic_store(&data->mask, mask & ~(SIGNAL_BIT(SIGKILL) | SIGNAL_BIT(SIGSTOP)));
}
