# SPDX-License-Identifier: BSD-3-Clause
#
# What CMake has to know of HermitCore as a target system: Linux's ABI, static programs only.
set(UNIX TRUE)
set(CMAKE_DL_LIBS "")
set(CMAKE_FIND_LIBRARY_PREFIXES lib)
set(CMAKE_FIND_LIBRARY_SUFFIXES .a)
set_property(GLOBAL PROPERTY TARGET_SUPPORTS_SHARED_LIBS FALSE)
include(Platform/UnixPaths)
