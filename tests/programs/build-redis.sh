# SPDX-License-Identifier: BSD-3-Clause
#
# redis-server, with its own makefile.
. "$(dirname "$0")/common.sh"

quietly "$tools/fetch-source.sh" redis src/server.c "$dest"
outdated "$dest/src/redis-server"
quietly make -C "$dest/src" -j2 redis-server MALLOC=libc OPTIMIZATION=-O2 DEBUG= \
	CC=$cc AR=$ar LDFLAGS=$static
check "$dest/src/redis-server"
