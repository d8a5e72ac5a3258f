// SPDX-License-Identifier: MIT
// Tests in C++. TEST(a_sentence_about_behaviour) { ... } runs in a process of its own, with a deadline, so that one that
// crashes, hangs or leaks fails alone.
//
//   PROGRAM [TEST...]       runs all tests, or those named
#pragma once

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

namespace check {

struct test {
	const char *name;
	void (*run)();
};

inline std::vector<test> &tests()
{
	static std::vector<test> all;
	return all;
}

struct entry {
	entry(const char *name, void (*run)()) { tests().push_back({ name, run }); }
};

// Shared with the processes of tests: 'f' for failed and 's' for skipped, if one left in a hurry.
inline char *&outcome()
{
	static char *where;
	return where;
}

// Ends a process as another program, which no tool looks into for leaks: after a failure they are no news.
[[noreturn]] inline void leave(char how)
{
	*outcome() = how;
	std::fflush(nullptr);
	execlp("true", "true", static_cast<char *>(nullptr));
	_exit(0);
}

[[noreturn]] inline void fail(const char *file, int line, const std::string &what)
{
	std::printf("       %s:%d: %s\n", file, line, what.c_str());
	leave('f');
}

[[noreturn]] inline void skip(const char *why)
{
	std::printf("       %s\n", why);
	leave('s');
}

inline std::string shown(std::string_view text) { return "\"" + std::string(text) + "\""; }
inline std::string shown(const std::string &text) { return shown(std::string_view(text)); }
inline std::string shown(const char *text) { return shown(std::string_view(text)); }
inline std::string shown(const std::error_code &code) { return code.message(); }
inline std::string shown(std::errc code) { return std::make_error_code(code).message(); }
template <class Value> std::string shown(const Value &value)
{
	if constexpr (std::is_enum_v<Value>)
		return std::to_string(static_cast<long long>(value));
	else
		return std::to_string(value);
}

template <class Found, class Wanted>
void equal(const char *file, int line, const char *what, const Found &found, const Wanted &wanted)
{
	bool same;
	if constexpr (std::is_integral_v<Found> && std::is_integral_v<Wanted>)
		same = static_cast<long long>(found) == static_cast<long long>(wanted);
	else
		same = found == wanted;
	if (!same)
		fail(file, line, std::string(what) + " is " + shown(found) + ", not " + shown(wanted));
}

inline int run(const test &each)
{
	std::fflush(nullptr);
	*outcome() = 0;
	const pid_t child = fork();
	if (child == 0) {
		setpgid(0, 0);
		alarm(60);
#ifdef __cpp_exceptions
		try {
			each.run();
		} catch (const std::exception &failure) {
			fail(each.name, 0, std::string("threw ") + failure.what());
		}
#else
		each.run();
#endif
		std::exit(0);
	}
	int status = -1;
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	kill(-child, SIGKILL);
	return status;
}

inline int main(int count, char **names)
{
	int passed = 0, failed = 0, skipped = 0;
	void *shared = mmap(nullptr, 1, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return 2;
	outcome() = static_cast<char *>(shared);
	for (const test &each : tests()) {
		if (count > 1 && std::none_of(names + 1, names + count, [&](const char *name) { return !std::strcmp(name, each.name); }))
			continue;
		const int status = run(each);
		std::string sentence = each.name;
		std::replace(sentence.begin(), sentence.end(), '_', ' ');
		if (*outcome() == 's') {
			skipped++;
			std::printf("skip   %s\n", sentence.c_str());
		} else if (status == 0 && *outcome() == 0) {
			passed++;
			std::printf("ok     %s\n", sentence.c_str());
		} else {
			failed++;
			std::string why;
			if (*outcome() != 'f')
				why = WIFSIGNALED(status) ? std::string(": ") + strsignal(WTERMSIG(status))
							  : ": status " + std::to_string(WEXITSTATUS(status));
			std::printf("FAILED %s%s\n", sentence.c_str(), why.c_str());
		}
	}
	std::printf("%d passed, %d failed, %d skipped\n", passed, failed, skipped);
	return failed > 0;
}

} // namespace check

#define TEST(name) \
	static void name(); \
	static const check::entry name##_entry(#name, name); \
	static void name()

#define CHECK(condition) \
	do { \
		if (!(condition)) \
			check::fail(__FILE__, __LINE__, #condition); \
	} while (0)

#define EQ(found, wanted) check::equal(__FILE__, __LINE__, #found, (found), (wanted))

// The statement throws a cqueues::error of that code; `text` is part of what it says.
#define THROWS(statement, wanted, text) \
	do { \
		std::string said_; \
		std::error_code code_; \
		try { \
			statement; \
		} catch (const cqueues::error &failure) { \
			code_ = failure.code(); \
			said_ = failure.what(); \
		} \
		check::equal(__FILE__, __LINE__, #statement, code_, wanted); \
		if (said_.find(text) == std::string::npos) \
			check::fail(__FILE__, __LINE__, #statement " says " + check::shown(said_)); \
	} while (0)
