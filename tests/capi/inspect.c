/* SPDX-License-Identifier: MIT */
/* Looking at a controller from outside, over a UNIX socket. */

#include "fixture.h"
#include <sys/stat.h>

static char where[120];

/* A path for the socket of this process, at which nothing is yet. */
static const char *a_path(void)
{
	snprintf(where, sizeof where, "%s", temporary_path("inspect"));
	unlink(where);
	return where;
}

static bool exists(const char *path)
{
	struct stat found;

	return lstat(path, &found) == 0;
}

static int try_connect(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = (int)SYS(socket(AF_UNIX, SOCK_STREAM, 0));

	snprintf(address.sun_path, sizeof address.sun_path, "%.100s", path);
	if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
		return fd;
	close(fd);
	return -1;
}

static int connect_path(const char *path)
{
	int fd = try_connect(path);

	CHECK(fd >= 0);
	return fd;
}

static int ask(const char *path, const char *request)
{
	int fd = connect_path(path);

	EQ(write(fd, request, strlen(request)), (ssize_t)strlen(request));
	return fd;
}

/* Steps the controller until the whole answer is there; to be freed. */
static char *answer(cq_controller *cq, int fd)
{
	size_t size = 0, room = 1 << 16;
	char *text = malloc(room);

	CHECK(text != NULL);
	for (;;) {
		ssize_t more = recv(fd, text + size, room - size - 1, MSG_DONTWAIT);

		if (more == 0)
			break;
		if (more < 0) {
			CHECK(errno == EAGAIN);
			OK(cq_controller_step(cq, MS(5)));
			continue;
		}
		size += (size_t)more;
		if (size + 1 == room) {
			text = realloc(text, room *= 2);
			CHECK(text != NULL);
		}
	}
	close(fd);
	text[size] = '\0';
	return text;
}

static void says(const char *text, const char *wanted)
{
	if (!strstr(text, wanted)) {
		printf("       '%s' is not in:\n%.2000s\n", wanted, text);
		CHECK(!"the answer says so");
	}
}

static void answers(cq_controller *cq, int fd, const char *wanted)
{
	char *text = answer(cq, fd);

	says(text, wanted);
	free(text);
}

static cq_task sleeper(cq_controller *cq, const char *name)
{
	cq_task task;

	OK(cq_controller_wrap(cq, sleep_for_ever, NULL, NULL, &task));
	OK(cq_task_set_name(cq, task, name));
	return task;
}

TEST(who_connects_gets_one_object_and_the_end_of_the_stream)
{
	cq_controller *cq = new_controller();
	cq_scope *outer, *inner;
	cq_task task;
	char *text, wanted[200];

	OK(cq_scope_new(cq, NULL, &outer));
	OK(cq_scope_set_name(outer, "ser\"ver\n"));
	OK(cq_scope_new(cq, outer, &inner));
	OK(cq_scope_wrap(inner, sleep_for_ever, NULL, NULL, &task));
	OK(cq_task_set_name(cq, task, "w\xc3\xbcrker\xff\\"));
	OK(cq_controller_inspect(cq, a_path()));
	OK(cq_controller_step(cq, 0));
	text = answer(cq, connect_path(where)); /* asks for nothing */
	snprintf(wanted, sizeof wanted, "{\"version\":1,\"pid\":%ld,", (long)getpid());
	EQ(strncmp(text, wanted, strlen(wanted)), 0);
	says(text, "\"controller\":{\"tasks\":1,");
	says(text, "{\"scope\":0,\"parent\":null,\"name\":\"ser\\\"ver\\u000a\",\"busy\":1,\"end\":null,\"deadline\":null}");
	says(text, "{\"scope\":1,\"parent\":0,\"name\":\"\",\"busy\":1,");
	snprintf(wanted, sizeof wanted, "{\"task\":\"%llu\",\"name\":\"w\xc3\xbcrker\xef\xbf\xbd\\\\\",\"scope\":1,\"state\":\"parked\",",
	         (unsigned long long)task);
	says(text, wanted);
	says(text, "\"resumptions\":1}],\n\"omitted\":0}\n");
	free(text);
	OK(cq_scope_cancel(outer, 0, NULL));
	answers(cq, ask(where, "json\n"), "\"end\":\"ECANCELED\"");
	cq_scope_free(inner);
	cq_scope_free(outer);
	cq_controller_free(cq);
}

