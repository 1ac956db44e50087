# Firecrest — a picture of two tabs in conversation, side by side
# SPDX-License-Identifier: Apache-2.0

import argparse
import base64
import pathlib
import sys

from playwright.sync_api import expect

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from pages import chromium
from server import server_under_test

TALK = [
    (0, "There is a firecrest in the yew by the gate. I have never seen one so close."),
    (1, "Are you sure it is not a goldcrest? They are everywhere this week."),
    (0, "White stripe over the eye, black one through it."),
    (0, "And when it saw its reflection in the window, it put its crest up. Like a match being struck."),
    (1, "Then it is one! Stay where you are, I am bringing the good binoculars."),
]
NAMES = ["Marta", "Ilse"]
WIDTH, HEIGHT, GAP = 860, 720, 24


def parse():
    parser = argparse.ArgumentParser(description="Saves a PNG of two tabs of the demo page that talk to each other.")
    parser.add_argument("path", help="the PNG to write")
    parser.add_argument("--scheme", choices=["light", "dark", "both"], default="light", help="both: left light, right dark")
    parser.add_argument("--scale", type=float, default=1, help="pixels per CSS pixel")
    return parser.parse_args()


def tab(browser, server, name, scheme, scale):
    context = browser.new_context(
        viewport={"width": WIDTH, "height": HEIGHT}, color_scheme=scheme, device_scale_factor=scale, reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto(f"{server.url}/#garden")
    expect(page.locator("#status")).to_have_attribute("data-state", "open")
    page.fill("#name", name)
    page.press("#name", "Enter")
    return page


def converse(tabs):
    for speaker, text in TALK:
        tabs[speaker].fill("#body", text)
        tabs[speaker].press("#body", "Enter")
        for page in tabs:
            expect(page.locator("#messages .message", has_text=text)).to_have_count(1)
            expect(page.locator(".pending")).to_have_count(0)
    tabs[0].locator("#body").press_sequentially("It is still here")
    expect(tabs[1].locator("#typing")).to_contain_text("Marta is typing")


def side_by_side(browser, images, scale):
    """Lets the browser put the pictures together, which needs no other tool."""
    page = browser.new_context(
        viewport={"width": 2 * WIDTH + 3 * GAP, "height": HEIGHT + 2 * GAP}, device_scale_factor=scale,
    ).new_page()
    sources = "".join(f'<img width={WIDTH} src="data:image/png;base64,{base64.b64encode(image).decode()}">' for image in images)
    page.set_content(
        f"<style>body {{ margin: 0; padding: {GAP}px; display: flex; gap: {GAP}px; background: #8a8f7c }}"
        f"img {{ border-radius: 12px; box-shadow: 0 8px 30px #0005 }}</style>{sources}"
    )
    page.wait_for_function("[...document.images].every(image => image.complete)")
    return page.screenshot()


def main():
    options = parse()
    server = server_under_test()
    if server is None:
        sys.exit("no server: set FIRECREST_URL or FIRECREST_BIN, or run `swift build` first")
    schemes = {"light": ["light", "light"], "dark": ["dark", "dark"], "both": ["light", "dark"]}[options.scheme]
    try:
        with chromium() as browser:
            tabs = [tab(browser, server, name, scheme, options.scale) for name, scheme in zip(NAMES, schemes)]
            converse(tabs)
            image = side_by_side(browser, [page.screenshot() for page in tabs], options.scale)
        with open(options.path, "wb") as file:
            file.write(image)
    finally:
        server.stop()


if __name__ == "__main__":
    main()
