# Firecrest — nginx and haproxy with the configurations of docs/operations.md, and the demos behind them
# SPDX-License-Identifier: Apache-2.0

import os
import pathlib
import re
import shutil
import socket
import subprocess
import time

from server import ROOT, Server, find_binary, free_port

PAGE = ROOT / "docs" / "operations.md"


def configuration(language, number=0):
    """The page's block of that language, as it stands there."""
    blocks = re.findall(rf"^```{language}\n(.*?)^```$", PAGE.read_text(), re.M | re.S)
    assert len(blocks) > number, f"{PAGE.name} has {len(blocks)} blocks of {language}"
    return blocks[number]


def replaced(text, **changes):
    """The text with each `old=new` put in. What is not there any more must not go unnoticed."""
    for old, new in changes.values():
        assert old in text, f"{PAGE.name} has no {old!r} any more"
        text = text.replace(old, new)
    return text


def wait_for(port, process, log):
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"nothing listens at {port}; {log.read_text(errors='replace') if log.exists() else ''}")


class Demo(Server):
    """`firecrest demo` with arguments of its own."""

    def __init__(self, *arguments, path=None, secure=False):
        super().__init__(binary=find_binary())
        self.arguments = arguments
        self.path = path
        self.secure = secure

    def start(self):
        place = ["--unix", str(self.path)] if self.path else ["--port", str(self.port)]
        log = subprocess.DEVNULL
        self.process = subprocess.Popen(
            [*self.binary, "demo", *place, *self.arguments], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        deadline = time.monotonic() + 15
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                if self.path:
                    with socket.socket(socket.AF_UNIX) as probe:
                        probe.connect(str(self.path))
                else:
                    socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return self
            except OSError:
                time.sleep(0.05)
        raise RuntimeError(f"firecrest demo {' '.join(self.arguments)} does not listen")


class Front:
    """A proxy that runs, with the URL of one of its ports. `name` is that of the test."""

    def __init__(self, name, port, secure, backend, authority=None):
        self.name, self.port, self.backend, self.authority = name, port, backend, authority
        self.secure = secure
        self.scheme = "https" if secure else "http"
        self.url = f"{self.scheme}://127.0.0.1:{port}"


def binary(name):
    found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    assert found, f"there is no {name}; `scripts/setup test` installs it"
    return found


def start_nginx(folder, certificate, key, upstream):
    """nginx in a folder: its plain port, its secure port, its process."""
    folder.mkdir()
    plain, secure = free_port(), free_port()
    site = replaced(
        configuration("nginx"), upstream=("server 127.0.0.1:4000;", f"server {upstream};"),
        plain=("listen 80;", f"listen 127.0.0.1:{plain};"), secure=("listen 443 ssl;", f"listen 127.0.0.1:{secure} ssl;"),
        certificate=("/etc/ssl/site/chain.pem", str(certificate)), key=("/etc/ssl/site/key.pem", str(key)))
    temporary = "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(
        f"{user} daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;\n"
        f"events {{ worker_connections 512; }}\nhttp {{\naccess_log off;\n{temporary}{site}}}\n")
    process = subprocess.Popen(
        [binary("nginx"), "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for(secure, process, folder / "error.log")
    return plain, secure, process


def start_haproxy(folder, text, port):
    folder.mkdir()
    (folder / "haproxy.cfg").write_text(text)
    with open(folder / "log", "w") as log:
        process = subprocess.Popen(
            [binary("haproxy"), "-db", "-f", str(folder / "haproxy.cfg")], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    wait_for(port, process, folder / "log")
    return process


def end(process):
    process.terminate()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class Fronts:
    """Every way in that docs/operations.md describes, each before a demo that trusts it."""

    def __init__(self, folder, authority):
        self.processes, self.demos, self.all = [], [], {}
        certificate, key = authority.issue("site")
        both = pathlib.Path(folder) / "site.pem"
        both.write_text(certificate.read_text() + key.read_text())

        def demo(*arguments, **options):
            self.demos.append(Demo(*arguments, **options).start())
            return self.demos[-1]

        def front(name, port, secure, backend):
            self.all[name] = Front(name, port, secure, backend, authority)

        ours = ["--trusted-proxy", "127.0.0.1"]
        tcp = demo(*ours)
        plain, secure, process = start_nginx(folder / "nginx", certificate, key, f"127.0.0.1:{tcp.port}")
        self.processes.append(process)
        front("nginx", plain, False, tcp)
        front("nginx-tls", secure, True, tcp)

        unix = demo("--unix-permissions", "660", "--trusted-proxy", "unix", path=folder / "firecrest.sock")
        plain, secure, process = start_nginx(folder / "nginx-unix", certificate, key, f"unix:{unix.path}")
        self.processes.append(process)
        front("nginx-unix", plain, False, unix)

        plain, secure = free_port(), free_port()
        text = replaced(
            configuration("haproxy"), plain=("bind :80", f"bind 127.0.0.1:{plain}"),
            secure=("bind :443 ssl crt /etc/ssl/site/site.pem", f"bind 127.0.0.1:{secure} ssl crt {both}"),
            server=("127.0.0.1:4000", f"127.0.0.1:{tcp.port}"))
        self.processes.append(start_haproxy(folder / "haproxy", text, secure))
        front("haproxy", plain, False, tcp)
        front("haproxy-tls", secure, True, tcp)

        # The PROXY protocol: in front of plain text, in front of our own TLS, and with haproxy's word that it has ended TLS.
        told = [*ours, "--forwarded-header", "none", "--proxy-protocol"]
        for name, listen, version, backend, is_secure in [
            ("haproxy-proxy-v2", "", "send-proxy-v2", demo(*told), False),
            ("haproxy-proxy-v1", "", "send-proxy", demo(*told), False),
            ("haproxy-passthrough", "", "send-proxy-v2",
             demo(*told, "--tls-certificate", str(certificate), "--tls-key", str(key), secure=True), True),
            ("haproxy-proxy-v2-ssl", f" ssl crt {both}", "send-proxy-v2-ssl", demo(*told), True),
        ]:
            port = free_port()
            text = replaced(
                configuration("haproxy", 1), listen=("bind :443", f"bind 127.0.0.1:{port}{listen}"),
                server=("127.0.0.1:4000 send-proxy-v2", f"127.0.0.1:{backend.port} {version}"))
            self.processes.append(start_haproxy(folder / name, text, port))
            front(name, port, is_secure, backend)

    def stop(self):
        for process in self.processes:
            end(process)
        return [problem for problem in (demo.stop() for demo in self.demos) if problem]


NAMES = [
    "nginx", "nginx-tls", "nginx-unix", "haproxy", "haproxy-tls", "haproxy-proxy-v1", "haproxy-proxy-v2", "haproxy-passthrough",
    "haproxy-proxy-v2-ssl",
]
