/* SPDX-License-Identifier: MIT */
/*
 * Every exported function is called with input that makes no sense: NULL, sizes that no object has, descriptors that are
 * none, unknown flags, seconds that are not a number, closed objects; from a thread, a callback, a fiber, another thread
 * and a child of fork(2), and with objects that others wait for. No call may crash, hang, panic or answer with a code
 * that its comment in cqueues.h does not list.
 *
 *   input PLACE [FUNCTION...]       PLACE is a number: 0 in a thread, 1 in a callback, ... as below
 */

#define CHECK_NO_MAIN
#include "values.h"
#include <stdarg.h>

enum place { IN_A_THREAD, IN_A_CALLBACK, IN_A_FIBER, IN_ANOTHER_THREAD, IN_A_CHILD, WHILE_BUSY, PLACES };
static const char *const place_names[] = { "in a thread", "in a callback", "in a fiber", "in another thread",
	                                   "in a child of fork", "with objects that others wait for" };

/* Shared with the processes that make the calls: what is being called. */
static struct progress {
	long calls;
	int complaints;
	char what[400];
} *progress;

/* -- one call -- */

struct attempt {
	struct setting *setting;
	union result result;
	bool done;
};

static int attempt_fiber(void *argument)
{
	struct attempt *attempt = argument;
	struct setting *s = attempt->setting;

	s->function->call(s->values, &attempt->result);
	attempt->done = true;
	/* What has locked a mutex is over in a moment, and nobody else could unlock it. */
	if (attempt->result.i == 0 && (strcmp(s->function->name, "cq_mutex_lock") == 0 ||
	                               strcmp(s->function->name, "cq_mutex_try_lock") == 0))
		OK(cq_mutex_unlock(s->values[0].p));
	return 0;
}

static void *attempt_thread(void *argument)
{
	attempt_fiber(argument);
	return NULL;
}

static int attempt_callback(cq_controller *cq, cq_task task, void *argument, const cq_fired *fired, size_t count)
{
	(void)cq, (void)task, (void)fired, (void)count;
	return attempt_fiber(argument);
}

/* Steps the host until the call is over; one that waits without limit is given up. */
static void run_host(struct setting *s, struct attempt *attempt)
{
	double begun = cq_monotime();

	while (!attempt->done && s->host && cq_monotime() - begun < 0.02) {
		cq_controller *host = s->host;
		bool frees = (s->function->says & FREES) && s->values[0].p == host;

		cq_controller_step(host, MS(2));
		if (frees)
			s->host = NULL;
	}
}

static void attempt_elsewhere(struct setting *s, struct attempt *attempt)
{
	cq_controller *cq = s->function->kinds[0] == CONTROLLER ? s->values[0].p : NULL;
	bool entered = cq && cq_controller_enter(cq) == 0;
	pthread_t thread;

	EQ(pthread_create(&thread, NULL, attempt_thread, attempt), 0);
	EQ(pthread_join(thread, NULL), 0);
	if (entered && !(s->function->says & FREES))
		OK(cq_controller_leave(cq));
}

static void make_call(struct setting *s, enum place place, struct attempt *attempt)
{
	switch (place) {
	case IN_A_CALLBACK:
		OK(cq_controller_attach(s->host, attempt_callback, NULL, attempt, NULL));
		run_host(s, attempt);
		break;
	case IN_A_FIBER:
		OK(cq_controller_wrap(s->host, attempt_fiber, NULL, attempt, NULL));
		run_host(s, attempt);
		break;
	case IN_ANOTHER_THREAD:
		attempt_elsewhere(s, attempt);
		break;
	default:
		attempt_fiber(attempt);
	}
}

/* -- objects that others wait for -- */

