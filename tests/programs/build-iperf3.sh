# SPDX-License-Identifier: BSD-3-Clause
#
# iperf3: the distribution's static library, which is all of it but main.
. "$(dirname "$0")/common.sh"

mkdir -p "$dest"
quietly $cc $static -O2 -Wall -o "$dest/iperf3" "$source/tests/programs/iperf3.c" \
	-liperf -lssl -lcrypto -lsctp -lm -pthread
check "$dest/iperf3"
