# Firecrest — the demo page as its visitors use it: tabs that talk, lose the server, and find it again
# SPDX-License-Identifier: Apache-2.0

import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from pages import walk_focus


def call(page, name):
    page.fill("#name", name)
    page.press("#name", "Enter")


def say(page, text):
    page.fill("#body", text)
    page.press("#body", "Enter")


def message(page, text):
    return page.locator("#messages .message", has_text=text)


def test_two_tabs_talk_and_a_third_room_hears_nothing(open_chat):
    marta, ilse, stranger = open_chat(), open_chat(), open_chat("elsewhere")
    call(marta, "Marta")
    call(ilse, "Ilse")

    say(marta, "Did you see it?")
    expect(message(ilse, "Did you see it?")).to_have_count(1)
    expect(message(ilse, "Did you see it?").locator(".who")).to_have_text("Marta")
    expect(message(marta, "Did you see it?")).to_have_count(1)  # the pale line and the echo are one
    expect(marta.locator(".pending")).to_have_count(0)

    ilse.locator("#body").press_sequentially("I only")
    expect(marta.locator("#typing")).to_contain_text("Ilse is typing")
    expect(ilse.locator("#typing")).to_be_empty()  # to others only
    say(ilse, "I only heard it")
    expect(message(marta, "I only heard it").locator(".who")).to_have_text("Ilse")
    expect(marta.locator("#typing")).to_be_empty()

    expect(stranger.locator("#messages li")).to_have_count(0)
    expect(stranger.locator("#typing")).to_be_empty()


def test_a_typing_notice_expires(open_chat):
    one, other = open_chat(), open_chat()
    one.locator("#body").press_sequentially("hm")
    expect(other.locator("#typing")).to_contain_text("is typing")
    expect(other.locator("#typing")).to_be_empty(timeout=5_000)


def test_tabs_have_different_names_and_keep_them(open_chat):
    first = open_chat()
    call(first, "Robin")
    second = open_chat()
    expect(second.locator("#name")).not_to_have_value("Robin")  # remembered, but taken
    assert second.input_value("#name").strip()
    first.reload()
    expect(first.locator("#name")).to_have_value("Robin")
    first.close()
    third = open_chat()
    expect(third.locator("#name")).to_have_value("Robin")


def test_bodies_and_names_are_text_only(open_chat):
    one, other = open_chat(), open_chat()
    call(one, "<i>me</i>")
    evil = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
    say(one, evil)
    for page in (one, other):
        expect(message(page, "<img").locator(".text")).to_have_text(evil)
        expect(message(page, "<img").locator(".who")).to_have_text("<i>me</i>")
        assert page.locator("#messages img, #messages script, #messages i").count() == 0
        assert page.title() != "owned"


def test_rooms_change_by_list_by_field_and_by_address(open_chat, room):
    page, listener = open_chat(), open_chat("wintergarten-ü")
    expect(listener.locator("#topic")).to_have_text("room:wintergarten-ü")
    say(page, "only here")
    expect(message(page, "only here")).to_have_count(1)

    page.fill("#room", "Wintergarten Ü")
    page.press("#room", "Enter")
    expect(page.locator("#room-title")).to_have_text("wintergarten-ü")
    expect(page.locator("#rooms [aria-current]")).to_have_text("wintergarten-ü")
    expect(page.locator("#messages li")).to_have_count(0)
    say(page, "hello over here")
    expect(message(listener, "hello over here")).to_have_count(1)

    page.locator("#rooms a", has_text="lobby").click()
    expect(page.locator("#topic")).to_have_text("room:lobby")
    page.go_back()
    expect(page.locator("#topic")).to_have_text("room:wintergarten-ü")
    assert page.errors == []


def test_the_page_keeps_at_most_500_messages(open_chat):
    page, flood = open_chat(), open_chat()
    flood.evaluate("""async room => {
      const {Socket} = await import("/firecrest.js")
      const socket = new Socket("/socket"); socket.connect()
      const channel = socket.channel(`room:${room}`)
      await new Promise(done => channel.join().receive("ok", done))
      for (let n = 1; n <= 1200; n += 1) channel.push("new_msg", {name: "flood", body: `no. ${n}`})
    }""", page.locator("#room-title").text_content())
    expect(page.locator("#messages li").last).to_contain_text("no. 1200", timeout=20_000)
    assert page.locator("#messages li").count() == 500
    assert page.errors == []


