# SPDX-License-Identifier: BSD-3-Clause
#
# Programs that run on Linux: the proxy, the tools, unit tests and fuzz targets.
#
# hermit_host_library(NAME SOURCES ... [LIBS ...] [INCLUDES ...])
#     Static library NAME. Who links with it sees include/ and host/.
# hermit_host_program(NAME SOURCES ... [LIBS ...] [INCLUDES ...])
#     Program NAME, in the build's bin/.
# hermit_unit_test(NAME SOURCES ... [KERNEL_SOURCES ...] [LIBS ...] [INCLUDES ...] [DEFINES ...])
#     Program of test and (kernel or host) sources with address and undefined behaviour sanitizer;
#     CTest test unit_NAME, label "unit". INCLUDES and KERNEL_SOURCES are relative to the source root.
# hermit_fuzz_target(NAME SOURCES ... [KERNEL_SOURCES ...] [INCLUDES ...] [DEFINES ...] [CORPUS dir])
#     libFuzzer program, built with clang where that is installed; CTest test fuzz_NAME, label "fuzz",
#     runs it for HERMIT_FUZZ_SECONDS.
include_guard(GLOBAL)

set(HERMIT_HOST_FLAGS -std=c11 -D_GNU_SOURCE -O2 -g -fstack-protector-strong ${HERMIT_TUNE})
set(HERMIT_HOST_HARDENING -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fPIE)
set(HERMIT_SANITIZERS -fsanitize=address,undefined -fno-sanitize-recover=all)
find_program(HERMIT_CLANG NAMES clang clang-14)

function(hermit_host_target NAME INCLUDES LIBS)
	target_compile_options(${NAME} PRIVATE ${HERMIT_HOST_FLAGS} ${HERMIT_HOST_HARDENING}
		${HERMIT_WARNINGS})
	hermit_absolute_paths(includes ${INCLUDES})
	target_include_directories(${NAME} PUBLIC ${CMAKE_SOURCE_DIR}/include
		${CMAKE_SOURCE_DIR}/host PRIVATE ${includes})
	target_link_libraries(${NAME} PUBLIC ${LIBS})
endfunction()

function(hermit_host_library NAME)
	cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LIBS;INCLUDES")
	add_library(${NAME} STATIC ${arg_SOURCES})
	hermit_host_target(${NAME} "${arg_INCLUDES}" "${arg_LIBS}")
endfunction()

function(hermit_host_program NAME)
	cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LIBS;INCLUDES")
	add_executable(${NAME} ${arg_SOURCES})
	hermit_host_target(${NAME} "${arg_INCLUDES}" "${arg_LIBS}")
	target_link_options(${NAME} PRIVATE -static-pie -Wl,-z,relro,-z,now)
endfunction()

function(hermit_unit_test NAME)
	cmake_parse_arguments(PARSE_ARGV 1 arg "" ""
		"SOURCES;KERNEL_SOURCES;LIBS;INCLUDES;DEFINES")
	hermit_absolute_paths(sources ${arg_KERNEL_SOURCES})
	hermit_absolute_paths(includes ${arg_INCLUDES})
	set(target unit_${NAME})
	add_executable(${target} ${arg_SOURCES} ${sources})
	set_target_properties(${target} PROPERTIES
		RUNTIME_OUTPUT_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR})
	# gnu11: kernel sources use GNU assembly syntax.
	target_compile_options(${target} PRIVATE -std=gnu11 -D_GNU_SOURCE -O1 -g
		-fno-omit-frame-pointer ${HERMIT_SANITIZERS} ${HERMIT_WARNINGS}
		# Tests stand in for locks; the kernel's and host's own builds are checked.
		$<$<C_COMPILER_ID:Clang>:-Wno-thread-safety-analysis>)
	target_compile_definitions(${target} PRIVATE ${arg_DEFINES})
	target_include_directories(${target} PRIVATE ${CMAKE_SOURCE_DIR}/include
		${CMAKE_SOURCE_DIR}/host ${includes})
	target_link_options(${target} PRIVATE ${HERMIT_SANITIZERS})
	target_link_libraries(${target} PRIVATE ${arg_LIBS})
	add_test(NAME ${target} COMMAND ${target})
	set_tests_properties(${target} PROPERTIES LABELS unit TIMEOUT 120)
endfunction()

function(hermit_fuzz_target NAME)
	cmake_parse_arguments(PARSE_ARGV 1 arg "" "CORPUS"
		"SOURCES;KERNEL_SOURCES;INCLUDES;DEFINES;FLAGS")
	if(NOT HERMIT_CLANG)
		message(STATUS "fuzz target ${NAME}: skipped, clang is not installed")
		return()
	endif()
	set(sources ${arg_SOURCES})
	list(TRANSFORM sources PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/)
	hermit_absolute_paths(more ${arg_KERNEL_SOURCES})
	list(APPEND arg_INCLUDES tests/fuzz/common)
	hermit_absolute_paths(includes include host ${arg_INCLUDES})
	list(TRANSFORM includes PREPEND -I)
	list(TRANSFORM arg_DEFINES PREPEND -D)
	set(program ${CMAKE_CURRENT_BINARY_DIR}/fuzz_${NAME})
	set(work ${CMAKE_CURRENT_BINARY_DIR}/fuzz_${NAME}.corpus)
	file(MAKE_DIRECTORY ${work})
	# One compiler call for all sources: its dependency file would hold only the last one's headers,
	# so all headers of the include folders are dependencies.
	set(headers "")
	foreach(folder IN LISTS arg_INCLUDES)
		file(GLOB_RECURSE found CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${folder}/*.h)
		list(APPEND headers ${found})
	endforeach()
	add_custom_command(OUTPUT ${program}
		COMMAND ${HERMIT_CLANG} -std=gnu11 -D_GNU_SOURCE -O1 -g -fno-omit-frame-pointer
			-fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all
			${arg_FLAGS} ${arg_DEFINES} ${includes} ${sources} ${more} -o ${program}
		DEPENDS ${sources} ${more} ${headers}
		VERBATIM COMMENT "Building fuzz target ${NAME}")
	add_custom_target(fuzz_${NAME} ALL DEPENDS ${program})
	set(seeds "")
	if(arg_CORPUS)
		set(seeds ${CMAKE_CURRENT_SOURCE_DIR}/${arg_CORPUS})
	endif()
	add_test(NAME fuzz_${NAME} COMMAND ${program} -max_total_time=${HERMIT_FUZZ_SECONDS}
		-rss_limit_mb=1024 -print_final_stats=1
		-artifact_prefix=${CMAKE_CURRENT_BINARY_DIR}/ ${work} ${seeds})
	math(EXPR timeout "${HERMIT_FUZZ_SECONDS} + 90")
	set_tests_properties(fuzz_${NAME} PROPERTIES LABELS fuzz TIMEOUT ${timeout})
endfunction()
