# Firecrest — a Chromium, and pages that remember what went wrong in them
# SPDX-License-Identifier: Apache-2.0

import contextlib
import os
import shutil

from playwright.sync_api import sync_playwright


def executable():
    return os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")


@contextlib.contextmanager
def chromium():
    if executable() is None:
        raise RuntimeError("no chromium on the PATH and none in $CHROMIUM; `scripts/setup test` installs one")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=executable(), args=["--no-sandbox"])
        yield launched
        launched.close()


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


def walk_focus(page, most):
    """Presses Tab until the page is left, at most so often: what had the focus, its name, and whether it shows."""
    stops = []
    for _ in range(most):
        page.keyboard.press("Tab")
        stop = page.evaluate("""() => {
          const node = document.activeElement
          if (node === document.body) return null
          const style = getComputedStyle(node)
          const title = document.getElementById(node.getAttribute("aria-labelledby"))
          const name = node.getAttribute("aria-label") || title?.textContent || node.labels?.[0]?.textContent || node.textContent.trim()
          return {key: node.id || name, name, visible: style.outlineStyle !== "none" || style.boxShadow !== "none"}
        }""")
        if stop is None:
            break
        stops.append(stop)
    return stops


def blank_page(browser, server):
    """A page of the server's origin on which nothing runs; scripts of the tests are let through its policy.

    It has to come from the server under test: Chromium blocks loopback sockets of other pages.
    """
    page = watch(browser.new_context(bypass_csp=True).new_page())
    page.goto(f"{server.url}/healthz")
    return page
