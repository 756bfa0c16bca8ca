# SPDX-License-Identifier: BSD-3-Clause
#
# iperf3: the distribution's static library, which is all of it but main.
. "$(dirname "$0")/common.sh"

mkdir -p "$dest"
quietly x86_64-hermit-gcc -O2 -Wall -o "$dest/iperf3" "$source/tests/programs/iperf3.c" \
	-liperf -lssl -lcrypto -lsctp -lm -pthread
"$build/libexec/hermit/hermit-image" is-sealed "$dest/iperf3"
