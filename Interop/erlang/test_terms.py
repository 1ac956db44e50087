# Firecrest — terms of Erlang and of erlpack through the server, to clients of terms and of JSON, both ways
# SPDX-License-Identifier: Apache-2.0
"""A client of terms shouts, and a client of JSON hears it: the server has decoded every term. The client of JSON shouts
what it heard, and the client of terms hears that: the server has written every term anew, from JSON. What comes back must
mean to Erlang what Erlang has sent. (What goes from terms to terms is passed on as it is and proves the reader only.)"""

import json
import math
import random
import struct

import erlpack
import pytest

from client import Client, broadcast_term, term_list, term_map, text
from conftest import framed

TERMS = 10_000
BATCH = 250
SEED = 20_261_123


@pytest.fixture
def clients(server, room):
    """One that speaks terms and one that speaks JSON, in one room."""
    pair = Client(server, room, terms=True), Client(server, room, terms=False)
    yield pair
    for client in pair:
        client.close()


def batches(pieces):
    return [pieces[at : at + BATCH] for at in range(0, len(pieces), BATCH)]


def payload_of(terms):
    """`{"v": [term, …]}` of terms with version bytes."""
    assert all(term[0] == 131 for term in terms)
    return term_map([(text("v"), term_list([term[1:] for term in terms]))])


def heard(terms_client, json_client):
    """What both hear of one broadcast: the bytes of a term with its version byte, and the text of JSON."""
    term = b"\x83" + broadcast_term(terms_client.receive(), terms_client.topic, "shout")
    frame = json_client.receive()
    head = f'[null,null,"{json_client.topic}","shout",'
    assert frame.startswith(head), frame[:200]
    return term, frame[len(head) : -1]


def through_json(clients, payload):
    """Sends a payload as a term; returns it as JSON text, and as the term that the server makes of that JSON."""
    terms_client, json_client = clients
    terms_client.send("shout", payload)
    passed, words = heard(terms_client, json_client)
    json_client.send("shout", words)
    written, again = heard(terms_client, json_client)
    assert again == words
    return passed, words, written


def test_random_terms_of_erlang(erlang, clients):
    """10,000 terms: term_to_binary, our reader, JSON, our writer, binary_to_term."""
    terms = erlang.framed(f"terms({SEED}, {TERMS}, json)")
    assert len(terms) == TERMS
    for batch in batches(terms):
        sent = payload_of(batch)
        passed, _, written = through_json(clients, sent)
        # What other clients of terms get means the same, and so does what was written anew.
        pairs = framed([b"\x83" + sent, passed, b"\x83" + sent, written])
        assert erlang.evaluate("compare(pairs(unframed(Input)))", pairs) == b"ok"


def test_random_terms_of_erlang_in_erlpack(erlang, clients):
    """erlpack reads what the server writes as what Python's JSON reads of the same broadcast."""
    for batch in batches(erlang.framed(f"terms({SEED + 1}, {TERMS}, json)")):
        passed, words, written = through_json(clients, payload_of(batch))
        said = json.loads(words)
        assert same(plain(erlpack.unpack(written)), said)
        assert same(plain(erlpack.unpack(passed)), said)


def test_random_terms_of_erlpack(erlang, clients):
    """10,000 terms that erlpack writes: erlpack and Erlang read back what was packed, through JSON and straight."""
    generator = random.Random(SEED)
    values = [random_value(generator, 4) for _ in range(TERMS)]
    for batch in batches(values):
        packed = [erlpack.pack(value) for value in batch]
        sent = payload_of(packed)
        passed, words, written = through_json(clients, sent)
        assert same(json.loads(words)["v"], batch)
        assert same(plain(erlpack.unpack(written))["v"], batch)
        assert same(plain(erlpack.unpack(passed))["v"], batch)
        pairs = framed([b"\x83" + sent, written])
        assert erlang.evaluate("compare(pairs(unframed(Input)))", pairs) == b"ok"


