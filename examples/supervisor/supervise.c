/* SPDX-License-Identifier: MIT */
/*
 * Starts commands and keeps them running: each line of their output is printed with the command's name before it, and a
 * command that ends is started again, after a pause that grows while it does not last.
 *
 *   supervise [-g GRACE] [-p PAUSE] NAME=COMMAND...      each COMMAND is for sh -c
 *
 * The first pause is PAUSE (0.5) seconds, each further one is twice as long, up to a minute; a command that ran for ten
 * seconds begins anew. SIGTERM and SIGINT stop the supervisor: it sends SIGTERM to every command, and SIGKILL to those that
 * are left after GRACE (5) seconds.
 */

#include <cqueues.h>
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const double LONGEST = 60, LASTS = 10;

struct command {
	const char *name;
	cq_process_options *options;
	cq_process *child; /* NULL while it does not run */
};

struct stream {
	const char *name;
	cq_socket *socket;
};

static cq_controller *controller;
static struct command *commands;
static int count;
static double grace = 5, first_pause = 0.5;

static void check(int error, const char *what)
{
	if (error) {
		fprintf(stderr, "supervise: %s: %s\n", what, cq_strerror(error));
		exit(1);
	}
}

static void say(const struct command *command, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	printf("%s | ", command->name);
	vprintf(format, arguments);
	putchar('\n');
	va_end(arguments);
}

/* Begins a scope around what the running fiber does next. It lies in the fiber's present one. */
static cq_scope *begin(void)
{
	cq_scope *scope;

	check(cq_scope_new(controller, NULL, &scope), "scope");
	check(cq_scope_begin(scope, 0), "scope");
	return scope;
}

static void end(cq_scope *scope)
{
	check(cq_scope_end(scope, 0), "scope");
	cq_scope_free(scope);
}

/* -- A command that runs -- */

/* Prints what comes from a stream, line by line. */
static int show(void *argument)
{
	struct stream *stream = argument;
	const void *line;
	size_t size;

	while (cq_socket_read(stream->socket, CQ_READ_LINE, 0, &line, &size) == 0) {
		printf("%s | ", stream->name);
		fwrite(line, 1, size, stdout);
		putchar('\n');
	}
	return 0;
}

static int say_how_it_ended(struct command *command, double timeout)
{
	int code, number, error = cq_process_wait(command->child, timeout, &code, &number);

	if (!error)
		say(command, number ? "signaled %d" : "exited %d", number ? number : code);
	return error;
}

/* Runs a command until it has ended and all of its output is printed. */
static void run(struct command *command)
{
	struct stream out = { command->name, NULL }, err = { command->name, NULL };
	cq_scope *scope;
	int error = cq_process_spawn(command->options, &command->child);

	if (error) {
		say(command, "cannot start: %s", cq_strerror(error));
		return;
	}
	say(command, "started as process %d", cq_process_pid(command->child));
	check(cq_process_stdout(command->child, &out.socket), "output");
	check(cq_process_stderr(command->child, &err.socket), "output");
	check(cq_scope_new(controller, NULL, &scope), "scope");
	check(cq_scope_wrap(scope, show, NULL, &out, NULL), "fiber");
	check(cq_scope_wrap(scope, show, NULL, &err, NULL), "fiber");
	error = say_how_it_ended(command, -1);
	cq_scope_wait(scope);
	cq_scope_free(scope);

	if (error) { /* the fiber's waits are ended: the grace is over */
		cq_process_kill(command->child, SIGKILL);
		scope = begin();
		check(cq_scope_shield(scope, 1), "scope"); /* one second in which it can wait all the same */
		say_how_it_ended(command, -1);
		end(scope);
	}
	cq_socket_free(out.socket);
	cq_socket_free(err.socket);
	cq_process_free(command->child);
	command->child = NULL;
}

/* Waits before the next start, unless the supervisor stops meanwhile. */
static void rest(double seconds)
{
	cq_scope *scope = begin();

	check(cq_scope_set_idle(scope, true), "scope");
	cq_sleep(seconds);
	end(scope);
}

static int supervise(void *argument)
{
	struct command *command = argument;
	double pause = first_pause;

	while (!cq_controller_shuts_down(controller)) {
		double began = cq_monotime();

		run(command);
		if (cq_monotime() - began >= LASTS)
			pause = first_pause;
		if (!cq_controller_shuts_down(controller)) {
			say(command, "starts again in %g s", pause);
			rest(pause);
			pause = pause < LONGEST / 2 ? 2 * pause : LONGEST;
		}
	}
	return 0;
}

static int await_stop(void *signals)
{
	int number, error = cq_signal_wait(signals, -1, &number);

	for (int i = 0; i < count && !error; i++)
		if (commands[i].child)
			cq_process_kill(commands[i].child, SIGTERM);
	return error ? error : cq_controller_shutdown(controller, grace); /* ends pauses now, and the rest after the grace */
}

/* -- The command line -- */

static void prepare(struct command *command, char *argument)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
	size_t length = strspn(argument, allowed);

	if (length == 0 || argument[length] != '=' || !argument[length + 1]) {
		fprintf(stderr, "supervise: not NAME=COMMAND: %s\n", argument);
		exit(2);
	}
	argument[length] = 0;
	command->name = argument;
	check(cq_process_options_new(&command->options), "options");
	check(cq_process_options_argument(command->options, "sh"), "options");
	check(cq_process_options_argument(command->options, "-c"), "options");
	check(cq_process_options_argument(command->options, argument + length + 1), "options");
	check(cq_process_options_stream(command->options, 0, CQ_PROCESS_NULL, -1), "options");
	check(cq_process_options_stream(command->options, 1, CQ_PROCESS_SOCKET, -1), "options");
	check(cq_process_options_stream(command->options, 2, CQ_PROCESS_SOCKET, -1), "options");
	check(cq_process_options_set(command->options, CQ_PROCESS_GROUP, 1), "options"); /* Ctrl-C is for the supervisor alone */
}

int main(int argc, char **argv)
{
	static const int numbers[] = { SIGTERM, SIGINT };
	cq_signal *signals;

	for (int option; (option = getopt(argc, argv, "g:p:")) != -1;) {
		if (option == '?')
			return 2;
		*(option == 'g' ? &grace : &first_pause) = atof(optarg);
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	count = argc - optind;
	commands = calloc((size_t)count + 1, sizeof *commands);
	check(commands ? 0 : ENOMEM, "commands");
	check(cq_signal_block(numbers, 2), "signals");
	check(cq_signal_listen(numbers, 2, &signals), "signals");
	check(cq_controller_new(&controller), "controller");
	for (int i = 0; i < count; i++) {
		prepare(&commands[i], argv[optind + i]);
		check(cq_controller_wrap(controller, supervise, NULL, &commands[i], NULL), "fiber");
	}
	check(cq_controller_wrap(controller, await_stop, NULL, signals, NULL), "fiber");
	check(cq_controller_loop(controller, -1), "loop"); /* until the last command has ended */

	cq_controller_free(controller);
	cq_signal_free(signals);
	for (int i = 0; i < count; i++)
		cq_process_options_free(commands[i].options);
	free(commands);
	return 0;
}
