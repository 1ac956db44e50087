# Firecrest — the genuine phoenix.js: rows 190-203 of the conformance checklist of the Phoenix Channels protocol
# SPDX-License-Identifier: Apache-2.0

import pytest

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


def test_phx_199_an_array_buffer_comes_back_intact(run):
    assert run(f"""{BYTES}
      const channel = await joined(await connected(), topic)
      const {{status, response}} = await outcome(channel.push("binary_echo", bytes(70_000)))
      return [status, response.constructor === ArrayBuffer, same(response, bytes(70_000))]
    """) == ["ok", True, True]


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
