#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Usage: check-kernel.sh OBJECT IMPORTS
# Checks the kernel's relocatable object: all of its loaded sections are those that hermit.ld keeps apart
# from the application's, and it needs no symbols but those in the list.
set -eu
export LC_ALL=C

sections=$(objdump -h "$1" | awk '
	$1 ~ /^[0-9]+$/ { name = $2 }
	/ALLOC/ && name !~ /^\.k(text|rodata|data|bss|note)$/ { print name }')
if [ -n "$sections" ]; then
	echo "$1: sections that toolchain/kernel.ld does not place:" $sections >&2
	exit 1
fi
symbols=$(nm -u "$1" | awk 'FNR == NR { if ($1 !~ /^#/) known[$1]; next } !($2 in known) { print $2 }' \
	"$2" -)
if [ -n "$symbols" ]; then
	echo "$1: the kernel does not define:" $symbols >&2
	exit 1
fi
