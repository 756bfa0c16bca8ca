# SPDX-License-Identifier: BSD-3-Clause
#
# Sourced by the build scripts in this folder. Arguments: source folder, build folder, the program's folder.
set -eu

source=$1
build=$2
dest=$3
tools=$source/tools
PATH=$build/bin:$PATH
mkdir -p "$(dirname "$dest")"

# quietly COMMAND...: shows the output when it fails
quietly()
{
	"$@" >"$dest.log" 2>&1 || { tail -n 40 "$dest.log"; echo "FAILED: $*"; exit 1; }
}

# outdated IMAGE: removes an image that holds an older kernel
outdated()
{
	[ ! "$build/x86_64-hermit/lib/libhermit.a" -nt "$1" ] || rm -f "$1"
}
