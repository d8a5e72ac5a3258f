/* SPDX-License-Identifier: MIT */
/* What the load generators share: the server that they load, its CPU clock and its memory. */
#ifndef LOAD_H
#define LOAD_H

#include "peer.h"
#include <sys/epoll.h>
#include <time.h>

static struct sockaddr_in server = { .sin_family = AF_INET };
static pid_t server_process;

static inline void choose_server(const char *port, const char *process)
{
	server.sin_port = htons((uint16_t)atoi(port));
	server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	server_process = (pid_t)atol(process);
}

static inline double seconds_of(clockid_t clock)
{
	struct timespec now;

	if (clock_gettime(clock, &now) < 0)
		die("clock");
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static inline double server_cpu(void)
{
	clockid_t clock;

	if (clock_getcpuclockid(server_process, &clock) != 0)
		die("the server's clock");
	return seconds_of(clock);
}

static inline double resident_bytes(void)
{
	char path[64];
	long pages = 0;
	FILE *file;

	snprintf(path, sizeof path, "/proc/%ld/statm", (long)server_process);
	file = fopen(path, "r");
	if (!file || fscanf(file, "%*d %ld", &pages) != 1)
		die(path);
	fclose(file);
	return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

/* Connections that are closed leave their port unusable for a minute: many short ones come from
   many addresses of the loopback network. */
static inline int connect_from(uint32_t source)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK + source % 60000);
	if (fd < 0 || setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on) < 0 ||
	    bind(fd, (void *)&address, sizeof address) < 0 || connect(fd, (void *)&server, sizeof server) < 0)
		die("connect");
	send_at_once(fd);
	return fd;
}

static inline int connect_to_server(void)
{
	return connect_from(0);
}

static inline void wrong_byte(void)
{
	errno = EPROTO;
	die("a wrong byte");
}

#endif
