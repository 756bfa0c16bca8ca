#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Installs those packages of the named groups (tools/packages.txt) that are missing.
# Usage: tools/install-packages.sh GROUP...
set -eu

list=$(dirname "$0")/packages.txt
missing=

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
	echo "This is no Debian system: what is needed is in $list." >&2
	exit 0
fi

for group do
	for package in $(awk -v group="$group" '$1 == group { print $2 }' "$list"); do
		status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
		[ "$status" = installed ] || missing="$missing $package"
	done
done
[ -n "$missing" ] || exit 0

sudo=
if [ "$(id -u)" != 0 ]; then
	command -v sudo >/dev/null || {
		echo "Missing:$missing. Install them as root, or install sudo." >&2
		exit 1
	}
	sudo=sudo
fi
echo "Installing:$missing"
$sudo apt-get update -q
# shellcheck disable=SC2086 # a list of words
$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing
