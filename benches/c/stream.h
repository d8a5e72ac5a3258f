/* SPDX-License-Identifier: MIT */
/* The bytes of the bulk benchmarks: one chunk again and again, so that each side can check the other. */
#ifndef STREAM_H
#define STREAM_H

#define CHUNK 65536

static inline const char *chunk(void)
{
	static char bytes[CHUNK];
	int i;

	if (!bytes[0])
		for (i = 0; i < CHUNK; i++)
			bytes[i] = (char)('a' + i % 251 % 26);
	return bytes;
}

#endif
