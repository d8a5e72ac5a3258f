/* SPDX-License-Identifier: MIT */
/*
 * filter COMMAND...: runs a command under a filter of system calls (seccomp(2)) like those of containers that know no
 * newer ones: io_uring_setup, pidfd_open, epoll_pwait2 and eventfd2 do not exist.
 */

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define REFUSE(number) \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (number), 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS)

int main(int argc, char **argv)
{
	struct sock_filter lines[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		REFUSE(SYS_io_uring_setup),
		REFUSE(SYS_pidfd_open),
		REFUSE(SYS_epoll_pwait2),
		REFUSE(SYS_eventfd2),
#ifdef SYS_eventfd
		REFUSE(SYS_eventfd),
#endif
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof lines / sizeof *lines, lines };

	if (argc < 2) {
		fputs("usage: filter COMMAND...\n", stderr);
		return 2;
	}
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0) {
		perror("filter");
		return 77;
	}
	/* It does what it says. */
	if (syscall(SYS_eventfd2, 0, 0) >= 0 || errno != ENOSYS) {
		fputs("filter: eventfd2 is there\n", stderr);
		return 2;
	}
	execvp(argv[1], argv + 1);
	perror(argv[1]);
	return 127;
}
