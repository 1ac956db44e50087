// Firecrest — what the tabs of the demo page share: one socket, and the line that says how it is
// SPDX-License-Identifier: Apache-2.0

import {Socket, backoff} from "/firecrest.js"

export const $ = id => document.getElementById(id)
export const still = matchMedia("(prefers-reduced-motion: reduce)")
export const pick = list => list[Math.floor(Math.random() * list.length)]

/** Storage that may be forbidden (private windows) or full; the page then just remembers less. */
export const memory = {
  get(storage, key) { try { return window[storage].getItem(`firecrest.${key}`) } catch { return null } },
  set(storage, key, value) { try { window[storage].setItem(`firecrest.${key}`, value) } catch { /* not remembered */ } },
}

export function element(tag, className, text) {
  const made = document.createElement(tag)
  if (className) made.className = className
  if (text !== undefined) made.textContent = text // never innerHTML: everything here comes from strangers
  return made
}

/** At most so many characters of what should be text; else the fallback. */
export const clip = (value, limit, fallback = "") =>
  typeof value === "string" && value.trim() ? [...value.slice(0, 4 * limit)].slice(0, limit).join("") : fallback

/** Sets a text only when it is another one, so that nothing is announced or laid out again for nothing. */
export function say(node, text) { if (node.textContent !== text) node.textContent = text }

/** Who sits here; the chat has the field for it. */
export const me = {name: ""}

const whole = new Intl.NumberFormat("en")
/** 1234567 → "1,234,567"; 0.1234 → "0.12"; 12.34 → "12.3"; what cannot be said is a dash. */
export function number(value) {
  if (typeof value !== "number" || !Number.isFinite(value)) return "–"
  const size = Math.abs(value)
  return size >= 100 || Number.isInteger(value) ? whole.format(Math.round(value)) : value.toFixed(size >= 10 ? 1 : 2)
}
/** 1536 → "1.50 KiB". */
export function bytes(value) {
  if (typeof value !== "number" || !Number.isFinite(value)) return "–"
  const step = value < 1_024 ? 0 : value < 1_048_576 ? 1 : 2
  return `${number(value / 1_024 ** step)} ${["B", "KiB", "MiB"][step]}`
}

// The title says what the tab that is shown has to say. --------------------------------------------------------------

const titles = {}
let shown = "chat"

export function setTitle(tab, text) {
  titles[tab] = text
  if (tab === shown) document.title = `${text} · Firecrest`
}
export function showTitle(tab) {
  shown = tab
  document.title = `${titles[tab] ?? tab} · Firecrest`
}

// The connection, and what the page says about it. -------------------------------------------------------------------

const delay = backoff([500, 1_000, 2_000, 5_000, 10_000])
let nextTryAt = 0

/** How often the page has tried to come back since the connection was lost. */
export const connection = {tries: 0}

export const socket = new Socket("/socket", {
  reconnectAfterMs: nth => {
    const ms = delay(nth)
    nextTryAt = Date.now() + ms
    connection.tries = nth
    return ms
  },
})

const STATUS = {connecting: "Connecting…", open: "Connected", reconnecting: "Reconnecting", closed: "Closed"}

function setStatus(state) {
  document.body.dataset.state = $("status").dataset.state = state
  // Only this text is announced; the seconds beside it change too often to be read out.
  say($("status-text"), STATUS[state])
  $("retry").hidden = state === "open" || state === "connecting"
  $("detail").textContent = ""
}

function countDown() {
  if ($("status").dataset.state !== "reconnecting") return
  const seconds = Math.ceil((nextTryAt - Date.now()) / 1_000)
  $("detail").textContent = seconds > 0 ? `in ${seconds} s` : "now…"
}
setInterval(countDown, 250)

function measure() {
  if (document.visibilityState !== "visible") return
  socket.ping(ms => { $("detail").textContent = ms < 10 ? `${ms.toFixed(1)} ms` : `${Math.round(ms)} ms` })
}
setInterval(measure, 10_000)

socket.onOpen(() => {
  connection.tries = 0
  setStatus("open")
  measure()
})
socket.onClose(event => {
  setStatus(event.code === 1000 ? "closed" : "reconnecting")
  countDown()
})
$("retry").addEventListener("click", () => {
  if ($("status").dataset.state === "closed") setStatus("connecting")
  socket.connect()
})

// Channels of tabs that are joined while the tab is shown. -----------------------------------------------------------

/** Joins and says in the tab's line how it went. `events` are callbacks by name; `joined` gets the reply, each time. */
export function attend(topic, params, line, joined, events) {
  const channel = socket.channel(topic, params)
  for (const [event, callback] of Object.entries(events)) channel.on(event, callback)
  channel.onError(() => say(line, "Not connected just now. The page comes back by itself."))
  channel.join()
    .receive("ok", reply => {
      say(line, "")
      joined(reply)
    })
    .receive("error", reply => say(line, `The server says: ${clip(reply?.reason, 200, "no")}. Asking again from time to time.`))
    .receive("timeout", () => say(line, "The server has not answered yet. Asking again…"))
  return channel
}

for (const node of document.querySelectorAll("[data-origin]")) node.textContent = location.origin
