/* SPDX-License-Identifier: BSD-3-Clause */
/* Sockets: sending and receiving, one message or several at a time. */
#include <syscalls/socket.h>

#include <arch/user.h>
#include <asm/errno.h>
#include <core/clock.h>
#include <linux/uio.h>
#include <mm/heap.h>
#include <syscalls/file_io.h>

/* sendto(fd, buffer, size, flags, address, address size) */
SYSCALL(sendto)
{
	struct io_buffers buffers;
	struct socket_message message = {.io = &buffers.io, .flags = (unsigned)a3};
	struct socket_address to;
	struct file *file;
	int64_t result;
	int error;

	if (!socket_get((int)a0, &file, &error))
		return error;
	error = io_take_buffer(&buffers, (uintptr_t)a1, (size_t)a2);
	if (!error && a4) {
		error = socket_address_from_user(&to, (uintptr_t)a4, (int)a5);
		message.to = &to;
	}
	result = error ? error : socket_send(file, &message);
	file_put(file);
	return result;
}

/* recvfrom(fd, buffer, size, flags, address, address size pointer) */
SYSCALL(recvfrom)
{
	struct io_buffers buffers;
	struct socket_message message = {.io = &buffers.io, .flags = (unsigned)a3};
	struct socket_address from;
	struct file *file;
	int64_t result;
	int error;

	if (!socket_get((int)a0, &file, &error))
		return error;
	error = io_take_buffer(&buffers, (uintptr_t)a1, (size_t)a2);
	message.from = a4 ? &from : NULL;
	result = error ? error : socket_receive(file, &message);
	file_put(file);
	if (result < 0 || !a4)
		return result;
	error = socket_address_to_user(&from, (uintptr_t)a4, (uintptr_t)a5);
	return error ? error : result;
}

/* A struct msghdr of the application, its buffers and what else it names, in kernel memory. */
struct call {
	struct linux_msghdr header;
	struct socket_message message;
	struct socket_address address;
	struct socket_control control;
	struct io_buffers buffers;
};

static void call_end(struct call *call)
{
	io_release(&call->buffers);
	kfree(call->control.data);
}

static int call_begin(struct call *call, uintptr_t header, unsigned flags)
{
	*call = (struct call){.message = {.io = &call->buffers.io, .flags = flags}};
	if (arch_user_read(&call->header, header, sizeof(call->header)))
		return -EFAULT;
	if (!call->header.name)
		call->header.name_size = 0;
	if (call->header.name_size < 0)
		return -EINVAL;
	if (call->header.vector_count > UIO_MAXIOV)
		return -EMSGSIZE;
	return io_take_vector(&call->buffers, call->header.vector, call->header.vector_count);
}

/* Room for control messages, or those to send. */
static int prepare_control(struct call *call, bool send)
{
	size_t size = call->header.control_size;

	if (send && size > SOCKET_CONTROL_MAX)
		return -ENOBUFS;
	size = MIN(size, (size_t)SOCKET_CONTROL_MAX);
	if (!call->header.control || !size)
		return 0;
	call->control.data = kzalloc(size);
	if (!call->control.data)
		return -ENOBUFS;
	call->control.capacity = size;
	call->message.control = &call->control;
	return send ? arch_user_read(call->control.data, call->header.control, size) : 0;
}

static int64_t send_one(struct file *file, uintptr_t header, unsigned flags)
{
	struct call call;
	int64_t result = call_begin(&call, header, flags);

	if (!result && call.header.name) {
		result = socket_address_from_user(
			&call.address, call.header.name,
			MIN(call.header.name_size, (int)SOCKET_ADDRESS_MAX));
		call.message.to = &call.address;
	}
	if (!result)
		result = prepare_control(&call, true);
	if (!result)
		result = socket_send(file, &call.message);
	call_end(&call);
	return result;
}

/* What recvmsg(2) fills in besides the data. */
static int finish_receive(struct call *call, uintptr_t header)
{
	struct linux_msghdr *out = &call->header;

	if (out->name) {
		if (arch_user_write(out->name, call->address.bytes,
				    MIN((uint32_t)out->name_size, call->address.size)))
			return -EFAULT;
		out->name_size = (int32_t)call->address.size;
	}
	if (call->control.size &&
	    arch_user_write(out->control, call->control.data, call->control.size))
		return -EFAULT;
	out->control_size = call->control.size;
	out->flags = call->message.out_flags | (call->message.flags & (unsigned)MSG_CMSG_CLOEXEC);
	return arch_user_write(header, out, sizeof(*out));
}

