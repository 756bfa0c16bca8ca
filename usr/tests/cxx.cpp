// SPDX-License-Identifier: BSD-3-Clause
//
// cxx: proves that C++'s run-time library works: threads, futures, exceptions in threads and across
// many frames, thread_local objects with destructors, chrono, file system, streams and locale.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <filesystem>
#include <fstream>
#include <future>
#include <iomanip>
#include <iostream>
#include <map>
#include <memory>
#include <mutex>
#include <numeric>
#include <random>
#include <regex>
#include <shared_mutex>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

namespace
{

int checks, failures;

// common/check.h in C++: a line for each check that is the same in every run.
void check(bool holds, const char *text)
{
	checks++;
	failures += !holds;
	std::cout << (holds ? "ok: " : "FAIL: ") << text << std::endl;
}

#define CHECK(condition) check(condition, #condition)

void check_section(const char *name)
{
	std::cout << "--- " << name << std::endl;
}

std::atomic<int> constructed, destroyed;

struct Counted {
	int value = 0;

	Counted()
	{
		constructed++;
	}
	~Counted()
	{
		destroyed++;
	}
	Counted(const Counted &) = delete;
	Counted &operator=(const Counted &) = delete;
};

thread_local Counted per_thread;

void threads()
{
	std::mutex mutex;
	std::shared_mutex shared;
	std::condition_variable ready;
	std::vector<std::thread> workers;
	long sum = 0;
	bool go = false;

	check_section("threads and thread_local");
	for (int i = 0; i < 8; i++)
		workers.emplace_back([&, i] {
			{
				std::unique_lock lock(mutex);
				ready.wait(lock, [&] { return go; });
			}
			for (int n = 0; n < 1000; n++) {
				per_thread.value += i;
				std::shared_lock lock(shared);
			}
			std::unique_lock lock(shared);
			sum += per_thread.value;
		});
	{
		const std::lock_guard lock(mutex);
		go = true;
	}
	ready.notify_all();
	for (auto &worker : workers)
		worker.join();
	CHECK(sum == 28000);
	CHECK(constructed == 8 && destroyed == 8);
	CHECK(std::thread::hardware_concurrency() >= 1);
}

void futures()
{
	auto product = std::async(std::launch::async, [] { return 6 * 7; });
	auto failing = std::async(std::launch::async,
				  []() -> int { throw std::out_of_range("from a thread"); });
	std::promise<std::string> promise;
	auto text = promise.get_future();
	std::thread giver([&] { promise.set_value("kept"); });

	check_section("futures");
	CHECK(product.get() == 42);
	try {
		failing.get();
		CHECK(!"an exception was expected");
	} catch (const std::out_of_range &e) {
		CHECK(std::string(e.what()) == "from a thread");
	}
	CHECK(text.get() == "kept");
	giver.join();
	std::promise<int> never;
	CHECK(never.get_future().wait_for(std::chrono::milliseconds(20)) ==
	      std::future_status::timeout);
}

int descend(int depth, const std::string &text)
{
	const Counted local;
	const std::string copy = text + std::to_string(depth);

	if (depth == 0)
		throw std::runtime_error(copy);
	return descend(depth - 1, copy) + 1;
}

void exceptions()
{
	const int before = constructed - destroyed;
	std::atomic<int> caught = 0;
	std::vector<std::thread> workers;

	check_section("exceptions");
	for (int i = 0; i < 4; i++)
		workers.emplace_back([&] {
			for (int n = 0; n < 50; n++)
				try {
					descend(40, "x");
				} catch (const std::runtime_error &e) {
					caught += std::string(e.what()).size() > 40;
				}
		});
	for (auto &worker : workers)
		worker.join();
	CHECK(caught == 200);
	CHECK(constructed - destroyed == before);
	try {
		try {
			throw std::logic_error("inner");
		} catch (...) {
			std::throw_with_nested(std::runtime_error("outer"));
		}
	} catch (const std::exception &e) {
		std::string inner;
		try {
			std::rethrow_if_nested(e);
		} catch (const std::exception &nested) {
			inner = nested.what();
		}
		CHECK(inner == "inner" && std::string(e.what()) == "outer");
	}
	try {
		std::vector<int> huge;
		huge.reserve(huge.max_size());
		CHECK(!"bad_alloc was expected");
	} catch (const std::bad_alloc &) {
		CHECK(true);
	}
}

void clocks()
{
	using namespace std::chrono;
	const auto start = steady_clock::now();

	check_section("chrono");
	std::this_thread::sleep_for(milliseconds(20));
	CHECK(steady_clock::now() - start >= milliseconds(20));
	std::this_thread::sleep_until(system_clock::now() + milliseconds(20));
	CHECK(steady_clock::now() - start >= milliseconds(39));
	CHECK(system_clock::to_time_t(system_clock::now()) > 1700000000);
}

void files()
{
	namespace fs = std::filesystem;
	std::error_code error;
	std::vector<std::string> names;
	const fs::path top = "cxx-scratch";

	check_section("filesystem and file streams");
	CHECK(fs::create_directories(top / "a" / "b" / "c"));
	for (int i = 0; i < 20; i++)
		std::ofstream(top / "a" / ("file" + std::to_string(i)))
			<< "line " << i << "\nsecond\n";
	for (const auto &entry : fs::recursive_directory_iterator(top))
		names.push_back(entry.path().lexically_relative(top).string());
	std::sort(names.begin(), names.end());
	CHECK(names.size() == 23 && names.front() == "a" && names[1] == "a/b");
	fs::copy_file(top / "a" / "file7", top / "copy");
	std::ifstream in(top / "copy");
	std::string word;
	int number = 0;
	in >> word >> number;
	CHECK(word == "line" && number == 7);
	in.close();
	fs::rename(top / "copy", top / "renamed");
	fs::resize_file(top / "renamed", 4);
	CHECK(fs::file_size(top / "renamed") == 4);
	fs::create_symlink("renamed", top / "link");
	CHECK(fs::is_symlink(top / "link") && fs::read_symlink(top / "link") == "renamed");
	CHECK(fs::equivalent(top / "link", top / "renamed"));
	CHECK(fs::canonical(top / "a" / ".." / "link").filename() == "renamed");
	CHECK(!fs::exists(top / "missing") && fs::is_directory(top / "a"));
	CHECK(!fs::create_directory(top / "renamed" / "below", error) &&
	      error == std::errc::not_a_directory);
	CHECK(fs::space(".").available > 0);
	std::fstream both(top / "binary",
			  std::ios::in | std::ios::out | std::ios::trunc | std::ios::binary);
	both.seekp(100000);
	both.put('x');
	both.seekg(99999);
	CHECK(both.get() == 0 && both.get() == 'x' && both.get() == EOF);
	both.close();
	CHECK(fs::remove_all(top) == 27);
}

void streams()
{
	std::ostringstream out;
	std::istringstream in("12 0x1f 3.5 word");
	int decimal = 0, hexadecimal = 0;
	double real = 0;
	std::string word;
	std::smatch match;
	const std::string line = "key = value";

	check_section("streams, locale, algorithms");
	out << std::hex << 255 << ' ' << std::fixed << std::setprecision(3) << 2.0 / 3 << ' '
	    << std::setw(6) << std::setfill('*') << std::dec << 42 << ' ' << std::boolalpha << true;
	CHECK(out.str() == "ff 0.667 ****42 true");
	in >> decimal >> std::hex >> hexadecimal >> real >> word;
	CHECK(decimal == 12 && hexadecimal == 31 && real == 3.5 && word == "word");
	CHECK(std::locale::classic().name() == "C");
	CHECK(std::use_facet<std::ctype<char>>(std::locale()).toupper('a') == 'A');
	CHECK(std::regex_match(line, match, std::regex(R"((\w+)\s*=\s*(\w+))")) &&
	      match[2] == "value");
	std::vector<int> numbers(100000);
	std::iota(numbers.begin(), numbers.end(), 0);
	std::shuffle(numbers.begin(), numbers.end(), std::mt19937(42));
	std::sort(numbers.begin(), numbers.end(), std::greater<>());
	CHECK(numbers.front() == 99999 && numbers.back() == 0);
	std::unordered_map<std::string, int> counts;
	for (int i = 0; i < 10000; i++)
		counts["key" + std::to_string(i % 100)]++;
	CHECK(counts.size() == 100 && counts["key42"] == 100);
	CHECK(std::random_device()() != std::random_device()());
	std::cout << std::setw(10) << std::left << "left" << '|' << std::right << std::setw(10)
		  << "right" << '\n';
	std::cout.flush();
}

} // namespace

int main()
{
	threads();
	futures();
	exceptions();
	clocks();
	files();
	streams();
	std::cout << checks - failures << " of " << checks << " checks hold" << std::endl;
	return failures != 0;
}
