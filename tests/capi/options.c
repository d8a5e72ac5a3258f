/* SPDX-License-Identifier: MIT */
/* What a socket shall be: addresses, options, and what becomes of them. */

#include "fixture.h"
#include <sys/stat.h>

TEST(null_is_refused)
{
	cq_options *options = new_options();
	cq_socket *socket;

	ERR(cq_options_new(NULL), EINVAL);
	ERR(cq_options_host(NULL, "127.0.0.1", 1), EINVAL);
	ERR(cq_options_host(options, NULL, 1), EINVAL);
	ERR(cq_options_path(NULL, "x", 1), EINVAL);
	ERR(cq_options_path(options, NULL, 1), EINVAL);
	ERR(cq_options_path(options, NULL, 0), EINVAL);
	ERR(cq_options_path(options, "x", 0), EINVAL);
	ERR(cq_options_bind(NULL, "127.0.0.1", 0), EINVAL);
	ERR(cq_options_bind(options, NULL, 0), EINVAL);
	ERR(cq_options_bind_path(NULL, "x", 1), EINVAL);
	ERR(cq_options_bind_path(options, NULL, 1), EINVAL);
	ERR(cq_options_bind_path(options, "x", 0), EINVAL);
	ERR(cq_options_set(NULL, CQ_OPTION_FAMILY, AF_INET), EINVAL);
	ERR(cq_socket_connect(NULL, &socket), EINVAL);
	ERR(cq_socket_listen(NULL, &socket), EINVAL);
	ERR(cq_socket_connect(options, &socket), EINVAL); /* no address */
	ERR(cq_socket_listen(options, &socket), EINVAL);
	OK(cq_options_host(options, "127.0.0.1", 1));
	ERR(cq_socket_connect(options, NULL), EINVAL);
	ERR(cq_socket_listen(options, NULL), EINVAL);
	cq_options_free(options);
	cq_options_free(NULL);
}

TEST(values_that_make_no_sense_are_refused)
{
	cq_options *options = new_options();
	char path[200];
	static const struct {
		uint32_t option;
		int value;
	} bad[] = {
		{ 0, 0 }, { CQ_OPTION_ACTIVATED + 1, 0 }, { UINT32_MAX, 1 },
		{ CQ_OPTION_PERMISSIONS, -2 }, { CQ_OPTION_PERMISSIONS, 010000 },
		{ CQ_OPTION_UMASK, -2 }, { CQ_OPTION_UMASK, 010000 },
		{ CQ_OPTION_UNLINK, 2 }, { CQ_OPTION_REUSEADDR, -1 }, { CQ_OPTION_REUSEPORT, 2 },
		{ CQ_OPTION_NODELAY, 2 }, { CQ_OPTION_NOPUSH, -1 }, { CQ_OPTION_V6ONLY, 2 }, { CQ_OPTION_TIME, 3 },
	};
	size_t i;

	for (i = 0; i < COUNT(bad); i++)
		ERR(cq_options_set(options, bad[i].option, bad[i].value), EINVAL);
	ERR(cq_options_host(options, "127.0.0.1", -1), EINVAL);
	ERR(cq_options_host(options, "127.0.0.1", 65536), EINVAL);
	ERR(cq_options_host(options, "\xff\xfe", 1), EINVAL);
	ERR(cq_options_bind(options, "127.0.0.1", 65536), EINVAL);
	ERR(cq_options_bind(options, "localhost", 0), CQ_ENONAME);
	ERR(cq_options_bind(options, "", 0), CQ_ENONAME);
	memset(path, 'p', sizeof path);
	ERR(cq_options_path(options, path, sizeof path), ENAMETOOLONG);
	ERR(cq_options_bind_path(options, path, sizeof path), ENAMETOOLONG);
	OK(cq_options_path(options, path, 100));
	cq_options_free(options);
}

TEST(every_option_takes_its_values)
{
	cq_options *options = new_options();
	static const struct {
		uint32_t option;
		int values[4];
	} good[] = {
		{ CQ_OPTION_FAMILY, { AF_UNSPEC, AF_INET, AF_INET6, AF_UNIX } },
		{ CQ_OPTION_TYPE, { SOCK_STREAM, SOCK_STREAM, SOCK_STREAM, SOCK_STREAM } },
		{ CQ_OPTION_PERMISSIONS, { -1, 0, 0600, 0777 } },
		{ CQ_OPTION_UMASK, { -1, 0, 0077, 0777 } },
		{ CQ_OPTION_UNLINK, { 0, 1, 0, 1 } },
		{ CQ_OPTION_REUSEADDR, { 0, 1, 0, 1 } },
		{ CQ_OPTION_REUSEPORT, { 0, 1, 0, 1 } },
		{ CQ_OPTION_NODELAY, { 0, 1, 0, 1 } },
		{ CQ_OPTION_NOPUSH, { 0, 1, 0, 1 } },
		{ CQ_OPTION_V6ONLY, { 0, 1, 0, 1 } },
		{ CQ_OPTION_TIME, { 0, 1, 0, 1 } },
	};
	size_t i, j;

	for (i = 0; i < COUNT(good); i++)
		for (j = 0; j < 4; j++)
			OK(cq_options_set(options, good[i].option, good[i].values[j]));
	cq_options_free(options);
}

