/* SPDX-License-Identifier: MIT */
/* TLS handshakes on libssl, with sockets that never block and poll(2), as everybody has them who has more than one. See handshakes.h. */

#include "peer.h"
#include "connect.h"
#include "handshakes.h"

int main(int argc, char **argv)
{
	return run_handshakes(argc, argv, run_raw);
}
