# Firecrest — firecrest.js in a real browser: what phoenix.js does (specification, section 6), and what we do better
# SPDX-License-Identifier: Apache-2.0

import pytest

# Connection


def test_heartbeats_are_sent_and_answered(run_js):
    result = run_js("""
      const replies = []
      const socket = await connected({heartbeatIntervalMs: 400})
      socket.onMessage(({topic, event, payload, ref}) => { if (topic === "phoenix") replies.push([event, payload.status, ref]) })
      await until(() => replies.length >= 3)
      return {replies, sent: frames.filter(frame => frame[2] === "phoenix"), wires: wires.length}
    """)
    assert all(reply[:2] == ["phx_reply", "ok"] for reply in result["replies"])
    assert [sent[0] for sent in result["sent"]] == [None] * len(result["sent"])
    assert result["sent"][0][2:] == ["phoenix", "heartbeat", {}]
    assert result["wires"] == 1


def test_an_unanswered_heartbeat_gives_the_connection_up(run_js):
    assert run_js("""
      class Deaf extends Spy {
        send(frame) { if (wires.length > 1 || !frame.includes("heartbeat")) super.send(frame) }
      }
      const socket = await connected({transport: Deaf, heartbeatIntervalMs: 150})
      const codes = []
      socket.onClose(event => codes.push(event.code))
      const channel = await joined(socket, topic)
      await until(() => wires.length === 2 && channel.state === "joined")
      await sleep(500)
      return [codes, wires.length]
    """) == [[1006], 2]


@pytest.mark.parametrize("event", ["close_me", "kill_me"])
def test_a_lost_connection_comes_back_and_its_channels_rejoin(run_js, event):
    result = run_js(f"""
      const socket = await connected()
      const codes = [], states = []
      const channel = await joined(socket, topic)
      channel.onError(() => states.push(channel.state))
      socket.onClose(event => codes.push(event.code))
      channel.push("{event}", {{}})
      await until(() => wires.length === 2 && channel.state === "joined")
      return {{codes, states, pong: await outcome(channel.push("ping")), joins: frames.filter(frame => frame[3] === "phx_join")}}
    """)
    assert result["codes"] == [1001 if event == "close_me" else 1006]
    assert result["states"] == ["errored"]
    assert result["pong"] == {"status": "ok", "response": {"pong": True}}
    assert len(result["joins"]) == 2
    assert all(join[0] == join[1] for join in result["joins"])
    assert result["joins"][0][1] != result["joins"][1][1]


def test_a_close_with_1000_is_final_until_connect(run_js):
    assert run_js("""
      const socket = await connected()
      const channel = await joined(socket, topic)
      const codes = []
      socket.onClose(event => codes.push(event.code))
      wires[0].close(1000) // the server answers with 1000, which is all that the client sees
      await until(() => codes.length === 1)
      const state = channel.state
      await sleep(1500)
      const quiet = wires.length
      socket.connect()
      await until(() => channel.state === "joined")
      return [codes, state, quiet, wires.length]
    """) == [[1000], "errored", 1, 2]


def test_disconnect_calls_back_and_stays_away(run_js):
    assert run_js("""
      const socket = await connected()
      let called = 0
      socket.disconnect(() => { called += 1 }, 4001, "bye")
      const closing = socket.connectionState()
      await until(() => called === 1)
      await sleep(400)
      return [closing, socket.connectionState(), wires.length, called]
    """) == ["closing", "closed", 1, 1]


def test_a_hidden_page_waits_until_it_is_seen(run_js):
    assert run_js("""
      const look = state => {
        Object.defineProperty(document, "visibilityState", {value: state, configurable: true})
        document.dispatchEvent(new Event("visibilitychange"))
      }
      const socket = await connected()
      const channel = await joined(socket, topic)
      look("hidden")
      channel.push("close_me", {})
      await until(() => !socket.isConnected())
      await sleep(500)
      const hidden = wires.length
      look("visible")
      await until(() => channel.state === "joined")
      dispatchEvent(new Event("pagehide"))
      const away = socket.connectionState()
      dispatchEvent(new Event("pageshow"))
      await until(() => channel.state === "joined")
      return [hidden, away, wires.length]
    """) == [1, "closed", 3]


