# Firecrest — what one attack needs around it: the server looked at from outside, the bystanders, and the judgement
# SPDX-License-Identifier: Apache-2.0
"""A row is a function that takes an `Attack`, does its worst, and says what came of it. The rest is the same for all rows."""

import os
import socket
import time

from . import bystanders, wire

MIB = 1 << 20
TIMED = ("ms", "times")  # units of what a busy machine makes worse


class Watch:
    """A server's process and its /metrics."""

    def __init__(self, server):
        self.server, self.port, self.pid = server, server.port, server.process.pid

    def memory(self, key="VmRSS"):
        with open(f"/proc/{self.pid}/status") as status:
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith(key + ":"))

    def forget_peak(self):
        with open(f"/proc/{self.pid}/clear_refs", "w") as file:
            file.write("5")

    def cpu(self):
        with open(f"/proc/{self.pid}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def page(self):
        """The text of /metrics."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as connection:
            connection.sendall(b"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
            return b"".join(iter(lambda: connection.recv(1 << 18), b"")).decode()

    def metrics(self):
        """Counters and gauges of the server itself, without `firecrest_` and `_total`."""
        lines = (line.split() for line in self.page().splitlines() if line.startswith("firecrest_") and "{" not in line)
        return {name.removeprefix("firecrest_").removesuffix("_total"): float(value) for name, value in lines}

    def settle(self, wanted, timeout):
        """Waits until the gauges are as `wanted` says; returns the metrics then or at the end of the time."""
        deadline = time.monotonic() + timeout
        while True:
            metrics = self.metrics()
            if all(metrics[name] == value for name, value in wanted.items()) or time.monotonic() > deadline:
                return metrics
            time.sleep(0.1)


def machine_busy():
    """CPU seconds that all processes of this machine have used, without those that other machines took."""
    with open("/proc/stat") as file:
        user, nice, system, _, _, interrupts, soft, *_ = map(int, file.readline().split()[1:])
    return (user + nice + system + interrupts + soft) / os.sysconf("SC_CLK_TCK")


def own_busy():
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


class Attack:
    """What a row gets: a crowd of its own, the server to look at, and a place for what it finds."""

    def __init__(self, watch, before, scale):
        self.watch, self.before, self.scale = watch, before, scale
        self.crowd = wire.Crowd(watch.port)
        self.sent, self.came, self.checks = {}, {}, []

    def give_way(self):
        """The bystanders, who are on the same core, go first: it is the server that is watched."""
        os.nice(10)

    def scaled(self, count, least=1):
        return max(least, int(count * self.scale))

    def wait_metric(self, name, more, timeout):
        """Goes on with the crowd until a counter is `more` above its value before the attack."""
        wanted, looked = self.before[name] + more, 0.0

        def reached():
            nonlocal looked
            if time.monotonic() - looked < 0.1:
                return False
            looked = time.monotonic()
            return self.watch.metrics()[name] >= wanted

        self.crowd.run(reached, timeout, f"{name} grows by {more}")

    def at_most(self, what, value, bound, why, unit=""):
        self.checks.append({"what": what, "value": value, "is": "<=", "bound": bound, "unit": unit, "why": why})

    def exactly(self, what, value, bound, why, unit=""):
        self.checks.append({"what": what, "value": value, "is": "==", "bound": bound, "unit": unit, "why": why})

    def at_least(self, what, value, bound, why, unit=""):
        self.checks.append({"what": what, "value": value, "is": ">=", "bound": bound, "unit": unit, "why": why})


def holds(check):
    value, bound = check["value"], check["bound"]
    return value <= bound if check["is"] == "<=" else value >= bound if check["is"] == ">=" else value == bound


def absurd(check):
    """The same with a bound that nothing keeps: what is still said to hold then was never compared."""
    bound = {"<=": -1, ">=": check["value"] + 1, "==": check["bound"] + 1}[check["is"]]
    return check | {"bound": bound}


def fight(pipe, body, watch, before, scale):
    """An attack, in a process of its own."""
    attack = Attack(watch, before, scale)
    body(attack)
    attack.crowd.close_all()
    return {"sent": attack.sent, "came": attack.came, "checks": attack.checks}


def perform(body, server, scale, plant=None):
    """Runs one attack against a server that was started for it; returns figures and checks."""
    watch = Watch(server)
    peaceful = bystanders.Background(bystanders.watch, server.port)
    peaceful.wait_ready()
    time.sleep(1)
    before, rss, cpu_before, began = watch.metrics(), watch.memory(), watch.cpu(), time.monotonic()
    busy = machine_busy() - own_busy()
    watch.forget_peak()
    fighter = bystanders.Background(fight, body, watch, before, scale)
    if plant:
        plant(server)
    try:
        figures = fighter.result(timeout=150)
    except wire.Failure:
        peaceful.end()
        server.check_alive()
        raise
    ended = time.monotonic()
    seconds, cpu = ended - began, watch.cpu() - cpu_before
    server.check_alive()
    gauges = ("websockets_open", "channels_open", "connections_open")
    after = watch.settle({name: before[name] for name in gauges}, 12)
    time.sleep(1)
    peak, rss_after = watch.memory("VmHWM"), watch.memory()
    beats = peaceful.stop((began, ended))
    peaceful.end()
    fighter.end()
    busy = machine_busy() - own_busy() - busy - (watch.cpu() - cpu_before)

    verdict = Attack(watch, before, scale)
    verdict.checks = figures["checks"]
    verdict.exactly("bystanders' heartbeats without an answer", beats["lost"], 0, "they did nothing wrong")
    verdict.at_most("bystanders' p99", beats["p99_ms"], 250, "what the list of bad inputs allows", "ms")
    for name in gauges:
        verdict.exactly(f"{name} afterwards", after[name], before[name], "nothing of an attacker is left behind")
    verdict.exactly("event loop stalls", after["loop_stalls"] - before["loop_stalls"], 0, "no client can block a loop for 0.5 s")
    verdict.exactly("channel crashes", after["channel_crashes"] - before["channel_crashes"], 0, "no handler throws here")
    log_bytes = os.fstat(server.log.fileno()).st_size
    verdict.at_most("bytes of log", log_bytes, 1_000 * (10 + seconds) * 10, "ten lines of a kind a second, on one loop")
    changed = {name: int(after[name] - before[name]) for name in sorted(after) if after[name] != before[name]}
    return figures | {
        "seconds": round(seconds, 1), "server_cpu_s": round(cpu, 2), "bystanders": beats, "metrics": changed,
        "rss_before": rss, "rss_peak": peak, "rss_after": rss_after, "log_bytes": log_bytes,
        "other_processes_cores": round(max(0.0, busy) / (time.monotonic() - began), 2),
    }
