# Firecrest — a client of the demo's rooms, in terms or in JSON, that lets the tests see every byte
# SPDX-License-Identifier: Apache-2.0

import json
import struct

from websockets.sync.client import connect


def binary(data):
    """A term: bytes, or text in UTF-8 (tag 109)."""
    return b"m" + struct.pack(">I", len(data)) + data


def text(word):
    return binary(word.encode())


NIL = b"s\x03nil"


def term_list(parts):
    return b"l" + struct.pack(">I", len(parts)) + b"".join(parts) + b"j" if parts else b"j"


def term_map(pairs):
    return b"t" + struct.pack(">I", len(pairs)) + b"".join(key + value for key, value in pairs)


class Client:
    """Joined to one room. What it sends is written by hand, so that a term goes out as whoever made it wrote it."""

    def __init__(self, server, room, terms, query=""):
        self.topic = "room:" + room
        self.terms = terms
        base = server.url.replace("http://", "ws://")
        version = query or ("vsn=3.0.0" if terms else "vsn=2.0.0")
        opening = connect(f"{base}/socket/websocket?{version}", max_size=None, compression=None)
        self.socket = opening.__enter__()
        self.send("phx_join", term_map([]) if terms else "{}")
        reply = self.receive()
        assert b"ok" in reply if terms else json.loads(reply)[4]["status"] == "ok", reply

    def send(self, event, payload):
        """`payload` is a term without its version byte, or the text of JSON."""
        if self.terms:
            parts = [text("1"), text("1"), text(self.topic), text(event), payload]
            self.socket.send(b"\x83" + term_list(parts))
        else:
            self.socket.send(f'["1","1","{self.topic}","{event}",{payload}]')

    def receive(self):
        """The next frame: bytes of a term, or the text of JSON."""
        return self.socket.recv(timeout=20)

    def close(self):
        self.socket.close()


def broadcast_term(frame, topic, event):
    """The payload of a broadcast in a frame of terms, as bytes without a version byte."""
    head = b"\x83l\x00\x00\x00\x05" + NIL + NIL + text(topic) + text(event)
    assert frame.startswith(head) and frame.endswith(b"j"), frame[:200]
    return frame[len(head) : -1]
