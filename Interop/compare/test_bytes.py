# Firecrest — what `firecrest compare` counts, against a proxy between its clients and its servers
# SPDX-License-Identifier: Apache-2.0

import json
import subprocess

import pytest

from proxy import Proxy, free_ports
from server import find_binary

WAYS = ["short_poll", "long_poll", "sse", "websocket"]


def compare(*arguments, **options):
    binary = find_binary()
    assert binary, "nothing to test: set FIRECREST_BIN, or run `swift build` first"
    return subprocess.run(
        [*binary, "compare", *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=40, **options
    )


@pytest.fixture(scope="module", params=["browser", "minimal"])
def measured(request):
    """One run through four proxies: what the command says, and what each proxy saw."""
    ports = free_ports(8)
    proxies = {way: Proxy(ports + 4 + index, ports + index) for index, way in enumerate(WAYS)}
    result = compare(
        "--json", "--seconds", "3", "--rate", "8", "--clients", "3", "--poll-interval", "400", "--headers", request.param,
        "--listen-base", str(ports), "--connect-base", str(ports + 4),
    )
    assert result.returncode == 0, result.stderr + result.stdout
    seen = {way: proxy.finish() for way, proxy in proxies.items()}
    return json.loads(result.stdout), seen


@pytest.fixture(params=WAYS)
def way(request, measured):
    report, seen = measured
    (said,) = [row for row in report["ways"] if row["way"] == request.param]
    return report, said, seen[request.param]


def within_one_percent(said, seen):
    assert seen > 0
    assert abs(said - seen) <= seen * 0.01, f"the command says {said}, the proxy saw {seen}"


def test_bytes_are_those_on_the_wire(way):
    _, said, seen = way
    within_one_percent(said["bytes_up"], sum(len(connection.up) for connection in seen))
    within_one_percent(said["bytes_down"], sum(len(connection.down) for connection in seen))


def test_requests_and_their_heads_are_those_on_the_wire(way):
    _, said, seen = way
    heads = [head for connection in seen for head in connection.request_heads()]
    assert said["requests"] == len(heads)
    assert said["connections_opened"] == len(seen)
    head = said["request_head"]
    assert (head["count"], head["smallest"], head["largest"]) == (len(heads), min(heads), max(heads))


def test_messages_are_those_on_the_wire(way):
    report, said, seen = way
    # Nothing else on the wire has this member; within long polling's JSON its quotes are escaped.
    on_the_wire = sum(connection.down.replace(b"\\", b"").count(b'"pad":"') for connection in seen)
    assert said["messages"] == on_the_wire == report["sent"] * report["settings"]["clients"]
    assert (said["lost"], said["doubled"], said["failures"]) == (0, 0, 0)


def test_heads_cost_what_everybody_says_they_cost(measured):
    """About 500 bytes of a browser's head for a question, against 2 to 14 bytes for a frame."""
    report, _ = measured
    rows = {row["way"]: row for row in report["ways"]}
    if report["settings"]["headers"] == "browser":
        for way in WAYS:
            assert 400 <= rows[way]["request_head"]["typical"] <= 800, way
    for direction in ("frame_header_up", "frame_header_down"):
        assert 2 <= rows["websocket"][direction]["smallest"] <= rows["websocket"][direction]["largest"] <= 14
    costs = [rows[way]["overhead_per_message"] for way in WAYS]
    assert costs[2] < costs[0] and costs[2] < costs[1], "an event stream costs less than questions"
    assert costs[3] < costs[0] and costs[3] < costs[1], "a WebSocket costs less than questions"


def test_the_table_fits_a_terminal():
    result = compare("--seconds", "1", "--clients", "2", "--poll-interval", "200")
    assert result.returncode == 0, result.stderr + result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 100
    for words in ("Short polling", "Long polling", "Server-sent events", "WebSocket", "Flash sockets"):
        assert words in result.stdout


REFUSED = [
    (["--rate", "0"], "--rate is 0; it must be between 0.1 and 200."),
    (["--clients", "201"], "--clients is 201; it must be between 1 and 200."),
    (["--poll-interval", "10"], "--poll-interval is 10; it must be between 50 and 10000."),
    (["--payload", "1"], "--payload is 1; it must be between 64 and 16384."),
    (["--seconds", "200"], "--seconds is 200; it must be between 1 and 120."),
    (["--ways", "flash"], '--ways has "flash"'),
    (["--ways", "sse,sse"], "--ways is sse,sse"),
    (["--connect-base", "4000"], "--connect-base needs --listen-base"),
    (["--headers", "none"], "browser"),
]


@pytest.mark.parametrize("arguments, named", REFUSED, ids=[" ".join(arguments) for arguments, _ in REFUSED])
def test_wrong_arguments_are_named(arguments, named):
    result = compare(*arguments)
    assert result.returncode == 2
    assert named in result.stderr
    assert result.stdout == ""
