/* SPDX-License-Identifier: MIT */
/* A line echo server on libuv streams: reads into the common buffer, tries to write at once. */

#include "peer.h"
#include <uv.h>

struct connection {
	uv_tcp_t stream; /* first: libuv hands out its address */
	struct rest rest;
};

static void allocate(uv_handle_t *handle, size_t wanted, uv_buf_t *buffer)
{
	struct connection *connection = (struct connection *)handle;
	size_t have = connection->rest.size;

	(void)wanted;
	memcpy(common, connection->rest.data ? connection->rest.data : "", have);
	*buffer = uv_buf_init(common + have, (unsigned)(sizeof common - have));
}

static void release(uv_handle_t *handle)
{
	struct connection *connection = (struct connection *)handle;

	free(connection->rest.data);
	free(connection);
}

static void serve(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer)
{
	struct connection *connection = (struct connection *)stream;
	size_t have = connection->rest.size + (size_t)count, lines;
	uv_buf_t output;
	char *end;

	(void)buffer;
	if (count == 0)
		return;
	if (count < 0) {
		uv_close((uv_handle_t *)stream, release);
		return;
	}
	end = memrchr(common, '\n', have);
	lines = end ? (size_t)(end + 1 - common) : 0;
	output = uv_buf_init(common, (unsigned)lines);
	if ((lines > 0 && uv_try_write(stream, &output, 1) != (int)lines) ||
	    !keep_rest(&connection->rest, common + lines, have - lines) || have - lines == sizeof common)
		uv_close((uv_handle_t *)stream, release);
}

static void welcome(uv_stream_t *listener, int status)
{
	struct connection *connection = calloc(1, sizeof *connection);

	(void)status;
	uv_tcp_init(listener->loop, &connection->stream);
	if (uv_accept(listener, (uv_stream_t *)&connection->stream) == 0)
		uv_read_start((uv_stream_t *)&connection->stream, allocate, serve);
	else
		uv_close((uv_handle_t *)&connection->stream, release);
}

int main(void)
{
	struct sockaddr_in address;
	int size = sizeof address;
	uv_tcp_t listener;

	prepare();
	uv_ip4_addr("127.0.0.1", 0, &address);
	uv_tcp_init(uv_default_loop(), &listener);
	if (uv_tcp_bind(&listener, (const struct sockaddr *)&address, 0) < 0 ||
	    uv_listen((uv_stream_t *)&listener, SOMAXCONN, welcome) < 0 ||
	    uv_tcp_getsockname(&listener, (struct sockaddr *)&address, &size) < 0)
		die("listen");
	announce(ntohs(address.sin_port));
	return uv_run(uv_default_loop(), UV_RUN_DEFAULT);
}
