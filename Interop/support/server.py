# Firecrest — the server under test: one that runs already, or one that is started and ended here
# SPDX-License-Identifier: Apache-2.0

import collections
import os
import pathlib
import queue
import re
import shlex
import signal
import socket
import subprocess
import threading
import time

READY_WITHIN_SECONDS = 30
ROOT = pathlib.Path(__file__).resolve().parents[2]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def find_binary():
    """`$FIRECREST_BIN`, else what `swift build` left behind; None when there is nothing."""
    if os.environ.get("FIRECREST_BIN"):
        return shlex.split(os.environ["FIRECREST_BIN"])
    for configuration in ("release", "debug"):
        binary = ROOT / ".build" / configuration / "firecrest"
        if binary.exists():
            return [str(binary)]
    return None


def demo_arguments():
    """What else every demo is started with: `--workers 4`, for example."""
    return shlex.split(os.environ.get("FIRECREST_DEMO_ARGUMENTS", ""))


class Server:
    """`firecrest demo` at `url`. Owned when it was started here: only then it can be stopped and started again."""

    def __init__(self, url=None, binary=None):
        self.owned = url is None
        self.binary = binary
        self.port = None if url else free_port()
        self.url = (url or f"http://127.0.0.1:{self.port}").rstrip("/")
        self.process = None
        self.output = collections.deque(maxlen=200)

    def start(self):
        self.process = subprocess.Popen(
            [*self.binary, "demo", "--port", str(self.port), *demo_arguments()],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
        )
        lines = queue.Queue()
        # Reads on until the end: a full pipe would stop the server.
        threading.Thread(target=self._read, args=(self.process.stdout, lines), daemon=True).start()
        deadline = time.monotonic() + READY_WITHIN_SECONDS
        while True:
            try:
                line = lines.get(timeout=max(0, deadline - time.monotonic()))
            except queue.Empty:
                line = None
            if line is None:
                self.stop()
                raise RuntimeError("no line with http://127.0.0.1:<port> from the server; it said:\n" + "".join(self.output))
            if re.search(rf"http://(127\.0\.0\.1|localhost):{self.port}\b", line):
                return self

    def _read(self, stream, lines):
        for line in stream:
            self.output.append(line)
            lines.put(line)
        lines.put(None)

    def stop(self):
        """Ends the server with SIGTERM; a sentence when it had died before or did not end well."""
        if self.process is None:
            return None
        process, self.process = self.process, None
        died = process.poll()
        process.terminate()
        try:
            code = process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            return "the server did not end within 15 s of SIGTERM"
        last = "its last words:\n" + "".join(self.output)
        if died is not None:
            return f"the server died during the run, with {died}; {last}"
        return None if code == 0 else f"the server ended with {code} after SIGTERM, not 0; {last}"

    def kill(self):
        """Ends the server with SIGKILL, and its workers where it has some, as a machine does: nobody is told."""
        workers = []
        for children in pathlib.Path(f"/proc/{self.process.pid}/task").glob("*/children"):
            workers += map(int, children.read_text().split())
        self.process.kill()
        for worker in workers:
            os.kill(worker, signal.SIGKILL)
        self.process.wait()
        self.process = None


def server_under_test():
    """The server that the environment asks for, ready to be used; None when it asks for none and nothing is built."""
    url = os.environ.get("FIRECREST_URL")
    if url:
        return Server(url=url)
    binary = find_binary()
    return Server(binary=binary).start() if binary else None
