/* SPDX-License-Identifier: MIT */
/* What the DNS benchmarks share: the names that are asked for, and an answer that is read again and again. */
#ifndef DNS_H
#define DNS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* Each question is a new one, so that nobody answers from a cache. */
static inline void name_of(char *name, size_t size, int number)
{
	snprintf(name, size, "n%d.bench.test.", number);
}

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

#endif
