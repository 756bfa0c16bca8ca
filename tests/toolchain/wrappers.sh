# SPDX-License-Identifier: BSD-3-Clause
#
# The wrappers as build systems use them: options, kinds of output, strip and objcopy, Linux's view.
. "$(dirname "$0")/common.sh"

gcc=$bin/x86_64-hermit-gcc
cat >main.c <<'END'
#include <math.h>
double half(double);
int main(int argc, char **argv) { (void)argv; return (int)half(sin(argc)); }
END
echo 'double half(double x) { return x / 2; }' >half.c

is_image()
{
	"$image_tool" is-sealed "$1" || fail "$1 is no sealed image"
	expect "EI_OSABI of $1" 42 "$(od -An -tx1 -j7 -N1 "$1" | tr -d ' ')"
}

# What it says of itself.
expect dumpmachine x86_64-hermit "$($gcc -dumpmachine)"
$gcc --version | grep -q GCC || $gcc --version | grep -q gcc || fail "gcc --version"
"$bin/x86_64-hermit-ld" --version | grep -q 'GNU ld' || fail "ld --version"
expect "-print-prog-name=ld" "$build/libexec/hermit/ld" "$($gcc -print-prog-name=ld)"

# Everything but linking.
echo 'int x = VALUE;' | $gcc -DVALUE=7 -E -x c - | grep -q 'int x = 7' || fail "-E"
$gcc -S -o half.s half.c && grep -q half half.s || fail "-S"
$gcc -M half.c | grep -q 'half.o: half.c' || fail "-M"
$gcc -c main.c half.c
$gcc -r -nostdlib -o both.o main.o half.o
! "$image_tool" is-image both.o || fail "-r made an image"

# Linking: all kinds of ways to say so.
$gcc -O2 -o app main.c half.c -lm -pthread -fopenmp
is_image app
$gcc both.o -lm
is_image a.out
"$bin/x86_64-hermit-ar" rcs libhalf.a half.o
$gcc -o archive main.o -L. -lhalf -lm
is_image archive
$gcc -fPIE -pie -rdynamic -o pie main.c half.c -lm
is_image pie
$gcc -O2 -flto -c main.c -o main.lto.o
$gcc -O2 -flto -c half.c -o half.lto.o
$gcc -O2 -flto -o lto main.lto.o half.lto.o -lm
is_image lto
$gcc -ffunction-sections -fdata-sections -Wl,--gc-sections -o collected main.c half.c -lm
is_image collected
echo '-o with\ blank main.o half.o -lm' >arguments
$gcc @arguments
is_image 'with blank'

# What cannot work says so.
must_fail 'static' $gcc -shared -fPIC -o lib.so half.c
must_fail 'fuse-ld=gold' $gcc -fuse-ld=gold -o gold main.c half.c -lm
must_fail 'undefined reference' $gcc -o undefined main.c -lm
[ ! -e undefined ] || fail "a file is left of a link that failed"

# Sections that ld places itself: data is loaded, .bss is not.
cat >placed.c <<'END'
int big[1 << 28];
__attribute__((section("words"))) int table[5] = {1};
extern int __start_words[], __stop_words[];
int main(void) { return big[3] + (int)(__stop_words - __start_words); }
END
$gcc -o placed placed.c
[ "$(stat -c %s placed)" -lt 100000000 ] || fail "a large .bss is in the file"
"$image_tool" info placed | grep -q '^bss  *10737' || fail "the size of .bss"
"$bin/x86_64-hermit-readelf" -lW placed >segments
! awk '$1 == "LOAD" && $6 ~ /0x4......./' segments | grep -q . || fail "a large .bss is loaded"

# Only the kernel is where the kernel is; W^X for all of it.
! awk '$1 == "LOAD" && /RWE/' segments | grep -q . || fail "a segment is writable and executable"
! awk '$1 == "LOAD" && $4 < "0x0000000000100000"' segments | grep -q . || fail "loaded below 1 MiB"

# strip and objcopy leave sealed images behind, in place and to another file.
cp app stripped
"$bin/x86_64-hermit-strip" stripped
is_image stripped
[ "$(stat -c %s stripped)" -lt "$(stat -c %s app)" ] || fail "strip removed nothing"
"$bin/x86_64-hermit-strip" -o stripped2 app
is_image app
is_image stripped2
cmp stripped stripped2 || fail "strip in place and with -o differ"
"$bin/x86_64-hermit-objcopy" --strip-debug app copied
is_image copied
must_fail 'No such file\|No such' "$bin/x86_64-hermit-strip" missing

# The debug information of both halves, and no symbol of the kernel that could clash.
$gcc -g -o debug main.c half.c -lm
"$bin/x86_64-hermit-gdb" -batch -ex 'info line main' debug 2>/dev/null | grep -q 'main.c' ||
	fail "no line numbers of the application"
"$bin/x86_64-hermit-gdb" -batch -ex 'info line hermit_entry64' debug 2>/dev/null |
	grep -q 'address 0xffffffff8' || fail "no line numbers of the kernel"
expect "global symbols of the kernel" "" \
	"$("$bin/x86_64-hermit-nm" -g debug | awk '$1 ~ /^ffffffff8/ && $3 !~ /^_*hermit_/ { print $3 }')"
echo 'int panic, kmalloc, log_write, memory; int main(void) { return 0; }' >clash.c
$gcc -o clash clash.c
is_image clash

# Linux.
status=0
./app >out.log 2>err.log || status=$?
expect "exit status on Linux" 1 $status
expect "output on Linux" "./app: this is a HermitCore image, not a Linux program. Run it with: proxy ./app" \
	"$(cat err.log)"
status=0
./stripped 2>/dev/null || status=$?
expect "exit status of the stripped image on Linux" 1 $status

echo passed
