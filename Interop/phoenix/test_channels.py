# Firecrest — the genuine phoenix.js: joins, pushes and their replies, broadcasts, leaving, crashing, many channels
# SPDX-License-Identifier: Apache-2.0

import pytest

from environments import over_both_transports

pytestmark = over_both_transports


def test_join_ok(run):
    assert run("""
      const channel = (await connected()).channel(topic, () => ({made: {at: "join"}}))
      const {status, response} = await outcome(channel.join())
      const [joinRef, ref] = frames[0]
      return [status, response.topic === topic, response.payload, channel.state, joinRef === ref, ref === channel.joinRef()]
    """) == ["ok", True, {"made": {"at": "join"}}, "joined", True, True]


def test_join_error(run):
    assert run("""
      const socket = await connected()
      const denied = socket.channel(topic, {deny: true}), unknown = socket.channel("nowhere:1")
      const replies = [await outcome(denied.join()), await outcome(unknown.join())]
      return [replies, denied.state, unknown.state]
    """) == [
        [{"status": "error", "response": {"reason": "denied"}}, {"status": "error", "response": {"reason": "unmatched topic"}}],
        "errored", "errored",
    ]


def test_join_timeout(run):
    assert run("""
      const channel = (await connected()).channel(topic, {hang_ms: 1500})
      const {status} = await outcome(channel.join(300))
      return [status, channel.state]
    """) == ["timeout", "errored"]


def test_replies_of_each_kind(run):
    assert run("""
      const channel = await joined(await connected(), topic)
      const list = await outcome(channel.push("echo", {deep: [1, 2.5, null, true, "ü 🐦"], big: 9007199254740991, e: {}}))
      const failed = await outcome(channel.push("fail", {reason: "no"}))
      const silent = await outcome(channel.push("silent", {}, 200))
      return [list, failed, silent.status]
    """) == [
        {"status": "ok", "response": {"deep": [1, 2.5, None, True, "ü 🐦"], "big": 9007199254740991, "e": {}}},
        {"status": "error", "response": {"reason": "no"}}, "timeout",
    ]


def test_pipelined_pushes_are_answered_in_order(run, transport):
    # phoenix.js before 1.8.6 puts all of them into one request, of which servers read a hundred lines.
    count = 200 if transport == "websocket" else 100
    assert run(f"const count = {count}" + """
      const channel = await joined(await connected(), topic)
      const order = []
      const pushes = Array.from({length: count}, (_, n) => channel.push("echo", {n}).receive("ok", reply => order.push([n, reply.n])))
      await until(() => order.length === pushes.length)
      return order.every(([sent, replied], place) => sent === place && replied === place)
    """) is True


def test_late_replies_do_not_hold_up_others(run):
    assert run("""
      const channel = await joined(await connected(), topic)
      const order = []
      const note = push => push.receive("ok", ({n, pong}) => order.push(n ?? pong))
      note(channel.push("later", {ms: 400, n: 3}))
      note(channel.push("later", {ms: 200, n: 2}))
      note(channel.push("ping"))
      await until(() => order.length === 3)
      return order
    """) == [True, 2, 3]


def test_a_reply_that_comes_after_its_timeout_changes_nothing(run):
    assert run("""
      const channel = await joined(await connected(), topic)
      const heard = []
      const push = channel.push("later", {ms: 500, n: 1}, 150)
      for (const status of ["ok", "error", "timeout"]) push.receive(status, () => heard.push(status))
      await sleep(700)
      return [heard, channel.state, (await outcome(channel.push("ping"))).status]
    """) == [["timeout"], "joined", "ok"]


def test_pushes_before_the_join_reply_are_buffered(run):
    assert run("""
      const channel = (await connected()).channel(topic, {hang_ms: 400})
      const join = outcome(channel.join())
      const order = []
      for (const n of [1, 2, 3]) channel.push("echo", {n}).receive("ok", reply => order.push(reply.n))
      await sleep(100)
      const sentEarly = frames.length
      await join
      await until(() => order.length === 3)
      return [sentEarly, order, frames.map(frame => frame[3])]
    """) == [1, [1, 2, 3], ["phx_join", "echo", "echo", "echo"]]


def test_pushes_while_disconnected_are_buffered_until_the_rejoin(run):
    assert run("""
      const socket = await connected({reconnectAfterMs: () => 300})
      const channel = await joined(socket, topic)
      channel.push("kill_me", {})
      await until(() => !socket.isConnected())
      const order = []
      for (const n of [1, 2, 3]) channel.push("echo", {n}).receive("ok", reply => order.push(reply.n))
      const state = channel.state
      await until(() => order.length === 3)
      return [state, order, frames.slice(2).map(frame => frame[3]), wires.length]
    """) == ["errored", [1, 2, 3], ["phx_join", "echo", "echo", "echo"], 2]


def test_messages_of_300_kib(run):
    assert run("""
      const channel = await joined(await connected(), topic)
      const body = Array.from({length: 300 * 1024 / 8}, (_, n) => n.toString(16).padStart(8, "0")).join("")
      const shouted = new Promise(done => channel.on("shout", done))
      const {status, response} = await outcome(channel.push("echo", {body}))
      channel.push("shout", {body})
      return [body.length, status, response.body === body, (await shouted).body === body]
    """) == [300 * 1024, "ok", True, True]


