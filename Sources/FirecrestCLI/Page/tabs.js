// Firecrest — the tabs: one is shown, arrow keys move along them, the address remembers which
// SPDX-License-Identifier: Apache-2.0

import {$, element, showTitle, socket} from "/page.js"
import * as chat from "/chat.js"
import * as compare from "/compare.js"
import * as desk from "/desk.js"
import * as dots from "/dots.js"
import * as figures from "/figures.js"
import * as notify from "/notify.js"
import * as ticker from "/ticker.js"

/** What belongs to each tab. `show` joins its channel, `hide` leaves it: the server works only for those who look. */
const parts = {chat, ticker, desk, dots, figures, notify, compare}
const tabs = [...document.querySelectorAll("[role=tab]")]
const nameOf = tab => tab.id.slice("tab-".length)
let shown = null

function select(name, remember = true) {
  if (!(name in parts)) name = "chat"
  if (name === shown) return
  parts[shown]?.hide?.()
  shown = name
  for (const tab of tabs) {
    const isShown = nameOf(tab) === name
    tab.ariaSelected = String(isShown)
    tab.tabIndex = isShown ? 0 : -1
    $(tab.getAttribute("aria-controls")).hidden = !isShown
  }
  document.body.dataset.tab = name
  showTitle(name)
  parts[name].show?.()
  if (!remember) return
  const url = new URL(location.href)
  if (name === "chat") url.searchParams.delete("tab"); else url.searchParams.set("tab", name)
  history.pushState(null, "", url)
}

const ofAddress = () => new URL(location.href).searchParams.get("tab") ?? "chat"

for (const tab of tabs) tab.addEventListener("click", () => select(nameOf(tab)))
$("tabs").addEventListener("keydown", event => {
  const at = tabs.indexOf(event.target)
  const next = {ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1}[event.key]
  if (at < 0 || next === undefined || event.altKey || event.ctrlKey || event.metaKey) return
  event.preventDefault()
  const tab = tabs[(next + tabs.length) % tabs.length]
  tab.focus()
  select(nameOf(tab))
})
addEventListener("popstate", () => select(ofAddress(), false))

$("skip").addEventListener("click", event => {
  event.preventDefault() // the fragment is the room's
  if (parts[shown].focus) parts[shown].focus(); else $(`panel-${shown}`).focus()
})

// The Swift behind each tab: the file that the server was compiled from. ---------------------------------------------

const WORDS = /(\/\/.*)|("(?:\\.|[^"\\])*")|\b(as|await|async|case|class|else|enum|extension|final|for|func|guard|if|import|in|init|let|nil|private|return|self|static|struct|throws|try|var|where)\b/g

/** The text as it is, with comments, strings and keywords marked. */
function marked(source) {
  const parts = []
  let end = 0
  for (const match of source.matchAll(WORDS)) {
    parts.push(source.slice(end, match.index), element("span", match[1] ? "comment" : match[2] ? "string" : "word", match[0]))
    end = match.index + match[0].length
  }
  return [...parts, source.slice(end)]
}

for (const details of document.querySelectorAll("details.source")) {
  details.addEventListener("toggle", async () => {
    const code = details.querySelector("code")
    if (!details.open || code.textContent) return
    try {
      const response = await fetch(`/source/${details.dataset.file}`)
      if (!response.ok) throw new Error(`status ${response.status}`)
      code.replaceChildren(...marked(await response.text()))
    } catch (error) {
      code.textContent = `Could not be loaded: ${error.message}`
    }
  })
}

select(ofAddress(), false)
socket.connect()
