// Firecrest — one client that sends while it receives, and notes when each byte went.
// SPDX-License-Identifier: Apache-2.0

import FirecrestProtocol
import NIOCore

/// Isolation: not Sendable; belongs to its loop.
final class DuplexClient: ChannelLinkDelegate {
    static let topic = "feed:duplex"

    struct Event: Sendable {
        var time: NIODeadline
        var transfer: Transfer
    }

    struct Result: Sendable {
        var events: [Event] = []
        var connections = 0
        var requests = 0
        /// Messages of the server that came, and messages of the client that the server says came.
        var down = 0
        var up = 0
    }

    private let environment: ClientEnvironment
    private let link: any ChannelLink
    private let plan: DuplexPlan
    private let codec = ClientCodec(.v2)
    private let joinRef = Ref("1")
    private var nextRef = 1
    private var result = Result()
    private var requestsBefore = 0
    private var hasUpDone = false
    private(set) var failure: String?
    private(set) var isJoined = false

    init(_ environment: ClientEnvironment, link: any ChannelLink, plan: DuplexPlan) {
        self.environment = environment
        self.link = link
        self.plan = plan
        link.delegate = self
    }

    func open() { link.open() }

    func close() {
        environment.observer = nil
        link.close()
    }

    /// Sends its part of the plan, from `begin` on.
    func go(at begin: NIODeadline) {
        requestsBefore = environment.counters.requests
        environment.observer = { [weak self] in
            self?.result.events.append(Event(time: .now(), transfer: $0))
        }
        for number in 1...plan.messages {
            environment.schedule(in: begin + plan.interval * (number - 1) - .now()) { [weak self] in
                self?.push(number)
            }
        }
    }

    /// Once all has come, both ways.
    var finished: Result? { hasUpDone && result.down >= plan.messages ? soFar : nil }

    var soFar: Result {
        var result = result
        result.connections = environment.counters.connectionsOpened
        result.requests = environment.counters.requests - requestsBefore
        return result
    }

    // MARK: the channel

    func opened() {
        send(OutboundMessage.Event.join, .empty)
    }

    func received(_ frame: ByteBuffer) {
        guard let message = try? codec.decode(frame, kind: .text) else { return }
        switch message.kind {
        case .reply(let status) where message.ref == joinRef: isJoined = status == "ok"
        case .broadcast where message.event == FeedMessage.event: result.down += 1
        case .push where message.event == FeedChannel.upDone:
            result.up = (try? message.payload.decode(JSON.self))?["received"]?.intValue ?? 0
            hasUpDone = true
        default: break
        }
    }

    func closed(_ reason: String) {
        failure = reason
    }

    private func push(_ number: Int) {
        guard
            let payload = try? FeedMessage(number: number, sent: .now()).payload(
                bytes: plan.payloadBytes, isLast: number == plan.messages)
        else { return }
        send(FeedChannel.up, payload)
    }

    private func send(_ event: String, _ payload: Payload) {
        var frame = ByteBuffer()
        let message = Message(
            joinRef: joinRef, ref: Ref(String(nextRef)), topic: .name(Self.topic), event: event, payload: payload)
        nextRef += 1
        guard (try? codec.encode(message, into: &frame)) != nil else { return }
        link.send(frame)
    }
}

@available(*, unavailable)
extension DuplexClient: Sendable {}