TEST(people_get_the_tree_and_the_longest)
{
	cq_controller *cq = new_controller();
	cq_scope *scope;
	cq_task task;
	char *text;

	OK(cq_scope_new(cq, NULL, &scope));
	OK(cq_scope_set_name(scope, "server"));
	OK(cq_scope_wrap(scope, sleep_for_ever, NULL, NULL, &task));
	OK(cq_task_set_name(cq, task, "in\033side"));
	sleeper(cq, "beside");
	OK(cq_controller_inspect(cq, a_path()));
	OK(cq_controller_step(cq, 0));
	text = answer(cq, ask(where, "tree\n"));
	says(text, "2 tasks, ");
	says(text, "\"beside\", waits for ");
	says(text, "\nscope 0 \"server\"\n  task ");
	says(text, "\"in?side\", waits for ");
	free(text);
	text = answer(cq, ask(where, "top\n"));
	says(text, "\nlongest waits\n  task ");
	says(text, "\nbusiest\n");
	says(text, " s in 1 turns: task ");
	free(text);
	answers(cq, ask(where, "nonsense that is long\n"), "{\"version\":1,");
	cq_scope_free(scope);
	cq_controller_free(cq);
}

/* As `answer`, of a controller whose binding tells where the task stands, at another line each time. */
static char *answer_with_places(cq_controller *cq, cq_task task, int fd, int *told)
{
	struct pollfd input = { .fd = fd, .events = POLLIN };
	char place[32];

	while (poll(&input, 1, 0) == 0) {
		OK(cq_controller_step(cq, MS(5)));
		if (cq_controller_wants_places(cq)) {
			snprintf(place, sizeof place, "main\"\033.x:%d", ++*told);
			OK(cq_task_set_place(cq, task, place));
		}
	}
	return answer(cq, fd);
}

TEST(a_binding_tells_where_its_tasks_stand)
{
	cq_controller *cq = new_controller();
	cq_task task = sleeper(cq, "told"), other = sleeper(cq, "untold");
	int told = 0, first, second;
	char *text;

	OK(cq_controller_inspect(cq, a_path()));
	CHECK(!cq_controller_wants_places(cq));
	text = answer_with_places(cq, task, ask(where, "tree\n"), &told);
	says(text, "\"told\", waits for ");
	says(text, ", at main\"?.x:1\n");
	CHECK(strstr(strstr(text, "\"untold\""), ", at ") == NULL);
	free(text);

	/* Two at once: one question may do for both, and both are told. */
	first = ask(where, "json\n");
	second = ask(where, "json\n");
	text = answer_with_places(cq, task, first, &told);
	says(text, "\"place\":\"main\\\"\\u001b.x:");
	free(text);
	text = answer_with_places(cq, task, second, &told);
	says(text, "\"place\":\"main\\\"\\u001b.x:");
	says(text, "\"place\":\"\"");
	free(text);

	/* What was shown is forgotten: an answer without the binding's help has no places. */
	text = answer(cq, ask(where, "tree\n"));
	CHECK(strstr(text, ", at ") == NULL);
	free(text);
	CHECK(cq_controller_wants_places(cq));
	CHECK(!cq_controller_wants_places(cq));
	CHECK(!cq_controller_wants_places(NULL));
	EQ(cq_task_set_place(NULL, task, "x"), EINVAL);
	OK(cq_task_cancel(cq, other, NULL));
	UNTIL(cq_controller_count(cq) == 1, cq);
	EQ(cq_task_set_place(cq, other, "x"), ENOENT);
	OK(cq_task_set_place(cq, task, "x"));
	OK(cq_task_set_place(cq, task, NULL));
	cq_controller_free(cq);
}