def test_a_refused_handshake_is_tried_again(run_js):
    assert run_js("""
      let reject = "1"
      const errors = []
      const socket = new Socket("/socket", {transport: Spy, params: () => ({reject}), reconnectAfterMs: () => 50})
      socket.onError(error => errors.push(error))
      socket.connect()
      await until(() => wires.length >= 3)
      reject = "0"
      await until(() => socket.isConnected())
      return errors.length >= 2
    """) is True


def test_frames_are_kept_while_disconnected_and_flushed_before_the_joins(run_js):
    assert run_js("""
      const socket = new Socket("/socket", {transport: Spy})
      const channel = socket.channel(topic)
      const reply = outcome(channel.join())
      socket.push({topic: "phoenix", event: "heartbeat", payload: {}, ref: socket.makeRef(), join_ref: null})
      socket.connect()
      await reply
      return frames.map(frame => [frame[2] === topic ? "room" : frame[2], frame[3]])
    """) == [["phoenix", "heartbeat"], ["room", "phx_join"]]


def test_back_off_is_spread_and_grows(run_js):
    result = run_js("""
      const many = (delay, tries) => Array.from({length: 2000}, () => delay(tries))
      const range = list => [Math.min(...list), Math.max(...list), new Set(list).size]
      const full = backoff([500, 1000, 5000]), half = backoff([2000], 0.5)
      return [range(many(full, 1)), range(many(full, 3)), range(many(full, 99)), range(many(half, 1))]
    """)
    first, third, last, half = result
    assert first[0] < 50 and 450 < first[1] <= 500 and first[2] > 300
    assert third[0] < 500 and 4500 < third[1] <= 5000
    assert last[1] <= 5000
    assert 1000 <= half[0] < 1100 and 1900 < half[1] <= 2000


def test_a_server_that_only_accepts_and_drops_is_not_hammered(run_js):
    result = run_js("""
      const tries = []
      class Flaky {
        readyState = 0
        constructor() { setTimeout(() => this.#live()) }
        #live() {
          this.readyState = 1
          this.onopen()
          this.readyState = 3
          this.onclose({code: 1011})
        }
        send() {}
        close() {}
      }
      const socket = new Socket("/socket", {transport: Flaky, reconnectAfterMs: nth => { tries.push(nth); return 20 }})
      socket.connect()
      await until(() => tries.length >= 4)
      socket.disconnect()
      return tries.slice(0, 4)
    """)
    assert result == [1, 2, 3, 4]


def test_ping_measures_a_round_trip(run_js):
    assert run_js("""
      const socket = new Socket("/socket")
      const early = socket.ping(() => {})
      socket.connect()
      await until(() => socket.isConnected())
      const ms = await new Promise(done => socket.ping(done))
      return [early, ms >= 0 && ms < 5000]
    """) == [False, True]


def test_end_point_urls(run_js):
    result = run_js("""
      const url = (endPoint, params) => new Socket(endPoint, {params}).endPointURL()
      return {
        host: location.host,
        path: url("/socket"), slash: url("/socket/"), protocol: new Socket("/socket").protocol(),
        absolute: ["ws://a.test/s", "wss://a.test/s", "http://a.test:81/s", "https://a.test/s?x=1"].map(each => url(each)),
        params: decodeURIComponent(url("wss://a.test/s", {a: {b: "c d"}, list: [1, 2], none: null, gone: undefined, ok: true})),
      }
    """)
    assert result["path"] == result["slash"] == f"ws://{result['host']}/socket/websocket?vsn=2.0.0"
    assert result["protocol"] == "ws"
    assert result["absolute"] == [
        "ws://a.test/s/websocket?vsn=2.0.0", "wss://a.test/s/websocket?vsn=2.0.0",
        "ws://a.test:81/s/websocket?vsn=2.0.0", "wss://a.test/s/websocket?x=1&vsn=2.0.0",
    ]
    assert result["params"] == "wss://a.test/s/websocket?a[b]=c+d&list[]=1&list[]=2&ok=true&vsn=2.0.0"


