#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Makes Linux start HermitCore images through the proxy, so that ./app runs (binfmt_misc). Images are
# known by byte 7 of the ELF header, EI_OSABI, which is 0x42.
#
# Usage: tools/binfmt.sh register [PROXY] | unregister | status
# PROXY: by default the one beside this script in the same prefix, or /opt/hermit/bin/proxy.
set -eu

folder=/proc/sys/fs/binfmt_misc
name=hermit

die()
{
	echo "binfmt.sh: $1" >&2
	exit 1
}

default_proxy()
{
	here=$(dirname "$(readlink -f "$0")")
	for proxy in "$here/../../bin/proxy" "$here/../build/bin/proxy"; do
		if [ -x "$proxy" ]; then
			readlink -f "$proxy"
			return
		fi
	done
	echo /opt/hermit/bin/proxy
}

register()
{
	[ -x "$1" ] || die "no program $1"
	if [ ! -e "$folder/register" ]; then
		mount -t binfmt_misc binfmt_misc "$folder" ||
			die "cannot mount binfmt_misc on $folder (are you root?)"
	fi
	[ ! -e "$folder/$name" ] || unregister
	printf '%s' ":$name:M:7:\\x42::$1:" >"$folder/register" ||
		die "registering failed (are you root?)"
}

unregister()
{
	[ -e "$folder/$name" ] || die "not registered"
	printf '%s' -1 >"$folder/$name" || die "cannot write $folder/$name (are you root?)"
}

case ${1-} in
register) register "${2:-$(default_proxy)}" ;;
unregister) unregister ;;
status)
	[ -e "$folder/$name" ] || die "not registered"
	cat "$folder/$name"
	;;
*)
	echo "Usage: $0 register [PROXY] | unregister | status" >&2
	exit 2
	;;
esac
