# SPDX-License-Identifier: MIT
"""What the tests with other people's programs share: what is installed, waiting for what a program says, comparing,
and running nginx."""

import os
import re
import select
import shutil
import time


class Skip(Exception):
    """What is needed is not installed."""


def need(program, path=None):
    if not shutil.which(program, path=path):
        raise Skip(f"{program} is not installed")


def read_until(process, output, pattern, seconds):
    """Reads what a process says until that matches, or for so long; returns the match and all that was said."""
    until = time.monotonic() + seconds
    while not (found := re.search(pattern, output)):
        ready, _, _ = select.select([process.stdout], [], [], max(0, until - time.monotonic()))
        more = os.read(process.stdout.fileno(), 65536) if ready else b""
        if not more:
            what = "ended without" if ready else "does not come to"
            said = output[-1000:].decode(errors="replace").strip()
            raise AssertionError(f"{process.args[0]} {what} {pattern!r}: {said}")
        output += more
    return found, output


# -- Comparing -------------------------------------------------------------------------------


def alphabet(size):
    letters = b"abcdefghijklmnopqrstuvwxyz"
    return (letters * (size // 26 + 1))[:size]


def equal(found, wanted):
    if found != wanted:
        raise AssertionError(f"{repr(found)[:400]} is not {repr(wanted)[:400]}")


def contains(found, wanted):
    assert wanted in found, f"{found[-800:]!r} does not contain {wanted!r}"


# -- nginx -----------------------------------------------------------------------------------

NGINX = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log stderr notice;
events {{ }}
http {{
	access_log off;
	client_body_temp_path {folder}/body;
	proxy_temp_path {folder}/proxy;
	fastcgi_temp_path {folder}/fastcgi;
	uwsgi_temp_path {folder}/uwsgi;
	scgi_temp_path {folder}/scgi;
	ssl_certificate {certificate}.pem;
	ssl_certificate_key {certificate}.key;
	{settings}
}}
"""

# What it says once it serves.
NGINX_SERVES = rb"start worker process|using the"


def nginx_command(folder, certificate, settings):
    """Writes a configuration into the folder; the command that runs nginx with it in the foreground. The settings
    stand in its block `http`, and `certificate` is a path without .pem and .key."""
    configuration = folder / "nginx.conf"
    configuration.write_text(NGINX.format(folder=folder, certificate=certificate, settings=settings))
    return ["nginx", "-p", str(folder), "-c", str(configuration), "-e", "stderr"]
