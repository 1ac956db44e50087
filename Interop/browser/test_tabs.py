# Firecrest — the tabs of the demo page: what each does, in real browsers, against the real server
# SPDX-License-Identifier: Apache-2.0

import pathlib
import re
import subprocess
import uuid

import pytest
from playwright.sync_api import expect

SOURCES = pathlib.Path(__file__).resolve().parents[2] / "Sources" / "FirecrestCLI"
TABS = ["chat", "ticker", "desk", "dots", "figures", "notify", "compare"]


def until(page, check, what, seconds=10):
    """What `check` returns, once it is true."""
    for _ in range(seconds * 20):
        value = check()
        if value:
            return value
        page.wait_for_timeout(50)
    raise AssertionError(f"not within {seconds} s: {what}")


def number(page, selector):
    """The first number of a text; None when there is none yet."""
    found = re.search(r"-?[\d,]+(\.\d+)?", page.locator(selector).text_content())
    return float(found.group().replace(",", "")) if found else None


# The tabs themselves


def test_tabs_by_arrow_keys_by_address_and_back(open_chat):
    page = open_chat()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    focused = "document.activeElement.id"
    assert page.evaluate(focused) == "tab-chat"
    for name in TABS[1:]:
        page.keyboard.press("ArrowRight")
        assert page.evaluate(focused) == f"tab-{name}"
        expect(page.locator(f"#panel-{name}")).to_be_visible()
        expect(page.get_by_role("tabpanel")).to_have_count(1)
        expect(page.get_by_role("tab", selected=True)).to_have_id(f"tab-{name}")
    page.keyboard.press("ArrowRight")  # around
    assert page.evaluate(focused) == "tab-chat"
    page.keyboard.press("End")
    expect(page.locator("#panel-compare")).to_be_visible()
    assert "tab=compare" in page.url
    page.keyboard.press("Home")
    expect(page.locator("#panel-chat")).to_be_visible()
    assert "tab=" not in page.url
    page.go_back()
    expect(page.locator("#panel-compare")).to_be_visible()
    page.reload()
    expect(page.locator("#panel-compare")).to_be_visible()
    expect(page).to_have_title("Compare · Firecrest")
    # From the tab the keyboard goes into its panel, and past the other tabs.
    page.locator("#tab-compare").focus()
    page.keyboard.press("Tab")
    assert page.evaluate(focused) == "panel-compare"
    assert page.errors == []


@pytest.mark.parametrize("tab, path", [
    ("chat", "Demo/Channels/PlaygroundChannel.swift"), ("ticker", "Demo/Channels/TickerChannel.swift"),
    ("desk", "Demo/Channels/DeskChannel.swift"), ("dots", "Demo/Channels/DotsChannel.swift"),
    ("figures", "Demo/Channels/FiguresChannel.swift"), ("notify", "Demo/Channels/UserChannel.swift"),
    ("compare", "Compare/Page/CompareChannel.swift"),
])
def test_each_tab_shows_the_swift_that_serves_it(open_chat, tab, path):
    page = open_chat(tab=tab)
    details = page.locator(f"#panel-{tab} details.source")
    details.locator("summary").click()
    expect(details.locator("code")).not_to_be_empty()
    assert details.locator("code").text_content() == (SOURCES / path).read_text()
    assert page.errors == []


def test_all_tabs_come_back_after_a_restart(open_chat, server):
    if not server.owned:
        pytest.skip("the server was not started here (FIRECREST_URL), so it is not stopped here")
    ticker, desk, dots, figures = (open_chat(tab=tab) for tab in ("ticker", "desk", "dots", "figures"))
    expect(desk.locator(".cursor")).to_have_count(1)
    server.stop()
    try:
        expect(ticker.locator("#ticker-line")).to_contain_text("Not connected")
    finally:
        server.start()
    for page in (ticker, desk, dots, figures):
        page.evaluate("document.querySelector('#retry').click()")
        expect(page.locator("#status")).to_have_attribute("data-state", "open", timeout=20_000)
        expect(page.locator("[role=tabpanel]:visible > .state")).to_be_hidden()
    prices = ticker.locator("#prices").text_content()
    until(ticker, lambda: ticker.locator("#prices").text_content() != prices, "prices move again")
    expect(desk.locator(".cursor")).to_have_count(1)
    desk.get_by_label("Line 1").fill("back")
    expect(desk.locator("#desk-down")).to_contain_text("lines")
    place = dots.locator("#field").get_attribute("data-at")
    dots.locator("#field").press("ArrowDown", delay=300)
    until(dots, lambda: dots.locator("#field").get_attribute("data-at") != place, "the dot moves again")
    until(figures, lambda: len(figures.locator(".chart polyline").first.get_attribute("points") or "") > 10, "figures again")


# Ticker


