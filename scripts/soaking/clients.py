# Firecrest — clients that live through a soak: heartbeats, a numbered broadcast, and coming back after a cut
# SPDX-License-Identifier: Apache-2.0
"""A heartbeat's time runs from when it was due. What happens while a window is open (a worker is killed or replaced) is
counted apart: cuts and gaps are allowed there, and nowhere else; wrong order and wrong answers are allowed nowhere."""

import collections
import json
import random
import time

from attacks import bystanders, wire

TOPIC = "room:soak"
HEARTBEAT = 1.0  # seconds between two heartbeats of one client
PUBLISHED = 20  # numbered messages a second
STEPS = (0.5, 1, 2, 5, 10)  # seconds that firecrest.js waits at most before each attempt; a random part of them


class Member:
    """One client and what it has seen."""

    def __init__(self):
        self.peer = None
        self.due = collections.deque()
        self.last = None  # the number of the newest message
        self.is_joined = False
        self.cut_at = None
        self.attempts = 0
        self.again_at = 0.0


class Soakers:
    def __init__(self, port, count=100, network=3):
        self.crowd = wire.Crowd(port, network)
        self.crowd.on_end = self.ended
        self.members = [Member() for _ in range(count + 1)]  # the first one publishes
        self.of = {}
        self.window = False
        self.number = 0
        self.beats = {False: [], True: []}  # by whether they were due in a window
        self.counts = collections.Counter()
        self.downtimes, self.earlier = [], []
        self.examples = []
        for member in self.members:
            self.connect(member)
        self.crowd.run(lambda: all(member.is_joined for member in self.members), 30, "the bystanders join")

    # What a client does.

    def connect(self, member):
        peer = self.crowd.open()
        member.peer, self.of[peer] = peer, member
        member.due.clear()
        member.last, member.is_joined = None, False
        peer.on_text = self.text
        peer.send(wire.push("1", "1", TOPIC, "phx_join"))

    def text(self, peer, text):
        member = self.of[peer]
        _, ref, topic, event, payload = json.loads(text)
        if topic == "phoenix" and event == "phx_reply" and member.due:
            due, in_window = member.due.popleft()
            self.beats[in_window].append(time.monotonic() - due)
        elif topic == TOPIC and event == "new_msg":
            self.take(member, payload["n"])
        elif topic == TOPIC and event == "phx_reply" and ref == "1" and payload["status"] == "ok":
            member.is_joined, member.attempts = True, 0
            if member.cut_at is not None:
                self.downtimes.append(time.monotonic() - member.cut_at)
                member.cut_at = None
        else:
            self.wrong("wrong", f"got {text[:200]!r}")

    def take(self, member, number):
        """A numbered message: each exactly once and in order."""
        if member.last is not None and number <= member.last:
            self.wrong("disordered", f"{number} after {member.last}")
        elif member.last is not None and number > member.last + 1:
            missing = number - member.last - 1
            self.counts["missed in windows" if self.window else "missed"] += missing
        self.counts["received"] += 1
        member.last = max(number, member.last or 0)

    def wrong(self, what, example):
        self.counts[what] += 1
        if len(self.examples) < 5:
            self.examples.append(f"{what}: {example}")

    def ended(self, peer):
        member = self.of.pop(peer, None)
        if member is None or member.peer is not peer:
            return
        now = time.monotonic()
        if member.cut_at is None:
            self.counts["cut in windows" if self.window else "cut"] += 1
            if not self.window:
                self.wrong("cuts", f"{peer.close or peer.ended}")
            member.cut_at = now
        else:
            self.counts["attempts that failed"] += 1
        member.is_joined, member.peer = False, None
        member.attempts += 1
        member.again_at = now + random.uniform(0, STEPS[min(member.attempts, len(STEPS)) - 1])

    # The process.

    def run(self, pipe):
        began, beat, published = time.monotonic(), 0, 0
        while True:
            now = time.monotonic()
            for member in self.members:
                if member.peer is None:
                    if member.again_at <= now:
                        self.connect(member)
                elif member.peer.close:
                    member.peer.end("closed by the server")
            while began + beat * HEARTBEAT / len(self.members) <= now:
                member = self.members[beat % len(self.members)]
                if member.is_joined:
                    member.due.append((began + beat * HEARTBEAT / len(self.members), self.window))
                    member.peer.send(wire.frame('[null,"h","phoenix","heartbeat",{}]'))
                    self.counts["heartbeats"] += 1
                beat += 1
            while began + published / PUBLISHED <= now:
                published += 1
                if self.members[0].is_joined:
                    self.number += 1
                    self.members[0].peer.send(wire.push("1", "p", TOPIC, "new_msg", f'{{"n":{self.number}}}'))
            self.crowd.turn(0.004)
            while pipe.poll():
                order, value = pipe.recv()
                if order == "window":
                    self.window = value
                elif order == "forget":
                    self.earlier += self.downtimes
                    self.downtimes = []
                elif order == "state":
                    pipe.send(("state", sum(member.is_joined for member in self.members) == len(self.members)))
                elif order == "report":
                    pipe.send(("report", self.report()))
                elif order == "stop":
                    self.settle()
                    return self.report()

    def settle(self):
        """Gives what is outstanding its time."""
        deadline = time.monotonic() + 5
        while any(member.due for member in self.members if member.is_joined) and time.monotonic() < deadline:
            self.crowd.turn()

    def report(self):
        outstanding = [due for member in self.members if member.is_joined for due, _ in member.due]
        late = sum(time.monotonic() - due > 5 for due in outstanding)
        return dict(self.counts) | {
            "beats": bystanders.summary(self.beats[False]), "beats in windows": bystanders.summary(self.beats[True]),
            "published": self.number, "unanswered": late, "examples": self.examples,
            "downtime of late": max(self.downtimes, default=0.0), "longest downtime": max(self.earlier + self.downtimes, default=0.0),
            "downtimes": len(self.earlier) + len(self.downtimes),
            "away": sum(not member.is_joined for member in self.members),
        }


def live(pipe, port, count):
    soakers = Soakers(port, count)
    pipe.send(("ready", None))
    return soakers.run(pipe)


class Bystanders(bystanders.Background):
    """The soakers in a process of their own, and words with them."""

    def __init__(self, port, count=100):
        super().__init__(live, port, count)
        self.wait_ready(60)

    def ask(self, what):
        self.pipe.send((what, None))
        return self.receive(what, 30)

    def forget_downtimes(self):
        """What is asked for as of late begins here."""
        self.pipe.send(("forget", None))

    def window(self, is_open):
        self.pipe.send(("window", is_open))

    def wait_all_joined(self, seconds):
        """Whether all were back within that time."""
        deadline = time.monotonic() + seconds
        while not self.ask("state"):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        return True
