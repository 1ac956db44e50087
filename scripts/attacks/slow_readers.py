# Firecrest — bad input 27: a thousand readers of one byte a second on a hot topic, and what the other readers notice
# SPDX-License-Identifier: Apache-2.0
"""The hot topic has a publisher on a clock and an audience that reads; the slow readers are a process of their own.

A delivery's time runs from when its message was due. The run is taken with and without the slow readers, in turn.
"""

import os
import statistics
import time

from . import bystanders, wire
from .stage import MIB

SLOW, AUDIENCE, SECONDS = 1_000, 50, 13
# 100 messages of 1 KB a second fill what the kernel takes and 1 MiB of queue towards the end of a run, so that the slow
# ones are there for nearly all of it, and being let go of is in it too.
RATE, SIZE = 100, 1_000
WARMUP = 1.5  # seconds at first that count for themselves: the kernel still takes what the slow readers do not read
PATIENCE = 15  # seconds that the audience waits for what is late
TOPIC = "room:hot"
FIGURES = ("p50_ms", "p99_ms", "max_ms", "first_p99_ms", "memory", "cpu_s")


def join(crowd, peers):
    joined = set()
    for peer in peers:
        peer.on_text = lambda peer, text: joined.add(peer) if b'"status":"ok"' in text else None
        peer.send(wire.push("1", "1", TOPIC, "phx_join"))
    crowd.run(lambda: len(joined) == len(peers), 20, "all join the hot topic")


def audience(pipe, port, rate, size, seconds):
    """Publishes on a clock and reads on every connection; the times of all deliveries, and what is missing."""
    crowd, times, early = wire.Crowd(port, 3), [], []
    peers = crowd.open_all(AUDIENCE)
    join(crowd, peers)
    seen = dict.fromkeys(peers, 0)

    def text(peer, message):
        at = message.find(b'"n":')
        if at < 0:
            return
        number = int(message[at + 4:message.index(b",", at)])
        if number != seen[peer]:
            raise wire.Failure(f"a reader got message {number}, not {seen[peer]}")
        seen[peer] = number + 1
        due = number / rate
        (times if due > WARMUP else early).append(time.monotonic() - began - due)

    for peer in peers:
        peer.on_text = text
    total, filler = int(rate * seconds), "x" * size
    messages = [wire.push("1", "2", TOPIC, "new_msg", f'{{"n":{number},"d":"{filler}"}}') for number in range(total)]
    pipe.send(("ready", None))
    pipe.recv()
    began, number = time.monotonic(), 0
    while len(times) + len(early) < total * AUDIENCE and not any(peer.ended for peer in peers):
        now = time.monotonic() - began
        if now > seconds + PATIENCE:
            break
        while number < total and number / rate <= now:
            peers[0].send(messages[number])
            number += 1
        crowd.turn(max(0.0, number / rate - now) if number < total else 0.05)
    ends, lost = crowd.ends(peers), total * AUDIENCE - len(times) - len(early)
    crowd.close_all()
    return bystanders.summary(times) | {"lost": lost, "ends": ends, "first_p99_ms": bystanders.summary(early)["p99_ms"]}


def slow(pipe, port, count):
    """Reads a byte a second of each connection until told to stop; then all that is left, to see how they ended."""
    os.nice(10)
    crowd = wire.Crowd(port)
    peers = crowd.open_all(count, receive_buffer=2_048)
    join(crowd, peers)
    for peer in peers:
        peer.reads = False
        crowd.look(peer)
    pipe.send(("ready", None))
    began, turn = time.monotonic(), 0
    while not pipe.poll():
        while turn < (time.monotonic() - began) * count:
            peer = peers[turn % count]
            turn += 1
            if peer.ended is None:
                try:
                    peer.readable(1)
                except OSError as error:
                    peer.end(error.strerror)
        crowd.turn(0.02)
    for peer in peers:
        if peer.ended is None:
            peer.read_on()
    crowd.run_for(1)
    ends = crowd.ends(peers)
    crowd.close_all()
    return {"slow_ends": ends, "bytes_read": turn}


def hot(attack, count, rate=RATE, size=SIZE, seconds=SECONDS):
    """One run with `count` slow readers; what the audience saw, and the memory that it took."""
    watch, figures = attack.watch, {}
    readers = bystanders.Background(slow, watch.port, count) if count else None
    if readers:
        readers.wait_ready()
    listeners = bystanders.Background(audience, watch.port, rate, size, seconds)
    listeners.wait_ready()
    before, memory, cpu = watch.metrics(), watch.memory(), watch.cpu()
    watch.forget_peak()
    listeners.pipe.send("go")
    figures |= listeners.result(seconds + 2 * PATIENCE)
    figures |= {
        "memory": watch.memory("VmHWM") - memory, "cpu_s": round(watch.cpu() - cpu, 2),
        "slow_consumers": int(watch.metrics()["slow_consumers"] - before["slow_consumers"]),
    }
    if readers:
        figures |= readers.stop("stop")
        readers.end()
    listeners.end()
    watch.settle({"websockets_open": attack.before["websockets_open"]}, 10)
    return figures


def row_27(attack):
    """A thousand readers of a byte a second on a hot topic, three times with and three without, in turn."""
    count, runs = attack.scaled(SLOW, 20), 3 if attack.scale == 1 else 1
    without, beside = [], []
    for _ in range(runs):
        without.append(hot(attack, 0))
        beside.append(hot(attack, count))
    many = hot(attack, count, rate=500, size=64, seconds=12)
    medians = [{name: statistics.median(run[name] for run in taken) for name in FIGURES} for taken in (without, beside)]
    attack.sent = {
        "slow readers, 1 byte/s": count,
        "messages a second": f"{RATE} of {SIZE} B for {SECONDS} s, {runs} runs with and {runs} without",
        "and": "500 of 64 B for 12 s, once with",
    }
    attack.came = {
        "audience without, medians": medians[0], "with slow readers": medians[1], "500 of 64 B": many,
        "runs without": without, "runs with": beside,
    }
    attack.exactly("deliveries that the audience missed", sum(run["lost"] for run in beside + without), 0, "whoever reads gets everything, once and in order")
    ratio = medians[1]["p99_ms"] / max(medians[0]["p99_ms"], 0.001)
    attack.at_most("audience's p99 with ÷ without slow readers", round(ratio, 2), 1.5, "others hardly notice", "times")
    attack.exactly("slow readers let go of", min(run["slow_consumers"] for run in beside), count, "maxOutboundBytes is full before the end: 1013")
    # Frames are shared: a megabyte in all, and in each queue an entry a frame.
    attack.at_most("memory", medians[1]["memory"], int(count * 65_536 * 1.25) + 8 * MIB, "64 KiB for the entries of 1,000 frames in each queue, + 25 %; the frames themselves are shared", "bytes")
    attack.at_most("memory, small messages", many["memory"], int(count * (MIB + 65_536)), "as configured: maxOutboundBytes and 64 KiB of each", "bytes")
