# SPDX-License-Identifier: MIT
"""A client and servers on Python's ssl.

    python_peer.py talk PORT AUTHORITY                      exchanges megabytes, twice, the second time resumed
    python_peer.py serve echo|close|cut CERTIFICATE KEY     echoes; or answers, and says that this is all, or not
"""

import socket
import ssl
import sys
import threading


def talk_once(context, port, session):
    """Sends lines and checks what comes back; returns the session and whether it was resumed."""
    lines = b"".join(b"line %d\n" % number for number in range(200_000))
    with socket.create_connection(("127.0.0.1", port)) as plain:
        with context.wrap_socket(plain, server_hostname="localhost", session=session) as secure:
            sender = threading.Thread(target=secure.sendall, args=(lines,))
            sender.start()
            got = bytearray()
            while len(got) < len(lines):
                got += secure.recv(65536)
            sender.join()
            assert got == lines, "wrong bytes"
            resumed = secure.session_reused
            session = secure.session
            secure.unwrap()  # close_notify, and the server's
            return session, resumed


def talk(port, authority):
    context = ssl.create_default_context(cafile=authority)
    session, first = talk_once(context, port, None)
    _, second = talk_once(context, port, session)
    print(f"{'resumed' if first else 'new'}, then {'resumed' if second else 'new'}")


def serve(kind, certificate, key):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print("listening on 127.0.0.1", listener.getsockname()[1], flush=True)
        while True:
            plain, _ = listener.accept()
            secure = context.wrap_socket(plain, server_side=True)
            if kind == "echo":
                while data := secure.recv(65536):
                    secure.sendall(data)
            else:
                secure.recv(1)
                secure.sendall(b"the whole answer")
                if kind == "close":
                    secure.unwrap().close()
            secure.close()


if __name__ == "__main__":
    if sys.argv[1] == "talk":
        talk(int(sys.argv[2]), sys.argv[3])
    else:
        serve(*sys.argv[2:])
