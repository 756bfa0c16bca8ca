# SPDX-License-Identifier: BSD-3-Clause
#
# hermit_kernel_library(NAME SOURCES a.c b.S ... [SMALL c.c ...] [DEPENDS lib arch ...])
#     The folder kernel/NAME as object library kernel_NAME. It sees include/, its own include/ and the
#     include/ of the folders in DEPENDS, nothing else; each of these must have a lower rank. What a
#     header of a dependency includes must be named as well. SMALL: those of the sources that run seldom and
#     are compiled for size.
#
# hermit_kernel_image()
#     Called once, by the last folder (kernel/init): links all kernel_* libraries into one relocatable
#     object, makes its symbols local and puts it into libhermit.a.
include_guard(GLOBAL)

# The order of the folders (docs/architecture.md). "arch" as a dependency is the processor-independent
# contract (rank 2); the library of that name, its implementation, has rank 3.
set(HERMIT_KERNEL_FOLDERS lib arch core mm sched drivers file fs net syscalls init)
set(HERMIT_RANK_lib 1)
set(HERMIT_RANK_arch 2)
set(HERMIT_RANK_core 4)
set(HERMIT_RANK_mm 5)
set(HERMIT_RANK_sched 6)
set(HERMIT_RANK_drivers 7)
set(HERMIT_RANK_file 7)
set(HERMIT_RANK_fs 8)
set(HERMIT_RANK_net 8)
set(HERMIT_RANK_syscalls 9)
set(HERMIT_RANK_init 10)

# The kernel may use the Linux UAPI headers and the compiler's freestanding ones, but none of the C
# library's. So the include path gets a folder that holds nothing but links to the UAPI folders.
set(HERMIT_UAPI_DIR ${CMAKE_BINARY_DIR}/uapi)
function(hermit_link_uapi NAME)
	find_path(HERMIT_UAPI_${NAME} ${ARGN} PATHS /usr/include
		/usr/include/x86_64-linux-gnu NO_DEFAULT_PATH REQUIRED)
	mark_as_advanced(HERMIT_UAPI_${NAME})
	file(MAKE_DIRECTORY ${HERMIT_UAPI_DIR})
	file(CREATE_LINK ${HERMIT_UAPI_${NAME}}/${NAME} ${HERMIT_UAPI_DIR}/${NAME} SYMBOLIC)
endfunction()
hermit_link_uapi(linux linux/elf.h)
hermit_link_uapi(asm asm/unistd_64.h)
hermit_link_uapi(asm-generic asm-generic/errno.h)

execute_process(COMMAND ${CMAKE_C_COMPILER} -print-file-name=include
	OUTPUT_VARIABLE HERMIT_COMPILER_INCLUDE OUTPUT_STRIP_TRAILING_WHITESPACE
	COMMAND_ERROR_IS_FATAL ANY)

set(HERMIT_KERNEL_FLAGS
	$<$<COMPILE_LANGUAGE:C>:-std=gnu11> # C11 with GNU assembly syntax
	-O2 -g
	-ffreestanding			# no C library below
	-mcmodel=kernel			# linked into the top 2 GiB
	-mno-red-zone			# nested exceptions push below the stack pointer
	-mgeneral-regs-only		# the FPU and vector registers belong to the application
	-fno-pic -fno-pie		# linked at a fixed address
	-fcf-protection=none		# no CET in ring 0
	-fno-asynchronous-unwind-tables -fno-unwind-tables # .eh_frame would join the application's
	-fno-omit-frame-pointer		# backtraces in crash reports, without unwind tables
	-fno-strict-aliasing		# memory is frames, headers and objects in turn
	-fno-common			# a doubly defined variable is a link error
	-ffunction-sections -fdata-sections # the link drops what nobody uses
	# Padding is a tenth of the text.
	$<$<C_COMPILER_ID:GNU>:-fno-align-functions> $<$<C_COMPILER_ID:GNU>:-fno-align-jumps>
	$<$<C_COMPILER_ID:GNU>:-fno-align-loops>
	# The guard value lives at %fs:0x28 or %gs:0x28. FS is the application's, and GS points at
	# struct cpu, which reserves no such field. Guard pages catch overruns of the stack as a whole.
	-fno-stack-protector
	-Wframe-larger-than=2048	# a kernel stack has a few pages
	$<$<C_COMPILER_ID:GNU>:-fno-tree-loop-distribute-patterns> # no memcpy call inside memcpy
	-nostdinc
	"SHELL:-isystem ${HERMIT_COMPILER_INCLUDE}"
	"SHELL:-isystem ${HERMIT_UAPI_DIR}"
	${HERMIT_TUNE})

