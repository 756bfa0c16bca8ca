/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lwIP's configuration (see lwip/opt.h for each option). The stack runs without threads of its own
 * (NO_SYS): whoever calls into it holds the core lock of kernel/net/stack.c. Memory comes from the
 * kernel's heap, sizes that depend on the machine's memory from variables of stack.c.
 */
#ifndef LWIPOPTS_H
#define LWIPOPTS_H

#define NO_SYS			  1
#define SYS_LIGHTWEIGHT_PROT	  0 /* the core lock covers everything */
#define LWIP_ASSERT_CORE_LOCKED() net_assert_locked()
#define LWIP_TIMERS		  1
#define LWIP_TIMERS_CUSTOM	  1 /* timers.c: none runs while nothing needs it */

#define LWIP_SOCKET		  0
#define LWIP_NETCONN		  0
#define LWIP_STATS		  0

/* Memory */
#define MEM_LIBC_MALLOC		     1
#define mem_clib_malloc		     net_malloc
#define mem_clib_calloc		     net_calloc
#define mem_clib_free		     net_free
#define MEMP_MEM_MALLOC		     1
#define MEM_ALIGNMENT		     8
#define LWIP_SUPPORT_CUSTOM_PBUF     1
#define PBUF_LINK_ENCAPSULATION_HLEN 16 /* drivers/net.h: net_transmit.headroom */
#define PBUF_POOL_BUFSIZE	     1664
#define ETH_PAD_SIZE		     0

/* Checksums */
#define LWIP_CHECKSUM_CTRL_PER_NETIF 1
#define LWIP_CHKSUM		     net_checksum
#define CHECKSUM_CHECK_ICMP6	     1

/* Interfaces */
#define LWIP_HAVE_LOOPIF	   1
#define LWIP_NETIF_LOOPBACK	   1
#define LWIP_LOOPBACK_MAX_PBUFS	   0
#define LWIP_LOOPIF_MULTICAST	   1
#define LWIP_NETIF_STATUS_CALLBACK 1
#define LWIP_NETIF_LINK_CALLBACK   1
#define LWIP_NETIF_HOSTNAME	   1
#define LWIP_NETIF_HWADDRHINT	   1

/* IP */
#define LWIP_IPV4	     1
#define LWIP_IPV6	     1
#define LWIP_ARP	     1
#define ARP_TABLE_SIZE	     64
#define ARP_QUEUEING	     1
#define LWIP_ICMP	     1
#define IP_DEFAULT_TTL	     64
#define LWIP_RAW	     1
#define LWIP_DHCP	     1
#define DHCP_DOES_ARP_CHECK  0 /* the address is ours at once */
#define LWIP_DHCP_BOOTP_FILE 0
#define LWIP_AUTOIP	     0
#ifndef LWIP_DNS /* names are the C library's business; DHCP learns of servers as if they were not \
		  */
#define LWIP_DNS 0
#endif
#define DNS_MAX_SERVERS		      3
#define LWIP_IGMP		      1
#define LWIP_MULTICAST_TX_OPTIONS     1
#define LWIP_BROADCAST_PING	      0
#define IP_SOF_BROADCAST	      1
#define IP_SOF_BROADCAST_RECV	      0
#define IP_REASS_MAX_PBUFS	      256
#define MEMP_NUM_REASSDATA	      32
#define MEMP_NUM_ARP_QUEUE	      256
#define IPV6_FRAG_COPYHEADER	      1 /* pointers of 64 bits */
#define LWIP_IPV6_MLD		      1
#define LWIP_IPV6_AUTOCONFIG	      1
#define LWIP_IPV6_DUP_DETECT_ATTEMPTS 0 /* as for DHCP */
#define LWIP_IPV6_DHCP6		      0
#define LWIP_ND6_NUM_NEIGHBORS	      64
#define LWIP_ND6_NUM_DESTINATIONS     64
#define LWIP_ND6_ALLOW_RA_UPDATES     1
#define SO_REUSE		      1
#define SO_REUSE_RXTOALL	      1

/* TCP */
#define LWIP_WND_SCALE 1
#define TCP_RCV_SCALE  7
#ifndef TCP_WND /* a constant for lwIP's own checks of its configuration */
#define TCP_WND net_tcp_window
#endif
#ifndef TCP_SND_BUF
#define TCP_SND_BUF net_tcp_send_buffer
#endif
/* The largest segment of any interface; the others' own limits come from their MTU. With its
 * headers it fits into a block of 64 KiB. */
#define TCP_MSS		  65160
#define TCP_OVERSIZE	  1460
#define TCP_SND_QUEUELEN  65500
#define TCP_SNDLOWAT	  1
#define TCP_SNDQUEUELOWAT 5
/* Of the connection's own window: without scaling it has 64 KiB at most. */
#define TCP_WND_UPDATE_THRESHOLD	(TCP_WND_MAX(pcb) / 4)
#define TCP_QUEUE_OOSEQ			1
#define TCP_OOSEQ_MAX_BYTES		net_tcp_window
#define LWIP_TCP_SACK_OUT		1
#define LWIP_TCP_KEEPALIVE		1
#define LWIP_TCP_PCB_NUM_EXT_ARGS	0
#define TCP_LISTEN_BACKLOG		0      /* a byte is too small: tcp_listen.c counts itself */
#define TCP_MSL				30000u /* ms: TIME_WAIT of 60 s, as Linux */
#define TCP_MAXRTX			12
#define TCP_SYNMAXRTX			6
#define LWIP_DISABLE_TCP_SANITY_CHECKS	1
#define LWIP_DISABLE_MEMP_SANITY_CHECKS 1

/* The hooks of port/hooks.h */
#define LWIP_HOOK_FILENAME "hooks.h"

#endif /* LWIPOPTS_H */
