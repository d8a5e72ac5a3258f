/* SPDX-License-Identifier: MIT */
/*
 * A chat server for nc(1) and telnet(1): what one user says, all others get.
 *
 *   chat_server [ADDRESS [PORT [IDLE]]]      port 0 lets the system choose a free one
 *
 * /nick NAME changes a user's name, /who lists the users, /quit ends. A user who says nothing for IDLE (300) seconds is sent
 * away, and so is one who does not take what the others say. SIGTERM and SIGINT stop the server: it says goodbye to all.
 */

#include <cqueues.h>
#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST = 1000, BACKLOG = 100, GRACE = 2 }; /* bytes of a line, lines not taken yet, seconds for goodbyes */

struct user {
	char name[21];
	cq_socket *client;
	cq_queue *lines;   /* what the user is still to get; each line is free()d by who takes it */
	cq_scope *scope;   /* of the fiber that writes */
	cq_scope *reading; /* around the reading */
	bool is_late;
	struct user *next;
};

static cq_controller *controller;
static cq_options *incoming;
static struct user *users; /* by name */
static double idle = 300;
static int guests;

static void check(int error, const char *what)
{
	if (error) {
		fprintf(stderr, "chat_server: %s: %s\n", what, cq_strerror(error));
		exit(1);
	}
}

/* -- Who is here -- */

static struct user *find(const char *name)
{
	struct user *user = users;

	while (user && strcmp(user->name, name) != 0)
		user = user->next;
	return user;
}

static void enter(struct user *user)
{
	struct user **place = &users;

	while (*place && strcmp((*place)->name, user->name) < 0)
		place = &(*place)->next;
	user->next = *place;
	*place = user;
}

static void leave(struct user *user)
{
	struct user **place = &users;

	while (*place != user)
		place = &(*place)->next;
	*place = user->next;
}

/* -- What users are told -- */

/* Queues a line for one user. Never waits: who does not read must not hold up the others. */
static void queue_line(struct user *user, const char *line)
{
	char *copy = strdup(line);

	if (copy && cq_queue_try_put(user->lines, copy) == 0)
		return;
	free(copy);
	user->is_late = true;
	cq_scope_cancel(user->reading, 0, NULL);
}

__attribute__((format(printf, 2, 3))) static void tell(struct user *user, const char *format, ...)
{
	char line[LONGEST + 100];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(line, sizeof line, format, arguments);
	va_end(arguments);
	queue_line(user, line);
}

__attribute__((format(printf, 2, 3))) static void tell_others(struct user *user, const char *format, ...)
{
	char line[LONGEST + 100];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(line, sizeof line, format, arguments);
	va_end(arguments);
	for (struct user *other = users; other; other = other->next)
		if (other != user)
			queue_line(other, line);
}

static void tell_who_is_here(struct user *user)
{
	size_t size = sizeof "* here:\n";
	char *line, *end;

	for (struct user *other = users; other; other = other->next)
		size += 2 + strlen(other->name);
	if (!(line = malloc(size)))
		return;
	end = line + sprintf(line, "* here:");
	for (struct user *other = users; other; other = other->next)
		end += sprintf(end, " %s%s", other->name, other->next ? "," : "\n");
	queue_line(user, line);
	free(line);
}

static void rename_user(struct user *user, const char *name)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
	size_t length = strlen(name);

	if (length == 0 || length >= sizeof user->name || strspn(name, allowed) < length) {
		tell(user, "* a name has up to 20 letters, digits, _ and -\n");
	} else if (find(name)) {
		tell(user, "* %s is taken\n", name);
	} else {
		tell_others(user, "* %s is now %s\n", user->name, name);
		leave(user);
		strcpy(user->name, name);
		enter(user);
		tell(user, "* you are now %s\n", name);
	}
}

/* -- What users say -- */

/* Obeys one line of a user, which it changes. False if it was the last. */
static bool obey(struct user *user, char *line)
{
	char *argument = line + strcspn(line, " \t");
	char *end = argument + strlen(argument);

	if (line[0] != '/') {
		if (line[0])
			tell_others(user, "%s: %s\n", user->name, line);
		return true;
	}
	while (end > argument && isspace((unsigned char)end[-1]))
		*--end = 0;
	if (*argument)
		*argument++ = 0;
	argument += strspn(argument, " \t");
	if (strcmp(line, "/quit") == 0)
		return false;
	if (strcmp(line, "/who") == 0)
		tell_who_is_here(user);
	else if (strcmp(line, "/nick") == 0)
		rename_user(user, argument);
	else
		tell(user, "* there are /nick NAME, /who and /quit\n");
	return true;
}

