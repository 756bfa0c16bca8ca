/* SPDX-License-Identifier: BSD-3-Clause */
/* SOL_SOCKET's options (socket(7)). Those that have no meaning here are kept and shown again. */
#include <net/socket.h>

#include <asm/errno.h>
#include <asm/socket.h>
#include <lib/string.h>

#define BUFFER_MAX	   212992u /* Linux: net.core.rmem_max, wmem_max; shown doubled */
#define RECEIVE_BUFFER_MIN 2304u
#define SEND_BUFFER_MIN	   4608u
#define RCVLOWAT_MAX	   0x7fffffff

int socket_option_int(const void *value, size_t size, int *out)
{
	if (size < sizeof(*out))
		return -EINVAL;
	memcpy(out, value, sizeof(*out));
	return 0;
}

int socket_option_return(void *value, size_t *size, const void *data, size_t data_size)
{
	*size = MIN(*size, data_size);
	memcpy(value, data, *size);
	return 0;
}

static int set_timeout(const void *value, size_t size, uint64_t *out)
{
	int64_t time[2];

	if (size < sizeof(time))
		return -EINVAL;
	memcpy(time, value, sizeof(time));
	if (time[1] < 0 || time[1] >= 1000000)
		return -EDOM;
	if (time[0] < 0)
		*out = 0;
	else if (!time[0] && !time[1])
		*out = TIME_NEVER;
	else if ((uint64_t)time[0] >= TIME_NEVER / NS_PER_SEC - 1)
		*out = TIME_NEVER;
	else
		*out = (uint64_t)time[0] * NS_PER_SEC + (uint64_t)time[1] * NS_PER_USEC;
	return 0;
}

static int get_timeout(uint64_t timeout_ns, void *value, size_t *size)
{
	uint64_t time[2] = {0, 0};

	if (timeout_ns != TIME_NEVER) {
		time[0] = timeout_ns / NS_PER_SEC;
		time[1] = timeout_ns % NS_PER_SEC / NS_PER_USEC;
	}
	return socket_option_return(value, size, time, sizeof(time));
}

static int set_linger(struct socket_options *options, const void *value, size_t size)
{
	struct linux_linger linger;

	if (size < sizeof(linger))
		return -EINVAL;
	memcpy(&linger, value, sizeof(linger));
	options->linger = linger.on;
	if (linger.on)
		options->linger_seconds = (uint32_t)linger.seconds;
	return 0;
}

static int set_device(struct socket_options *options, const void *value, size_t size)
{
	size = strnlen(value, MIN(size, sizeof(options->device) - 1));
	memset(options->device, 0, sizeof(options->device));
	memcpy(options->device, value, size);
	return 0;
}

/* The flag that option NAME sets, or NULL. */
static bool *flag_of(struct socket_options *options, int name)
{
	switch (name) {
	case SO_REUSEADDR:
		return &options->reuse_address;
	case SO_REUSEPORT:
		return &options->reuse_port;
	case SO_KEEPALIVE:
		return &options->keep_alive;
	case SO_BROADCAST:
		return &options->broadcast;
	case SO_NO_CHECK:
		return &options->no_check;
	case SO_DONTROUTE:
		return &options->dont_route;
	case SO_TIMESTAMP_OLD:
		return &options->timestamp;
	case SO_OOBINLINE:
		return &options->oob_inline;
	case SO_PASSCRED:
		return &options->pass_credentials;
	default:
		return NULL;
	}
}

static uint32_t buffer_size(int value, uint32_t least, bool force)
{
	uint32_t size = (uint32_t)value;

	if (!force || value < 0)
		size = MIN(size, BUFFER_MAX);
	return MAX(MIN(size, (uint32_t)(INT32_MAX / 2)) * 2, least);
}

static int set_integer(struct socket_options *options, int name, int value)
{
	bool *flag = flag_of(options, name);

	if (flag) {
		*flag = value;
		return 0;
	}
	switch (name) {
	case SO_SNDBUF:
	case SO_SNDBUFFORCE:
		options->send_buffer_set = true;
		options->send_buffer = buffer_size(value, SEND_BUFFER_MIN, name == SO_SNDBUFFORCE);
		return 0;
	case SO_RCVBUF:
	case SO_RCVBUFFORCE:
		options->receive_buffer_set = true;
		options->receive_buffer =
			buffer_size(value, RECEIVE_BUFFER_MIN, name == SO_RCVBUFFORCE);
		return 0;
	case SO_RCVLOWAT:
		options->receive_low = value < 0 ? RCVLOWAT_MAX : (uint32_t)MAX(value, 1);
		return 0;
	case SO_PRIORITY:
		options->priority = (uint32_t)value;
		return 0;
	case SO_MARK:
		options->mark = (uint32_t)value;
		return 0;
	case SO_INCOMING_CPU:
	case SO_BUSY_POLL:
		return 0;
	default:
		return -ENOPROTOOPT;
	}
}

