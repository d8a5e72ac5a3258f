/* SPDX-License-Identifier: MIT */
/* What the benchmarks that read DNS answers share: the answer, and how often it is read. After peer.h. */
#ifndef DNS_PARSE_H
#define DNS_PARSE_H

#include <stdlib.h>
#include <string.h>

#define RECORDS 20
#define ANSWER_SIZE (12 + 20 + RECORDS * 16)

/* An answer with 20 addresses of one name. */
static inline void make_answer(unsigned char *data)
{
	static const char question[] = "\3www\5bench\4test\0\0\1\0\1";
	static const char record[] = "\300\14\0\1\0\1\0\0\16\20\0\4\300\0\2";
	int i;

	memcpy(data, "\22\64\201\200\0\1\0\24\0\0\0\0", 12);
	memcpy(data + 12, question, 20);
	for (i = 0; i < RECORDS; i++) {
		memcpy(data + 32 + i * 16, record, 15);
		data[32 + i * 16 + 15] = (unsigned char)i;
	}
}

/* Has the answer read as often as the first argument says. `parse` returns the sum of lifetimes and of the last bytes of
 * addresses. */
static inline int run_parse(int argc, char **argv, unsigned long (*parse)(const unsigned char *data))
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

#endif