TEST(a_type_that_the_kernel_refuses_fails_the_socket)
{
	cq_options *options = new_options();
	cq_socket *socket;

	OK(cq_options_host(options, "127.0.0.1", 0));
	OK(cq_options_set(options, CQ_OPTION_TYPE, 1234));
	OK(cq_socket_listen(options, &socket));
	ERR(cq_socket_establish(socket), EINVAL);
	cq_socket_free(socket);
	cq_options_free(options);
}

TEST(the_family_must_fit_the_address)
{
	cq_options *options = new_options();
	cq_socket *socket;
	static const int others[] = { AF_INET6, -1, 1234 };
	size_t i;

	OK(cq_options_host(options, "127.0.0.1", 0));
	for (i = 0; i < COUNT(others); i++) {
		OK(cq_options_set(options, CQ_OPTION_FAMILY, others[i]));
		OK(cq_socket_listen(options, &socket));
		ERR(cq_socket_establish(socket), CQ_EFAIL);
		cq_socket_free(socket);
	}
	OK(cq_options_set(options, CQ_OPTION_FAMILY, AF_INET));
	OK(cq_socket_listen(options, &socket));
	OK(cq_socket_establish(socket));
	cq_socket_free(socket);
	cq_options_free(options);
}

/* -- TCP -- */

static int socket_option(cq_socket *socket, int level, int name)
{
	socklen_t size = sizeof(int);
	int value = -1;

	SYS(getsockopt(cq_socket_pollfd(socket), level, name, &value, &size));
	return value;
}

static cq_socket *listener_with(uint32_t option, int value, const char *host)
{
	cq_options *options = new_options();
	cq_socket *listener;

	OK(cq_options_host(options, host, 0));
	if (option)
		OK(cq_options_set(options, option, value));
	OK(cq_socket_listen(options, &listener));
	cq_options_free(options); /* sockets keep no reference to them */
	OK(cq_socket_establish(listener));
	return listener;
}

TEST(listeners_reuse_addresses_unless_told_otherwise)
{
	cq_socket *listener = listener_with(0, 0, "127.0.0.1");

	EQ(socket_option(listener, SOL_SOCKET, SO_REUSEADDR), 1);
	EQ(socket_option(listener, SOL_SOCKET, SO_REUSEPORT), 0);
	EQ(socket_option(listener, IPPROTO_TCP, TCP_NODELAY), 0);
	cq_socket_free(listener);
	listener = listener_with(CQ_OPTION_REUSEADDR, 0, "127.0.0.1");
	EQ(socket_option(listener, SOL_SOCKET, SO_REUSEADDR), 0);
	cq_socket_free(listener);
}

TEST(options_reach_the_socket)
{
	cq_socket *socket = listener_with(CQ_OPTION_REUSEPORT, 1, "127.0.0.1");
	cq_options *options = new_options();
	cq_name name;

	EQ(socket_option(socket, SOL_SOCKET, SO_REUSEPORT), 1);
	OK(cq_socket_localname(socket, &name));
	OK(cq_options_host(options, "127.0.0.1", name.port));
	OK(cq_options_set(options, CQ_OPTION_NODELAY, 1));
	OK(cq_options_set(options, CQ_OPTION_NOPUSH, 1));
	{
		cq_socket *client;

		OK(cq_socket_connect(options, &client));
		OK(cq_socket_establish(client));
		EQ(socket_option(client, IPPROTO_TCP, TCP_NODELAY), 1);
		EQ(socket_option(client, IPPROTO_TCP, TCP_CORK), 1);
		EQ(socket_option(client, SOL_SOCKET, SO_REUSEADDR), 0);
		OK(cq_socket_uncork(client));
		EQ(socket_option(client, IPPROTO_TCP, TCP_CORK), 0);
		cq_socket_free(client);
	}
	cq_socket_free(socket);
	cq_options_free(options);
}

