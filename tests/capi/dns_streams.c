/* SPDX-License-Identifier: MIT */
/*
 * Connections to name servers, in plain text and over TLS: kept between queries, closed with their resolver, and never used
 * by a child process.
 */

#include "dns.h"
#include "tls.h"
#include <pthread.h>

static const char only[] = "options nocache tcp\n";

/* Both kinds of server: the certificate that it shows, or NULL for plain text. */
static const char *const kinds[] = { NULL, "server" };

/* A server of connections in a thread of its own: it answers each query, until it is asked for "stop". */
struct stream_server {
	pthread_t thread;
	/* One for each connection. */
	pthread_t talking[64];
	int listener, port;
	/* How many connections there were, and how many are open. */
	int connections, open;
	/* How many queries came. */
	int queries;
	/* How many handshakes were done, how many of them resumed a session, and how many failed. */
	int handshakes, resumed, refused;
	/* Seconds after which an answer is sent. */
	double delay;
	/* What TLS is served with; NULL for plain text. */
	SSL_CTX *tls;
	/* What resolvers ask it with. */
	cq_tls *client;
};

static int count_of(const int *count)
{
	return __atomic_load_n(count, __ATOMIC_SEQ_CST);
}

static void add(int *count, int number)
{
	__atomic_add_fetch(count, number, __ATOMIC_SEQ_CST);
}

struct talk {
	struct stream_server *server;
	int fd;
	SSL *ssl;
};

static bool receive(const struct talk *talk, unsigned char *buffer, size_t size)
{
	while (size) {
		ssize_t count = talk->ssl ? SSL_read(talk->ssl, buffer, (int)size) : recv(talk->fd, buffer, size, 0);

		if (count <= 0)
			return false;
		buffer += count, size -= (size_t)count;
	}
	return true;
}

static bool reply_with(const struct talk *talk, const void *data, size_t size)
{
	unsigned char message[2 + 4096] = { (unsigned char)(size >> 8), (unsigned char)size };

	memcpy(message + 2, data, size);
	size += 2;
	if (talk->ssl)
		return SSL_write(talk->ssl, message, (int)size) == (int)size;
	return send(talk->fd, message, size, MSG_NOSIGNAL) == (ssize_t)size;
}

/* Answers the next query; false at the end. */
static bool answer_next(const struct talk *talk)
{
	unsigned char length[2], query[512];
	size_t size;
	const void *data;
	cq_dns_packet *reply;
	bool sent;

	if (!receive(talk, length, 2) || !receive(talk, query, size = (size_t)(length[0] << 8 | length[1])))
		return false;
	add(&talk->server->queries, 1);
	if (talk->ssl)
		EQ(size % 128, 0);
	if (!(reply = answer_to(query, size, true)))
		return true;
	usleep((useconds_t)(talk->server->delay * 1e6));
	OK(cq_dns_packet_dump(reply, &data, &size));
	sent = reply_with(talk, data, size);
	cq_dns_packet_free(reply);
	return sent;
}

/* Shakes hands if the server has TLS. */
static bool greet(struct talk *talk)
{
	if (!talk->server->tls)
		return true;
	talk->ssl = SSL_new(talk->server->tls);
	CHECK(talk->ssl && SSL_set_fd(talk->ssl, talk->fd) == 1);
	if (SSL_accept(talk->ssl) != 1) {
		add(&talk->server->refused, 1);
		return false;
	}
	add(&talk->server->handshakes, 1);
	add(&talk->server->resumed, SSL_session_reused(talk->ssl));
	return true;
}

static void *talk(void *argument)
{
	struct talk talk = *(struct talk *)argument;

	free(argument);
	if (greet(&talk))
		while (answer_next(&talk))
			;
	SSL_free(talk.ssl);
	close(talk.fd);
	add(&talk.server->open, -1);
	return NULL;
}

static void *accept_all(void *argument)
{
	struct stream_server *server = argument;
	int fd;

	while ((fd = accept(server->listener, NULL, NULL)) >= 0) {
		struct talk *begun = malloc(sizeof *begun);

		CHECK(begun && server->connections < (int)COUNT(server->talking));
		begun->server = server, begun->fd = fd, begun->ssl = NULL;
		add(&server->open, 1);
		EQ(pthread_create(&server->talking[server->connections], NULL, talk, begun), 0);
		add(&server->connections, 1);
	}
	return NULL;
}

