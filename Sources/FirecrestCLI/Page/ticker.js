// Firecrest — the tab of 200 prices: as many updates as this page reads, and no queue for the rest
// SPDX-License-Identifier: Apache-2.0

import {$, attend, element, number, say, setTitle} from "/page.js"

const RATES = [0.2, 0.5, 1, 2, 5, 10, 20] // updates that the page reads in a second; the server makes 20
const cells = new Map() // symbol → its nodes and price
const rising = new Intl.NumberFormat("en", {minimumFractionDigits: 2, maximumFractionDigits: 2})

let channel = null
let rate = 20
let news = null // arrived, and waits to be read
let timer
let arrivedAt = 0
let readAt = 0
let readings = [] // when the last ones were read
let arrivals = [] // {update, at} of the last ones
let merged = 0
let leftOut = 0
let size = 0
let clock

/** The slider slows the reader itself: what has arrived is read late, and only then is the next one asked for. */
function arrived(prices) {
  news = prices
  arrivedAt = performance.now()
  arrivals = [...arrivals.slice(-20), {update: prices.update, at: arrivedAt}]
  wait()
}

function wait() {
  clearTimeout(timer)
  // At the server's own pace there is nothing to wait for.
  const due = rate >= 20 ? 0 : readAt + 1_000 / rate - performance.now()
  if (due > 0) timer = setTimeout(read, due); else read()
}

function read() {
  if (!news) return
  paint(news.prices)
  merged = news.merged
  leftOut += news.merged - 1
  size = Object.keys(news.prices).length
  readAt = performance.now()
  readings = [...readings.slice(-20), readAt]
  news = null
  if (channel.state === "joined") channel.push("read", {}, 2_000)
}

function paint(prices) {
  for (const [symbol, price] of Object.entries(prices)) {
    const cell = cells.get(symbol) ?? add(symbol)
    const change = Math.sign(price - (cell.price ?? price))
    cell.price = price
    cell.text.textContent = rising.format(price)
    cell.node.dataset.change = change > 0 ? "up" : change < 0 ? "down" : ""
  }
}

function add(symbol) {
  const node = element("li")
  const text = element("b")
  node.append(element("span", "", symbol), " ", text)
  $("prices").append(node)
  const cell = {node, text, price: null}
  cells.set(symbol, cell)
  return cell
}

/** Things per second from the times of the last ones, none of them older than five of the slowest steps. */
function perSecond(first, last, count) { return last > first ? count * 1_000 / (last - first) : 0 }

function tell() {
  const [oldest, newest] = [arrivals[0], arrivals.at(-1)]
  const made = newest ? perSecond(oldest.at, newest.at, newest.update - oldest.update) : 0
  const reads = perSecond(readings[0], readings.at(-1), readings.length - 1)
  say($("ticker-made"), `${made.toFixed(1)} a second`)
  say($("ticker-read"), `${reads.toFixed(1)} a second`)
  say($("ticker-merged"), merged === 1 ? "1 update" : `${number(merged)} updates`)
  say($("ticker-size"), `${size} of ${cells.size}`)
  say($("ticker-behind"), readAt ? `${((performance.now() - readAt) / 1_000).toFixed(1)} s` : "–")
  say($("ticker-left-out"), number(leftOut))
}

function setRate(step) {
  rate = RATES[step]
  const words = rate >= 20 ? "every update, 20 a second" : rate >= 1 ? `${rate} a second` : `one in ${1 / rate} s`
  $("ticker-rate").ariaValueText = words
  say($("ticker-rate-text"), words)
  say($("ticker-why"), rate >= 20
    ? "This page reads as fast as the server writes: each update holds about 20 prices that changed since the one before."
    : `This page reads ${rate} of 20 updates a second. The others wait in no queue: the server notes the number of the last ` +
      "update this page took, and when the page asks for the next, sends the newest price of every symbol that changed since. " +
      "However slow it reads, that is all it costs the server, and what it gets is never old.")
  readings = []
  arrivals = arrivals.slice(-1)
  wait()
}

$("ticker-rate").max = RATES.length - 1
$("ticker-rate").value = RATES.length - 1
$("ticker-rate").addEventListener("input", event => setRate(event.target.valueAsNumber))
setTitle("ticker", "Ticker")
setRate(RATES.length - 1)

export function show() {
  channel = attend("ticker:all", {paced: true}, $("ticker-line"), all => {
    clearTimeout(timer)
    news = null
    arrivals = [{update: all.update, at: performance.now()}]
    readings = []
    leftOut = 0
    // Objects come in any order; the list is by name.
    paint(Object.fromEntries(Object.entries(all.prices).sort(([a], [b]) => a < b ? -1 : 1)))
    readAt = performance.now()
  }, {prices: arrived})
  clock = setInterval(tell, 250)
}

export function hide() {
  clearTimeout(timer)
  clearInterval(clock)
  news = null
  channel.leave()
}