static int64_t receive_one(struct file *file, uintptr_t header, unsigned flags)
{
	struct call call;
	int64_t result = call_begin(&call, header, flags);
	int error;

	if (!result)
		result = prepare_control(&call, false);
	if (!result) {
		call.message.from = call.header.name ? &call.address : NULL;
		result = socket_receive(file, &call.message);
		error = result < 0 ? 0 : finish_receive(&call, header);
		if (error)
			result = error;
	}
	call_end(&call);
	return result;
}

static int64_t message_call(int fd, uintptr_t header, unsigned flags,
			    int64_t (*function)(struct file *file, uintptr_t header,
						unsigned flags))
{
	struct file *file;
	int64_t result;
	int error;

	if (!socket_get(fd, &file, &error))
		return error;
	result = function(file, header, flags);
	file_put(file);
	return result;
}

/* sendmsg(fd, header, flags) */
SYSCALL(sendmsg)
{
	return message_call((int)a0, (uintptr_t)a1, (unsigned)a2, send_one);
}

/* recvmsg(fd, header, flags) */
SYSCALL(recvmsg)
{
	return message_call((int)a0, (uintptr_t)a1, (unsigned)a2, receive_one);
}

/* The length of message NUMBER of the array at ADDRESS. */
static int put_length(uintptr_t header, int64_t length)
{
	uint32_t bytes = (uint32_t)length;

	return arch_user_write(header + offsetof(struct linux_mmsghdr, length), &bytes,
			       sizeof(bytes));
}

/* sendmmsg(fd, headers, count, flags) */
SYSCALL(sendmmsg)
{
	unsigned count = MIN((unsigned)a2, (unsigned)UIO_MAXIOV), done = 0;
	struct file *file;
	int64_t result = 0;
	int error;

	if (!socket_get((int)a0, &file, &error))
		return error;
	for (; done < count; done++) {
		uintptr_t header = (uintptr_t)a1 + done * sizeof(struct linux_mmsghdr);

		result = send_one(file, header, (unsigned)a3);
		if (result >= 0)
			result = put_length(header, result);
		if (result < 0)
			break;
	}
	file_put(file);
	return done ? (long)done : result;
}

/* Receives up to COUNT messages, until DEADLINE_NS: how many, or -errno when none. */
static long receive_many(struct file *file, uintptr_t headers, unsigned count, unsigned flags,
			 uint64_t deadline_ns)
{
	int64_t result = 0;
	unsigned done = 0;

	while (done < count) {
		uintptr_t header = headers + done * sizeof(struct linux_mmsghdr);

		result = receive_one(file, header, flags & ~MSG_WAITFORONE);
		if (result >= 0)
			result = put_length(header, result);
		if (result < 0)
			break;
		done++;
		if (flags & MSG_WAITFORONE)
			flags |= MSG_DONTWAIT;
		if (deadline_ns != TIME_NEVER && clock_monotonic_ns() >= deadline_ns)
			break;
	}
	return done ? (long)done : result;
}

/* recvmmsg(fd, headers, count, flags, timeout); the time is looked at after each message only, and
 * what is left of it written back, as on Linux */
SYSCALL(recvmmsg)
{
	unsigned count = MIN((unsigned)a2, (unsigned)UIO_MAXIOV);
	uint64_t deadline = TIME_NEVER, timeout = 0, now;
	struct file *file;
	long result;
	int error;

	if (a4) {
		error = user_read_timespec((uintptr_t)a4, &timeout);
		if (error)
			return error;
		deadline = deadline_after(timeout);
	}
	if (!socket_get((int)a0, &file, &error))
		return error;
	result = receive_many(file, (uintptr_t)a1, count, (unsigned)a3, deadline);
	file_put(file);
	if (result > 0 && a4) {
		now = clock_monotonic_ns();
		error = user_write_timespec((uintptr_t)a4, deadline > now ? deadline - now : 0);
		if (error)
			return error;
	}
	return result;
}
