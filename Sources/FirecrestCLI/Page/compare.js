// Firecrest — the tab that compares the four ways: one feed, four columns, every number counted on the sockets
// SPDX-License-Identifier: Apache-2.0

import {$, attend, bytes, clip, element, number, say, setTitle} from "/page.js"
import {openHandshake} from "/handshake.js"

/** The rows of a column; the texts of the numbers are made by the second function. */
const ROWS = [
  ["Requests", ({requests, requests_without_news: idle}) => idle > 0 ? `${number(requests)}, ${number(idle)} for nothing` : number(requests)],
  ["Bytes up", way => bytes(way.bytes_up)],
  ["Bytes down", way => bytes(way.bytes_down)],
  ["Messages received", ({messages, lost}) => lost > 0 ? `${number(messages)}, ${number(lost)} lost` : number(messages)],
  ["Bytes a message", way => number(way.bytes_per_message)],
  ["of them overhead", way => number(way.overhead_per_message)],
  ["Latency, median", way => milliseconds(way.latency_ms?.p50)],
  ["Latency, p99", way => milliseconds(way.latency_ms?.p99)],
  ["Server CPU a message", way => way.server_cpu_us_per_message === null ? "–" : `${number(way.server_cpu_us_per_message)} µs`],
  ["Connections open", way => number(way.connections)],
]
const CONTROLS = {rate: "compare-rate", clients: "compare-clients", poll_interval_ms: "compare-poll"}
const WAYS = [["short_poll", "Short polling"], ["long_poll", "Long polling"], ["sse", "Server-sent events"], ["websocket", "WebSocket"]]

let channel = null
let isRunning = false
const columns = new Map()

const milliseconds = value => typeof value === "number" ? `${number(value)} ms` : "–"

for (const [way, name] of WAYS) {
  const section = element("section", "way")
  section.dataset.way = way
  const title = element("h3", "", name)
  title.id = `way-${way}`
  section.setAttribute("aria-labelledby", title.id)
  const list = element("dl")
  const values = ROWS.map(([label]) => {
    const value = element("dd", "", "–")
    const row = element("div")
    row.append(element("dt", "", label), value)
    list.append(row)
    return value
  })
  const bar = element("div", "bar")
  bar.ariaHidden = "true"
  bar.append(element("i"))
  const why = element("p", "why")
  section.append(title, bar, list, why)
  $("ways").append(section)
  columns.set(way, {values, bar: bar.firstChild, why})
}

function arrived(snapshot) {
  if (!snapshot) return
  isRunning = ["starting", "running", "stopping"].includes(snapshot.state)
  say($("compare-start"), isRunning ? "Stop" : "Compare")
  const most = Math.max(1, ...snapshot.ways.map(way => way.bytes_per_message ?? 0))
  for (const way of snapshot.ways) {
    const column = columns.get(way.way)
    if (!column) continue
    ROWS.forEach(([, text], index) => say(column.values[index], text(way)))
    column.bar.style.width = `${100 * (way.bytes_per_message ?? 0) / most}%`
    say(column.why, way.why ?? "")
  }
  const seconds = `${Math.round(snapshot.elapsed_s)} of ${snapshot.seconds} s`
  say($("compare-progress"), {
    starting: "Servers and clients come up…",
    running: `Running: ${seconds}, ${number(snapshot.sent)} messages sent to each of ${snapshot.settings.clients} clients of each way.`,
    stopping: "The last messages are awaited…",
    failed: `The comparison failed: ${clip(snapshot.error, 200, "no reason given")}.`,
  }[snapshot.state] ?? `Done after ${Math.round(snapshot.elapsed_s)} s and ${number(snapshot.sent)} messages.`)
  $("compare-debug").hidden = !snapshot.is_debug_build
  $("compare-progress").dataset.state = snapshot.state
  if (snapshot.flash) {
    say($("flash-what"), snapshot.flash.what)
    say($("flash-gone"), snapshot.flash.gone)
  }
}

function settings() {
  return Object.fromEntries(Object.entries(CONTROLS).flatMap(([name, id]) => {
    const value = $(id).valueAsNumber
    return Number.isFinite(value) ? [[name, value]] : []
  }))
}

function refused(reply) { say($("compare-line"), clip(reply?.reason, 300, "The server refused, and gave no reason.")) }

$("compare").addEventListener("submit", event => {
  event.preventDefault()
  if (channel?.state !== "joined") return
  say($("compare-line"), "")
  if (isRunning) channel.push("stop", {}).receive("error", refused)
  else channel.push("start", settings()).receive("error", refused)
})
for (const [name, id] of Object.entries(CONTROLS)) {
  $(id).addEventListener("change", () => {
    const value = $(id).valueAsNumber
    if (!isRunning || !Number.isFinite(value)) return
    say($("compare-line"), "")
    channel.push("adjust", {[name]: value}).receive("error", refused)
  })
}

$("opened").addEventListener("toggle", () => { if ($("opened").open) openHandshake(channel) })

setTitle("compare", "Compare")

export function show() {
  channel = attend("compare:run", {}, $("compare-line"), ({limits, defaults, snapshot}) => {
    const chosen = snapshot?.settings ?? defaults
    for (const [name, id] of Object.entries(CONTROLS)) {
      [$(id).min, $(id).max] = limits[name]
      $(id).value = chosen[name]
    }
    arrived(snapshot)
  }, {snapshot: arrived})
  if ($("opened").open) openHandshake(channel)
}

export function hide() { channel.leave() }