def test_the_ticker_sends_a_slow_reader_less_and_the_newest(open_chat):
    page = open_chat(tab="ticker")
    expect(page.locator("#prices li")).to_have_count(200)
    expect(page.locator("#ticker-merged")).to_have_text("1 update")
    until(page, lambda: number(page, "#ticker-read") > 10, "reading about as fast as the server writes")

    page.locator("#ticker-rate").focus()
    for _ in range(3):
        page.keyboard.press("ArrowLeft")
    expect(page.locator("#ticker-rate")).to_have_attribute("aria-valuetext", "2 a second")
    expect(page.locator("#ticker-why")).to_contain_text("2 of 20")
    until(page, lambda: number(page, "#ticker-merged") >= 5, "several updates merged in one")
    assert number(page, "#ticker-size") > 25  # more prices than one update has
    until(page, lambda: 0 < number(page, "#ticker-read") < 3, "two readings a second")
    until(page, lambda: number(page, "#ticker-made") > 10, "the server goes on at its own pace")
    assert number(page, "#ticker-left-out") > 0
    before = page.locator("#prices").text_content()
    until(page, lambda: page.locator("#prices").text_content() != before, "prices move")
    assert page.errors == []


def test_who_does_not_pace_the_ticker_gets_every_update(run_js):
    updates = run_js("""
      const socket = await connected()
      const channel = socket.channel("ticker:all")
      const heard = []
      channel.on("prices", prices => heard.push([prices.update, prices.merged, Object.keys(prices.prices).length]))
      const {response} = await outcome(channel.join())
      await until(() => heard.length === 10)
      return [response.update, Object.keys(response.prices).length, heard]
    """)
    first, symbols, heard = updates
    assert symbols == 200
    assert [update for update, _, _ in heard] == list(range(first + 1, first + 11))
    assert all(merged == 1 and 0 < size <= 20 for _, merged, size in heard)


def test_a_paced_client_that_never_reads_gets_one_update(run_js):
    heard = run_js("""
      const socket = await connected()
      const channel = socket.channel("ticker:all", {paced: true})
      const heard = []
      channel.on("prices", prices => heard.push(prices.merged))
      await outcome(channel.join())
      await until(() => heard.length === 1)
      await sleep(500)
      const before = heard.length
      channel.push("read")
      await until(() => heard.length === 2)
      return [before, heard[1]]
    """)
    assert heard[0] == 1 and heard[1] >= 5


# Desk


def test_cursors_and_text_are_shared_and_go_with_their_client(open_chat):
    marta, ilse = open_chat(tab="desk"), open_chat(tab="desk")
    for page in (marta, ilse):
        expect(page.locator(".cursor")).to_have_count(2)
    expect(ilse.locator("#desk-people")).to_contain_text("2 at the desk")

    box = marta.locator("#desk").bounding_box()
    marta.mouse.move(box["x"] + box["width"] / 4, box["y"] + box["height"] / 2)
    theirs = ilse.locator(".cursor", has_not_text="(you)")
    until(ilse, lambda: abs(theirs.evaluate("node => parseFloat(node.style.left)") - 25) < 2, "her cursor at a quarter")
    assert abs(theirs.evaluate("node => parseFloat(node.style.top)") - 50) < 3
    expect(marta.locator("#desk-up")).to_contain_text("move, 4 bytes")
    expect(ilse.locator("#desk-down")).to_contain_text("cursors")

    line = f"zaunkönig 🐦 {uuid.uuid4().hex[:6]}"
    marta.get_by_label("Line 3").fill(line)
    expect(ilse.get_by_label("Line 3")).to_have_value(line)
    late = open_chat(tab="desk")
    expect(late.get_by_label("Line 3")).to_have_value(line)
    late.close()

    marta.locator("#tab-chat").click()  # leaves the desk
    expect(ilse.locator(".cursor")).to_have_count(1)
    expect(ilse.locator("#desk-people")).to_contain_text("alone")
    marta.locator("#tab-desk").click()
    expect(ilse.locator(".cursor")).to_have_count(2)
    marta.close()
    expect(ilse.locator(".cursor")).to_have_count(1)
    assert ilse.errors == []


def test_the_desk_by_keyboard_alone(open_chat):
    listener, page = open_chat(tab="desk"), open_chat(tab="desk")
    page.locator("#tab-desk").focus()
    focused = "document.activeElement.ariaLabel || document.activeElement.id"
    for expected in ["panel-desk", *(f"Line {line}" for line in range(1, 9)), "desk-hand"]:
        page.keyboard.press("Tab")
        assert page.evaluate(focused) == expected
        if expected == "Line 8":
            page.keyboard.press("ControlOrMeta+A")
            # As fast as a person: answers come between the letters, and must not take any of them away.
            page.keyboard.type("by keys alone", delay=60)
            expect(page.get_by_label("Line 8")).to_have_value("by keys alone")
    expect(listener.get_by_label("Line 8")).to_have_value("by keys alone")
    mine = listener.locator(".cursor", has_not_text="(you)")
    expect(mine).to_have_count(1)
    for _ in range(10):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowUp")
    until(listener, lambda: abs(mine.evaluate("node => parseFloat(node.style.left)") - 75) < 1, "ten steps to the right")
    until(listener, lambda: abs(mine.evaluate("node => parseFloat(node.style.top)") - 45) < 1, "one step up")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#panel-desk details.source code")).to_contain_text("final class DeskChannel")