static int wait_for_object(void *argument)
{
	struct made *made = argument;
	const char *type = made->type;
	const void *data;
	void *object;
	cq_dns_packet *packet;
	cq_interest on = CQ_INTEREST_NONE;
	uint32_t changes;
	int number;

	if (strstr(type, "cq_socket "))
		return cq_socket_fill(made->object, 100) + cq_socket_read(made->object, CQ_READ_ALL, 0, &data, (size_t *)&data);
	if (strstr(type, "cq_condition"))
		return cq_condition_wait(made->object, -1);
	if (strstr(type, "cq_queue"))
		return cq_queue_get(made->object, -1, &object);
	if (strstr(type, "cq_semaphore"))
		return cq_semaphore_acquire(made->object, -1) + cq_semaphore_acquire(made->object, -1);
	if (strstr(type, "cq_mutex"))
		return cq_mutex_lock(made->object, -1) + cq_sleep(-1);
	if (strstr(type, "cq_signal"))
		return cq_signal_wait(made->object, -1, &number);
	if (strstr(type, "cq_notify"))
		return cq_notify_get(made->object, -1, &changes, NULL, NULL);
	if (strstr(type, "cq_thread"))
		return cq_thread_join(made->object, -1, NULL);
	if (strstr(type, "cq_process "))
		return cq_process_wait(made->object, -1, NULL, NULL);
	if (strstr(type, "cq_dns_resolver "))
		return cq_dns_resolver_query(made->object, "busy.invalid", 1, 1, -1, &packet);
	if (strstr(type, "cq_controller"))
		on.controller = made->object;
	return cq_poll(&on, 1, NULL);
}

static void keep_busy(struct setting *s)
{
	int i;

	for (i = 0; i < s->made_count; i++) {
		if (strstr(s->made[i].type, "cq_socket ") != NULL)
			OK(cq_socket_set_timeout(s->made[i].object, -1));
		OK(cq_controller_wrap(s->host, wait_for_object, NULL, &s->made[i], NULL));
	}
	cq_controller_step(s->host, 0);
	cq_controller_step(s->host, 0);
	for (i = 0; i < s->made_count; i++)
		if (strstr(s->made[i].type, "cq_socket ") != NULL)
			OK(cq_socket_set_timeout(s->made[i].object, MS(2)));
}

/* -- what comes of it -- */

static void describe(const struct setting *s, enum place place)
{
	char *at = progress->what, *end = at + sizeof progress->what;
	int i;

	at += snprintf(at, (size_t)(end - at), "%s, %s, variants", s->function->name, place_names[place]);
	for (i = 0; i < s->function->parameters; i++)
		at += snprintf(at, (size_t)(end - at), " %d", s->variants[i]);
}

static void complain(const char *format, ...)
{
	va_list list;

	progress->complaints++;
	printf("       %s: ", progress->what);
	va_start(list, format);
	vprintf(format, list);
	va_end(list);
	puts("");
}

static bool is_listed(const struct function *function, int code)
{
	int i;

	for (i = 0; function->codes[i] != 0; i++)
		if (function->codes[i] == code)
			return true;
	if (code == ENOMEM)
		return true; /* the head of the header says so */
	if (!(function->says & SYSTEM) || code < 0)
		return false;
	return code != EFAULT && code != EDEADLK && code != EPERM && code != EINVAL && code != ENOSYS && code != EAGAIN;
}

static void judge_code(const struct setting *s, enum place place, int code)
{
	bool foreign = place == IN_ANOTHER_THREAD && s->function->kinds[0] == CONTROLLER;
	int i;

	if (foreign && code == EPERM)
		return; /* the head of the header says so */
	if (foreign && s->variants[0] == 0 && code == 0 && !(s->function->says & ANY_THREAD))
		complain("another thread steps the controller, and the call succeeds");
	if (code != 0 && !is_listed(s->function, code))
		complain("%s (%s) is not listed", cq_errno_name(code) ? cq_errno_name(code) : "?", cq_strerror(code));
	for (i = 0; code != 0 && i < s->function->parameters; i++)
		if (s->outs[i])
			complain("an object is handed out with a failure");
}

