# Firecrest — what the browser tests share: tabs on the demo page, and scripts in a page without one
# SPDX-License-Identifier: Apache-2.0

import json
import pathlib

import pytest
from playwright.sync_api import expect

from node import NodeProcess
from pages import blank_page, watch

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
HELPERS = (HERE.parent / "support" / "helpers.js").read_text()
expect.set_options(timeout=10_000)


@pytest.fixture
def open_chat(browser, server, room):
    """Opens tabs of one browser profile on the demo page, in the test's room or another, at one of the page's own tabs."""
    contexts = []
    context = browser.new_context()
    contexts.append(context)

    def open_tab(other_room=None, new_profile=False, wait=True, tab="chat", **options):
        if options or new_profile:
            contexts.append(browser.new_context(**options))
        page = watch(contexts[-1].new_page() if options or new_profile else context.new_page())
        page.goto(f"{server.url}/{'' if tab == 'chat' else f'?tab={tab}'}#{other_room or room}")
        if wait:
            expect(page.locator("#status")).to_have_attribute("data-state", "open")
        return page

    yield open_tab
    for opened in contexts:
        opened.close()


@pytest.fixture
def blank(browser, server):
    page = blank_page(browser, server)
    yield page
    page.context.close()


@pytest.fixture
def run_js(blank, room):
    """Runs the body of an async function with firecrest.js, the helpers and `topic` in scope; returns what it returns."""
    return lambda body: blank.evaluate(f"""async () => {{
      const {{Socket, Channel, Push, backoff}} = await import("/firecrest.js")
      const Transport = WebSocket, topic = "room:{room}", endPoint = "/socket", defaults = {{reconnectAfterMs: () => 50}}, frames = [], wires = []
      {HELPERS}
      {body}
    }}""")


TRANSPORTS = {"websocket": "WebSocket", "longpoll": "LongPoll", "sse": "EventStream"}


@pytest.fixture(params=["chromium", "node"])
def start_js(request, room):
    """Starts firecrest.js in Chromium and in Node for a server and a transport; gives a function that runs scripts there,
    with what the scripts of `run_js` have, and `keep` for those that come later."""
    running = []

    def start(server, transport):
        def script(body):
            return f"""
              const {{Socket, EventStream, LongPoll, WebSocket, endPoint, frames, wires, keep}} = env
              const Transport = {TRANSPORTS[transport]}, topic = {json.dumps(f"room:{room}")}
              const defaults = {{reconnectAfterMs: () => 50, rejoinAfterMs: () => 50}}
              {HELPERS}
              {body}"""

        if request.param == "node":
            client, address = ROOT / "JavaScript" / "firecrest.js", f"ws{server.url.removeprefix('http')}/socket"
            node = NodeProcess(HERE / "node.mjs", client, address)
            running.append(node.close)
            return lambda body: node.run(f"return (async () => {{{script(body)}}})()")
        page = blank_page(request.getfixturevalue("browser"), server)
        page.set_default_timeout(60_000)
        running.append(page.context.close)
        page.evaluate("""async () => {
          const module = await import("/firecrest.js")
          window.env = {...module, WebSocket, endPoint: "/socket", frames: [], wires: [], keep: {}}
        }""")
        return lambda body: page.evaluate(f"async () => {{ const env = window.env; {script(body)} }}")

    yield start
    for end in running:
        end()
