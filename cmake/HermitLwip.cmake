# SPDX-License-Identifier: BSD-3-Clause
#
# lwIP's source: from LWIP_SOURCE_DIR, or fetched from the distribution's source package into the build
# folder by target lwip-source. HERMIT_LWIP_DIR is the folder.
include_guard(GLOBAL)

set(LWIP_SOURCE_DIR "" CACHE PATH "lwIP's source (default: the distribution's source package)")
if(LWIP_SOURCE_DIR)
	if(NOT EXISTS ${LWIP_SOURCE_DIR}/src/core/init.c)
		message(FATAL_ERROR "LWIP_SOURCE_DIR: no src/core/init.c in ${LWIP_SOURCE_DIR}")
	endif()
	set(HERMIT_LWIP_DIR ${LWIP_SOURCE_DIR})
else()
	set(HERMIT_LWIP_DIR ${CMAKE_BINARY_DIR}/lwip)
	add_custom_command(OUTPUT ${HERMIT_LWIP_DIR}/src/core/init.c
		COMMAND ${CMAKE_SOURCE_DIR}/tools/fetch-source.sh lwip src/core/init.c ${HERMIT_LWIP_DIR}
		VERBATIM USES_TERMINAL COMMENT "Fetching lwIP (or give its source with -DLWIP_SOURCE_DIR=)")
endif()
add_custom_target(lwip-source DEPENDS ${HERMIT_LWIP_DIR}/src/core/init.c)
