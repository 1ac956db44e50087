# Firecrest — the snippets that every tutorial shows, run as they stand in a page that the server sent
# SPDX-License-Identifier: Apache-2.0

import time
from urllib.parse import urlsplit

BARE = """
const ws = new WebSocket("ws://HOST/socket/websocket");
ws.onopen = () => { ws.send(JSON.stringify([null, "1", "room:lobby", "phx_join", {}])); };
ws.onmessage = (event) => { const [joinRef, ref, topic, eventName, payload] = JSON.parse(event.data); console.log("Event:", eventName, payload); };
"""

CLIENT = """
import {Socket} from "/firecrest.js"                       // or from "phoenix"
const socket = new Socket("/socket", {params: {token: "t"}})
socket.connect()
const channel = socket.channel("room:lobby", {})
channel.join().receive("ok", resp => console.log("Joined!", resp)).receive("error", resp => console.log("Failed:", resp))
channel.push("new_msg", {body: "Hello!"})
channel.on("new_msg", msg => console.log("Got:", msg))
"""


def logged(page, *start, seconds=5):
    """The arguments of the console line that begins so, once it is there."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        for _, _, arguments in page.logged:
            if arguments[:len(start)] == list(start):
                return arguments
        page.wait_for_timeout(20)
    raise AssertionError(f"no line {start} in {page.logged}; errors {page.errors}")


def test_a_bare_websocket_without_vsn_joins_with_an_array(blank, server):
    blank.add_script_tag(content=BARE.replace("HOST", urlsplit(server.url).netloc))
    assert logged(blank, "Event:", "phx_reply")[2] == {
        "status": "ok", "response": {"topic": "room:lobby", "payload": {}},
    }
    assert blank.errors == []


def test_the_client_pushes_right_after_join(blank):
    blank.add_script_tag(content=CLIENT, type="module")
    assert logged(blank, "Joined!")[1] == {"topic": "room:lobby", "payload": {}}
    assert logged(blank, "Got:")[1] == {"body": "Hello!"}
    first = [arguments[0] for _, _, arguments in blank.logged]
    assert first.index("Joined!") < first.index("Got:")
    assert blank.errors == []
