/* SPDX-License-Identifier: MIT */
/* Waiting for the ends of child processes: several waiters, lists of tasks, systems without pidfds, orphans. */

#include "fixture.h"
#include "process.h"
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif

static int ended;

static int wait_for_it(void *process)
{
	int code = 0;

	OK(cq_process_wait(process, -1, &code, NULL));
	EQ(code, 7);
	ended++;
	return 0;
}

/* The process answers a line with its end. */
static cq_process *start_waiting(cq_socket **input)
{
	cq_process_options *options = shell("read line; exit 7");
	cq_process *process;

	OK(cq_process_options_stream(options, 0, CQ_PROCESS_SOCKET, -1));
	process = start(options);
	OK(cq_process_stdin(process, input));
	return process;
}

static void two_wait_at_once(void)
{
	cq_controller *controller = new_controller();
	cq_socket *input;
	cq_process *process = start_waiting(&input);

	OK(cq_controller_wrap(controller, wait_for_it, NULL, process, NULL));
	OK(cq_controller_wrap(controller, wait_for_it, NULL, process, NULL));
	OK(cq_controller_step(controller, 0));
	EQ(ended, 0);
	OK(cq_socket_write(input, "\n", 1));
	OK(cq_socket_flush(input));
	run(controller);
	EQ(ended, 2);
	EQ(wait_for_it(process), 0);
	cq_process_free(process);
	cq_socket_free(input);
	cq_controller_free(controller);
}

TEST(two_fibers_wait_for_one_process)
{
	two_wait_at_once();
}

static cq_interest on_process(const cq_process *process)
{
	cq_interest interest = CQ_INTEREST_NONE;

	interest.process = process;
	return interest;
}

static void poll_until_it_ends(void)
{
	cq_socket *input;
	cq_process *process = start_waiting(&input);
	cq_interest set[2] = { on_process(process), on_time(MS(10)) };
	int code = 0;

	OK(cq_poll(set, 2, NULL));
	CHECK(set[1].fired || cq_process_pollfd(process) < 0);
	cq_socket_free(input);
	do
		OK(cq_poll(set, 1, NULL));
	while (cq_process_try_wait(process, &code, NULL) == EAGAIN);
	EQ(code, 7);
	OK(cq_poll(set, 1, NULL)); /* fires again */
	set[0].fd = 0, set[0].condition = NULL, set[0].thread = (const cq_thread *)process;
	ERR(cq_poll(set, 1, NULL), EINVAL); /* two objects */
	cq_process_free(process);
}

TEST(a_process_is_a_member_of_a_wait_set)
{
	poll_until_it_ends();
}

TEST(lists_of_tasks_name_the_process)
{
	static cq_task_info list[4];
	cq_controller *controller = new_controller();
	cq_socket *input;
	cq_process *process = start_waiting(&input);
	size_t count = 0;
	char wanted[60];

	OK(cq_controller_wrap(controller, wait_for_it, NULL, process, NULL));
	OK(cq_controller_step(controller, 0));
	OK(cq_controller_tasks(controller, list, COUNT(list), &count));
	EQ(count, 1);
	snprintf(wanted, sizeof wanted, "the end of process %d", cq_process_pid(process));
	CHECK(cq_process_pollfd(process) < 0 || strcmp(list[0].wait, wanted) == 0);
	cq_socket_free(input);
	run(controller);
	cq_process_free(process);
	cq_controller_free(controller);
}

/* Has a system call fail as one that does not exist. */
static void forbid(int call)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)call, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { COUNT(filter), filter };

	SYS(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	SYS(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program));
}

TEST(without_pidfds_all_is_the_same_but_a_descriptor)
{
	cq_process *process;

	forbid(SYS_pidfd_open);
	two_wait_at_once();
	poll_until_it_ends();
	process = start(shell("exec sleep 100"));
	EQ(cq_process_pollfd(process), -1);
	CHECK(cq_process_timeout(process) > 0);
	ERR(cq_process_wait(process, MS(30), NULL, NULL), ETIMEDOUT);
	kill_process(process);
	process = start(shell("exit 0"));
	wait_for_zombie(cq_process_pid(process));
	ERR(cq_process_kill(process, SIGTERM), ESRCH);
	cq_process_free(process);
}

/* Whether this process has any child, also one that has ended. */
static bool has_children(void)
{
	siginfo_t info;

	if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0)
		return true;
	EQ(errno, ECHILD);
	return false;
}

static void leave_one_alone(void)
{
	cq_socket *input;
	cq_process *process = start_waiting(&input);
	int pid = cq_process_pid(process);

	cq_process_free(process);
	cq_process_free(start(shell("exit 0")));
	SYS(kill(pid, 0)); /* goes on */
	cq_socket_free(input);
	wait_for_zombie(pid);
	do
		kill_process(start(shell("exec sleep 100")));
	while (has_children());
}

TEST(a_child_whose_handle_is_freed_goes_on_and_leaves_no_zombie)
{
	leave_one_alone();
	forbid(SYS_pidfd_open);
	leave_one_alone();
}

TEST(an_end_that_somebody_else_has_fetched_is_told_as_such)
{
	cq_process *process = start(shell("exit 3"));

	SYS(waitpid(cq_process_pid(process), NULL, 0));
	ERR(cq_process_wait(process, -1, NULL, NULL), ECHILD);
	ERR(cq_process_kill(process, SIGTERM), ESRCH);
	cq_process_free(process);
}

TEST(a_child_of_fork_leaves_the_processes_of_its_parent_alone)
{
	cq_socket *input;
	cq_process *process = start_waiting(&input);
	int status, pid = (int)SYS(fork());

	if (pid == 0) {
		cq_process_free(process);
		_exit(cq_process_kill(NULL, 0) == EINVAL ? 0 : 1);
	}
	EQ(SYS(waitpid(pid, &status, 0)), pid);
	EQ(status, 0);
	cq_socket_free(input);
	EQ(wait_for_it(process), 0);
	cq_process_free(process);
}

TEST(a_thousand_children_leave_no_descriptors_and_no_zombies)
{
	int i, before = open_descriptors(), code = 1;

	for (i = 0; i < (slow() ? 50 : 1000); i++) {
		cq_process_options *options;
		cq_process *process;

		OK(cq_process_options_new(&options));
		OK(cq_process_options_argument(options, "/bin/true"));
		OK(cq_process_options_stream(options, 0, CQ_PROCESS_SOCKET, -1));
		process = start(options);
		OK(cq_process_wait(process, -1, &code, NULL));
		EQ(code, 0);
		cq_process_free(process);
	}
	EQ(open_descriptors(), before);
	CHECK(!has_children());
}
