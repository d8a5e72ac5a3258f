/* SPDX-License-Identifier: MIT */
/* What the tests of datagrams need: sockets that are bound or connected to each other. */
#ifndef DATAGRAMS_H
#define DATAGRAMS_H

#include "fixture.h"

UNUSED static cq_address address_of(const char *host, int port)
{
	cq_address address;

	OK(cq_address_parse(host, port, &address));
	return address;
}

/* A plain socket, for where `socket` is the name of something else. */
UNUSED static int socket_of(int family, int type)
{
	return socket(family, type, 0);
}

/* A UDP socket that anybody can send to, and its port. */
UNUSED static cq_socket *bound_socket_at(const char *host, int wanted, int *port)
{
	cq_options *options = new_options();
	cq_socket *socket;
	cq_name name;

	OK(cq_options_set(options, CQ_OPTION_TYPE, SOCK_DGRAM));
	OK(cq_options_host(options, host, wanted));
	OK(cq_socket_listen(options, &socket));
	OK(cq_socket_establish(socket));
	OK(cq_socket_localname(socket, &name));
	if (port)
		*port = name.port;
	cq_options_free(options);
	return socket;
}

UNUSED static cq_socket *bound_socket(const char *host, int *port)
{
	return bound_socket_at(host, 0, port);
}

/* Two UDP sockets that are connected to each other. */
UNUSED static void udp_pair(const char *host, cq_socket **first, cq_socket **second)
{
	cq_options *options = new_options();
	cq_address back;
	cq_name name;
	int port;

	*first = bound_socket(host, &port);
	OK(cq_options_set(options, CQ_OPTION_TYPE, SOCK_DGRAM));
	OK(cq_options_host(options, host, port));
	OK(cq_socket_connect(options, second));
	OK(cq_socket_localname(*second, &name));
	back = address_of(host, name.port);
	SYS(connect(cq_socket_pollfd(*first), (struct sockaddr *)back.storage, back.size));
	cq_options_free(options);
}

#define SEND(socket, text) OK(cq_socket_sendto((socket), (text), sizeof(text) - 1, NULL))

/* Receives a datagram and compares. */
#define RECEIVE(socket, wanted) \
	do { \
		char room_[2000]; \
		size_t size_ = 77; \
		uint32_t flags_ = 77; \
		OK(cq_socket_recvfrom((socket), room_, sizeof room_, &size_, NULL, &flags_)); \
		TEXT(room_, size_, wanted); \
		EQ(flags_, 0); \
	} while (0)

#define RECEIVE_NONE(socket) \
	do { \
		char room_[10]; \
		size_t size_ = 77; \
		ERR(cq_socket_try_recvfrom((socket), room_, sizeof room_, &size_, NULL, NULL), EAGAIN); \
		EQ(cq_socket_events(socket), POLLIN); \
		EQ(size_, 77); \
	} while (0)

#endif
