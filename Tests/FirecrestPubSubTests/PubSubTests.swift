// Firecrest — broadcasts of one process: who gets them, what they cost, what happens when they cannot be sent
// SPDX-License-Identifier: Apache-2.0

import FirecrestProtocol
import FirecrestPubSub
import NIOCore
import NIOConcurrencyHelpers
import Testing

@Suite("PubSub")
struct PubSubTests {
    // MARK: rows of the conformance checklist

    @Test("a channel subscribed twice hears twice; both of its subscriptions end")
    func phx_240_subscribed_twice() throws {
        let node = FakeNode()
        let loop = node.loops[0]
        let id = loop.topics.makeID()
        let subscriptions = [Listener(id: id, serializerIndex: nil), Listener(id: id, serializerIndex: nil)]
        for subscription in subscriptions { loop.topics.subscribe(subscription, to: "news") }

        try node.pubSub.broadcast(topic: "news", event: "a", payload: .empty)
        node.run()
        #expect(subscriptions.map(\.heard) == [["a"], ["a"]])

        for subscription in subscriptions { loop.topics.unsubscribe(subscription) }
        try node.pubSub.broadcast(topic: "news", event: "b", payload: .empty)
        node.run()
        #expect(subscriptions.map(\.heard) == [["a"], ["a"]])
    }

    @Test("a broadcast to a topic whose subscriber has gone is no error and goes nowhere")
    func phx_241_subscriber_gone() throws {
        let node = FakeNode()
        let listener = node.loops[0].listen("news")
        node.loops[0].topics.unsubscribe(listener)
        try node.pubSub.broadcast(topic: "news", event: "a", payload: .empty)
        #expect(node.loops[0].port.waiting == 0)
        node.run()
        #expect(listener.heard == [])
    }

    @Test("a broadcast from a subscriber reaches the others, also those on other loops")
    func phx_242_broadcast_from() throws {
        let node = FakeNode(loops: 2)
        let (me, neighbour, stranger) = (
            node.loops[0].listen("news"), node.loops[0].listen("news"), node.loops[1].listen("news")
        )
        try node.pubSub.broadcast(topic: "news", event: "a", payload: .empty, except: me.id)
        node.run()
        #expect(me.heard == [])
        #expect(neighbour.heard == ["a"])
        #expect(stranger.heard == ["a"])
    }

