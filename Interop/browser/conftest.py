# Firecrest — what the browser tests share: a server, a Chromium, tabs that remember what went wrong in them
# SPDX-License-Identifier: Apache-2.0

import os
import shutil
import uuid

import pytest
from playwright.sync_api import expect, sync_playwright

from server import server_under_test

expect.set_options(timeout=10_000)


@pytest.fixture(scope="session")
def server():
    running = server_under_test()
    if running is None:
        # A suite that tested nothing must not look green.
        pytest.exit("nothing to test: set FIRECREST_URL or FIRECREST_BIN, or run `swift build` first", returncode=2)
    yield running
    running.stop()


@pytest.fixture(scope="session")
def browser():
    executable = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if executable is None:
        pytest.exit("no chromium on the PATH; see README.md", returncode=2)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def room():
    """A room that no other test talks in."""
    return f"test-{uuid.uuid4().hex[:8]}"


def watch(page):
    """Keeps what the page logs, throws and requests."""
    page.logged, page.errors, page.urls = [], [], []

    def log(message):
        page.logged.append((message.type, message.text, [argument.json_value() for argument in message.args]))
        if message.type in ("error", "warning"):
            page.errors.append(f"{message.text} ({message.location.get('url', '')})")

    page.on("console", log)
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    page.on("request", lambda request: page.urls.append(request.url))
    page.on("websocket", lambda websocket: page.urls.append(websocket.url))
    return page


@pytest.fixture
def open_chat(browser, server, room):
    """Opens tabs of one browser profile on the demo page, ready to write, in the test's room or another."""
    contexts = []
    context = browser.new_context()
    contexts.append(context)

    def open_tab(other_room=None, new_profile=False, wait=True, **options):
        if options or new_profile:
            contexts.append(browser.new_context(**options))
        page = watch(contexts[-1].new_page() if options or new_profile else context.new_page())
        page.goto(f"{server.url}/#{other_room or room}")
        if wait:
            expect(page.locator("#status")).to_have_attribute("data-state", "open")
        return page

    yield open_tab
    for opened in contexts:
        opened.close()


# What the scripts of `run_js` can use: replies and events as promises, and WebSocket classes that spy or lie.
HELPERS = """
const {Socket, Channel, Push, backoff} = await import("/firecrest.js")
const sleep = ms => new Promise(done => setTimeout(done, ms))
const until = async (check, ms = 5000) => {
  const end = performance.now() + ms
  for (;;) {
    const value = check()
    if (value) return value
    if (performance.now() > end) throw new Error(`not within ${ms} ms: ${check}`)
    await sleep(10)
  }
}
const outcome = push => new Promise(done => {
  for (const status of ["ok", "error", "timeout"]) push.receive(status, response => done({status, response}))
})
const frames = [], wires = [] // what was sent, parsed where it is text; every WebSocket made
class Spy extends WebSocket {
  constructor(...rest) { super(...rest); wires.push(this) }
  send(frame) { frames.push(typeof frame === "string" ? JSON.parse(frame) : frame); super.send(frame) }
}
const connected = async (options = {}) => {
  const socket = new Socket("/socket", {transport: Spy, reconnectAfterMs: () => 50, ...options})
  socket.connect()
  await until(() => socket.isConnected())
  return socket
}
const joined = async (socket, topic, params = {}) => {
  const channel = socket.channel(topic, params)
  const reply = await outcome(channel.join())
  if (reply.status !== "ok") throw new Error(`join: ${JSON.stringify(reply)}`)
  return channel
}
"""


@pytest.fixture
def blank(browser, server):
    """A page of the server's origin on which no chat runs; scripts of the tests are let through its policy."""
    context = browser.new_context(bypass_csp=True)
    page = watch(context.new_page())
    page.goto(f"{server.url}/healthz")
    yield page
    context.close()


@pytest.fixture
def run_js(blank, room):
    """Runs the body of an async function with HELPERS and `topic` in scope; returns what it returns."""
    return lambda body: blank.evaluate(f"async () => {{ const topic = 'room:{room}'; {HELPERS}\n{body}\n}}")
