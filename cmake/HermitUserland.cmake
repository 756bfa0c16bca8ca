# SPDX-License-Identifier: BSD-3-Clause
#
# hermit_application(NAME SOURCES ... [LANG C|CXX|Fortran|Go] [FLAGS ...] [LIBS ...] [DEPENDS ...])
#     Builds the program twice, in the current build folder: NAME, a HermitCore image, with the
#     wrappers in TOOLCHAIN_BIN_DIR, and NAME.linux, a static Linux program, with the same compiler.
#     FLAGS come before the sources, LIBS after them, for both. DEPENDS names headers and the like.
#     The image is installed into x86_64-hermit/extra/FOLDER, FOLDER being the source folder's name.
#     Target: app_NAME.
include_guard(GLOBAL)

set(HERMIT_USER_FLAGS -O2 -g ${HERMIT_TUNE})
set(HERMIT_DRIVER_C gcc)
set(HERMIT_DRIVER_CXX g++)
set(HERMIT_DRIVER_Fortran gfortran)
set(HERMIT_DRIVER_Go gccgo)

function(hermit_application NAME)
	cmake_parse_arguments(PARSE_ARGV 1 arg "" "LANG" "SOURCES;FLAGS;LIBS;DEPENDS")
	if(NOT arg_LANG)
		set(arg_LANG C)
	endif()
	if(NOT DEFINED HERMIT_DRIVER_${arg_LANG})
		message(FATAL_ERROR "hermit_application(${NAME}): unknown LANG ${arg_LANG}")
	endif()
	set(driver ${HERMIT_DRIVER_${arg_LANG}})
	set(sources ${arg_SOURCES})
	list(TRANSFORM sources PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/)
	list(TRANSFORM arg_DEPENDS PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/)
	set(image ${CMAKE_CURRENT_BINARY_DIR}/${NAME})

	# The library of this build comes before that of the tool chain.
	add_custom_command(OUTPUT ${image}
		COMMAND ${TOOLCHAIN_BIN_DIR}/x86_64-hermit-${driver} ${HERMIT_USER_FLAGS}
			${arg_FLAGS} -o ${image} ${sources}
			-L${CMAKE_BINARY_DIR}/x86_64-hermit/lib ${arg_LIBS}
		DEPENDS ${sources} ${arg_DEPENDS} hermit_toolchain libhermit
			${CMAKE_BINARY_DIR}/x86_64-hermit/lib/libhermit.a
			${CMAKE_SOURCE_DIR}/toolchain/hermit.ld
		VERBATIM COMMENT "Building image ${NAME}")
	add_custom_command(OUTPUT ${image}.linux
		COMMAND ${driver} ${HERMIT_USER_FLAGS} -static ${arg_FLAGS} -o ${image}.linux
			${sources} ${arg_LIBS}
		DEPENDS ${sources} ${arg_DEPENDS}
		VERBATIM COMMENT "Building Linux program ${NAME}.linux")
	add_custom_target(app_${NAME} ALL DEPENDS ${image} ${image}.linux)
	get_filename_component(folder ${CMAKE_CURRENT_SOURCE_DIR} NAME)
	install(PROGRAMS ${image} DESTINATION x86_64-hermit/extra/${folder})
endfunction()
