# SPDX-License-Identifier: BSD-3-Clause
#
# usr/examples as somebody outside of this repository uses it.
. "$(dirname "$0")/common.sh"

cp -R "$source/usr/examples" outside
cmake -S outside -B outside/build -DHERMIT_PREFIX="$build" >configure.log 2>&1 ||
	fail "cmake: $(cat configure.log)"
cmake --build outside/build >build.log 2>&1 || fail "build: $(cat build.log)"
for program in greeting shapes sum ring; do
	"$image_tool" is-sealed outside/build/$program || fail "$program is no image"
done
(cd outside/build && ctest --output-on-failure) >test.log 2>&1 || fail "ctest: $(cat test.log)"

# The tool chain file alone, from the source tree; a shared library becomes a static one.
mkdir plain
cat >plain/CMakeLists.txt <<'END'
cmake_minimum_required(VERSION 3.20)
project(plain C)
include(CheckCSourceRuns)
check_c_source_runs("int main(void) { return 0; }" RUNS)
check_c_source_runs("int main(void) { return 3; }" FAILS)
if(NOT RUNS OR FAILS)
	message(FATAL_ERROR "try_run does not work")
endif()
add_library(half SHARED half.c)
add_executable(plain main.c)
target_link_libraries(plain half m)
END
echo 'int half(int x) { return x / 2; }' >plain/half.c
echo 'int half(int); int main(void) { return half(6); }' >plain/main.c
cmake -S plain -B plain/build -Wno-dev -DTOOLCHAIN_BIN_DIR="$bin" \
	-DCMAKE_TOOLCHAIN_FILE="$source/cmake/HermitCore-Toolchain.cmake" >plain.log 2>&1 ||
	fail "cmake with the tool chain file: $(cat plain.log)"
cmake --build plain/build >>plain.log 2>&1 || fail "build: $(cat plain.log)"
status=0
run_image plain/build/plain || status=$?
expect "exit status" 3 $status
echo passed