    @Test("what the adapter cannot send is not delivered here either, and the broadcaster is told")
    func phx_245_adapter_error() throws {
        let node = FakeNode(loops: 2, adapter: RecordingAdapter(fails: true))
        let listeners = node.loops.map { $0.listen("news") }
        #expect(throws: RecordingAdapter.Unreachable()) {
            try node.pubSub.broadcast(topic: "news", event: "a", payload: .empty)
        }
        #expect(node.loops.allSatisfy { $0.port.waiting == 0 })
        node.run()
        #expect(listeners.allSatisfy { $0.heard == [] })
    }

    // MARK: adapters and nodes

    @Test("the adapter has the whole record before anybody here is told")
    func adapterFirst() throws {
        let told = NIOLockedValueBox<FakeLoop.Port?>(nil)
        let waitingAtPublish = NIOLockedValueBox<[Int]>([])
        let adapter = RecordingAdapter {
            let waiting = told.withLockedValue { $0?.waiting ?? -1 }
            waitingAtPublish.withLockedValue { $0.append(waiting) }
        }
        let node = FakeNode(name: "node-a", adapter: adapter)
        told.withLockedValue { $0 = node.loops[0].port }
        let listener = node.loops[0].listen("news")

        try node.pubSub.broadcast(topic: "news", event: "a", payload: try Payload(["n": 1]), except: listener.id)

        #expect(waitingAtPublish.withLockedValue { $0 } == [0])
        #expect(node.loops[0].port.waiting == 1)
        let published = try #require(adapter.published.first)
        let record = try BroadcastRecord(decoding: published.record)
        #expect(published.topic == "news")
        #expect((record.topic, record.event, record.node) == ("news", "a", "node-a"))
        #expect(record.payload.description == #"{"n":1}"#)
        #expect(record.except == listener.id)
    }

    @Test("what arrives at an adapter is delivered here, until this node has gone")
    func attached() throws {
        let (there, here) = (RecordingAdapter(), RecordingAdapter())
        try FakeNode(name: "there", adapter: there).pubSub.broadcast(topic: "news", event: "a", payload: .empty)
        let record = try #require(there.published.first).record
        do {
            let node = FakeNode(name: "here", adapter: here)
            let listener = node.loops[0].listen("news")
            try here.deliver(record)
            node.run()
            #expect(listener.heard == ["a"])
            #expect(throws: BroadcastRecordError.truncated) { try here.deliver(ByteBuffer()) }
            // Nothing goes on to further nodes.
            #expect(here.published.isEmpty)
        }
        try here.deliver(record)
    }

    @Test("a message between nodes takes the same path, and no frame is made of it")
    func nodeMessages() throws {
        let adapter = RecordingAdapter()
        let there = FakeNode(name: "there", adapter: adapter)
        let here = FakeNode(name: "here")
        let listeners = [there, here].map { $0.loops[0].listen("__ours", serializer: 1) }
        // No client could get this one.
        let payload = Payload(kind: .json, bytes: ByteBuffer(string: "[1]"))
        try there.pubSub.sendToNodes(topic: "__ours", event: "call", payload: payload)
        let record = try #require(adapter.published.first).record
        try here.pubSub.receive(record)
        for node in [there, here] { node.run() }
        #expect(listeners.map(\.heard) == [["call"], ["call"]])
        #expect(listeners.map(\.frames) == [[], []])
        #expect(there.encoded + here.encoded == [0, 0, 0, 0])
        #expect(try BroadcastRecord(decoding: record).kind == .nodeMessage)
    }

    @Test("message ids count up")
    func messageIDs() throws {
        let adapter = RecordingAdapter()
        let node = FakeNode(adapter: adapter)
        for _ in 0..<3 { try node.pubSub.broadcast(topic: "news", event: "a", payload: .empty) }
        #expect(try adapter.published.map { try BroadcastRecord(decoding: $0.record).messageID } == [1, 2, 3])
    }

    @Test("what another node sent is delivered here, to everybody: ids of subscribers mean nothing elsewhere")
    func receive() throws {
        let adapter = RecordingAdapter()
        let there = FakeNode(name: "there", adapter: adapter)
        let here = FakeNode(name: "here")
        let (first, second) = (here.loops[0].listen("news", serializer: 0), here.loops[0].listen("news", serializer: 1))
        try there.pubSub.broadcast(topic: "news", event: "a", payload: try Payload(["n": 1]), except: first.id)

        try here.pubSub.receive(try #require(adapter.published.first).record)
        here.run()
        #expect(first.frames == [#"{"topic":"news","event":"a","payload":{"n":1},"ref":null}"#])
        #expect(second.frames == [#"[null,null,"news","a",{"n":1}]"#])
        #expect(here.encoded == [1, 1])
    }

    @Test("a record that cannot be read, or whose payload cannot be sent, is an error and goes nowhere")
    func receiveRefuses() throws {
        let node = FakeNode()
        let listener = node.loops[0].listen("news", serializer: 1)
        #expect(throws: BroadcastRecordError.truncated) { try node.pubSub.receive(ByteBuffer(bytes: [1, 0])) }
        #expect(throws: BroadcastRecordError.unknownVersion(9)) { try node.pubSub.receive(ByteBuffer(bytes: [9, 0])) }
        let array = BroadcastRecord(
            topic: "news", event: "a", payload: try Payload([1]), node: "there", messageID: 1, except: nil)
        let error = #expect(throws: PayloadError.self) { try node.pubSub.receive(array.encoded()) }
        #expect(error?.code == .notAnObject)
        node.run()
        #expect(listener.heard == [])
    }

    @Test("of a record for a topic that nobody here listens to, only the topic and lengths are read")
    func receiveDiscards() throws {
        let node = FakeNode(loops: 2)
        // Its payload is no term.
        let record = BroadcastRecord(
            topic: "news/ä", event: "a", payload: Payload(kind: .term, bytes: ByteBuffer(bytes: [0xFF])), node: "there",
            messageID: 1, except: nil, slowConsumers: .dropOldest)
        let bytes = record.encoded()
        try node.pubSub.receive(bytes)
        // Also where the record is part of something larger.
        var larger = ByteBuffer(string: "frame")
        larger.writeImmutableBuffer(bytes)
        larger.moveReaderIndex(forwardBy: 5)
        try node.pubSub.receive(larger)
        #expect(node.loops.map(\.port.waiting) == [0, 0])

        let listener = node.loops[1].listen("news/ä")
        #expect(throws: PayloadError.self) { try node.pubSub.receive(larger) }
        try node.pubSub.receive(
            BroadcastRecord(
                topic: "news/ä", event: "b", payload: .empty, node: "there", messageID: 2, except: nil
            ).encoded())
        node.run()
        #expect(listener.heard == ["b"])
    }

    @Test("a record that is cut, or longer than it says, is an error also where nobody listens")
    func receiveRefusesUnwanted() throws {
        let node = FakeNode()
        for policy in [nil, .dropOldest, .latest(key: "k")] as [SlowConsumerPolicy?] {
            let record = BroadcastRecord(
                topic: "news", event: "a", payload: try Payload(["n": 1] as JSON), node: "there", messageID: 1,
                except: nil, slowConsumers: policy
            ).encoded()
            try node.pubSub.receive(record)
            for size in 0..<record.readableBytes {
                let part = ByteBuffer(bytes: record.readableBytesView.prefix(size))
                #expect(throws: BroadcastRecordError.truncated) { try node.pubSub.receive(part) }
            }
            let longer = ByteBuffer(bytes: Array(record.readableBytesView) + [0])
            #expect(throws: BroadcastRecordError.trailingBytes(1)) { try node.pubSub.receive(longer) }
            for index in [1, 2] {
                var strange = record
                strange.setInteger(UInt8(99), at: index)
                #expect(throws: BroadcastRecordError.unknownKind(99)) { try node.pubSub.receive(strange) }
            }
        }
    }

    @Test(
        "a record that ends before its topic does is refused, whoever listens", arguments: [0, 1, 19, 23, 27, 31, 34])
    func receiveRefusesWithoutTopic(size: Int) throws {
        let node = FakeNode()
        let record = BroadcastRecord(
            topic: "news", event: "a", payload: .empty, node: "there", messageID: 1, except: nil
        ).encoded()
        let part = ByteBuffer(bytes: record.readableBytesView.prefix(size))
        #expect(throws: BroadcastRecordError.truncated) { try node.pubSub.receive(part) }
    }

    // MARK: encoding

    @Test("encodes once for each serializer in use, however many listen, and for no other")
    func encodesOnce() throws {
        let node = FakeNode(loops: 3)
        let listeners = node.loops.flatMap { $0.listen("news", count: 333, serializer: 1) }
        try node.pubSub.broadcast(topic: "news", event: "a", payload: .empty)
        node.run()
        #expect(node.encoded == [0, 1])
        #expect(listeners.allSatisfy { $0.frames == [#"[null,null,"news","a",{}]"#] })
    }

    @Test("two serializers and 1,000 subscribers: two encodings")
    func encodesTwice() throws {
        let node = FakeNode(loops: 2)
        let old = node.loops.flatMap { $0.listen("news", count: 250, serializer: 0) }
        let new = node.loops.flatMap { $0.listen("news", count: 250, serializer: 1) }
        try node.pubSub.broadcast(topic: "news", event: "a", payload: .empty)
        node.run()
        #expect(node.encoded == [1, 1])
        #expect(old.allSatisfy { $0.frames == [#"{"topic":"news","event":"a","payload":{},"ref":null}"#] })
        #expect(new.allSatisfy { $0.frames == [#"[null,null,"news","a",{}]"#] })
    }

    @Test("a serializer is in use from its first subscriber to its last")
    func usage() throws {
        let node = FakeNode()
        let loop = node.loops[0]
        let old = loop.listen("news", serializer: 0)
        loop.listen("news", serializer: 1)
        loop.topics.unsubscribe(old)
        try node.pubSub.broadcast(topic: "news", event: "a", payload: .empty)
        #expect(node.encoded == [0, 1])
        loop.listen("elsewhere", serializer: 0)
        try node.pubSub.broadcast(topic: "news", event: "a", payload: .empty)
        #expect(node.encoded == [1, 2])
    }

    @Test("subscribers without a serializer get the record and cost no encoding")
    func recordOnly() throws {
        let node = FakeNode()
        let listener = node.loops[0].listen("news", serializer: nil)
        try node.pubSub.broadcast(topic: "news", event: "a", payload: .empty)
        node.run()
        #expect(listener.heard == ["a"])
        #expect(node.encoded == [0, 0])
    }

    @Test("a payload that is no JSON object is refused before anything is sent, listeners or not")
    func refusesNonObjects() throws {
        let adapter = RecordingAdapter()
        let node = FakeNode(adapter: adapter)
        for payload in [try Payload([1, 2]), try Payload("text"), try Payload(JSON.null)] {
            let error = #expect(throws: PayloadError.self) {
                try node.pubSub.broadcast(topic: "news", event: "a", payload: payload)
            }
            #expect(error?.code == .notAnObject)
        }
        #expect(adapter.published.isEmpty)
    }

    @Test("bytes reach those whose serializer carries them, whoever else listens")
    func bytes() throws {
        let node = FakeNode()
        let listeners = (0...1).map { node.loops[0].listen("news", serializer: $0) }
        try node.pubSub.broadcast(topic: "news", event: "a", payload: .binary(ByteBuffer(bytes: [1])))
        node.run()
        #expect(listeners.map(\.frames.count) == [0, 1])
    }

    @Test("a name too long for a binary frame is refused as a whole")
    func refusesWhatCannotBeEncoded() throws {
        let adapter = RecordingAdapter()
        let node = FakeNode(adapter: adapter)
        let topic = String(repeating: "t", count: 256)
        let listener = node.loops[0].listen(topic, serializer: 1)
        let error = #expect(throws: PayloadError.self) {
            try node.pubSub.broadcast(topic: topic, event: "a", payload: .binary(ByteBuffer(bytes: [1])))
        }
        #expect(error?.code == .fieldTooLong)
        #expect(adapter.published.isEmpty)
        node.run()
        #expect(listener.heard == [])
    }

    // MARK: loops

    @Test("a loop where nobody listens is not visited")
    func interest() throws {
        let node = FakeNode(loops: 4)
        let listener = node.loops[2].listen("news")
        try node.pubSub.broadcast(topic: "news", event: "a", payload: .empty)
        #expect(node.loops.map(\.port.waiting) == [0, 0, 1, 0])
        node.run()
        #expect(listener.heard == ["a"])

        node.loops[2].topics.unsubscribe(listener)
        try node.pubSub.broadcast(topic: "news", event: "b", payload: .empty)
        #expect(node.loops.map(\.port.waiting) == [0, 0, 0, 0])
    }

    @Test("a thousand broadcasts of one sender arrive in order, whatever the slices")
    func phx_246_one_sender_in_order() throws {
        let node = FakeNode(loops: 2)
        let listeners = node.loops.flatMap { $0.listen("news", count: 30) }
        let events = (0..<1_000).map { "\($0)" }
        for event in events { try node.pubSub.broadcast(topic: "news", event: event, payload: .empty) }
        node.run()
        #expect(listeners.allSatisfy { $0.heard == events })
    }
}
