# Firecrest — what the browser tests share: tabs on the demo page, and scripts in a page without one
# SPDX-License-Identifier: Apache-2.0

import pathlib

import pytest
from playwright.sync_api import expect

from pages import blank_page, watch

HELPERS = (pathlib.Path(__file__).parents[1] / "support" / "helpers.js").read_text()
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
