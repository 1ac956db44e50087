# Firecrest — the genuine phoenix.js: rows 190-203 of the conformance checklist of the Phoenix Channels protocol
# SPDX-License-Identifier: Apache-2.0

import json

import pytest

from environments import APP_OF_1_7, Chromium, over_both_transports
from proxy import Proxy
from test_binary import BYTES
from test_lost_connections import AGAIN, JOINED


@pytest.mark.parametrize("code", [1001, 1011])
def test_phx_190_reconnects_and_rejoins_after_a_close(run, code):
    # What cannot be decoded goes straight to the WebSocket, past what notes the frames.
    run(JOINED + ('channel.push("close_me", {})' if code == 1001 else 'WebSocket.prototype.send.call(socket.conn, "no message")'))
    assert run(AGAIN) == {"codes": [code], "heard": [1], "pong": "ok", "joins": 2}


def test_phx_190_reconnects_and_rejoins_after_a_restart_of_the_server(start, own_server):
    run = start(own_server).run
    run(JOINED)
    assert own_server.stop() is None
    own_server.start()
    result = run(AGAIN)
    assert result["codes"][0] == 1012
    assert [result["heard"], result["pong"], result["joins"]] == [[1], "ok", 2]


def test_phx_191_stays_away_after_a_close_with_1000(run):
    assert run(JOINED + """
      channel.push("close_me", {code: 1000})
      await until(() => codes.length === 1)
      await sleep(1200)
      return [codes, socket.connectionState(), channel.state, wires.length]
    """) == [[1000], "closed", "errored", 1]


def test_phx_192_rejoins_about_a_second_after_phx_error(run):
    result = run("""
      const channel = await joined(await connected(), topic)
      const reasons = []
      channel.onError(reason => reasons.push(reason))
      channel.push("crash", {})
      await until(() => channel.state === "errored")
      const began = performance.now()
      await until(() => channel.state === "joined")
      return {reasons, ms: performance.now() - began, wires: wires.length, pong: (await outcome(channel.push("ping"))).status}
    """)
    assert result["reasons"] == [{"reason": "channel_crash"}]
    assert 900 < result["ms"] < 2500
    assert [result["wires"], result["pong"]] == [1, "ok"]


def test_phx_193_stays_closed_after_phx_close(run):
    assert run("""
      const socket = await connected({rejoinAfterMs: () => 50})
      const channel = await joined(socket, topic)
      let closed = 0, failed = 0
      channel.onClose(() => { closed += 1 })
      channel.onError(() => { failed += 1 })
      channel.push("stop", {})
      await until(() => closed === 1)
      await sleep(400)
      return [channel.state, closed, failed, socket.channels.length, frames.map(frame => frame[3])]
    """) == ["closed", 1, 0, 0, ["phx_join", "stop"]]


def test_phx_194_a_second_channel_of_a_topic_makes_the_first_leave(run):
    assert run("""
      const socket = await connected({rejoinAfterMs: () => 50})
      const first = await joined(socket, topic)
      const heard = []
      first.on("shout", () => heard.push("first"))
      const second = await joined(socket, topic)
      second.on("shout", () => heard.push("second"))
      await until(() => first.state === "closed")
      second.push("shout", {})
      await outcome(second.push("ping"))
      await sleep(300)
      const [join, leave, next] = frames
      const refs = [leave[0] === join[0], next[0] === second.joinRef(), next[0] !== join[0]]
      return [frames.slice(0, 3).map(frame => frame[3]), refs, second.state, heard, socket.channels.length]
    """) == [["phx_join", "phx_leave", "phx_join"], [True, True, True], "joined", ["second"], 1]


def test_phx_195_a_denied_join_is_tried_again_after_1_2_5_10_10_seconds(run):
    """A phoenix.js whose clock runs 50 times faster tells which delays it asks for; another, in real time, waits the
    first two of them. The server refuses each join, all the way."""
    result = run("""
      const {Socket: Fast, asked} = fast(50)
      const far = 3_600_000 // no time-out and no heartbeat of the fast one is due in the test
      const quick = new Fast(endPoint, {timeout: far, heartbeatIntervalMs: far})
      const slow = await connected()
      quick.connect()
      await until(() => quick.isConnected())
      const watched = socket => {
        const reasons = [], times = [], channel = socket.channel(topic, {deny: true})
        channel.join().receive("error", ({reason}) => { reasons.push(reason); times.push(performance.now()) })
        return {reasons, times, channel}
      }
      const [one, other] = [watched(quick), watched(slow)]
      await until(() => one.reasons.length >= 6 && other.reasons.length === 3, 15_000)
      quick.disconnect()
      const gaps = other.times.slice(1).map((time, place) => Math.round((time - other.times[place]) / 1000))
      const reasons = [...one.reasons.slice(0, 6), ...other.reasons]
      return {asked: asked.filter(ms => ms < far).slice(0, 5), reasons, gaps, state: other.channel.state}
    """)
    assert result == {"asked": [1000, 2000, 5000, 10000, 10000], "reasons": ["denied"] * 9, "gaps": [1, 2], "state": "errored"}


