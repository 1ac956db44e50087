// Firecrest — one loop of a node without an event loop: what it publishes waits until the test lets it arrive.
// SPDX-License-Identifier: Apache-2.0

import FirecrestHTTP
import FirecrestProtocol
import FirecrestPubSub
import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOEmbedded
import Testing

@testable import Firecrest
@testable import FirecrestTesting

/// A node of one loop with a clock that the test moves.
final class TestNode {
    /// Records between nodes, and what stands in their way.
    final class Network: Sendable {
        struct Unreachable: Error {}

        private let state = NIOLockedValueBox<(receivers: [Receiver], records: [Record], isDown: Bool)>(([], [], false))

        private struct Receiver: Sendable {
            let name: String
            let receive: @Sendable (ByteBuffer) throws -> Void
        }

        private struct Record: Sendable {
            let from: String
            let bytes: ByteBuffer
        }

        /// Whether publishing fails.
        var isDown: Bool {
            get { state.withLockedValue { $0.isDown } }
            set { state.withLockedValue { $0.isDown = newValue } }
        }

        func add(_ name: String, _ receive: @escaping @Sendable (ByteBuffer) throws -> Void) {
            state.withLockedValue { $0.receivers.append(Receiver(name: name, receive: receive)) }
        }

        func publish(_ record: ByteBuffer, from name: String) throws {
            try state.withLockedValue { state in
                if state.isDown { throw Unreachable() }
                state.records.append(Record(from: name, bytes: record))
            }
        }

        /// Takes what is on its way off the wire.
        @discardableResult
        func loseAll() -> Int {
            state.withLockedValue { state in
                defer { state.records = [] }
                return state.records.count
            }
        }

        /// Everything on its way arrives. Returns false when there was nothing.
        func deliver() throws -> Bool {
            let (records, receivers) = state.withLockedValue { state in
                defer { state.records = [] }
                return (state.records, state.receivers)
            }
            for record in records {
                for receiver in receivers where receiver.name != record.from { try receiver.receive(record.bytes) }
            }
            return !records.isEmpty
        }
    }

    private struct Adapter: PubSubAdapter {
        let name: String
        let network: Network

        func publish(_ record: ByteBuffer, topic: String) throws { try network.publish(record, from: name) }

        func attach(_ receive: @escaping @Sendable (ByteBuffer) throws -> Void) { network.add(name, receive) }
    }

    /// What other threads hand to the loop.
    private final class Port: LoopPort {
        private let inbox = NIOLockedValueBox<[Broadcast]>([])

        func submit(_ broadcast: Broadcast) { inbox.withLockedValue { $0.append(broadcast) } }

        func submitGap() {}

        func takeAll() -> [Broadcast] {
            inbox.withLockedValue { inbox in
                defer { inbox = [] }
                return inbox
            }
        }
    }

    let pubSub: PubSub
    let loop: EndpointLoop
    let calls: NodeCalls
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    var topics: LoopTopics { loop.topics }
    var context: LoopContext { loop.context }
    private let port = Port()
    private let clock = VirtualTimerDriver()
    private let network: Network

    init(_ name: String, on network: Network, maxOpenCalls: Int = NodeCalls.maxOpenCalls) {
        self.network = network
        let usage = SerializerUsage(serializers: 0)
        let interest = InterestFilter()
        loop = EndpointLoop(
            index: 0, eventLoop: EmbeddedEventLoop(), interest: interest, usage: usage, driver: clock)
        pubSub = PubSub(
            node: name, serializers: [], usage: usage, adapter: Adapter(name: name, network: network),
            loops: [(port, interest)])
        calls = NodeCalls(
            home: LoopPlace(node: NodeTag(name), loop: 0), context: loop.context, topics: loop.topics, pubSub: pubSub,
            logger: logger, maxOpen: maxOpenCalls)
        loop.topics.subscribe(calls, to: calls.home.topic)
    }

    /// Moves the time on.
    func advance(_ time: TimeAmount) {
        clock.advance(by: time, context.timers)
    }

    /// Takes in what has arrived.
    func run() {
        for broadcast in port.takeAll() { topics.accept(broadcast) }
    }

    /// Lets everything arrive, and what is said to it, until all are silent.
    static func settle(_ nodes: TestNode...) throws {
        guard let network = nodes.first?.network else { return }
        while try network.deliver() {
            for node in nodes { node.run() }
        }
    }
}