def test_random_json_to_erlang(erlang, clients):
    """10,000 values that only ever were JSON: Erlang and erlpack read what the server makes of them."""
    terms_client, json_client = clients
    generator = random.Random(SEED + 1)
    values = [random_value(generator, 4) for _ in range(TERMS)]
    for batch in batches(values):
        json_client.send("shout", json.dumps({"v": batch}, ensure_ascii=generator.random() < 0.5))
        written, words = heard(terms_client, json_client)
        assert same(plain(erlpack.unpack(written))["v"], batch)
        # And once more through Erlang's own writer.
        rewritten = erlang.evaluate("term_to_binary(binary_to_term(Input, [safe]))", written)
        terms_client.send("shout", rewritten[1:])
        _, again = heard(terms_client, json_client)
        assert same(json.loads(again), json.loads(words))


def test_bytes_that_are_no_text(erlang, server, room):
    """Between clients of terms everything goes that Erlang writes, bytes too."""
    one, other = (Client(server, room, terms=True, query=query) for query in ("vsn=2.0.0&encoding=etf", ""))
    for batch in batches(erlang.framed(f"terms({SEED + 2}, 2000, any)")):
        sent = payload_of(batch)
        one.send("shout", sent)
        for client in (one, other):
            got = b"\x83" + broadcast_term(client.receive(), client.topic, "shout")
            pairs = framed([b"\x83" + sent, got])
            assert erlang.evaluate("compare(pairs(unframed(Input)))", pairs) == b"ok"
    one.close()
    other.close()


@pytest.mark.parametrize(
    "expression",
    [
        "fun() -> ok end", "fun erlang:halt/0", "self()", "make_ref()", "hd(erlang:ports())", "[1 | 2]", "<<1:3>>",
        "some_atom", "1 bsl 64", "-(1 bsl 64)", "#{[] => 1}", "list_to_tuple(lists:seq(1, 256))",
    ],
)
def test_what_is_not_read(erlang, server, room, expression):
    """Erlang's own bytes of what clients may not send: the connection closes with 1011 and a reason."""
    client = Client(server, room, terms=True)
    payload = erlang.evaluate(f"term_to_binary(#{{<<\"v\">> => {expression}}})")
    client.send("echo", payload[1:])
    with pytest.raises(Exception) as closed:
        client.receive()
    assert closed.value.rcvd.code == 1011
    assert closed.value.rcvd.reason.startswith("invalid_term: ")


def test_a_compressed_term_is_not_read(erlang, server, room):
    client = Client(server, room, terms=True)
    client.socket.send(erlang.evaluate("term_to_binary(lists:duplicate(1000, 1000), [compressed])"))
    with pytest.raises(Exception) as closed:
        client.receive()
    assert closed.value.rcvd.reason.startswith("invalid_term: Compressed terms are not read")


# --- values of Python ---


def random_value(generator, depth):
    kind = generator.randrange(10 if depth else 7)
    if kind == 0:
        return None
    if kind == 1:
        return generator.random() < 0.5
    if kind == 2:
        return generator.randrange(-300, 300)
    if kind == 3:
        power = 1 << generator.randrange(63)
        return generator.choice([power, power - 1, -power, generator.randrange(-power, power + 1)])
    if kind == 4:
        return float(generator.randrange(-(1 << 60), 1 << 60))
    if kind == 5:
        value = struct.unpack(">d", generator.randbytes(8))[0]
        return value if math.isfinite(value) else 0.5
    if kind == 6:
        return random_text(generator)
    if kind == 7:
        return {random_text(generator): random_value(generator, depth - 1) for _ in range(generator.randrange(6))}
    return [random_value(generator, depth - 1) for _ in range(generator.randrange(6))]


def random_text(generator):
    ranges = [(0, 0x20), (0x20, 0x7F), (0x20, 0x7F), (0x80, 0x800), (0xE000, 0x10000), (0x10000, 0x110000)]
    return "".join(chr(generator.randrange(*generator.choice(ranges))) for _ in range(generator.randrange(20)))


def plain(value):
    """What erlpack read, with bytes and atoms as text."""
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, dict):
        return {name(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value


def name(key):
    if key is None:
        return "nil"
    if key is True:
        return "true"
    if isinstance(key, (int, float)):
        return str(key)
    return plain(key)


def same(one, other):
    """Equal, a number being a number; beyond 2**53 as near as a double is."""
    if isinstance(one, bool) or isinstance(other, bool) or one is None or other is None:
        return one is other
    if isinstance(one, (int, float)) and isinstance(other, (int, float)):
        return one == other or (abs(one) > 1 << 53 and float(one) == float(other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other
