/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A web server for static files.
 *
 * webserver threads|epoll PORT FOLDER
 *
 * Serves the regular files below FOLDER to GET and HEAD, HTTP/1.0 and 1.1, over connections that
 * are kept as the client wants, until SIGTERM or SIGINT. "threads": a thread with blocking calls
 * for each connection. "epoll": one thread, non-blocking sockets, edge-triggered events. Both run
 * the same connections: what would block comes back, and is gone on with at the next event. Files
 * are sent with sendfile.
 *
 * No request leaves FOLDER: ".." is refused, and openat2 with RESOLVE_BENEATH refuses links that
 * lead outside.
 *
 * Each connection belongs to one thread, so there are no locks. Signals are blocked everywhere; the
 * first thread waits for them.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/check.h"

#define REQUEST_MAX  8192 /* request line and headers */
#define REPLY_MAX    512
#define EVENTS_MAX   64
#define BACKLOG	     1024
#define STACK_SIZE   (128 << 10)
#define REQUEST_END  "\r\n\r\n"
#define FULL_WAIT_US 10000 /* until the next attempt when descriptors are used up */

struct connection {
	int fd;
	bool keep;		       /* after the reply on its way */
	size_t have;		       /* bytes in `request`, maybe of several requests */
	char request[REQUEST_MAX + 1]; /* NUL behind what it has */
	char reply[REPLY_MAX];	       /* the head, and the body of an error */
	size_t reply_size, reply_done; /* all done: no reply is on its way */
	int file;		       /* what follows the head, or -1 */
	off_t file_at, file_end;
};

static int root; /* FOLDER */
static int listener;
static bool blocking; /* variant "threads" */

static const char *type_of(const char *path)
{
	static const char *const types[][2] = {
		{".html", "text/html"}, {".css", "text/css"},  {".js", "text/javascript"},
		{".txt", "text/plain"}, {".png", "image/png"}, {".jpg", "image/jpeg"},
	};
	const char *dot = strrchr(path, '.');

	for (size_t i = 0; dot && i < sizeof(types) / sizeof(types[0]); i++)
		if (!strcmp(dot, types[i][0]))
			return types[i][1];
	return "application/octet-stream";
}

static void reply_error(struct connection *connection, const char *status)
{
	connection->reply_size = (size_t)snprintf(
		connection->reply, REPLY_MAX,
		"HTTP/1.1 %s\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\n"
		"%sConnection: %s\r\n\r\n%s\n",
		status, strlen(status) + 1, strncmp(status, "405", 3) ? "" : "Allow: GET, HEAD\r\n",
		connection->keep ? "keep-alive" : "close", status);
}

static int digit(char c)
{
	if (!isxdigit((unsigned char)c))
		return -1;
	return isdigit((unsigned char)c) ? c - '0' : (c | 0x20) - 'a' + 10;
}

/* Decodes %XX in place and cuts the query off. False: not a path of this server's. */
static bool decode(char *path)
{
	char *to = path;

	path[strcspn(path, "?#")] = '\0';
	for (const char *from = path; *from; from++) {
		int high = digit(from[1]), low = high < 0 ? -1 : digit(from[2]);

		if (*from != '%') {
			*to++ = *from;
			continue;
		}
		if (low < 0 || !(high | low))
			return false;
		*to++ = (char)(high << 4 | low);
		from += 2;
	}
	*to = '\0';
	return path[0] == '/';
}

static bool leads_up(const char *path)
{
	for (const char *part = path; part; part = strchr(part, '/')) {
		part += strspn(part, "/");
		if (!strncmp(part, "..", 2) && (part[2] == '/' || !part[2]))
			return true;
	}
	return false;
}

static int open_below(const char *path)
{
	struct open_how how = {.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK,
			       .resolve = RESOLVE_BENEATH};

	path += strspn(path, "/");
	return (int)syscall(SYS_openat2, root, *path ? path : ".", &how, sizeof(how));
}

