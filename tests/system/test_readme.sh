#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Does the README's tour, as it stands there, and looks at what it prints. Usage: test_readme.sh SOURCE BUILD
set -eu
source=$1
build=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

ln -s "$build" "$work/build"
sed -n '/^```tour$/,/^```$/{/^```/d;p}' "$source/README.md" >"$work/tour.sh"
[ -s "$work/tour.sh" ] || { echo "the README has no tour"; exit 1; }
(cd "$work" && sh -eu tour.sh) >"$work/output" 2>&1 || { cat "$work/output"; exit 1; }

expect()
{
	grep -q -e "$1" "$work/output" || { echo "the tour does not print: $1"; cat "$work/output"; exit 1; }
}
expect '^Hello, there!$'
expect '^status 7$'
expect '^THROUGH A VIRTUAL MACHINE$'
expect 'is a HermitCore image'
expect '^status 1$'
expect 'boot: entry tsc'
expect 'SIGSEGV'
expect ' oops+'
expect '^status 139$'