static void judge(const struct setting *s, enum place place, const struct attempt *attempt)
{
	const struct function *function = s->function;
	bool null = function->parameters > 0 && s->values[0].p == NULL && function->kinds[0] != SECONDS;

	if (function->returns == CODE)
		judge_code(s, place, (int)attempt->result.i);
	if (!null || function->fallback == NO_FALLBACK)
		return;
	if (function->returns == NUMBER && function->fallback == NOT_A_NUMBER && !isnan(attempt->result.d))
		complain("not NaN for NULL");
	if (function->returns == VALUE && attempt->result.i != function->fallback)
		complain("%lld for NULL, not %lld", attempt->result.i, function->fallback);
}

/* -- before and after -- */

static void clean_up(struct setting *s, const struct attempt *attempt)
{
	const struct function *function = s->function;
	bool succeeded = attempt->done && function->returns == CODE && attempt->result.i == 0;
	int i, fd;

	if (function->says & FREES && !(attempt->done && function->returns == CODE && attempt->result.i != 0))
		forget(s, s->values[0].p);
	if (strstr(function->name, "sharetls") && attempt->done)
		SSL_free((SSL *)(intptr_t)attempt->result.i);
	if (succeeded && (strcmp(function->name, "cq_controller_enter") == 0 || strcmp(function->name, "cq_controller_begin") == 0))
		OK(cq_controller_leave(s->values[0].p));
	cq_controller_free(s->host);
	if (strcmp(function->name, "cq_running") != 0)
		for (i = 0; i < function->parameters; i++)
			if (s->outs[i])
				free_as(function->types[i], s->outs[i]);
	for (i = 0; i < function->parameters; i++)
		if (succeeded && s->variants[i] != 1 &&
		    (strstr(function->name, "recvfd") || strstr(function->name, "_release")) && strcmp(function->types[i], "int *") == 0) {
			memcpy(&fd, s->values[i].p, sizeof fd);
			if (fd >= 0)
				close(fd);
		}
	if (succeeded && strcmp(function->name, "cq_socket_adopt") == 0)
		for (i = 0; i < s->fd_count; i++)
			if (s->fds[i] == (int)s->values[0].u)
				s->fds[i] = -1;
	for (i = s->made_count; i-- > 0;)
		if (s->made[i].object && strcmp(s->made[i].type, "SSL") == 0)
			SSL_free(s->made[i].object);
		else if (s->made[i].object) {
			if (strcmp(s->made[i].type, "struct cq_mutex **") == 0)
				cq_mutex_unlock(s->made[i].object);
			free_as(s->made[i].type, s->made[i].object);
		}
	for (i = 0; i < s->fd_count; i++)
		if (s->fds[i] >= 0)
			close(s->fds[i]);
}

static bool makes_sense_here(const struct function *function, enum place place, const int *variants)
{
	int i;

	if ((place == WHILE_BUSY && (function->says & ALONE)) || (place == WHILE_BUSY && strstr(function->name, "_free")))
		return false;
	if (place == IN_ANOTHER_THREAD && (function->says & FREES))
		return false;
	for (i = 0; i < function->parameters; i++) {
		/* What waits without limit waits for ever, but in fibers. */
		bool endless = function->kinds[i] == SECONDS && variants[i] >= FIRST_ENDLESS && (function->says & WAITS);

		if (endless && place != IN_A_FIBER && place != IN_A_CALLBACK)
			return false;
		if (function->kinds[i] == CONTROLLER && variants[i] == 3 && place != IN_A_FIBER && place != IN_A_CALLBACK)
			return false;
	}
	return true;
}

static void try_in_child(struct setting *s, struct attempt *attempt)
{
	pid_t child = fork();

	SYS(child);
	if (child == 0) {
		int complaints = progress->complaints;

		attempt_fiber(attempt);
		judge(s, IN_A_CHILD, attempt);
		clean_up(s, attempt);
		fflush(NULL);
		_exit(complaints != progress->complaints);
	}
	if (wait_for_child(child) & ~0xff00)
		complain("the child has crashed");
	attempt->result.i = -1;
}

