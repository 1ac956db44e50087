# Firecrest — the genuine phoenix.js: connecting, being refused, what reaches the server, heartbeats
# SPDX-License-Identifier: Apache-2.0

import pytest

from environments import over_both_transports


def test_connect(run):
    assert run("""
      const socket = await connected()
      return [socket.connectionState(), socket.endPointURL().endsWith("/socket/websocket?vsn=2.0.0"), wires.length]
    """) == ["open", True, 1]


@pytest.mark.parametrize("transport", ["longpoll"])
def test_connect_by_long_poll(run):
    assert run("""
      const socket = await connected()
      const [wire] = wires
      return [socket.connectionState(), wire.pollEndpoint.endsWith("/socket/longpoll?vsn=2.0.0"), wires.length]
    """) == ["open", True, 1]


@over_both_transports
def test_disconnect(run):
    assert run("""
      const socket = await connected()
      const codes = []
      socket.onClose(event => codes.push(event.code))
      await new Promise(done => socket.disconnect(done, 1000, "bye"))
      await sleep(200)
      return [socket.connectionState(), codes.length, codes[0], wires.length]
    """) in (
        ["closed", 1, 1000, 1],
        ["closed", 1, 1011, 1],  # over long poll phoenix.js takes the end of the request that it aborts for a failure
    )


@pytest.mark.parametrize("transport", ["longpoll"])
def test_a_refused_long_poll_is_tried_again_until_it_is_let_in(run):
    assert run("""
      let reject = "1"
      const codes = [], errors = []
      const socket = new Socket(endPoint, {transport: Spy, params: () => ({reject})})
      socket.onError(error => errors.push(error))
      socket.onClose(({code}) => codes.push(code))
      socket.connect()
      await until(() => wires.length >= 3)
      reject = "0"
      await until(() => socket.isConnected())
      return [errors.length >= 2, ...new Set(errors), ...new Set(codes)]
    """) == [True, 403, 1008]


def test_a_refused_connect_is_tried_again_until_it_is_let_in(client):
    result = client.run("""
      let reject = "1", opened = 0
      const errors = []
      const socket = new Socket(endPoint, {transport: Spy, params: () => ({reject})})
      socket.onError(error => errors.push(error.message ?? ""))
      socket.onOpen(() => { opened += 1 })
      socket.connect()
      await until(() => wires.length >= 3)
      const before = opened
      reject = "0"
      await until(() => socket.isConnected())
      return {errors, before, opened}
    """)
    assert len(result["errors"]) >= 2
    assert [result["before"], result["opened"]] == [0, 1]
    refusals = client.refusals(result["errors"])
    assert refusals and all("403" in text for text in refusals)


def test_an_unsupported_vsn_is_refused(client):
    result = client.run("""
      let opened = 0
      const errors = []
      const socket = new Socket(endPoint, {transport: Spy, vsn: "9.0.0"})
      socket.onError(error => errors.push(error.message ?? ""))
      socket.onOpen(() => { opened += 1 })
      socket.connect()
      await until(() => errors.length >= 2)
      socket.disconnect()
      return {errors, opened}
    """)
    assert result["opened"] == 0
    refusals = client.refusals(result["errors"])
    assert refusals and all("403" in text for text in refusals)


@over_both_transports
def test_nested_params_reach_the_server(run, transport):
    assert run("""
      const params = {user: {name: "Ü & co", deep: {x: "1"}}, list: ["a", "b"], plain: "p"}
      const channel = await joined(await connected({params: () => params}), topic)
      return (await outcome(channel.push("conn_info"))).response
    """) == {
        # phoenix.js writes a list as list[0]=a&list[1]=b, which any Phoenix reads as a map.
        "params": {"user": {"name": "Ü & co", "deep": {"x": "1"}}, "list": {"0": "a", "1": "b"}, "plain": "p"},
        "transport": transport, "auth_token": None,
    }


def test_the_auth_token_reaches_the_server_and_not_the_url(run):
    assert run("""
      const socket = await connected({authToken: "secret.token-1"})
      const channel = await joined(socket, topic)
      const {response} = await outcome(channel.push("conn_info"))
      return [response.auth_token, wires[0].protocol, wires[0].url.includes("secret")]
    """) == ["secret.token-1", "phoenix", False]


def test_heartbeats_are_answered(run):
    result = run("""
      const socket = await connected({heartbeatIntervalMs: 400}) // which is also how long it waits for an answer
      const replies = []
      socket.onMessage(message => { if (message.topic === "phoenix") replies.push(message) })
      await until(() => replies.length >= 3)
      const sent = frames.filter(frame => frame[2] === "phoenix")
      return {replies, sent, wires: wires.length, open: socket.isConnected(), rtt: await new Promise(done => socket.ping(done))}
    """)
    assert result["open"] and result["wires"] == 1 and 0 <= result["rtt"] < 5000
    assert [frame[2:] for frame in result["sent"]] == [["phoenix", "heartbeat", {}]] * len(result["sent"])
    assert result["replies"][:3] == [
        {"join_ref": None, "ref": frame[1], "topic": "phoenix", "event": "phx_reply", "payload": {"status": "ok", "response": {}}}
        for frame in result["sent"][:3]
    ]


def test_heartbeats_are_answered_while_a_join_takes_its_time(run):
    assert run("""
      const socket = await connected({heartbeatIntervalMs: 400})
      const answered = []
      socket.onMessage(({topic}) => { if (topic === "phoenix") answered.push(channel.state) })
      const channel = socket.channel(topic, {hang_ms: 1800})
      const {status} = await outcome(channel.join())
      return [status, answered.length >= 3, new Set(answered).size, answered[0], wires.length]
    """) == ["ok", True, 1, "joining", 1]
