/* SPDX-License-Identifier: BSD-3-Clause */
/* Calls on open handles that end at once: position, attributes, size, time, terminal. */
#include "file_calls.h"
#include "file_stat.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

int64_t file_lseek(struct file_server *files, struct hostcall *call, struct handle *handle)
{
	(void)files;
	if (handle->attributes & HC_HANDLE_DIR)
		return -EINVAL; /* directories move with HC_GETDENTS */
	off_t offset = lseek(handle->fd, (off_t)call->request.arg[0], (int)call->request.arg[1]);
	return offset < 0 ? -errno : offset;
}

int64_t file_fstat(struct file_server *files, struct hostcall *call, struct handle *handle)
{
	(void)files;
	if (handle->fd < 0)
		return reply_stat_synthetic(call, handle->path);
	return reply_stat(call, handle->fd, "", AT_EMPTY_PATH, NULL);
}

int64_t file_fstatfs(struct file_server *files, struct hostcall *call, struct handle *handle)
{
	(void)files;
	if (handle->fd < 0)
		return reply_statfs_synthetic(call);
	return reply_statfs(call, handle->fd, handle->attributes & HC_HANDLE_READONLY);
}

int64_t file_fchmod(struct file_server *files, struct hostcall *call, struct handle *handle)
{
	(void)files;
	int err = handle_check_writable(handle);
	if (err)
		return err;
	return fchmod(handle->fd, (mode_t)(call->request.arg[0] & 07777)) ? -errno : 0;
}

int64_t file_fchown(struct file_server *files, struct hostcall *call, struct handle *handle)
{
	(void)files;
	int err = handle_check_writable(handle);
	if (err)
		return err;
	/* fchown() takes no O_PATH descriptor, which the guest's fchownat(AT_EMPTY_PATH) does. */
	return fchownat(handle->fd, "", (uid_t)call->request.arg[0], (gid_t)call->request.arg[1],
			AT_EMPTY_PATH)
		       ? -errno
		       : 0;
}

int64_t file_futimens(struct file_server *files, struct hostcall *call, struct handle *handle)
{
	struct hc_time from[2];
	(void)files;

	if (call->payload_size != sizeof(from))
		return -EBADMSG;
	int err = handle_check_writable(handle);
	if (err)
		return err;
	memcpy(from, call->payload, sizeof(from));
	struct timespec times[2] = {{from[0].sec, from[0].nsec}, {from[1].sec, from[1].nsec}};
	return futimens(handle->fd, times) ? -errno : 0;
}

int64_t file_ftruncate(struct file_server *files, struct hostcall *call, struct handle *handle)
{
	(void)files;
	/* Only a descriptor that is open for writing can be truncated; no mount rule to ask. */
	return ftruncate(handle->fd, (off_t)call->request.arg[0]) ? -errno : 0;
}

int64_t file_fallocate(struct file_server *files, struct hostcall *call, struct handle *handle)
{
	const uint64_t *arg = call->request.arg;
	(void)files;
	return fallocate(handle->fd, (int)arg[0], (off_t)arg[1], (off_t)arg[2]) ? -errno : 0;
}

int64_t file_setfl(struct file_server *files, struct hostcall *call, struct handle *handle)
{
	(void)files;
	int flags = fcntl(handle->fd, F_GETFL);
	if (flags < 0)
		return -errno;
	flags = (flags & ~O_APPEND) | ((int)call->request.arg[0] & O_APPEND);
	return fcntl(handle->fd, F_SETFL, flags) ? -errno : 0;
}

/* The ioctls a guest may use, and how many bytes go in and come out. */
static const struct {
	unsigned long request;
	size_t in, out;
} ioctls[] = {
	{TCGETS, 0, 36}, /* struct termios of the kernel ABI */
	{TCSETS, 36, 0},
	{TCSETSW, 36, 0},
	{TCSETSF, 36, 0},
	{TCFLSH, 0, 0},
	{TCXONC, 0, 0},
	{TCSBRK, 0, 0},
	{TIOCGWINSZ, 0, 8},
	{TIOCSWINSZ, 8, 0},
	{FIONREAD, 0, sizeof(int)},
	{TIOCOUTQ, 0, sizeof(int)},
};

int64_t file_ioctl(struct file_server *files, struct hostcall *call, struct handle *handle)
{
	uint8_t argument[64] = {0};

	for (size_t i = 0; i < sizeof(ioctls) / sizeof(ioctls[0]); i++) {
		if (ioctls[i].request != call->request.arg[0])
			continue;
		if (call->payload_size < ioctls[i].in)
			return -EBADMSG;
		if (ioctls[i].request == TCSETSW || ioctls[i].request == TCSETSF)
			return file_ioctl_drain(files, call, handle, ioctls[i].in);
		memcpy(argument, call->payload, ioctls[i].in);
		bool by_value = ioctls[i].in == 0 && ioctls[i].out == 0;
		void *pointer = by_value ? (void *)(uintptr_t)(int)call->request.arg[1] : argument;
		int result = ioctl(handle->io_fd, ioctls[i].request, pointer);
		if (result < 0)
			return -errno;
		memcpy(call->out, argument, ioctls[i].out);
		call->out_size = ioctls[i].out;
		return result;
	}
	return -ENOTTY;
}

int64_t file_time(struct file_server *files, struct hostcall *call)
{
	struct timespec now;
	(void)files;
	clock_gettime(CLOCK_REALTIME, &now);
	call->val[0] = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
	return 0;
}
