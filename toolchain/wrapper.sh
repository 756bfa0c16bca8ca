#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# x86_64-hermit-*: the distribution's compilers and binutils, set up for HermitCore images. The name of
# the file tells which tool is meant. All files are found relative to it, so any prefix works.
set -u

self=$(readlink -f "$0")
prefix=$(dirname "$(dirname "$self")")
tool=${self##*/x86_64-hermit-}
libexec=$prefix/libexec/hermit
lib=$prefix/x86_64-hermit/lib
include=$prefix/x86_64-hermit/include

die()
{
	echo "x86_64-hermit-$tool: $1" >&2
	exit 1
}

# Images are static and not position-independent, whatever a build system asks for by default.
compile()
{
	for arg do
		shift
		case $arg in
		-dumpmachine)
			echo x86_64-hermit
			exit 0
			;;
		-pie | -static-pie | -rdynamic | -fuse-ld=bfd) ;;
		-fuse-ld=*) die "$arg: only GNU ld can link HermitCore images" ;;
		*) set -- "$@" "$arg" ;;
		esac
	done
	if [ -d "$include" ]; then
		set -- "$@" -isystem "$include"
	fi
	exec "$tool" "-specs=$lib/hermit.specs" "-B$libexec/" -static -no-pie -fno-pie "$@" "-L$lib"
}

# strip and objcopy rewrite the program headers, which they can do only before an image is sealed. So
# each image among the arguments is unsealed for the time of the run, and then all images, new ones
# too, are sealed.
rewrite()
{
	trap 'seal_all "$@"' EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	for arg do
		if [ -f "$arg" ] && "$libexec/hermit-image" is-sealed "$arg"; then
			"$libexec/hermit-image" unseal "$arg" || exit 1
		fi
	done
	"$tool" "$@"
}

seal_all()
{
	for arg do
		arg=${arg#--output-file=}
		if [ -f "$arg" ] && "$libexec/hermit-image" is-image "$arg" &&
			! "$libexec/hermit-image" is-sealed "$arg"; then
			"$libexec/hermit-image" seal "$arg"
		fi
	done
}

case $tool in
gcc | g++ | gfortran | gccgo) compile "$@" ;;
ld) exec "$libexec/ld" "$@" ;;
strip | objcopy) rewrite "$@" ;;
*) exec "$tool" "$@" ;;
esac
