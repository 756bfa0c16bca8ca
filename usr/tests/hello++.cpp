/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * hello++: proves that a C++ program's constructors and destructors of static objects run in order,
 * that iostreams work and that an exception finds its handler and unwinds what lies between.
 */
#include <iostream>
#include <stdexcept>
#include <string>
#include <vector>

namespace
{

struct Announcer {
	std::string name;

	explicit Announcer(std::string text) : name(std::move(text))
	{
		std::cout << "construct " << name << std::endl;
	}
	~Announcer()
	{
		std::cout << "destroy " << name << std::endl;
	}
	Announcer(const Announcer &) = delete;
	Announcer &operator=(const Announcer &) = delete;
};

const Announcer first("first static object");
const Announcer second("second static object");

void descend(int depth)
{
	const Announcer local("frame " + std::to_string(depth));

	if (depth == 0)
		throw std::runtime_error("thrown at the bottom");
	descend(depth - 1);
}

} // namespace

int main(int argc, char **argv)
{
	const std::vector<std::string> arguments(argv + 1, argv + argc);

	std::cout << "Hello World from C++!" << std::endl;
	for (const auto &argument : arguments)
		std::cout << "argument: " << argument << '\n';
	try {
		descend(2);
		std::cout << "no exception arrived" << std::endl;
		return 1;
	} catch (const std::exception &e) {
		std::cout << "caught: " << e.what() << std::endl;
	}
	try {
		std::cout << std::stoi("not a number") << std::endl;
		return 1;
	} catch (const std::invalid_argument &) {
		std::cout << "caught the library's exception" << std::endl;
	}
	std::cerr << "and this goes to the standard error output" << std::endl;
	return 0;
}
