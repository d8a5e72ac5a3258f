// SPDX-License-Identifier: MIT
// The line echo server of benches/c/echo_cqueues.c, with a coroutine for each connection.

#include <cqueues/coroutine.hpp>

#include <cstdio>
#include <sys/resource.h>

namespace co = cqueues::co;

static cqueues::task<> serve(co::socket client)
{
	std::error_code code;
	client.set_mode("bl");
	while (auto line = co_await client.read_line_keep(code)) {
		co_await client.write(*line, code);
		if (code)
			break;
	}
}

static cqueues::task<> welcome(cqueues::controller &controller, const co::listener &server)
{
	for (;;)
		controller.spawn(serve(co_await server.accept()));
}

int main()
{
	rlimit limit;
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	cqueues::controller controller;
	cqueues::listener bound("127.0.0.1", 0);
	bound.establish();
	std::printf("listening on 127.0.0.1 %d\n", bound.local().port());
	std::fflush(stdout);
	const co::listener server(std::move(bound));
	controller.spawn(welcome(controller, server));
	controller.loop();
}
