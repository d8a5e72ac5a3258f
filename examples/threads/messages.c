/* SPDX-License-Identifier: MIT */
/*
 * Two threads that talk over a socket pair: one counts, the other prints what it hears.
 *
 *   messages [FROM [TO]]
 */
#include <cqueues.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

struct range {
	int from, to;
};

/* Runs in the other thread, on a controller of its own if it needs one. */
static int count(cq_socket *con, void *argument)
{
	const struct range *range = argument;
	int error = 0;

	for (int n = range->from; n <= range->to && !error; n++) {
		char line[32];
		int size = snprintf(line, sizeof line, "number %d\n", n);

		error = cq_socket_write(con, line, (size_t)size);
		if (!error)
			error = cq_sleep(0.1);
	}
	if (!error)
		error = cq_socket_flush(con);
	cq_socket_free(con); /* its own to free */
	return error;
}

static int listen_and_join(cq_thread *thread, cq_socket *con)
{
	const void *line;
	size_t size;
	int result, error;

	while ((error = cq_socket_read(con, CQ_READ_LINE, 0, &line, &size)) == 0)
		printf("heard %.*s\n", (int)size, (const char *)line);
	if (error != EPIPE) /* the end of the stream */
		return error;
	error = cq_thread_join(thread, -1, &result);
	return error ? error : result;
}

int main(int argc, char **argv)
{
	struct range range = { argc > 1 ? atoi(argv[1]) : 0, argc > 2 ? atoi(argv[2]) : 9 };
	cq_thread *thread = NULL;
	cq_socket *con = NULL;
	int error = cq_thread_start(count, &range, &con, &thread);

	if (!error)
		error = listen_and_join(thread, con);
	cq_socket_free(con);
	cq_thread_free(thread);
	if (error) {
		fprintf(stderr, "messages: %s\n", cq_strerror(error));
		return 1;
	}
	puts("The other thread ended well.");
	return 0;
}
