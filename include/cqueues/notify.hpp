// SPDX-License-Identifier: MIT
// Changes of files.
#pragma once

#include "handle.hpp"
#include "time.hpp"

#include <optional>

namespace cqueues {

// What happened to one name: CQ_NOTIFY_... bits. The name is "." for the directory itself.
struct change {
	std::uint32_t what = 0;
	std::string name;
};

// Watches a directory, or with CQ_NOTIFY_RECURSIVE a tree.
class notifier : public handle<cq_notify, cq_notify_free> {
public:
	notifier() noexcept = default;

	notifier(std::string_view path, std::uint32_t changes, std::uint32_t flags, std::error_code &code)
	{
		open(path, changes, flags, code);
	}

	// Has an entry told by its name, or all whose names match a pattern of fnmatch(3).
	void add(std::string_view name, std::uint32_t changes, std::error_code &code) const
	{
		const detail::c_string text(name);
		call(code, cq_notify_add, static_cast<const char *>(text), changes);
	}

	void match(std::string_view pattern, std::uint32_t changes, std::error_code &code) const
	{
		const detail::c_string text(pattern);
		call(code, cq_notify_match, static_cast<const char *>(text), changes);
	}

	// Waits for a change.
	change get(timeout limit, std::error_code &code) const
	{
		change told;
		const char *name = nullptr;
		std::size_t size = 0;
		call(code, cq_notify_get, limit.seconds(), &told.what, &name, &size);
		if (!code)
			told.name.assign(name, size);
		return told;
	}

	change get(std::error_code &code) const { return get(forever, code); }

	// For another event loop: reads what the system has to tell by now.
	void step(std::error_code &code) const { call(code, cq_notify_step); }
	int pollfd() const noexcept { return cq_notify_pollfd(native()); }
	short events() const noexcept { return static_cast<short>(cq_notify_events(native())); }
	std::optional<duration> poll_timeout() const noexcept { return detail::time_of(cq_notify_timeout(native())); }

#ifdef __cpp_exceptions
	void step() const
	{
		detail::attempt("step", [&](auto &code) { step(code); });
	}

	explicit notifier(std::string_view path, std::uint32_t changes = CQ_NOTIFY_ALL, std::uint32_t flags = 0)
	{
		detail::attempt("notifier", [&](auto &code) { open(path, changes, flags, code); });
	}

	void add(std::string_view name, std::uint32_t changes = CQ_NOTIFY_ALL) const
	{
		detail::attempt("add", [&](auto &code) { add(name, changes, code); });
	}

	void match(std::string_view pattern, std::uint32_t changes = CQ_NOTIFY_ALL) const
	{
		detail::attempt("match", [&](auto &code) { match(pattern, changes, code); });
	}

	change get(timeout limit = forever) const
	{
		return detail::attempt("get", [&](auto &code) { return get(limit, code); });
	}
#endif

private:
	void open(std::string_view path, std::uint32_t changes, std::uint32_t flags, std::error_code &code)
	{
		cq_notify *made = nullptr;
		const detail::c_string text(path);
		detail::assign(code, cq_notify_opendir(text, changes, flags, &made));
		reset(made);
	}
};

// How this system tells of changes: CQ_NOTIFY_INOTIFY and the bits that follow it.
inline std::uint32_t notify_features() noexcept { return cq_notify_features(); }

// The name of a single bit of a change or a feature: "CREATE", "INOTIFY"; empty if it has none.
inline std::string_view notify_name(std::uint32_t bit) noexcept { return detail::view(cq_notify_name(bit)); }

} // namespace cqueues
