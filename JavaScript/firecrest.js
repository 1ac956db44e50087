// Firecrest — the browser client of the Phoenix Channels protocol, with the API of phoenix.js
// SPDX-License-Identifier: Apache-2.0

/** Waits a random time up to the step of this try (the last step repeats): "full jitter".
 *
 * A restart or a crash cuts off every client in the same millisecond. Clients that all wait the same time come back
 * in the same millisecond too, and a server that has just started gets every handshake and join at once, again and
 * again: a thundering herd. Spreading each try over its whole step turns the spike into an even load.
 * @param {number[]} steps milliseconds
 * @param {number} [floor] the part of a step that is always waited, 0 to 1
 * @returns {(tries: number) => number} */
export const backoff = (steps, floor = 0) => tries => {
  const step = steps[Math.min(tries, steps.length) - 1]
  return Math.round(step * (floor + (1 - floor) * Math.random()))
}

const STATES = ["connecting", "open", "closing", "closed"] // by WebSocket.readyState
const FALLBACK_KEY = "phx:fallback:LongPoll" // that of phoenix.js: what one found out holds for the other
const HEARTBEAT = {topic: "phoenix", event: "heartbeat", payload: {}, join_ref: null}
const page = typeof document === "undefined" ? null : document // null outside a browser

/** Calls back later, each time after `delay(tries)` milliseconds, until reset. */
class Retry {
  #timer; #tries = 0; #callback; #delay
  constructor(callback, delay) { this.#callback = callback; this.#delay = delay }
  cancel() { clearTimeout(this.#timer) }
  reset() { this.cancel(); this.#tries = 0 }
  schedule() { this.cancel(); this.#timer = setTimeout(this.#callback, this.#delay(++this.#tries)) }
}

/** A message to a channel, and what to do with its reply. Made by `Channel.push`, `join` and `leave`. */
export class Push {
  #channel; #payload; #hooks = []; #settled = null; #timer
  /** Reference of the message on the wire; null until it is sent. @type {?string} */
  ref = null

  constructor(channel, event, payload, timeout) {
    this.#channel = channel
    this.event = event
    this.#payload = payload
    this.timeout = timeout
  }

  /** Calls back when the reply has this status: "ok", "error", a status of your own, or "timeout" (no reply in time).
   * A reply that is here already calls back at once. @returns {Push} itself, to chain */
  receive(status, callback) {
    if (this.#settled?.status === status) callback(this.#settled.response)
    this.#hooks.push({status, callback})
    return this
  }

  /** Forgets the earlier reply and sends again, under a new reference. */
  resend(timeout = this.timeout) {
    this.reset()
    this.timeout = timeout
    this.send()
  }

  /** Sends now, unless it has timed out; the socket keeps it while disconnected. */
  send() {
    if (this.#settled?.status === "timeout") return
    const {socket, topic} = this.#channel
    this.arm()
    this.#channel.expect(this)
    const payload = typeof this.#payload === "function" ? this.#payload() : this.#payload ?? {}
    socket.push({topic, event: this.event, payload, ref: this.ref, join_ref: this.#channel.joinRef()})
  }

  /** Starts the time in which a reply must come, if it does not run yet. @internal */
  arm() { this.#timer ??= setTimeout(() => this.settle("timeout"), this.timeout) }

  /** Waits no longer. @internal */
  cancel() {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#channel.forget(this)
  }

  /** Makes it as new. @internal */
  reset() {
    this.cancel()
    this.ref = this.#settled = null
  }

  /** The first answer counts; a later one is dropped. @internal */
  settle(status, response) {
    if (this.#settled) return
    this.cancel()
    this.#settled = {status, response}
    for (const hook of [...this.#hooks]) if (hook.status === status) hook.callback(response)
  }
}

/** One topic on a socket. Made by `socket.channel(topic, params)`. */
export class Channel {
  /** "closed", "joining", "joined", "errored" or "leaving". */
  state = "closed"
  #bindings = new Map() // event name, chosen by anyone → [{id, callback}]; a Map has no inherited names to trip over
  #pending = new Map() // reference → Push that waits for a reply
  #buffer = [] // pushes made before the join was accepted
  #join; #joinedOnce = false; #joinRef = null; #rejoin; #leave = null; #ended = false; #ids = 0

  constructor(topic, params, socket) {
    this.topic = topic
    this.socket = socket
    this.#rejoin = new Retry(() => { if (socket.isConnected()) this.sendJoin() }, socket.rejoinAfterMs)
    this.#join = new Push(this, "phx_join", params, socket.timeout)
      .receive("ok", () => {
        this.state = "joined"
        this.#rejoin.reset()
        while (this.#buffer.length > 0) this.#buffer.shift().send()
      })
      .receive("error", reason => {
        this.#fail()
        socket.log("channel", `join of ${topic} refused`, reason)
      })
      .receive("timeout", () => {
        const join_ref = this.#joinRef
        socket.log("channel", `join of ${topic} timed out`)
        this.#fail()
        // The server may still accept this join later: withdraw it, so that the next one starts clean.
        if (join_ref !== null && socket.isConnected()) {
          socket.push({topic, event: "phx_leave", payload: {}, ref: socket.makeRef(), join_ref})
        }
      })
  }

  /** Joins; once per channel object, which then rejoins by itself after crashes and reconnects, with the same hooks. */
  join(timeout = this.#join.timeout) {
    if (this.#joinedOnce) throw new Error("join() may be called once per channel; make a new channel to join again")
    this.#joinedOnce = true
    this.#join.timeout = timeout
    this.sendJoin()
    return this.#join
  }

  /** Leaves and forgets the channel. "ok" comes from the server, or at once if it does not know the channel. */
  leave(timeout = this.socket.timeout) {
    if (this.#leave) return this.#leave
    const known = this.socket.isConnected() && this.#joinRef !== null
    const done = () => this.#close("leave")
    this.#leave = new Push(this, "phx_leave", {}, timeout)
    this.#leave.receive("ok", done).receive("error", done).receive("timeout", done)
    this.#rejoin.reset()
    this.#join.cancel()
    this.#buffer = []
    if (!this.#ended) this.state = "leaving"
    if (known) this.#leave.send(); else this.#leave.settle("ok", {})
    return this.#leave
  }

  /** Calls back with (payload, ref, joinRef) for each message of this event. @returns {number} to pass to `off` */
  on(event, callback) {
    const id = ++this.#ids
    this.#bindings.set(event, [...this.#bindings.get(event) ?? [], {id, callback}])
    return id
  }

  /** Removes the callback with this number, or all of the event. */
  off(event, id) {
    const rest = id === undefined ? [] : (this.#bindings.get(event) ?? []).filter(binding => binding.id !== id)
    if (rest.length > 0) this.#bindings.set(event, rest); else this.#bindings.delete(event)
  }

  /** Calls back after the channel has ended for good: it left, or the server closed it. */
  onClose(callback) { return this.on("phx_close", callback) }
  /** Calls back when the channel crashed or the connection was lost; the channel then rejoins by itself. */
  onError(callback) { return this.on("phx_error", reason => callback(reason)) }
  /** Sees each message first and returns its payload, changed or not. Replace it on a channel to intercept. */
  onMessage(_event, payload, _ref, _joinRef) { return payload }

  /** Sends an event; the payload is an object, an ArrayBuffer (goes out as a binary frame), or a function that makes one.
   * Until the join is accepted it waits here, its time already running; when that is over it is dropped. @returns {Push} */
  push(event, payload = {}, timeout = this.socket.timeout) {
    if (!this.#joinedOnce) throw new Error(`cannot push "${event}" to "${this.topic}" before join()`)
    const push = new Push(this, event, payload, timeout)
    if (this.state === "joined" && this.socket.isConnected()) {
      push.send()
    } else {
      push.receive("timeout", () => { this.#buffer = this.#buffer.filter(other => other !== push) })
      push.arm()
      this.#buffer.push(push)
    }
    return push
  }

  /** Reference of the current join; null while there is none. @returns {?string} */
  joinRef() { return this.#joinRef }

  /** @internal */
  sendJoin() {
    if (this.#leave || this.#ended) return
    this.#rejoin.cancel()
    this.socket.leaveOtherChannels(this)
    this.state = "joining"
    this.#join.reset()
    this.#joinRef = null
    // Without a connection nothing is queued: the socket calls again when it opens, so no stale join goes out then.
    if (this.socket.isConnected()) this.#join.send(); else this.#join.arm()
  }

  /** Gives a push its reference and waits for the reply to it. @internal */
  expect(push) {
    this.forget(push)
    push.ref = this.socket.makeRef()
    if (push === this.#join) this.#joinRef = push.ref
    this.#pending.set(push.ref, push)
  }

  /** @internal */
  forget(push) { this.#pending.delete(push.ref) }

  /** Takes a message of this topic from the socket. @internal */
  receive({event, payload, ref, join_ref}) {
    // Null is a broadcast; another reference belongs to an earlier join of the topic, or to another channel object.
    if (join_ref != null && join_ref !== this.#joinRef) return this.socket.log("channel", `stale ${event}`, this.topic)
    if (this.state === "closed" || (this.state === "leaving" && !event.startsWith("phx_"))) return
    const seen = this.onMessage(event, payload, ref, join_ref)
    if (payload && !seen) throw new Error("onMessage must return the payload, changed or not")
    if (event === "phx_reply") this.#pending.get(ref)?.settle(seen?.status, seen?.response)
    if ((event === "phx_close" || event === "phx_error") && this.#gone()) return
    if (event === "phx_close") return this.#close(seen, ref, join_ref)
    if (event === "phx_error") this.#fail()
    this.#dispatch(event, seen, ref, join_ref)
  }

  /** The connection is gone, and with it the server's side of the channel. @internal */
  disconnected(reason) {
    if (this.state === "closed" || this.state === "errored" || this.#gone()) return
    this.#fail()
    this.#dispatch("phx_error", reason)
  }

  /** Whether the channel was leaving: the server's side is gone, so there is no reply to wait for. */
  #gone() {
    if (this.state === "leaving") this.#leave.settle("ok", {})
    return this.state === "closed"
  }

  #fail() {
    this.state = "errored"
    this.#join.cancel()
    this.#joinRef = null
    if (this.socket.isConnected()) this.#rejoin.schedule(); else this.#rejoin.reset()
  }

  #close(payload, ref, joinRef) {
    if (this.#ended) return
    this.#ended = true
    this.state = "closed"
    this.#rejoin.reset()
    this.#join.cancel()
    this.#buffer = []
    this.#joinRef = null
    this.socket.remove(this)
    this.#dispatch("phx_close", payload, ref, joinRef)
  }

  #dispatch(event, payload, ref, joinRef) {
    for (const {callback} of this.#bindings.get(event) ?? []) callback(payload, ref, joinRef ?? this.#joinRef)
  }
}

/** One connection to a Firecrest or Phoenix server, which comes back by itself when it is lost. */
export class Socket {
  /** The channels of this socket. @type {Channel[]} */
  channels = []
  #endPoint; #options; #conn = null; #wanted = false; #ref = 0; #ids = 0
  #listeners = new Map() // number → {kind, callback}
  #sendBuffer = []; #pings = new Map(); #reconnect; #heartbeatTimer; #heartbeatRef = null; #pageEvents = null
  #primaryIsWell = false; #fallBackNext = false; #fallbackTimer

  /**
   * @param {string} endPoint where the socket is mounted: a path ("/socket"), or a ws, wss, http or https URL
   * @param {object} [options]
   * @param {object|function(): object} [options.params] sent with each connect; nested as a[b], lists as a[]; null is left out
   * @param {string|function(): string} [options.authToken] sent as a subprotocol, so that it stays out of URLs and logs
   * @param {number} [options.timeout] ms to wait for a reply. Defaults to 10,000
   * @param {number} [options.heartbeatIntervalMs] ms between heartbeats, and to wait for each reply. Defaults to 30,000
   * @param {function(number): number} [options.reconnectAfterMs] ms before the nth try. Yours is used as it is: add jitter
   * @param {function(number): number} [options.rejoinAfterMs] ms before the nth rejoin of a channel; the same holds
   * @param {function(string, string, *)} [options.logger] called with (kind, message, data)
   * @param {typeof WebSocket} [options.transport] `WebSocket`, `EventStream`, `LongPoll`, or a class like them. Defaults to
   *   the global WebSocket, and where there is none to LongPoll
   * @param {number} [options.longPollFallbackMs] ms for the transport to open, and then to answer a ping, before LongPoll takes
   *   its place; an error before it opens does so at once. Off by default
   * @param {number} [options.longpollerTimeout] ms that LongPoll and EventStream wait for an answer. Defaults to 20,000
   * @param {Storage} [options.sessionStorage] where it is kept that this tab needs LongPoll. Defaults to the page's
   * @param {string} [options.vsn] serializer version asked for. Defaults to "2.0.0"; another needs encode and decode
   * @param {function(object, function(*))} [options.encode] calls back with the frame for a message
   * @param {function(*, function(object))} [options.decode] calls back with the message {join_ref, ref, topic, event, payload}
   * @param {BinaryType} [options.binaryType] of the WebSocket. Defaults to "arraybuffer"
   */
  constructor(endPoint, options = {}) {
    this.#endPoint = endPoint
    this.#options = {
      transport: globalThis.WebSocket ?? LongPoll, sessionStorage: pageStorage(), longpollerTimeout: 20_000,
      vsn: "2.0.0", encode, decode, binaryType: "arraybuffer", heartbeatIntervalMs: 30_000,
      ...Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)),
    }
    this.timeout = options.timeout ?? 10_000
    // A channel that crashes as it joins must not spin, so half of each step is always waited.
    this.rejoinAfterMs = options.rejoinAfterMs ?? backoff([2_000, 4_000, 8_000, 15_000], 0.5)
    this.#reconnect = new Retry(() => this.#retry(), options.reconnectAfterMs ?? backoff([500, 1_000, 2_000, 5_000, 10_000]))
  }

  /** Opens the connection, and opens it again whenever it is lost, until `disconnect` or a close with code 1000. */
  connect() {
    this.#wanted = true
    this.#watchPage()
    const state = this.connectionState()
    if (state === "open" || state === "connecting") return
    this.#abandon("connect")
    this.#reconnect.cancel()
    this.#open()
  }

  /** Closes the connection for good, and calls back once it is closed. */
  disconnect(callback, code = 1000, reason = "") {
    this.#wanted = false
    this.#reconnect.reset()
    this.#pageEvents?.abort()
    this.#pageEvents = null
    const conn = this.#conn
    if (!conn) return callback?.()
    this.#stopHeartbeat()
    clearTimeout(this.#fallbackTimer)
    const done = event => {
      clearTimeout(timer)
      conn.onclose = null
      if (this.#conn === conn) this.#closed(event)
      callback?.()
    }
    const timer = setTimeout(() => done(lostEvent("disconnect")), 3_000) // a dead network never answers
    conn.onclose = done
    conn.close(code, reason)
  }

  /** Each calls back on that event and returns a number to pass to `off`. */
  onOpen(callback) { return this.#listen("open", callback) }
  onClose(callback) { return this.#listen("close", callback) }
  onError(callback) { return this.#listen("error", callback) }
  onMessage(callback) { return this.#listen("message", callback) }
  /** Removes callbacks by their numbers, one or a list. */
  off(refs) { for (const ref of [refs].flat()) this.#listeners.delete(ref) }

  isConnected() { return this.connectionState() === "open" }
  /** "connecting", "open", "closing" or "closed". */
  connectionState() { return STATES[this.#conn?.readyState ?? 3] }
  /** "ws" or "wss". */
  protocol() { return this.#url().protocol.slice(0, -1) }

  /** The URL to connect to, params and vsn included. */
  endPointURL() {
    const url = this.#url()
    const {params} = this.#options
    appendParams(url.searchParams, typeof params === "function" ? params() : params ?? {})
    url.searchParams.set("vsn", this.#options.vsn)
    return url.href
  }

  /** Makes a channel; nothing is sent before its `join`. `params` go with each join: an object, or a function for one. */
  channel(topic, params = {}) {
    const channel = new Channel(topic, params, this)
    this.channels.push(channel)
    return channel
  }

  /** Forgets a channel without telling the server; `channel.leave()` does both. */
  remove(channel) { this.channels = this.channels.filter(other => other !== channel) }

  /** Sends {topic, event, payload, ref, join_ref}; while disconnected it is kept and sent, in order, on the next open. */
  push(message) {
    this.log("push", `${message.topic} ${message.event}`, message)
    this.#options.encode(message, frame => {
      if (this.isConnected()) this.#conn.send(frame); else this.#sendBuffer.push(frame)
    })
  }

  /** The next reference: decimal strings, counted over the socket. */
  makeRef() { return String(++this.#ref) }

  /** Measures a round trip and calls back with its milliseconds. @returns {boolean} false when there is no connection */
  ping(callback) {
    if (!this.isConnected()) return false
    const ref = this.makeRef()
    const start = performance.now()
    this.#pings.set(ref, () => callback(performance.now() - start))
    this.push({...HEARTBEAT, ref})
    return true
  }

  /** Hands a line to the logger, if there is one. */
  log(kind, message, data) { this.#options.logger?.(kind, message, data) }

  /** A topic has one channel per connection: an older channel object leaves before a new one joins. @internal */
  leaveOtherChannels(channel) {
    const open = other => other.topic === channel.topic && (other.state === "joined" || other.state === "joining")
    for (const other of this.channels.filter(other => other !== channel && open(other))) other.leave()
  }

  #url() {
    const url = new URL(this.#endPoint, page?.location.href)
    url.protocol = url.protocol.replace(/^http/, "ws")
    url.pathname = `${url.pathname.replace(/\/+$/, "")}/websocket`
    url.hash = "" // a WebSocket URL must not have one
    return url
  }

  #listen(kind, callback) {
    this.#listeners.set(++this.#ids, {kind, callback})
    return this.#ids
  }

  #emit(kind, value) {
    for (const listener of [...this.#listeners.values()]) if (listener.kind === kind) listener.callback(value)
  }

  #open() {
    const {transport: primary, longPollFallbackMs, authToken, binaryType, longpollerTimeout} = this.#options
    const mayFallBack = longPollFallbackMs > 0 && primary !== LongPoll
    const remembered = mayFallBack && this.#fallbackMemory(storage => storage.getItem(FALLBACK_KEY))
    const transport = this.#fallBackNext || remembered ? LongPoll : primary
    const token = typeof authToken === "function" ? authToken() : authToken
    const conn = token ? new transport(this.endPointURL(), authProtocols(token)) : new transport(this.endPointURL())
    let opened = false
    this.#fallBackNext = false // for this once: where the primary did work, the next connection tries it again
    this.#conn = conn
    conn.binaryType = binaryType
    conn.timeout = longpollerTimeout
    conn.onopen = () => { opened = true; this.#opened(conn, mayFallBack) }
    conn.onerror = error => {
      this.log("transport", "error", error)
      this.#emit("error", error)
      if (mayFallBack && transport === primary && !opened) this.#fallBack(conn, "error")
    }
    conn.onmessage = event => this.#options.decode(event.data, message => this.#received(message))
    conn.onclose = event => this.#closed(event)
    if (mayFallBack && transport === primary) this.#fallBackIn(longPollFallbackMs, conn)
  }

  #opened(conn, mayFallBack) {
    this.log("transport", "open", this.#endPoint)
    if (mayFallBack && conn instanceof LongPoll) {
      // A network on which the primary never worked: the pages to come need not wait for it in vain.
      if (!this.#primaryIsWell) this.#fallbackMemory(storage => storage.setItem(FALLBACK_KEY, "true"))
    } else if (mayFallBack) {
      // Some proxies let a WebSocket open and its frames be lost. Only an answer shows that the transport works.
      this.#fallBackIn(this.#options.longPollFallbackMs, conn)
      this.ping(() => { this.#primaryIsWell = true; clearTimeout(this.#fallbackTimer) })
    }
    for (const frame of this.#sendBuffer.splice(0)) conn.send(frame)
    // The requests of a long poll come and go all the time, and are heartbeat enough.
    if (!conn.skipHeartbeat) this.#heartbeatTimer = setTimeout(() => this.#heartbeat(), this.#options.heartbeatIntervalMs)
    const waiting = channel => channel.state === "joining" || channel.state === "errored"
    for (const channel of this.channels.filter(waiting)) channel.sendJoin()
    this.#emit("open")
  }

  #received(message) {
    const {topic, event, ref} = message
    this.log("receive", `${topic} ${event}`, message)
    // Only a message shows that the server is well. Starting the back-off again on each open would let a server that
    // accepts and then drops its clients be hammered.
    this.#reconnect.reset()
    if (ref !== null && ref === this.#heartbeatRef) {
      this.#stopHeartbeat()
      this.#heartbeatTimer = setTimeout(() => this.#heartbeat(), this.#options.heartbeatIntervalMs)
    }
    const pong = this.#pings.get(ref)
    if (this.#pings.delete(ref)) pong()
    for (const channel of [...this.channels]) if (channel.topic === topic) channel.receive(message)
    this.#emit("message", message)
  }

  #fallBackIn(ms, conn) {
    clearTimeout(this.#fallbackTimer)
    this.#fallbackTimer = setTimeout(() => this.#fallBack(conn, "timeout"), ms)
  }

  /** Gives up this connection, and tries by long poll, at once. */
  #fallBack(conn, reason) {
    if (this.#conn !== conn) return
    this.log("transport", `falling back to LongPoll (${reason})`)
    this.#abandon("fallback")
    if (!this.#wanted || this.#conn) return // one of the callbacks took another way
    this.#reconnect.cancel()
    this.#fallBackNext = true
    this.#open()
  }

  /** Storage that is full or forbidden throws; then nothing is remembered. */
  #fallbackMemory(use) {
    try { return this.#options.sessionStorage && use(this.#options.sessionStorage) } catch { return null }
  }

  /** All ends of a connection come here, once each. */
  #closed(event) {
    this.log("transport", `closed (${event.code})`, event)
    this.#conn = null
    clearTimeout(this.#fallbackTimer)
    this.#stopHeartbeat()
    this.#pings.clear()
    if (event.code === 1000) this.#wanted = false // the server, or the caller, asks to stay away
    if (this.#wanted) this.#reconnect.schedule()
    for (const channel of [...this.channels]) channel.disconnected(event)
    this.#emit("close", event)
  }

  /** Gives up a connection without waiting for its close event, which takes minutes on a dead network. */
  #abandon(reason) {
    const conn = this.#conn
    if (!conn) return
    conn.onopen = conn.onerror = conn.onmessage = conn.onclose = () => {}
    conn.close(1000, reason)
    this.#closed(lostEvent(reason))
  }

  #heartbeat() {
    this.#heartbeatRef = this.makeRef()
    this.push({...HEARTBEAT, ref: this.#heartbeatRef})
    this.#heartbeatTimer = setTimeout(() => this.#abandon("heartbeat timeout"), this.#options.heartbeatIntervalMs)
  }

  #stopHeartbeat() {
    clearTimeout(this.#heartbeatTimer)
    this.#heartbeatRef = null
  }

  /** A page nobody looks at does not reconnect: it would be throttled half-way, or keep a phone awake. */
  #retry() {
    if (page?.visibilityState !== "hidden" && this.#wanted && !this.#conn) this.#open()
  }

  #watchPage() {
    if (!page || this.#pageEvents) return
    this.#pageEvents = new AbortController()
    const {signal} = this.#pageEvents
    const again = () => { this.#reconnect.cancel(); this.#retry() }
    page.addEventListener("visibilitychange", again, {signal})
    // An open connection keeps a page out of the back/forward cache.
    addEventListener("pagehide", () => this.#abandon("page hidden"), {signal})
    addEventListener("pageshow", again, {signal})
  }
}

const MAX_WAITING = 16 << 20 // characters that a transport keeps, either way; more closes it, as it closes a full WebSocket
const MAX_LINES = 100 // of a request: servers handle no more of them, and do not say so
const MAX_BODY = 256 << 10 // characters of a request, unless one frame alone is longer
const nothing = () => {}

/** What the transports over HTTP share: the interface of a WebSocket, the session on the server, and the way up, which is
 * requests with many frames each, one request at a time so that the frames stay in order. */
class RequestTransport {
  readyState = 0
  binaryType = "arraybuffer"
  /** ms to wait for the answer to a request. */
  timeout = 20_000
  onopen = nothing; onerror = nothing; onmessage = nothing; onclose = nothing
  #url; #authToken; #token = null; #outbox = []; #waiting = 0; #sending = null; #requests = new AbortController()

  constructor(address, protocols, path) {
    this.#url = new URL(address)
    this.#url.protocol = this.#url.protocol.replace("ws", "http")
    this.#url.pathname = this.#url.pathname.replace(/\/websocket$/, `/${path}`)
    this.#authToken = tokenOf(protocols)
    // A step later the caller has set `timeout` and the callbacks.
    queueMicrotask(() => this.receive().catch(error => this.fail(1006, error.message)))
  }

  send(frame) {
    if (this.readyState === 0) throw new DOMException("the transport is still connecting", "InvalidStateError")
    if (this.readyState > 1) return
    const line = typeof frame === "string" ? frame : toBase64(bytesOf(frame))
    // Only V2 fits the lines of a batch. Another text, as the objects of V1, is a request of its own.
    const alone = typeof frame === "string" && (!frame.startsWith("[") || /[\r\n]/.test(frame))
    this.#outbox.push({line, alone})
    this.#waiting += line.length
    if (this.#waiting > MAX_WAITING) return this.fail(1009, "too much waits to be sent")
    this.#sending ??= this.#sendAll()
  }

  /** Sends what waits, for a second at most, and ends. */
  close(code = 1000, reason = "") {
    if (this.readyState > 1) return
    this.readyState = 2
    const soon = this.#sending && new Promise(done => setTimeout(done, 1_000))
    Promise.race([this.#sending, soon]).then(() => this.end(code, reason))
  }

  async #sendAll() {
    await null // what is pushed in one go makes one request
    while (this.#outbox.length > 0) {
      const batch = this.#nextBatch()
      const headers = {"content-type": batch[0].alone ? "application/json" : "application/x-ndjson"}
      const {status} = await this.json("POST", {headers, body: batch.map(({line}) => line).join("\n")})
      // Whether a lost request was handled is not known; to send it again might do it twice. So the channels join anew.
      if (status === 410) return this.gone()
      if (status !== 200) return this.fail(1011, "frames were not taken")
    }
    this.#sending = null
  }

  #nextBatch() {
    let count = 1, size = this.#outbox[0].line.length
    while (!this.#outbox[0].alone && count < MAX_LINES && count < this.#outbox.length && !this.#outbox[count].alone) {
      size += 1 + this.#outbox[count].line.length
      if (size > MAX_BODY) break
      count += 1
    }
    const batch = this.#outbox.splice(0, count)
    for (const {line} of batch) this.#waiting -= line.length
    return batch
  }

  /** @internal */
  fetch(method, {query = {}, headers = {}, body} = {}) {
    const url = new URL(this.#url)
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value)
    const all = {...headers}
    if (this.#token !== null) all["x-phoenix-longpoll-token"] = this.#token
    if (this.#authToken && method === "GET") all["x-phoenix-authtoken"] = this.#authToken
    return fetch(url, {method, headers: all, body, cache: "no-store", signal: this.#requests.signal})
  }

  /** The JSON that answers a request; without a status when none came in time. @internal */
  async json(method, options) {
    let timer
    const late = new Promise(done => { timer = setTimeout(done, this.timeout, {}) })
    const answer = this.fetch(method, options).then(response => response.json()).catch(() => null)
    const first = await Promise.race([answer, late])
    clearTimeout(timer)
    return first ?? {}
  }

  /** The server has made a session. @internal */
  opened(token) {
    if (this.readyState !== 0) return
    this.#token = token
    this.readyState = 1
    this.onopen({type: "open"})
  }

  /** @internal */
  deliver(data) {
    if (this.readyState !== 1) return
    // What a callback throws is shown as uncaught, and keeps nobody from the messages that follow.
    try { this.onmessage({type: "message", data}) } catch (error) { queueMicrotask(() => { throw error }) }
  }

  /** The server does not know the session any more. @internal */
  gone() { this.fail(3410, "session_gone") }

  /** @internal */
  fail(code, reason) { this.end(code, reason, false) }

  /** @internal */
  end(code, reason, wasClean = true) {
    if (this.readyState === 3) return
    this.readyState = 3
    this.#outbox = []
    this.#requests.abort()
    if (!wasClean) this.onerror(new Error(reason))
    this.onclose({type: "close", code, reason, wasClean})
  }
}

/** A transport for networks that let only short requests through: the server keeps one open until it has something to say.
 * Servers send no binary frames over it. */
export class LongPoll extends RequestTransport {
  skipHeartbeat = true

  constructor(address, protocols) { super(address, protocols, "longpoll") }

  /** @internal */
  async receive() {
    const again = backoff([250, 1_000, 4_000])
    let received = 0, lost = 0
    while (this.readyState < 3) {
      const connecting = this.readyState === 0
      // With the number of batches that came, the server tells a lost answer from a late question, and repeats that batch.
      const {status, token, messages = []} = await this.json("GET", connecting ? {} : {query: {_ack: received}})
      if (status === 200 || status === 204) {
        if (status === 200) received += 1
        lost = 0
        for (const message of messages) this.deliver(message)
      } else if (status === 410 && connecting) {
        this.opened(token)
      } else if (status === 410) {
        return this.gone() // what came is the token of a new session, without our channels
      } else if (status === 403) {
        return this.fail(1008, "forbidden")
      } else if (connecting || status !== undefined || ++lost > 3) {
        return this.fail(1011, "no answer to a poll")
      } else {
        await new Promise(done => setTimeout(done, again(lost)))
      }
    }
  }
}

/** A transport for networks without WebSockets that let a response take its time: server-sent events down, requests up.
 * Only Firecrest serves it; it carries binary frames both ways. */
export class EventStream extends RequestTransport {
  constructor(address, protocols) { super(address, protocols, "sse") }

  /** @internal */
  async receive() {
    const slow = setTimeout(() => this.fail(1006, "no session in time"), this.timeout)
    try {
      const response = await this.fetch("GET", {headers: {accept: "text/event-stream"}})
      if (!response.ok) return this.fail(response.status === 403 ? 1008 : 1011, `answered with ${response.status}`)
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
      const events = new EventReader()
      for (;;) {
        const {done, value} = await reader.read()
        if (done) return this.fail(1006, "the stream ended")
        for (const {event, data} of events.read(value)) {
          if (event === "session") clearTimeout(slow)
          this.#received(event, data)
        }
      }
    } finally {
      clearTimeout(slow)
    }
  }

  /** The stream may still say why it ended, which can be a reason to stay away. @internal */
  gone() { setTimeout(() => super.gone(), 1_000) }

  #received(event, data) {
    if (event === "session") return this.opened(JSON.parse(data).token)
    if (event === "message") return this.deliver(data)
    if (event === "binary") {
      const bytes = Uint8Array.from(atob(data), character => character.charCodeAt(0))
      return this.deliver(this.binaryType === "blob" ? new Blob([bytes]) : bytes.buffer)
    }
    if (event === "close") {
      const {code, reason} = JSON.parse(data)
      this.end(code, reason)
    }
  }
}

/** Makes events of the text of an event stream, which comes in pieces of any size. An EventSource could not send the auth
 * token, and its reconnects would get a session without our channels. */
class EventReader {
  #rest = ""; #endedInCR = false; #event = ""; #data = []; #size = 0;

  *read(text) {
    if (this.#endedInCR && text.startsWith("\n")) text = text.slice(1) // the other half of a line end
    if (text === "") return
    this.#endedInCR = text.endsWith("\r")
    const lines = text.split(/\r\n|\n|\r/)
    lines[0] = this.#rest + lines[0]
    this.#rest = lines.pop()
    for (const line of lines) {
      if (line === "") {
        if (this.#data.length > 0) yield {event: this.#event || "message", data: this.#data.join("\n")}
        this.#event = ""
        this.#data = []
        this.#size = 0
        continue
      }
      const [, name, value] = /^([^:]*)(?:: ?(.*))?$/s.exec(line)
      if (name === "event") this.#event = value ?? ""
      if (name === "data") this.#data.push(value ?? "")
      this.#size += line.length
    }
    if (this.#size + this.#rest.length > MAX_WAITING) throw new RangeError("an event is too long")
  }
}

const lostEvent = reason => ({type: "close", code: 1006, reason, wasClean: false})

function appendParams(query, value, name = "") {
  if (value === null || value === undefined) return
  if (typeof value !== "object") return query.append(name, value)
  for (const [key, part] of Object.entries(value)) {
    appendParams(query, part, name === "" ? key : Array.isArray(value) ? `${name}[]` : `${name}[${key}]`)
  }
}

/** Null outside a browser, and where the page may not use its storage. */
function pageStorage() {
  try { return globalThis.sessionStorage ?? null } catch { return null }
}

const bytesOf = data =>
  ArrayBuffer.isView(data) ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : new Uint8Array(data)

function toBase64(bytes) {
  let text = ""
  for (let start = 0; start < bytes.length; start += 8192) text += String.fromCharCode(...bytes.subarray(start, start + 8192))
  return btoa(text)
}

const AUTH_PREFIX = "base64url.bearer.phx."

/** Servers read standard base64 without padding. A subprotocol must not contain "/": then the URL alphabet it is. */
function authProtocols(token) {
  const base64 = toBase64(new TextEncoder().encode(token)).replace(/=+$/, "")
  const safe = base64.includes("/") ? base64.replaceAll("/", "_").replaceAll("+", "-") : base64
  return ["phoenix", AUTH_PREFIX + safe]
}

/** The reverse; each character is one byte of the token's UTF-8, which is what a header can carry. */
function tokenOf(protocols) {
  const entry = [protocols ?? []].flat().find(protocol => protocol.startsWith(AUTH_PREFIX))
  return entry && atob(entry.slice(AUTH_PREFIX.length).replaceAll("_", "/").replaceAll("-", "+"))
}

/** V2: a JSON array in a text frame, or for an ArrayBuffer (or a view of one) a binary frame of kind 0:
 * one byte each for the kind and four sizes in UTF-8 bytes, then the four fields, then the data. */
function encode({join_ref, ref, topic, event, payload}, callback) {
  const binary = payload instanceof ArrayBuffer || ArrayBuffer.isView(payload)
  if (!binary) return callback(JSON.stringify([join_ref, ref, topic, event, payload]))
  const data = bytesOf(payload)
  const fields = [join_ref, ref, topic, event].map(field => new TextEncoder().encode(field ?? ""))
  if (fields.some(field => field.length > 255)) throw new RangeError("a binary message's topic and event have at most 255 bytes")
  const parts = [Uint8Array.of(0, ...fields.map(field => field.length)), ...fields, data]
  const frame = new Uint8Array(parts.reduce((size, part) => size + part.length, 0))
  let offset = 0
  for (const part of parts) { frame.set(part, offset); offset += part.length }
  callback(frame.buffer)
}

const LAYOUTS = [["join_ref", "topic", "event"], ["join_ref", "ref", "topic", "status"], ["topic", "event"]] // by kind

/** The reverse; the server's kinds are 0 push, 1 reply and 2 broadcast, and its pushes carry no ref. */
function decode(frame, callback) {
  if (typeof frame === "string") {
    const [join_ref, ref, topic, event, payload] = JSON.parse(frame)
    return callback({join_ref, ref, topic, event, payload})
  }
  const bytes = new Uint8Array(frame)
  const layout = LAYOUTS[bytes[0]]
  if (!layout) throw new RangeError(`binary message of unknown kind ${bytes[0]}`)
  const message = {join_ref: null, ref: null}
  let offset = 1 + layout.length
  layout.forEach((field, index) => {
    const end = offset + bytes[1 + index]
    if (!(end <= bytes.length)) throw new RangeError("binary message ends within its header")
    const text = new TextDecoder().decode(bytes.subarray(offset, end))
    message[field] = text === "" && field.endsWith("ref") ? null : text
    offset = end
  })
  const {status, ...rest} = message
  const data = frame.slice(offset)
  callback(status === undefined ? {...rest, payload: data} : {...rest, event: "phx_reply", payload: {status, response: data}})
}
