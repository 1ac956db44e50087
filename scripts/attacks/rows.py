# Firecrest — the bad inputs 11, 15, 18, 23, 24, 25, 26 and 42 of the reliability list, in the numbers that the list names
# SPDX-License-Identifier: Apache-2.0

import collections
import os
import resource
import time

from . import wire
from .stage import MIB

# What a connection may hold that does not read: WebSocketOptions.maxOutboundBytes, and the 64 KiB of its channel.
OUTBOUND = MIB + 65_536
SLACK = 1.25  # what is shared out by an allocator is not packed without gaps
SLOW = "1013 slow consumer: more than 1048576 bytes waited to be read; reconnect"


def row_11(attack):
    """Frames of 60 KiB are announced, one byte of each comes, then nothing."""
    attack.give_way()
    count = attack.scaled(10_000)
    peers = attack.crowd.open_all(count)
    attack.crowd.run_for(1)
    data = wire.head(wire.TEXT, 60 << 10) + wire.masked(b"[")
    idle = attack.watch.memory()
    for peer in peers:
        peer.send(data)
    attack.wait_metric("websocket_received_bytes", count * len(data), 20)
    attack.crowd.run_for(1)
    held = attack.watch.memory() - idle
    began = time.monotonic()
    attack.crowd.run(lambda: not attack.crowd.by_descriptor, 90, "silence ends the connections")
    attack.sent = {"connections": count, "bytes of each": len(data), "bytes announced by each": 60 << 10}
    attack.came = {"ends": attack.crowd.ends(peers), "seconds of silence until the last was gone": round(time.monotonic() - began, 1)}
    each = 256 + len(data)
    attack.at_most(
        "memory that the announced frames hold", held, int(count * each * SLACK) + MIB,
        f"{len(data)} bytes received and 256 of bookkeeping for each, + 25 %, + 1 MiB; announced were {count * 60 // 1024} MiB", "bytes",
    )
    timeouts = {"1001 no pong", "1001 idle"}
    in_time = sum(number for end, number in attack.came["ends"].items() if any(end.startswith(start) for start in timeouts))
    attack.exactly("connections ended by 1001", in_time, count, "silence: no pong within 20 s of the ping after 25 s, or 60 s idle")


