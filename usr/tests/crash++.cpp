// SPDX-License-Identifier: BSD-3-Clause
//
// crash++: ends by an exception that nobody catches, in the way its argument names. Proves that the
// run-time library's message appears, and that the status is 128 + SIGABRT as on Linux.
#include <cstring>
#include <iostream>
#include <stdexcept>
#include <thread>

// In a namespace with a name, so that the compiler must expect other derived classes and call by
// the table.
namespace pure
{

struct Base;
void call_pure(Base *base);
void (*volatile call_unseen)(Base *) = call_pure; // so that the compiler cannot see the mistake

struct Base {
	Base()
	{
		call_unseen(this);
	}
	virtual void pure() = 0;
	virtual ~Base() = default;
};

void call_pure(Base *base)
{
	base->pure();
}

struct Derived : Base {
	void pure() override
	{
	}
};

} // namespace pure

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

void crash_pure_virtual()
{
	pure::Derived derived;
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
	else if (std::strcmp(mode, "pure-virtual") == 0)
		crash_pure_virtual();
	std::cout << "throw noexcept thread pure-virtual" << std::endl;
	return 2;
}