static void try_call(const struct function *function, enum place place, const int *variants)
{
	struct attempt attempt;
	struct setting setting, *s = &setting;
	int i;

	if (!makes_sense_here(function, place, variants))
		return;
	memset(s, 0, sizeof *s);
	memset(&attempt, 0, sizeof attempt);
	memset(scratch, 0, 1024 * MOST);
	attempt.setting = s;
	s->function = function;
	s->host = new_controller();
	memcpy(s->variants, variants, sizeof s->variants);
	for (i = 0; i < function->parameters; i++)
		s->values[i] = make_value(s, i);
	describe(s, place);
	progress->calls++;
	if (place == IN_A_CHILD) {
		try_in_child(s, &attempt);
		s->function = &functions[0]; /* here nothing was called */
		memset(s->outs, 0, sizeof s->outs);
		s->values[0].p = NULL;
	} else {
		if (place == WHILE_BUSY)
			keep_busy(s);
		make_call(s, place, &attempt);
		if (attempt.done)
			judge(s, place, &attempt);
	}
	clean_up(s, &attempt);
}

/* The sensible call, each parameter with each of its values, and a few dozen mixtures. */
static void try_function(const struct function *function, enum place place)
{
	int variants[MOST] = { 0 }, i, round, most = place == IN_A_CHILD || place == WHILE_BUSY ? 5 : 40;
	unsigned seed = 1;

	try_call(function, place, variants);
	for (i = 0; i < function->parameters; i++) {
		int count = variants_of(function->kinds[i]);

		for (variants[i] = 1; variants[i] < count; variants[i]++)
			try_call(function, place, variants);
		variants[i] = 0;
	}
	for (round = 0; round < most && function->parameters > 1; round++) {
		for (i = 0; i < function->parameters; i++) {
			seed = seed * 1103515245 + 12345;
			variants[i] = (int)((seed >> 16) % (unsigned)variants_of(function->kinds[i]));
		}
		try_call(function, place, variants);
	}
}

/* -- the program -- */

static int in_a_process(const struct function *function, enum place place)
{
	pid_t child;

	fflush(NULL);
	child = fork();
	SYS(child);
	if (child == 0) {
		setpgid(0, 0);
		alarm(SANITIZED ? 120 : 40);
		prepare_process();
		try_function(function, place);
		exit(0);
	}
	return wait_for_child(child);
}

static void run_place(enum place place, int argc, char **argv, int *passed, int *failed)
{
	int before = *failed;
	long calls = progress->calls;
	size_t i;

	for (i = 0; i < COUNT(functions); i++) {
		int status;

		if (!check_is_named(argc, argv, functions[i].name))
			continue;
		progress->complaints = 0;
		status = in_a_process(&functions[i], place);
		if (status != 0 && progress->complaints == 0)
			printf("       %s: %s\n", progress->what, WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : "status not 0");
		if (status == 0 && progress->complaints == 0)
			++*passed;
		else {
			printf("FAILED %s %s\n", functions[i].name, place_names[place]);
			++*failed;
		}
	}
	printf("%s %ld calls %s\n", *failed == before ? "ok    " : "FAILED", progress->calls - calls, place_names[place]);
}

int main(int argc, char **argv)
{
	int passed = 0, failed = 0, place = argc > 1 ? atoi(argv[1]) : -1;

	if (place < 0 || place >= PLACES) {
		fprintf(stderr, "input: which place?\n");
		return 2;
	}

	progress = mmap(NULL, sizeof *progress, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(progress != MAP_FAILED);
	prepare_world();
	run_place((enum place)place, argc - 1, argv + 1, &passed, &failed);
	remove(file);
	remove(nothing);
	rmdir(folder);
	printf("%d passed, %d failed, 0 skipped\n", passed, failed);
	return failed > 0;
}
