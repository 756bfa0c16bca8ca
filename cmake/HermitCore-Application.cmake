# SPDX-License-Identifier: BSD-3-Clause
#
# For programs outside of this repository: include this file in CMakeLists.txt before project(). From
# there on it is normal CMake. An example is in usr/examples.
#
# hermit_add_go_executable(NAME a.go ...) builds a Go program, a language that CMake does not know.
include_guard(GLOBAL)

if(CMAKE_PROJECT_NAME)
	message(FATAL_ERROR "HermitCore-Application.cmake has to be included before project()")
endif()
if(NOT CMAKE_TOOLCHAIN_FILE)
	set(CMAKE_TOOLCHAIN_FILE ${CMAKE_CURRENT_LIST_DIR}/HermitCore-Toolchain.cmake
		CACHE FILEPATH "HermitCore's tool chain")
endif()

function(hermit_add_go_executable NAME)
	set(sources ${ARGN})
	list(TRANSFORM sources PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/)
	set(program ${CMAKE_CURRENT_BINARY_DIR}/${NAME})
	add_custom_command(OUTPUT ${program}
		COMMAND ${HERMIT_GO_COMPILER} -O2 -g -o ${program} ${sources}
		DEPENDS ${sources} VERBATIM COMMENT "Building Go program ${NAME}")
	add_custom_target(${NAME}_go ALL DEPENDS ${program})
endfunction()