def test_it_reconnects_and_rejoins_after_a_restart(open_chat, server):
    if not server.owned:
        pytest.skip("the server was not started here (FIRECREST_URL), so it is not stopped here")
    one, other = open_chat(), open_chat()
    expect(one.locator("#status-text")).to_have_text("Connected")
    server.stop()
    try:
        for page in (one, other):
            expect(page.locator("#status")).to_have_attribute("data-state", "reconnecting")
        expect(one.locator("#status-text")).to_have_text("Reconnecting")
        expect(one.locator("#detail")).to_have_text(re.compile(r"in \d+ s|now…"))
        say(one, "said while it was gone")
        expect(one.locator(".pending")).to_have_count(1)
    finally:
        server.start()
    # The page may be back by itself already, and the button gone: its click must do no harm then.
    one.evaluate("document.querySelector('#retry').click()")
    for page in (one, other):
        expect(page.locator("#status")).to_have_attribute("data-state", "open", timeout=20_000)
        expect(page.locator("#messages .event")).to_contain_text("Back in the room")
    say(one, "and we are back")
    expect(message(other, "and we are back")).to_have_count(1)
    expect(one.locator("#notice")).to_be_hidden()


def test_a_crashed_room_is_entered_again(open_chat, browser):
    page = open_chat(bypass_csp=True)
    # The page's own channel is private to it: crash it with a push over its own socket, as the server would see it.
    page.add_init_script("""
      const Real = WebSocket
      globalThis.WebSocket = class extends Real { constructor(...rest) { super(...rest); globalThis.wire = this } }
    """)
    page.reload()
    expect(page.locator("#status")).to_have_attribute("data-state", "open")
    say(page, "before")
    expect(page.locator(".pending")).to_have_count(0)
    page.evaluate("wire.send(JSON.stringify([null, '900', document.querySelector('#topic').textContent, 'crash', {}]))")
    expect(page.locator("#messages .event").first).to_contain_text("crashed")
    say(page, "after")  # waits in the channel until it is back
    expect(page.locator("#messages .event").last).to_contain_text("Back in the room", timeout=6_000)
    expect(page.locator(".pending")).to_have_count(0)


@pytest.mark.parametrize("options", [
    {},
    {"color_scheme": "dark"},
    {"viewport": {"width": 320, "height": 568}},
    {"viewport": {"width": 320, "height": 568}, "color_scheme": "dark", "reduced_motion": "reduce"},
    {"viewport": {"width": 700, "height": 320}},
    {"forced_colors": "active"},
], ids=["wide", "dark", "phone", "dark-phone", "landscape", "forced-colours"])
def test_it_needs_nothing_from_elsewhere_and_fits(open_chat, server, options):
    page = open_chat(**options, new_profile=True)
    say(page, "a" * 400)
    expect(message(page, "aaaa")).to_have_count(1)
    expect(page.locator(".pending")).to_have_count(0)
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    box = page.locator("#send").bounding_box()
    size = page.viewport_size
    assert box["x"] + box["width"] <= size["width"] and box["y"] + box["height"] <= size["height"]
    assert {urlsplit(url).netloc for url in page.urls} == {urlsplit(server.url).netloc}
    assert page.errors == []


def test_dark_is_dark(open_chat):
    def background(page):
        return sum(map(int, re.findall(r"\d+", page.evaluate("getComputedStyle(document.body).backgroundColor"))[:3]))
    assert background(open_chat(color_scheme="light")) > 600
    assert background(open_chat(color_scheme="dark")) < 150


def test_by_keyboard_alone(open_chat):
    listener, page = open_chat(), open_chat()
    focused = "document.activeElement.id || document.activeElement.textContent.trim()"

    page.keyboard.press("Tab")
    assert page.evaluate(focused) == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate(focused) == "body"
    page.keyboard.press("Shift+Tab")
    assert page.evaluate(focused) == "name"
    page.keyboard.press("ControlOrMeta+A")
    page.keyboard.type("Keys Only")
    page.keyboard.press("Tab")
    assert page.evaluate(focused) == "body"
    page.keyboard.type("one line")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("and another")
    page.keyboard.press("Enter")

    heard = message(listener, "one line")
    expect(heard.locator(".text")).to_have_text("one line\nand another", use_inner_text=True)
    expect(heard.locator(".who")).to_have_text("Keys Only")
    assert page.evaluate(focused) == "body"  # ready for the next one
    assert page.input_value("#body") == ""


def test_everything_focusable_has_a_name_and_a_visible_focus(open_chat):
    page = open_chat()
    stops = walk_focus(page, 40)
    assert all(stop["name"] and stop["visible"] for stop in stops), stops
    assert {"skip", "room", "scroll", "name", "body", "send", "second", "echo"} <= {stop["key"] for stop in stops}


def test_echo_answers_from_the_side_note(open_chat):
    page = open_chat()
    page.click("#echo")
    expect(page.locator("#echo-result")).to_contain_text("“hello” came back")
