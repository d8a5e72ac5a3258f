# SPDX-License-Identifier: MIT
"""Gets a page over HTTPS: the server's certificate must be valid and name the host.

    python3 https_get.py HOST [PORT [PATH]]

Authorities are those of the system; SSL_CERT_FILE in the environment names a file with others.
"""

import sys

import cqueues


async def get(host, port=443, path="/"):
    with cqueues.fail_after(30):
        async with await cqueues.connect(host, int(port), tls=True) as server:
            await server.write(f"GET {path} HTTP/1.0\r\nHost: {host}\r\n\r\n".encode())
            async for line in server.lines():
                print(line.decode("latin-1"))
                if not line:  # the end of the header
                    break
            sys.stdout.flush()
            sys.stdout.buffer.write(await server.read_all())


try:
    cqueues.run(get, *sys.argv[1:])
except OSError as why:
    sys.exit(f"{sys.argv[0]}: {why}")
