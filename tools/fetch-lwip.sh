#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Fetches lwIP's source from the distribution's source package into the folder DEST, and leaves the
# system's own apt configuration alone: a private list of source repositories is derived from the
# machine's list of binary ones (one-line .list files and deb822 .sources files, with their options,
# such as Signed-By), as far as they are those of the distribution's main archive.
#
# Usage: tools/fetch-lwip.sh DEST      (DEST/src/core/init.c is there afterwards)
set -eu

dest=${1:?usage: fetch-lwip.sh DEST}
[ ! -e "$dest/src/core/init.c" ] || exit 0

for command in apt-get dpkg-source; do
	command -v $command >/dev/null || {
		echo "fetch-lwip.sh: no $command; give the source with -DLWIP_SOURCE_DIR=" >&2
		exit 1
	}
done

. /etc/os-release
codename=${VERSION_CODENAME:?no VERSION_CODENAME in /etc/os-release}
mkdir -p "$(dirname "$dest")"
work=$(mktemp -d "$(dirname "$dest")/lwip-fetch.XXXXXX")
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
for file in /etc/apt/sources.list /etc/apt/sources.list.d/*; do
	case $file in
	*.sources) [ ! -r "$file" ] || stanzas "$file" >>"$work/sources/machine.sources" ;;
	*.list) [ ! -r "$file" ] || lines "$file" >>"$work/sources/machine.list" ;;
	esac
done
for file in machine.sources machine.list; do
	[ -s "$work/sources/$file" ] || rm "$work/sources/$file"
done

private_apt()
{
	apt-get -q -o Dir::Etc::SourceList=/dev/null -o Dir::Etc::SourceParts="$work/sources" \
		-o Dir::State::Lists="$work/lists" -o Dir::Cache="$work/cache" \
		-o APT::Sandbox::User="$(id -un)" "$@"
}

private_apt update
(cd "$work/unpack" && private_apt source --only-source lwip)
for folder in "$work"/unpack/lwip-*/; do
	if [ -e "$folder/src/core/init.c" ]; then
		rm -rf "$dest"
		mv "$folder" "$dest"
		exit 0
	fi
done
echo "fetch-lwip.sh: the source package has no src/core/init.c" >&2
exit 1
