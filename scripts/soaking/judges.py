# Firecrest — what a soak has to hold to
# SPDX-License-Identifier: Apache-2.0
"""A judge is a name, a function of the figures that gives its value, a comparison, a bound, and why."""

import operator

MIB = 1 << 20
SHORT = 600  # seconds below which memory is still warming up

IS = {"≤": operator.le, "=": operator.eq, "≥": operator.ge}


def judges(figures):
    """(what, value, is, bound, why) of all that can be judged in these figures."""
    clients, memory = figures["clients"], figures["memory"]
    growth = 1.02 if figures["seconds"] >= SHORT else 1.25
    yield ("RSS at the end, of that at a third", round(memory["end"] / memory["third"], 3), "≤", growth,
           "nothing is kept of who is gone" if growth < 1.1 else "under ten minutes memory is still warming up")
    yield "descriptors at the end beyond the start's", figures["descriptors"]["end"] - figures["descriptors"]["start"], "≤", 0, "each is closed"
    yield "lost or wrong in load outside of kills", figures["load"]["errors"], "=", 0, "every reply and broadcast is checked"
    yield "messages of load outside of kills", figures["load"]["messages"], "≥", 1_000, "or nothing was tried"
    yield "numbered broadcasts out of order or twice", clients.get("disordered", 0), "=", 0, "at any time"
    yield "numbered broadcasts missed outside of kills", clients.get("missed", 0), "=", 0, ""
    yield "bystanders cut outside of kills", clients.get("cut", 0), "=", 0, ""
    yield "wrong answers to bystanders", clients.get("wrong", 0), "=", 0, ""
    yield "heartbeats without an answer", clients["unanswered"], "=", 0, ""
    yield "bystanders' p99 outside of kills, ms", clients["beats"]["p99_ms"], "≤", 50, "100 clients, a heartbeat a second each"
    yield "bystanders away at the end", clients["away"], "=", 0, ""
    for what, value, bound, why in figures["events"]:
        yield what, value, "≤" if isinstance(bound, float) else "=", bound, why


def show(figures):
    """Prints the table; whether all hold."""
    good = True
    rows = list(judges(figures))
    width = max(len(row[0]) for row in rows)
    for what, value, comparison, bound, why in rows:
        held = IS[comparison](value, bound)
        good = good and held
        print(f"  {'pass  ' if held else 'FAILED'} {what:{width}} {value!s:>10} {comparison} {bound}" + (f"   ({why})" if why else ""))
    return good


def failed(figures):
    return [what for what, value, comparison, bound, _ in judges(figures) if not IS[comparison](value, bound)]


def self_test():
    """Whether each judge fails by what it is there for, and by nothing else."""
    def good():
        return {
            "seconds": 1_800, "memory": {"third": 100 * MIB, "end": 101 * MIB}, "descriptors": {"start": 150, "end": 150},
            "load": {"errors": 0, "messages": 10_000},
            "clients": {"beats": {"p99_ms": 10.0}, "unanswered": 0, "away": 0},
            "events": [("row 44: the clients of a killed worker are back, seconds", 0.5, 2.0, ""), ("row 42: survives", True, True, "")],
        }
    def plant(*path_and_value):
        figures = good()
        *path, last, value = path_and_value
        place = figures
        for name in path:
            place = place[name]
        place[last] = value
        return figures
    cases = [
        ([], good()),
        (["RSS at the end, of that at a third"], plant("memory", "end", 103 * MIB)),
        (["descriptors at the end beyond the start's"], plant("descriptors", "end", 151)),
        (["lost or wrong in load outside of kills"], plant("load", "errors", 1)),
        (["messages of load outside of kills"], plant("load", "messages", 0)),
        (["numbered broadcasts out of order or twice"], plant("clients", "disordered", 1)),
        (["numbered broadcasts missed outside of kills"], plant("clients", "missed", 1)),
        (["bystanders cut outside of kills"], plant("clients", "cut", 1)),
        (["wrong answers to bystanders"], plant("clients", "wrong", 1)),
        (["heartbeats without an answer"], plant("clients", "unanswered", 1)),
        (["bystanders' p99 outside of kills, ms"], plant("clients", "beats", {"p99_ms": 51.0})),
        (["bystanders away at the end"], plant("clients", "away", 1)),
        (["row 44: back"], plant("events", [("row 44: back", 2.5, 2.0, "")])),
        (["row 42: survives"], plant("events", [("row 42: survives", False, True, "")])),
    ]
    covered = {what for expected, _ in cases for what in expected}
    findings = [f"{expected or ['nothing']} was planted, {failed(figures)} failed" for expected, figures in cases if failed(figures) != expected]
    findings += [f"no case for {what}" for what, *_ in judges(good()) if what not in covered and not what.startswith("row ")]
    return findings