def test_phx_196_a_join_that_takes_too_long_is_withdrawn_and_made_again(run):
    """The client's time-out of 10 s is set to 1 s, and the join of 12 s takes 1.2 s; what it sends is the same."""
    result = run("""
      const socket = await connected({timeout: 1000})
      const heard = [], statuses = []
      let joins = 0
      const channel = socket.channel(topic, () => ({hang_ms: joins++ === 0 ? 1200 : 0}))
      channel.on("shout", payload => heard.push(payload))
      channel.join().receive("ok", () => statuses.push("ok")).receive("timeout", () => statuses.push("timeout"))
      await until(() => channel.state === "joined")
      await sleep(1500)
      channel.push("shout", {})
      await outcome(channel.push("ping"))
      return {statuses, heard, state: channel.state, frames: frames.slice(0, 3), joins}
    """)
    assert [result["statuses"], result["heard"], result["state"], result["joins"]] == [["timeout", "ok"], [{}], "joined", 2]
    first, leave, second = result["frames"]
    assert [first[3], leave[3], second[3]] == ["phx_join", "phx_leave", "phx_join"]
    assert leave[0] == first[0] != second[0]


# One end of a network on which WebSockets do not work: a socket that falls back, and a channel on it. `heard` hears of it.
FALLEN_BACK = """
  const socket = new Socket(endPoint, {longPollFallbackMs: 500})
  const heard = []
  socket.connect()
  await until(() => socket.isConnected() && socket.conn instanceof LongPoll)
  const channel = await joined(socket, topic)
  channel.on("shout", payload => heard.push(payload))
  channel.push("shout", {n: 1})
  const {response} = await outcome(channel.push("conn_info"))
  await until(() => heard.length === 1)
"""


@pytest.fixture
def start_behind(start, server):
    """Starts phoenix.js behind a proxy that treats WebSockets as its mode says."""
    proxies = []

    def start_behind(mode):
        proxies.append(Proxy(server, mode))
        return start(proxies[-1]).run, proxies[-1]

    yield start_behind
    for proxy in proxies:
        proxy.close()


@pytest.mark.parametrize("mode", ["refuse", "hang"])
def test_phx_197_falls_back_to_long_poll_where_websockets_are_blocked(start_behind, mode):
    run, proxy = start_behind(mode)
    assert run(FALLEN_BACK + "return [response.transport, heard, channel.state, storage.getItem('phx:fallback:LongPoll')]") == [
        "longpoll", [{"n": 1}], "joined", "true",
    ]
    assert proxy.handshakes == 1
    # What was found out holds for the session: the next socket tries no WebSocket.
    assert run(FALLEN_BACK + "return response.transport") == "longpoll"
    assert proxy.handshakes == 1


def test_phx_197_stays_with_the_websocket_where_it_works(run):
    assert run("""
      const socket = new Socket(endPoint, {longPollFallbackMs: 500})
      socket.connect()
      const channel = await joined(socket, topic)
      await sleep(700)
      const {response} = await outcome(channel.push("conn_info"))
      return [response.transport, channel.state, storage.getItem("phx:fallback:LongPoll")]
    """) == ["websocket", "joined", None]


def test_phx_198_falls_back_after_a_missed_ping_where_websockets_open_but_lose_frames(start_behind):
    run, proxy = start_behind("swallow")
    result = run("const began = performance.now(), opened = []" + FALLEN_BACK.replace(
        "socket.connect()", "socket.onOpen(() => opened.push(socket.conn.constructor.name)); socket.connect()",
    ) + "return {opened, ms: performance.now() - began, transport: response.transport, state: channel.state}")
    assert [result["opened"], result["transport"], result["state"]] == [["WebSocket", "LongPoll"], "longpoll", "joined"]
    assert result["ms"] >= 500
    assert proxy.handshakes == 1


def test_phx_199_an_array_buffer_comes_back_intact(run):
    assert run(f"""{BYTES}
      const channel = await joined(await connected(), topic)
      const {{status, response}} = await outcome(channel.push("binary_echo", bytes(70_000)))
      return [status, response.constructor === ArrayBuffer, same(response, bytes(70_000))]
    """) == ["ok", True, True]


@over_both_transports
@pytest.mark.parametrize("token", ["secret.token-1", "header.eyJpZCI6MX0.sig-_~"])
def test_phx_200_the_auth_token_reaches_the_server(run, transport, token):
    assert run(f"const authToken = {json.dumps(token)}" + """
      const channel = await joined(await connected({authToken}), topic)
      return (await outcome(channel.push("conn_info"))).response
    """) == {"params": {}, "transport": transport, "auth_token": token}