@pytest.mark.parametrize("token", ["secret.token-1", "ünïcode ??? ~~~"])
def test_params_and_the_auth_token_reach_the_server(run_js, token):
    result = run_js(f"""
      const socket = await connected({{params: () => ({{user: {{name: "Ü & co"}}}}), authToken: "{token}"}})
      const channel = await joined(socket, topic)
      const {{response}} = await outcome(channel.push("conn_info"))
      return [response, wires[0].protocol, wires[0].url]
    """)
    assert result[0] == {"params": {"user": {"name": "Ü & co"}}, "transport": "websocket", "auth_token": token}
    assert result[1] == "phoenix"
    assert token not in result[2]


def test_listeners_can_be_taken_off(run_js):
    assert run_js("""
      const heard = []
      const socket = new Socket("/socket")
      const refs = ["a", "b", "c"].map(name => socket.onOpen(() => heard.push(name)))
      socket.off(refs.slice(0, 2))
      socket.connect()
      await until(() => socket.isConnected())
      return heard
    """) == ["c"]


# Channels


def test_join_replies_and_refs_are_decimal_strings_from_one_counter(run_js):
    assert run_js("""
      const socket = await connected()
      const channel = socket.channel(topic, () => ({made: "at join"}))
      const {status, response} = await outcome(channel.join())
      await outcome(channel.push("ping"))
      const again = (() => { try { channel.join() } catch (error) { return error.name } })()
      return [status, response.payload, channel.state, channel.joinRef(), frames.map(frame => frame.slice(0, 2)), again]
    """) == ["ok", {"made": "at join"}, "joined", "1", [["1", "1"], ["1", "2"]], "Error"]


def test_replies_errors_and_timeouts_of_pushes(run_js):
    result = run_js("""
      const channel = await joined(await connected(), topic)
      const [ok, error, timeout, late] = await Promise.all([
        outcome(channel.push("echo", {a: [1, "ü"]})), outcome(channel.push("fail", {reason: "no"})),
        outcome(channel.push("silent", {}, 200)), outcome(channel.push("later", {ms: 600, n: 1}, 200)),
      ])
      await sleep(700) // the late reply comes now, and changes nothing
      const push = channel.push("later", {ms: 10, n: 7})
      await outcome(push)
      let after
      push.receive("ok", response => { after = response }) // asked when the reply is long here
      return {ok, error, timeout, late, after}
    """)
    assert result["ok"] == {"status": "ok", "response": {"a": [1, "ü"]}}
    assert result["error"] == {"status": "error", "response": {"reason": "no"}}
    assert result["timeout"]["status"] == "timeout"
    assert result["late"]["status"] == "timeout"
    assert result["after"] == {"n": 7}


def test_a_push_can_be_sent_again(run_js):
    assert run_js("""
      const channel = await joined(await connected(), topic)
      let round = 0
      const push = channel.push("later", () => ({ms: round++ === 0 ? 500 : 0, n: round}), 100)
      const statuses = []
      push.receive("timeout", () => statuses.push("timeout")).receive("ok", ({n}) => statuses.push(n))
      await until(() => statuses.length === 1)
      push.resend(2000)
      await until(() => statuses.length === 2)
      return statuses
    """) == ["timeout", 2]


def test_pushes_wait_for_the_join_while_their_time_runs(run_js):
    assert run_js("""
      const channel = (await connected()).channel(topic, {hang_ms: 700})
      const early = (() => { try { channel.push("ping") } catch (error) { return error.name } })()
      const join = outcome(channel.join())
      const patient = outcome(channel.push("echo", {n: 1}))
      const hasty = outcome(channel.push("echo", {n: 2}, 100))
      const statuses = [(await hasty).status, channel.state, (await join).status, (await patient).status]
      await sleep(100)
      return [early, statuses, frames.filter(frame => frame[3] === "echo").map(frame => frame[4].n)]
    """) == ["Error", ["timeout", "joining", "ok", "ok"], [1]]


