# Firecrest — the genuine phoenix.js: ArrayBuffers as payloads, in all four directions
# SPDX-License-Identifier: Apache-2.0

import pytest

# `bytes` makes them, of every byte value and then some; `same` compares.
BYTES = """
  const bytes = size => Uint8Array.from({length: size}, (_, n) => (n * 7 + (n >> 8)) & 255).buffer
  const same = (one, other) => one instanceof ArrayBuffer && other instanceof ArrayBuffer && one.byteLength === other.byteLength
    && new Uint8Array(one).every((byte, place) => byte === new Uint8Array(other)[place])
  const sizes = [0, 1, 1000, 300 * 1024]
"""


def test_binary_push(run):
    """Answered in JSON: the frame's kind follows the payload of each message alone."""
    assert run(f"""{BYTES}
      const channel = await joined(await connected(), topic)
      return await Promise.all(sizes.map(size => outcome(channel.push("binary_len", bytes(size)))))
    """) == [{"status": "ok", "response": {"size": size}} for size in (0, 1, 1000, 300 * 1024)]


@pytest.mark.parametrize("transport", ["longpoll"])
def test_binary_push_over_long_poll(run):
    """There is a way up for bytes, base64 on a line, and none down: a reply in bytes becomes an error."""
    assert run(f"""{BYTES}
      const channel = await joined(await connected(), topic)
      const sent = await Promise.all(sizes.map(size => outcome(channel.push("binary_len", bytes(size)))))
      return [sent.map(({{response}}) => response.size), await outcome(channel.push("binary_echo", bytes(9))), channel.state]
    """) == [
        [0, 1, 1000, 300 * 1024],
        {"status": "error", "response": {"reason": "binary unsupported on longpoll"}}, "joined",
    ]


def test_binary_reply(run):
    assert run(f"""{BYTES}
      const channel = await joined(await connected(), topic)
      const replies = await Promise.all(sizes.map(size => outcome(channel.push("binary_echo", bytes(size)))))
      return replies.map(({{status, response}}, place) => [status, same(response, bytes(sizes[place]))])
    """) == [["ok", True]] * 4


def test_binary_server_push(run):
    assert run(f"""{BYTES}
      const channel = await joined(await connected(), topic)
      const heard = []
      channel.on("binary_pushed", (payload, ref, joinRef) => heard.push([payload, ref, joinRef === channel.joinRef()]))
      sizes.forEach(size => channel.push("binary_push", bytes(size)))
      await until(() => heard.length === 4)
      return heard.map(([payload, ...rest], place) => [same(payload, bytes(sizes[place])), ...rest])
    """) == [[True, None, True]] * 4


def test_binary_broadcast(run):
    assert run(f"""{BYTES}
      const channels = [await joined(await connected(), topic), await joined(await connected(), topic)]
      const heard = channels.map(() => [])
      channels.forEach((channel, place) => channel.on("binary_shout", payload => heard[place].push(payload)))
      sizes.forEach(size => channels[0].push("binary_shout", bytes(size)))
      await until(() => heard.every(list => list.length === 4))
      return heard.map(list => list.map((payload, place) => same(payload, bytes(sizes[place]))))
    """) == [[True] * 4] * 2


def test_binary_and_json_in_turn_keep_their_order(run):
    assert run(f"""{BYTES}
      const channel = await joined(await connected(), topic)
      const order = []
      for (let n = 0; n < 50; n++) {{
        channel.push("binary_echo", bytes(n)).receive("ok", reply => order.push(same(reply, bytes(n)) && n))
        channel.push("echo", {{n}}).receive("ok", reply => order.push(reply.n))
      }}
      await until(() => order.length === 100)
      return order.every((n, place) => n === place >> 1)
    """) is True
