# Firecrest — httpx-sse 0.4.3, a parser of event streams that is not ours, on the one-way stream
# SPDX-License-Identifier: Apache-2.0

import json
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from httpx_sse import SSEError, connect_sse


@pytest.fixture
def http():
    with httpx.Client(timeout=10) as client:
        yield client


def events_of(source, retries=None):
    """Those with data: httpx-sse makes an event even of a lone `retry`, which browsers do not; it goes to that list."""
    for event in source.iter_sse():
        if event.data:
            yield event
        elif retries is not None:
            retries.append(event.retry)


def test_events_ids_and_payloads(http, stream_url, topic, push):
    with connect_sse(http, "GET", stream_url) as source:
        source.response.raise_for_status()
        retries = []
        events = events_of(source, retries)
        reply = next(events)
        assert [reply.event, reply.id, [*retries, reply.retry][0]] == ["phx_reply", "", 2000]
        assert reply.json() == {"status": "ok", "response": {"payload": {}, "topic": topic}}

        text = "one\ntwo\r\nthree\rfour\u2028five: six\0"
        for n in range(100):
            push("shout", {"n": n, "text": text})
        heard = [next(events) for _ in range(100)]
        assert [event.json() for event in heard] == [{"n": n, "text": text} for n in range(100)]
        assert {event.event for event in heard} == {"shout"}
        assert len({event.id for event in heard}) == 100 and all(event.id for event in heard)

        push("binary_shout", bytes(range(256)))
        assert next(events).data.startswith("base64:AAECAwQF")


def test_line_ends_between_the_tokens_of_a_payload(http, stream_url, push, server, topic):
    """JSON may have them where it likes; on the stream they make several lines of data."""
    from websockets.sync.client import connect

    with connect(f"ws{server.url.removeprefix('http')}/socket/websocket?vsn=2.0.0") as other:
        other.send(json.dumps(["1", "1", topic, "phx_join", {}]))
        other.recv(timeout=5)
        with connect_sse(http, "GET", stream_url) as source:
            events = events_of(source)
            next(events)
            other.send(f'["1","2",{json.dumps(topic)},"shout",{{"a":\n1,\r\n"b":\r[2,\n\n3]}}]')
            assert next(events).json() == {"a": 1, "b": [2, 3]}


def test_a_last_event_id_is_told_what_became_of_it(http, stream_url, push):
    with connect_sse(http, "GET", stream_url) as source:
        events = events_of(source)
        assert "recovered" not in next(events).json()
        push("shout", {})
        last = next(events).id
    with connect_sse(http, "GET", stream_url, headers={"Last-Event-ID": last}) as source:
        assert next(events_of(source)).json()["recovered"] is False


def test_a_refusal_is_no_event_stream(http, stream_url):
    with connect_sse(http, "GET", stream_url + '&payload={"deny":true}') as source:
        assert source.response.status_code == 403
        with pytest.raises(SSEError):
            next(source.iter_sse())


def test_the_stream_ends_with_the_server(http, own_server, room):
    with connect_sse(http, "GET", f"{own_server.url}/socket/sse?topic=room:{room}") as source:
        events = events_of(source)
        assert next(events).event == "phx_reply"
        with ThreadPoolExecutor() as pool:  # a server waits for its readers to see the end
            stopped = pool.submit(own_server.stop)
            assert [event.event for event in events] in ([], ["phx_close"])
            assert stopped.result() is None
