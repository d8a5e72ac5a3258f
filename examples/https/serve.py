#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Serve a page over HTTPS by nginx, with certificates of one's own.

    serve.py DIRECTORY

Makes in DIRECTORY an authority (ca.pem) and a page (www/index.html), and becomes an nginx that
serves it on three ports of 127.0.0.1, which the first line of output tells: with a certificate of
that authority for localhost, with one that signed itself, and with one for another name.
"""

import os
import shutil
import socket
import subprocess
import sys

PAGE = "<p>This page came over TLS.</p>\n" * 1000

# The file of a certificate, the names in it, whether the authority signs it.
CERTIFICATES = [
    ("valid", "DNS:localhost, IP:127.0.0.1", True),
    ("alone", "DNS:localhost, IP:127.0.0.1", False),
    ("other", "DNS:other.test", True),
]


def openssl(*arguments):
    result = subprocess.run(["openssl", *arguments], capture_output=True, text=True)
    if result.returncode:
        sys.exit(f"openssl {arguments[0]}: {result.stderr}")


def make_certificate(name, names, signed):
    extensions = f"subjectAltName = {names}" if names else "basicConstraints = critical, CA:TRUE"
    with open(f"{name}.cnf", "w") as file:
        file.write(f"[req]\ndistinguished_name = name\n[name]\n[ext]\n{extensions}\n")
    common = ["-config", f"{name}.cnf", "-subj", f"/CN={name}", "-days", "2"]
    openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", f"{name}.key")
    if not signed:
        openssl("req", "-new", "-x509", *common, "-extensions", "ext", "-key", f"{name}.key", "-out", f"{name}.pem")
        return
    openssl("req", "-new", *common[:4], "-key", f"{name}.key", "-out", f"{name}.csr")
    openssl(
        *["x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"],
        *["-days", "2", "-extfile", f"{name}.cnf", "-extensions", "ext", "-out", f"{name}.pem"],
    )


def configuration(ports):
    temporary = "".join(
        f"{kind}_temp_path {kind};\n" for kind in ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    )
    servers = "".join(
        f"""server {{
            listen 127.0.0.1:{port} ssl;
            ssl_certificate {name}.pem;
            ssl_certificate_key {name}.key;
            root www;
        }}\n"""
        for port, (name, _, _) in zip(ports, CERTIFICATES)
    )
    return f"""
        {"user root;" if os.getuid() == 0 else ""}
        daemon off;
        pid pid;
        error_log stderr crit;
        events {{ }}
        http {{
            access_log off;
            {temporary}
            {servers}
        }}"""


def main():
    os.chdir(sys.argv[1])
    make_certificate("ca", None, False)
    for certificate in CERTIFICATES:
        make_certificate(*certificate)
    os.makedirs("www", exist_ok=True)
    with open("www/index.html", "w") as file:
        file.write(PAGE)

    # nginx takes sockets over that are named in NGINX: nobody has to wait until it listens.
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in CERTIFICATES]
    for listener in listeners:
        listener.set_inheritable(True)
    ports = [listener.getsockname()[1] for listener in listeners]
    with open("nginx.conf", "w") as file:
        file.write(configuration(ports))
    print(*ports, flush=True)
    nginx = shutil.which("nginx") or "/usr/sbin/nginx"
    environment = {**os.environ, "NGINX": "".join(f"{listener.fileno()};" for listener in listeners)}
    os.execve(nginx, ["nginx", "-p", os.getcwd(), "-c", f"{os.getcwd()}/nginx.conf"], environment)


if __name__ == "__main__":
    main()
