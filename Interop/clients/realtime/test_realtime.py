# Firecrest — realtime 2.34.1, Supabase's client: version 1.0.0, topics `realtime:*`, heartbeats with a null ref
# SPDX-License-Identifier: Apache-2.0
#
# The client throws away every message that lacks one of the four keys; a broadcast must have `ref: null`.

import asyncio

import pytest
from realtime import AsyncRealtimeClient, RealtimeSubscribeStates

SECONDS = 15


@pytest.fixture
def client_of(server):
    return lambda **options: AsyncRealtimeClient(f"ws{server.url.removeprefix('http')}/socket", **options)


def run(scene):
    async def limited():
        async with asyncio.timeout(SECONDS):
            await scene

    asyncio.run(limited())


async def subscribe(client, name, params=None):
    """A channel, and the queue of the states that it is told."""
    states = asyncio.Queue()
    channel = client.channel(name, params)
    await channel.subscribe(lambda state, error: states.put_nowait((state, str(error) if error else None)))
    return channel, states


def test_connect_and_close(client_of):
    async def scene():
        client = client_of(token="key")
        await client.connect()
        assert client.is_connected
        await asyncio.sleep(0.1)  # the first heartbeat, with its null ref, is answered meanwhile
        assert client.is_connected
        await client.close()
        assert not client.is_connected

    run(scene())


def test_a_refused_connect_raises(client_of):
    async def scene():
        with pytest.raises(Exception, match="403"):
            await client_of(params={"reject": "1"}, auto_reconnect=False).connect()

    run(scene())


def test_join(client_of, room):
    async def scene():
        client = client_of()
        channel, states = await subscribe(client, room)
        assert await states.get() == (RealtimeSubscribeStates.SUBSCRIBED, None)
        assert channel.is_joined and channel.topic == f"realtime:{room}"
        await client.close()

    run(scene())


def test_a_refused_join_is_told(client_of, room):
    async def scene():
        client = client_of()
        channel, states = await subscribe(client, room, {"deny": True, "config": {}})
        assert await states.get() == (RealtimeSubscribeStates.CHANNEL_ERROR, '{"reason": "denied"}')
        assert channel.is_errored
        await client.close()

    run(scene())


def test_broadcasts(client_of, room):
    """To all but the sender. The client takes the member `type` away, which it sends itself."""

    async def scene():
        clients = [client_of(), client_of(), client_of()]
        heard = [asyncio.Queue() for _ in clients]
        channels = []
        for client, queue in zip(clients, heard):
            channel, _ = await subscribe(client, room)
            channel.on_broadcast("cursor", queue.put_nowait)
            channels.append(channel)
        for n in (1, 2, 3):
            await channels[0].send_broadcast("cursor", {"n": n, "text": "ü"})
        first = [{"event": "cursor", "payload": {"n": n, "text": "ü"}} for n in (1, 2, 3)]
        last = {"event": "cursor", "payload": {"n": 4}}
        for queue in heard[1:]:
            assert [await queue.get() for _ in range(3)] == first
        await channels[1].send_broadcast("cursor", {"n": 4})
        assert await heard[2].get() == last
        assert await heard[0].get() == last  # and nothing of its own came before it
        for client in clients:
            await client.close()

    run(scene())


def test_leave_and_rejoin(client_of, room):
    """The client calls a channel closed on the reply to its leave, or on phx_close, whichever comes first."""

    async def scene():
        client = client_of()
        channel, states = await subscribe(client, room)
        assert await states.get() == (RealtimeSubscribeStates.SUBSCRIBED, None)
        await channel.unsubscribe()
        assert await states.get() == (RealtimeSubscribeStates.CLOSED, None)
        assert client.get_channels() == []
        await asyncio.sleep(0.2)  # without join_refs, the phx_close of the old join would end the new one
        again, states = await subscribe(client, room)
        assert await states.get() == (RealtimeSubscribeStates.SUBSCRIBED, None)
        assert again is not channel and again.is_joined
        await client.close()

    run(scene())


def test_a_push_and_its_reply(client_of, room):
    """`realtime:*` of the playground replies to no event; the reply that all channels give is the one to a leave."""

    async def scene():
        client = client_of()
        channel, _ = await subscribe(client, room)
        replied = asyncio.Event()
        push = await channel.push("phx_leave", {})
        push.receive("ok", lambda _: replied.set())
        await replied.wait()
        await client.close()

    run(scene())


def test_a_crashed_channel_is_told_and_joined_again(client_of, room):
    """An event that the channel does not know crashes it; the client joins again after a second."""

    async def scene():
        client = client_of()
        channel, states = await subscribe(client, room)
        assert await states.get() == (RealtimeSubscribeStates.SUBSCRIBED, None)
        await channel.push("no such event", {})
        assert await states.get() == (RealtimeSubscribeStates.CHANNEL_ERROR, '{"reason": "channel_crash"}')
        assert await states.get() == (RealtimeSubscribeStates.SUBSCRIBED, None)
        assert channel.is_joined
        await client.close()

    run(scene())


def test_a_server_that_comes_back_is_found(own_server, room):
    async def scene():
        url = f"ws{own_server.url.removeprefix('http')}/socket"
        client = AsyncRealtimeClient(url, initial_backoff=0.1, max_retries=20)
        channel, states = await subscribe(client, room)
        assert await states.get() == (RealtimeSubscribeStates.SUBSCRIBED, None)
        own_server.kill()
        assert (await states.get())[0] == RealtimeSubscribeStates.CHANNEL_ERROR
        own_server.start()
        assert await states.get() == (RealtimeSubscribeStates.SUBSCRIBED, None)
        assert channel.is_joined
        await client.close()

    run(scene())
