/* SPDX-License-Identifier: MIT */
/*
 * Looks at a program that uses libcqueues from outside: see docs/inspect.md.
 *
 *   cq ps PID|PATH       the tree of scopes and tasks, and what each task waits for
 *   cq top PID|PATH      the longest waits and the busiest tasks, anew each second
 *   cq dump PID|PATH     all of it as JSON, one object for each controller
 *
 * PATH is what the program gave to cq_controller_inspect. With a PID, all controllers are asked that the process serves
 * in the directory of the environment variable CQUEUES_INSPECT.
 *
 * Status: 0 if all have answered, 1 if one does not, 2 if there is nothing to ask.
 */

#define _POSIX_C_SOURCE 200809L
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { ANSWERED, STUCK, NOTHING };

/* The milliseconds that a loop may take to answer, and that may pass between the pieces of an answer. */
enum { ANSWER_TIME = 1000, PIECE_TIME = 5000 };

/* More controllers than that are not told of one process. */
enum { MOST_PATHS = 256 };

/* Prints what came, without what a terminal would obey. */
static void print(FILE *to, const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		unsigned char c = (unsigned char)text[i];

		fputc((c < ' ' && c != '\n') || c == 127 ? '?' : c, to);
	}
}

static int complain(const char *path, const char *what, int status)
{
	fflush(stdout);
	fprintf(stderr, "cq: %s: ", path);
	print(stderr, what, strlen(what));
	fputc('\n', stderr);
	return status;
}

/* What a controller keeps in a file beside its socket: see docs/inspect.md, "The page". */
struct page {
	char magic[8];
	uint64_t changes, task, since;
	char name[64];
};

