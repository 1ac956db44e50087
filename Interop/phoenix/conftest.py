# Firecrest — phoenix.js in both environments, for tests that say what they expect of it once
# SPDX-License-Identifier: Apache-2.0

import pytest

from environments import Chromium, Node

@pytest.fixture
def transport():
    """Name of the transport that the sockets of a test's scripts have."""
    return "websocket"


@pytest.fixture(params=["node", "chromium"])
def start(request, room, transport):
    """Starts phoenix.js for a server; its `run` runs the body of an async function, and returns what that returns."""
    running = []

    def start(server):
        if request.param == "node":
            client = Node(server, f"room:{room}", transport)
        else:
            client = Chromium(server, f"room:{room}", transport, request.getfixturevalue("browser"))
        running.append(client)
        return client

    yield start
    for client in running:
        client.close()


@pytest.fixture
def client(start, server):
    return start(server)


@pytest.fixture
def run(client):
    return client.run
