/* SPDX-License-Identifier: MIT */
/* What rustc's ThreadSanitizer calls and gcc's runtime is too old to have. It sees what happens inside all the same: it
 * stands in for these functions of libc. */

#include <string.h>

void *__tsan_memcpy(void *to, const void *from, size_t size)
{
	return memcpy(to, from, size);
}

void *__tsan_memmove(void *to, const void *from, size_t size)
{
	return memmove(to, from, size);
}

void *__tsan_memset(void *to, int byte, size_t size)
{
	return memset(to, byte, size);
}
