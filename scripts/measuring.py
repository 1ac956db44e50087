# Firecrest — what the measuring scripts share: a server of their own, its memory, and clients without buffers
# SPDX-License-Identifier: Apache-2.0
"""Imported by scripts/measure, scripts/measure-memory and scripts/measure-heap."""

import base64
import hashlib
import json
import os
import resource
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import time

SERVER_CORE, LOAD_CORE = 1, 0

PER_SOURCE = 4000  # connections per source address; beyond, the kernel's search for a port costs more than the work


def raise_descriptor_limit():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


class Server:
    """A server on core 1 and a free port, ended by SIGTERM; used by `with`."""

    def __init__(self, name, command, environment=None):
        self.name = name
        self.environment = {**os.environ, **(environment or {})}
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.command = ["taskset", "-c", str(SERVER_CORE)] + [part.replace("{port}", str(self.port)) for part in command]

    def __enter__(self):
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, env=self.environment)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                time.sleep(0.3)
                return self
            except OSError:
                time.sleep(0.05)
        self.log.seek(0)
        said = self.log.read()[-2000:].decode(errors="replace")
        self.__exit__()
        sys.exit(f"`{' '.join(self.command)}` does not listen; it said:\n{said}")

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                print(f"{self.name} did not end within 30 s of SIGTERM and was killed", flush=True)
                self.process.kill()
        self.process.wait()
        self.log.close()

    def rss(self):
        """Resident memory in bytes."""
        with open(f"/proc/{self.process.pid}/status") as status:
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmRSS:"))

    def check_alive(self):
        if self.process.poll() is not None:
            self.log.seek(0)
            said = self.log.read()[-2000:].decode(errors="replace")
            sys.exit(f"{self.name} died with {self.process.returncode}; it said:\n{said}")


class Certificate:
    """A self-signed certificate for as long as this lasts: arguments of `firecrest demo`, and a context that trusts it."""

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory()
        key, certificate = f"{self.folder.name}/key.pem", f"{self.folder.name}/certificate.pem"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
             "-keyout", key, "-out", certificate, "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
            check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.arguments = ["--tls-certificate", certificate, "--tls-key", key]
        self.context = ssl.create_default_context(cafile=certificate)
        return self

    def __exit__(self, *_):
        self.folder.cleanup()


class Client:
    """One joined connection on a raw socket, with no buffer of its own while idle."""

    def __init__(self, port, number, tls=None):
        self.topic = f"room:{number}"
        self.socket = socket.socket()
        self.socket.bind((f"127.0.1.{number // PER_SOURCE + 1}", 0))
        self.socket.settimeout(30)
        self.socket.connect(("127.0.0.1", port))
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_hostname="localhost")
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(
            f"GET /socket/websocket?vsn=2.0.0 HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += self.receive(1)
        accept = base64.b64encode(hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest())
        if not head.startswith(b"HTTP/1.1 101") or accept not in head:
            raise RuntimeError(f"no upgrade: {head[:200]!r}")
        self.push("1", "phx_join", {})

    def receive(self, count):
        parts = []
        while count:
            part = self.socket.recv(min(count, 1 << 18))
            if not part:
                raise RuntimeError("the server closed the connection")
            parts.append(part)
            count -= len(part)
        return b"".join(parts)

    def send(self, message):
        """Sends a message as one masked text frame."""
        data = json.dumps(message, separators=(",", ":")).encode()
        key = os.urandom(4)
        mask = (key * (len(data) // 4 + 1))[: len(data)]
        masked = (int.from_bytes(data, "big") ^ int.from_bytes(mask, "big")).to_bytes(len(data), "big")
        length = len(data)
        if length < 126:
            head = struct.pack(">BB", 0x81, 0x80 | length)
        elif length < 1 << 16:
            head = struct.pack(">BBH", 0x81, 0x80 | 126, length)
        else:
            head = struct.pack(">BBQ", 0x81, 0x80 | 127, length)
        self.socket.sendall(head + key + masked)

    def message(self):
        text = b""
        while True:
            first, length = self.receive(2)
            if length == 126:
                length = struct.unpack(">H", self.receive(2))[0]
            elif length == 127:
                length = struct.unpack(">Q", self.receive(8))[0]
            data = self.receive(length)
            if first & 0x0F == 8:
                raise RuntimeError(f"the server closed: {data!r}")
            if first & 0x08:
                continue  # a ping or pong; none of ours waits so long that it must be answered
            text += data
            if first & 0x80:
                return json.loads(text)

    def push(self, ref, event, payload):
        """Sends a push and returns the response of its reply."""
        return self.push_to(self.topic, ref, event, payload)

    def push_to(self, to, ref, event, payload, join_ref="1"):
        """The same to any topic."""
        self.send([join_ref, ref, to, event, payload])
        while True:
            _, got, topic, name, answer = self.message()
            if got == ref and topic == to and name == "phx_reply":
                if answer["status"] != "ok":
                    raise RuntimeError(f"{event} was answered {answer}")
                return answer["response"]



    def heartbeat(self):
        self.send([None, "h", "phoenix", "heartbeat", {}])
        _, ref, topic, _, answer = self.message()
        if ref != "h" or topic != "phoenix" or answer["status"] != "ok":
            raise RuntimeError(f"a heartbeat was answered {answer}")