/* Reads it while nobody changes it. */
static bool read_page(const char *path, struct page *page)
{
	char name[sizeof ((struct sockaddr_un *)0)->sun_path + 8];
	bool complete = false;
	struct page again;
	int fd;

	if (strlen(path) + sizeof ".page" > sizeof name)
		return false;
	snprintf(name, sizeof name, "%s.page", path);
	fd = open(name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
	for (int i = 0; i < 100 && fd >= 0 && !complete; i++)
		complete = pread(fd, page, sizeof *page, 0) == sizeof *page && pread(fd, &again, sizeof again, 0) == sizeof again &&
		           page->changes % 2 == 0 && memcmp(page, &again, sizeof again) == 0;
	if (fd >= 0)
		close(fd);
	page->name[sizeof page->name - 1] = '\0';
	return complete && memcmp(page->magic, "cqueues1", sizeof page->magic) == 0;
}

/* Says which task has not given way, as far as it can be known. */
static int no_answer(const char *path)
{
	struct timespec now;
	struct page page;
	char text[200];
	double seconds;

	if (!read_page(path, &page))
		return complain(path, "no answer within a second: its loop is stuck in a task, or is not running", STUCK);
	clock_gettime(CLOCK_MONOTONIC, &now);
	seconds = (double)now.tv_sec + (double)now.tv_nsec / 1e9 - (double)page.since / 1e9;
	if (page.task == UINT64_MAX)
		snprintf(text, sizeof text, "no answer within a second: no task runs, and its loop has made no step for %.3f s", seconds);
	else
		snprintf(text, sizeof text, "no answer within a second: task %" PRIu64 "%s%s%s has been running for %.3f s", page.task,
		         page.name[0] ? " \"" : "", page.name, page.name[0] ? "\"" : "", seconds);
	return complain(path, text, STUCK);
}

/* A connection, or -1 with errno. It never waits: EAGAIN says that nobody takes connections. */
static int connect_to(const char *path)
{
	struct sockaddr_un address;
	int fd, error;

	memset(&address, 0, sizeof address);
	address.sun_family = AF_UNIX;
	if (strlen(path) >= sizeof address.sun_path) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	if (fd < 0)
		return -1;
	if (fcntl(fd, F_SETFL, O_NONBLOCK) == 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
		return fd;
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

/* Prints the answer to a request. */
static int receive(const char *path, int fd)
{
	struct pollfd answer = { .fd = fd, .events = POLLIN };
	bool begun = false;
	char piece[16384];

	for (;;) {
		int ready = poll(&answer, 1, begun ? PIECE_TIME : ANSWER_TIME);
		ssize_t size;

		if (ready < 0 && errno == EINTR)
			continue;
		if (ready <= 0)
			return begun ? complain(path, "the answer is not complete", STUCK) : no_answer(path);
		size = read(fd, piece, sizeof piece);
		if (size < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (size <= 0 && !begun)
			return complain(path, "it answers nothing: only its user and root may ask", STUCK);
		if (size < 0)
			return complain(path, "the answer is not complete", STUCK);
		if (size == 0)
			return ANSWERED;
		print(stdout, piece, (size_t)size);
		begun = true;
	}
}

static int ask(const char *path, const char *request)
{
	int status, fd = connect_to(path);

	if (fd < 0 && errno == EAGAIN)
		return no_answer(path);
	if (fd < 0)
		return complain(path, errno == ECONNREFUSED ? "its process is over" : strerror(errno), NOTHING);
	if (write(fd, request, strlen(request)) < 0)
		status = complain(path, strerror(errno), STUCK);
	else
		status = receive(path, fd);
	close(fd);
	return status;
}

static int by_number(const void *a, const void *b)
{
	unsigned long first = strtoul(strrchr(*(char *const *)a, '.') + 1, NULL, 10);
	unsigned long second = strtoul(strrchr(*(char *const *)b, '.') + 1, NULL, 10);

	return (first > second) - (first < second);
}

/* Finds what a process serves: PID.1, PID.2 ... Returns how many; the paths are to be freed. */
static size_t paths_of(const char *pid, char **paths)
{
	const char *folder = getenv("CQUEUES_INSPECT");
	DIR *list = folder ? opendir(folder) : NULL;
	size_t count = 0, size = strlen(pid);
	struct dirent *entry;

	if (!folder)
		complain(pid, "which directory? CQUEUES_INSPECT is not set", NOTHING);
	else if (!list)
		complain(folder, strerror(errno), NOTHING);
	while (list && (entry = readdir(list)) && count < MOST_PATHS) {
		size_t room = strlen(folder) + strlen(entry->d_name) + 2;

		if (strncmp(entry->d_name, pid, size) != 0 || entry->d_name[size] != '.' ||
		    entry->d_name[size + 1 + strspn(entry->d_name + size + 1, "0123456789")] != '\0')
			continue;
		paths[count] = malloc(room);
		if (paths[count])
			snprintf(paths[count++], room, "%s/%s", folder, entry->d_name);
	}
	if (list) {
		closedir(list);
		if (count == 0)
			complain(pid, "the process serves nothing in CQUEUES_INSPECT", NOTHING);
	}
	qsort(paths, count, sizeof *paths, by_number);
	return count;
}

/* Asks all that the target names. */
static int ask_all(const char *target, const char *request)
{
	char *paths[MOST_PATHS];
	size_t count;
	int status = NOTHING;

	if (target[strspn(target, "0123456789")] != '\0')
		return ask(target, request);
	count = paths_of(target, paths);
	if (count > 0)
		status = ANSWERED;
	for (size_t i = 0; i < count; i++) {
		int answer = ask(paths[i], request);

		if (i + 1 < count && strcmp(request, "json\n") != 0)
			putchar('\n');
		if (status == ANSWERED)
			status = answer;
		free(paths[i]);
	}
	return status;
}

/* Shows it each second, until there is nothing more to ask. */
static int show(const char *target)
{
	int status;

	do {
		if (isatty(STDOUT_FILENO))
			fputs("\033[H\033[2J", stdout);
		status = ask_all(target, "top\n");
		if (fflush(stdout) != 0)
			return NOTHING;
		if (status != NOTHING)
			sleep(1);
	} while (status != NOTHING);
	return status;
}

int main(int argc, char **argv)
{
	int status;

	if (argc == 3 && *argv[2] != '\0') {
		signal(SIGPIPE, SIG_IGN);
		if (strcmp(argv[1], "top") == 0)
			return show(argv[2]);
		if (strcmp(argv[1], "ps") == 0 || strcmp(argv[1], "dump") == 0) {
			status = ask_all(argv[2], argv[1][0] == 'p' ? "tree\n" : "json\n");
			return fflush(stdout) == 0 ? status : NOTHING;
		}
	}
	fputs("usage: cq ps|top|dump PID|PATH\n", stderr);
	return NOTHING;
}
