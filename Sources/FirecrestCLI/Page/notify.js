// Firecrest — the tab that waits for a word to one user, sent by curl
// SPDX-License-Identifier: Apache-2.0

import {$, attend, clip, element, me, memory, say, setTitle} from "/page.js"

const MAX_NOTICES = 50
const clock = new Intl.DateTimeFormat(undefined, {hour: "2-digit", minute: "2-digit", second: "2-digit"})

let channel = null
let user = null

/** What may stand in the topic and in a shell's line: a to z, 0 to 9 and -. */
const plain = text => text.trim().toLowerCase().normalize("NFKD").replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 32)

/** Stays joined once the tab was opened: a notification that only comes while you look is none. */
function listen(next) {
  if (next === user) return
  channel?.leave()
  user = next
  memory.set("sessionStorage", "user", user)
  $("notify-user").value = user
  say($("notify-topic"), `user:${user}`)
  say($("notify-curl"), `curl -d "Tea is ready" ${location.origin}/notify/${user}`)
  channel = attend(`user:${user}`, {}, $("notify-line"), () => say($("notify-line"), `Listening as ${user}.`), {notice: arrived})
}

function arrived(notice) {
  const entry = element("li")
  const time = element("time", "", clock.format(new Date()))
  entry.append(element("span", "text", clip(notice?.text, 1_000, "(nothing)")), time)
  $("notices").prepend(entry)
  while ($("notices").childElementCount > MAX_NOTICES) $("notices").lastElementChild.remove()
  $("notices-empty").hidden = true
  if ($("panel-notify").hidden) {
    const count = Number($("notify-badge").textContent || 0) + 1
    $("notify-badge").textContent = String(count)
    $("tab-notify").ariaLabel = `Notify, ${count} new`
  }
}

$("notify-as").addEventListener("submit", event => {
  event.preventDefault()
  const next = plain($("notify-user").value)
  if (next) listen(next); else $("notify-user").focus()
})

$("notify-send").addEventListener("submit", async event => {
  event.preventDefault()
  const to = plain($("notify-to").value)
  const text = $("notify-text").value
  if (!to || !text.trim()) return (to ? $("notify-text") : $("notify-to")).focus()
  try {
    const response = await fetch(`/notify/${to}`, {method: "POST", body: text})
    say($("notify-answer"), `${response.status}: ${(await response.text()).trim()}`)
    if (response.ok) $("notify-text").value = ""
  } catch {
    say($("notify-answer"), "The server does not answer.")
  }
})

// Only pages of a secure context (https, localhost) may write to the clipboard.
$("notify-copy").hidden = !navigator.clipboard
$("notify-copy").addEventListener("click", async () => {
  try {
    await navigator.clipboard.writeText($("notify-curl").textContent)
    say($("notify-copied"), "Copied.")
  } catch {
    say($("notify-copied"), "Not allowed; select the line instead.")
  }
})

setTitle("notify", "Notify")

export function show() {
  if (!user) listen(plain(memory.get("sessionStorage", "user") ?? me.name) || "guest")
  $("notify-badge").textContent = ""
  $("tab-notify").ariaLabel = null
}
