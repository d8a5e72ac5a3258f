/* SPDX-License-Identifier: MIT */
/* Child processes: what they are started with, how their end is waited for, and what is left of them. */

#include "fixture.h"
#include "process.h"

/* Runs a child that is expected to exit. */
static int exit_code(cq_process *process)
{
	int code = 77, signal = 77;

	OK(cq_process_wait(process, 10, &code, &signal));
	EQ(signal, 0);
	cq_process_free(process);
	return code;
}

TEST(null_and_a_missing_program_are_refused)
{
	cq_process_options *options = shell(NULL);
	cq_process *process = NULL;
	cq_socket *socket;

	ERR(cq_process_spawn(options, &process), EINVAL);
	ERR(cq_process_spawn(NULL, &process), EINVAL);
	ERR(cq_process_spawn(options, NULL), EINVAL);
	ERR(cq_process_options_variable(options, "A=B", "c"), EINVAL);
	ERR(cq_process_options_variable(options, "", "c"), EINVAL);
	ERR(cq_process_options_stream(options, 3, CQ_PROCESS_NULL, -1), EINVAL);
	ERR(cq_process_options_stream(options, 1, CQ_PROCESS_STDOUT, -1), EINVAL);
	ERR(cq_process_options_stream(options, 1, CQ_PROCESS_DESCRIPTOR, -1), EINVAL);
	ERR(cq_process_options_set(options, CQ_PROCESS_GROUP, 2), EINVAL);
	ERR(cq_process_options_set(options, 99, 1), EINVAL);
	CHECK(process == NULL);
	cq_process_options_free(options);
	ERR(cq_process_wait(NULL, 0, NULL, NULL), EINVAL);
	ERR(cq_process_stdin(NULL, &socket), EINVAL);
	EQ(cq_process_pid(NULL), -1);
	EQ(cq_process_pollfd(NULL), -1);
	cq_process_free(NULL);
}

TEST(the_exit_code_is_told_each_time)
{
	cq_process *process = start(shell("exit 42"));
	int code = 0, signal = 1;

	CHECK(cq_process_pid(process) > 0);
	OK(cq_process_wait(process, -1, &code, &signal));
	EQ(code, 42);
	EQ(signal, 0);
	OK(cq_process_try_wait(process, &code, NULL));
	EQ(code, 42);
	EQ(exit_code(process), 42);
}

TEST(the_signal_that_killed_is_told_and_later_signals_are_refused)
{
	cq_process *process = start(shell("exec sleep 100"));
	int code = 0, signal = 0;

	ERR(cq_process_try_wait(process, NULL, NULL), EAGAIN);
	ERR(cq_process_wait(process, 0, NULL, NULL), ETIMEDOUT);
	OK(cq_process_kill(process, 0));
	ERR(cq_process_kill(process, 9999), EINVAL);
	OK(cq_process_kill(process, SIGKILL));
	OK(cq_process_wait(process, -1, &code, &signal));
	EQ(code, -1);
	EQ(signal, SIGKILL);
	ERR(cq_process_kill(process, SIGKILL), ESRCH);
	cq_process_free(process);
}

TEST(no_signal_reaches_a_child_that_has_ended_and_was_not_waited_for)
{
	cq_process *process = start(shell("exit 3"));

	wait_for_zombie(cq_process_pid(process));
	ERR(cq_process_kill(process, SIGTERM), ESRCH);
	EQ(exit_code(process), 3);
}

