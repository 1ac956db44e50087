# Firecrest — the two places where phoenix.js runs: a Node process, and a page of Chromium that the server sent
# SPDX-License-Identifier: Apache-2.0

import json
import os
import pathlib
import queue
import shutil
import subprocess
import threading

from pages import blank_page

HERE = pathlib.Path(__file__).resolve().parent
APP = HERE.parents[1] / ".tools" / "phoenix" / "app.js"
HELPERS = (HERE.parent / "support" / "helpers.js").read_text()
SECONDS = 60  # the most that one script may take


def script(body, topic):
    """The body of an async function, with phoenix.js and the helpers in scope, as one that gets `env`."""
    return f"""return (async () => {{
      const {{Socket, fast, WebSocket, endPoint, frames, wires, keep}} = env
      const topic = {json.dumps(topic)}, defaults = {{}}
      {HELPERS}
      {body}
    }})()"""


def app_source():
    if not APP.is_file():
        raise RuntimeError(f"{APP} is not there; `scripts/setup test` gets phoenix.js")
    return APP.read_text()


class Node:
    """phoenix.js in Node, over the WebSocket of Debian's node-ws."""

    def __init__(self, server, topic):
        app_source()
        self.topic = topic
        node = shutil.which("node") or shutil.which("nodejs")
        if node is None:
            raise RuntimeError("there is no node on PATH; `scripts/setup test` installs it")
        paths = os.pathsep.join(filter(None, [os.environ.get("NODE_PATH"), "/usr/share/nodejs"]))
        self.process = subprocess.Popen(
            [node, HERE / "node.js", APP, f"ws{server.url.removeprefix('http')}/socket"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, "NODE_PATH": paths},
        )
        self.lines = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(line)
        self.lines.put(None)

    def run(self, body):
        self.process.stdin.write(json.dumps({"script": script(body, self.topic)}) + "\n")
        self.process.stdin.flush()
        line = self.lines.get(timeout=SECONDS)
        if line is None:
            raise RuntimeError(f"node ended with {self.process.wait()}")
        answer = json.loads(line)
        if "error" in answer:
            raise AssertionError(answer["error"])
        return answer["value"]

    def refusals(self, errors):
        """Why handshakes were refused: here phoenix.js gets told."""
        return errors

    def close(self):
        self.process.stdin.close()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise


class Chromium:
    """phoenix.js in a page of the server under test."""

    def __init__(self, server, topic, browser):
        self.topic = topic
        self.page = blank_page(browser, server)
        self.page.set_default_timeout(SECONDS * 1000)
        self.page.evaluate(
            """([load, source]) => {
              document.head.insertAdjacentHTML("beforeend", '<meta name="csrf-token" content="">')
              new Function(load)()
              window.env = interop(source, window, document, WebSocket, "/socket")
            }""",
            [(HERE / "load.js").read_text(), app_source()],
        )

    def run(self, body):
        value = self.page.evaluate(f"() => {{ const env = window.env; {script(body, self.topic)} }}")
        thrown = [text for text in self.page.errors if "WebSocket connection" not in text]
        assert thrown == [], thrown
        return value

    def refusals(self, errors):
        """Why handshakes were refused: phoenix.js is not told in a browser, but the console is."""
        return [text for text in self.page.errors if "WebSocket connection" in text]

    def close(self):
        self.page.evaluate("() => window.env.close()")
        self.page.context.close()