TEST(two_listeners_share_a_port_only_with_reuseport)
{
	cq_options *options = new_options();
	cq_socket *first, *second;
	cq_name name;
	int shared;

	for (shared = 0; shared < 2; shared++) {
		OK(cq_options_host(options, "127.0.0.1", 0));
		OK(cq_options_set(options, CQ_OPTION_REUSEPORT, shared));
		OK(cq_socket_listen(options, &first));
		OK(cq_socket_localname(first, &name));
		OK(cq_options_host(options, "127.0.0.1", name.port));
		OK(cq_socket_listen(options, &second)); /* no error of the network here */
		ERR(cq_socket_establish(second), shared ? 0 : EADDRINUSE);
		ERR(cq_socket_try_establish(second), shared ? 0 : EADDRINUSE);
		cq_socket_free(first);
		cq_socket_free(second);
	}
	cq_options_free(options);
}

TEST(v6only_keeps_ipv4_out)
{
	cq_socket *listener, *client;
	cq_name name;
	int only;

	for (only = 0; only < 2; only++) {
		listener = listener_with(CQ_OPTION_V6ONLY, only, "::");
		EQ(socket_option(listener, IPPROTO_IPV6, IPV6_V6ONLY), only);
		OK(cq_socket_localname(listener, &name));
		EQ(name.family, AF_INET6);
		client = connect_to("127.0.0.1", name.port);
		ERR(cq_socket_establish(client), only ? ECONNREFUSED : 0);
		cq_socket_free(client);
		cq_socket_free(listener);
	}
}

TEST(a_connecting_socket_is_bound_where_it_is_told)
{
	cq_options *options = new_options();
	cq_socket *listener, *client, *accepted;
	cq_name name;
	int port;

	listener = listen_on("127.0.0.1", &port);
	OK(cq_options_host(options, "127.0.0.1", port));
	OK(cq_options_bind(options, "127.0.0.7", 0));
	OK(cq_socket_connect(options, &client));
	OK(cq_socket_establish(client));
	OK(cq_socket_accept(listener, &accepted));
	OK(cq_socket_peername(accepted, &name));
	EQ(name.family, AF_INET);
	TEXT(name.text, name.size, "127.0.0.7");
	cq_socket_free(accepted);
	cq_socket_free(client);
	OK(cq_options_bind(options, "127.0.0.1", port)); /* taken */
	OK(cq_socket_connect(options, &client));
	ERR(cq_socket_establish(client), EADDRINUSE);
	cq_socket_free(client);
	cq_socket_free(listener);
	cq_options_free(options);
}

/* -- UNIX -- */

static cq_socket *listen_at(const char *path, size_t size, uint32_t option, int value, int code)
{
	cq_options *options = new_options();
	cq_socket *listener;

	OK(cq_options_path(options, path, size));
	if (option)
		OK(cq_options_set(options, option, value));
	OK(cq_socket_listen(options, &listener));
	ERR(cq_socket_establish(listener), code);
	cq_options_free(options);
	return listener;
}

static mode_t permissions(const char *path)
{
	struct stat status;

	SYS(stat(path, &status));
	CHECK(S_ISSOCK(status.st_mode));
	return status.st_mode & 07777;
}

TEST(a_path_in_the_way_is_removed_only_on_request)
{
	const char *path = temporary_path("unlink");
	cq_socket *first, *second;

	first = listen_at(path, strlen(path), 0, 0, 0);
	second = listen_at(path, strlen(path), 0, 0, EADDRINUSE);
	cq_socket_free(second);
	second = listen_at(path, strlen(path), CQ_OPTION_UNLINK, 1, 0);
	cq_socket_free(first);
	cq_socket_free(second);
	SYS(access(path, F_OK)); /* closing leaves the path */
	second = listen_at(path, strlen(path), CQ_OPTION_UNLINK, 1, 0);
	cq_socket_free(second);
	SYS(unlink(path));
	second = listen_at(path, strlen(path), CQ_OPTION_UNLINK, 1, 0); /* nothing in the way */
	cq_socket_free(second);
	SYS(unlink(path));
}

TEST(mode_and_mask_set_the_permissions_of_a_path)
{
	const char *path = temporary_path("mode");
	mode_t before = umask(022);

	cq_socket_free(listen_at(path, strlen(path), CQ_OPTION_UNLINK, 1, 0));
	EQ(permissions(path), 0755);
	SYS(unlink(path));
	cq_socket_free(listen_at(path, strlen(path), CQ_OPTION_UMASK, 077, 0));
	EQ(permissions(path), 0700);
	SYS(unlink(path));
	cq_socket_free(listen_at(path, strlen(path), CQ_OPTION_PERMISSIONS, 0640, 0));
	EQ(permissions(path), 0640);
	SYS(unlink(path));
	EQ(umask(before), 022); /* as it was */
}

