# Firecrest — the tab that compares the four ways, and the WebSocket opened up
# SPDX-License-Identifier: Apache-2.0

import base64
import hashlib
import re

from playwright.sync_api import expect

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def accept(key):
    return base64.b64encode(hashlib.sha1((key + GUID).encode()).digest()).decode()


def open_websocket(page):
    page.locator("#opened > summary").click()
    expect(page.locator("#accept-base64")).not_to_be_empty()


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
