/* SPDX-License-Identifier: MIT */
/* What the tests of child processes share. */
#ifndef PROCESS_H
#define PROCESS_H

#include "fixture.h"

/* Options for a shell that runs a command; for NULL options without a program. */
UNUSED static cq_process_options *shell(const char *command)
{
	cq_process_options *options = NULL;

	OK(cq_process_options_new(&options));
	if (command) {
		OK(cq_process_options_argument(options, "sh"));
		OK(cq_process_options_argument(options, "-c"));
		OK(cq_process_options_argument(options, command));
	}
	return options;
}

/* Starts a process and frees the options. */
UNUSED static cq_process *start(cq_process_options *options)
{
	cq_process *process = NULL;

	OK(cq_process_spawn(options, &process));
	CHECK(process != NULL);
	cq_process_options_free(options);
	return process;
}

/* Kills a process, waits for it and frees it. */
UNUSED static void kill_process(cq_process *process)
{
	OK(cq_process_kill(process, SIGKILL));
	OK(cq_process_wait(process, -1, NULL, NULL));
	cq_process_free(process);
}

/* Starts a process, compares all of its standard output, and frees the options. */
UNUSED static void output_is(cq_process_options *options, const char *wanted)
{
	cq_process *process;
	cq_socket *socket = NULL;
	const void *data;
	size_t size;

	OK(cq_process_options_stream(options, 1, CQ_PROCESS_SOCKET, -1));
	process = start(options);
	OK(cq_process_stdout(process, &socket));
	OK(cq_socket_read(socket, CQ_READ_ALL, 0, &data, &size));
	if (size != strlen(wanted) || memcmp(data, wanted, size) != 0)
		fprintf(stderr, "found: %.*s\n", (int)size, (const char *)data);
	CHECK(size == strlen(wanted) && memcmp(data, wanted, size) == 0);
	cq_socket_free(socket);
	OK(cq_process_wait(process, -1, NULL, NULL));
	cq_process_free(process);
}

/* Waits until a child has ended, and leaves its end to be fetched. */
UNUSED static void wait_for_zombie(int pid)
{
	siginfo_t info;

	SYS(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT));
}

/* Closes what whoever runs the tests has left open. */
UNUSED static void close_others(void)
{
	int fd;

	for (fd = 3; fd < 1024; fd++)
		if ((fcntl(fd, F_GETFD) & FD_CLOEXEC) == 0)
			close(fd);
}

#endif