function(hermit_kernel_check_rank NAME DEPENDENCY)
	if(NOT DEFINED HERMIT_RANK_${DEPENDENCY})
		message(FATAL_ERROR "kernel/${NAME}: unknown folder ${DEPENDENCY}")
	endif()
	set(rank ${HERMIT_RANK_${NAME}})
	if(NAME STREQUAL "arch")
		set(rank 3)
	endif()
	if(NOT HERMIT_RANK_${DEPENDENCY} LESS rank)
		message(FATAL_ERROR "kernel/${NAME} (rank ${rank}) must not depend on "
			"kernel/${DEPENDENCY} (rank ${HERMIT_RANK_${DEPENDENCY}})")
	endif()
endfunction()

function(hermit_kernel_library NAME)
	cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;SMALL;DEPENDS")
	if(NOT DEFINED HERMIT_RANK_${NAME})
		message(FATAL_ERROR "hermit_kernel_library: ${NAME} has no rank")
	endif()
	if(arg_UNPARSED_ARGUMENTS)
		message(FATAL_ERROR "kernel/${NAME}: what is ${arg_UNPARSED_ARGUMENTS}?")
	endif()
	set_property(SOURCE ${arg_SMALL} APPEND PROPERTY COMPILE_OPTIONS -Os)
	set(target kernel_${NAME})
	add_library(${target} OBJECT ${arg_SOURCES})
	target_compile_options(${target} PRIVATE ${HERMIT_KERNEL_FLAGS} ${HERMIT_WARNINGS})
	target_include_directories(${target} PRIVATE ${CMAKE_SOURCE_DIR}/include
		${CMAKE_SOURCE_DIR}/kernel/${NAME}/include)
	foreach(dependency IN LISTS arg_DEPENDS)
		hermit_kernel_check_rank(${NAME} ${dependency})
		target_include_directories(${target} PRIVATE
			${CMAKE_SOURCE_DIR}/kernel/${dependency}/include)
	endforeach()
endfunction()

function(hermit_kernel_image)
	find_program(HERMIT_LD NAMES ld.bfd ld REQUIRED)
	set(objects "")
	set(libraries "")
	foreach(folder IN LISTS HERMIT_KERNEL_FOLDERS)
		if(TARGET kernel_${folder})
			list(APPEND objects $<TARGET_OBJECTS:kernel_${folder}>)
			list(APPEND libraries kernel_${folder})
		endif()
	endforeach()
	set(script ${CMAKE_SOURCE_DIR}/toolchain/kernel.ld)
	set(symbols ${CMAKE_SOURCE_DIR}/toolchain/kernel-symbols.txt)
	set(imports ${CMAKE_SOURCE_DIR}/toolchain/kernel-imports.txt)
	set(linked ${CMAKE_BINARY_DIR}/kernel/kernel.o)
	set(kernel ${CMAKE_BINARY_DIR}/kernel/hermit_kernel.o)
	set(library ${CMAKE_BINARY_DIR}/x86_64-hermit/lib/libhermit.a)

	add_custom_command(OUTPUT ${kernel}
		COMMAND ${HERMIT_LD} -r -T ${script} -z noexecstack --gc-sections
			-u hermit_pvh_entry -u hermit_entry64 -o ${linked} ${objects}
		COMMAND ${CMAKE_SOURCE_DIR}/toolchain/check-kernel.sh ${linked} ${imports}
		COMMAND ${CMAKE_OBJCOPY} --keep-global-symbols=${symbols} ${linked} ${kernel}
		DEPENDS ${objects} ${script} ${symbols} ${imports}
			${CMAKE_SOURCE_DIR}/toolchain/check-kernel.sh
		COMMAND_EXPAND_LISTS VERBATIM
		COMMENT "Linking kernel object")
	add_custom_command(OUTPUT ${library}
		COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_BINARY_DIR}/x86_64-hermit/lib
		COMMAND ${CMAKE_COMMAND} -E rm -f ${library}
		COMMAND ${CMAKE_AR} rcsD ${library} ${kernel} $<TARGET_OBJECTS:hermit_user>
		DEPENDS ${kernel} $<TARGET_OBJECTS:hermit_user>
		COMMAND_EXPAND_LISTS VERBATIM
		COMMENT "Creating libhermit.a")
	add_custom_target(libhermit ALL DEPENDS ${library})
	add_dependencies(libhermit ${libraries} hermit_user)
	install(FILES ${library} DESTINATION x86_64-hermit/lib)
endfunction()
