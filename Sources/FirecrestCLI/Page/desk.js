// Firecrest — the tab with everybody's cursor and a shared text, all of it in binary frames
// SPDX-License-Identifier: Apache-2.0
//
// The layout of the bytes, and who wins when two write the same line, is in Sources/FirecrestCLI/Demo/Stage/Desk.swift.

import {$, attend, element, me, say, setTitle} from "/page.js"

const LINES = 8
const MAX_LINE_BYTES = 120
const MOVE_EVERY_MS = 50
const WHOLE = 65_535

const cursors = new Map() // number → node
const lines = Array.from({length: LINES}, () => ({input: null, version: 0, text: "", unanswered: 0}))
let channel = null
let own = 0
let place = {x: WHOLE / 2, y: WHOLE / 2}
let moving // timer of a place that is still to be told
let movedAt = 0

const decoder = new TextDecoder()
const encoder = new TextEncoder()

/** Reads numbers and texts one after the other. */
class Reader {
  constructor(buffer) { this.view = new DataView(buffer); this.at = 0 }
  get isAtEnd() { return this.at >= this.view.byteLength }
  number(size) {
    const value = size === 1 ? this.view.getUint8(this.at) : size === 2 ? this.view.getUint16(this.at) : this.view.getUint32(this.at)
    this.at += size
    return value
  }
  text() {
    const length = this.number(1)
    const text = decoder.decode(new Uint8Array(this.view.buffer, this.view.byteOffset + this.at, length))
    this.at += length
    return text
  }
}

// Cursors. -----------------------------------------------------------------------------------------------------------

function showCursors(buffer) {
  const reader = new Reader(buffer)
  const here = []
  while (!reader.isAtEnd) here.push({number: reader.number(1), x: reader.number(2), y: reader.number(2), name: reader.text()})
  for (const [number, node] of cursors) {
    if (here.some(cursor => cursor.number === number)) continue
    node.remove()
    cursors.delete(number)
  }
  for (const {number, x, y, name} of here) {
    const node = cursors.get(number) ?? addCursor(number)
    say(node.querySelector("span"), number === own ? `${name || "somebody"} (you)` : name || "somebody")
    node.style.left = `${100 * x / WHOLE}%`
    node.style.top = `${100 * y / WHOLE}%`
    node.classList.toggle("left", x > 0.55 * WHOLE)
  }
  const names = here.map(({number, name}) => number === own ? "you" : name || "somebody")
  say($("desk-people"), names.length === 1 ? "You are alone at the desk. Open a second tab." : `${names.length} at the desk: ${names.join(", ")}.`)
  showBytes("down", "cursors", buffer)
}

function addCursor(number) {
  const node = element("div", "cursor")
  node.dataset.plume = String(number % 8)
  node.dataset.number = String(number)
  node.append(element("i"), element("span"))
  $("cursors").append(node)
  cursors.set(number, node)
  return node
}

/** At most 20 places a second, and always the last one. */
function moveTo(x, y) {
  place = {x: Math.round(Math.min(Math.max(x, 0), WHOLE)), y: Math.round(Math.min(Math.max(y, 0), WHOLE))}
  moving ??= setTimeout(tellPlace, Math.max(0, movedAt + MOVE_EVERY_MS - performance.now()))
}

function tellPlace() {
  moving = undefined
  movedAt = performance.now()
  if (channel?.state !== "joined") return
  const view = new DataView(new ArrayBuffer(4))
  view.setUint16(0, place.x)
  view.setUint16(2, place.y)
  channel.push("move", view.buffer, 2_000)
  showBytes("up", "move", view.buffer)
}

$("desk").addEventListener("pointermove", event => {
  const box = $("desk").getBoundingClientRect()
  moveTo(WHOLE * (event.clientX - box.left) / box.width, WHOLE * (event.clientY - box.top) / box.height)
})
$("desk-hand").addEventListener("keydown", event => {
  const [x, y] = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]}[event.key] ?? []
  if (x === undefined) return
  event.preventDefault()
  moveTo(place.x + x * WHOLE / 40, place.y + y * WHOLE / 20)
})

// Text. --------------------------------------------------------------------------------------------------------------

lines.forEach((line, index) => {
  line.input = element("input")
  line.input.ariaLabel = `Line ${index + 1}`
  line.input.autocomplete = "off"
  line.input.spellcheck = false
  line.input.placeholder = index === 0 ? "Write here: everybody sees it" : ""
  line.input.addEventListener("input", () => write(index))
  $("desk-lines").append(line.input)
})

function write(index) {
  const line = lines[index]
  let text = encoder.encode(line.input.value)
  while (text.length > MAX_LINE_BYTES) {
    line.input.value = [...line.input.value].slice(0, -1).join("")
    text = encoder.encode(line.input.value)
  }
  if (channel?.state !== "joined") return
  const message = new Uint8Array([index, ...text])
  const written = line.input.value
  line.unanswered += 1
  const answered = () => {
    line.unanswered -= 1
    settle(line)
  }
  channel.push("write", message.buffer).receive("ok", reply => {
    // The answer names the version that this text has; the broadcast of it comes with the next tick.
    const version = new DataView(reply).getUint32(0)
    if (version > line.version) Object.assign(line, {version, text: written})
    answered()
  }).receive("error", answered).receive("timeout", answered)
  showBytes("up", "write", message.buffer)
}

function showLines(buffer, reader = new Reader(buffer)) {
  while (!reader.isAtEnd) {
    const line = lines[reader.number(1)]
    const version = reader.number(4)
    const text = reader.text()
    if (!line || version < line.version) continue // an older one that came late
    Object.assign(line, {version, text})
    settle(line)
  }
}

/** While own writes are under way the field is left alone: the last of them will be the newest, or be overtaken. */
function settle({input, text, unanswered}) {
  if (unanswered > 0 || input.value === text) return
  const end = input.selectionEnd
  input.value = text
  if (document.activeElement === input) input.setSelectionRange(end, end)
}

// What goes over the wire. -------------------------------------------------------------------------------------------

function showBytes(direction, event, buffer) {
  const list = [...new Uint8Array(buffer)]
  const hex = list.slice(0, 24).map(byte => byte.toString(16).padStart(2, "0")).join(" ")
  say($(`desk-${direction}`), `${event}, ${list.length} ${list.length === 1 ? "byte" : "bytes"}: ${hex}${list.length > 24 ? " …" : ""}`)
}

setTitle("desk", "Desk")

export function show() {
  channel = attend("desk:shared", () => ({name: me.name}), $("desk-line"), buffer => {
    const reader = new Reader(buffer)
    own = reader.number(1)
    // A server that was started again counts its versions from the beginning.
    for (const line of lines) Object.assign(line, {version: 0, unanswered: 0})
    showLines(buffer, reader)
  }, {
    cursors: showCursors,
    lines: buffer => { showLines(buffer); showBytes("down", "lines", buffer) },
  })
}

export function hide() {
  clearTimeout(moving)
  moving = undefined
  channel.leave()
  for (const node of cursors.values()) node.remove()
  cursors.clear()
}
