// Firecrest — questions from one node to another and their answers, over pubsub.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestHTTP
internal import FirecrestPubSub
internal import FirecrestProtocol
internal import Logging
internal import NIOCore

/// How a call to another node ended.
enum NodeCallEnd {
    case answer(ByteBuffer)
    /// Nothing showed in time that anybody has the call. Or there were too many calls already.
    case nobody
    /// Somebody had it, and did not answer in time.
    case lost
}

/// A call of another node that is being answered here.
///
/// Isolation: belongs to its loop.
final class ServedNodeCall {
    let from: LoopPlace
    fileprivate let number: UInt64
    fileprivate weak var calls: NodeCalls?
    fileprivate(set) var isOpen = true
    /// Called when the caller no longer wants the answer.
    var onCancelled: (() -> Void)?

    fileprivate init(_ message: NodeMessage, _ calls: NodeCalls) {
        from = message.from
        number = message.number
        self.calls = calls
    }

    /// Once; a second answer is ignored, and so is one that nobody waits for any more.
    func answer(_ body: ByteBuffer) {
        guard isOpen else { return }
        isOpen = false
        onCancelled = nil
        calls?.answered(self, body)
    }
}

/// One loop's calls to loops of other nodes, and theirs to it. What is asked is `SessionRelay`'s business.
///
/// Pubsub promises nothing, so every call has a time limit: a short one for any sign that it has arrived, a longer one
/// for the answer itself. What cannot be read is dropped, counted and, now and then, logged.
///
/// Isolation: belongs to its loop.
final class NodeCalls: Subscriber {
    /// Calls of one loop that wait for an answer, and others' calls that it has yet to answer. A poll that is relayed is
    /// one; each keeps under a kilobyte.
    static let maxOpenCalls = 10_000

    /// Of the records that carry our messages.
    private static let event = "message"

    let id: SubscriberID
    var serializerIndex: Int? { nil }
    var place = SubscriberPlace()
    let home: LoopPlace
    /// Gets each call of another node. Returns false for one that cannot be read; any other is answered, now or later.
    var onCall: (ServedNodeCall, ByteBuffer) -> Bool = { _, _ in false }
    /// Gets each notice of another node. Returns false for one that cannot be read.
    var onNotice: (LoopPlace, ByteBuffer) -> Bool = { _, _ in false }

    private let context: LoopContext
    private weak var pubSub: PubSub?
    private let logger: Logger
    private let maxOpen: Int
    private var waiting: [UInt64: WaitingNodeCall] = [:]
    private var serving: [ServedKey: ServedNodeCall] = [:]
    /// Begins anywhere: an answer to an earlier life of this node finds no call.
    private var lastNumber = UInt64.random(in: .min ... .max)

    private struct ServedKey: Hashable {
        let from: LoopPlace
        let number: UInt64
    }

    /// - Parameter maxOpen: `maxOpenCalls`, but in tests.
    init(
        home: LoopPlace, context: LoopContext, topics: LoopTopics, pubSub: PubSub, logger: Logger,
        maxOpen: Int = NodeCalls.maxOpenCalls
    ) {
        self.home = home
        self.context = context
        self.pubSub = pubSub
        self.logger = logger
        self.maxOpen = maxOpen
        id = topics.makeID()
    }

    /// What is under way: calls of this loop, and calls of others to it.
    var openCalls: (waiting: Int, serving: Int) { (waiting.count, serving.count) }

    // MARK: asking

    /// Asks a loop of another node.
    ///
    /// - Parameters:
    ///   - takenWithin: how long to wait for any sign that the call has arrived.
    ///   - answeredWithin: how long to wait for the answer once it has.
    ///   - ended: called once, but for a call that is cancelled. It may be called before this returns.
    /// - Returns: the number to cancel it by; nil when the call has ended already.
    func call(
        _ target: LoopPlace, _ body: ByteBuffer, takenWithin: Duration, answeredWithin: Duration,
        ended: @escaping (NodeCallEnd) -> Void
    ) -> UInt64? {
        guard waiting.count < maxOpen else {
            fail(ended, "There are too many calls to other nodes already.", target)
            return nil
        }
        lastNumber &+= 1
        let number = lastNumber
        // Listed first: an adapter may be so fast that the answer comes before `send` returns.
        let call = WaitingNodeCall(number, target, answeredWithin, self, ended)
        waiting[number] = call
        context.timers.schedule(call, after: TimeAmount(takenWithin))
        guard send(.call, number, to: target, body) else {
            if let call = end(number) { fail(call.ended, "A call to another node could not be sent.", target) }
            return nil
        }
        return waiting[number] == nil ? nil : number
    }

