# Firecrest — every tab of the demo page on small, dark and plain screens, and for those who do not see it
# SPDX-License-Identifier: Apache-2.0

from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from pages import walk_focus

TABS = ["chat", "ticker", "desk", "dots", "figures", "notify", "compare"]

# What is read out: role and name of what each tab is made of.
TREE = {
    "chat": ['heading "lobby"', 'log "Messages"', 'textbox "Message"', 'button "Send"'],
    "ticker": ['heading "Ticker" [level=2]', 'slider "How fast this page reads"', "term: The server makes", "listitem: FI"],
    "desk": ['heading "Desk" [level=2]', 'group "The shared text"', 'textbox "Line 1"', 'button "Move my cursor"'],
    "dots": ['heading "Dots" [level=2]', 'application "Field of dots: the arrow keys steer yours"', "listitem: \"You: 0 berries\""],
    "figures": ['heading "Server" [level=2]', 'table "The last minute in words"', 'columnheader "Now"', 'rowheader "Memory, in RAM"'],
    "notify": ['heading "Notify" [level=2]', 'textbox "Listen as"', 'button "Change"', 'log "What came"'],
    "compare": [
        'heading "Compare" [level=2]', 'spinbutton "Messages a second"', 'spinbutton "Clients of each way"',
        'spinbutton "Poll interval in ms"', 'button "Compare"', 'region "WebSocket"', 'heading "Flash sockets"',
    ],
}

# Each text that can be seen, with its contrast (WCAG 2.2 §1.4.3), the background being that of the nearest that has one.
CONTRAST = """panel => {
  const channel = value => value <= .03928 ? value / 12.92 : ((value + .055) / 1.055) ** 2.4
  const read = text => { const [r, g, b, a = 1] = text.match(/[\\d.]+/g).map(Number); return {r, g, b, a} }
  const light = ({r, g, b}) => .2126 * channel(r / 255) + .7152 * channel(g / 255) + .0722 * channel(b / 255)
  const behind = node => {
    for (; node; node = node.parentElement) {
      const colour = read(getComputedStyle(node).backgroundColor)
      if (colour.a === 1) return colour
    }
    return {r: 255, g: 255, b: 255}
  }
  const found = []
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement
    if (!walker.currentNode.textContent.trim() || !node.checkVisibility({opacityProperty: true}) || node.closest(".hidden, .skip, noscript")) continue
    const style = getComputedStyle(node)
    const [one, other] = [light(read(style.color)), light(behind(node))]
    const contrast = (Math.max(one, other) + .05) / (Math.min(one, other) + .05)
    const size = parseFloat(style.fontSize)
    const needed = size >= 24 || (size >= 18.66 && style.fontWeight >= 700) ? 3 : 4.5
    if (contrast < needed) found.push([walker.currentNode.textContent.trim().slice(0, 40), contrast.toFixed(2), style.color])
  }
  return found
}"""


def visit(page, tab):
    page.locator(f"#tab-{tab}").click()
    expect(page.locator(f"#panel-{tab}")).to_be_visible()
    if tab == "figures":
        expect(page.locator("#figures-loops tr").first).to_be_visible()
    if tab == "ticker":
        expect(page.locator("#prices li")).to_have_count(200)
    if tab == "dots":
        expect(page.locator("#dots-scores li")).not_to_have_count(0)
    if tab == "compare":
        expect(page.locator("#ways section")).to_have_count(4)


@pytest.mark.parametrize("options", [
    {"viewport": {"width": 360, "height": 740}},
    {"viewport": {"width": 360, "height": 740}, "color_scheme": "dark", "reduced_motion": "reduce"},
    {"viewport": {"width": 1280, "height": 800}, "color_scheme": "dark"},
    {"viewport": {"width": 1280, "height": 800}},
], ids=["phone", "dark-phone", "dark", "light"])
def test_each_tab_fits_can_be_read_and_needs_nothing_from_elsewhere(open_chat, server, options):
    page = open_chat(**options, new_profile=True)
    for tab in TABS:
        visit(page, tab)
        for details in page.locator(f"#panel-{tab} details.source").all():
            if details.is_visible():
                details.locator("summary").click()
                expect(details.locator("code")).not_to_be_empty()
        wide = page.evaluate("""tab => [document.documentElement, document.getElementById(`panel-${tab}`)]
          .map(node => node.scrollWidth - node.clientWidth)""", tab)
        assert max(wide) <= 0, tab
        assert page.locator("body").evaluate(CONTRAST) == [], tab
    assert {urlsplit(url).netloc for url in page.urls} == {urlsplit(server.url).netloc}
    assert page.errors == []


def test_each_tab_has_a_tree_that_makes_sense(open_chat):
    page = open_chat("lobby")
    for tab in TABS:
        visit(page, tab)
        tree = page.locator("body").aria_snapshot()
        name = "Server" if tab == "figures" else tab.capitalize()
        assert f'tab "{name}" [selected]' in tree
        assert f'tabpanel "{name}"' in tree
        assert 'tablist "Demonstrations"' in tree
        for part in TREE[tab]:
            assert part in tree, f"{part} is not in\n{tree}"


def test_whatever_takes_the_focus_has_a_name_and_shows_it(open_chat):
    page = open_chat()
    for tab in TABS[1:]:
        visit(page, tab)
        page.locator(f"#tab-{tab}").focus()
        stops = walk_focus(page, 40)
        assert all(stop["name"] and stop["visible"] for stop in stops), (tab, stops)
        seen = [stop["key"] for stop in stops]
        assert f"panel-{tab}" in seen and "The Swift that serves this" in seen, (tab, seen)
    assert page.errors == []
