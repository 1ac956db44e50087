# Firecrest — a Node process that runs the scripts of a test
# SPDX-License-Identifier: Apache-2.0

import json
import os
import queue
import shutil
import subprocess
import threading

SECONDS = 60  # the most that one script may take


class NodeProcess:
    """Node with a program that ends in `require("../support/lines.js")(env)`."""

    def __init__(self, program, *arguments):
        node = shutil.which("node") or shutil.which("nodejs")
        if node is None:
            raise RuntimeError("there is no node on PATH; `scripts/setup test` installs it")
        paths = os.pathsep.join(filter(None, [os.environ.get("NODE_PATH"), "/usr/share/nodejs"]))
        self.process = subprocess.Popen(
            [node, program, *arguments],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, "NODE_PATH": paths},
        )
        self.lines = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(line)
        self.lines.put(None)

    def run(self, script):
        """Runs the body of a function of `env`, and returns what its promise has."""
        self.process.stdin.write(json.dumps({"script": script}) + "\n")
        self.process.stdin.flush()
        line = self.lines.get(timeout=SECONDS)
        if line is None:
            raise RuntimeError(f"node ended with {self.process.wait()}")
        answer = json.loads(line)
        if "error" in answer:
            raise AssertionError(answer["error"])
        return answer["value"]

    def close(self):
        self.process.stdin.close()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
