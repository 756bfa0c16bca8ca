# SPDX-License-Identifier: BSD-3-Clause
#
# CMake tool chain file: -DCMAKE_TOOLCHAIN_FILE=PREFIX/share/hermit/cmake/HermitCore-Toolchain.cmake
#
# TOOLCHAIN_BIN_DIR names the folder of the x86_64-hermit-* tools. By default it is that of the prefix
# or build folder that this file lies in; where it lies in the source tree, the build folder's in it,
# and at last /opt/hermit/bin.
# MTUNE: value of -mtune=.
set(CMAKE_SYSTEM_NAME Hermit)
set(CMAKE_SYSTEM_PROCESSOR x86_64)
list(APPEND CMAKE_MODULE_PATH ${CMAKE_CURRENT_LIST_DIR}) # Platform/Hermit.cmake

if(NOT TOOLCHAIN_BIN_DIR)
	foreach(folder IN ITEMS ${CMAKE_CURRENT_LIST_DIR}/../../../bin
		${CMAKE_CURRENT_LIST_DIR}/../build/bin /opt/hermit/bin)
		get_filename_component(folder ${folder} ABSOLUTE)
		if(EXISTS ${folder}/x86_64-hermit-gcc)
			set(TOOLCHAIN_BIN_DIR ${folder})
			break()
		endif()
	endforeach()
endif()
if(NOT EXISTS ${TOOLCHAIN_BIN_DIR}/x86_64-hermit-gcc)
	message(FATAL_ERROR "no x86_64-hermit-gcc: set TOOLCHAIN_BIN_DIR to the folder it is in")
endif()
# For the projects of CMake's own tests, which read this file anew.
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES TOOLCHAIN_BIN_DIR MTUNE)

set(CMAKE_C_COMPILER ${TOOLCHAIN_BIN_DIR}/x86_64-hermit-gcc)
set(CMAKE_CXX_COMPILER ${TOOLCHAIN_BIN_DIR}/x86_64-hermit-g++)
set(CMAKE_Fortran_COMPILER ${TOOLCHAIN_BIN_DIR}/x86_64-hermit-gfortran)
set(CMAKE_ASM_COMPILER ${TOOLCHAIN_BIN_DIR}/x86_64-hermit-gcc)
set(HERMIT_GO_COMPILER ${TOOLCHAIN_BIN_DIR}/x86_64-hermit-gccgo)
if(MTUNE)
	foreach(language IN ITEMS C CXX Fortran)
		set(CMAKE_${language}_FLAGS_INIT -mtune=${MTUNE})
	endforeach()
endif()

# try_run() and add_test() run programs through the proxy.
if(EXISTS ${TOOLCHAIN_BIN_DIR}/proxy)
	set(CMAKE_CROSSCOMPILING_EMULATOR ${TOOLCHAIN_BIN_DIR}/proxy)
endif()
