# SPDX-License-Identifier: BSD-3-Clause
#
# The set-up on a machine that lacks packages: what the Makefile's commands install, with a package
# manager that only takes notes. Usage: packages.sh SOURCE
set -eu

source=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/bin"

fail()
{
	echo "FAIL: $1"
	exit 1
}

# Installed is what the file has; apt-get adds to it and keeps its command lines.
cat >"$work/bin/dpkg-query" <<'END'
#!/bin/sh
for package do :; done
grep -qx "$package" "$PACKAGES/installed" && printf installed
END
cat >"$work/bin/apt-get" <<'END'
#!/bin/sh
echo "$*" >>"$PACKAGES/calls"
case $1 in
install)
	for package do
		case $package in -* | install) ;; *) echo "$package" >>"$PACKAGES/installed" ;; esac
	done ;;
esac
END
printf '#!/bin/sh\nexec "$@"\n' >"$work/bin/sudo"
chmod +x "$work/bin/"*
export PACKAGES="$work" PATH="$work/bin:$PATH"

# Each group, twice: the first run installs all that is missing, the second nothing.
printf 'make\ngit\ncmake\n' >"$work/installed"
for group in build test; do
	: >"$work/calls"
	make --no-print-directory -s -C "$source" "packages-$group" >"$work/log" ||
		fail "packages-$group: $(cat "$work/log")"
	grep -q "^install " "$work/calls" || fail "packages-$group installs nothing"
	for package in $(awk -v group="$group" '$1 == group { print $2 }' "$source/tools/packages.txt"); do
		count=$(grep -cx "$package" "$work/installed") || fail "$package was not installed"
		[ "$count" = 1 ] || fail "$package was installed again"
	done
	: >"$work/calls"
	make --no-print-directory -s -C "$source" "packages-$group" >"$work/log"
	[ ! -s "$work/calls" ] || fail "the second packages-$group: $(cat "$work/calls")"
done

# What the commands of the README ask for.
for target in all hello test bench; do
	make --no-print-directory -n -C "$source" "BUILD=$work/build" "$target" >"$work/log" 2>/dev/null || true
	grep -q "install-packages.sh build" "$work/log" || fail "make $target does not look for packages"
done
echo passed
