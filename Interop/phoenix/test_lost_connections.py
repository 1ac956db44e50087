# Firecrest — the genuine phoenix.js: connections that the server closes, drops, or takes with it
# SPDX-License-Identifier: Apache-2.0

import pytest

from environments import over_both_transports

# Joins, listens, and keeps what happens for a script that comes later.
JOINED = """
  const socket = await connected()
  const channel = await joined(socket, topic)
  const codes = [], heard = []
  socket.onClose(event => codes.push(event.code))
  channel.on("shout", ({n}) => heard.push(n))
  Object.assign(keep, {socket, channel, codes, heard})
"""
# The channel is joined again, once: what it sends comes back to it a single time.
AGAIN = """
  const {socket, channel, codes, heard} = keep
  await until(() => wires.length > 1 && channel.state === "joined", 20_000)
  channel.push("shout", {n: 1})
  const pong = await outcome(channel.push("ping"))
  return {codes, heard, pong: pong.status, joins: frames.filter(frame => frame[3] === "phx_join").length}
"""


def test_server_close_is_followed_by_reconnect_and_rejoin(run):
    run(JOINED + 'channel.push("close_me", {})')
    assert run(AGAIN) == {"codes": [1001], "heard": [1], "pong": "ok", "joins": 2}


def test_dropped_tcp_is_followed_by_reconnect_and_rejoin(run):
    run(JOINED + 'channel.push("kill_me", {})')
    assert run(AGAIN) == {"codes": [1006], "heard": [1], "pong": "ok", "joins": 2}


@pytest.mark.parametrize("away_ms", [0, 600])
def test_server_killed_and_restarted(start, own_server, away_ms):
    run = start(own_server).run
    run(JOINED)
    own_server.kill()
    run(f"await until(() => !keep.socket.isConnected()); await sleep({away_ms})")
    own_server.start()
    result = run(AGAIN)
    assert result["codes"][0] == 1006
    assert [result["heard"], result["pong"], result["joins"]] == [[1], "ok", 2]


@over_both_transports
def test_pushes_of_the_time_without_a_server_arrive_after_it(start, own_server):
    run = start(own_server).run
    run(JOINED)
    own_server.kill()
    run("""
      await until(() => !keep.socket.isConnected())
      keep.order = []
      for (const n of [1, 2, 3]) keep.channel.push("echo", {n}).receive("ok", reply => keep.order.push(reply.n))
    """)
    own_server.start()
    assert run("await until(() => keep.order.length === 3, 20_000); return keep.order") == [1, 2, 3]