static int set_generic(struct socket *socket, int name, const void *value, size_t size)
{
	struct socket_options *options = &socket->options;
	int number, error;

	if (name == SO_BINDTODEVICE)
		return set_device(options, value, size);
	if (name == SO_TYPE || name == SO_PROTOCOL || name == SO_DOMAIN || name == SO_ERROR ||
	    name == SO_ACCEPTCONN || name == SO_SNDLOWAT || name == SO_PEERCRED)
		return size < sizeof(number) ? -EINVAL : -ENOPROTOOPT;
	error = socket_option_int(value, size, &number);
	if (error)
		return error;
	switch (name) {
	case SO_LINGER:
		return set_linger(options, value, size);
	case SO_RCVTIMEO_OLD:
		return set_timeout(value, size, &options->receive_timeout_ns);
	case SO_SNDTIMEO_OLD:
		return set_timeout(value, size, &options->send_timeout_ns);
	default:
		return set_integer(options, name, number);
	}
}

int socket_option_set(struct socket *socket, int level, int name, const void *value, size_t size)
{
	int error = -ENOPROTOOPT;

	if (socket->ops->set_option)
		error = socket->ops->set_option(socket, level, name, value, size);
	if (level == SOL_SOCKET && error == -ENOPROTOOPT)
		error = set_generic(socket, name, value, size);
	if (!error && socket->ops->options_changed)
		socket->ops->options_changed(socket);
	return error;
}

/* The value of an option that is an integer, or -ENOPROTOOPT. */
static int get_integer(struct socket *socket, int name, int *out)
{
	struct socket_options *options = &socket->options;
	const bool *flag = flag_of(options, name);

	if (flag) {
		*out = *flag;
		return 0;
	}
	switch (name) {
	case SO_TYPE:
		*out = socket->type;
		return 0;
	case SO_DOMAIN:
		*out = socket->family;
		return 0;
	case SO_PROTOCOL:
		*out = socket->protocol;
		return 0;
	case SO_ERROR:
		*out = -socket_take_error(socket);
		return 0;
	case SO_ACCEPTCONN:
		*out = socket->listening;
		return 0;
	case SO_SNDBUF:
		*out = (int)options->send_buffer;
		return 0;
	case SO_RCVBUF:
		*out = (int)options->receive_buffer;
		return 0;
	case SO_RCVLOWAT:
		*out = (int)options->receive_low;
		return 0;
	case SO_SNDLOWAT:
		*out = 1;
		return 0;
	case SO_PRIORITY:
		*out = (int)options->priority;
		return 0;
	case SO_MARK:
		*out = (int)options->mark;
		return 0;
	case SO_INCOMING_CPU:
	case SO_BUSY_POLL:
		*out = 0;
		return 0;
	default:
		return -ENOPROTOOPT;
	}
}

static int get_generic(struct socket *socket, int name, void *value, size_t *size)
{
	struct socket_options *options = &socket->options;
	struct linux_linger linger = {options->linger, (int32_t)options->linger_seconds};
	int number, error;

	switch (name) {
	case SO_LINGER:
		return socket_option_return(value, size, &linger, sizeof(linger));
	case SO_RCVTIMEO_OLD:
		return get_timeout(options->receive_timeout_ns, value, size);
	case SO_SNDTIMEO_OLD:
		return get_timeout(options->send_timeout_ns, value, size);
	case SO_BINDTODEVICE:
		if (!options->device[0]) {
			*size = 0;
			return 0;
		}
		if (*size < sizeof(options->device))
			return -EINVAL;
		return socket_option_return(value, size, options->device,
					    strlen(options->device) + 1);
	default:
		error = get_integer(socket, name, &number);
		return error ? error : socket_option_return(value, size, &number, sizeof(number));
	}
}

int socket_option_get(struct socket *socket, int level, int name, void *value, size_t *size)
{
	size_t room = *size;
	int error = -ENOPROTOOPT;

	if (socket->ops->get_option)
		error = socket->ops->get_option(socket, level, name, value, size);
	if (level != SOL_SOCKET || error != -ENOPROTOOPT)
		return error;
	*size = room;
	return get_generic(socket, name, value, size);
}