/* `certificate_name`: that of the certificate that is shown; NULL: a server in plain text. */
static void start(struct stream_server *server, const char *certificate_name)
{
	struct sockaddr_in address = loopback(0);
	socklen_t size = sizeof address;

	memset(server, 0, sizeof *server);
	signal(SIGPIPE, SIG_IGN); /* libssl has no MSG_NOSIGNAL */
	if (certificate_name) {
		char file[100];

		server->client = client_for("ca", NULL);
		server->tls = SSL_CTX_new(TLS_server_method());
		CHECK(server->tls);
		snprintf(file, sizeof file, "%s.pem", certificate_name);
		EQ(SSL_CTX_use_certificate_chain_file(server->tls, certificate(file)), 1);
		snprintf(file, sizeof file, "%s.key", certificate_name);
		EQ(SSL_CTX_use_PrivateKey_file(server->tls, certificate(file), SSL_FILETYPE_PEM), 1);
	}
	server->listener = (int)SYS(socket(AF_INET, SOCK_STREAM, 0));
	SYS(bind(server->listener, (struct sockaddr *)&address, sizeof address));
	SYS(listen(server->listener, 64));
	SYS(getsockname(server->listener, (struct sockaddr *)&address, &size));
	server->port = ntohs(address.sin_port);
	EQ(pthread_create(&server->thread, NULL, accept_all, server), 0);
}

static void stop(struct stream_server *server)
{
	SYS(shutdown(server->listener, SHUT_RDWR));
	EQ(pthread_join(server->thread, NULL), 0);
	SYS(close(server->listener));
	while (server->connections > 0)
		EQ(pthread_join(server->talking[--server->connections], NULL), 0);
	SSL_CTX_free(server->tls);
	cq_tls_free(server->client);
}

/* A resolver that asks the server; over TLS it trusts the authority "ca", and its certificate must be for `name`. */
static cq_dns_resolver *asker(const struct stream_server *server, const char *name)
{
	cq_dns_config *config = config_for(server->port, only);
	cq_dns_hosts *hosts = hosts_of("");
	cq_dns_resolver *resolver = NULL;

	if (server->tls) {
		char address[100];

		snprintf(address, sizeof address, "tls://127.0.0.1:%d%s%s", server->port, name ? "#" : "", name ? name : "");
		OK(cq_dns_config_clear(config, CQ_DNS_NAMESERVERS));
		OK(cq_dns_config_add(config, CQ_DNS_NAMESERVERS, address));
		OK(cq_dns_config_set_tls(config, server->client));
	}
	OK(cq_dns_resolver_new(config, hosts, NULL, &resolver));
	cq_dns_config_free(config);
	cq_dns_hosts_free(hosts);
	return resolver;
}

static int code_of(cq_dns_resolver *resolver, const char *name)
{
	cq_dns_packet *packet = NULL;
	int code = cq_dns_resolver_query(resolver, name, TYPE_A, CLASS_IN, 10, &packet);

	if (packet && strcmp(first_answer(packet), "192.0.2.1") != 0)
		code = CQ_EILLEGAL;
	cq_dns_packet_free(packet);
	return code;
}

static void a_resolver_keeps_its_connection_and_closes_it_with_itself_of(const char *kind)
{
	struct stream_server server;
	cq_dns_resolver *resolver;
	char name[40];
	int i;

	start(&server, kind);
	resolver = asker(&server, "localhost");
	for (i = 0; i < 20; i++) {
		snprintf(name, sizeof name, "name%d.test", i);
		OK(code_of(resolver, name));
	}
	EQ(count_of(&server.connections), 1);
	EQ(count_of(&server.open), 1);
	cq_dns_resolver_free(resolver);
	while (count_of(&server.open) > 0)
		usleep(1000);
	stop(&server);
}

TEST(a_resolver_keeps_its_connection_and_closes_it_with_itself)
{
	size_t i;

	for (i = 0; i < COUNT(kinds); i++)
		a_resolver_keeps_its_connection_and_closes_it_with_itself_of(kinds[i]);
}

static void a_child_process_has_connections_of_its_own_of(const char *kind)
{
	struct stream_server server;
	cq_dns_resolver *resolver;
	pid_t child;

	start(&server, kind);
	resolver = asker(&server, "localhost");
	OK(code_of(resolver, "before.test"));
	EQ(count_of(&server.connections), 1);
	child = (pid_t)SYS(fork());
	if (child == 0) {
		int code = code_of(resolver, "child.test");

		cq_dns_resolver_free(resolver);
		end_child(code == 0);
	}
	EQ(wait_for_child(child), 0);
	EQ(count_of(&server.connections), 2);
	OK(code_of(resolver, "after.test"));
	EQ(count_of(&server.connections), 2);
	cq_dns_resolver_free(resolver);
	stop(&server);
}

