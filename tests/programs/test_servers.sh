#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Runs the scripts in docs/servers.md, as they stand but for the ports. Usage: test_servers.sh SOURCE BUILD
set -eu
source=$1
build=$2
work=$(mktemp -d /var/tmp/servers-XXXXXX) # isles have a /tmp of their own
job=
trap '[ -z "$job" ] || kill -9 -- "-$job" 2>/dev/null || true; rm -rf "$work"' EXIT
cd "$work"

free_port()
{
	python3 -c 'import socket; print(socket.create_server(("127.0.0.1", 0)).getsockname()[1])'
}

# script NAME PORT: runs the script in a session of its own, with a time limit
script()
{
	port=$(free_port)
	sed -n "/^\`\`\`$1\$/,/^\`\`\`\$/{/^\`\`\`/d;p}" "$source/docs/servers.md" |
		sed "s/=$2:/=$port:/; s/\(127.0.0.1:\|-p \)$2/\1$port/" >"$1.sh"
	[ -s "$1.sh" ] || { echo "docs/servers.md has no script $1"; exit 1; }
	PATH=$build/bin:$PATH HERMIT=$build REDIS=$build/programs/redis HERMIT_KVM=0 \
		setsid timeout 100 bash -eu "$1.sh" >"$1.log" 2>&1 &
	job=$!
	wait "$job" || { echo "script $1 failed:"; cat "$1.log"; exit 1; }
	job=
}

expect()
{
	grep -q -e "$2" "$1.log" || { echo "$1 does not print: $2"; cat "$1.log"; exit 1; }
}

script web 8080
expect web '^<h1>hello</h1>$'
expect web '^stopped$'
script redis 6379
expect redis '^PONG$'
expect redis '^hello from an isle$'
expect redis '^dump.rdb$'
