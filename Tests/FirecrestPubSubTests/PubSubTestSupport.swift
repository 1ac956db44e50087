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

        func submitGap() {}

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
    private let work = Work()

    /// Time stands still between a test's steps.
    private final class Work: TopicScheduler {
        var now = NIODeadline.uptimeNanoseconds(1)
        var atEnd: [() -> Void] = []
        var ticks: [() -> Void] = []
        var timers: [(due: NIODeadline, work: () -> Void)] = []
        var flushes = 0

        func atEndOfTick(_ work: @escaping () -> Void) { atEnd.append(work) }
        func nextTick(_ work: @escaping () -> Void) { ticks.append(work) }
        func after(_ delay: TimeAmount, _ work: @escaping () -> Void) { timers.append((now + delay, work)) }
        func flush() { flushes += 1 }
    }

    init(
        index: Int = 1, usage: SerializerUsage = SerializerUsage(serializers: 2), hotTopicDelay: TimeAmount? = nil
    ) {
        topics = LoopTopics(
            loopIndex: index, interest: interest, usage: usage, scheduler: work, hotTopicDelay: hotTopicDelay)
    }

    /// How many pieces of work wait for the next tick.
    var scheduledTicks: Int { work.ticks.count }
    var scheduledTimers: Int { work.timers.count }
    var flushes: Int { work.flushes }

    /// The sockets have brought all that they bring in this tick.
    func endTick() {
        while !work.atEnd.isEmpty {
            let due = work.atEnd
            work.atEnd = []
            for work in due { work() }
        }
    }

    func tick() {
        endTick()
        let due = work.ticks
        work.ticks = []
        for work in due { work() }
        endTick()
    }

    func advance(by time: TimeAmount) {
        work.now = work.now + time
        let due = work.timers.filter { $0.due <= work.now }
        work.timers.removeAll { $0.due <= work.now }
        for timer in due { timer.work() }
        tick()
    }

    /// Takes in what was submitted and turns until nothing is left.
    func run() {
        for broadcast in port.takeAll() { topics.accept(broadcast) }
        endTick()
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

    /// A broadcast that reaches this loop now, and is all that this tick brings unless there is more to come.
    func accept(_ topic: String, _ event: String, except: Listener? = nil, moreToCome: Bool = false) {
        topics.accept(broadcast(topic, event, except: except?.id))
        if !moreToCome { endTick() }
    }
}

func broadcast(
    _ topic: String, _ event: String, _ payload: Payload = .empty, except: SubscriberID? = nil
) -> Broadcast {
    Broadcast(
        record: BroadcastRecord(
            topic: topic, event: event, payload: payload, node: "test", messageID: 1, except: except),
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
    /// How many broadcasts came together, for each time that some did; nil for a listener that takes them singly.
    var batches: [Int]?
    var isBehind = false

    init(id: SubscriberID, serializerIndex: Int?) {
        self.id = id
        self.serializerIndex = serializerIndex
    }

    func receive(_ delivery: Delivery) {
        heard.append(delivery.record.event)
        if let serializerIndex, let frame = delivery.frame(serializerIndex) {
            frames.append(String(buffer: frame.content))
        }
        place.tell(isBehind: isBehind)
        onReceive?(delivery.record.event)
    }

    func receive(_ batch: Batch) -> Bool {
        guard batches != nil else { return false }
        batches?.append(batch.deliveries.count)
        heard += batch.deliveries.map(\.record.event)
        return true
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
