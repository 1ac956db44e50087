# Firecrest — the EventSource of a real browser on the one-way event stream
# SPDX-License-Identifier: Apache-2.0

import json

from pages import blank_page

# Notes the events of a stream in `window.heard`, and counts how often it opened.
LISTEN = """([url, names]) => {
  window.source = new EventSource(url)
  window.heard = []
  window.opened = window.errors = 0
  source.onopen = () => { opened += 1 }
  source.onerror = () => { errors += 1 }
  for (const name of names) source.addEventListener(name, ({data, lastEventId}) => heard.push([name, data, lastEventId]))
}"""
SPEAK = """async ([topic, event, payloads]) => {
  const {Socket} = await import("/firecrest.js")
  const socket = new Socket("/socket")
  socket.connect()
  const channel = socket.channel(topic)
  await new Promise(done => channel.join().receive("ok", done))
  for (const payload of payloads) channel.push(event, payload)
  await new Promise(done => channel.push("ping").receive("ok", done))
  await new Promise(done => socket.disconnect(done))
}"""


def listen(page, topic, payload=None, names=("phx_reply", "shout", "phx_error", "phx_close")):
    page.sent = []
    page.on("request", lambda request: page.sent.append(request) if "/socket/sse" in request.url else None)
    query = f"topic={topic}" + (f"&payload={json.dumps(payload)}" if payload is not None else "")
    page.evaluate(LISTEN, [f"/socket/sse?{query}", list(names)])


def until(page, check, milliseconds=10_000):
    for _ in range(milliseconds // 20):
        value = page.evaluate(check)
        if value:
            return value
        page.wait_for_timeout(20)
    raise AssertionError(f"not within {milliseconds} ms: {check}; heard: {page.evaluate('window.heard')}; errors: {page.errors}")


def test_events_arrive_with_ids(blank, room):
    listen(blank, f"room:{room}", {"user": "ä"})
    name, data, last = until(blank, "heard[0]")
    assert [name, json.loads(data), last] == [
        "phx_reply", {"status": "ok", "response": {"topic": f"room:{room}", "payload": {"user": "ä"}}}, "",
    ]
    payloads = [{"n": n, "text": "ü\n🐦"} for n in range(20)]
    blank.evaluate(SPEAK, [f"room:{room}", "shout", payloads])
    until(blank, "heard.length === 21")
    events = blank.evaluate("heard.slice(1)")
    assert [[name, json.loads(data)] for name, data, _ in events] == [["shout", payload] for payload in payloads]
    assert len({last for _, _, last in events}) == 20
    assert blank.evaluate("[source.readyState, opened, errors]") == [1, 1, 0]
    assert blank.errors == []


def test_it_comes_back_by_itself_and_says_what_it_saw_last(browser, own_server, room):
    page = blank_page(browser, own_server)
    listen(page, f"room:{room}")
    until(page, "heard.length === 1")
    page.evaluate(SPEAK, [f"room:{room}", "shout", [{"n": 1}]])
    until(page, "heard.length === 2")
    last = page.evaluate("heard[1][2]")
    own_server.kill()
    until(page, "errors > 0")
    own_server.start()
    name, data, _ = until(page, "heard[2]", 20_000)
    # What was missed while it was away is not known yet, and the reply says so.
    assert [name, json.loads(data)["status"], json.loads(data)["recovered"]] == ["phx_reply", "ok", False]
    assert page.sent[-1].all_headers()["last-event-id"] == last
    page.evaluate(SPEAK, [f"room:{room}", "shout", [{"n": 2}]])
    assert json.loads(until(page, "heard[3]")[1]) == {"n": 2}
    page.context.close()


def test_a_refused_join_is_not_tried_again(blank, room):
    listen(blank, f"room:{room}", {"deny": True})
    until(blank, "source.readyState === EventSource.CLOSED")
    blank.wait_for_timeout(2_500)  # longer than the two seconds after which a lost stream is asked for again
    assert blank.evaluate("[opened, errors, heard.length]") == [0, 1, 0]
    assert len(blank.sent) == 1
