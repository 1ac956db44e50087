# Firecrest — an Erlang that stays, and evaluates what the tests ask it
# SPDX-License-Identifier: Apache-2.0

import os
import pathlib
import shutil
import struct
import subprocess

import pytest

SCRIPT = pathlib.Path(__file__).with_name("erlang.escript")


class ErlangError(Exception):
    """What Erlang said was wrong."""


class Erlang:
    """One `escript` for the whole run, asked over its standard input."""

    def __init__(self):
        self.process = subprocess.Popen(
            ["escript", str(SCRIPT)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, "LC_ALL": "C.UTF-8"})

    def evaluate(self, expression, data=b""):
        """The value of an Erlang expression, which must be a binary or an iolist, as bytes.

        `data` is the binary `Input` in it. Every module of OTP is there, `crypto` too, and the functions that
        erlang.escript names. Raises ErlangError with Erlang's own words.
        """
        text = expression.encode()
        request = struct.pack(">I", len(text)) + text + data
        self.process.stdin.write(struct.pack(">I", len(request)) + request)
        self.process.stdin.flush()
        (size,) = struct.unpack(">I", self._read(4))
        answer = self._read(size)
        if answer[0]:
            raise ErlangError(answer[1:].decode(errors="replace"))
        return answer[1:]

    def framed(self, expression, data=b""):
        """The same of an expression whose value is `framed` binaries, as a list."""
        return unframed(self.evaluate(expression, data))

    def _read(self, count):
        data = self.process.stdout.read(count)
        if len(data) < count:
            raise ErlangError(f"Erlang is gone, with {self.process.wait()}")
        return data

    def stop(self):
        self.process.stdin.close()
        try:
            return self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()


def framed(pieces):
    """Pieces of bytes side by side, each behind 4 bytes of its length: what `unframed` of erlang.escript reads."""
    return b"".join(struct.pack(">I", len(piece)) + piece for piece in pieces)


def unframed(data):
    pieces, at = [], 0
    while at < len(data):
        (size,) = struct.unpack_from(">I", data, at)
        pieces.append(data[at + 4 : at + 4 + size])
        at += 4 + size
    return pieces


@pytest.fixture(scope="session")
def erlang():
    if shutil.which("escript") is None:
        if os.environ.get("CI"):
            pytest.fail("there is no escript: run `scripts/setup test`")
        pytest.skip("there is no escript: run `scripts/setup test`")
    running = Erlang()
    yield running
    assert running.stop() == 0
