/* SPDX-License-Identifier: MIT */
#include <cqueues.h>

int main(void)
{
	return cq_version() != CQ_VERSION;
}
