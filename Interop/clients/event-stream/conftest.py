# Firecrest — what both readers of a stream need: its address, and somebody who speaks
# SPDX-License-Identifier: Apache-2.0

import json

import pytest
from websockets.sync.client import connect


@pytest.fixture
def topic(room):
    return f"room:{room}"


@pytest.fixture
def stream_url(server, topic):
    return f"{server.url}/socket/sse?topic={topic}"


@pytest.fixture
def push(server, topic):
    """Pushes to the topic, over a WebSocket that has joined it; bytes go as a binary frame."""
    # What it hears itself is not read, and must not fill a queue, or its close would wait for ten seconds.
    with connect(f"ws{server.url.removeprefix('http')}/socket/websocket?vsn=2.0.0", max_queue=None) as socket:
        socket.send(json.dumps(["1", "1", topic, "phx_join", {}]))
        assert json.loads(socket.recv(timeout=5))[4]["status"] == "ok"

        def push(event, payload):
            if isinstance(payload, bytes):
                fields = [field.encode() for field in ("1", "2", topic, event)]
                socket.send(bytes([0, *map(len, fields)]) + b"".join(fields) + payload)
            else:
                socket.send(json.dumps(["1", "2", topic, event, payload]))

        yield push
