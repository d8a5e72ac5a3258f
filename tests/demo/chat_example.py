#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The chat servers of examples/chat, in Lua and in C, with users who talk, are silent, and do not listen; see service.py."""

import socket
import subprocess

from service import SECONDS, Line, check, equal, main, need, running


@check
def users_hear_each_other_and_know_who_is_there(command):
    with running(command, "127.0.0.1", 0) as server, Line(server.port) as one:
        one.until("you are guest1")
        with Line(server.port) as two:
            one.until("guest2 has come")
            one.ask("/nick ann\r\n", "you are now ann")
            two.until("guest1 is now ann")
            equal(two.ask("/nick ann\n", "* ann is"), "* ann is taken\n")
            two.ask("/nick a b\n", "a name has")
            equal(two.ask("/who\n", "here"), "* here: ann, guest2\n")
            two.send("hello, \x1b[2J\n")
            equal(one.until("hello"), "guest2: hello, ?[2J\n")
            one.send("you too\n")
            equal(two.until("you too"), "ann: you too\n")
            equal(two.ask("/quit\n", "goodbye"), "* goodbye: bye\n")
            equal(two.rest(), b"")
        one.until("guest2 has gone: bye")
        equal(one.ask("/who\n", "here"), "* here: ann\n")


@check
def socat_is_a_client(command):
    need("socat")
    with running(command, "127.0.0.1", 0) as server, Line(server.port) as one:
        one.until("you are guest1")
        done = subprocess.run(["socat", "-t", str(SECONDS), "-", f"tcp:127.0.0.1:{server.port}"], input=b"hi\n/quit\n",
                              capture_output=True, timeout=SECONDS, check=True)
        assert done.stdout.endswith(b"* goodbye: bye\n"), done.stdout
        equal(one.until("hi"), "guest2: hi\n")


@check
def a_silent_user_is_sent_away(command):
    with running(command, "127.0.0.1", 0, 0.2) as server, Line(server.port) as one:
        one.until("goodbye: idle for too long")
        equal(one.rest(), b"")


@check
def a_user_who_does_not_listen_is_sent_away_and_holds_up_nobody(command):
    with running(command, "127.0.0.1", 0) as server, socket.socket() as deaf, Line(server.port) as one:
        one.until("you are")
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.connect(("127.0.0.1", server.port))
        one.until("has come")
        one.socket.settimeout(SECONDS)
        with Line(server.port) as talker:
            talker.until("you are")
            for round_ in range(400):
                talker.send(("x" * 900 + "\n") * 30 + f"round {round_}\n")
                if "too slow" in one.until("too slow", f"round {round_}\n"):
                    break
            else:
                raise AssertionError("the deaf user is still there")
            equal(talker.ask("/who\n", "here"), "* here: guest1, guest3\n")


@check
def at_sigterm_all_hear_goodbye_and_it_ends_at_once(command):
    with running(command, "127.0.0.1", 0) as server, Line(server.port) as one, Line(server.port) as two:
        one.until("you are")
        two.until("you are")
        status, seconds = server.terminate()
        for user in one, two:
            equal(user.until("goodbye"), "* goodbye: the server stops\n")
            equal(user.rest(), b"")
        equal(status, 0)
        assert seconds < 1, f"it took {seconds:.2f} s"


main()