TEST(a_child_process_has_connections_of_its_own)
{
	size_t i;

	for (i = 0; i < COUNT(kinds); i++)
		a_child_process_has_connections_of_its_own_of(kinds[i]);
}

/* The descriptor that the child has copied does not keep the connection open. */
static void a_connection_ends_though_a_child_has_a_copy_of_it_of(const char *kind)
{
	struct stream_server server;
	cq_dns_resolver *resolver;
	pid_t child;

	start(&server, kind);
	resolver = asker(&server, "localhost");
	OK(code_of(resolver, "before.test"));
	child = (pid_t)SYS(fork());
	if (child == 0) {
		sleep(30);
		_exit(0);
	}
	cq_dns_resolver_free(resolver);
	while (count_of(&server.open) > 0)
		usleep(1000);
	SYS(kill(child, SIGKILL));
	SYS(waitpid(child, NULL, 0));
	stop(&server);
}

TEST(a_connection_ends_though_a_child_has_a_copy_of_it)
{
	size_t i;

	for (i = 0; i < COUNT(kinds); i++)
		a_connection_ends_though_a_child_has_a_copy_of_it_of(kinds[i]);
}

struct asked {
	cq_dns_resolver *resolver;
	char name[40];
	int code, *ended;
};

static int ask(void *argument)
{
	struct asked *asked = argument;

	asked->code = code_of(asked->resolver, asked->name);
	++*asked->ended;
	return 0;
}

static void queries_at_once_share_a_connection_and_others_may_be_given_up_of(const char *kind)
{
	enum { MANY = 30 };
	cq_controller *controller = new_controller();
	struct stream_server server;
	struct asked asked[MANY];
	int i, ended = 0;

	start(&server, kind);
	server.delay = 0.002;
	for (i = 0; i < MANY; i++) {
		asked[i].resolver = asker(&server, "localhost");
		asked[i].ended = &ended;
		snprintf(asked[i].name, sizeof asked[i].name, "%s%d.test", i % 3 == 1 ? "silent" : "name", i);
		OK(cq_controller_wrap(controller, ask, NULL, &asked[i], NULL));
	}
	UNTIL(ended == MANY - MANY / 3, controller);
	EQ(count_of(&server.connections), 1);
	for (i = 0; i < MANY; i++) {
		if (i % 3 == 1)
			OK(cq_dns_resolver_close(asked[i].resolver));
		else
			OK(asked[i].code);
	}
	UNTIL(ended == MANY, controller);
	for (i = 0; i < MANY; i++) {
		if (i % 3 == 1)
			ERR(asked[i].code, EBADF);
		cq_dns_resolver_free(asked[i].resolver);
	}
	cq_controller_free(controller);
	stop(&server);
}

TEST(queries_at_once_share_a_connection_and_others_may_be_given_up)
{
	size_t i;

	for (i = 0; i < COUNT(kinds); i++)
		queries_at_once_share_a_connection_and_others_may_be_given_up_of(kinds[i]);
}

/* The only way to use one in another thread: nobody else uses it meanwhile. */
static void *free_elsewhere(void *resolver)
{
	cq_dns_resolver_free(resolver);
	return NULL;
}

static void a_resolver_with_a_connection_may_be_freed_in_another_thread_of(const char *kind)
{
	struct stream_server server;
	cq_dns_resolver *one, *two;
	cq_dns_packet *packet;
	pthread_t thread;

	start(&server, kind);
	one = asker(&server, "localhost");
	two = asker(&server, "localhost");
	OK(code_of(one, "one.test"));
	OK(cq_dns_resolver_submit(two, "silent.test", TYPE_A, CLASS_IN));
	ERR(cq_dns_resolver_try_fetch(two, &packet), EAGAIN);
	EQ(pthread_create(&thread, NULL, free_elsewhere, one), 0);
	EQ(pthread_join(thread, NULL), 0);
	OK(code_of(two, "two.test"));
	cq_dns_resolver_free(two);
	stop(&server);
}

TEST(a_resolver_with_a_connection_may_be_freed_in_another_thread)
{
	size_t i;

	for (i = 0; i < COUNT(kinds); i++)
		a_resolver_with_a_connection_may_be_freed_in_another_thread_of(kinds[i]);
}