def test_two_who_write_the_same_line_end_with_the_same_text(open_chat):
    pages = [open_chat(tab="desk"), open_chat(tab="desk")]
    for page in pages:
        expect(page.locator(".cursor")).to_have_count(2)
    for n in range(10):
        for page, who in zip(pages, "ab"):
            page.get_by_label("Line 5").press_sequentially(f"{who}{n}")
    one, other = (page.get_by_label("Line 5") for page in pages)
    until(pages[0], lambda: one.input_value() == other.input_value(), "the same text at both")
    pages[0].wait_for_timeout(300)  # and no late message parts them again
    assert one.input_value() == other.input_value() != ""
    one.fill("")
    expect(other).to_have_value("")


def test_bad_bytes_on_the_desk_are_refused_and_harm_nobody(run_js):
    statuses = run_js("""
      const channel = await joined(await connected(), "desk:shared", {name: "x".repeat(5000)})
      const text = new TextEncoder()
      const tries = [
        ["move", new ArrayBuffer(0)], ["move", new ArrayBuffer(5)], ["move", {x: 1}],
        ["write", new ArrayBuffer(0)], ["write", Uint8Array.of(8, 65).buffer], ["write", Uint8Array.of(0, 255).buffer],
        ["write", Uint8Array.of(0, 10).buffer], ["write", Uint8Array.of(0, ...text.encode("x".repeat(121))).buffer], ["write", {}],
      ]
      const statuses = []
      for (const [event, payload] of tries) statuses.push((await outcome(channel.push(event, payload))).status)
      const good = await outcome(channel.push("write", Uint8Array.of(7, ...text.encode("")).buffer))
      return [statuses, good.status, good.response.byteLength]
    """)
    assert statuses == [["error"] * 9, "ok", 4]


# Dots


def test_a_dot_goes_where_its_player_steers_and_everybody_sees_it(open_chat, blank):
    page = open_chat(tab="dots")
    expect(page.locator("#field")).to_have_attribute("data-at", re.compile(r"\d+,\d+"))
    # Another player, who looks at the bytes.
    blank.evaluate("""async () => {
      const {Socket} = await import("/firecrest.js")
      const socket = new Socket("/socket"); socket.connect()
      const channel = socket.channel("game:dots")
      globalThis.frames30 = []
      channel.on("frame", buffer => {
        const view = new DataView(buffer), dots = {}
        for (let at = 8; at < view.byteLength; at += 6) dots[view.getUint8(at)] = [view.getUint16(at + 1), view.getUint16(at + 3)]
        frames30.push({tick: view.getUint32(0), dots})
      })
      globalThis.me30 = await new Promise(done => channel.join().receive("ok", reply => done(reply.dot)))
    }""")
    until(blank, lambda: blank.evaluate("frames30.length > 3"), "frames")
    expect(page.locator("#dots-bytes")).to_have_text("20 bytes for 2 dots")

    def place():
        return [int(part) for part in page.locator("#field").get_attribute("data-at").split(",")]

    def rest():
        """Where the dot stays: it stops when it is let go."""
        looks = [None]

        def is_still():
            looks.append(place())
            return len(looks) > 4 and looks[-1] == looks[-2] == looks[-3]

        until(page, is_still, "the dot comes to rest")
        return looks[-1]

    page.locator("#field").focus()
    key, axis, sign = ("ArrowRight", 0, 1) if place()[0] < 800 else ("ArrowLeft", 0, -1)
    start = place()
    page.keyboard.down(key)
    until(page, lambda: sign * (place()[axis] - start[axis]) > 100, "the dot follows the key")
    page.keyboard.up(key)
    assert abs(rest()[1] - start[1]) < 2

    box = page.locator("#field").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    until(page, lambda: abs(place()[0] - 800) < 120 and abs(place()[1] - 500) < 120, "the dot goes to the pointer")
    page.mouse.up()
    at = rest()
    last, count = blank.evaluate("[frames30.at(-1), frames30.length]")
    others = [tuple(dot) for number, dot in last["dots"].items() if int(number) != blank.evaluate("me30")]
    assert others == [tuple(at)]
    first = blank.evaluate("frames30[0]")
    assert count == last["tick"] - first["tick"] + 1  # none was lost
    assert number(page, "#dots-rate") > 15
    page.close()
    until(blank, lambda: len(blank.evaluate("Object.keys(frames30.at(-1).dots)")) == 1, "the dot is gone with its client")