/* Reads what a user says, until the end. Returns why it ended. */
static const char *listen_to(struct user *user)
{
	char line[LONGEST + 1];
	const void *data;
	size_t size;
	int error = 0;

	while (!user->is_late && (error = cq_socket_read(user->client, CQ_READ_LINE, 0, &data, &size)) == 0) {
		memcpy(line, data, size); /* which is at most LONGEST: see cq_socket_set_maxline below */
		line[size] = 0;
		for (size_t i = 0; i < size; i++)
			if (iscntrl((unsigned char)line[i]) && line[i] != '\t')
				line[i] = '?'; /* no escape sequences for other people's terminals */
		if (!obey(user, line))
			break;
	}
	if (user->is_late)
		return "too slow";
	return error == ETIMEDOUT ? "idle for too long" : error == ECANCELED ? "the server stops" : "bye";
}

/* -- Connections -- */

/* Writes what is queued for a user, until the queue is closed and empty. */
static int write_lines(void *argument)
{
	struct user *user = argument;
	void *line;

	while (cq_queue_get(user->lines, -1, &line) == 0) {
		int error = cq_socket_write(user->client, line, strlen(line));

		free(line);
		if (error)
			break;
	}
	return 0;
}

static int converse(void *argument)
{
	struct user *user = argument;
	const char *why;

	if (cq_scope_new(controller, NULL, &user->scope) || cq_scope_wrap(user->scope, write_lines, NULL, user, NULL) ||
	    cq_scope_new(controller, NULL, &user->reading) || cq_scope_begin(user->reading, 0))
		return 0; /* no memory for one more user */
	cq_scope_set_idle(user->reading, true); /* ends at once when the server stops */
	do
		snprintf(user->name, sizeof user->name, "guest%d", ++guests);
	while (find(user->name));
	enter(user);
	tell_others(user, "* %s has come\n", user->name);
	tell(user, "* welcome, you are %s\n", user->name);
	why = listen_to(user);
	leave(user);
	cq_scope_end(user->reading, 0);

	tell_others(user, "* %s has gone: %s\n", user->name, why);
	tell(user, "* goodbye: %s\n", why);
	cq_queue_close(user->lines);
	cq_scope_deadline(user->scope, GRACE);
	cq_scope_wait(user->scope);         /* for the writer */
	cq_socket_try_finish(user->client); /* what the client has not taken by now is dropped */
	return 0;
}

static void hang_up(void *argument)
{
	struct user *user = argument;
	void *line;

	cq_scope_free(user->reading);
	cq_scope_free(user->scope);
	cq_socket_free(user->client);
	while (user->lines && cq_queue_try_get(user->lines, &line) == 0)
		free(line);
	cq_queue_free(user->lines);
	free(user);
}

static int welcome(void *listener)
{
	cq_socket *client;
	int error;

	while ((error = cq_socket_accept(listener, &client)) == 0) {
		struct user *user = calloc(1, sizeof *user);

		cq_socket_configure(client, incoming);
		cq_socket_set_maxline(client, CQ_INPUT, LONGEST);
		cq_socket_set_mode(client, CQ_INPUT, cq_mode_parse("t", 1)); /* takes lines with CR LF and with LF */
		cq_socket_set_mode(client, CQ_OUTPUT, cq_mode_parse("bl", 2));
		cq_socket_set_timeout(client, idle);
		if (!user) {
			cq_socket_free(client);
			continue;
		}
		user->client = client;
		if (cq_queue_new(BACKLOG, &user->lines) || cq_controller_wrap(controller, converse, hang_up, user, NULL))
			hang_up(user);
	}
	cq_socket_close(listener);
	return error == ECANCELED ? 0 : error;
}

static int await_stop(void *signals)
{
	int number, error = cq_signal_wait(signals, -1, &number);

	return error ? error : cq_controller_shutdown(controller, GRACE); /* nobody else comes in, and all reading ends */
}

int main(int argc, char **argv)
{
	static const int numbers[] = { SIGTERM, SIGINT };
	cq_socket *listener;
	cq_signal *signals;
	cq_name name;

	idle = argc > 3 ? atof(argv[3]) : idle;
	check(cq_signal_block(numbers, 2), "signals");
	check(cq_signal_listen(numbers, 2, &signals), "signals");
	check(cq_options_new(&incoming), "options");
	check(cq_options_host(incoming, argc > 1 ? argv[1] : "127.0.0.1", argc > 2 ? atoi(argv[2]) : 8001), "address");
	check(cq_options_set(incoming, CQ_OPTION_NODELAY, 1), "options");
	check(cq_socket_listen(incoming, &listener), "listen");
	check(cq_socket_establish(listener), "listen");
	check(cq_socket_localname(listener, &name), "name");
	printf("listening on %s %d\n", name.text, name.port);
	fflush(stdout);

	check(cq_controller_new(&controller), "controller");
	check(cq_controller_wrap(controller, welcome, NULL, listener, NULL), "fiber");
	check(cq_controller_wrap(controller, await_stop, NULL, signals, NULL), "fiber");
	check(cq_controller_loop(controller, -1), "loop");
	cq_controller_free(controller);
	cq_signal_free(signals);
	cq_socket_free(listener);
	cq_options_free(incoming);
	return 0;
}
