# SPDX-License-Identifier: BSD-3-Clause
#
# The tool chain in a DESTDIR stage, in a prefix that was moved, through a symbolic link, and with a
# blank in its path.
. "$(dirname "$0")/common.sh"

check()
{
	"$1/x86_64-hermit-gcc" -O2 -o app main.c
	"$image_tool" is-sealed app || fail "$1 links no image"
	"$1/x86_64-hermit-strip" app
	"$image_tool" is-sealed app || fail "$1: strip unseals"
	rm app
	"$1/x86_64-hermit-g++" -x c++ -o app main.c
	"$image_tool" is-sealed app || fail "$1: g++ links no image"
	rm app
}

echo 'int main() { return 0; }' >main.c
make --no-print-directory -C "$build" install "DESTDIR=$work/stage" >install.log 2>&1 ||
	fail "make install: $(tail -5 install.log)"
prefix=$(sed -n 's/^CMAKE_INSTALL_PREFIX:PATH=//p' "$build/CMakeCache.txt")
stage=$work/stage$prefix
for file in bin/proxy bin/x86_64-hermit-gcc x86_64-hermit/lib/libhermit.a share/man/man1/proxy.1 \
	x86_64-hermit/extra/tests/hello x86_64-hermit/extra/benchmarks/basic \
	share/hermit/cmake/HermitCore-Application.cmake share/hermit/binfmt.sh; do
	[ -e "$stage/$file" ] || fail "$file is not installed"
done
check "$stage/bin"

mkdir 'other place'
mv "$stage" 'other place/hermit'
[ ! -e "$stage" ] || fail "the stage is still there"
check "$work/other place/hermit/bin"

mkdir links
for tool in gcc g++ strip; do
	ln -s "../other place/hermit/bin/x86_64-hermit-$tool" links/
done
check "$work/links"

# The installed hello, by the installed proxy, from the new place.
"other place/hermit/bin/proxy" "other place/hermit/x86_64-hermit/extra/tests/hello" >hello.log ||
	fail "the installed hello: $(cat hello.log)"
echo passed