/* Reads the page beside the path: whether somebody runs, and its name. */
static bool runs(char name[64])
{
	uint64_t words[12];
	char page[200];
	int fd;

	snprintf(page, sizeof page, "%s.page", where);
	fd = (int)SYS(open(page, O_RDONLY));
	EQ(SYS(read(fd, words, sizeof words)), sizeof words);
	close(fd);
	EQ(memcmp(words, "cqueues1", 8), 0);
	EQ(words[1] % 2, 0);
	CHECK((double)words[3] / 1e9 <= cq_monotime());
	memcpy(name, &words[4], 64);
	return words[2] != UINT64_MAX;
}

static int look_at_the_page(void *argument)
{
	(void)argument;
	for (int i = 0; i < 2; i++) {
		char name[64];

		CHECK(runs(name));
		EQ(strcmp(name, "looks"), 0);
		OK(cq_sleep(0.001));
	}
	return 0;
}

TEST(a_page_beside_the_path_tells_who_runs)
{
	cq_controller *cq = new_controller();
	char name[64], page[200];
	cq_task task;

	sleeper(cq, "another");
	OK(cq_controller_wrap(cq, look_at_the_page, NULL, NULL, &task));
	OK(cq_task_set_name(cq, task, "looks"));
	OK(cq_controller_inspect(cq, a_path()));
	CHECK(!runs(name));
	UNTIL(cq_controller_count(cq) == 1, cq);
	CHECK(!runs(name));
	EQ(name[0], '\0');
	OK(cq_controller_set_counting(cq, true)); /* anew */
	CHECK(!runs(name));
	snprintf(page, sizeof page, "%s.page", where);
	OK(cq_controller_set_counting(cq, false)); /* then it is not known */
	EQ(access(page, F_OK), -1);
	OK(cq_controller_inspect(cq, NULL));
	OK(cq_controller_inspect(cq, where));
	EQ(access(page, F_OK), 0);
	OK(cq_controller_inspect(cq, NULL));
	EQ(access(page, F_OK), -1);
	cq_controller_free(cq);
}

TEST(only_the_owner_may_connect)
{
	cq_controller *cq = new_controller();
	mode_t mask = umask(0);
	struct stat found;

	OK(cq_controller_inspect(cq, a_path()));
	SYS(lstat(where, &found));
	CHECK(S_ISSOCK(found.st_mode));
	EQ(found.st_mode & 0777, 0600);
	EQ(umask(mask), 0);
	cq_controller_free(cq);
	CHECK(!exists(where));
}

TEST(another_user_gets_nothing)
{
	cq_controller *cq;
	char byte = 0;
	int status, go[2];
	pid_t child;

	if (geteuid() != 0)
		return; /* only root can become somebody else */
	a_path();
	SYS(pipe(go));
	child = (pid_t)SYS(fork());
	if (child == 0) {
		SYS(setuid(65534));
		EQ(read(go[0], &byte, 1), 1);
		_exit((int)read(connect_path(where), &byte, 1));
	}
	cq = new_controller();
	OK(cq_controller_inspect(cq, where));
	SYS(chmod(where, 0666));
	SYS(write(go[1], &byte, 1));
	while (waitpid(child, &status, WNOHANG) == 0)
		OK(cq_controller_step(cq, MS(5)));
	EQ(status, 0);
	answers(cq, ask(where, "json\n"), "\"omitted\"");
	cq_controller_free(cq);
}

