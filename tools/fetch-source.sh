#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Fetches the distribution's source package PACKAGE into the folder DEST, whose file FILE is there
# afterwards. Does nothing when it is there already. Leaves the system's own apt configuration alone: a
# private list of source repositories is derived from the machine's list of binary ones (one-line .list
# files and deb822 .sources files, with their options, such as Signed-By), as far as they are those of the
# distribution's main archive.
#
# Usage: tools/fetch-source.sh PACKAGE FILE DEST
set -eu

usage="usage: fetch-source.sh PACKAGE FILE DEST"
package=${1:?$usage} file=${2:?$usage} dest=${3:?$usage}
[ ! -e "$dest/$file" ] || exit 0

for command in apt-get dpkg-source; do
	command -v $command >/dev/null || {
		echo "fetch-source.sh: no $command, so no source of $package" >&2
		exit 1
	}
done

. /etc/os-release
codename=${VERSION_CODENAME:?no VERSION_CODENAME in /etc/os-release}
mkdir -p "$(dirname "$dest")"
work=$(mktemp -d "$(dirname "$dest")/$package-fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM HUP
mkdir -p "$work/sources" "$work/lists/partial" "$work/cache/archives/partial" "$work/unpack"

# deb822: stanzas of "Types: deb" one of whose suites belongs to this release.
stanzas()
{
	awk -v codename="$codename" '
		BEGIN { RS = ""; ORS = "\n\n"; FS = "\n" }
		{
			binary = suite = 0; text = ""
			for (i = 1; i <= NF; i++) {
				if ($i ~ /^#/)
					continue
				if ($i ~ /^Enabled:[ \t]*no/)
					next
				if ($i ~ /^Types:/) {
					binary = $i ~ /[ \t]deb([ \t]|$)/
					$i = "Types: deb-src"
				}
				if ($i ~ /^Suites:/)
					suite = $i ~ "[ \t]" codename "(-updates|-security)?([ \t]|$)"
				text = text (text == "" ? "" : "\n") $i
			}
			if (binary && suite)
				print text
		}' "$@"
}

# deb [options] URI suite component...
lines()
{
	awk -v codename="$codename" '
		$1 == "deb" && $0 ~ "[ \t]" codename "(-updates|-security)?[ \t]" {
			sub(/deb/, "deb-src")
			print
		}' "$@"
}

: >"$work/sources/machine.sources"
: >"$work/sources/machine.list"
for list in /etc/apt/sources.list /etc/apt/sources.list.d/*; do
	case $list in
	*.sources) [ ! -r "$list" ] || stanzas "$list" >>"$work/sources/machine.sources" ;;
	*.list) [ ! -r "$list" ] || lines "$list" >>"$work/sources/machine.list" ;;
	esac
done
for list in machine.sources machine.list; do
	[ -s "$work/sources/$list" ] || rm "$work/sources/$list"
done

private_apt()
{
	apt-get -q -o Dir::Etc::SourceList=/dev/null -o Dir::Etc::SourceParts="$work/sources" \
		-o Dir::State::Lists="$work/lists" -o Dir::Cache="$work/cache" \
		-o APT::Sandbox::User="$(id -un)" "$@"
}

private_apt update
(cd "$work/unpack" && private_apt source --only-source "$package")
for folder in "$work/unpack/$package"-*/; do
	if [ -e "$folder/$file" ]; then
		rm -rf "$dest"
		mv "$folder" "$dest"
		exit 0
	fi
done
echo "fetch-source.sh: the source package $package has no $file" >&2
exit 1
