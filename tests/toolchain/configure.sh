# SPDX-License-Identifier: BSD-3-Clause
#
# A package with an autoconf configure script.
. "$(dirname "$0")/common.sh"

mkdir package
cd package
cat >configure.ac <<'END'
AC_INIT([package], [1.0])
AC_CONFIG_AUX_DIR([.])
AC_CANONICAL_HOST
AC_PROG_CC
AC_CHECK_TOOL([AR], [ar])
AC_CHECK_TOOL([STRIP], [strip])
AC_CHECK_SIZEOF([long])
AC_CHECK_FUNCS([getpid clock_gettime no_such_function])
AC_CHECK_HEADERS([pthread.h])
AC_SEARCH_LIBS([sin], [m])
AC_CONFIG_HEADERS([config.h])
AC_CONFIG_FILES([Makefile])
AC_OUTPUT
END
cat >Makefile.in <<'END'
CC = @CC@
AR = @AR@
STRIP = @STRIP@
package: main.c libpart.a
	$(CC) @CFLAGS@ -o $@ main.c libpart.a @LIBS@
	$(STRIP) $@
libpart.a: part.c
	$(CC) @CFLAGS@ -c part.c
	$(AR) rcs $@ part.o
END
cat >main.c <<'END'
#include "config.h"
#include <stdio.h>
int part(void);
int main(void)
{
#if !defined(HAVE_GETPID) || defined(HAVE_NO_SUCH_FUNCTION) || SIZEOF_LONG != 8
#error "configure is wrong"
#endif
	printf("%s %d\n", PACKAGE_STRING, part());
	return 0;
}
END
echo 'int part(void) { return 42; }' >part.c
cp /usr/share/misc/config.sub /usr/share/misc/config.guess .
touch install-sh # AC_CONFIG_AUX_DIR looks for it; nothing is installed here
autoheader >autoconf.log 2>&1 && autoconf >>autoconf.log 2>&1 || fail "autoconf: $(cat autoconf.log)"

PATH=$bin:$PATH
./configure --host=x86_64-hermit-linux-gnu >configure.log 2>&1 ||
	fail "configure: $(tail -20 configure.log)"
make -s >make.log 2>&1 || fail "make: $(cat make.log)"
"$image_tool" is-sealed package || fail "no image"
expect output 'package 1.0 42' "$(run_image ./package)"
echo passed
