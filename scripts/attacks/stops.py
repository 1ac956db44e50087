# Firecrest — bad inputs 28 and 44: a server that is told to stop while clients do not read, or storm it
# SPDX-License-Identifier: Apache-2.0
"""The server ends in these rows, so that they have a stage of their own: bystanders are watched up to the signal."""

import collections
import os
import signal
import time

from . import bystanders, wire
from .stage import MIB, Attack, Watch

BATCH, INTERVAL = 500, 0.5  # of the drain
ARGUMENTS = ["--drain-batch", str(BATCH), "--drain-interval", str(INTERVAL), "--drain-limit", "20"]
SHUTDOWN = 10  # EndpointOptions.shutdownTimeout
JOIN = wire.push("1", "1", "room:stop", "phx_join")


def join(attack, peers, topic="room:stop"):
    joined = set()
    data = wire.push("1", "1", topic, "phx_join")
    for peer in peers:
        peer.on_text = lambda peer, text: joined.add(peer) if b'"status":"ok"' in text else None
        peer.send(data)
    attack.crowd.run(lambda: len(joined) == len(peers), 30, "all join")


def row_28(attack, stop):
    """A drain with clients whose windows are closed: they read nothing, not even that they are to go."""
    deaf, prompt = attack.scaled(200, 5), attack.scaled(1_000, 20)
    flood = wire.push("1", "2", "room:deaf", "new_msg", '{"d":"' + "x" * 60_000 + '"}')
    readers = attack.crowd.open_all(prompt)
    join(attack, readers)
    speaker, = attack.crowd.open_all(1)
    join(attack, [speaker], "room:deaf")
    memory = attack.watch.memory()
    attack.watch.forget_peak()
    silent = [attack.crowd.open(receive_buffer=4_096, reads=False) for _ in range(deaf)]
    for peer in silent:
        peer.send(wire.push("1", "1", "room:deaf", "phx_join"))
    attack.wait_metric("channels_open", prompt + 1 + deaf, 30)
    for _ in range(10):
        speaker.send(flood)
    attack.crowd.run_for(1)
    attack.sent = {"clients that read": prompt + 1, "clients that do not": deaf, "bytes broadcast to those": 10 * len(flood)}
    stop()
    took = attack.wait_for_end(readers + [speaker])
    due = (deaf + prompt + 1 + bystanders.COUNT) / BATCH * INTERVAL
    attack.at_most("time until the process has ended", round(took, 2), due + SHUTDOWN + 3, f"a drain of {due:.1f} s, shutdownTimeout, and 3 s", "ms")
    attack.at_most(
        "memory", attack.watch_peak - memory, int(deaf * (10 * 60_100 + 65_536) * 1.25) + 8 * MIB,
        "what was broadcast waits for each that does not read, + 25 %, + 8 MiB", "bytes")


def row_44(attack, stop):
    """SIGTERM while clients come and join as fast as they can."""
    count = attack.scaled(2_000, 30)
    stay = attack.crowd.open_all(count)
    join(attack, stay)
    told = collections.Counter()

    def storm():
        peer = attack.crowd.open()

        def raw(data):
            if data.startswith(b"HTTP/1.1 101 "):
                peer.send(JOIN)
            elif data.startswith(b"HTTP/1.1 503 "):
                told["refused with 503"] += 1
                peer.end("refused")
            elif b'"status":"ok"' in data:
                told["joined"] += 1
                peer.end("closed by us")
            elif data.startswith(b"\x88"):
                peer.end("told to go")

        peer.on_raw = raw

    def gone(peer):
        if peer.on_raw is not None and not attack.stopped:
            storm()

    attack.crowd.on_end = gone
    for _ in range(32):
        storm()
    attack.crowd.run_for(max(1.0, 3 * attack.scale))
    stop()
    took = attack.wait_for_end(stay)
    due = (count + bystanders.COUNT + 32) / BATCH * INTERVAL
    attack.sent = {"clients that stay": count, "clients that came, joined and went": told["joined"], "SIGTERM": 1}
    attack.came["of the storm"] = dict(told)
    attack.at_least("joins of the storm before the signal", told["joined"], 10, "a storm is one")
    attack.at_most("time until the process has ended", round(took, 2), due + 5, f"a drain of {due:.1f} s; everybody answers", "ms")


class StopAttack(Attack):
    stopped = False
    watch_peak = 0

    def wait_for_end(self, peers):
        """Goes on with the crowd until the process has ended; everybody who was told to go answers. Judges that `peers` were."""
        began, deadline = time.monotonic(), time.monotonic() + 60
        closes, ended = [], None
        waiting = set(peers)
        while ended is None or waiting:
            self.crowd.turn(0.02)
            for peer in [peer for peer in waiting if peer.close or peer.ended]:
                waiting.discard(peer)
                closes.append(time.monotonic() - began)
                if peer.ended is None:
                    peer.send(wire.frame(peer.close[0].to_bytes(2, "big"), wire.CLOSE))
            if ended is None and self.watch.server.process.poll() is not None:
                ended = time.monotonic() - began
            try:
                self.watch_peak = self.watch.memory("VmHWM")
            except (OSError, StopIteration):
                pass
            if time.monotonic() > deadline:
                raise wire.Failure(f"not within 60 s: the end; {len(waiting)} clients wait, the process has {'ended' if ended else 'not ended'}")
            if ended is not None and time.monotonic() - began > ended + 2:
                break
        self.came["ends"] = ends = self.crowd.ends(peers)
        told = sum(count for end, count in ends.items() if end.startswith("1012 "))
        self.exactly("clients told to come back (1012)", told, len(peers), "all that read")
        self.exactly("exit code", self.watch.server.process.returncode, 0, "an ordinary end")
        if len(closes) > 1:
            self.at_least("seconds from the first close to the last", round(max(closes) - min(closes), 2), round(0.6 * (len(peers) - 1) / BATCH * INTERVAL, 2), "they are spread")
        return ended


def perform(body, server, scale):
    """As `stage.perform`, of a row in which the server ends."""
    watch = Watch(server)
    peaceful = bystanders.Background(bystanders.watch, server.port)
    peaceful.wait_ready()
    time.sleep(1)
    attack = StopAttack(watch, watch.metrics(), scale)
    rss, cpu, began, figures = watch.memory(), watch.cpu(), time.monotonic(), {}

    def stop():
        # Their replies up to here count; they go before the others are sent away.
        beats = peaceful.stop((began, time.monotonic()))
        peaceful.end()
        figures.update(bystanders=beats, server_cpu_s=round(watch.cpu() - cpu, 2))
        attack.stopped = True
        os.kill(watch.pid, signal.SIGTERM)

    try:
        body(attack, stop)
    finally:
        attack.crowd.on_end = None
        attack.crowd.close_all()
        peaceful.end()
    beats = figures["bystanders"]
    attack.exactly("bystanders' heartbeats without an answer", beats["lost"], 0, "they did nothing wrong")
    attack.at_most("bystanders' p99", beats["p99_ms"], 50, "what users do not notice", "ms")
    log_bytes = os.fstat(server.log.fileno()).st_size
    attack.at_most("bytes of log", log_bytes, 100_000, "a drain has some lines")
    return figures | {
        "sent": attack.sent, "came": attack.came, "checks": attack.checks, "metrics": {}, "seconds": round(time.monotonic() - began, 1),
        "rss_before": rss, "rss_peak": attack.watch_peak, "rss_after": 0, "log_bytes": log_bytes, "other_processes_cores": 0.0,
    }
