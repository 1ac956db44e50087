# Firecrest — the bad inputs 11, 15, 18, 23, 24 and 25 of the reliability list, in the numbers that the list names
# SPDX-License-Identifier: Apache-2.0

import collections
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