def test_leave_is_answered_and_closes(run_js):
    assert run_js("""
      const socket = await connected()
      const channel = await joined(socket, topic)
      const closed = []
      channel.onClose(reason => closed.push(reason))
      const push = channel.leave()
      const during = channel.state
      const {status} = await outcome(push)
      await sleep(100) // phx_close of the server comes, and finds nobody
      const next = await joined(socket, topic)
      return [during, status, channel.state, closed.length, socket.channels.length, (await outcome(next.push("ping"))).status]
    """) == ["leaving", "ok", "closed", 1, 1, "ok"]


def test_leave_without_a_connection_is_done_at_once(run_js):
    assert run_js("""
      const socket = new Socket("/socket", {transport: Spy})
      const channel = socket.channel(topic)
      channel.join()
      let left = false
      channel.leave().receive("ok", () => { left = true })
      socket.connect()
      await until(() => socket.isConnected())
      await sleep(100)
      return [left, channel.state, frames.length]
    """) == [True, "closed", 0]


def test_a_refused_join_is_tried_again(run_js):
    assert run_js("""
      const socket = await connected({rejoinAfterMs: () => 100})
      let deny = true
      const heard = []
      const channel = socket.channel(topic, () => ({deny}))
      channel.join().receive("error", ({reason}) => { heard.push(reason, channel.state); deny = heard.length < 4 })
        .receive("ok", () => heard.push("ok"))
      await until(() => channel.state === "joined")
      const other = (await outcome(socket.channel("nowhere:1").join())).response
      return [heard, other]
    """) == [["denied", "errored", "denied", "errored", "ok"], {"reason": "unmatched topic"}]


def test_a_crashed_channel_rejoins_after_one_to_three_seconds(run_js):
    result = run_js("""
      const channel = await joined(await connected(), topic)
      const events = []
      channel.onError(reason => events.push(["error", reason]))
      channel.onClose(() => events.push(["close"]))
      const start = performance.now()
      channel.push("crash", {})
      await until(() => channel.state === "errored")
      const queued = outcome(channel.push("echo", {n: 1}))
      await until(() => channel.state === "joined")
      return {events, ms: performance.now() - start, queued: await queued, wires: wires.length}
    """)
    assert [event[0] for event in result["events"]] == ["error"]
    assert 800 < result["ms"] < 3_500
    assert result["queued"]["status"] == "ok"
    assert result["wires"] == 1


def test_a_channel_that_the_server_closes_stays_closed(run_js):
    assert run_js("""
      const socket = await connected({rejoinAfterMs: () => 50})
      const channel = await joined(socket, topic)
      let closed = 0
      channel.onClose(() => { closed += 1 })
      channel.push("stop", {})
      await until(() => closed === 1)
      await sleep(400)
      return [channel.state, socket.channels.length, frames.filter(frame => frame[3] === "phx_join").length]
    """) == ["closed", 0, 1]


def test_a_rejoin_that_waits_gives_way_to_the_one_of_a_reconnect(run_js):
    assert run_js("""
      const socket = await connected({rejoinAfterMs: () => 400})
      const channel = await joined(socket, topic)
      channel.push("crash", {})
      await until(() => channel.state === "errored")
      wires[0].close(4000) // answered with 1000: connect again by hand
      await until(() => !socket.isConnected())
      socket.connect()
      await until(() => channel.state === "joined")
      await sleep(800)
      return frames.filter(frame => frame[3] === "phx_join").length
    """) == 2


