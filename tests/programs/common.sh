# SPDX-License-Identifier: BSD-3-Clause
#
# Sourced by the build scripts in this folder. Arguments: source folder, build folder, the program's folder,
# and "linux" for a static program for Linux (the benchmark compares with it).
set -eu

source=$1
build=$2
dest=$3
system=${4:-hermit}
tools=$source/tools
PATH=$build/bin:$PATH
mkdir -p "$(dirname "$dest")"

# quietly COMMAND...: shows the output when it fails
quietly()
{
	"$@" >"$dest.log" 2>&1 || { tail -n 40 "$dest.log"; echo "FAILED: $*"; exit 1; }
}

case $system in
hermit) cc=x86_64-hermit-gcc ar=x86_64-hermit-ar static= ;;
linux) cc=gcc ar=ar static=-static ;;
*) echo "no system $system" >&2; exit 2 ;;
esac

# outdated IMAGE: removes an image that holds an older kernel
outdated()
{
	[ "$system" = hermit ] || return 0
	[ ! "$build/x86_64-hermit/lib/libhermit.a" -nt "$1" ] || rm -f "$1"
}

# check IMAGE: it is whole
check()
{
	[ "$system" = linux ] || "$build/libexec/hermit/hermit-image" is-sealed "$1"
}