TEST(a_controller_that_is_looked_at_is_as_empty_as_before)
{
	cq_controller *cq = new_controller();
	cq_controller_counts counts;
	cq_task_info info;
	size_t count;
	int fd;

	OK(cq_controller_inspect(cq, a_path()));
	CHECK(cq_controller_empty(cq));
	EQ(cq_controller_count(cq), 0);
	OK(cq_controller_loop(cq, -1));
	OK(cq_controller_step(cq, 10)); /* does not wait */
	OK(cq_controller_tasks(cq, &info, 1, &count));
	EQ(count, 0);
	OK(cq_controller_stat(cq, &counts));
	EQ(counts.tasks, 0);
	CHECK(isnan(cq_controller_timeout(cq)));
	fd = connect_path(where); /* asks for nothing yet: a reader is no task either */
	OK(cq_controller_step(cq, 0));
	OK(cq_controller_loop(cq, -1));
	CHECK(cq_controller_empty(cq));
	OK(cq_controller_stat(cq, &counts));
	EQ(counts.resumptions, 0);
	close(fd);
	OK(cq_controller_shutdown(cq, 0));
	OK(cq_controller_loop(cq, -1));
	answers(cq, ask(where, "tree\n"), "0 tasks");
	cq_controller_free(cq);
}

static int end_after_a_while(void *argument)
{
	(void)argument;
	return cq_sleep(MS(20));
}

TEST(a_loop_ends_while_somebody_reads)
{
	cq_controller *cq = new_controller();
	cq_task task;
	int fd;

	OK(cq_controller_inspect(cq, a_path()));
	OK(cq_controller_wrap(cq, end_after_a_while, NULL, NULL, &task));
	fd = ask(where, "json");
	OK(cq_controller_loop(cq, -1));
	close(fd);
	cq_controller_free(cq);
}

TEST(the_controllers_descriptor_tells_of_readers)
{
	cq_controller *cq = new_controller();
	struct pollfd ready = { .events = POLLIN };
	char *text;
	int fd;

	OK(cq_controller_inspect(cq, a_path()));
	OK(cq_controller_pollfd(cq, &ready.fd));
	while (poll(&ready, 1, 0) > 0)
		OK(cq_controller_step(cq, 0));
	fd = ask(where, "tree\n");
	EQ(poll(&ready, 1, 5000), 1);
	text = answer(cq, fd);
	says(text, "0 tasks");
	free(text);
	EQ(poll(&ready, 1, 0), 0); /* nothing is left to do */
	cq_controller_free(cq);
}

TEST(many_readers_are_served_a_few_at_a_time)
{
	cq_controller *cq = new_controller();
	int fds[10];

	sleeper(cq, "one");
	OK(cq_controller_inspect(cq, a_path()));
	for (int i = 0; i < 10; i++)
		fds[i] = ask(where, i % 2 ? "json\n" : "tree\n");
	for (int i = 9; i >= 0; i--)
		answers(cq, fds[i], i % 2 ? "\"name\":\"one\"" : "\"one\"");
	cq_controller_free(cq);
}

/* Of more tasks than a socket's buffers hold. */
static void fill(cq_controller *cq)
{
	for (int i = 0; i < 8000; i++)
		OK(cq_controller_add(cq, NULL, NULL));
}

static int wait_on(cq_controller *cq, double seconds)
{
	cq_ready ready;

	OK(cq_controller_enter(cq));
	OK(cq_controller_wait(cq, seconds, 0));
	while (cq_controller_next(cq, &ready) == 0)
		OK(park(cq, ready.task, on_time(1000)));
	return cq_controller_leave(cq);
}

TEST(a_slow_reader_holds_up_nobody)
{
	cq_controller *cq = new_controller();
	int slow_fds[3], fd;
	char *text = malloc(4 << 20);
	size_t size = 0;
	ssize_t more;

	fill(cq);
	OK(cq_controller_inspect(cq, a_path()));
	for (int i = 0; i < 3; i++)
		slow_fds[i] = ask(where, "json\n");
	fd = ask(where, "json\n");
	OK(wait_on(cq, 0));
	for (;;) {
		OK(wait_on(cq, MS(1)));
		more = recv(fd, text + size, (4 << 20) - 1 - size, MSG_DONTWAIT);
		if (more == 0)
			break;
		size += more > 0 ? (size_t)more : 0;
	}
	text[size] = '\0';
	says(text + size - 20, "\"omitted\":0}\n");
	close(fd);
	close(slow_fds[0]); /* vanishes in the middle */
	OK(wait_on(cq, MS(1)));
	fd = ask(where, "top\n");
	for (more = -1; more < 0; more = recv(fd, text, 1000, MSG_DONTWAIT))
		OK(wait_on(cq, MS(1)));
	close(fd);
	free(text);
	cq_controller_free(cq); /* while two still read */
	CHECK(!exists(where));
	close(slow_fds[1]);
	close(slow_fds[2]);
}