/* The file that PATH means, a folder's being its index.html; or -1 with errno. */
static int open_file(char *path, size_t room, struct stat *info)
{
	int fd = open_below(path);

	if (fd >= 0 && !fstat(fd, info) && S_ISDIR(info->st_mode)) {
		close(fd);
		if (strlen(path) + sizeof("/index.html") > room) {
			errno = ENAMETOOLONG;
			return -1;
		}
		strcat(path, "/index.html");
		fd = open_below(path);
	}
	if (fd >= 0 && (fstat(fd, info) || !S_ISREG(info->st_mode))) {
		close(fd);
		errno = EACCES;
		return -1;
	}
	return fd;
}

static void reply_file(struct connection *connection, char *path, size_t room, bool head_only)
{
	struct stat info;
	int fd;

	if (!decode(path)) {
		reply_error(connection, "400 Bad Request");
		return;
	}
	if (leads_up(path)) {
		reply_error(connection, "403 Forbidden");
		return;
	}
	fd = open_file(path, room, &info);
	if (fd < 0) {
		bool forbidden = errno == EACCES || errno == EXDEV;

		reply_error(connection, forbidden ? "403 Forbidden" : "404 Not Found");
		return;
	}
	connection->reply_size = (size_t)snprintf(
		connection->reply, REPLY_MAX,
		"HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %lld\r\nConnection: %s\r\n\r\n",
		type_of(path), (long long)info.st_size, connection->keep ? "keep-alive" : "close");
	if (head_only) {
		close(fd);
		return;
	}
	connection->file = fd;
	connection->file_at = 0;
	connection->file_end = info.st_size;
}

/* Whether the connection stays: by the protocol's version and the header "Connection". */
static bool wants_keep(const char *version, const char *headers)
{
	for (const char *line = headers; line; line = strstr(line, "\r\n")) {
		line += strspn(line, "\r\n");
		if (strncasecmp(line, "Connection:", 11))
			continue;
		line += 11 + strspn(line + 11, " \t");
		if (!strncasecmp(line, "close", 5))
			return false;
		if (!strncasecmp(line, "keep-alive", 10))
			return true;
	}
	return strcmp(version, "HTTP/1.0") != 0;
}

/* Answers the request at the start of the buffer, whose head ends at END. */
static void answer(struct connection *connection, char *end)
{
	char method[8] = "", version[10] = "", path[2048] = "";
	char *line_end = strstr(connection->request, "\r\n");
	size_t size = (size_t)(end - connection->request) + sizeof(REQUEST_END) - 1;

	*end = *line_end = '\0';
	connection->reply_done = 0;
	connection->keep = false;
	if (sscanf(connection->request, "%7s %2000s %9s", method, path, version) != 3 ||
	    (strcmp(version, "HTTP/1.1") && strcmp(version, "HTTP/1.0"))) {
		reply_error(connection, "400 Bad Request");
	} else if (strcmp(method, "GET") && strcmp(method, "HEAD")) {
		reply_error(connection, "405 Method Not Allowed"); /* a body may follow: the end */
	} else {
		connection->keep = wants_keep(version, line_end == end ? "" : line_end + 2);
		reply_file(connection, path, sizeof(path), !strcmp(method, "HEAD"));
	}
	connection->have -= size;
	memmove(connection->request, connection->request + size, connection->have + 1);
}

/* Sends what is left of the reply. False: the connection failed, or would block (EAGAIN). */
static bool send_reply(struct connection *connection)
{
	int more = connection->file >= 0 ? MSG_MORE : 0;

	while (connection->reply_done < connection->reply_size) {
		ssize_t sent =
			send(connection->fd, connection->reply + connection->reply_done,
			     connection->reply_size - connection->reply_done, MSG_NOSIGNAL | more);

		if (sent < 0)
			return false;
		connection->reply_done += (size_t)sent;
	}
	while (connection->file >= 0 && connection->file_at < connection->file_end) {
		ssize_t sent = sendfile(connection->fd, connection->file, &connection->file_at,
					(size_t)(connection->file_end - connection->file_at));

		if (sent < 0)
			return false;
		if (!sent) { /* the file has become shorter: the client must see it */
			errno = EIO;
			return false;
		}
	}
	if (connection->file >= 0)
		close(connection->file);
	connection->file = -1;
	return true;
}