def test_leave_ends_a_channel_once_however_often_it_is_called(run_js):
    assert run_js("""
      const socket = await connected()
      const [one, other, idle] = [await joined(socket, topic), await joined(socket, topic + "2"), socket.channel(topic + "3")]
      let closed = 0
      for (const channel of [one, other, idle]) channel.onClose(() => { closed += 1 })
      one.push("stop", {})
      await until(() => one.state === "closed")
      const same = other.leave() === other.leave()
      const late = await outcome(one.leave())
      await outcome(idle.leave())
      await outcome(other.leave())
      return [same, late.status, closed, one.state, socket.channels.length, frames.filter(frame => frame[3] === "phx_leave").length]
    """) == [True, "ok", 3, "closed", 0, 1]


def test_a_second_channel_of_a_topic_makes_the_first_leave(run_js):
    assert run_js("""
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
      return [frames.slice(0, 3).map(frame => frame[3]), second.state, heard, socket.channels.length]
    """) == [["phx_join", "phx_leave", "phx_join"], "joined", ["second"], 1]


def test_a_join_that_takes_too_long_is_withdrawn_and_made_again(run_js):
    result = run_js("""
      const socket = await connected({rejoinAfterMs: () => 50})
      let hang_ms = 900
      const channel = socket.channel(topic, () => ({hang_ms}))
      const statuses = [], heard = []
      channel.on("shout", payload => heard.push(payload))
      channel.join(300).receive("timeout", () => { statuses.push("timeout"); hang_ms = 0 }).receive("ok", () => statuses.push("ok"))
      await until(() => statuses[0] === "timeout")
      await until(() => channel.state === "joined")
      await sleep(1200)
      channel.push("shout", {})
      await outcome(channel.push("ping"))
      return {statuses, heard: heard.length, state: channel.state, frames: frames.slice(0, 3)}
    """)
    assert result["statuses"][0] == "timeout" and result["statuses"][-1] == "ok"
    assert result["heard"] == 1 and result["state"] == "joined"
    first, leave, second = result["frames"]
    assert [first[3], leave[3], second[3]] == ["phx_join", "phx_leave", "phx_join"]
    assert leave[0] == first[0] != second[0]


def test_broadcasts_and_pushes_arrive_with_off_and_on_message(run_js):
    assert run_js("""
      const channel = await joined(await connected(), topic)
      const heard = []
      const ref = channel.on("shout", () => heard.push("one"))
      channel.on("shout", payload => heard.push(payload))
      channel.on("pushed", payload => heard.push(payload))
      channel.onMessage = (event, payload) => event === "pushed" ? {...payload, seen: true} : payload
      channel.off("shout", ref)
      channel.push("shout", {n: 1})
      channel.push("push_me", {n: 2})
      await until(() => heard.length === 2)
      channel.off("shout")
      channel.push("shout", {n: 3})
      await outcome(channel.push("ping"))
      return heard
    """) == [{"n": 1}, {"n": 2, "seen": True}]


def test_stale_join_refs_are_ignored_and_null_is_for_all(run_js):
    assert run_js("""
      const channel = await joined(await connected(), topic)
      const heard = []
      channel.on("pushed", ({n}) => heard.push(n))
      const inject = (joinRef, event, payload) => wires[0].onmessage({data: JSON.stringify([joinRef, null, topic, event, payload])})
      inject("99", "pushed", {n: 1})
      inject("99", "phx_close", {})
      inject("99", "phx_error", {})
      inject(null, "pushed", {n: 2})
      inject(channel.joinRef(), "pushed", {n: 3})
      return [heard, channel.state]
    """) == [[2, 3], "joined"]


def test_names_of_object_prototypes_are_just_names(run_js):
    assert run_js("""
      const socket = await connected()
      const channel = await joined(socket, topic)
      const heard = []
      const inject = (event, payload) => wires[0].onmessage({data: `[null,null,${JSON.stringify(topic)},"${event}",${payload}]`})
      for (const event of ["__proto__", "constructor", "hasOwnProperty", "toString"]) inject(event, "{}")
      channel.on("__proto__", payload => heard.push(Object.keys(payload)))
      inject("__proto__", '{"__proto__": {"polluted": true}}')
      channel.off("__proto__")
      inject("__proto__", "{}")
      return [heard, ({}).polluted === undefined, (await outcome(channel.push("ping"))).status]
    """) == [[["__proto__"]], True, "ok"]