@pytest.mark.parametrize("event", ["shout", "shout_from", "new_msg"])
def test_broadcasts(run, event):
    """To all but the sender for shout_from, to the sender too for the others; and to nobody on another topic."""
    result = run(f"""
      const sockets = [await connected(), await connected(), await connected()]
      const channels = await Promise.all([joined(sockets[0], topic), joined(sockets[1], topic), joined(sockets[2], topic + "-other")])
      const heard = channels.map(() => [])
      const name = "{event}" === "new_msg" ? "new_msg" : "shout"
      channels.forEach((channel, place) => channel.on(name, (payload, ref) => heard[place].push([payload, ref])))
      for (const n of [1, 2, 3]) channels[0].push("{event}", {{n, text: "ü"}})
      await until(() => heard[1].length === 3)
      await Promise.all(channels.map(channel => outcome(channel.push("ping"))))
      return heard
    """)
    everything = [[{"n": n, "text": "ü"}, None] for n in (1, 2, 3)]
    assert result == [[] if event == "shout_from" else everything, everything, []]


def test_server_pushes(run):
    assert run("""
      const channel = await joined(await connected(), topic)
      const heard = []
      channel.on("pushed", (payload, ref, joinRef) => heard.push([payload, ref, joinRef === channel.joinRef()]))
      channel.push("push_me", {n: 1})
      await until(() => heard.length === 1)
      return heard
    """) == [[{"n": 1}, None, True]]


def test_leave_and_rejoin(run):
    assert run("""
      const socket = await connected()
      const first = await joined(socket, topic)
      const log = []
      first.onClose(reason => log.push(reason))
      first.on("shout", () => log.push("first heard"))
      const {status} = await outcome(first.leave())
      const second = await joined(socket, topic)
      const heard = new Promise(done => second.on("shout", done))
      second.push("shout", {n: 1})
      return [status, first.state, log, second.state, await heard, (await outcome(second.push("ping"))).status, socket.channels.length]
    """) == ["ok", "closed", ["leave"], "joined", {"n": 1}, "ok", 1]


def test_crash_and_rejoin(run):
    assert run("""
      const socket = await connected({rejoinAfterMs: () => 50})
      const channel = await joined(socket, topic), other = await joined(socket, topic + "-other")
      const reasons = []
      channel.onError(reason => reasons.push(reason))
      const [before, untouched] = [channel.joinRef(), other.joinRef()]
      channel.push("crash", {})
      await until(() => reasons.length === 1)
      await until(() => channel.state === "joined")
      const pongs = [await outcome(channel.push("ping")), await outcome(other.push("ping"))].map(reply => reply.status)
      return [reasons, pongs, channel.joinRef() !== before, other.joinRef() === untouched, wires.length]
    """) == [[{"reason": "channel_crash"}], ["ok", "ok"], True, True, 1]


def test_duplicate_join(run):
    """A second phx_join of a joined topic, sent as it is: the new join's reply comes before the old one's phx_close."""
    assert run("""
      const socket = await connected()
      const channel = await joined(socket, topic)
      const seen = []
      socket.onMessage(({join_ref, ref, event, payload}) => seen.push([join_ref, ref, event, payload.status ?? null]))
      socket.push({join_ref: "77", ref: "77", topic, event: "phx_join", payload: {}})
      await until(() => channel.state === "closed")
      socket.push({join_ref: "77", ref: "78", topic, event: "ping", payload: {}})
      await until(() => seen.length === 3)
      const old = channel.joinRef()
      return seen.map(([joinRef, ref, ...rest]) => [joinRef === old ? "old" : joinRef, ref === old ? "old" : ref, ...rest])
    """) == [
        ["77", "77", "phx_reply", "ok"],
        ["old", "old", "phx_close", None],
        ["77", "78", "phx_reply", "ok"],
    ]


def test_60_channels_on_one_socket(run):
    assert run("""
      const socket = await connected()
      const channels = await Promise.all(Array.from({length: 60}, (_, n) => joined(socket, `${topic}-${n}`, {n})))
      const heard = channels.map(() => [])
      channels.forEach((channel, place) => channel.on("shout", ({n}) => heard[place].push(n)))
      const replies = await Promise.all(channels.map((channel, n) => outcome(channel.push("echo", {n}))))
      channels.forEach((channel, n) => channel.push("shout", {n}))
      await until(() => heard.every(list => list.length > 0))
      await Promise.all(channels.map(channel => outcome(channel.push("ping"))))
      const left = await Promise.all(channels.map(channel => outcome(channel.leave())))
      return [
        replies.every((reply, n) => reply.status === "ok" && reply.response.n === n),
        heard.every((list, n) => list.length === 1 && list[0] === n),
        left.every(reply => reply.status === "ok"), wires.length, socket.channels.length,
      ]
    """) == [True, True, True, 1, 0]