TEST(the_certificate_must_be_for_the_name)
{
	static const char *names[] = { "localhost", "127.0.0.1", NULL, "resolver.test" };
	char wanted[200], reason[200];
	struct stream_server server;
	size_t i;

	start(&server, "server");
	for (i = 0; i < COUNT(names); i++) {
		cq_dns_resolver *resolver = asker(&server, names[i]);

		ERR(code_of(resolver, "name.test"), i < 3 ? 0 : CQ_ENOTVERIFIED);
		OK(cq_dns_resolver_reason(resolver, reason, sizeof reason, NULL));
		snprintf(wanted, sizeof wanted,
		    "name.test.: 127.0.0.1:%d: certificate verify failed: hostname mismatch: it is not for resolver.test", server.port);
		CHECK(strcmp(reason, i < 3 ? "" : wanted) == 0);
		cq_dns_resolver_free(resolver);
	}
	EQ(count_of(&server.queries), 3);
	stop(&server);
}

TEST(what_strangers_show_is_refused_before_anything_is_asked)
{
	static const char *shown[] = { "untrusted", "expired", "alone" };
	size_t i;

	for (i = 0; i < COUNT(shown); i++) {
		struct stream_server server;
		cq_dns_resolver *resolver;

		start(&server, shown[i]);
		resolver = asker(&server, "localhost");
		ERR(code_of(resolver, "name.test"), CQ_ENOTVERIFIED);
		EQ(count_of(&server.queries), 0);
		cq_dns_resolver_free(resolver);
		stop(&server);
	}
}

static void ask_as_usual(void)
{
	struct stream_server server;
	int round;

	SYS(setenv("SSL_CERT_FILE", certificate("ca.pem"), 1));
	start(&server, "server");
	for (round = 0; round < 2; round++) {
		cq_dns_config *config;
		cq_dns_resolver *resolver;
		cq_tls *tls = client_for("stranger", NULL);
		char address[100];

		OK(cq_dns_config_new(&config));
		snprintf(address, sizeof address, "[127.0.0.1]:%d", server.port);
		OK(cq_dns_config_clear(config, CQ_DNS_NAMESERVERS));
		OK(cq_dns_config_add(config, CQ_DNS_NAMESERVERS, address));
		OK(cq_dns_config_set(config, "dns-over-tls", "true"));
		OK(cq_dns_config_set_tls(config, tls));
		if (round == 0)
			OK(cq_dns_config_set_tls(config, NULL));
		OK(cq_dns_resolver_new(config, NULL, NULL, &resolver));
		EQ(code_of(resolver, "name.test"), round == 0 ? 0 : CQ_ENOTVERIFIED);
		cq_dns_resolver_free(resolver);
		cq_dns_config_free(config);
		cq_tls_free(tls);
	}
	stop(&server);
}

/* In a child: what the usual configuration has learnt stays with the process, and tools call that a leak. */
TEST(the_authorities_of_the_process_are_the_usual_ones)
{
	pid_t child = (pid_t)SYS(fork()); /* while there is no other thread, whose locks would stay locked */

	if (child == 0) {
		ask_as_usual();
		end_child(true);
	}
	EQ(wait_for_child(child), 0);
}

TEST(null_is_no_configuration)
{
	ERR(cq_dns_config_set_tls(NULL, NULL), EINVAL);
}

static int count_files(void)
{
	int count = 0, fd;

	for (fd = 0; fd < 1000; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

TEST(resolvers_that_come_and_go_leave_no_descriptor)
{
	struct stream_server server;
	int i, open, least = 0;

	start(&server, "server");
	for (i = 0; i < 30; i++) {
		cq_dns_resolver *resolver = asker(&server, "localhost");
		cq_dns_packet *packet;

		if (i % 3 == 0)
			OK(code_of(resolver, "name.test"));
		OK(cq_dns_resolver_submit(resolver, i % 2 ? "silent.test" : "name.test", TYPE_A, CLASS_IN));
		ERR(cq_dns_resolver_try_fetch(resolver, &packet), EAGAIN); /* in the middle of a handshake, or behind it */
		cq_dns_resolver_free(resolver);
		while (count_of(&server.open) > 0)
			usleep(1000);
		open = count_files();
		least = i && least < open ? least : open; /* the server may be about to take, or to close, a connection */
	}
	for (i = 0; i < 5000 && count_files() > least; i++)
		usleep(1000);
	CHECK(count_files() <= least);
	stop(&server);
}
