#!/bin/sh
# SPDX-License-Identifier: MIT
#
# tests/apart.sh COMMAND...: runs a command in a network of its own, so that what runs beside it cannot take a port
# that it found free. Where that is not allowed, it runs in the network that is there.
if unshare -n -- ip link set lo up 2>/dev/null; then
	exec unshare -n -- sh -c 'ip link set lo up && exec "$@"' sh "$@"
fi
exec "$@"
