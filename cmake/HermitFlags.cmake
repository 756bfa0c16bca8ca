# SPDX-License-Identifier: BSD-3-Clause
#
# What all C code of this repository is compiled with.
include_guard(GLOBAL)

set(HERMIT_WARNINGS
	-Wall -Wextra -Wshadow -Wundef -Wvla -Wpointer-arith -Wcast-qual -Wwrite-strings
	-Wimplicit-fallthrough -Wformat=2
	$<$<COMPILE_LANGUAGE:C>:-Wstrict-prototypes> $<$<COMPILE_LANGUAGE:C>:-Wmissing-prototypes>)
if(HERMIT_WERROR)
	list(APPEND HERMIT_WARNINGS -Werror)
endif()
if(CMAKE_C_COMPILER_ID MATCHES "Clang")
	# GUARDED_BY and REQUIRES are checked; GCC has no such check.
	list(APPEND HERMIT_WARNINGS -Wthread-safety)
endif()

set(HERMIT_TUNE "")
if(MTUNE)
	set(HERMIT_TUNE -mtune=${MTUNE})
endif()

# Turns paths relative to the source root into absolute ones.
function(hermit_absolute_paths OUT)
	set(paths "")
	foreach(path IN LISTS ARGN)
		if(NOT IS_ABSOLUTE ${path})
			set(path ${CMAKE_SOURCE_DIR}/${path})
		endif()
		list(APPEND paths ${path})
	endforeach()
	set(${OUT} ${paths} PARENT_SCOPE)
endfunction()
