// Firecrest — pubsub without an event loop: a loop that the test turns by hand, listeners, serializers that count
// SPDX-License-Identifier: Apache-2.0

import FirecrestProtocol
import FirecrestPubSub
import NIOCore
import NIOConcurrencyHelpers
import Synchronization
import Testing

/// One loop of the process under test. Nothing happens on it until the test says so.
final class FakeLoop {
    /// What other threads hand over. It waits here until `run`, as it would in an event loop's queue.
    final class Port: LoopPort {
        private let inbox = NIOLockedValueBox<[Broadcast]>([])

        func submit(_ broadcast: Broadcast) {
            inbox.withLockedValue { $0.append(broadcast) }
        }

        func takeAll() -> [Broadcast] {
            inbox.withLockedValue { inbox in
                defer { inbox = [] }
                return inbox
            }
        }

        var waiting: Int { inbox.withLockedValue { $0.count } }
    }

    let port = Port()
    let interest = InterestFilter()
    let topics: LoopTopics
    private let ticks: Ticks

    private final class Ticks {
        var waiting: [() -> Void] = []
    }

    init(index: Int = 1, usage: SerializerUsage = SerializerUsage(serializers: 2)) {
        let ticks = Ticks()
        self.ticks = ticks
        topics = LoopTopics(
            loopIndex: index, interest: interest, usage: usage, nextTick: { ticks.waiting.append($0) })
    }

    /// How many pieces of work wait for the next tick.
    var scheduledTicks: Int { ticks.waiting.count }

    func tick() {
        let due = ticks.waiting
        ticks.waiting = []
        for work in due { work() }
    }

    /// Takes in what was submitted and turns until nothing is left.
    func run() {
        for broadcast in port.takeAll() { topics.accept(broadcast) }
        while scheduledTicks > 0 { tick() }
    }

    /// Subscribes a new listener.
    @discardableResult
    func listen(_ topic: String, serializer: Int? = 0) -> Listener {
        let listener = Listener(id: topics.makeID(), serializerIndex: serializer)
        topics.subscribe(listener, to: topic)
        return listener
    }

    func listen(_ topic: String, count: Int, serializer: Int? = 0) -> [Listener] {
        (0..<count).map { _ in listen(topic, serializer: serializer) }
    }

    /// A broadcast that reaches this loop now.
    func accept(_ topic: String, _ event: String, except: Listener? = nil) {
        topics.accept(broadcast(topic, event, except: except?.id))
    }
}

func broadcast(_ topic: String, _ event: String, except: SubscriberID? = nil) -> Broadcast {
    Broadcast(
        record: BroadcastRecord(
            topic: topic, event: event, payload: .empty, node: "test", messageID: 1, except: except),
        frames: [], epoch: 1)
}

/// A subscriber that remembers what it heard.
final class Listener: Subscriber {
    let id: SubscriberID
    let serializerIndex: Int?
    var place = SubscriberPlace()
    private(set) var heard: [String] = []
    /// The frames it would have sent to its client.
    private(set) var frames: [String] = []
    var onReceive: ((String) -> Void)?

    init(id: SubscriberID, serializerIndex: Int?) {
        self.id = id
        self.serializerIndex = serializerIndex
    }

    func receive(_ delivery: Delivery) {
        heard.append(delivery.record.event)
        if let serializerIndex, let frame = delivery.frame(serializerIndex) {
            frames.append(String(buffer: frame.content))
        }
        onReceive?(delivery.record.event)
    }
}

/// A serializer that counts how often it is asked to encode.
final class CountingSerializer: Serializer {
    private let base: any Serializer
    private let count = Atomic(0)

    init(_ base: any Serializer) {
        self.base = base
    }

    var encoded: Int { count.load(ordering: .acquiring) }
    var name: String { base.name }

    func decode(_ frame: ByteBuffer, kind: FrameKind) throws(ProtocolError) -> Message {
        try base.decode(frame, kind: kind)
    }

    func encode(_ message: OutboundMessage, into buffer: inout ByteBuffer) throws(PayloadError) -> FrameKind {
        count.wrappingAdd(1, ordering: .acquiringAndReleasing)
        return try base.encode(message, into: &buffer)
    }

    func sizeHint(_ message: OutboundMessage) -> Int { base.sizeHint(message) }
}

/// An adapter that keeps what it is given, or refuses it.
final class RecordingAdapter: PubSubAdapter {
    struct Unreachable: Error, Equatable {}

    private let state = NIOLockedValueBox<(published: [(record: ByteBuffer, topic: String)], fails: Bool)>(([], false))
    /// Called with each record before it is kept.
    private let onPublish: @Sendable () -> Void
    private let receiver = NIOLockedValueBox<(@Sendable (ByteBuffer) throws -> Void)?>(nil)

    init(fails: Bool = false, onPublish: @escaping @Sendable () -> Void = {}) {
        self.onPublish = onPublish
        state.withLockedValue { $0.fails = fails }
    }

    var published: [(record: ByteBuffer, topic: String)] { state.withLockedValue { $0.published } }

    func publish(_ record: ByteBuffer, topic: String) throws {
        onPublish()
        try state.withLockedValue { state in
            if state.fails { throw Unreachable() }
            state.published.append((record, topic))
        }
    }

    func attach(_ receive: @escaping @Sendable (ByteBuffer) throws -> Void) {
        receiver.withLockedValue { $0 = receive }
    }

    /// A record arrives from another node.
    func deliver(_ record: ByteBuffer) throws {
        try receiver.withLockedValue { $0 }?(record)
    }
}

/// A process of several loops, with V1 and V2 as its serializers 0 and 1.
struct FakeNode {
    let serializers = [CountingSerializer(V1JSONSerializer()), CountingSerializer(V2JSONSerializer())]
    let loops: [FakeLoop]
    let pubSub: PubSub

    init(loops count: Int = 1, name: String = "here", adapter: any PubSubAdapter = LocalAdapter()) {
        let usage = SerializerUsage(serializers: serializers.count)
        let loops = (1...count).map { FakeLoop(index: $0, usage: usage) }
        self.loops = loops
        pubSub = PubSub(
            node: name, serializers: serializers, usage: usage, adapter: adapter,
            loops: loops.map { (port: $0.port, interest: $0.interest) })
    }

    var encoded: [Int] { serializers.map(\.encoded) }

    func run() {
        for loop in loops { loop.run() }
    }
}