/* Serves until the connection is over (false) or would block (true). */
static bool serve(struct connection *connection)
{
	for (;;) {
		char *end;
		ssize_t got;

		if (!send_reply(connection))
			return errno == EAGAIN;
		if (!connection->keep)
			return false;
		end = strstr(connection->request, REQUEST_END);
		if (end) {
			answer(connection, end);
			continue;
		}
		if (connection->have == REQUEST_MAX) {
			connection->keep = false;
			connection->reply_done = 0;
			reply_error(connection, "431 Request Header Fields Too Large");
			continue;
		}
		got = read(connection->fd, connection->request + connection->have,
			   REQUEST_MAX - connection->have);
		if (got <= 0)
			return got < 0 && errno == EAGAIN;
		connection->have += (size_t)got;
		connection->request[connection->have] = '\0';
	}
}

static struct connection *connection_new(int fd)
{
	struct connection *connection = calloc(1, sizeof(*connection));
	int one = 1;

	if (!connection)
		check_die("calloc");
	MUST(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)));
	connection->fd = fd;
	connection->file = -1;
	connection->keep = true;
	return connection;
}

static void connection_end(struct connection *connection)
{
	if (connection->file >= 0)
		close(connection->file);
	shutdown(connection->fd, SHUT_WR);
	close(connection->fd);
	free(connection);
}

/* The next connection, or NULL when there is none. */
static struct connection *next(void)
{
	for (;;) {
		int fd = accept4(listener, NULL, NULL,
				 blocking ? SOCK_CLOEXEC : SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd >= 0)
			return connection_new(fd);
		if (errno == EAGAIN)
			return NULL;
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
			usleep(FULL_WAIT_US);
		else if (errno != ECONNABORTED && errno != EINTR)
			check_die("accept4");
	}
}

static void *serve_one(void *argument)
{
	struct connection *connection = argument;

	serve(connection);
	connection_end(connection);
	return NULL;
}

static _Noreturn void *run_threads(void *unused)
{
	pthread_attr_t attributes;
	pthread_t thread;

	(void)unused;
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_SIZE);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	for (;;) {
		struct connection *connection = next();

		if (pthread_create(&thread, &attributes, serve_one, connection))
			connection_end(connection);
	}
}

static _Noreturn void *run_epoll(void *unused)
{
	struct epoll_event events[EVENTS_MAX], event = {.events = EPOLLIN};
	int set = epoll_create1(EPOLL_CLOEXEC);

	(void)unused;
	MUST(set);
	MUST(epoll_ctl(set, EPOLL_CTL_ADD, listener, &event));
	for (;;) {
		int ready = epoll_wait(set, events, EVENTS_MAX, -1);

		for (int i = 0; i < ready; i++) {
			struct connection *connection = events[i].data.ptr;

			if (connection) {
				if (!serve(connection))
					connection_end(connection);
				continue;
			}
			while ((connection = next())) {
				event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
				event.data.ptr = connection;
				MUST(epoll_ctl(set, EPOLL_CTL_ADD, connection->fd, &event));
			}
		}
	}
}

static void listen_at(int port)
{
	struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
	int one = 1;

	listener = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | (blocking ? 0 : SOCK_NONBLOCK), 0);
	MUST(listener);
	MUST(setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)));
	MUST(bind(listener, (struct sockaddr *)&any, sizeof(any)));
	MUST(listen(listener, BACKLOG));
}

int main(int argc, char **argv)
{
	struct rlimit limit;
	sigset_t signals;
	pthread_t thread;
	int number;

	if (argc != 4 || (strcmp(argv[1], "threads") && strcmp(argv[1], "epoll"))) {
		fprintf(stderr, "usage: webserver threads|epoll PORT FOLDER\n");
		return 2;
	}
	blocking = !strcmp(argv[1], "threads");
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	signal(SIGPIPE, SIG_IGN); /* sendfile has no MSG_NOSIGNAL */
	MUST(getrlimit(RLIMIT_NOFILE, &limit));
	limit.rlim_cur = limit.rlim_max;
	MUST(setrlimit(RLIMIT_NOFILE, &limit));
	root = open(argv[3], O_PATH | O_DIRECTORY | O_CLOEXEC);
	MUST(root);
	listen_at(atoi(argv[2]));
	MUST(-pthread_create(&thread, NULL, blocking ? run_threads : run_epoll, NULL));
	printf("listening\n");
	fflush(stdout);
	sigwait(&signals, &number);
	printf("stopped\n");
	return 0;
}
