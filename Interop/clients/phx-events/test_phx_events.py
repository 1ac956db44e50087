# Firecrest — phx-events 0.4.1: no vsn at all, JSON in binary frames, joins with a null ref
# SPDX-License-Identifier: Apache-2.0
#
# The client joins what was registered, hands events to handlers, and ends with an error when a channel ends. It has no
# way to push, to leave or to send heartbeats; what it is to hear is said by `speaker`, a plain client of the websockets
# package that it brings along.

import asyncio
import json

import pytest
import websockets
from phx_events.client import PHXChannelsClient
from phx_events.phx_messages import PHXEvent

SECONDS = 15


@pytest.fixture
def url(server):
    return f"ws{server.url.removeprefix('http')}/socket/websocket"


def run(scene):
    async def limited():
        # What it makes without being told a loop, it makes for that of `get_event_loop`.
        await asyncio.wait_for(scene(), SECONDS)

    asyncio.run(limited())


class Listener:
    """A phx-events client that is at work as long as the block lasts; `heard` are its messages of the events given."""

    def __init__(self, url, topics, events, **options):
        self.client = PHXChannelsClient(url, event_loop=asyncio.get_running_loop(), **options)
        self.heard = asyncio.Queue()
        self.subscribed = [self.client.register_topic_subscription(topic) for topic in topics]

        async def hear(message, client):
            await self.heard.put(message)

        for event in [PHXEvent.reply, *events]:
            self.client.register_event_handler(event, [hear])

    async def __aenter__(self):
        await self.client.__aenter__()
        self.work = asyncio.ensure_future(self.client.start_processing())
        await asyncio.wait([self.work, asyncio.ensure_future(self._joined())], return_when=asyncio.FIRST_COMPLETED)
        if self.work.done():
            await self.work
        return self

    async def _joined(self):
        for subscribed in self.subscribed:
            await subscribed.wait()

    async def __aexit__(self, *error):
        self.work.cancel()
        await asyncio.wait([self.work])
        await self.client.__aexit__(*error)


class Speaker:
    def __init__(self, url, topic):
        self.url, self.topic = url, topic

    async def __aenter__(self):
        self.connection = await websockets.connect(self.url + "?vsn=2.0.0")
        await self.say("phx_join", {})
        await self.connection.recv()
        return self

    async def say(self, event, payload):
        await self.connection.send(json.dumps(["1", "1", self.topic, event, payload]))

    async def __aexit__(self, *error):
        await self.connection.close()


def test_join(url, room):
    async def scene():
        async with Listener(url, [f"room:{room}"], []) as listener:
            reply = await listener.heard.get()
            assert (reply.topic, reply.ref) == (f"room:{room}", None)
            assert reply.payload == {"status": "ok", "response": {"topic": f"room:{room}", "payload": {}}}

    run(scene)


def test_a_token_in_the_params(url, room):
    async def scene():
        async with Listener(url, [f"room:{room}"], [], channel_auth_token="t&ü") as listener:
            assert (await listener.heard.get()).payload["status"] == "ok"

    run(scene)


def test_joins_of_several_topics_and_one_that_is_refused(url, room):
    async def scene():
        topics = [f"room:{room}", f"room:{room}-2", "nowhere:1"]
        async with Listener(url, topics, []) as listener:
            replies = [await listener.heard.get() for _ in topics]
            assert {reply.topic: reply.payload["status"] for reply in replies} == dict(zip(topics, ["ok", "ok", "error"]))

    run(scene)


def test_broadcasts(url, room):
    async def scene():
        topic = f"room:{room}"
        async with Listener(url, [topic], ["shout"]) as listener, Speaker(url, topic) as speaker:
            assert (await listener.heard.get()).event == PHXEvent.reply
            await speaker.say("shout", {"n": 1, "text": "ü"})
            await speaker.say("shout_from", {"n": 2})
            messages = [await listener.heard.get() for _ in range(2)]
            assert [(message.event, message.topic, message.ref, message.payload) for message in messages] == [
                ("shout", topic, None, {"n": 1, "text": "ü"}), ("shout", topic, None, {"n": 2}),
            ]

    run(scene)


def test_a_server_that_restarts_is_told(own_server, room):
    async def scene():
        async with Listener(f"ws{own_server.url.removeprefix('http')}/socket/websocket", [f"room:{room}"], []) as listener:
            await asyncio.get_running_loop().run_in_executor(None, own_server.stop)
            with pytest.raises(websockets.ConnectionClosed) as closed:
                await listener.work
            assert closed.value.code == 1012

    run(scene)