def crumbs(attack, content, fragments, connections, path, limit):
    """One message in endless fragments on each connection, to a mount that allows `limit` of them."""
    before = attack.watch.memory()
    peers = attack.crowd.open_all(connections, path)
    data = wire.frame("[", fin=False) + wire.frame(content, wire.CONTINUATION, fin=False) * (fragments // connections)
    for peer in peers:
        peer.send(data)
    attack.crowd.run(lambda: all(peer.ended for peer in peers), 30, "endless messages are refused")
    name = f"{len(content)} B fragments to {path.split('?')[0]}"
    attack.sent[name] = f"{fragments // connections * connections} on {connections} connections"
    attack.came[name] = ends = attack.crowd.ends(peers)
    expected = f"1009 A message comes in more than {limit} frames."
    attack.exactly(f"{name}: closed by the item cap", ends.get(expected, 0), connections, f"each with `{expected}`")
    return before


def whole(attack, fragments, total):
    """Messages of `fragments` one-byte fragments, `total` fragments in all, each echoed; server CPU seconds per million."""
    message = wire.frame("x", fin=False) + wire.frame("x", wire.CONTINUATION, fin=False) * (fragments - 2) + wire.frame("x", wire.CONTINUATION)
    peer, = attack.crowd.open_all(1, "/echo")
    answers = []
    peer.on_text = lambda _, text: answers.append(len(text))
    cpu, count = attack.watch.cpu(), max(1, total // fragments)
    for _ in range(count):
        peer.send(message)
    attack.crowd.run(lambda: len(answers) == count or peer.ended, 60, "messages in fragments are echoed")
    if answers != [fragments] * count:
        raise wire.Failure(f"{count} messages of {fragments} bytes were echoed as {answers[:5]}…; {peer.close}")
    peer.end("closed by us")
    return (attack.watch.cpu() - cpu) * 1e6 / (count * fragments)


def row_15(attack):
    """Fragments of one byte and of none, by the million."""
    attack.give_way()
    million = attack.scaled(1_000_000, 200_000)
    memory = attack.watch.memory()
    for content in ("x", ""):
        crumbs(attack, content, million, 10, wire.PHOENIX, 1_024)
        crumbs(attack, content, million, 2, "/echo", 65_537)
    few, many = whole(attack, 4_000, 2 * million), whole(attack, 60_000, 2 * million)
    attack.came["server CPU s per million fragments, in messages of 4,000 and of 60,000"] = [round(few, 3), round(many, 3)]
    attack.at_most("CPU of a fragment in a long message ÷ in a short one", round(many / max(few, 0.01), 2), 2, "the work is linear: fifteen times the length, the same for each", "times")
    attack.at_most("memory", attack.watch.memory("VmHWM") - memory, 16 * MIB, "1,024 fragments of a byte are a kilobyte; 65,537 on two connections and their echoes are under 1 MiB; reads are 64 KiB", "bytes")


def row_18(attack):
    """Floods of pings and of pongs, and pings of clients that never read."""
    attack.give_way()
    crowd, blocks = attack.crowd, attack.scaled(250, 10)
    texts = [f"{number:04} {'p' * 27}".encode() for number in range(1_000)]
    pings = b"".join(wire.frame(text, wire.PING) for text in texts)
    expected = b"".join(bytes([0x8A, len(text)]) + text for text in texts)
    total, received, wrong = blocks * len(expected), collections.Counter(), collections.Counter()
    readers = crowd.open_all(4)
    cpu = attack.watch.cpu()
    for peer in readers:
        def raw(data, peer=peer):
            at = received[peer] % len(expected)
            if (expected * (2 + len(data) // len(expected)))[at:at + len(data)] != data:
                wrong[peer] += 1
            received[peer] += len(data)

        peer.on_raw = raw
        for _ in range(blocks):
            peer.send(pings)
    crowd.run(lambda: all(received[peer] >= total or peer.ended for peer in readers), 60, "pings are answered")
    count = 4 * blocks * 1_000
    attack.sent["pings of 4 clients that read"] = count
    attack.came["pongs"] = sum(received.values()) // (len(expected) // 1_000)
    attack.came["server CPU s per million pings"] = round((attack.watch.cpu() - cpu) * 1e6 / count, 2)
    attack.exactly("pongs in order", attack.came["pongs"] if not wrong else -1, count, "RFC 6455 §5.5.3: each ping of a client that reads is answered, here in order")

    pongs, answers = wire.frame("unasked", wire.PONG) * 1_000, []
    cpu = attack.watch.cpu()
    pongers = crowd.open_all(4)
    for peer in pongers:
        peer.on_text = lambda _, text: answers.append(text)
        for _ in range(blocks):
            peer.send(pongs)
        peer.send(wire.frame('[null,"h","phoenix","heartbeat",{}]'))
    crowd.run(lambda: len(answers) == 4 or any(peer.ended for peer in pongers), 60, "pongs are ignored")
    attack.sent["unasked pongs, then a heartbeat"] = count
    attack.came["server CPU s per million pongs"] = round((attack.watch.cpu() - cpu) * 1e6 / count, 2)
    attack.exactly("heartbeats answered behind the pongs", len(answers), 4, "an unasked pong means nothing (RFC 6455 §5.5.3)")

    # 125 bytes fill the cap in bytes, none at all fill it in items.
    for size, number, each in ((125, attack.scaled(20, 2), 64_000), (0, attack.scaled(5, 1), 4_000_000)):
        memory = attack.watch.memory()
        attack.watch.forget_peak()
        data = wire.frame(b"p" * size, wire.PING) * 1_000
        before = attack.watch.metrics()["slow_consumers"] - attack.before["slow_consumers"]
        peers = [crowd.open(receive_buffer=4_096, reads=False) for _ in range(number)]
        for peer in peers:
            for _ in range(each // 1_000):
                peer.send(data)
        attack.wait_metric("slow_consumers", before + number, 40)
        growth = attack.watch.memory("VmHWM") - memory
        for peer in peers:
            peer.read_on()
        crowd.run(lambda: all(peer.ended for peer in peers), 20, "those that did not read are let go")
        name = f"pings of {size} B, never reading"
        attack.sent[name] = f"up to {number * each} on {number} connections"
        attack.came[name] = ends = crowd.ends(peers)
        attack.exactly(f"{name}: closed by 1013", sum(count for end, count in ends.items() if end.startswith("1013 slow consumer")), number, "the outbound cap")
        attack.at_most(f"{name}: memory", growth, int(number * OUTBOUND * SLACK) + 8 * MIB, f"maxOutboundBytes and 64 KiB of each of {number}, + 25 %, + 8 MiB of reads and close", "bytes")


def row_23(attack):
    """A hundred thousand topics on one socket."""
    attack.give_way()
    count = attack.scaled(100_000, 1_000)
    joins = b"".join(wire.push(number, number, f"room:flood-{number}", "phx_join") for number in range(count))
    kinds = collections.Counter()

    def text(_, message):
        kinds["ok" if b'"status":"ok"' in message else "too many channels joined" if b'"reason":"too many channels joined"' in message else str(message[:200])] += 1

    peer, = attack.crowd.open_all(1)
    peer.on_text = text
    cpu, memory = attack.watch.cpu(), attack.watch.memory()
    peer.send(joins)
    attack.crowd.run(lambda: sum(kinds.values()) >= count or peer.ended, 60, "each join is answered")
    metrics = attack.watch.metrics()
    attack.sent["joins, each of another topic"] = count
    attack.came["replies"] = dict(kinds)
    attack.came["server CPU s per million joins"] = round((attack.watch.cpu() - cpu) * 1e6 / count, 1)
    attack.exactly("joins accepted", kinds["ok"], 100, "SocketOptions.maxChannels")
    attack.exactly("joins refused", kinds["too many channels joined"], count - 100, "all others, each with its reply")
    attack.exactly("channels open meanwhile", metrics["channels_open"] - attack.before["channels_open"], 100, "a refused join leaves none")
    attack.at_most("memory", attack.watch.memory("VmHWM") - memory, 4 * MIB, "100 channels of some kilobytes, and one read of 64 KiB with its replies", "bytes")


def churn(attack, connections, seconds, rate=50_000):
    """Joins and leaves of one topic, `rate` frames a second in all, on a clock; returns what came of them by kind."""
    kinds = collections.Counter()

    def text(_, message):
        if b'"phx_close"' in message:
            kinds["phx_close"] += 1
        elif b'"status":"ok"' in message:
            kinds["leave" if b'"response":{}' in message else "join"] += 1
        else:
            kinds["rate limited" if b'"reason":"rate limited"' in message else str(message[:200])] += 1

    peers = attack.crowd.open_all(connections)
    block = b"".join(wire.push(n, "j", "room:churn", "phx_join") + wire.push(n, "l", "room:churn", "phx_leave") for n in range(25))
    for peer in peers:
        peer.on_text = text
    began, blocks, most = time.monotonic(), 0, int(seconds * rate / 50)
    while blocks < most:
        due = min(most, int((time.monotonic() - began) * rate / 50))
        while blocks < due:
            # A client that is behind keeps what it has to send, as TCP makes it wait.
            peers[blocks % connections].send(block)
            blocks += 1
        attack.crowd.turn(0.002)
    sent_in = time.monotonic() - began

    def is_answered():
        answered = kinds["join"] + kinds["leave"] + kinds["rate limited"]
        return answered >= blocks * 50 and kinds["phx_close"] >= kinds["join"] or any(peer.ended for peer in peers)

    attack.crowd.run(is_answered, 60, "each join and leave is answered")
    return kinds, blocks * 25, sent_in, time.monotonic() - began


def row_24(attack):
    """Join and leave of one topic, fifty thousand a second."""
    attack.give_way()
    watch, memory = attack.watch, attack.watch.memory()
    cpu = watch.cpu()
    kinds, pairs, sent_in, took = churn(attack, 8, attack.scaled(10, 1))
    metrics = watch.metrics()
    attack.sent["joins and leaves of one topic, on 8 connections"] = f"{2 * pairs} in {sent_in:.1f} s"
    attack.came["replies"] = dict(kinds)
    attack.came["answered a second"] = round(2 * pairs / took)
    attack.came["server CPU s per million joins and leaves"] = round((watch.cpu() - cpu) * 1e6 / (2 * pairs), 1)
    attack.exactly("joins accepted", kinds["join"], pairs, "no rate is set: each is handled, in order")
    attack.exactly("leaves answered, phx_close of each", (kinds["leave"] + kinds["phx_close"]) / 2, pairs, "as Phoenix")
    attack.exactly("channels open, the connections still there", metrics["channels_open"] - attack.before["channels_open"], 0, "nothing leaks")
    attack.at_most("memory", watch.memory() - memory, 16 * MIB, "eight connections with nothing joined; their buffers under way, with what malloc keeps", "bytes")


def row_24_limited(attack):
    """The same where a mount sets joinRate to 100 a second."""
    attack.give_way()
    watch, connections, memory = attack.watch, 8, attack.watch.memory()
    cpu = watch.cpu()
    kinds, pairs, sent_in, took = churn(attack, connections, attack.scaled(5, 1))
    attack.sent["joins and leaves of one topic, on 8 connections"] = f"{2 * pairs} in {sent_in:.1f} s"
    attack.came["replies"] = dict(kinds)
    attack.came["server CPU s per million joins and leaves"] = round((watch.cpu() - cpu) * 1e6 / (2 * pairs), 1)
    attack.at_most("joins accepted", kinds["join"], connections * (100 + 100 * took) * 1.01, "a burst of 100 and 100 a second, for each connection")
    attack.at_least("joins accepted", kinds["join"], connections * 100, "the bursts")
    attack.exactly("joins refused", kinds["rate limited"], pairs - kinds["join"], "all others, each with a reply")
    attack.exactly("metric messages_rate_limited", watch.metrics()["messages_rate_limited"], kinds["rate limited"], "each refusal is counted")
    attack.at_most("memory", watch.memory() - memory, 16 * MIB, "as without a rate", "bytes")


def row_25(attack):
    """A million pushes of clients that read no reply."""
    attack.give_way()
    number, count = 10, attack.scaled(1_000_000, 100_000)
    filler = "x" * 64
    data = wire.push("1", "1", "room:refs", "phx_join") + b"".join(
        wire.push("1", ref, "room:refs", "echo", f'{{"d":"{filler}"}}') for ref in range(2, count + 2))
    memory = attack.watch.memory()
    attack.watch.forget_peak()
    peers = [attack.crowd.open(receive_buffer=4_096, reads=False) for _ in range(number)]
    for peer in peers:
        peer.send(data)
    attack.wait_metric("slow_consumers", number, 60)
    growth = attack.watch.memory("VmHWM") - memory
    replies = collections.Counter()
    for peer in peers:
        peer.on_text = lambda peer, _: replies.update([peer.number])
        peer.read_on()
    attack.crowd.run(lambda: all(peer.ended for peer in peers), 20, "those that did not read are let go")
    attack.sent["pushes, each with a ref of its own"] = f"{count} on each of {number} connections, {attack.crowd.bytes_sent / 1e6:.0f} MB taken"
    attack.came["ends"] = ends = attack.crowd.ends(peers)
    attack.came["replies that had left"] = sum(replies.values())
    attack.exactly("closed as slow consumers", ends.get(SLOW, 0), number, f"each with `{SLOW}`")
    attack.at_most("memory", growth, int(number * OUTBOUND * SLACK) + 8 * MIB, f"maxOutboundBytes and 64 KiB of each of {number}, + 25 %, + 8 MiB of reads and close", "bytes")


def row_26(attack):
    """Topics and events with names of the clients' own, by the hundred thousand, in log and metrics."""
    attack.give_way()
    count = attack.scaled(200_000, 2_000)
    page = attack.watch.page()
    kinds = collections.Counter()
    # In pieces, each when the one before is answered: a client that does not read would be let go.
    piece = min(count, 1_000)
    joins = [b"".join(wire.push(number, number, f"flood-topic-{number}", "phx_join") for number in range(start, start + piece)) for start in range(0, count, piece)]
    events = [b"".join(wire.push("1", number, "flood-topic", f"flood_event_{number}") for number in range(start, start + piece)) for start in range(0, count, piece)]
    answered = collections.Counter()

    def text(peer, message):
        kinds["unmatched topic" if b'"reason":"unmatched topic"' in message else str(message[:200])] += 1
        answered[peer] += 1
        if answered[peer] % piece == 0 and pieces[peer]:
            peer.send(pieces[peer].pop())

    peers = attack.crowd.open_all(2)
    pieces = dict(zip(peers, (joins, events)))
    count = len(joins) * piece
    memory, cpu = attack.watch.memory(), attack.watch.cpu()
    for peer in peers:
        peer.on_text = text
        peer.send(pieces[peer].pop())
    attack.crowd.run(lambda: sum(kinds.values()) >= 2 * count or any(peer.ended for peer in peers), 60, "each is answered")
    after = attack.watch.page()
    attack.sent["joins of topics, and pushes of events, that there are none of"] = 2 * count
    attack.came["replies"] = dict(kinds)
    attack.came["server CPU s per million"] = round((attack.watch.cpu() - cpu) * 1e6 / (2 * count), 1)
    attack.exactly("answered as unmatched", kinds["unmatched topic"], 2 * count, "each has its reply")
    attack.exactly("names of theirs on /metrics", after.count("flood"), 0, "no client's name is ever a label")
    attack.at_most("lines that /metrics grew by", len(after.splitlines()) - len(page.splitlines()), 40, "kinds of routes that this run asks for the first time, and none for each name")
    attack.at_most("memory", attack.watch.memory("VmHWM") - memory, 8 * MIB, "reads and replies under way; no name is kept", "bytes")


def row_42(attack):
    """No descriptor is left: new clients by the thousand, while those that are there go on."""
    attack.give_way()
    count, spare = attack.scaled(2_000, 60), attack.scaled(500, 20)
    pid = attack.watch.pid
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    taken = len(os.listdir(f"/proc/{pid}/fd"))
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (taken + spare, before[1]))
    memory, cpu, began = attack.watch.memory(), attack.watch.cpu(), time.monotonic()
    answers = collections.Counter()
    peers = []
    for _ in range(count):
        peer = attack.crowd.open()

        def raw(data, peer=peer):
            line = data.split(b"\r\n")[0].decode(errors="replace")
            answers["out_of_descriptors" if b"out_of_descriptors" in data else line] += 1
            if not line.startswith("HTTP/1.1 101"):
                peer.end("refused")

        peer.on_raw = raw
        peers.append(peer)
        if len(peers) % 64 == 0:
            attack.crowd.turn(0.001)
    attack.crowd.run(lambda: answers["out_of_descriptors"] >= 3, 30, "some are told that there is no descriptor")
    attack.crowd.run_for(max(2.0, 5 * attack.scale))
    seconds = time.monotonic() - began
    busy = (attack.watch.cpu() - cpu) / seconds
    attack.sent["connections"] = f"{count}, where there are descriptors for {spare}"
    attack.came["answers"] = dict(answers)
    attack.at_least("let in", answers["HTTP/1.1 101 Switching Protocols"], spare - 40, "all descriptors but the reserve and what the process needs itself")
    attack.at_least("told to come back", answers["out_of_descriptors"], 3, "503, by the descriptor that is kept in reserve")
    attack.at_most("cores used meanwhile", round(busy, 2), 0.6, "a failing accept is not tried for ever", "times")
    attack.at_most("memory", attack.watch.memory("VmHWM") - memory, spare * 16_384 + 4 * MIB, "16 KiB for each that was let in, + 4 MiB", "bytes")
    for peer in peers:
        peer.end("closed by us")
    seconds = time.monotonic() - began
    resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
    failures = attack.watch.metrics()["accept_failures"] - attack.before["accept_failures"]
    attack.at_most("accepts that failed", failures, 15 * answers["out_of_descriptors"] + 20 * seconds + 20, "some for each client that is told, and ten a second: none is tried for ever")
    began = time.monotonic()
    fresh, = attack.crowd.open_all(1)
    joined = []
    fresh.on_text = lambda _, text: joined.append(text)
    fresh.send(wire.push("1", "1", "room:after", "phx_join"))
    attack.crowd.run(lambda: joined, 20, "a new client joins afterwards")
    attack.at_most("seconds until a new client has joined", round(time.monotonic() - began, 2), 10, "behind those of the backlog that have gone already", "ms")
