// Firecrest — the tab with the game: keys and pointer go up, one binary frame with all dots comes down, 30 times a second
// SPDX-License-Identifier: Apache-2.0
//
// The layout of the bytes is in Sources/FirecrestCLI/Demo/Stage/Field.swift.

import {$, attend, element, say, setTitle} from "/page.js"

const WIDTH = 1_600
const HEIGHT = 1_000
const RADIUS = 22
const HEAD_BYTES = 8
const DOT_BYTES = 6

const KEYS = {
  ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1], a: [-1, 0], d: [1, 0], w: [0, -1], s: [0, 1],
}
const canvas = $("field")
const pen = canvas.getContext("2d")

let channel = null
let own = 0
let world = null // {tick, berry, dots}
let drawing = 0
let colours = {}
let pressed = new Set()
let aim = null // where the pointer is held
let steered = "0,0"
let arrivals = []
let frameBytes = 0
let clock

function read(buffer) {
  const view = new DataView(buffer)
  const dots = []
  for (let at = HEAD_BYTES; at + DOT_BYTES <= view.byteLength; at += DOT_BYTES) {
    dots.push({number: view.getUint8(at), x: view.getUint16(at + 1), y: view.getUint16(at + 3), berries: view.getUint8(at + 5)})
  }
  return {tick: view.getUint32(0), berry: {x: view.getUint16(4), y: view.getUint16(6)}, dots}
}

function arrived(buffer) {
  world = read(buffer)
  frameBytes = buffer.byteLength
  arrivals = [...arrivals.slice(-60), performance.now()]
  const dot = world.dots.find(({number}) => number === own)
  if (dot) canvas.dataset.at = `${dot.x},${dot.y}` // for whoever looks without eyes
  if (aim) steer()
  drawing ||= requestAnimationFrame(draw)
}

function paintbox() {
  const style = getComputedStyle(document.documentElement)
  const colour = name => style.getPropertyValue(`--${name}`).trim()
  colours = {
    berry: colour("crest"), leaf: colour("moss"), ink: colour("ink"), line: colour("line"), paper: colour("sheet"),
    plumes: Array.from({length: 8}, (_, index) => colour(`plume-${index}`)), sans: colour("sans"),
  }
}
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", paintbox)

function circle(x, y, radius) {
  pen.beginPath()
  pen.arc(x, y, radius, 0, 2 * Math.PI)
}

function draw() {
  drawing = 0
  if (!world) return
  const scale = canvas.width / WIDTH
  pen.setTransform(scale, 0, 0, scale, 0, 0)
  pen.fillStyle = colours.paper
  pen.fillRect(0, 0, WIDTH, HEIGHT)
  pen.strokeStyle = colours.line
  pen.lineWidth = 2
  pen.beginPath()
  for (let x = 200; x < WIDTH; x += 200) { pen.moveTo(x, 0); pen.lineTo(x, HEIGHT) }
  for (let y = 200; y < HEIGHT; y += 200) { pen.moveTo(0, y); pen.lineTo(WIDTH, y) }
  pen.stroke()

  const {berry} = world
  pen.fillStyle = colours.leaf
  pen.beginPath()
  pen.ellipse(berry.x + 12, berry.y - 22, 14, 6, -0.5, 0, 2 * Math.PI)
  pen.fill()
  pen.fillStyle = colours.berry
  circle(berry.x, berry.y, 18)
  pen.fill()

  // On a small screen a dot is drawn larger than it is, to be seen.
  const radius = Math.max(RADIUS, 9 * WIDTH / (canvas.clientWidth || WIDTH))
  pen.font = `600 ${Math.round(radius * 1.15)}px ${colours.sans}`
  pen.textAlign = "center"
  pen.textBaseline = "middle"
  for (const {number, x, y, berries} of world.dots) {
    pen.fillStyle = colours.plumes[number % 8]
    circle(x, y, radius)
    pen.fill()
    if (number === own) {
      pen.strokeStyle = colours.ink
      pen.lineWidth = 4
      circle(x, y, radius * 1.3)
      pen.stroke()
    }
    pen.fillStyle = colours.paper
    pen.fillText(String(berries), x, y + 1)
  }
}