static void exchange(cq_socket *listener, const char *path, size_t size)
{
	cq_options *options = new_options();
	cq_socket *client, *accepted;

	OK(cq_options_path(options, path, size));
	OK(cq_socket_connect(options, &client));
	OK(cq_socket_establish(client));
	OK(cq_socket_accept(listener, &accepted));
	OK(cq_socket_write(client, "hello\n", 6));
	READ(accepted, CQ_READ_LINE, 0, "hello");
	cq_socket_free(client);
	cq_socket_free(accepted);
	cq_options_free(options);
}

TEST(unix_sockets_have_their_paths_as_names)
{
	const char *path = temporary_path("names");
	cq_socket *listener = listen_at(path, strlen(path), 0, 0, 0);
	cq_name name;

	OK(cq_socket_localname(listener, &name));
	EQ(name.family, AF_UNIX);
	EQ(name.port, 0);
	EQ(name.size, strlen(path));
	CHECK(strcmp(name.text, path) == 0);
	exchange(listener, path, strlen(path));
	cq_socket_free(listener);
	SYS(unlink(path));
}

TEST(names_in_the_abstract_namespace_may_hold_any_byte)
{
	char path[40];
	cq_socket *listener;
	cq_name name;
	size_t size;

	memset(path, 0, sizeof path);
	size = 6 + (size_t)snprintf(path + 6, sizeof path - 6, "cqueues\xff-%ld", (long)getpid());
	memcpy(path, "\0a\0b\n\0", 6);
	listener = listen_at(path, size, 0, 0, 0);
	OK(cq_socket_localname(listener, &name));
	EQ(name.family, AF_UNIX);
	EQ(name.size, size);
	CHECK(memcmp(name.text, path, size) == 0);
	exchange(listener, path, size);
	cq_socket_free(listener);
	cq_socket_free(listen_at(path, size, 0, 0, 0)); /* gone with its socket */
}

TEST(a_connecting_unix_socket_may_have_a_path_of_its_own)
{
	char server[120], client_path[120];
	cq_options *options = new_options();
	cq_socket *listener, *client, *accepted;
	cq_name name;

	strcpy(server, temporary_path("server"));
	strcpy(client_path, temporary_path("client"));
	listener = listen_at(server, strlen(server), 0, 0, 0);
	OK(cq_options_path(options, server, strlen(server)));
	OK(cq_options_bind_path(options, client_path, strlen(client_path)));
	OK(cq_socket_connect(options, &client));
	OK(cq_socket_establish(client));
	OK(cq_socket_accept(listener, &accepted));
	OK(cq_socket_peername(accepted, &name));
	CHECK(strcmp(name.text, client_path) == 0);
	cq_socket_free(accepted);
	cq_socket_free(client);
	cq_socket_free(listener);
	cq_options_free(options);
	SYS(unlink(server));
	SYS(unlink(client_path));
}

TEST(connecting_to_a_path_that_is_not_there_fails)
{
	const char *path = temporary_path("nobody");
	cq_options *options = new_options();
	cq_socket *socket;

	OK(cq_options_path(options, path, strlen(path)));
	OK(cq_socket_connect(options, &socket));
	ERR(cq_socket_establish(socket), ENOENT);
	ERR(recv_code(socket, CQ_READ_LINE, 0), ENOENT);
	cq_socket_free(socket);
	cq_options_free(options);
}

TEST(times_are_tracked_unless_told_otherwise)
{
	cq_options *options = new_options();
	cq_socket *listener, *client, *accepted;
	cq_stat stat;
	cq_name name;
	int time;

	for (time = 0; time < 2; time++) {
		listener = listener_with(CQ_OPTION_TIME, time, "127.0.0.1");
		OK(cq_socket_localname(listener, &name));
		OK(cq_options_host(options, "127.0.0.1", name.port));
		OK(cq_options_set(options, CQ_OPTION_TIME, time));
		OK(cq_socket_connect(options, &client));
		OK(cq_socket_write(client, "x\n", 2));
		OK(cq_socket_flush(client));
		OK(cq_socket_stat(client, CQ_OUTPUT, &stat));
		CHECK((stat.time != 0) == (time != 0));
		OK(cq_socket_accept(listener, &accepted));
		READ(accepted, CQ_READ_LINE, 0, "x");
		OK(cq_socket_stat(accepted, CQ_INPUT, &stat));
		CHECK((stat.time != 0) == (time != 0)); /* as the listener was told */
		cq_socket_free(accepted);
		cq_socket_free(client);
		cq_socket_free(listener);
	}
	cq_options_free(options);
}
