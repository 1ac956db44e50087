# Firecrest — firecrest.js over each of its transports, in Chromium and in Node
# SPDX-License-Identifier: Apache-2.0

import pytest

from proxy import Proxy


def only(*transports):
    return pytest.mark.parametrize("transport", transports)


# Joins, listens, and keeps what happens for a script that comes later.
JOINED = """
  const socket = await connected()
  const channel = await joined(socket, topic)
  const codes = [], heard = []
  socket.onClose(({code}) => codes.push(code))
  channel.on("shout", ({n}) => heard.push(n))
  Object.assign(keep, {socket, channel, codes, heard})
"""
# The channel is joined again, once: what it sends comes back to it a single time.
AGAIN = """
  const {socket, channel, codes, heard} = keep
  await until(() => wires.length > 1 && channel.state === "joined", 20_000)
  channel.push("shout", {n: 1})
  const pong = await outcome(channel.push("ping"))
  await until(() => heard.length > 0)
  return {codes, heard, pong: pong.status, joins: frames.filter(frame => frame[3] === "phx_join").length}
"""


@pytest.fixture(params=["websocket", "longpoll", "sse"])
def transport(request):
    return request.param


@pytest.fixture
def run(start_js, server, transport):
    return start_js(server, transport)


def test_replies_of_each_kind(run, transport):
    assert run("""
      const socket = await connected({params: {user: {name: "Ü & co"}}, authToken: "ünïcode ??? ~~~"})
      const denied = await outcome(socket.channel(topic + "-denied", {deny: true}).join())
      const channel = await joined(socket, topic)
      const list = await outcome(channel.push("echo", {deep: [1, 2.5, null, true, "ü 🐦"], big: 9007199254740991, e: {}}))
      const failed = await outcome(channel.push("fail", {reason: "no"}))
      const silent = await outcome(channel.push("silent", {}, 200))
      const ms = await new Promise(done => socket.ping(done))
      return [denied, list, failed, silent.status, (await outcome(channel.push("conn_info"))).response, ms >= 0]
    """) == [
        {"status": "error", "response": {"reason": "denied"}},
        {"status": "ok", "response": {"deep": [1, 2.5, None, True, "ü 🐦"], "big": 9007199254740991, "e": {}}},
        {"status": "error", "response": {"reason": "no"}}, "timeout",
        {"params": {"user": {"name": "Ü & co"}}, "transport": transport, "auth_token": "ünïcode ??? ~~~"}, True,
    ]


def test_1000_pipelined_pushes_are_answered_in_order(run):
    assert run("""
      const channel = await joined(await connected(), topic)
      const order = []
      for (let n = 0; n < 1000; n++) channel.push("echo", {n}).receive("ok", reply => order.push([n, reply.n]))
      await until(() => order.length === 1000, 20_000)
      return order.every(([sent, replied], place) => sent === place && replied === place)
    """) is True


def test_broadcasts_and_pushes_of_the_server(run):
    assert run("""
      const channels = [await joined(await connected(), topic), await joined(await connected(), topic)]
      const heard = channels.map(() => [])
      channels.forEach((channel, place) => {
        for (const event of ["shout", "pushed"]) channel.on(event, ({n}) => heard[place].push([event, n]))
      })
      for (const n of [1, 2, 3]) channels[0].push("shout", {n})
      channels[0].push("shout_from", {n: 4})
      channels[1].push("push_me", {n: 5})
      await until(() => heard[0].length === 3 && heard[1].length === 5)
      await Promise.all(channels.map(channel => outcome(channel.push("ping"))))
      return heard.map(list => list.sort((one, other) => one[1] - other[1]))
    """) == [[["shout", n] for n in (1, 2, 3)], [["shout", n] for n in (1, 2, 3, 4)] + [["pushed", 5]]]


def test_messages_of_300_kib(run):
    assert run("""
      const channel = await joined(await connected(), topic)
      const body = Array.from({length: 300 * 1024 / 8}, (_, n) => n.toString(16).padStart(8, "0")).join("")
      const replies = await Promise.all([1, 2, 3].map(() => outcome(channel.push("echo", {body}))))
      return replies.map(({response}) => response.body === body)
    """) == [True] * 3


