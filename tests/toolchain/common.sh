# SPDX-License-Identifier: BSD-3-Clause
#
# Sourced by the tests in this folder. Arguments: source folder, build folder, an own work folder.
set -eu

source=$1
build=$2
work=$3
bin=$build/bin
image_tool=$build/libexec/hermit/hermit-image

rm -rf "$work"
mkdir -p "$work"
cd "$work"

fail()
{
	echo "FAILED: $1" >&2
	exit 1
}

# expect WHAT WANTED SEEN
expect()
{
	[ "$2" = "$3" ] || fail "$1: expected '$2', got '$3'"
}

# must_fail TEXT COMMAND...: it fails and its standard error holds TEXT.
must_fail()
{
	wanted=$1
	shift
	! "$@" >out.log 2>err.log || fail "$*: succeeded"
	grep -q -e "$wanted" err.log || fail "$*: no '$wanted' in: $(cat err.log)"
}

# run_image FILE ARGUMENTS...: in a virtual machine
run_image()
{
	timeout 120 "$bin/proxy" "$@"
}