# Binary


def test_binary_payloads_both_ways(run_js):
    result = run_js("""
      const name = topic + "-zaunkönig-🐦"
      const socket = await connected()
      const channel = await joined(socket, name)
      const bytes = Uint8Array.of(0, 1, 254, 255, 10)
      const list = buffer => buffer instanceof ArrayBuffer ? [...new Uint8Array(buffer)] : buffer
      const heard = []
      channel.on("binary_pushed", payload => heard.push(["pushed", list(payload)]))
      channel.on("binary_shout", payload => heard.push(["shout", list(payload)]))
      const echo = await outcome(channel.push("binary_echo", bytes.buffer))
      const empty = await outcome(channel.push("binary_echo", new ArrayBuffer(0)))
      const size = await outcome(channel.push("binary_len", bytes.subarray(1, 4)))
      channel.push("binary_push", bytes.buffer)
      channel.push("binary_shout", bytes.buffer)
      await until(() => heard.length === 2)
      const long = (() => { try { channel.push("x".repeat(256), bytes.buffer) } catch (error) { return error.name } })()
      return {echo: [echo.status, list(echo.response)], empty: list(empty.response), size, heard, long}
    """)
    assert result["echo"] == ["ok", [0, 1, 254, 255, 10]]
    assert result["empty"] == []
    assert result["size"] == {"status": "ok", "response": {"size": 3}}
    assert result["heard"] == [["pushed", [0, 1, 254, 255, 10]], ["shout", [0, 1, 254, 255, 10]]]
    assert result["long"] == "RangeError"


def test_binary_frames_are_those_of_the_specification(run_js):
    """Vectors of appendix A.1, against a WebSocket that is not one."""
    result = run_js("""
      const sent = [], heard = []
      class Paper {
        readyState = 0
        constructor() { wires.push(this); setTimeout(() => { this.readyState = 1; this.onopen() }) }
        send(frame) { sent.push(frame) }
        close() {}
      }
      const hex = buffer => [...new Uint8Array(buffer)].map(byte => byte.toString(16).padStart(2, "0")).join("")
      const bytes = text => Uint8Array.from(text.match(/../g), pair => parseInt(pair, 16)).buffer
      const socket = await connected({transport: Paper})
      socket.onMessage(({payload, ...rest}) => {
        heard.push({...rest, status: payload.status ?? null, data: hex(payload.response ?? payload)})
      })
      const receive = frame => wires[0].onmessage({data: bytes(frame)})
      socket.push({join_ref: "7", ref: "9", topic: "room:1", event: "blob", payload: bytes("dead")})
      const [join_ref, ref, topic1, img] = ["37", "39", "726f6f6d3a31", "696d67"]
      receive("0101010602" + join_ref + ref + topic1 + "6f6b" + "beef")
      receive("00010603" + join_ref + topic1 + img + "0102")
      receive("020603" + topic1 + img + "0102")
      const broken = ["07", "00", "0001", "02ff01", "0301"].map(frame => {
        try { receive(frame) } catch (error) { return error.name }
      })
      return {sent: hex(sent[0]), heard, broken}
    """)
    assert result["sent"] == "0001010604" + "3739" + "726f6f6d3a31" + "626c6f62" + "dead"
    assert result["heard"] == [
        {"topic": "room:1", "join_ref": "7", "ref": "9", "event": "phx_reply", "status": "ok", "data": "beef"},
        {"topic": "room:1", "join_ref": "7", "ref": None, "event": "img", "status": None, "data": "0102"},
        {"topic": "room:1", "join_ref": None, "ref": None, "event": "img", "status": None, "data": "0102"},
    ]
    assert result["broken"] == ["RangeError"] * 5
