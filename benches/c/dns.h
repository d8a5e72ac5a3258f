/* SPDX-License-Identifier: MIT */
/* What the benchmarks that ask name servers share: the names that are asked for. */
#ifndef DNS_H
#define DNS_H

#include <stddef.h>
#include <stdio.h>

/* Each question is a new one, so that nobody answers from a cache. */
static inline void name_of(char *name, size_t size, int number)
{
	snprintf(name, size, "n%d.bench.test.", number);
}

#endif
