/* SPDX-License-Identifier: MIT */
/*
 * An answer with 20 addresses parsed on libcqueues: every address and lifetime read.
 *
 *   dns_parse_cqueues TIMES
 */

#include "peer.h"
#include "connect.h"
#include "dns_parse.h"
#include <cqueues.h>

static unsigned long parse(const unsigned char *data)
{
	cq_dns_selector selector = { .size = sizeof selector, .sections = CQ_DNS_ANSWER, .rtype = 1 };
	cq_dns_packet *packet;
	cq_dns_record record;
	unsigned long sum = 0;
	const void *address;
	uint64_t cursor = 0;
	size_t size;

	if (cq_dns_packet_parse(data, ANSWER_SIZE, &packet))
		die("parse");
	while (cq_dns_packet_grep(packet, &selector, &cursor, &record) == 0) {
		if (cq_dns_record_address(&record, &address, &size))
			die("address");
		sum += record.ttl + ((const unsigned char *)address)[3];
	}
	cq_dns_packet_free(packet);
	return sum;
}

int main(int argc, char **argv)
{
	return run_parse(argc, argv, parse);
}
