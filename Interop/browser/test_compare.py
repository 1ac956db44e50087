# Firecrest — the tab that compares the four ways, and the WebSocket opened up
# SPDX-License-Identifier: Apache-2.0

import base64
import hashlib
import re

from playwright.sync_api import expect

WAYS = ["short_poll", "long_poll", "sse", "websocket"]
ROWS = ["Requests", "Bytes up", "Bytes down", "Bytes a message", "of them overhead", "Latency, median", "Latency, p99", "Server CPU a message"]
GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def accept(key):
    return base64.b64encode(hashlib.sha1((key + GUID).encode()).digest()).decode()


def figure(page, way, row):
    """The first number of a row of a way's column; None when there is none yet."""
    text = page.locator(f'.way[data-way="{way}"] dl div', has_text=row).first.locator("dd").text_content()
    found = re.search(r"[\d,]+(\.\d+)?", text)
    return float(found.group().replace(",", "")) if found else None


def open_websocket(page):
    page.locator("#opened > summary").click()
    expect(page.locator("#accept-base64")).not_to_be_empty()


def test_a_comparison_runs_and_shows_what_each_way_costs(open_chat):
    page, other = open_chat(tab="compare"), open_chat(tab="compare")
    expect(page.locator("#compare-clients")).to_have_value("4")
    page.fill("#compare-rate", "20")
    page.fill("#compare-clients", "2")
    page.fill("#compare-poll", "200")
    page.press("#compare-poll", "Enter")
    expect(page.locator("#compare-progress")).to_contain_text("Running", timeout=20_000)
    for way in WAYS:
        row = page.locator(f'.way[data-way="{way}"] dl div', has_text="Messages received").locator("dd")
        expect(row).to_have_text(re.compile(r"^\d{2,}$"), timeout=20_000)
        for name in ROWS:
            assert figure(page, way, name) is not None, (way, name)
        expect(page.locator(f'.way[data-way="{way}"] .why')).to_contain_text(re.compile(r"\d"))
        assert figure(page, way, "Connections open") >= 2
    assert figure(page, "websocket", "Connections open") == 2
    assert figure(page, "websocket", "Requests") == 2  # the handshakes
    costs = {way: figure(page, way, "Bytes a message") for way in WAYS}
    assert costs["websocket"] < costs["long_poll"] and costs["websocket"] < costs["short_poll"]
    assert figure(page, "short_poll", "Latency, median") > figure(page, "websocket", "Latency, median")

    expect(other.locator("#compare-start")).to_have_text("Stop")  # all who look see the same run
    page.fill("#compare-rate", "50")
    page.press("#compare-rate", "Tab")  # changes what runs
    page.locator("#compare-start").press("Enter")
    expect(other.locator("#compare-progress")).to_contain_text("Done", timeout=20_000)
    expect(page.locator("#compare-start")).to_have_text("Compare")
    expect(page.locator("#compare-line")).to_be_empty()
    assert page.errors == other.errors == []


def test_both_directions_are_drawn_byte_by_byte(open_chat):
    page = open_chat(tab="compare")
    open_websocket(page)
    expect(page.locator("#duplex figure")).to_have_count(3, timeout=20_000)
    drawing = page.get_by_role("img", name=re.compile(r"^WebSocket: when each byte went\. 16 messages up, 16 down"))
    assert drawing.locator("rect.up").count() >= 1 and drawing.locator("rect.down").count() >= 1
    expect(drawing).to_have_accessible_name(re.compile("0 HTTP requests"))
    assert page.errors == []


def test_the_accept_key_is_computed_before_the_reader(open_chat):
    page = open_chat(tab="compare")
    open_websocket(page)
    request = page.locator("#heads dl").first
    expect(request).to_contain_text("GET /socket/websocket?vsn=2.0.0 HTTP/1.1")
    key = page.input_value("#accept-key")
    expect(request).to_contain_text(f"Sec-WebSocket-Key: {key}")
    expect(page.locator("#heads dl").last).to_contain_text(f"sec-websocket-accept: {accept(key)}")
    expect(page.locator("#accept-sha1")).to_have_text(hashlib.sha1((key + GUID).encode()).digest().hex(" "))
    expect(page.locator("#accept-base64")).to_have_text(accept(key))
    expect(page.locator("#accept-who")).to_contain_text("your browser")
    expect(page.locator("#accept-verdict")).to_contain_text("The same as the server sent")

    page.fill("#accept-key", "dGhlIHNhbXBsZSBub25jZQ==")  # the example of RFC 6455 §1.3
    expect(page.locator("#accept-base64")).to_have_text("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
    expect(page.locator("#accept-verdict")).to_contain_text("Another key")
    assert page.errors == []


def test_where_browsers_do_not_lend_sha1_the_server_says_what_it_computed(open_chat):
    page = open_chat(wait=False)
    page.add_init_script("Object.defineProperty(crypto, 'subtle', {value: undefined})")
    page.goto(page.url.replace("/#", "/?tab=compare#"))
    open_websocket(page)
    expect(page.locator("#accept-base64")).to_have_text(accept(page.input_value("#accept-key")))
    expect(page.locator("#accept-who")).to_contain_text("by the server")
    expect(page.locator("#accept-key")).not_to_be_editable()
    assert page.errors == []


def test_frames_are_shown_bit_by_bit(open_chat):
    page = open_chat(tab="compare")
    open_websocket(page)
    join, reply = page.locator("#frames details").first, page.locator("#frames details").nth(1)
    expect(join.locator("summary")).to_contain_text(re.compile(r"client → server: text, 6 bytes of header \+ \d+ of payload"))
    bits = [part.inner_text().split("\n")[:2] for part in join.locator(".bits li").all()]
    assert bits[:6] == [["FIN", "1"], ["RSV1", "0"], ["RSV2", "0"], ["RSV3", "0"], ["opcode", "0001"], ["MASK", "1"]]
    payload = join.locator(".payload").inner_text()
    assert bits[6] == ["length", f"{len(payload.encode()):07b}"]
    assert '"phx_join"' in payload
    expect(reply.locator("summary")).to_contain_text("server → client: text, 2 bytes of header")
    assert ["MASK", "0"] in [part.inner_text().split("\n")[:2] for part in reply.locator(".bits li").all()]
