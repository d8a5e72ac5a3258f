// SPDX-License-Identifier: MIT
// Child processes.
#pragma once

#include "socket.hpp"

#include <initializer_list>
#include <optional>

namespace cqueues {

// What a standard stream of a child is.
enum class child_stream : std::uint32_t {
	inherit = CQ_PROCESS_INHERIT,
	null = CQ_PROCESS_NULL,
	descriptor = CQ_PROCESS_DESCRIPTOR,
	socket = CQ_PROCESS_SOCKET,
	standard_output = CQ_PROCESS_STDOUT,
};

enum class process_option : std::uint32_t {
	environment = CQ_PROCESS_ENVIRONMENT,
	search = CQ_PROCESS_SEARCH,
	group = CQ_PROCESS_GROUP,
	session = CQ_PROCESS_SESSION,
};

// How a process has ended: with an exit code, or by a signal.
struct exit_status {
	int code = -1;
	int signal = 0;
};

class process_options : public handle<cq_process_options, cq_process_options_free> {
public:
	process_options(std::initializer_list<std::string_view> arguments, std::error_code &code) { open(arguments, code); }

	// The first argument is the program.
	void argument(std::string_view text, std::error_code &code)
	{
		const detail::c_string value(text);
		call(code, cq_process_options_argument, static_cast<const char *>(value));
	}

	void variable(std::string_view name, std::string_view value, std::error_code &code)
	{
		const detail::c_string first(name), second(value);
		if (static_cast<const char *>(second))
			call(code, cq_process_options_variable, static_cast<const char *>(first), static_cast<const char *>(second));
		else
			detail::assign(code, EINVAL);
	}

	// The child does not have the variable.
	void without_variable(std::string_view name, std::error_code &code)
	{
		const detail::c_string text(name);
		call(code, cq_process_options_variable, static_cast<const char *>(text), static_cast<const char *>(nullptr));
	}

	void directory(std::string_view path, std::error_code &code)
	{
		const detail::c_string text(path);
		call(code, cq_process_options_directory, static_cast<const char *>(text));
	}

	// `stream` is 0, 1 or 2.
	void stream(int stream, child_stream kind, int fd, std::error_code &code)
	{
		call(code, cq_process_options_stream, stream, static_cast<std::uint32_t>(kind), fd);
	}

	void set(process_option option, bool on, std::error_code &code)
	{
		call(code, cq_process_options_set, static_cast<std::uint32_t>(option), on ? 1 : 0);
	}

#ifdef __cpp_exceptions
	process_options(std::initializer_list<std::string_view> arguments)
	{
		detail::attempt("process_options", [&](auto &code) { open(arguments, code); });
	}

	// These return the options, so that calls can be chained.
	process_options &argument(std::string_view text) { return attempt("argument", [&](auto &code) { argument(text, code); }); }
	process_options &directory(std::string_view path) { return attempt("directory", [&](auto &code) { directory(path, code); }); }

	process_options &variable(std::string_view name, std::string_view value)
	{
		return attempt("variable", [&](auto &code) { variable(name, value, code); });
	}

	process_options &without_variable(std::string_view name)
	{
		return attempt("variable", [&](auto &code) { without_variable(name, code); });
	}

	process_options &stream(int number, child_stream kind, int fd = -1)
	{
		return attempt("stream", [&](auto &code) { stream(number, kind, fd, code); });
	}

	process_options &set(process_option option, bool on)
	{
		return attempt("set", [&](auto &code) { set(option, on, code); });
	}
#endif

private:
	void open(std::initializer_list<std::string_view> arguments, std::error_code &code)
	{
		cq_process_options *made = nullptr;
		detail::assign(code, cq_process_options_new(&made));
		reset(made);
		for (const std::string_view text : arguments)
			if (!code)
				argument(text, code);
	}

#ifdef __cpp_exceptions
	template <class Call> process_options &attempt(const char *what, Call call)
	{
		detail::attempt(what, call);
		return *this;
	}
#endif
};

// Without it a child goes on; its end is fetched by the library.
class process : public handle<cq_process, cq_process_free> {
public:
	process() noexcept = default;
	process(const process_options &how, std::error_code &code) { open(how, code); }

	// Waits for the end of the process. It can be asked for again.
	exit_status wait(timeout limit, std::error_code &code) const
	{
		exit_status status;
		call(code, cq_process_wait, limit.seconds(), &status.code, &status.signal);
		return status;
	}

	exit_status wait(std::error_code &code) const { return wait(forever, code); }

	// Sends a signal; never to another process that has got the number.
	void kill(int signal, std::error_code &code) const { call(code, cq_process_kill, signal); }

	// The caller's ends of streams that are child_stream::socket; each can be taken once.
	socket take_stdin(std::error_code &code) const { return take(cq_process_stdin, code); }
	socket take_stdout(std::error_code &code) const { return take(cq_process_stdout, code); }
	socket take_stderr(std::error_code &code) const { return take(cq_process_stderr, code); }

	// For another event loop: readable once the process has ended, or where that is -1, how long until to ask again.
	int pollfd() const noexcept { return cq_process_pollfd(native()); }
	std::optional<duration> poll_timeout() const noexcept { return detail::time_of(cq_process_timeout(native())); }

	int pid() const noexcept { return cq_process_pid(native()); }

#ifdef __cpp_exceptions
	explicit process(const process_options &how)
	{
		detail::attempt("process", [&](auto &code) { open(how, code); });
	}

	exit_status wait(timeout limit = forever) const
	{
		return detail::attempt("wait", [&](auto &code) { return wait(limit, code); });
	}

	void kill(int signal) const
	{
		detail::attempt("kill", [&](auto &code) { kill(signal, code); });
	}

	socket take_stdin() const { return taken(cq_process_stdin); }
	socket take_stdout() const { return taken(cq_process_stdout); }
	socket take_stderr() const { return taken(cq_process_stderr); }
#endif

private:
	using stream_function = int (*)(const cq_process *, cq_socket **);

	void open(const process_options &how, std::error_code &code)
	{
		cq_process *made = nullptr;
		detail::assign(code, how ? cq_process_spawn(how.native(), &made) : EBADF);
		reset(made);
	}

	socket take(stream_function function, std::error_code &code) const
	{
		cq_socket *taken = nullptr;
		call(code, function, &taken);
		return socket(taken);
	}

#ifdef __cpp_exceptions
	socket taken(stream_function function) const
	{
		return detail::attempt("stream", [&](auto &code) { return take(function, code); });
	}
#endif
};

} // namespace cqueues
