// Firecrest — the tab that talks: one room at a time
// SPDX-License-Identifier: Apache-2.0

import {$, clip, connection, element, me, memory, pick, setTitle, socket, still} from "/page.js"

const MAX_MESSAGES = 500 // lines kept in the page, and waiting for the next frame
const MAX_ROOMS = 12
const MAX_TYPING = 20
const TYPING_EVERY_MS = 1_500
const TYPING_LASTS_MS = 3_000
const SAME_SPEECH_MS = 5 * 60_000
const UNDELIVERED_AFTER_MS = 10_000 // as long as a push waits in the channel

// Names: this tab's own, else the one chosen last time, else a friendly one. -----------------------------------------

const friendlyName = () => `${pick(["Amber", "Brisk", "Calm", "Dawn", "Early", "Hazel", "Merry", "Mossy", "Quiet", "Rowan", "Sunny", "Tidal"])} ` +
  pick(["Crane", "Dipper", "Finch", "Heron", "Kestrel", "Lark", "Linnet", "Martin", "Plover", "Siskin", "Swift", "Wren"])

const tab = Math.random().toString(36).slice(2)
let nameChosen = false

function setName(next) {
  me.name = next
  $("name").value = next
  memory.set("sessionStorage", "name", next)
}

// Two tabs share what is remembered, and a duplicated tab copies even its own: ask the others before keeping a name.
const names = "BroadcastChannel" in window ? new BroadcastChannel("firecrest.names") : null
names?.addEventListener("message", ({data}) => {
  if (data.ask === me.name && data.from !== tab) names.postMessage({taken: me.name, to: data.from})
  if (data.taken === me.name && data.to === tab && !nameChosen) {
    setName(friendlyName())
    names.postMessage({ask: me.name, from: tab})
  }
})
setName(memory.get("sessionStorage", "name") ?? memory.get("localStorage", "name") ?? friendlyName())
names?.postMessage({ask: me.name, from: tab})

$("name").addEventListener("change", () => {
  const chosen = clip($("name").value.trim(), 32, me.name)
  if (chosen !== me.name) {
    nameChosen = true
    memory.set("localStorage", "name", chosen)
  }
  setName(chosen)
})
$("name").addEventListener("keydown", event => {
  if (event.key !== "Enter" || event.isComposing) return
  event.preventDefault()
  $("body").focus()
})

// What the connection means for the room; the line at the top of the page is page.js's. -------------------------------

socket.onOpen(() => clearNotice("connection"))
socket.onClose(event => {
  stopTyping()
  if (event.code === 1000) notify("connection", "The server closed the connection and asked this page not to come back by itself.")
  else if (connection.tries >= 4) notify("connection", `${location.host} does not answer. Is the server still running? This page keeps trying.`)
})

// Notices: one line over the messages, with its cause, so that only the cause's end takes it away. -------------------

function notify(cause, text, label, action) {
  const notice = $("notice")
  if (notice.dataset.cause === cause && $("notice-text").textContent === text) return
  notice.dataset.cause = cause
  $("notice-text").textContent = text
  $("notice-action").hidden = !label
  $("notice-action").textContent = label ?? ""
  $("notice-action").onclick = action ?? null
  notice.hidden = false
}

function clearNotice(cause) {
  if ($("notice").dataset.cause !== cause) return
  $("notice").hidden = true
  $("notice").dataset.cause = ""
}

// Rooms: the URL's fragment names the one this tab is in. ------------------------------------------------------------

