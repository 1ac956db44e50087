# Firecrest — the two places where phoenix.js runs: a Node process, and a page of Chromium that the server sent
# SPDX-License-Identifier: Apache-2.0

import json
import pathlib

import pytest

from node import SECONDS, NodeProcess
from pages import blank_page

HERE = pathlib.Path(__file__).resolve().parent
APP = HERE.parents[1] / ".tools" / "phoenix" / "app.js"
APP_OF_1_7 = APP.with_name("app-1.7.js")
# For tests, or a file of them, that are played over both transports.
over_both_transports = pytest.mark.parametrize("transport", ["websocket", "longpoll"])
HELPERS = (HERE.parent / "support" / "helpers.js").read_text()


def script(body, topic, transport):
    """The body of an async function, with phoenix.js and the helpers in scope, as one that gets `env`."""
    return f"""return (async () => {{
      const {{Socket, fast, WebSocket, transports, storage, endPoint, frames, wires, keep}} = env
      const Transport = transports[{json.dumps(transport)}], {{longpoll: LongPoll}} = transports
      const topic = {json.dumps(topic)}, defaults = {{}}
      {HELPERS}
      {body}
    }})()"""


def app_source(app):
    if not app.is_file():
        raise RuntimeError(f"{app} is not there; `scripts/setup test` gets phoenix.js")
    return app.read_text()


class Node:
    """phoenix.js in Node, over the WebSocket of Debian's node-ws and Node's own fetch."""

    def __init__(self, server, topic, transport):
        app_source(APP)
        self.topic, self.transport = topic, transport
        self.node = NodeProcess(HERE / "node.js", APP, f"ws{server.url.removeprefix('http')}/socket")

    def run(self, body):
        return self.node.run(script(body, self.topic, self.transport))

    def refusals(self, errors):
        """Why connections were refused: here phoenix.js gets told."""
        return errors

    def close(self):
        self.node.close()


NETWORK = ("WebSocket connection", "Failed to load resource")  # what the console says of connections, not of scripts


class Chromium:
    """phoenix.js in a page of the server under test."""

    def __init__(self, server, topic, transport, browser, app=APP):
        self.topic, self.transport = topic, transport
        self.page = blank_page(browser, server)
        self.page.set_default_timeout(SECONDS * 1000)
        self.page.evaluate(
            """([load, source]) => {
              document.head.insertAdjacentHTML("beforeend", '<meta name="csrf-token" content="">')
              new Function(load)()
              window.env = interop(source, window, document, WebSocket, "/socket")
            }""",
            [(HERE / "load.js").read_text(), app_source(app)],
        )

    def run(self, body):
        value = self.page.evaluate(f"() => {{ const env = window.env; {script(body, self.topic, self.transport)} }}")
        thrown = [text for text in self.page.errors if not any(noise in text for noise in NETWORK)]
        assert thrown == [], thrown
        return value

    def refusals(self, errors):
        """Why handshakes were refused: phoenix.js is not told in a browser, but the console is."""
        return [text for text in self.page.errors if "WebSocket connection" in text]

    def close(self):
        self.page.evaluate("() => window.env.close()")
        self.page.context.close()
