# Firecrest — who a client is behind nginx and haproxy
# SPDX-License-Identifier: Apache-2.0

import concurrent.futures
import json
import pathlib
import re
import subprocess

import pytest
from websockets.exceptions import InvalidStatus

from server import ROOT
from wire import ask, get, open_connection, open_socket

CLIENT = "127.0.0.3"
FORGED = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https", "Forwarded": "for=203.0.113.9;proto=https"}
# What speaks HTTP itself writes into headers; the others pass bytes on.
WRITES_HEADERS = {"nginx", "nginx-tls", "nginx-unix", "haproxy", "haproxy-tls"}


def who(place, **options):
    with open_socket(place, params="vsn=2.0.0&whoami=1", **options) as socket:
        ask(socket, "room:who", "phx_join", {})
        return ask(socket, "room:who", "whoami", {}, ref="2")


def test_a_sockets_client_is_the_real_one(front):
    told = who(front, source=CLIENT)
    assert told["address"] == CLIENT
    assert told["scheme"] == front.scheme
    assert told["host"] == "127.0.0.1"
    assert told["uri_port"] == front.port


def test_a_routes_client_is_the_real_one(front):
    assert get(front, "/whoami", source=CLIENT) == (200, f"{front.scheme} {CLIENT}\n")


def test_what_a_client_forges_is_not_believed_behind_a_proxy(front):
    assert get(front, "/whoami", source=CLIENT, headers=FORGED) == (200, f"{front.scheme} {CLIENT}\n")
    told = who(front, source=CLIENT, headers=FORGED)
    assert (told["address"], told["scheme"]) == (CLIENT, front.scheme)


def test_what_a_client_forges_past_the_proxy_is_not_believed(fronts):
    """Straight to the demo that trusts 127.0.0.1, from another address."""
    backend = fronts.all["nginx"].backend
    assert get(backend, "/whoami", source=CLIENT, headers=FORGED) == (200, f"http {CLIENT}\n")
    told = who(backend, source=CLIENT, headers=FORGED)
    assert (told["address"], told["scheme"]) == (CLIENT, "http")
    # The test can fail: from the address that is trusted, it is believed.
    assert get(backend, "/whoami", headers=FORGED) == (200, "https 203.0.113.9\n")


def test_a_proxy_header_from_a_stranger_is_not_believed(fronts):
    import socket

    port = fronts.all["haproxy-proxy-v1"].backend.port
    for source, expected in [(CLIENT, f"http {CLIENT}"), ("127.0.0.1", "http 203.0.113.9")]:
        with socket.create_connection(("127.0.0.1", port), timeout=10, source_address=(source, 0)) as link:
            link.sendall(b"PROXY TCP4 203.0.113.9 127.0.0.1 1 2\r\nGET /whoami HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            answer = b"".join(iter(lambda: link.recv(4096), b"")).decode()
        assert answer.endswith(f"{expected}\n"), answer


def test_the_origin_is_compared_with_what_the_client_sees(front):
    same = f"{front.scheme}://127.0.0.1:{front.port}"
    with open_socket(front, headers={"Origin": same}) as socket:
        ask(socket, "room:1", "phx_join", {})
    other = f"{'http' if front.secure else 'https'}://127.0.0.1:{front.port}"
    for origin in (other, "https://evil.example", f"{front.scheme}://127.0.0.1:1"):
        with pytest.raises(InvalidStatus) as refused:
            open_socket(front, headers={"Origin": origin}).close()
        assert refused.value.response.status_code == 403


def test_messages_pass_both_ways(front):
    with open_socket(front, max_size=None) as one, open_socket(front, max_size=None) as two:
        for socket in (one, two):
            ask(socket, "room:both", "phx_join", {})
        text = "x" * 300_000
        assert ask(one, "room:both", "echo", {"text": text}, ref="2")["text"] == text
        one.send(json.dumps(["1", "3", "room:both", "shout", {"n": 1}]))
        assert json.loads(two.recv(timeout=10))[3:] == ["shout", {"n": 1}]


def test_events_stream_without_being_held_back(front):
    link = open_connection(front)
    link.request("GET", "/socket/sse?topic=ticker:all&vsn=2.0.0")
    answer = link.getresponse()
    assert answer.status == 200
    assert answer.fp.readline()
    link.sock and link.sock.close()
    link.close()


def accepted(front):
    """Connections that the server behind `front` has accepted until now."""
    _, text = get(front, "/metrics")
    return int(float(re.search(r"^firecrest_connections_accepted_total (\S+)", text, re.M)[1]))


def test_upgrades_over_an_upstream_that_is_kept_alive(fronts):
    """nginx keeps connections to its upstream; requests use them again, and upgrades take theirs out of the pool."""
    front = fronts.all["nginx"]
    before = accepted(front)
    link = open_connection(front, CLIENT)
    for _ in range(200):
        assert get(front, "/whoami", connection=link) == (200, f"http {CLIENT}\n")
    link.close()
    assert accepted(front) - before < 20, "the upstream's connections are not kept alive"

    def round(number):
        source = f"127.0.0.{10 + number % 5}"
        told = who(front, source=source)
        status, text = get(front, "/whoami", source=source)
        return told["address"] == source and (status, text) == (200, f"http {source}\n")

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        results = list(pool.map(round, range(100)))
    assert all(results), f"{results.count(False)} of 100 clients were taken for somebody else or not served"


PHOENIX_FILES = ["test_channels.py", "test_binary.py", "test_connection.py"]


@pytest.mark.parametrize("name", ["nginx", "nginx-tls", "haproxy", "haproxy-tls"])
def test_phoenix_js(name, fronts, tmp_path):
    """The checks of Interop/phoenix in Node, through the proxy: its sockets, and its long polls."""
    import os

    front = fronts.all[name]
    python = ROOT / ".tools" / "phoenix" / "bin" / "python3"
    environment = {**os.environ, "FIRECREST_URL": front.url, "NODE_EXTRA_CA_CERTS": str(front.authority.certificate)}
    environment.pop("FIRECREST_BIN", None)
    results = tmp_path / "results.xml"
    done = subprocess.run(
        [str(python), "-m", "pytest", "-q", "--junitxml", str(results), "-k", "node",
         *(str(pathlib.Path("Interop") / "phoenix" / file) for file in PHOENIX_FILES)],
        cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300)
    summary = re.search(r'tests="(\d+)"', results.read_text()) if results.exists() else None
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-1000:]
    assert int(summary[1]) > 20 and " skipped" not in done.stdout.splitlines()[-1], done.stdout[-500:]
