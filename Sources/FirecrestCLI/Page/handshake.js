// Firecrest — a WebSocket opened up: the handshake line by line, frames bit by bit, and when each byte went
// SPDX-License-Identifier: Apache-2.0

import {$, bytes, clip, element, number, say} from "/page.js"

const SVG = "http://www.w3.org/2000/svg"
const hexOf = buffer => [...new Uint8Array(buffer)].map(byte => byte.toString(16).padStart(2, "0")).join(" ")
const base64Of = buffer => btoa(String.fromCharCode(...new Uint8Array(buffer)))

let conversation = null

/** Asks for a conversation and a burst, and shows both. */
export function openHandshake(channel) {
  const failed = node => reply => say(node, clip(reply?.reason, 300, "The server has not answered."))
  if (!conversation) {
    say($("handshake-line"), "Recording a handshake…")
    channel.push("handshake", {}).receive("ok", reply => {
      conversation = reply
      say($("handshake-line"), "")
      showHandshake()
    }).receive("error", failed($("handshake-line"))).receive("timeout", failed($("handshake-line")))
  }
  $("duplex-again").onclick = () => askForDuplex(channel, failed)
  if (!$("duplex").childElementCount) askForDuplex(channel, failed)
}

function askForDuplex(channel, failed) {
  say($("duplex-line"), "Both sides send at once…")
  channel.push("duplex", {}).receive("ok", reply => {
    say($("duplex-line"), `${number(reply.burst.messages)} messages from each side, one every ${number(reply.burst.interval_ms)} ms.`)
    showDuplex(reply)
  }).receive("error", failed($("duplex-line"))).receive("timeout", failed($("duplex-line")))
}

// The handshake. -----------------------------------------------------------------------------------------------------

/** What each line is for, by the name of its header. */
const NOTES = {
  host: "Which of the server's names is meant.",
  connection: "This connection is to become something else.",
  upgrade: "What it becomes: a WebSocket.",
  origin: "The page that asks, as the browser says. The server decides whether it may.",
  "sec-websocket-version": "The only version there is, RFC 6455.",
  "sec-websocket-key": "16 random bytes, to see whether the other side knows what this is.",
  "sec-websocket-accept": "Made of the key: proof that the server has understood. See below.",
  "sec-websocket-extensions": "What could be added, compression for instance.",
  "sec-websocket-protocol": "What is to be spoken inside.",
}

function lines(text, first) {
  const list = element("dl", "head")
  text.trimEnd().split("\r\n").forEach((line, index) => {
    const row = element("div")
    const said = element("dt")
    said.append(element("code", "", line))
    const note = index === 0 ? first : NOTES[line.split(":")[0].toLowerCase()] ?? "Goes along with each HTTP request; here only this once."
    row.append(said, element("dd", "", note))
    list.append(row)
  })
  return list
}

function showHandshake() {
  const part = (title, text, first) => {
    const made = element("div")
    made.append(element("h4", "", title), lines(text, first), element("p", "soft", `${number(text.length)} bytes, once.`))
    return made
  }
  $("heads").replaceChildren(
    part("The client asks", conversation.request, "An ordinary request, so that it passes where HTTP passes."),
    part("The server agrees", conversation.response, "The last HTTP on this connection: from here on, frames."))
  $("accept-key").value = conversation.key
  say($("accept-guid"), conversation.guid)
  computeAccept()
  showFrames()
}

/** The server's proof that it has read the request as a WebSocket's: no cache and no web form could answer so. */
async function computeAccept() {
  const key = $("accept-key").value.trim()
  const text = key + conversation.guid
  say($("accept-text"), text)
  const isRecorded = key === conversation.key
  let hex = conversation.sha1_hex
  let accept = conversation.accept
  if (globalThis.crypto?.subtle) {
    const digest = await crypto.subtle.digest("SHA-1", new TextEncoder().encode(text))
    hex = hexOf(digest)
    accept = base64Of(digest)
    say($("accept-who"), "computed just now by your browser")
  } else {
    $("accept-key").readOnly = true
    say($("accept-who"), "computed by the server: browsers lend SHA-1 only to pages from localhost or over https")
  }
  if ($("accept-key").value.trim() !== key) return // another key was typed meanwhile
  say($("accept-sha1"), hex)
  say($("accept-base64"), accept)
  say($("accept-verdict"), !isRecorded ? "Another key, another answer: the recorded one would not do."
    : accept === conversation.accept_received ? "The same as the server sent in Sec-WebSocket-Accept. The connection is open."
    : `Not what the server sent: ${conversation.accept_received}.`)
}
$("accept-key").addEventListener("input", () => { if (conversation) computeAccept() })

