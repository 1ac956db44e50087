# Firecrest — a demo that speaks TLS, with certificates that a test can exchange
# SPDX-License-Identifier: Apache-2.0

import re
import shutil
import signal
import socket
import subprocess
import time

import pytest

from certificates import Authority
from server import Server, find_binary


class SecureDemo(Server):
    """`firecrest demo` behind TLS. `place` is what the helpers of wire.py take."""

    secure = True

    def __init__(self, folder, authority, *arguments):
        super().__init__(binary=find_binary())
        self.authority = authority
        self.certificate, self.key = folder / "chain.pem", folder / "key.pem"
        self.log = folder / "log"
        self.arguments = arguments
        self.install(*authority.issue("first"))

    def install(self, certificate, key):
        """Puts a certificate where the server reads its own."""
        shutil.copy(certificate, self.certificate)
        shutil.copy(key, self.key)

    def start(self):
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(
                [*self.binary, "demo", "--port", str(self.port), "--log-level", "notice", "--tls-certificate",
                 str(self.certificate), "--tls-key", str(self.key), *self.arguments],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        deadline = time.monotonic() + 15
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return self
            except OSError:
                time.sleep(0.05)
        raise RuntimeError(f"the server does not listen; it said: {self.log.read_text()}")

    def hang_up(self, said):
        """Sends SIGHUP and waits until the log says so once more."""
        before = len(re.findall(said, self.log.read_text()))
        self.process.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + 10
        while len(re.findall(said, self.log.read_text())) == before:
            assert time.monotonic() < deadline, f"the log does not say {said!r}: {self.log.read_text()[-500:]}"
            time.sleep(0.02)


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def start(tmp_path, authority):
    running = []

    def start(*arguments):
        if find_binary() is None:
            # A suite that tested nothing must not look green.
            pytest.exit("nothing to test: set FIRECREST_BIN, or run `swift build` first", returncode=2)
        running.append(SecureDemo(tmp_path, authority, *arguments).start())
        return running[-1]

    yield start
    problems = [problem for problem in (demo.stop() for demo in running) if problem]
    assert problems == []


@pytest.fixture
def demo(start):
    return start()
