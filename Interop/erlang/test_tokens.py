# Firecrest — tokens and session cookies made by Erlang's own crypto are read here, and ours there
# SPDX-License-Identifier: Apache-2.0

import json
import os
import subprocess

import pytest

from server import find_binary

SECRET = "s3cret" * 12
# What stands in a token beyond its data: signed at, in milliseconds, and the longest age in seconds.
TIMES = "erlang:system_time(millisecond), 3600"


def firecrest(*arguments, stdin=None):
    """What `firecrest token` prints; fails when it does not take what it was given."""
    result = run(*arguments, stdin=stdin)
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


def run(*arguments, stdin=None):
    return subprocess.run(
        [*find_binary(), "token", *arguments], input=stdin, capture_output=True, text=True, timeout=30,
        env={**os.environ, "FIRECREST_SECRET_KEY_BASE": SECRET})


def quoted(text):
    return '<<"' + text.replace('"', '\\"') + '">>'


def signed(erlang, term, salt, digest="sha256"):
    """A token of Erlang's: Plug.Crypto.MessageVerifier over the term."""
    return erlang.evaluate(f"sign(term_to_binary({term}), {quoted(SECRET)}, {quoted(salt)}, {digest})").decode()


def encrypted(erlang, term, salt):
    return erlang.evaluate(f"encrypt(term_to_binary({term}), {quoted(SECRET)}, {quoted(salt)})").decode()


# Data as Erlang writes it, and as JSON.
DATA = [
    ("1", 1),
    ('<<"u-42">>', "u-42"),
    ("nil", None),
    ("true", True),
    ("[1, 2, 300]", [1, 2, 300]),
    ('"a list of bytes"', list(b"a list of bytes")),
    ("{user, 7}", ["user", 7]),
    ("-5000000000", -5_000_000_000),
    ("1.5", 1.5),
    ('#{<<"id">> => 7, <<"roles">> => [<<"admin">>], <<"none">> => nil}', {"id": 7, "roles": ["admin"], "none": None}),
    ('#{id => 7, name => <<"Zoë 🦊"/utf8>>}', {"id": 7, "name": "Zoë 🦊"}),
]


@pytest.mark.parametrize("term, value", DATA)
def test_tokens_of_erlang_are_read(erlang, term, value):
    tuple_ = f"{{{term}, {TIMES}}}"
    for token in [
        signed(erlang, tuple_, "user auth"),
        signed(erlang, tuple_, "user auth", "sha384"),
        signed(erlang, tuple_, "user auth", "sha512"),
        encrypted(erlang, tuple_, "user auth"),
    ]:
        assert json.loads(firecrest("verify", token, "--salt", "user auth")) == value
        assert run("verify", token, "--salt", "other").returncode == 1
        assert run("verify", token[:-2], "--salt", "user auth").returncode == 1


def test_the_times_of_erlangs_tokens_count(erlang):
    old = signed(erlang, "{1, erlang:system_time(millisecond) - 10000, 5}", "s")
    assert "too old" in run("verify", old, "--salt", "s").stderr
    assert firecrest("verify", old, "--salt", "s", "--max-age", "60") == "1"
    future = signed(erlang, "{1, erlang:system_time(millisecond) + 60000, 5}", "s")
    assert "invalid" in run("verify", future, "--salt", "s").stderr
    infinite = signed(erlang, "{1, 0, infinity}", "s")
    assert firecrest("verify", infinite, "--salt", "s") == "1"
    assert firecrest("verify", signed(erlang, "{1, erlang:system_time(millisecond)}", "s"), "--salt", "s") == "1"
    legacy = signed(erlang, "#{data => 1, signed => erlang:system_time(millisecond)}", "s")
    assert firecrest("verify", legacy, "--salt", "s") == "1"


@pytest.mark.parametrize("value", [value for _, value in DATA])
@pytest.mark.parametrize("way", ["signed", "encrypted"])
def test_tokens_of_ours_are_read_by_erlang(erlang, value, way):
    options = ["--encrypt"] if way == "encrypted" else []
    token = firecrest("sign", "--salt", "user auth", "--max-age", "60", *options, stdin=json.dumps(value))
    read = "decrypt" if way == "encrypted" else "verify"
    content = f"{read}(Input, {quoted(SECRET)}, {quoted('user auth')})"
    # Erlang says of itself what it read: the term, as our own verifier reads it once Erlang has written it again.
    again = erlang.evaluate(
        f"begin {{Data, Signed, 60}} = binary_to_term({content}), true = is_integer(Signed), "
        f"sign(term_to_binary({{Data, Signed, 60}}), {quoted(SECRET)}, {quoted('again')}, sha256) end", token.encode()
    ).decode()
    assert json.loads(firecrest("verify", again, "--salt", "again")) == value


def test_a_token_of_ours_is_erlangs_byte_for_byte(erlang):
    for term, value in [("1", 1), ('<<"u-42">>', "u-42"), ('#{<<"a">> => 1, <<"b">> => 2}', {"b": 2, "a": 1})]:
        expected = signed(erlang, f"{{{term}, 1700000000000, 86400}}", "user auth")
        assert firecrest("sign", json.dumps(value), "--salt", "user auth", "--signed-at", "1700000000") == expected


SESSION = '#{<<"_csrf_token">> => <<"AAAABBBBCCCCDDDDEEEEFFFF">>, <<"user_id">> => 7, <<"raw">> => <<255, 0>>}'
VALUES = {"_csrf_token": "AAAABBBBCCCCDDDDEEEEFFFF", "user_id": 7, "raw": [255, 0]}


def test_session_cookies_of_erlang_are_read(erlang):
    cookie = signed(erlang, SESSION, "signing")
    assert json.loads(firecrest("cookie", cookie, "--signing-salt", "signing")) == VALUES
    assert run("cookie", cookie, "--signing-salt", "other").returncode == 1
    secret = encrypted(erlang, SESSION, "encryption")
    salts = ["--signing-salt", "signing", "--encryption-salt", "encryption"]
    assert json.loads(firecrest("cookie", secret, *salts)) == VALUES
    assert run("cookie", secret, "--signing-salt", "signing").returncode == 1
    assert run("cookie", cookie, *salts).returncode == 1


def test_session_cookies_of_ours_are_read_by_erlang(erlang):
    values = json.dumps({"user_id": 7, "name": "Zoë", "list": [1, None]})
    term = '#{<<"user_id">> => 7, <<"name">> => <<"Zoë"/utf8>>, <<"list">> => [1, nil]}'
    cookie = firecrest("cookie", "--write", "--signing-salt", "signing", stdin=values)
    secret = firecrest("cookie", "--write", "--signing-salt", "x", "--encryption-salt", "encryption", stdin=values)
    for text, read, salt in [(cookie, "verify", "signing"), (secret, "decrypt", "encryption")]:
        content = f"{read}(Input, {quoted(SECRET)}, {quoted(salt)})"
        assert erlang.evaluate(f"begin true = {term} =:= binary_to_term({content}), <<\"same\">> end", text.encode()) == b"same"
