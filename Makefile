# SPDX-License-Identifier: BSD-3-Clause
#
# One command for each purpose. Behind them is a normal CMake build, in $(BUILD); CMAKE_FLAGS are
# passed to cmake when that folder is set up.
#
#   make              build everything
#   make hello        run the hello program in a virtual machine
#   make test         run the tests
#   make test-uhyve   run isle uhyve's tests only
#   make bench        measure, beside Linux
#   make install      install to /opt/hermit (or -DCMAKE_INSTALL_PREFIX), below DESTDIR
#   make clean        remove the build folder
#
# Packages that are missing are installed first (tools/packages.txt).

BUILD ?= build
JOBS ?= $(shell nproc)
CMAKE_FLAGS ?=

.PHONY: all hello test test-uhyve bench install clean packages-build packages-test
.NOTPARALLEL:

all: packages-build $(BUILD)/Makefile
	+$(MAKE) --no-print-directory -C $(BUILD) -j$(JOBS)

$(BUILD)/Makefile: | packages-build
	cmake -S . -B $(BUILD) -G "Unix Makefiles" $(CMAKE_FLAGS)

# A static pattern: make looks for no pattern rules for phony targets.
packages-build packages-test: packages-%:
	@tools/install-packages.sh $*

hello: packages-build $(BUILD)/Makefile
	+$(MAKE) --no-print-directory -C $(BUILD) -j$(JOBS) proxy app_hello
	$(BUILD)/bin/proxy $(BUILD)/usr/tests/hello

# cmake again: a build folder that is older than the packages has no fuzz targets, as clang was missing.
test: packages-build packages-test $(BUILD)/Makefile
	cmake $(BUILD) >/dev/null
	+$(MAKE) --no-print-directory -C $(BUILD) -j$(JOBS)
	cd $(BUILD) && ctest --output-on-failure -j2

test-uhyve: packages-build packages-test all
	cd $(BUILD) && ctest -L uhyve --output-on-failure -j2

bench: packages-build packages-test all
	+$(MAKE) --no-print-directory -C $(BUILD) bench

install: all
	+$(MAKE) --no-print-directory -C $(BUILD) install

clean:
	rm -rf $(BUILD)