TEST(a_reader_that_takes_nothing_is_given_up)
{
	cq_controller_counts counts;
	double begun = cq_monotime();
	cq_controller *cq;
	int fd;

	if (slow())
		return; /* it waits for its deadline */
	cq = new_controller();
	fill(cq);
	OK(cq_controller_inspect(cq, a_path()));
	OK(wait_on(cq, 0));
	OK(cq_controller_stat(cq, &counts));
	EQ(counts.descriptors, 1);
	fd = ask(where, "json\n");
	do {
		OK(wait_on(cq, 1));
		OK(cq_controller_stat(cq, &counts));
	} while (counts.descriptors < 2);
	while (counts.descriptors == 2) {
		OK(wait_on(cq, 1));
		OK(cq_controller_stat(cq, &counts));
	}
	CHECK(cq_monotime() - begun > 5);
	close(fd);
	cq_controller_free(cq);
}

TEST(serving_stops_and_begins_elsewhere)
{
	cq_controller *cq = new_controller();
	char first[110], second[110];
	int fd;

	snprintf(first, sizeof first, "%.100s.1", a_path());
	snprintf(second, sizeof second, "%.100s.2", where);
	OK(cq_controller_inspect(cq, first));
	fd = connect_path(first);
	OK(cq_controller_step(cq, 0));
	OK(cq_controller_inspect(cq, second));
	CHECK(!exists(first) && exists(second));
	EQ(read(fd, where, 1), 0);
	close(fd);
	answers(cq, ask(second, "tree\n"), "0 tasks");
	OK(cq_controller_inspect(cq, NULL));
	OK(cq_controller_inspect(cq, NULL));
	CHECK(!exists(second));
	OK(cq_controller_inspect(cq, second));
	OK(cq_controller_close(cq));
	CHECK(!exists(second));
	ERR(cq_controller_inspect(cq, second), EBADF);
	CHECK(!exists(second));
	cq_controller_free(cq);
}

static int inspect_here(void *argument)
{
	cq_controller *cq;

	(void)argument;
	OK(cq_running(&cq, NULL));
	OK(cq_controller_inspect(cq, where));
	CHECK(exists(where));
	OK(cq_controller_inspect(cq, NULL));
	OK(cq_controller_inspect(cq, where));
	OK(cq_sleep(MS(1)));
	return cq_controller_inspect(cq, NULL);
}

TEST(a_task_begins_and_ends_serving)
{
	cq_controller *cq = new_controller();

	a_path();
	OK(cq_controller_wrap(cq, inspect_here, NULL, NULL, NULL));
	run(cq);
	CHECK(!exists(where));
	cq_controller_free(cq);
}

TEST(paths_that_cannot_be_served_are_refused)
{
	cq_controller *cq = new_controller(), *other = new_controller();
	char path[200];
	FILE *stream;
	int fd;

	ERR(cq_controller_inspect(NULL, a_path()), EINVAL);
	ERR(cq_controller_inspect(cq, ""), EINVAL);
	memset(path, 'a', sizeof path);
	path[0] = '/';
	path[sizeof path - 1] = '\0';
	ERR(cq_controller_inspect(cq, path), ENAMETOOLONG);
	ERR(cq_controller_inspect(cq, "/nowhere/at/all"), ENOENT);
	stream = fopen(where, "w"); /* a file */
	CHECK(stream != NULL);
	fclose(stream);
	ERR(cq_controller_inspect(cq, where), EADDRINUSE);
	CHECK(exists(where));
	unlink(where);
	OK(cq_controller_inspect(other, where)); /* somebody who lives */
	ERR(cq_controller_inspect(cq, where), EADDRINUSE);
	ERR(cq_controller_inspect(other, where), EADDRINUSE);
	answers(other, ask(where, "tree\n"), "0 tasks");
	unlink(where);
	OK(cq_controller_inspect(cq, where)); /* the file of the other one is gone, so this one stays */
	cq_controller_free(other);
	CHECK(exists(where));
	fd = connect_path(where);
	close(fd);
	cq_controller_free(cq);
	CHECK(!exists(where));
}