// Frames. ------------------------------------------------------------------------------------------------------------

function showFrames() {
  const frames = conversation.findings.filter(({finding}) => finding.type === "frame")
  const seen = new Set()
  $("frames").replaceChildren(...frames.map(({t_us: at, finding, bits}) => {
    const entry = element("details", "frame")
    // The first of each kind is open; the others are there for who wants to compare.
    const kind = [finding.from, finding.opcode, finding.header_bytes].join()
    entry.open = !seen.has(kind)
    seen.add(kind)
    const from = finding.from === "client" ? "client → server" : "server → client"
    const title = element("summary", "", `${from}: ${finding.opcode_name}, ${number(finding.header_bytes)} bytes of header + ${number(finding.payload_length)} of payload`)
    title.append(element("span", "soft", ` after ${number(at / 1_000)} ms`))
    const list = element("ol", "bits")
    for (const {name, bits: digits, meaning} of bits ?? []) {
      const bit = element("li")
      bit.append(element("span", "name", name), element("code", "", digits), element("span", "meaning", meaning))
      list.append(bit)
    }
    const text = finding.message?.text ?? finding.unmasked_hex ?? ""
    entry.append(title, list, element("code", "payload", clip(text, 400, "(no payload)")))
    const item = element("li")
    item.append(entry)
    return item
  }))
}

// Full duplex. -------------------------------------------------------------------------------------------------------

function showDuplex({ways}) {
  const longest = Math.max(1, ...ways.map(way => way.duration_us))
  const most = Math.max(1, ...ways.flatMap(way => way.events.map(event => event.bytes)))
  $("duplex").replaceChildren(...ways.map(way => {
    const figure = element("figure", "lanes")
    const svg = document.createElementNS(SVG, "svg")
    svg.setAttribute("viewBox", "0 0 1000 64")
    svg.setAttribute("preserveAspectRatio", "none")
    svg.setAttribute("role", "img")
    svg.setAttribute("aria-label", `${way.name}: when each byte went. ${number(way.up.messages)} messages up, ` +
      `${number(way.down.messages)} down, ${number(way.duration_us / 1_000)} ms, ${number(way.round_trips)} HTTP requests.`)
    const axis = svg.appendChild(document.createElementNS(SVG, "path"))
    axis.setAttribute("d", "M0 32H1000")
    axis.setAttribute("class", "axis")
    for (const {t_us: at, direction, bytes: size} of way.events) {
      const mark = svg.appendChild(document.createElementNS(SVG, "rect"))
      const height = 6 + 24 * Math.sqrt(size / most)
      mark.setAttribute("x", (985 * at / longest).toFixed(1))
      mark.setAttribute("width", "7")
      mark.setAttribute("height", height.toFixed(1))
      mark.setAttribute("y", direction === "up" ? (31 - height).toFixed(1) : "33")
      mark.setAttribute("class", direction)
      mark.appendChild(document.createElementNS(SVG, "title")).textContent = `${number(at / 1_000)} ms: ${number(size)} bytes ${direction}`
    }
    const caption = element("figcaption")
    caption.append(element("b", "", way.name),
      ` ${bytes(way.up.bytes)} up, ${bytes(way.down.bytes)} down, ${number(way.round_trips)} HTTP requests, ` +
      `${number(way.connections)} ${way.connections === 1 ? "connection" : "connections"}, ${number(way.duration_us / 1_000)} ms. `,
      element("span", "soft", way.why ?? ""))
    figure.append(svg, caption)
    return figure
  }))
  $("duplex-key").hidden = false
}
