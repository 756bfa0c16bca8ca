/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * proxy-net: the user-mode network of isle uhyve, a program that only the proxy starts
 * (host/proxy/user_net.h). Usage: proxy-net confined|free [PUBLISH]..., with a packet socket as
 * descriptor USER_NET_FD and ports as --publish of the proxy takes them.
 */
#include "network.h"

#include "message.h"
#include "sandbox.h"
#include "user_net.h"

#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static bool is_packet_socket(int fd)
{
	int type = 0;
	socklen_t size = sizeof(type);

	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_SEQPACKET;
}

int main(int argc, char **argv)
{
	struct net_options net = {0};
	const char *what;
	bool good = argc >= 2 && is_packet_socket(USER_NET_FD);

	for (int i = 2; i < argc && good; i++)
		good = net_set_publish(&net, argv[i]);
	if (!good) {
		proxy_message("proxy-net is a part of the proxy, which starts it");
		return STATUS_PROXY;
	}
	signal(SIGPIPE, SIG_IGN);
	if (!network_open(USER_NET_FD, &net))
		return STATUS_PROXY;
	net_options_destroy(&net);
	if (strcmp(argv[1], "confined") == 0 && sandbox_enter_user_net(&what) != 0) {
		proxy_message("the user-mode network cannot be confined (%s)", what);
		return STATUS_PROXY;
	}
	/* Nobody is to wait for the end of standard error because of this process. */
	close(STDERR_FILENO);
	network_serve();
	return 0;
}
