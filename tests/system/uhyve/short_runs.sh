#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# usage: short_runs.sh PROXY LIST
# Runs each line of LIST, a program and its arguments, in isle uhyve with one processor and with two.
proxy=$1 list=$2 failed=0
cd /tmp || exit 1
while read -r program arguments; do
	for cpus in 1 2; do
		# The arguments are words.
		# shellcheck disable=SC2086
		timeout 180 "$proxy" --isle=uhyve --cpus=$cpus "$program" $arguments >out 2>&1 </dev/null
		status=$?
		echo "$cpus: $program $arguments: $status"
		if [ $status -ne 0 ] || [ ! -s out ]; then
			tail -20 out
			failed=1
		fi
	done
done <"$list"
exit $failed