TEST(errors_of_exec_are_told)
{
	cq_process_options *options;
	cq_process *process = NULL;
	char plain[] = "/tmp/cqueues-plain-XXXXXX";

	if (slow())
		SKIP("valgrind makes a fork of vfork, from which posix_spawn learns no errors");
	OK(cq_process_options_new(&options));
	OK(cq_process_options_argument(options, "/nowhere/at/all"));
	ERR(cq_process_spawn(options, &process), ENOENT);
	cq_process_options_free(options);
	close((int)SYS(mkstemp(plain)));
	OK(cq_process_options_new(&options));
	OK(cq_process_options_argument(options, plain)); /* nobody may execute it */
	ERR(cq_process_spawn(options, &process), EACCES);
	cq_process_options_free(options);
	SYS(unlink(plain));
	options = shell("exit 0");
	OK(cq_process_options_directory(options, "/nowhere/at/all"));
	ERR(cq_process_spawn(options, &process), ENOENT);
	OK(cq_process_options_directory(options, "/"));
	OK(cq_process_options_stream(options, 1, CQ_PROCESS_DESCRIPTOR, 999));
	ERR(cq_process_spawn(options, &process), EBADF);
	cq_process_options_free(options);
	CHECK(process == NULL);
	CHECK(waitpid(-1, NULL, WNOHANG) < 0); /* no child is left of them */
	EQ(errno, ECHILD);
}

TEST(path_is_searched_unless_it_is_turned_off)
{
	cq_process_options *options;
	cq_process *process = NULL;

	if (slow())
		SKIP("valgrind makes a fork of vfork, from which posix_spawn learns no errors");
	OK(cq_process_options_new(&options));
	OK(cq_process_options_argument(options, "true"));
	OK(cq_process_spawn(options, &process));
	EQ(exit_code(process), 0);
	OK(cq_process_options_set(options, CQ_PROCESS_SEARCH, 0));
	OK(cq_process_options_directory(options, "/"));
	ERR(cq_process_spawn(options, &process), ENOENT);
	cq_process_options_free(options);
}

TEST(the_working_directory_is_the_one_that_was_set)
{
	cq_process_options *options = shell("pwd");

	OK(cq_process_options_directory(options, "/usr"));
	output_is(options, "/usr\n");
}

TEST(the_environment_is_changed_name_by_name_or_made_anew)
{
	cq_process_options *options = shell("echo $A,$AB,$C,${D-none},$E");

	SYS(setenv("A", "a", 1));
	SYS(setenv("AB", "ab", 1));
	SYS(setenv("C", "old", 1));
	SYS(setenv("D", "d", 1));
	OK(cq_process_options_variable(options, "A", "other"));
	OK(cq_process_options_variable(options, "C", "older"));
	OK(cq_process_options_variable(options, "C", "new"));
	OK(cq_process_options_variable(options, "D", NULL));
	OK(cq_process_options_variable(options, "E", "e=e"));
	output_is(options, "other,ab,new,none,e=e\n");
	OK(cq_process_options_new(&options));
	OK(cq_process_options_argument(options, "env"));
	OK(cq_process_options_set(options, CQ_PROCESS_ENVIRONMENT, 0));
	OK(cq_process_options_variable(options, "ONLY", "this"));
	output_is(options, "ONLY=this\n");
}

TEST(the_child_has_three_descriptors_and_a_plain_signal_mask)
{
	sigset_t all;
	cq_controller *controller = new_controller();
	/* Signals 32 and 33 are the C library's own: the last seven digits have the others. */
	cq_process_options *options = shell("ls /proc/self/fd | tr '\\n' ' '; grep SigBlk /proc/self/status | tail -c 8;"
	                                    "grep SigIgn /proc/self/status | tail -c 8");

	OK(cq_process_options_stream(options, 0, CQ_PROCESS_SOCKET, -1));
	OK(cq_process_options_stream(options, 2, CQ_PROCESS_SOCKET, -1));
	close_others();
	sigfillset(&all);
	SYS(sigprocmask(SIG_BLOCK, &all, NULL));
	CHECK(signal(SIGTERM, SIG_IGN) != SIG_ERR);
	/* 3 is the directory that ls reads. */
	output_is(options, "0 1 2 3 0000000\n0000000\n");
	cq_controller_free(controller);
}

