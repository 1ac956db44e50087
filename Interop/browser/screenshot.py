# Firecrest — pictures of the demo page: two tabs in conversation, side by side, or each tab of the page
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
TABS = ["chat", "ticker", "desk", "dots", "figures", "notify", "compare"]
LOOKS = {
    "light": {"viewport": {"width": 1280, "height": 860}, "color_scheme": "light"},
    "dark": {"viewport": {"width": 1280, "height": 860}, "color_scheme": "dark"},
    "360": {"viewport": {"width": 360, "height": 780}, "color_scheme": "light"},
    "360-dark": {"viewport": {"width": 360, "height": 780}, "color_scheme": "dark"},
}


def parse():
    parser = argparse.ArgumentParser(description="Saves a PNG of two tabs of the demo page that talk to each other.")
    parser.add_argument("path", help="the PNG to write; with --tabs the folder")
    parser.add_argument("--tabs", action="store_true", help="a picture of each tab of the page, light, dark and at 360 px")
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


def use(page, tab):
    """Does with a tab what a visitor would, so that there is something to see."""
    page.locator(f"#tab-{tab}").click()
    if tab == "chat":
        page.fill("#body", "There is a firecrest in the yew by the gate.")
        page.press("#body", "Enter")
        expect(page.locator(".pending")).to_have_count(0)
    elif tab == "ticker":
        page.locator("#ticker-rate").fill("3")
        expect(page.locator("#ticker-merged")).not_to_have_text("1 update")
        page.wait_for_timeout(3_000)
    elif tab == "desk":
        page.get_by_label("Line 1").fill("Binoculars, tea, the notebook")
        page.locator("#desk").hover(position={"x": 150, "y": 120})
        expect(page.locator("#desk-down")).to_contain_text("cursors")
    elif tab == "dots":
        page.locator("#field").press("ArrowRight", delay=400)
        page.wait_for_timeout(1_500)
    elif tab == "figures":
        page.wait_for_timeout(6_000)
    elif tab == "notify":
        to = page.input_value("#notify-user")
        for text in ("Tea is ready", "Your parcel is at the gate"):
            page.fill("#notify-to", to)
            page.fill("#notify-text", text)
            page.press("#notify-text", "Enter")
            expect(page.locator("#notices li", has_text=text).first).to_be_visible()
    elif tab == "compare":
        if page.locator("#compare-start").text_content() == "Compare":
            page.click("#compare-start")
        page.wait_for_timeout(8_000)


def picture_tabs(browser, server, folder, scale):
    folder.mkdir(parents=True, exist_ok=True)
    # Somebody else, so that nobody plays alone.
    friend = browser.new_context(viewport={"width": 800, "height": 700}).new_page()
    friend.goto(f"{server.url}/?tab=dots")
    for look, context in LOOKS.items():
        page = browser.new_context(**context, device_scale_factor=scale, reduced_motion="reduce").new_page()
        page.goto(server.url)
        expect(page.locator("#status")).to_have_attribute("data-state", "open")
        for tab in TABS:
            if tab == "desk":
                friend.locator("#tab-desk").click()
                friend.locator("#desk").hover(position={"x": 420, "y": 200})
            if tab == "dots":
                friend.locator("#tab-dots").click()
            use(page, tab)
            page.screenshot(path=folder / f"{tab}-{look}.png")
            # What the first screen does not show: the whole panel, opened.
            if tab == "compare" and look in ("light", "360"):
                page.locator("#opened > summary").click()
                expect(page.locator("#duplex figure").first).to_be_visible(timeout=20_000)
                height = page.locator("#panel-compare").evaluate("panel => panel.scrollHeight")
                page.set_viewport_size({"width": context["viewport"]["width"], "height": height + 240})
                page.screenshot(path=folder / f"{tab}-{look}-opened.png")
        page.context.close()


def main():
    options = parse()
    server = server_under_test()
    if server is None:
        sys.exit("no server: set FIRECREST_URL or FIRECREST_BIN, or run `swift build` first")
    schemes = {"light": ["light", "light"], "dark": ["dark", "dark"], "both": ["light", "dark"]}[options.scheme]
    try:
        with chromium() as browser:
            if options.tabs:
                return picture_tabs(browser, server, pathlib.Path(options.path), options.scale)
            tabs = [tab(browser, server, name, scheme, options.scale) for name, scheme in zip(NAMES, schemes)]
            converse(tabs)
            image = side_by_side(browser, [page.screenshot() for page in tabs], options.scale)
        with open(options.path, "wb") as file:
            file.write(image)
    finally:
        server.stop()


if __name__ == "__main__":
    main()
