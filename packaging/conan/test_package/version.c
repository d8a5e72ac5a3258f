/* SPDX-License-Identifier: MIT */
#include <cqueues.h>
#include <stdio.h>

int main(void)
{
	cq_tls *tls;
	int error = cq_tls_new(CQ_TLS_CLIENT, &tls);
	if (!error)
		cq_tls_free(tls);
	printf("libcqueues %d, TLS: %s\n", cq_version(), error ? cq_strerror(error) : "yes");
	return error != 0;
}