def test_leave_join_and_crash(run):
    assert run("""
      const socket = await connected()
      const first = await joined(socket, topic)
      const {status} = await outcome(first.leave())
      const second = await joined(socket, topic)
      const reasons = []
      second.onError(reason => reasons.push(reason))
      second.push("crash", {})
      await until(() => reasons.length === 1 && second.state === "joined")
      second.push("stop", {})
      await until(() => second.state === "closed")
      return [status, first.state, reasons, wires.length, socket.channels.length]
    """) == ["ok", "closed", [{"reason": "channel_crash"}], 1, 0]


@only("websocket", "sse")
def test_binary_both_ways(run):
    assert run("""
      const channel = await joined(await connected(), topic)
      const bytes = size => Uint8Array.from({length: size}, (_, n) => (n * 7 + (n >> 8)) & 255)
      const same = (buffer, size) => buffer instanceof ArrayBuffer && bytes(size).every((byte, n) => byte === new Uint8Array(buffer)[n])
        && buffer.byteLength === size
      const heard = []
      for (const event of ["binary_pushed", "binary_shout"]) channel.on(event, payload => heard.push([event, same(payload, 1000)]))
      const sizes = [0, 1, 1000, 300 * 1024]
      const replies = await Promise.all(sizes.map(size => outcome(channel.push("binary_echo", bytes(size).buffer))))
      channel.push("binary_push", bytes(1000))
      channel.push("binary_shout", bytes(1000))
      await until(() => heard.length === 2)
      return [replies.map(({status, response}, place) => [status, same(response, sizes[place])]), heard.sort()]
    """) == [[["ok", True]] * 4, [["binary_pushed", True], ["binary_shout", True]]]


@only("longpoll")
def test_binary_goes_up_only(run):
    assert run("""
      const channel = await joined(await connected(), topic)
      const {response} = await outcome(channel.push("binary_len", Uint8Array.of(0, 255, 10)))
      return [response, await outcome(channel.push("binary_echo", new ArrayBuffer(3))), channel.state]
    """) == [{"size": 3}, {"status": "error", "response": {"reason": "binary unsupported on longpoll"}}, "joined"]


def test_version_1_0_0(run):
    """Objects in place of lists, which long poll's lines cannot carry."""
    assert run("""
      const socket = await connected({
        vsn: "1.0.0",
        encode: ({topic, event, payload, ref, join_ref}, done) => done(JSON.stringify({topic, event, payload, ref, join_ref}, null, 1)),
        decode: (text, done) => done({join_ref: null, ...JSON.parse(text)}),
      })
      const channel = await joined(socket, topic, {v: 1})
      const replies = await Promise.all([1, 2, 3].map(n => outcome(channel.push("echo", {n}))))
      return replies.map(({response}) => response.n)
    """) == [1, 2, 3]


def test_a_refused_connect_is_tried_again_until_it_is_let_in(run):
    assert run("""
      let reject = "1"
      const errors = []
      const socket = new Socket(endPoint, {transport: Spy, params: () => ({reject}), ...defaults})
      socket.onError(error => errors.push(error))
      socket.connect()
      await until(() => wires.length >= 3)
      reject = "0"
      await until(() => socket.isConnected())
      return errors.length >= 2
    """) is True


@pytest.mark.parametrize("event", ["close_me", "kill_me"])
def test_a_lost_connection_comes_back_and_its_channels_rejoin(run, transport, event):
    run(JOINED + f'channel.push("{event}", {{}})')
    codes = {"websocket": (1001, 1006), "longpoll": (3410, 3410), "sse": (1001, 1006)}[transport]
    assert run(AGAIN) == {"codes": [codes[event == "kill_me"]], "heard": [1], "pong": "ok", "joins": 2}


@only("websocket", "sse")
def test_a_close_with_1000_is_final(run):
    """Long poll has no way to say it."""
    assert run(JOINED + """
      channel.push("close_me", {code: 1000})
      await until(() => codes.length === 1)
      await sleep(500)
      return [codes, socket.connectionState(), wires.length]
    """) == [[1000], "closed", 1]


