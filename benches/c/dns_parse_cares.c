/* SPDX-License-Identifier: MIT */
/*
 * An answer with 20 addresses parsed on c-ares: every address and lifetime read.
 *
 *   dns_parse_cares TIMES
 */

#include "peer.h"
#include "connect.h"
#include "dns.h"
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
	unsigned char data[ANSWER_SIZE];
	int times, i;

	if (argc < 2)
		return 2;
	times = atoi(argv[1]);
	make_answer(data);
	begin_measuring();
	for (i = 0; i < times; i++)
		if (parse(data) != RECORDS * 3600 + RECORDS * (RECORDS - 1) / 2)
			die("sum");
	end_measuring(times);
	return 0;
}