TEST(streams_may_be_the_null_device_descriptors_and_each_other)
{
	cq_process_options *options = shell("cat; echo out; echo err >&2");
	int fds[2];
	char text[20] = "";

	OK(cq_process_options_stream(options, 0, CQ_PROCESS_NULL, -1));
	OK(cq_process_options_stream(options, 2, CQ_PROCESS_STDOUT, -1));
	output_is(options, "out\nerr\n");
	SYS(pipe2(fds, O_CLOEXEC));
	SYS(dup2(fds[1], 0)); /* which is close-on-exec no more, and is overwritten in the child */
	options = shell("echo crossed");
	OK(cq_process_options_stream(options, 0, CQ_PROCESS_NULL, -1));
	OK(cq_process_options_stream(options, 1, CQ_PROCESS_DESCRIPTOR, 0));
	EQ(exit_code(start(options)), 0);
	EQ(SYS(read(fds[0], text, sizeof text)), 8);
	EQ(strcmp(text, "crossed\n"), 0);
}

TEST(a_closed_input_is_end_of_file_in_the_child)
{
	cq_process_options *options = shell("cat >/dev/null; exit 5");
	cq_process *process;
	cq_socket *input = NULL;

	OK(cq_process_options_stream(options, 0, CQ_PROCESS_SOCKET, -1));
	process = start(options);
	OK(cq_process_stdin(process, &input));
	ERR(cq_process_stdin(process, &input), ENOENT);
	ERR(cq_process_stdout(process, &input), ENOENT);
	OK(cq_socket_write(input, "text\n", 5));
	OK(cq_socket_flush(input));
	ERR(cq_process_wait(process, MS(20), NULL, NULL), ETIMEDOUT);
	cq_socket_free(input);
	EQ(exit_code(process), 5);
}

TEST(a_child_leads_a_group_or_a_session)
{
	cq_process_options *options = shell("exec sleep 100");
	cq_process *process;

	OK(cq_process_options_set(options, CQ_PROCESS_GROUP, 1));
	process = start(options);
	EQ(SYS(getpgid(cq_process_pid(process))), cq_process_pid(process));
	CHECK(SYS(getsid(cq_process_pid(process))) != cq_process_pid(process));
	kill_process(process);
	options = shell("exec sleep 100");
	OK(cq_process_options_set(options, CQ_PROCESS_SESSION, 1));
	process = start(options);
	EQ(SYS(getsid(cq_process_pid(process))), cq_process_pid(process));
	kill_process(process);
}

static size_t count_bytes(cq_socket *socket)
{
	const void *data;
	size_t size, total = 0;

	while (cq_socket_read(socket, CQ_READ_UP_TO, 65536, &data, &size) == 0)
		total += size;
	cq_socket_free(socket);
	return total;
}

static int drain_output(void *argument)
{
	cq_socket *socket = NULL;

	OK(cq_process_stdout(argument, &socket));
	EQ(count_bytes(socket), 3000000);
	return 0;
}

static int drain_errors(void *argument)
{
	cq_socket *socket = NULL;

	OK(cq_process_stderr(argument, &socket));
	EQ(count_bytes(socket), 2000000);
	return 0;
}

TEST(much_output_on_both_streams_is_read_without_deadlock)
{
	cq_process_options *options = shell("head -c 3000000 /dev/zero & head -c 2000000 /dev/zero >&2; wait");
	cq_controller *controller = new_controller();
	cq_process *process;

	OK(cq_process_options_stream(options, 1, CQ_PROCESS_SOCKET, -1));
	OK(cq_process_options_stream(options, 2, CQ_PROCESS_SOCKET, -1));
	process = start(options);
	OK(cq_controller_wrap(controller, drain_output, NULL, process, NULL));
	OK(cq_controller_wrap(controller, drain_errors, NULL, process, NULL));
	run(controller);
	EQ(exit_code(process), 0);
	cq_controller_free(controller);
}
