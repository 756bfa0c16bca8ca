#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# tools/binfmt.sh: images that start by their own name. Usage: test_binfmt.sh SOURCE BUILD
#
# binfmt_misc belongs to a user namespace from Linux 6.7 on, so the test has one of its own and the
# machine does not change. Status 77: this Linux is older, or gives no namespaces.
set -eu

if [ "${3-}" != inside ]; then
	if ! unshare -Urm mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc 2>/dev/null; then
		echo "binfmt_misc cannot be had in a namespace of its own: not tested"
		exit 77
	fi
	exec unshare -Urm "$0" "$1" "$2" inside
fi

binfmt=$1/tools/binfmt.sh
cd "$2/usr/tests"

fail()
{
	echo "FAIL: $1"
	exit 1
}

# check WHAT WANTED COMMAND...: its output and status
check()
{
	what=$1 wanted=$2
	shift 2
	status=0
	seen=$("$@" 2>&1) || status=$?
	seen="$seen [$status]"
	[ "$seen" = "$wanted" ] || fail "$what: \"$seen\" instead of \"$wanted\""
}

check "status before" "binfmt.sh: not registered [1]" "$binfmt" status
check "no such proxy" "binfmt.sh: no program /none [1]" "$binfmt" register /none
check "registering" " [0]" "$binfmt" register "$2/bin/proxy"
"$binfmt" status | grep -q "^interpreter $2/bin/proxy$" || fail "status"
echo "through a pipe" >binfmt-input
check "standard input" "through a pipe [0]" sh -c "./cat <binfmt-input"
check "an argument" "through a pipe [0]" ./cat binfmt-input
rm binfmt-input
check "exit status" "buffered text of 7 [7]" ./exits 7
check "registering again" " [0]" "$binfmt" register "$2/bin/proxy"
check "unregistering" " [0]" "$binfmt" unregister
check "unregistering again" "binfmt.sh: not registered [1]" "$binfmt" unregister
./cat </dev/null >/dev/null 2>&1 && fail "an image starts without the proxy"
echo "all holds"