# The server's figures


def test_the_figures_of_the_server_move(open_chat):
    page = open_chat(tab="figures")
    expect(page.locator("#figures-minute tr", has_text="Connections").locator("td").first).to_have_text(re.compile(r"\d+"))
    page.locator("#panel-figures details.more summary").click()
    # Not connections: browsers keep some of their own.
    row = page.locator("#figures-all tr", has_text="websockets open").locator("td").first
    expect(row).to_have_text(re.compile(r"\d+"))
    before = int(row.text_content())
    others = [open_chat(), open_chat()]
    expect(row).to_have_text(str(before + 2))
    for other in others:
        other.close()
    expect(row).to_have_text(str(before))
    memory = page.locator("#figures-minute tr", has_text="Memory").locator("td").first
    expect(memory).to_have_text(re.compile(r"\d.* MiB"))
    expect(page.locator("#figures-minute tr", has_text="CPU").locator("td").first).to_have_text(re.compile(r"[\d.]+ %"))
    assert page.locator("#figures-loops tr").count() >= 1
    assert len(page.locator(".chart polyline").first.get_attribute("points").split()) >= 2
    counters = page.locator("#figures-all tr", has_text="frames sent").locator("td").first
    seen = counters.text_content()
    expect(counters).not_to_have_text(seen)
    expect(page.locator("#figures-all tr", has_text="frames sent")).to_contain_text("WebSocket frames sent.")
    assert page.errors == []


# Notifications


def curl(*arguments):
    run = subprocess.run(
        ["curl", "-sS", "--max-time", "10", "-w", "\n%{http_code}", *arguments], capture_output=True, text=True, check=True)
    body, _, status = run.stdout.rpartition("\n")
    return int(status), body


def listen(page, user):
    page.fill("#notify-user", user)
    page.press("#notify-user", "Enter")
    expect(page.locator("#notify-line")).to_have_text(f"Listening as {user}.")


def test_curl_reaches_one_user_and_nobody_else(open_chat, server):
    name = f"ada-{uuid.uuid4().hex[:6]}"
    ada, ada_again, ben = (open_chat(tab="notify") for _ in range(3))
    for page, user in ((ada, name), (ada_again, name), (ben, f"{name}-2")):
        listen(page, user)
    line = ada.locator("#notify-curl").text_content()
    assert line == f'curl -d "Tea is ready" {server.url}/notify/{name}'

    status, body = curl("-d", "Tea is ready", f"{server.url}/notify/{name}")
    assert (status, body) == (200, f"Sent to 2 connections of {name}.\n")
    for page in (ada, ada_again):
        expect(page.locator("#notices li .text")).to_have_text(["Tea is ready"])
    evil = "<img src=x onerror=alert(1)> ü 🐦"
    ada_again.close()
    until(ben, lambda: curl("-d", evil, f"{server.url}/notify/{name}")[1].startswith("Sent to 1 connection of"), "one left")
    expect(ada.locator("#notices li .text").first).to_have_text(evil)
    expect(ben.locator("#notices li")).to_have_count(0)

    ada.locator("#tab-chat").click()  # listens on
    assert curl("-d", "more", f"{server.url}/notify/{name}")[0] == 200
    expect(ada.locator("#tab-notify")).to_have_accessible_name("Notify, 1 new")
    ada.locator("#tab-notify").click()
    expect(ada.locator("#tab-notify")).to_have_accessible_name("Notify")

    ben.fill("#notify-to", name)
    ben.fill("#notify-text", "from the page")
    ben.press("#notify-text", "Enter")
    expect(ben.locator("#notify-answer")).to_have_text(f"200: Sent to 1 connection of {name}.")
    expect(ada.locator("#notices li .text").first).to_have_text("from the page")
    assert ada.errors == ben.errors == []


def test_the_notification_route_says_what_is_wrong(server):
    nobody = f"{server.url}/notify/nobody-{uuid.uuid4().hex[:6]}"
    assert curl("-d", "x", nobody)[0] == 404
    assert curl("-d", "x", f"{server.url}/notify/Not%20a%20name") == (
        400, "A user's name has 1 to 32 characters: a to z, 0 to 9 and -.\n")
    assert curl("-d", "", nobody) == (400, "There is no text: it is the body of the request.\n")
    assert curl("-d", "x" * 1_001, nobody) == (413, "A notification has at most 1000 bytes.\n")
    assert curl("--data-binary", "@/bin/true", nobody)[0] in (400, 413)
    assert curl("-d", "x", "-H", "Origin: https://elsewhere.example", nobody) == (
        403, "Pages of other servers may not notify anybody here.\n")