@pytest.mark.parametrize("gently", [True, False])
def test_it_comes_back_after_a_restart_of_the_server(start_js, own_server, transport, gently):
    run = start_js(own_server, transport)
    run(JOINED)
    if gently:
        assert own_server.stop() is None
    else:
        own_server.kill()
    run("""
      keep.channel.push("ping") // with which a long poll finds out at once
      await until(() => !keep.socket.isConnected())
      keep.channel.push("echo", {n: 7}).receive("ok", ({n}) => { keep.kept = n })
    """)
    own_server.start()
    result = run(AGAIN)
    assert [result["heard"], result["pong"], run("return keep.kept")] == [[1], "ok", 7]


def test_disconnect_sends_what_waits_and_stays_away(run):
    assert run("""
      const listener = await joined(await connected(), topic)
      const heard = []
      listener.on("shout", ({n}) => heard.push(n))
      const socket = await connected()
      const codes = []
      const channel = await joined(socket, topic)
      socket.onClose(({code}) => codes.push(code))
      channel.push("shout", {n: 1})
      const closed = new Promise(done => socket.disconnect(done))
      const state = socket.connectionState()
      await closed
      await until(() => heard.length === 1)
      await sleep(300)
      return [state, socket.connectionState(), codes, wires.length]
    """) == ["closing", "closed", [1000], 2]


@only("longpoll", "sse")
def test_pushes_made_in_one_go_share_requests(run):
    """Of at most 100 frames each, one at a time."""
    assert run("""
      const channel = await joined(await connected(), topic)
      const real = globalThis.fetch, posts = []
      let open = 0, most = 0
      globalThis.fetch = async (url, options) => {
        if (options.method !== "POST") return real(url, options)
        posts.push(options.body.split("\\n").length)
        most = Math.max(most, ++open)
        try { return await real(url, options) } finally { open -= 1 }
      }
      const replies = await Promise.all(Array.from({length: 250}, (_, n) => outcome(channel.push("echo", {n}))))
      globalThis.fetch = real
      return [posts, most, replies.length]
    """) == [[100, 100, 50], 1, 250]


@only("longpoll")
def test_a_lost_answer_of_a_poll_is_asked_for_again(run):
    """The answer to one poll is thrown away after the server sent it. The next question says so, and nothing is missing."""
    assert run("""
      const real = globalThis.fetch
      let lose = false, lost = 0
      const asked = []
      globalThis.fetch = async (url, options) => {
        if (options.method === "GET") asked.push(new URL(url).searchParams.get("_ack"))
        const response = await real(url, options)
        if (!lose || options.method !== "GET" || response.status !== 200) return response
        const {status} = await response.clone().json()
        if (status !== 200) return response
        lose = false
        lost += 1
        throw new TypeError("lost on the way")
      }
      const socket = await connected()
      const channel = await joined(socket, topic)
      const heard = []
      channel.on("pushed", ({n}) => heard.push(n))
      await sleep(100)
      lose = true
      for (const n of [1, 2, 3]) channel.push("push_me", {n})
      await until(() => heard.length === 3)
      await outcome(channel.push("ping"))
      globalThis.fetch = real
      return [heard, lost, wires.length, asked[0], asked.some((ack, place) => ack !== null && ack === asked[place - 1])]
    """) == [[1, 2, 3], 1, 1, None, True]


@only("sse")
@pytest.mark.parametrize("end", ["\\n", "\\r\\n", "\\r"])
def test_an_event_stream_may_come_in_pieces_of_any_size(run, end):
    """The stream of the server, byte by byte, with each of the three line ends that a stream may have."""
    assert run(f'const end = new TextEncoder().encode("{end}")' + """
      const real = globalThis.fetch
      globalThis.fetch = async (url, options) => {
        const response = await real(url, options)
        if (options.method === "POST") return response
        const cut = (chunk, out) => {
          for (const byte of chunk) for (const one of byte === 10 ? end : [byte]) out.enqueue(Uint8Array.of(one))
        }
        return new Response(response.body.pipeThrough(new TransformStream({transform: cut})), {status: response.status})
      }
      const channel = await joined(await connected(), topic)
      globalThis.fetch = real
      const replies = await Promise.all(["ü 🐦", "a: b", " "].map(text => outcome(channel.push("echo", {text}))))
      const {response} = await outcome(channel.push("binary_echo", Uint8Array.of(0, 255)))
      return [replies.map(({response}) => response.text), [...new Uint8Array(response)]]
    """) == [["ü 🐦", "a: b", " "], [0, 255]]


