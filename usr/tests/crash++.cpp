// SPDX-License-Identifier: BSD-3-Clause
//
// crash++: ends by an exception that nobody catches, in the way its argument names. Proves that the
// run-time library's message appears, and that the status is 128 + SIGABRT as on Linux.
#include <cstring>
#include <iostream>
#include <stdexcept>
#include <thread>

namespace
{

__attribute__((noinline)) void crash_throw()
{
	throw std::runtime_error("nobody catches this");
}

__attribute__((noinline)) void crash_noexcept() noexcept
{
	crash_throw();
}

void crash_thread()
{
	std::thread(crash_throw).join();
}

} // namespace

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";

	std::cout << "before " << mode << std::endl;
	if (std::strcmp(mode, "throw") == 0)
		crash_throw();
	else if (std::strcmp(mode, "noexcept") == 0)
		crash_noexcept();
	else if (std::strcmp(mode, "thread") == 0)
		crash_thread();
	std::cout << "throw noexcept thread" << std::endl;
	return 2;
}