const roomName = text => [...text.trim().toLowerCase().replace(/[\s#\p{C}]+/gu, "-")].slice(0, 40).join("")
const remembered = () => { try { return JSON.parse(memory.get("localStorage", "rooms")) ?? [] } catch { return [] } }
let channel = null
let room = null
let rooms = [...new Set(["lobby", "garden", "workshop", ...[remembered()].flat().filter(item => typeof item === "string").map(roomName)])]

function roomOfURL() {
  try { return roomName(decodeURIComponent(location.hash.slice(1))) || "lobby" } catch { return "lobby" }
}

function showRooms() {
  $("rooms").replaceChildren(...rooms.map(item => {
    const link = element("a", "", item)
    link.href = `#${encodeURIComponent(item)}`
    if (item === room) link.setAttribute("aria-current", "page")
    const entry = element("li")
    entry.append(link)
    return entry
  }))
  $("rooms").querySelector("[aria-current]")?.scrollIntoView({block: "nearest", inline: "nearest"})
}

function enter(next) {
  channel?.leave()
  room = next
  if (!rooms.includes(room)) rooms = [...rooms.slice(0, 3), room, ...rooms.slice(3)].slice(0, MAX_ROOMS)
  memory.set("localStorage", "rooms", JSON.stringify(rooms.slice(3)))
  showRooms()
  $("room-title").textContent = room
  $("topic").textContent = `room:${room}`
  $("second").href = `/#${encodeURIComponent(room)}`
  setTitle("chat", room)
  clearMessages()
  clearNotice("room")

  const here = socket.channel(`room:${room}`, {})
  let joinedBefore = false
  here.on("new_msg", payload => receive(payload))
  here.on("shout", payload => showTyping(payload?.typing))
  here.onError(() => {
    if (socket.isConnected()) addEvent("The room crashed on the server. Going in again…")
  })
  here.onClose(() => {
    if (here !== channel) return // this page left it
    addEvent("The server closed this room.")
    notify("room", "The server closed this room.", "Go in again", () => enter(room))
  })
  here.join()
    .receive("ok", () => {
      clearNotice("room")
      if (joinedBefore) addEvent("Back in the room. What was said meanwhile is not kept.")
      joinedBefore = true
    })
    .receive("error", reply => {
      notify("room", `The server does not let you into “${room}”: ${clip(reply?.reason, 200, "it gives no reason")}. ` +
        "This page asks again from time to time; another room may work at once.")
    })
    .receive("timeout", () => notify("room", `The server has not answered the request to enter “${room}”. Asking again…`))
  channel = here
}

addEventListener("hashchange", () => { if (roomOfURL() !== room) enter(roomOfURL()) })
$("open-room").addEventListener("submit", event => {
  event.preventDefault()
  const wanted = roomName($("room").value)
  if (!wanted) return $("room").focus()
  $("room").value = ""
  location.hash = encodeURIComponent(wanted)
  $("body").focus()
})

// Messages. ----------------------------------------------------------------------------------------------------------

const clock = new Intl.DateTimeFormat(undefined, {hour: "2-digit", minute: "2-digit"})
const sent = new Map() // key of an own message → its line, until the server sends it back to us
let queue = [] // arrived since the last frame
let scheduled = false
let unseen = 0

const keyOf = ({name, body, at}) => JSON.stringify([name, body, at])
const atBottom = () => $("scroll").scrollHeight - $("scroll").scrollTop - $("scroll").clientHeight < 60

function plumeOf(author) {
  let hash = 7
  for (const character of author) hash = (33 * hash + character.codePointAt(0)) % 65_521
  return String(hash % 8)
}

/** Lines are added once per frame, however many messages arrive. */
function receive(payload) {
  if (typeof payload?.body !== "string") return // another program's message: not for this page
  queue.push(payload)
  if (queue.length > MAX_MESSAGES) queue.shift()
  if (scheduled) return
  scheduled = true
  if (document.hidden) setTimeout(flush, 200); else requestAnimationFrame(flush)
}

function flush() {
  scheduled = false
  const arrived = queue.splice(0)
  const follow = atBottom()
  let strangers = 0
  for (const payload of arrived) {
    const own = sent.get(keyOf(payload))
    if (own) settle(own, keyOf(payload))
    else {
      strangers += 1
      addLine(messageLine(payload))
    }
    stopTyping(payload.name)
  }
  if (strangers > 0) spark("in")
  settleScroll(follow, strangers)
}

function messageLine({name: from, body, at}, own = false) {
  const author = clip(from, 32, "somebody")
  const sentAt = new Date(at ?? NaN)
  const time = Number.isNaN(sentAt.getTime()) ? new Date() : sentAt
  const line = element("li", own ? "message own" : "message")
  line.dataset.author = own ? `${author}, here` : author
  line.dataset.at = String(time.getTime())
  line.dataset.plume = plumeOf(author)
  const stamp = element("time", "", clock.format(time))
  stamp.dateTime = time.toISOString()
  line.append(element("span", "who", author), element("span", "text", clip(body, 2_000)), stamp)
  return line
}

function addEvent(text) {
  const follow = atBottom()
  addLine(element("li", "event", text))
  settleScroll(follow, 0)
}

/** Own lines that the server has not sent back stay at the end, so that every tab has the server's order. */
function addLine(line, before = sent.size > 0 ? $("messages").querySelector(".pending") : null) {
  $("empty").hidden = true
  const after = line.nextElementSibling
  if (!line.isConnected || after !== before) $("messages").insertBefore(line, before)
  while ($("messages").childElementCount > MAX_MESSAGES) $("messages").firstElementChild.remove()
  for (const moved of [line, line.nextElementSibling, after]) group(moved)
}

/** Names a speaker once, not on each line. */
function group(line) {
  const previous = line?.previousElementSibling?.dataset
  const {author, at} = line?.dataset ?? {}
  if (author) line.classList.toggle("same", previous?.author === author && Math.abs(at - previous.at) < SAME_SPEECH_MS)
}

function settleScroll(follow, strangers) {
  if (follow) $("scroll").scrollTop = $("scroll").scrollHeight
  else if (strangers > 0) $("newer").hidden = false
  if (document.hidden && strangers > 0) setTitle("chat", `(${unseen += strangers}) ${room}`)
}

function clearMessages() {
  $("messages").replaceChildren()
  $("empty").hidden = false
  $("newer").hidden = true
  for (const {timer} of sent.values()) clearTimeout(timer)
  sent.clear()
  queue = []
  stopTyping()
}

$("scroll").addEventListener("scroll", () => { if (atBottom()) $("newer").hidden = true }, {passive: true})
$("newer").addEventListener("click", () => { $("scroll").scrollTop = $("scroll").scrollHeight; $("body").focus() })
document.addEventListener("visibilitychange", () => {
  if (document.hidden) return
  unseen = 0
  setTitle("chat", room)
})

/** Says it to the room. The server sends it back to us too: until then the line is pale, and after a while marked lost. */
function say(body) {
  const message = {name: me.name, body, at: new Date().toISOString()}
  const line = messageLine(message, true)
  line.classList.add("pending")
  addLine(line, null) // behind those that wait already
  const timer = setTimeout(() => lose(line, message), UNDELIVERED_AFTER_MS)
  sent.set(keyOf(message), {line, timer})
  try {
    channel.push("new_msg", message)
    spark("out")
  } catch {
    lose(line, message) // the server closed this room
  }
  settleScroll(true, 0)
}

function settle({line, timer}, key) {
  clearTimeout(timer)
  sent.delete(key)
  line.classList.remove("pending")
  line.querySelector(".fate")?.remove()
  addLine(line)
}

function lose(line, message) {
  if (line.querySelector(".fate")) return
  const fate = element("span", "fate", "Not delivered.")
  const again = element("button", "", "Send again")
  again.type = "button"
  again.addEventListener("click", () => {
    clearTimeout(sent.get(keyOf(message))?.timer)
    sent.delete(keyOf(message))
    line.remove()
    say(message.body)
  })
  fate.append(" ", again)
  line.append(fate)
  settleScroll(atBottom(), 0)
}

$("compose").addEventListener("submit", event => {
  event.preventDefault()
  const body = $("body").value.trim()
  $("body").focus()
  if (!body) return
  $("body").value = ""
  lastTypingSent = 0
  say(body)
})
$("body").addEventListener("keydown", event => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return
  event.preventDefault()
  $("compose").requestSubmit()
})

// Who is typing. -----------------------------------------------------------------------------------------------------

const typing = new Map() // name → timer
let lastTypingSent = 0

$("body").addEventListener("input", () => {
  const now = Date.now()
  if (!$("body").value.trim() || now - lastTypingSent < TYPING_EVERY_MS) return
  if (!socket.isConnected() || channel.state !== "joined") return // nobody cares later
  lastTypingSent = now
  channel.push("shout_from", {typing: me.name})
})

function showTyping(value) {
  const who = clip(value, 32)
  if (!who || (!typing.has(who) && typing.size >= MAX_TYPING)) return
  clearTimeout(typing.get(who))
  typing.set(who, setTimeout(() => stopTyping(who), TYPING_LASTS_MS))
  sayTyping()
}

function stopTyping(who) {
  for (const [key, timer] of [...typing]) {
    if (who !== undefined && key !== who) continue
    clearTimeout(timer)
    typing.delete(key)
  }
  sayTyping()
}

function sayTyping() {
  const [first, second, ...others] = typing.keys()
  const text = !first ? "" : !second ? `${first} is typing` : others.length === 0 ? `${first} and ${second} are typing`
    : `${first}, ${second} and ${others.length} more are typing`
  if ($("typing").textContent !== text) $("typing").textContent = text
}

// Ornament and odds and ends. ----------------------------------------------------------------------------------------

let lastSpark = 0

/** A message runs along the wire: away from the bird when it is ours, towards it when not. */
function spark(direction) {
  if (still.matches || document.hidden || Date.now() - lastSpark < 350) return
  lastSpark = Date.now()
  const frames = [0, .25, .5, .75, 1].map(t => ({
    transform: `translate(${100 * t}vw, ${26 * t * (1 - t)}px)`, opacity: t === 0 || t === 1 ? 0 : 1, offset: t,
  }))
  $("spark").animate(frames, {duration: 900, easing: "linear", direction: direction === "out" ? "normal" : "reverse"})
}

$("echo").addEventListener("click", () => {
  const show = text => { $("echo-result").textContent = text }
  const url = new URL("/echo", location.href)
  url.protocol = url.protocol.replace("http", "ws")
  const start = performance.now()
  const echo = new WebSocket(url)
  show("…")
  echo.onopen = () => echo.send("hello")
  echo.onmessage = ({data}) => {
    show(`“${clip(data, 40)}” came back ${(performance.now() - start).toFixed(1)} ms after the click.`)
    echo.close(1000)
  }
  echo.onerror = () => show("/echo does not answer.")
})

// On a small screen the messages need the room more than the hints do.
const small = matchMedia("(max-width: 46rem)")
if (small.matches) $("try").open = false
$("try").addEventListener("keydown", event => {
  if (event.key === "Escape" && small.matches) $("try").open = false
})

export const show = () => setTitle("chat", room)
export const focus = () => $("body").focus()

enter(roomOfURL())
