// SPDX-License-Identifier: MIT
// A chat server of coroutines for nc(1): what one user says, all others get. A user has a queue of lines, one coroutine
// that reads and one that writes; the first of them that ends takes the other with it.
//
//   chat [ADDRESS [PORT [IDLE]]]       port 0 lets the system choose a free one; IDLE seconds of silence end a user

#include <cqueues/coroutine.hpp>

#include <cstdlib>
#include <iostream>
#include <set>
#include <string>

namespace co = cqueues::co;
using cqueues::task;

struct user {
	co::socket socket;
	std::string name = "guest" + std::to_string(socket.pollfd());
	co::queue<std::string> lines{ 100 }; // that the user has not taken yet
};

struct room {
	std::set<user *> users;

	// Never waits: who does not read must not hold up the others, and misses lines.
	void tell_others(const user *from, const std::string &line) const
	{
		std::error_code full;
		for (user *each : users)
			if (each != from)
				each->lines.try_put(line + "\n", full);
	}
};

// Is in the room as long as it lives.
struct presence {
	presence(room &where, user &who) : place(where), guest(who)
	{
		place.tell_others(&guest, "* " + guest.name + " comes");
		place.users.insert(&guest);
	}

	~presence()
	{
		place.users.erase(&guest);
		place.tell_others(&guest, "* " + guest.name + " goes");
	}

	room &place;
	user &guest;
};

static task<> listen_to(user &guest, const room &place)
{
	while (auto line = co_await guest.socket.read_line())
		place.tell_others(&guest, guest.name + ": " + std::string(*line));
}

static task<> talk_to(user &guest)
{
	while (auto line = co_await guest.lines.get())
		co_await guest.socket.write(*line);
}

static task<> serve(co::socket socket, room &place, cqueues::timeout idle)
{
	user guest{ std::move(socket) };
	guest.socket.set_timeout(idle);
	presence here(place, guest);
	try {
		co_await when_any(listen_to(guest, place), talk_to(guest));
	} catch (const cqueues::error &failure) {
		std::cerr << guest.name << ": " << failure.what() << "\n";
	}
}

int main(int argc, char **argv)
try {
	const cqueues::timeout idle = std::chrono::seconds(argc > 3 ? std::atoi(argv[3]) : 300);
	room place; // goes after the users
	cqueues::controller controller;
	cqueues::listener bound(argc > 1 ? argv[1] : "127.0.0.1", argc > 2 ? std::atoi(argv[2]) : 8000);
	bound.establish();
	std::cout << "listening on " << bound.local().text() << " " << bound.local().port() << std::endl;

	const co::listener server(std::move(bound));
	controller.run([&]() -> task<> {
		for (;;)
			controller.spawn(serve(co_await server.accept(), place, idle));
	});
} catch (const std::exception &failure) {
	std::cerr << failure.what() << "\n";
	return 1;
}
