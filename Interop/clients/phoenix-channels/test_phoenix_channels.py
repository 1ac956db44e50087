# Firecrest — phoenix-channels-python-client 0.4.1, in both versions of the protocol
# SPDX-License-Identifier: Apache-2.0
#
# The client joins, listens, leaves, keeps the connection and comes back; of pushing it has only the parts, which `push`
# below puts together. In version 2.0.0 it drops every message whose join_ref is not that of its join, and so what has a
# null join_ref by the protocol: all broadcasts, and the answer "unmatched topic" to a join. Only version 1.0.0 hears them.

import asyncio
import itertools

import pytest
from phoenix_channels_python_client import PhoenixChannelsProtocolVersion, PHXChannelsClient, ReconnectPolicy
from phoenix_channels_python_client.exceptions import PHXConnectionError, PHXTopicError
from phoenix_channels_python_client.utils import make_message

V1, V2 = PhoenixChannelsProtocolVersion.V1, PhoenixChannelsProtocolVersion.V2
AT_ONCE = ReconnectPolicy(
    base_delay_s=0.05, max_delay_s=0.1, rapid_first_min_delay_s=0, rapid_second_min_delay_s=0,
    service_restart_min_delay_s=0, service_restart_max_delay_s=0.1,
)
SECONDS = 15
refs = itertools.count(10_000)


@pytest.fixture(params=[V1, V2], ids=["v1", "v2"])
def version(request):
    return request.param


@pytest.fixture
def client_of(server):
    def client_of(version, query="", **options):
        url = f"ws{server.url.removeprefix('http')}/socket/websocket{query}"
        return PHXChannelsClient(url, "key", protocol_version=version, reconnect_policy=AT_ONCE, **options)

    return client_of


def run(scene):
    async def limited():
        async with asyncio.timeout(SECONDS):
            await scene

    asyncio.run(limited())


async def push(client, topic, event, payload):
    ref = str(next(refs))
    subscription = client.get_current_subscriptions()[topic]
    message = make_message(event, topic, ref, payload, subscription.join_ref)
    await client.get_protocol_handler().send_message(client.connection, message)
    return ref


async def subscribe(client, topic):
    """Joins; what arrives afterwards is put into the queue that is returned."""
    heard = asyncio.Queue()
    await client.subscribe_to_topic(topic, heard.put)
    return heard


async def replied(heard, ref):
    while True:
        message = await heard.get()
        if str(message.event) == "phx_reply" and message.ref == ref:
            return message.payload


def test_a_refused_connect_raises(client_of, version):
    async def scene():
        with pytest.raises(PHXConnectionError):
            async with client_of(version, "?reject=1", auto_reconnect=False):
                pass

    run(scene())


def test_join(client_of, version, room):
    async def scene():
        async with client_of(version) as client:
            await subscribe(client, f"room:{room}")
            assert client.is_topic_joined(f"room:{room}")

    run(scene())


def test_a_refused_join_raises(client_of):
    """Only "unmatched topic" can refuse it, for it cannot send params; see above for version 2.0.0."""

    async def scene():
        async with client_of(V1) as client:
            with pytest.raises(PHXTopicError, match="unmatched topic"):
                await client.subscribe_to_topic("nowhere:1")

    run(scene())


def test_pushes_and_replies(client_of, version, room):
    async def scene():
        topic = f"room:{room}"
        async with client_of(version) as client:
            heard = await subscribe(client, topic)
            ref = await push(client, topic, "echo", {"a": [1, 2.5, None, "ü"]})
            assert await replied(heard, ref) == {"status": "ok", "response": {"a": [1, 2.5, None, "ü"]}}
            ref = await push(client, topic, "fail", {"reason": "no"})
            assert await replied(heard, ref) == {"status": "error", "response": {"reason": "no"}}

    run(scene())


def test_server_pushes(client_of, version, room):
    async def scene():
        topic = f"room:{room}"
        async with client_of(version) as client:
            heard = await subscribe(client, topic)
            await push(client, topic, "push_me", {"n": 1})
            message = await heard.get()
            assert (message.event, message.payload, message.ref) == ("pushed", {"n": 1}, None)

    run(scene())


@pytest.mark.parametrize("sender", [V1, V2], ids=["from_v1", "from_v2"])
def test_broadcasts(client_of, room, sender):
    """Heard in version 1.0.0, whichever version they are sent from; see above for 2.0.0."""

    async def scene():
        topic = f"room:{room}"
        async with client_of(sender) as one, client_of(V1) as two:
            await subscribe(one, topic)
            heard = await subscribe(two, topic)
            await push(one, topic, "shout", {"n": 1})
            await push(one, topic, "shout_from", {"n": 2})
            messages = [await heard.get(), await heard.get()]
            assert [(message.event, message.payload) for message in messages] == [("shout", {"n": 1}), ("shout", {"n": 2})]

    run(scene())


def test_heartbeats_are_answered(client_of, version):
    async def scene():
        answered = asyncio.Queue()
        # The client gives the connection up when heartbeats stay unanswered for a second.
        options = {"heartbeat_interval_s": 0.1, "heartbeat_dead_threshold_s": 1.0}
        async with client_of(version, on_heartbeat_ack=lambda: answered.put_nowait(None), **options) as client:
            connection = client.connection
            for _ in range(3):
                await answered.get()
            assert client.connection is connection

    run(scene())


def test_leave_and_rejoin(client_of, version, room):
    async def scene():
        topic = f"room:{room}"
        async with client_of(version) as client:
            await subscribe(client, topic)
            await client.unsubscribe_from_topic(topic)
            assert client.get_current_subscriptions() == {}
            if version == V1:
                await asyncio.sleep(0.2)  # without join_refs, the phx_close of the old join would end the new one
            heard = await subscribe(client, topic)
            assert (await replied(heard, await push(client, topic, "ping", {})))["status"] == "ok"

    run(scene())


def test_a_crashed_channel_is_joined_again(client_of, version, room):
    async def scene():
        topic = f"room:{room}"
        async with client_of(version) as client:
            heard = await subscribe(client, topic)
            connection = client.connection
            await push(client, topic, "crash", {})
            while client.is_topic_joined(topic):
                await asyncio.sleep(0.01)
            while not client.is_topic_joined(topic):
                await asyncio.sleep(0.01)
            assert client.connection is connection
            assert (await replied(heard, await push(client, topic, "ping", {})))["status"] == "ok"

    run(scene())


def test_a_channel_that_the_server_closes_is_lost(client_of, version, room):
    async def scene():
        topic, lost = f"room:{room}", asyncio.Queue()

        async def on_topic_lost(name, error):
            await lost.put(name)

        async with client_of(version, on_topic_lost=on_topic_lost) as client:
            await subscribe(client, topic)
            await push(client, topic, "stop", {})
            assert await lost.get() == topic

    run(scene())


@pytest.mark.parametrize("event", ["close_me", "kill_me"])
def test_a_lost_connection_comes_back_and_its_topics_are_joined_again(client_of, version, room, event):
    async def scene():
        topic, back = f"room:{room}", asyncio.Queue()

        async def on_reconnect():
            await back.put(None)

        async with client_of(version, on_reconnect=on_reconnect) as client:
            heard = await subscribe(client, topic)
            await push(client, topic, event, {})
            await back.get()
            while not client.is_topic_joined(topic):
                await asyncio.sleep(0.01)
            assert (await replied(heard, await push(client, topic, "ping", {})))["status"] == "ok"

    run(scene())