@only("longpoll", "sse")
def test_what_waits_to_be_sent_has_a_limit(run):
    """A WebSocket that is full closes, too."""
    assert run(JOINED + """
      for (let n = 0; n < 33; n++) channel.push("silent", {body: "x".repeat(1 << 19)}, 300)
      const state = socket.connectionState()
      await until(() => wires.length > 1 && channel.state === "joined")
      return [state, codes, (await outcome(channel.push("ping"))).status]
    """) == ["closed", [1009], "ok"]


@only("sse")
def test_an_event_has_a_limit(run):
    """A stream of the server, with an event after its first that never ends."""
    assert run("""
      const real = globalThis.fetch
      const endless = out => { for (let n = 0; n < 17; n++) out.enqueue(new TextEncoder().encode("data: ".padEnd(1 << 20, "x"))) }
      globalThis.fetch = async (url, options) => {
        const response = await real(url, options)
        return new Response(response.body.pipeThrough(new TransformStream({
          transform(chunk, out) { out.enqueue(chunk); endless(out) },
        })))
      }
      const socket = new Socket(endPoint, {...defaults, transport: Spy})
      const ends = []
      socket.onClose(({code}) => ends.push(code))
      socket.connect()
      await until(() => ends.length > 0)
      globalThis.fetch = real
      await until(() => socket.isConnected())
      return ends[0]
    """) == 1006


# Fallback


@pytest.fixture
def run_behind(start_js, server, transport):
    """Runs scripts behind a proxy that treats WebSockets as its mode says."""
    proxies = []

    def run_behind(mode):
        proxies.append(Proxy(server, mode))
        return start_js(proxies[-1], transport), proxies[-1]

    yield run_behind
    for proxy in proxies:
        proxy.close()


FALLS_BACK = """
  const items = keep.items ??= new Map()
  const sessionStorage = {getItem: key => items.get(key) ?? null, setItem: (key, item) => items.set(key, item)}
  const socket = new Socket(endPoint, {...defaults, transport: Spy, longPollFallbackMs: 500, sessionStorage})
  const opened = []
  socket.onOpen(() => opened.push(wires.length))
  socket.connect()
  const channel = socket.channel(topic)
  channel.join()
  const {response} = await new Promise(done => channel.push("conn_info").receive("ok", response => done({response})))
"""


@only("websocket")
@pytest.mark.parametrize("mode", ["refuse", "hang"])
def test_it_falls_back_to_long_poll_where_websockets_are_blocked(run_behind, mode):
    run, proxy = run_behind(mode)
    both = "return [response.transport, channel.state, opened, [...keep.items]]"
    assert run(FALLS_BACK + both) == ["longpoll", "joined", [1], [["phx:fallback:LongPoll", "true"]]]
    assert run(FALLS_BACK + "return [response.transport, opened, wires.length]") == ["longpoll", [1], 1]  # remembered
    assert proxy.handshakes == 1


@only("websocket")
def test_it_falls_back_where_websockets_open_but_lose_frames(run_behind):
    run, proxy = run_behind("swallow")
    result = run("const began = performance.now()" + FALLS_BACK + """
      return {transport: response.transport, state: channel.state, opened, ms: performance.now() - began}
    """)
    assert result["ms"] >= 500
    assert [result["transport"], result["state"], result["opened"], proxy.handshakes] == ["longpoll", "joined", [1, 1], 1]


@only("websocket", "sse")
def test_it_does_not_fall_back_where_the_transport_works(run, transport):
    assert run(FALLS_BACK + """
      await sleep(700)
      return [response.transport, channel.state, opened, wires.length, [...keep.items]]
    """) == [transport, "joined", [1], 1, []]


@only("websocket")
def test_a_websocket_that_has_worked_is_tried_again_after_the_fallback(start_js, own_server, transport):
    """A server that is away fails every transport. That says nothing of the network, so it is not remembered."""
    run = start_js(own_server, transport)
    run(FALLS_BACK + "await sleep(700); Object.assign(keep, {socket, channel})")
    own_server.kill()
    run("await until(() => wires.length > 2)")
    own_server.start()
    assert run("""
      await until(() => keep.channel.state === "joined", 20_000)
      const {response} = await outcome(keep.channel.push("conn_info"))
      return [["websocket", "longpoll"].includes(response.transport), [...keep.items]]
    """) == [True, []]
