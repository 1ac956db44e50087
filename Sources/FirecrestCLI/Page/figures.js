// Firecrest — the tab with the server's own figures: charts of the last minute, and all counters as text
// SPDX-License-Identifier: Apache-2.0

import {$, attend, bytes, element, number, setTitle} from "/page.js"

const KEPT = 61 // seconds, and so 60 differences
const SVG = "http://www.w3.org/2000/svg"

/** Rates are differences of two moments; levels are as they are. */
const CHARTS = [
  {name: "Connections", unit: "open now", value: now => now.figures.connections_open, text: number},
  {name: "Channels", unit: "joined now", value: now => now.figures.channels_open, text: number},
  {name: "Messages in", unit: "a second, by WebSocket", rate: now => now.figures.messages_received, text: number},
  {name: "Frames out", unit: "a second, by WebSocket", rate: now => now.figures.frames_sent, text: number},
  {name: "Bytes in", unit: "a second, by WebSocket", rate: now => now.figures.websocket_received_bytes, text: bytes},
  {name: "Bytes out", unit: "a second, by WebSocket", rate: now => now.figures.websocket_sent_bytes, text: bytes},
  {name: "CPU", unit: "of one core", rate: now => now.cpu_ms / 10, text: value => `${number(value)} %`},
  {name: "Memory", unit: "in RAM", value: now => now.rss_bytes, text: bytes},
  {name: "Loops answer", unit: "in µs, the slowest", value: now => Math.max(...now.loops.map(loop => loop.answer_us)), text: number},
]

let channel = null
let help = {}
let moments = []

for (const chart of CHARTS) {
  const card = element("figure", "chart")
  const svg = document.createElementNS(SVG, "svg")
  svg.setAttribute("viewBox", `0 0 ${KEPT - 1} 24`)
  svg.setAttribute("preserveAspectRatio", "none")
  svg.setAttribute("aria-hidden", "true") // the table says it in words
  chart.area = svg.appendChild(document.createElementNS(SVG, "polygon"))
  chart.line = svg.appendChild(document.createElementNS(SVG, "polyline"))
  chart.line.setAttribute("vector-effect", "non-scaling-stroke")
  chart.now = element("b", "", "–")
  const caption = element("figcaption")
  caption.append(element("span", "", chart.name), chart.now, element("small", "", chart.unit))
  card.append(caption, svg)
  card.ariaHidden = "true"
  $("charts").append(card)

  const row = element("tr")
  const title = element("th", "", `${chart.name}, ${chart.unit}`)
  title.scope = "row"
  chart.cells = [element("td"), element("td"), element("td")]
  row.append(title, ...chart.cells)
  $("figures-minute").append(row)
}

function series({value, rate}) {
  if (value) return moments.map(value)
  return moments.slice(1).map((now, index) => {
    const before = moments[index]
    return (rate(now) - rate(before)) * 1_000 / (now.at_ms - before.at_ms)
  })
}

function draw(chart) {
  const values = series(chart)
  if (values.length === 0) return
  const [least, most] = [Math.min(...values), Math.max(...values)]
  // From zero, so that a line that looks high is high.
  const points = values.map((value, index) => `${KEPT - values.length + index - 1},${(23 - 21 * value / (most || 1)).toFixed(2)}`)
  const first = KEPT - values.length - 1
  chart.line.setAttribute("points", points.join(" "))
  chart.area.setAttribute("points", `${first},24 ${points.join(" ")} ${KEPT - 2},24`)
  chart.now.textContent = chart.text(values.at(-1))
  for (const [index, value] of [values.at(-1), least, most].entries()) chart.cells[index].textContent = chart.text(value)
}

function arrived(now) {
  if (moments.length > 0 && now.at_ms <= moments.at(-1).at_ms) moments = [] // another life of the server
  moments = [...moments.slice(1 - KEPT), now]
  for (const chart of CHARTS) draw(chart)
  $("figures-loops").replaceChildren(...now.loops.map((loop, index) => {
    const row = element("tr")
    const title = element("th", "", `Loop ${index + 1}`)
    title.scope = "row"
    const cells = [loop.connections, loop.messages, loop.answer_us].map(value => element("td", "", number(value)))
    row.append(title, ...cells)
    return row
  }))
  if ($("figures-all").closest("details").open) showAll(now)
}

function showAll(now = moments.at(-1)) {
  if (!now) return
  $("figures-all").replaceChildren(...Object.keys(now.figures).sort().map(name => {
    const row = element("tr")
    const title = element("th", "", name.replaceAll("_", " "))
    title.scope = "row"
    row.append(title, element("td", "", number(now.figures[name])), element("td", "words", help[name] ?? ""))
    return row
  }))
}
$("figures-all").closest("details").addEventListener("toggle", () => showAll())

setTitle("figures", "Server")

export function show() {
  moments = []
  channel = attend("server:figures", {}, $("figures-line"), reply => { help = reply }, {figures: arrived})
}

export function hide() { channel.leave() }
