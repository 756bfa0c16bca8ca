/* SPDX-License-Identifier: BSD-3-Clause */
/* shapes: a C++ program with virtual functions, iostreams and an exception. */
#include <iomanip>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>

struct shape {
	virtual ~shape() = default;
	virtual double area() const = 0;
};

struct circle : shape {
	double area() const override
	{
		return 3.14159;
	}
};

struct square : shape {
	double area() const override
	{
		return 4;
	}
};

static std::unique_ptr<shape> make(const std::string &name)
{
	if (name == "circle")
		return std::make_unique<circle>();
	if (name == "square")
		return std::make_unique<square>();
	throw std::invalid_argument("no such shape: " + name);
}

int main()
{
	std::cout << std::fixed << std::setprecision(2);
	try {
		for (const char *name : {"circle", "square", "line"}) {
			std::unique_ptr<shape> made = make(name);

			std::cout << name << ' ' << made->area() << std::endl;
		}
	} catch (const std::invalid_argument &error) {
		std::cout << error.what() << std::endl;
	}
	return 0;
}
