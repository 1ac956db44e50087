# Firecrest — one Phoenix socket and one request, from an address that the test chooses
# SPDX-License-Identifier: Apache-2.0

import asyncio
import http.client
import json
import ssl
import threading

from websockets.asyncio.client import connect

# One thread reads and writes all sockets. websockets.sync has a thread that reads beside the one that writes, and CPython
# before 3.13 lets both into one connection of OpenSSL at once: where a server's session tickets come while the request goes,
# the request is now and then not sent (1 of some 500 connections through haproxy, 0 of 6,000 with one thread).
loop = asyncio.new_event_loop()
threading.Thread(target=loop.run_forever, daemon=True).start()


def run(coroutine):
    return asyncio.run_coroutine_threadsafe(coroutine, loop).result()


class Socket:
    """A WebSocket for tests that wait for one thing after the other."""

    def __init__(self, connection):
        self.connection = connection

    def send(self, text):
        run(self.connection.send(text))

    def recv(self, timeout):
        return run(asyncio.wait_for(self.connection.recv(), timeout))

    def close(self):
        run(self.connection.close())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def trusting(authority):
    context = ssl.create_default_context(cafile=str(authority.certificate))
    return context


def context_of(place):
    return trusting(place.authority) if place.secure else None


def open_socket(place, source="127.0.0.1", headers=None, params="vsn=2.0.0", **options):
    """A WebSocket to `place`, which has a port, and an authority where it speaks TLS."""
    scheme = "wss" if place.secure else "ws"

    async def opened():
        return await connect(
            f"{scheme}://127.0.0.1:{place.port}/socket/websocket?{params}", ssl=context_of(place), proxy=None,
            additional_headers=headers or {}, local_addr=(source, 0), compression=None, open_timeout=10, **options)

    return Socket(run(opened()))


def ask(socket, topic, event, payload, ref="1"):
    """The response to a push; a join has the same ref as its channel."""
    socket.send(json.dumps(["1", ref, topic, event, payload]))
    while True:
        _, got, _, kind, answer = json.loads(socket.recv(timeout=10))
        if kind == "phx_reply" and got == ref:
            assert answer["status"] == "ok", answer
            return answer["response"]


def get(place, path, source="127.0.0.1", headers=None, connection=None):
    """Status and text of an answer; on `connection` where one is given."""
    link = connection or open_connection(place, source)
    link.request("GET", path, headers=headers or {})
    answer = link.getresponse()
    text = answer.read().decode()
    if connection is None:
        link.close()
    return answer.status, text


def open_connection(place, source="127.0.0.1"):
    kind = http.client.HTTPSConnection if place.secure else http.client.HTTPConnection
    options = {"context": context_of(place)} if place.secure else {}
    return kind("127.0.0.1", place.port, timeout=10, source_address=(source, 0), **options)