/** As many pixels as the screen has for it. */
function fit() {
  const width = Math.round(canvas.clientWidth * devicePixelRatio)
  if (!width || canvas.width === width) return
  canvas.width = width
  canvas.height = Math.round(width * HEIGHT / WIDTH)
  draw()
}
new ResizeObserver(fit).observe(canvas)

// Steering: a direction goes up when it changes. ---------------------------------------------------------------------

function steer() {
  let [x, y] = [0, 0]
  for (const key of pressed) { x += KEYS[key][0]; y += KEYS[key][1] }
  const dot = world?.dots.find(({number}) => number === own)
  if (aim && dot) {
    const [right, down] = [aim.x - dot.x, aim.y - dot.y]
    const far = Math.max(RADIUS, Math.hypot(right, down))
    ;[x, y] = far > 2 * RADIUS ? [right / far, down / far] : [0, 0]
  }
  const message = Int8Array.of(Math.round(127 * Math.min(Math.max(x, -1), 1)), Math.round(127 * Math.min(Math.max(y, -1), 1)))
  if (channel?.state !== "joined" || String(message) === steered) return
  steered = String(message)
  channel.push("steer", message.buffer, 2_000)
}

const keyOf = event => event.key.length === 1 ? event.key.toLowerCase() : event.key
canvas.addEventListener("keydown", event => {
  if (!(keyOf(event) in KEYS) || event.ctrlKey || event.metaKey || event.altKey) return
  event.preventDefault()
  pressed.add(keyOf(event))
  steer()
})
function release() {
  pressed.clear()
  aim = null
  steer()
}
canvas.addEventListener("keyup", event => {
  if (pressed.delete(keyOf(event))) steer()
})
canvas.addEventListener("blur", release)
canvas.addEventListener("pointerdown", event => {
  canvas.setPointerCapture(event.pointerId)
  aimAt(event)
})
canvas.addEventListener("pointermove", event => { if (aim) aimAt(event) })
for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, release)

function aimAt(event) {
  const box = canvas.getBoundingClientRect()
  aim = {x: WIDTH * (event.clientX - box.left) / box.width, y: HEIGHT * (event.clientY - box.top) / box.height}
  steer()
}

// In words, once a second. -------------------------------------------------------------------------------------------

function tell() {
  if (!world) return
  const last = arrivals.at(-1)
  const recent = arrivals.filter(at => at > last - 1_500)
  const rate = recent.length > 1 ? (recent.length - 1) * 1_000 / (last - recent[0]) : 0
  say($("dots-rate"), `${rate.toFixed(0)} frames a second`)
  say($("dots-bytes"), `${frameBytes} bytes for ${world.dots.length} ${world.dots.length === 1 ? "dot" : "dots"}`)
  const scores = [...world.dots].sort((a, b) => b.berries - a.berries).slice(0, 10)
  $("dots-scores").replaceChildren(...scores.map(({number, berries}) => {
    const entry = element("li", "", `${number === own ? "You" : `Dot ${number}`}: ${berries} ${berries === 1 ? "berry" : "berries"}`)
    entry.dataset.plume = String(number % 8)
    return entry
  }))
}

setTitle("dots", "Dots")

export const focus = () => canvas.focus()

export function show() {
  paintbox()
  fit()
  steered = "0,0"
  channel = attend("game:dots", {}, $("dots-line"), ({dot}) => { own = dot; steered = "0,0" }, {frame: arrived})
  clock = setInterval(tell, 1_000)
}

export function hide() {
  clearInterval(clock)
  pressed.clear()
  aim = null
  world = null
  channel.leave()
}
