// Firecrest — a question to all other nodes at once, and the answers that come in time.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestHTTP
internal import FirecrestPubSub
internal import FirecrestProtocol
package import NIOCore

/// What a node said to a question.
package struct NodeAnswer: Sendable {
    /// Its `EndpointOptions.nodeName`.
    package let node: String
    package let body: ByteBuffer
}

/// One node's questions to all others, and its answers to theirs. For figures and the like: whoever asks says how many
/// answers there are, and after a while goes on with those that came.
///
/// Isolation: belongs to its loop.
final class NodeInquiries {
    /// Questions of this node that wait for answers. One more is answered by nobody.
    static let maxOpen = 16

    private static let questions = "__questions"
    private static let event = "inquiry"

    private struct Open {
        var expected: Int
        var answers: [NodeAnswer] = []
        let promise: EventLoopPromise<[NodeAnswer]>
    }

    /// Hears one topic for us.
    private final class Ear: Subscriber {
        let id: SubscriberID
        var serializerIndex: Int? { nil }
        var place = SubscriberPlace()
        private let hear: (ByteBuffer) -> Void

        init(_ id: SubscriberID, _ hear: @escaping (ByteBuffer) -> Void) {
            self.id = id
            self.hear = hear
        }

        func receive(_ delivery: Delivery) {
            // Whatever else is broadcast to this topic is not from here.
            guard delivery.record.kind == .nodeMessage else { return }
            hear(delivery.record.payload.bytes)
        }
    }

    private let name: String
    private let own: NodeTag
    private let loop: any EventLoop
    private weak var pubSub: PubSub?
    private var open: [UInt64: Open] = [:]
    private var handlers: [String: @Sendable () async -> ByteBuffer] = [:]
    private var lastNumber = UInt64.random(in: .min ... .max)
    private var ears: [Ear] = []

    init(name: String, loop: EndpointLoop, pubSub: PubSub) {
        self.name = name
        own = NodeTag(name)
        self.loop = loop.eventLoop
        self.pubSub = pubSub
        for (topic, hear) in [
            (Self.questions, { [weak self] bytes in self?.asked(bytes) }),
            (Self.answers(to: own), { [weak self] bytes in self?.answered(bytes) }),
        ] as [(String, (ByteBuffer) -> Void)] {
            let ear = Ear(loop.topics.makeID(), hear)
            ears.append(ear)
            loop.topics.subscribe(ear, to: topic)
        }
    }

    /// The first loop speaks for the node.
    static func start(on loops: EndpointLoops, name: String, pubSub: PubSub) {
        loops.ports.first?.run { $0.inquiries = NodeInquiries(name: name, loop: $0, pubSub: pubSub) }
    }

    /// Begins with `__`, so that no client can join it.
    private static func answers(to node: NodeTag) -> String { "__answers:" + String(node.rawValue, radix: 16) }

    // MARK: asking

    func ask(_ question: String, _ expected: Int, _ timeout: Duration, _ promise: EventLoopPromise<[NodeAnswer]>) {
        guard expected > 0, open.count < Self.maxOpen else { return promise.succeed([]) }
        lastNumber &+= 1
        let number = lastNumber
        open[number] = Open(expected: expected, promise: promise)
        var message = ByteBuffer()
        message.writeMultipleIntegers(number, own.rawValue)
        message.writeString(question)
        guard send(message, to: Self.questions) else { return end(number) }
        let bound = NIOLoopBound(self, eventLoop: loop)
        loop.scheduleTask(in: TimeAmount(timeout)) { bound.value.end(number) }
    }

    private func end(_ number: UInt64) {
        guard let question = open.removeValue(forKey: number) else { return }
        question.promise.succeed(question.answers)
    }

    private func answered(_ bytes: ByteBuffer) {
        var bytes = bytes
        guard let number = bytes.readInteger(as: UInt64.self), let length = bytes.readInteger(as: UInt32.self),
            let node = bytes.readString(length: Int(length)), var question = open[number],
            !question.answers.contains(where: { $0.node == node })
        else { return }
        // A copy: the rest of what was read with it is let go.
        question.answers.append(NodeAnswer(node: node, body: ByteBuffer(bytes: bytes.readableBytesView)))
        open[number] = question
        if question.answers.count >= question.expected { end(number) }
    }

    // MARK: answering

    func answer(_ question: String, with handler: @escaping @Sendable () async -> ByteBuffer) {
        handlers[question] = handler
    }

    private func asked(_ bytes: ByteBuffer) {
        var bytes = bytes
        guard let number = bytes.readInteger(as: UInt64.self), let from = bytes.readInteger(as: UInt64.self),
            let question = bytes.readString(length: bytes.readableBytes), from != own.rawValue,
            let handler = handlers[question]
        else { return }
        let (bound, loop) = (NIOLoopBound(self, eventLoop: loop), loop)
        Task {
            let body = await handler()
            loop.execute { bound.value.reply(body, number, NodeTag(rawValue: from)) }
        }
    }

    private func reply(_ body: ByteBuffer, _ number: UInt64, _ asker: NodeTag) {
        var message = ByteBuffer()
        message.writeMultipleIntegers(number, UInt32(clamping: name.utf8.count))
        message.writeString(name)
        message.writeImmutableBuffer(body)
        send(message, to: Self.answers(to: asker))
    }

    /// - Returns: false where it could not be sent; whoever waits goes on without it.
    @discardableResult
    private func send(_ message: ByteBuffer, to topic: String) -> Bool {
        guard let pubSub else { return false }
        return (try? pubSub.sendToNodes(topic: topic, event: Self.event, payload: .binary(message))) != nil
    }
}

@available(*, unavailable)
extension NodeInquiries: Sendable {}
