# Firecrest — clients that do nothing wrong: heartbeats from a process of their own, and how long the answers take
# SPDX-License-Identifier: Apache-2.0
"""A heartbeat's time runs from when it was due, not from when it could be sent, so that a stall hides none of them."""

import collections
import multiprocessing
import os
import time

from . import wire

COUNT = 20
INTERVAL = 0.1  # seconds between two heartbeats of one client
FORK = multiprocessing.get_context("fork")


def quantile(sorted_values, share):
    return sorted_values[min(len(sorted_values) - 1, int(len(sorted_values) * share))] if sorted_values else 0.0


def summary(seconds):
    """Milliseconds of a list of seconds."""
    values = sorted(seconds)
    figures = {"p50_ms": quantile(values, 0.5), "p99_ms": quantile(values, 0.99), "max_ms": values[-1] if values else 0.0}
    return {"count": len(values)} | {name: round(value * 1000, 3) for name, value in figures.items()}


class Background:
    """A function of ours in another process: `body(pipe, …)`; it sends something when it is ready, and a result at the end."""

    def __init__(self, body, *arguments):
        self.pipe, theirs = FORK.Pipe()
        self.process = FORK.Process(target=self.child, args=(self.pipe, body, theirs, *arguments))
        self.process.start()
        theirs.close()

    @staticmethod
    def child(others, body, pipe, *arguments):
        others.close()  # so that the end of the other process is the end of the pipe
        try:
            pipe.send(("result", body(pipe, *arguments)))
        except Exception as error:  # whatever it is, the other side must hear of it
            pipe.send(("failed", f"{type(error).__name__}: {error}"))
        pipe.close()
        os._exit(0)  # nothing that was copied from the parent is to be ended here

    def wait_ready(self, timeout=30):
        return self.receive("ready", timeout)

    def result(self, timeout=60):
        return self.receive("result", timeout)

    def receive(self, kind, timeout):
        if not self.pipe.poll(timeout):
            self.end()
            raise wire.Failure(f"a client process says nothing for {timeout} s")
        try:
            got, value = self.pipe.recv()
        except EOFError:
            raise wire.Failure("a client process is gone") from None
        if got != kind:
            self.end()
            raise wire.Failure(str(value))
        return value

    def stop(self, message, timeout=60):
        self.pipe.send(message)
        return self.result(timeout)

    def end(self):
        if self.process.is_alive():
            self.process.terminate()
        self.process.join(5)


class Heartbeats:
    """The clients and their clocks, for the process that has them."""

    def __init__(self, port, count=COUNT, network=2):
        self.crowd = wire.Crowd(port, network)
        self.due = {}
        self.times = []
        self.answered_joins = 0
        self.sent = 0
        self.data = wire.frame('[null,"h","phoenix","heartbeat",{}]')
        for peer in self.crowd.open_all(count):
            self.due[peer] = collections.deque()
            peer.on_text = self.text
            peer.send(wire.push("1", "1", f"room:bystander-{peer.number}", "phx_join"))
        self.crowd.run(lambda: self.answered_joins == count, 20, "the bystanders join")

    def text(self, peer, text):
        if b'"phoenix","phx_reply"' in text:
            due = self.due[peer].popleft()
            self.times.append((due, time.monotonic() - due))
        elif b'"status":"ok"' in text:
            self.answered_joins += 1
        else:
            raise wire.Failure(f"a bystander got {text[:200]!r}")

    def run(self, pipe):
        peers = list(self.due)
        began, number = time.monotonic(), 0
        while not pipe.poll() and self.crowd.by_descriptor:
            while (due := began + number * INTERVAL / len(peers)) <= time.monotonic():
                peer = peers[number % len(peers)]
                self.due[peer].append(due)
                peer.send(self.data)
                number += 1
            self.crowd.turn(max(0.0, min(due - time.monotonic(), 0.05)))
        self.sent = number
        first, last = pipe.recv()
        deadline = time.monotonic() + 10
        while len(self.times) < self.sent and time.monotonic() < deadline and self.crowd.by_descriptor:
            self.crowd.turn()
        # Those of the attack's time; but none may be lost at any time.
        figures = summary([time for due, time in self.times if first <= due <= last]) | {"sent": self.sent, "lost": self.sent - len(self.times)}
        self.crowd.close_all()
        return figures


def watch(pipe, port):
    heartbeats = Heartbeats(port)
    pipe.send(("ready", None))
    return heartbeats.run(pipe)
