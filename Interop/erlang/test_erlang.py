# Firecrest — whether the Erlang that all else here relies on answers
# SPDX-License-Identifier: Apache-2.0

import hmac

import pytest

from conftest import ErlangError, framed


def test_evaluates(erlang):
    assert erlang.evaluate("term_to_binary({1, <<\"a\">>})") == bytes.fromhex("83680261016d0000000161")
    assert erlang.evaluate("[Input, <<0>>]", b"\xff") == b"\xff\0"
    assert erlang.framed("framed(lists:reverse(unframed(Input)))", framed([b"", b"ab", b"c"])) == [b"c", b"ab", b""]


def test_has_crypto(erlang):
    expected = hmac.digest(b"k", b"data", "sha256")
    assert erlang.evaluate('crypto:mac(hmac, sha256, <<"k">>, Input)', b"data") == expected


def test_says_what_is_wrong(erlang):
    with pytest.raises(ErlangError, match="badarg"):
        erlang.evaluate("binary_to_term(Input)", b"no term")
    assert erlang.evaluate("<<1>>") == b"\1"
