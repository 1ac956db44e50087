// Firecrest — a client that joins the feed's channel, over WebSocket or long polling.
// SPDX-License-Identifier: Apache-2.0

import FirecrestProtocol
import NIOCore

/// Isolation: not Sendable; belongs to its way's client loop.
final class ChannelFeedClient: FeedClient, ChannelLinkDelegate {
    let receiver: FeedReceiver
    private let environment: ClientEnvironment
    private let makeLink: () -> any ChannelLink
    private let heartbeats: Bool
    private let codec = ClientCodec(.v2)
    private var link: (any ChannelLink)?
    private var nextRef = 1
    private var joinRef = Ref.null
    private var isStopped = false

    /// - Parameter heartbeats: whether one is sent every 30 s, as phoenix.js does but for long polling.
    init(
        _ environment: ClientEnvironment, receiver: FeedReceiver, heartbeats: Bool,
        link: @escaping () -> any ChannelLink
    ) {
        self.environment = environment
        self.receiver = receiver
        self.heartbeats = heartbeats
        makeLink = link
    }

    func start() {
        guard !isStopped else { return }
        let link = makeLink()
        link.delegate = self
        self.link = link
        link.open()
    }

    func stop() {
        isStopped = true
        receiver.isReady = false
        link?.close()
        link = nil
    }

    func opened() {
        joinRef = Ref(String(nextRef))
        send(topic: FeedMessage.topic, event: OutboundMessage.Event.join, joinRef: joinRef)
        if heartbeats { beat(of: link) }
    }

    func received(_ frame: ByteBuffer) {
        guard let message = try? codec.decode(frame, kind: .text) else {
            environment.failed("a frame could not be read")
            return
        }
        switch message.kind {
        case .reply(let status) where message.ref == joinRef:
            if status == "ok" {
                receiver.isReady = true
            } else {
                environment.failed("the join was refused")
            }
        case .broadcast where message.event == FeedMessage.event:
            guard let tick = FeedMessage(parsing: message.payload.bytes) else { return }
            receiver.received(tick)
        default: break
        }
    }

    func closed(_ reason: String) {
        receiver.isReady = false
        link = nil
        environment.failed(reason)
        environment.schedule(in: .milliseconds(500)) { [weak self] in self?.start() }
    }

    private func send(topic: String, event: String, joinRef: Ref) {
        var frame = ByteBuffer()
        let message = Message(
            joinRef: joinRef, ref: Ref(String(nextRef)), topic: .name(topic), event: event, payload: .empty)
        nextRef += 1
        guard (try? codec.encode(message, into: &frame)) != nil else { return }
        link?.send(frame)
    }

    private func beat(of link: (any ChannelLink)?) {
        environment.schedule(in: .seconds(30)) { [weak self, weak link] in
            guard let self, let link, self.link === link else { return }
            send(topic: "phoenix", event: OutboundMessage.Event.heartbeat, joinRef: .null)
            beat(of: link)
        }
    }
}

@available(*, unavailable)
extension ChannelFeedClient: Sendable {}
