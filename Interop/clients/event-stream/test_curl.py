# Firecrest — `curl -N` on the one-way event stream, and on short polling: what a shell sees
# SPDX-License-Identifier: Apache-2.0

import json
import subprocess

import pytest


class Curl:
    """`curl -N` with a stream; its lines come as they arrive."""

    def __init__(self, *arguments):
        self.process = subprocess.Popen(
            ["curl", "--silent", "--no-buffer", "--max-time", "20", *arguments],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
        )

    def event(self):
        """The fields of the next event; None at the end."""
        fields = []
        for line in self.process.stdout:
            line = line.removesuffix("\n")
            if line == "" and fields:
                return fields
            if line != "" and not line.startswith(":"):
                name, _, value = line.partition(": ")
                fields.append((name, value))
        return None

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


@pytest.fixture
def curl():
    running = []

    def start(*arguments):
        running.append(Curl(*arguments))
        return running[-1]

    yield start
    for one in running:
        one.close()


def ask(*arguments):
    """Status, headers and body of one request."""
    result = subprocess.run(
        ["curl", "--silent", "--include", "--max-time", "10", *arguments],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, check=True,
    )
    head, _, body = result.stdout.partition("\n\n")
    first, *lines = head.splitlines()
    return int(first.split()[1]), {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}, body


def first_events(reader):
    """Up to the reply to the join: the server may say how soon to come back in an event of its own, or with the reply."""
    fields = reader.event()
    if all(name == "retry" for name, _ in fields):
        fields += reader.event()
    return fields


def test_broadcasts_arrive_as_lines_of_text(curl, stream_url, topic, push):
    reader = curl(stream_url)
    reply = dict(first_events(reader))
    assert reply["retry"] == "2000" and reply["event"] == "phx_reply" and "id" not in reply
    assert json.loads(reply["data"]) == {"status": "ok", "response": {"payload": {}, "topic": topic}}

    ids = []
    for n in range(3):
        push("shout", {"n": n, "text": "ü\n🐦"})
    for n in range(3):
        fields = dict(reader.event())
        ids.append(fields["id"])
        assert fields["event"] == "shout" and json.loads(fields["data"]) == {"n": n, "text": "ü\n🐦"}
    assert len(set(ids)) == 3

    push("binary_shout", b"\x00\xff\n")
    fields = dict(reader.event())
    assert [fields["event"], fields["data"]] == ["binary_shout", "base64:AP8K"]


def test_the_head_of_the_response(curl, stream_url):
    reader = curl("--include", stream_url)
    head = []
    for line in reader.process.stdout:
        if line.strip() == "":
            break
        head.append(line.strip().lower())
    assert head[0].startswith("http/1.1 200")
    for line in ["content-type: text/event-stream; charset=utf-8", "cache-control: no-store", "x-accel-buffering: no"]:
        assert line in head


def test_payload_of_the_join(curl, stream_url):
    reader = curl("--get", "--data-urlencode", 'payload={"name": "Ü & co"}', stream_url)
    assert json.loads(dict(first_events(reader))["data"])["response"]["payload"] == {"name": "Ü & co"}


def test_what_is_refused_says_why(server, stream_url):
    status, headers, body = ask("--get", "--data-urlencode", 'payload={"deny": true}', stream_url)
    assert [status, headers["x-firecrest-error"], json.loads(body)] == [403, "join_refused", {"reason": "denied"}]
    assert ask(f"{stream_url}&reject=1")[0] == 403
    assert ask("--header", "Origin: https://elsewhere.test", stream_url)[0] == 403
    assert ask(f"{server.url}/socket/sse?topic=nowhere:1")[0] == 404


def test_short_polling_tells_what_is_new_once(server, topic, push):
    url = f"{server.url}/socket/poll?topic={topic}"
    status, headers, body = ask(url)
    answer = json.loads(body)
    assert [status, answer["messages"], answer["missed"]] == [200, [], False]
    assert headers["etag"] == f'"{answer["after"]}"'
    assert ask("--header", f"If-None-Match: {headers['etag']}", f"{url}&after={answer['after']}")[0] == 304

    for n in range(3):
        push("shout", {"n": n})
    heard = []
    for _ in range(100):
        _, _, body = ask(f"{url}&after={answer['after']}")
        answer = json.loads(body)
        heard += [(message["event"], message["payload"]) for message in answer["messages"]]
        if len(heard) >= 3:
            break
    assert heard == [("shout", {"n": n}) for n in range(3)]
    assert json.loads(ask(f"{url}&after={answer['after']}")[2])["messages"] == []
