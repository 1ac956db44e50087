# Firecrest — the server of a soak: one process or a supervising one with its workers, seen from outside
# SPDX-License-Identifier: Apache-2.0

import os
import pathlib
import resource
import signal
import socket
import subprocess
import tempfile
import time


class Fleet:
    """`firecrest demo` on a port of its own; used by `with`."""

    def __init__(self, binary, workers=0, arguments=(), environment=None, descriptors=None):
        self.workers = workers
        self.descriptors = descriptors
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        # By way of env(1): Swift finds its arguments beside the environment, which libfaketime moves when it is loaded first.
        self.command = ["env", binary, "demo", "--port", str(self.port), *arguments]
        if workers:
            self.command += ["--workers", str(workers)]
        self.folder = tempfile.TemporaryDirectory(prefix="soak-")
        self.environment = os.environ | {"TMPDIR": self.folder.name} | (environment or {})

    def limit(self):
        if self.descriptors:
            resource.setrlimit(resource.RLIMIT_NOFILE, (self.descriptors, self.descriptors))

    def __enter__(self):
        self.log = open(f"{self.folder.name}/log", "w+b")
        self.process = subprocess.Popen(
            self.command, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, env=self.environment,
            preexec_fn=self.limit)
        deadline = time.monotonic() + 30
        while b"Stop with Ctrl-C" not in self.said():
            if self.process.poll() is not None or time.monotonic() > deadline:
                said = self.said()[-2000:].decode(errors="replace")
                self.__exit__()
                raise SystemExit(f"`{' '.join(self.command)}` does not listen; it said:\n{said}")
            time.sleep(0.05)
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.end(20)
        if self.process.poll() is None:
            for pid in self.pids():
                os.kill(pid, signal.SIGKILL)
        self.process.wait()
        self.log.close()
        self.folder.cleanup()

    def end(self, limit):
        """SIGTERM; how it ended, or None when it did not within the limit."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(limit)
        except subprocess.TimeoutExpired:
            return None

    def said(self):
        return pathlib.Path(self.log.name).read_bytes()

    # What the kernel says of it.

    def worker_pids(self):
        try:
            text = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        except OSError:
            return []
        # Any of its threads may have started them.
        children = set(text.split())
        for task in pathlib.Path(f"/proc/{self.process.pid}/task").glob("*/children"):
            try:
                children |= set(task.read_text().split())
            except OSError:
                pass
        return sorted(int(pid) for pid in children)

    def pids(self):
        return [self.process.pid, *self.worker_pids()]

    def each(self, read):
        total = 0
        for pid in self.pids():
            try:
                total += read(pid)
            except OSError:
                pass  # it has just ended
        return total

    def rss(self):
        def read(pid):
            status = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
            return sum(int(line.split()[1]) * 1024 for line in status if line.startswith("VmRSS:"))
        return self.each(read)

    def open_descriptors(self):
        return self.each(lambda pid: len(os.listdir(f"/proc/{pid}/fd")))

    def cpu(self):
        def read(pid):
            fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        return self.each(read)

    def hub(self):
        """The socket between the workers, if there is one."""
        return next(iter(pathlib.Path(self.folder.name).glob("firecrest-*/hub")), None)

    def answers(self, path="/healthz", timeout=5):
        """The status of a GET, or 0."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=timeout) as connection:
                connection.settimeout(timeout)
                connection.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
                return int(connection.recv(64).split()[1])
        except (OSError, IndexError, ValueError):
            return 0