    /// The answer is no longer wanted.
    func cancel(_ number: UInt64) {
        guard let call = end(number) else { return }
        send(.cancel, number, to: call.target)
    }

    /// Tells a loop of another node something. Nobody knows whether it arrives.
    func notify(_ target: LoopPlace, _ body: ByteBuffer) {
        send(.notice, 0, to: target, body)
    }

    fileprivate func expired(_ call: WaitingNodeCall) {
        guard end(call.number) != nil else { return }
        // It may be on its way still, or being answered.
        send(.cancel, call.number, to: call.target)
        fail(call.ended, "Another node did not answer in time.", call.target, call.isTaken ? .lost : .nobody)
    }

    private func end(_ number: UInt64) -> WaitingNodeCall? {
        guard let call = waiting.removeValue(forKey: number) else { return nil }
        context.timers.cancel(call)
        return call
    }

    private func fail(
        _ ended: (NodeCallEnd) -> Void, _ sentence: String, _ target: LoopPlace, _ end: NodeCallEnd = .nobody
    ) {
        context.statistics.nodeCallsUnanswered += 1
        context.log(
            .nodeCallUnanswered, .warning, to: logger, "\(sentence)", metadata: ["topic": "\(target.topic)"])
        ended(end)
    }

    // MARK: answering

    fileprivate func answered(_ call: ServedNodeCall, _ body: ByteBuffer) {
        guard serving.removeValue(forKey: ServedKey(from: call.from, number: call.number)) != nil else { return }
        send(.answer, call.number, to: call.from, body)
    }

    private func serve(_ message: NodeMessage) {
        let key = ServedKey(from: message.from, number: message.number)
        guard serving[key] == nil, serving.count < maxOpen else { return drop() }
        let call = ServedNodeCall(message, self)
        serving[key] = call
        guard onCall(call, message.body) else {
            serving[key] = nil
            return drop()
        }
        if call.isOpen { send(.taken, message.number, to: message.from) }
    }

    // MARK: messages

    func receive(_ delivery: Delivery) {
        // Whatever else is broadcast to this topic is not from here.
        guard delivery.record.kind == .nodeMessage, let message = NodeMessage(decoding: delivery.record.payload.bytes)
        else { return drop() }
        switch message.kind {
        case .call: serve(message)
        case .notice: if !onNotice(message.from, message.body) { drop() }
        case .cancel:
            guard
                let call = serving.removeValue(forKey: ServedKey(from: message.from, number: message.number))
            else { return }
            call.isOpen = false
            call.onCancelled?()
            call.onCancelled = nil
        case .taken:
            // Too late is no error: the call has timed out, or was cancelled.
            guard let call = waiting[message.number], call.target == message.from else { return }
            call.isTaken = true
            context.timers.schedule(call, after: TimeAmount(call.answeredWithin))
        case .answer:
            guard let call = waiting[message.number], call.target == message.from, end(message.number) != nil
            else { return }
            call.ended(.answer(message.body))
        }
    }

    @discardableResult
    private func send(
        _ kind: NodeMessage.Kind, _ number: UInt64, to target: LoopPlace, _ body: ByteBuffer = ByteBuffer()
    ) -> Bool {
        guard let pubSub else { return false }
        let message = NodeMessage(kind: kind, number: number, from: home, body: body)
        do {
            try pubSub.sendToNodes(topic: target.topic, event: Self.event, payload: .binary(message.encoded()))
            return true
        } catch {
            context.log(
                .nodeMessageLost, .error, to: logger, "A message to another node could not be sent.",
                metadata: ["error": "\(error)"])
            return false
        }
    }

    private func drop() {
        context.statistics.nodeMessagesDropped += 1
        context.log(
            .nodeMessageDropped, .warning, to: logger,
            "A message of another node cannot be read; does it run another version?",
            metadata: ["topic": "\(home.topic)"])
    }
}

@available(*, unavailable)
extension NodeCalls: Sendable {}

/// A call to another node, until it has ended.
private final class WaitingNodeCall: TimerEntry {
    var timerPlace = TimerPlace()
    let number: UInt64
    let target: LoopPlace
    let answeredWithin: Duration
    let ended: (NodeCallEnd) -> Void
    var isTaken = false
    private weak var calls: NodeCalls?

    init(
        _ number: UInt64, _ target: LoopPlace, _ answeredWithin: Duration, _ calls: NodeCalls,
        _ ended: @escaping (NodeCallEnd) -> Void
    ) {
        self.number = number
        self.target = target
        self.answeredWithin = answeredWithin
        self.calls = calls
        self.ended = ended
    }

    func timerFired() {
        calls?.expired(self)
    }
}