TEST(what_a_dead_process_left_is_replaced)
{
	cq_controller *cq = new_controller(), *in_child;
	int status, ready[2];
	char byte = 0;
	pid_t child;

	a_path();
	SYS(pipe(ready));
	child = (pid_t)SYS(fork());
	if (child == 0) {
		in_child = new_controller();
		OK(cq_controller_inspect(in_child, where));
		SYS(write(ready[1], &byte, 1));
		pause();
	}
	EQ(read(ready[0], &byte, 1), 1);
	SYS(kill(child, SIGKILL));
	SYS(waitpid(child, &status, 0));
	EQ(status, SIGKILL);
	CHECK(exists(where));
	OK(cq_controller_inspect(cq, where));
	answers(cq, ask(where, "tree\n"), "0 tasks");
	cq_controller_free(cq);
}

TEST(a_forked_child_neither_serves_nor_removes)
{
	cq_controller *cq = new_controller();
	char own[120];
	int status;
	pid_t child;

	sleeper(cq, "sleeper");
	OK(cq_controller_inspect(cq, a_path()));
	OK(cq_controller_step(cq, 0));
	for (int way = 0; way < 3; way++) {
		child = (pid_t)SYS(fork());
		if (child == 0) {
			EQ(cq_controller_count(cq), 1);
			if (way == 1) {
				OK(cq_controller_step(cq, 0));
				snprintf(own, sizeof own, "%.100s.child", where);
				OK(cq_controller_inspect(cq, own));
				answers(cq, ask(own, "tree\n"), "\"sleeper\"");
			}
			if (way == 2)
				OK(cq_controller_reset(cq));
			EQ(cq_controller_count(cq), 1);
			cq_controller_free(cq);
			exit(way == 1 && exists(own));
		}
		SYS(waitpid(child, &status, 0));
		EQ(status, 0);
		answers(cq, ask(where, "tree\n"), "\"sleeper\"");
	}
	cq_controller_free(cq);
	CHECK(!exists(where));
}

/* -- CQUEUES_INSPECT -- */

static int runs_in_directory(mode_t mode)
{
	cq_controller *first, *second;
	char path[160];
	int found;

	a_path();
	SYS(mkdir(where, 0700));
	SYS(chmod(where, mode));
	SYS(setenv("CQUEUES_INSPECT", where, 1));
	first = new_controller();
	second = new_controller();
	snprintf(path, sizeof path, "%s/%ld.2", where, (long)getpid());
	found = exists(path);
	if (found)
		answers(second, ask(path, "tree\n"), "0 tasks");
	cq_controller_free(second);
	CHECK(!exists(path));
	cq_controller_free(first);
	SYS(rmdir(where));
	return found;
}

TEST(the_environment_has_each_controller_served)
{
	EQ(runs_in_directory(0700), 1);
	unsetenv("CQUEUES_INSPECT"); /* it was read once */
	a_path();
	SYS(mkdir(where, 0700));
	cq_controller_free(new_controller());
	SYS(rmdir(where));
}

TEST(a_directory_that_others_may_write_is_not_used)
{
	EQ(runs_in_directory(0770), 0);
}

TEST(a_directory_that_is_not_there_is_not_used)
{
	cq_controller *cq;

	SYS(setenv("CQUEUES_INSPECT", "/nowhere/at/all", 1));
	cq = new_controller();
	run(cq);
	cq_controller_free(cq);
}
