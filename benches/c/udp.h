/* SPDX-License-Identifier: MIT */
/* What the UDP echo servers share. */
#ifndef UDP_H
#define UDP_H

#define ROOM 2048 /* for a datagram */
#define BATCH 32  /* datagrams a call */

#endif
