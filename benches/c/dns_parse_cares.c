/* SPDX-License-Identifier: MIT */
/*
 * An answer with 20 addresses parsed on c-ares: every address and lifetime read.
 *
 *   dns_parse_cares TIMES
 */

#include "peer.h"
#include "connect.h"
#include "dns_parse.h"
#include <ares.h>

static unsigned long parse(const unsigned char *data)
{
	struct ares_addrttl list[RECORDS];
	int count = RECORDS, i;
	unsigned long sum = 0;

	if (ares_parse_a_reply(data, ANSWER_SIZE, NULL, list, &count) != ARES_SUCCESS)
		die("parse");
	for (i = 0; i < count; i++)
		sum += (unsigned long)list[i].ttl + (ntohl(list[i].ipaddr.s_addr) & 255);
	return sum;
}

int main(int argc, char **argv)
{
	return run_parse(argc, argv, parse);
}
