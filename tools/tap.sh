#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Sets up a tap device, the cable between this host and an application that has an IP address of its
# own (HERMIT_NETIF), and takes it away again. Needs root.
#
# Usage: tools/tap.sh up [NAME [USER [ADDRESS/BITS]]] | down [NAME] | status [NAME]
# NAME: tap0 by default. USER: name or number of who may use the device, by default the user who called
# sudo. ADDRESS/BITS: this host's end, by default 10.0.5.1/24, the gateway that the application expects.
set -eu

die()
{
	echo "tap.sh: $1" >&2
	exit 1
}

usage()
{
	sed -n 's/^# Usage: /usage: /p' "$0" >&2
	exit 2
}

exists()
{
	ip link show dev "$name" >/dev/null 2>&1
}

is_tap()
{
	ip -details link show dev "$name" | grep -q "tun type tap"
}

up()
{
	if exists; then
		is_tap || die "$name is there and is no tap device"
		ip link delete "$name"
	fi
	[ -e /dev/net/tun ] || modprobe tun 2>/dev/null || die "/dev/net/tun is missing"
	ip tuntap add dev "$name" mode tap user "$1"
	if ! { ip address add "$2" dev "$name" && ip link set "$name" up; }; then
		ip link delete "$name"
		die "$name cannot have the address $2"
	fi
}

action=${1:-}
name=${2:-tap0}
case $action in
up | down | status) ;;
*) usage ;;
esac
command -v ip >/dev/null || die "ip is missing (Debian: apt install iproute2)"
[ "$action" = status ] || [ "$(id -u)" = 0 ] || die "only root may do that"
case $action in
up) up "${3:-${SUDO_UID:-0}}" "${4:-10.0.5.1/24}" ;;
down)
	exists || die "there is no device $name"
	is_tap || die "$name is no tap device"
	ip link delete "$name"
	;;
status)
	exists || die "there is no device $name"
	ip -brief address show dev "$name"
	;;
esac
