# SPDX-License-Identifier: BSD-3-Clause
#
# lighttpd, with CMake and the modules for static files.
. "$(dirname "$0")/common.sh"

quietly "$tools/fetch-source.sh" lighttpd src/server.c "$dest"
outdated "$dest/out/build/lighttpd"
# Its documentation asks for this file in a static build.
mkdir -p "$dest/out/build"
printf 'PLUGIN_INIT(mod_%s)\n' indexfile staticfile dirlisting >"$dest/out/build/plugin-static.h"
case $system in
hermit) for=-DCMAKE_TOOLCHAIN_FILE=$build/share/hermit/cmake/HermitCore-Toolchain.cmake ;;
linux) for=-DCMAKE_EXE_LINKER_FLAGS=-static ;;
esac
[ -e "$dest/out/Makefile" ] ||
	quietly cmake -S "$dest" -B "$dest/out" -G "Unix Makefiles" -DBUILD_STATIC=1 -DWITH_PCRE2=0 -DWITH_ZLIB=0 \
		"$for"
quietly make -C "$dest/out" -j2 lighttpd
check "$dest/out/build/lighttpd"