@pytest.mark.parametrize("transport", ["longpoll"])
@pytest.mark.parametrize("event", ["close_me", "kill_me"])
def test_phx_201_rejoins_after_the_server_lost_the_session(run, event):
    # Not by the client's own request, which would fail before the next poll is told that there is another session.
    run(JOINED + f"""
      const body = JSON.stringify([channel.joinRef(), "900", topic, "{event}", {{}}])
      await fetch(wires[0].endpointURL(), {{method: "POST", headers: {{"content-type": "application/json"}}, body}})
    """)
    assert run(AGAIN) == {"codes": [3410], "heard": [1], "pong": "ok", "joins": 2}


@pytest.mark.parametrize("transport", ["longpoll"])
@pytest.mark.parametrize("gently", [True, False])
def test_phx_201_rejoins_after_a_restart_of_the_server(start, own_server, gently):
    run = start(own_server).run
    run(JOINED)
    if gently:
        assert own_server.stop() is None
    else:
        own_server.kill()
    own_server.start()
    result = run(AGAIN)
    assert [result["heard"], result["pong"]] == [[1], "ok"]


@pytest.fixture
def old_client(server, room, browser):
    client = Chromium(server, f"room:{room}", "longpoll", browser, app=APP_OF_1_7)
    yield client
    client.close()


def test_phx_202_phoenix_js_1_7_over_long_poll(old_client):
    """1.7.0-rc.2: the token in the query, and each push a request of its own, with one message and no lines."""
    assert old_client.run("""
      const socket = await connected()
      const channel = await joined(socket, topic, {v: 1}), other = await joined(await connected(), topic)
      const heard = []
      for (const event of ["shout", "pushed"]) other.on(event, payload => heard.push([event, payload]))
      channel.on("pushed", payload => heard.push(["pushed", payload]))
      const replies = await Promise.all(Array.from({length: 120}, (_, n) => outcome(channel.push("echo", {n}))))
      const failed = await outcome(channel.push("fail", {reason: "no"}))
      channel.push("shout", {n: 2})
      await until(() => heard.length === 1)
      channel.push("push_me", {n: 3})
      await until(() => heard.length === 2)
      channel.push("crash", {})
      await until(() => channel.state === "errored")
      await until(() => channel.state === "joined")
      const left = await outcome(channel.leave())
      const again = await joined(socket, topic)
      return {
        echoed: replies.every(({status, response}, n) => status === "ok" && response.n === n), failed, heard, left: left.status,
        info: (await outcome(again.push("conn_info"))).response, wires: wires.length,
      }
    """) == {
        "echoed": True, "failed": {"status": "error", "response": {"reason": "no"}},
        "heard": [["shout", {"n": 2}], ["pushed", {"n": 3}]], "left": "ok",
        "info": {"params": {}, "transport": "longpoll", "auth_token": None}, "wires": 2,
    }
    polls = [url for url in old_client.page.urls if "/socket/longpoll?" in url]
    assert len(polls) > 120 and all("vsn=2.0.0" in url for url in polls)
    assert sum("token=" in url for url in polls) == len(polls) - 2


def test_phx_203_a_client_of_vsn_1_0_0_joins_pushes_and_leaves(run):
    """phoenix.js with the serializer that it had before 2.0.0: objects, and no join_ref in what comes back."""
    assert run("""
      const keys = new Set()
      const socket = await connected({
        vsn: "1.0.0",
        encode: ({topic, event, payload, ref, join_ref}, done) => done(JSON.stringify({topic, event, payload, ref, join_ref})),
        decode: (text, done) => { const message = JSON.parse(text); keys.add(Object.keys(message).sort().join()); done(message) },
      })
      const channel = await joined(socket, topic, {v: 1})
      const heard = []
      for (const event of ["shout", "pushed"]) channel.on(event, payload => heard.push([event, payload]))
      const echoed = await outcome(channel.push("echo", {n: 1}))
      channel.push("shout", {n: 2})
      channel.push("push_me", {n: 3})
      const failed = await outcome(channel.push("fail", {reason: "no"}))
      // Without join_refs nothing tells the phx_close of this join from one of the next, so a client has to wait for it.
      const closed = new Promise(done => socket.onMessage(({event}) => { if (event === "phx_close") done() }))
      const left = await outcome(channel.leave())
      await closed
      const again = await joined(socket, topic)
      return {echoed, heard, failed, left: left.status, state: channel.state, again: again.state, keys: [...keys]}
    """) == {
        "echoed": {"status": "ok", "response": {"n": 1}}, "heard": [["shout", {"n": 2}], ["pushed", {"n": 3}]],
        "failed": {"status": "error", "response": {"reason": "no"}}, "left": "ok", "state": "closed", "again": "joined",
        "keys": ["event,payload,ref,topic"],
    }
