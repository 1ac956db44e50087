// Firecrest — a client that asks again and again.
// SPDX-License-Identifier: Apache-2.0

import FirecrestProtocol
import NIOCore

/// Isolation: not Sendable; belongs to its way's client loop.
final class ShortPollClient: FeedClient {
    let receiver: FeedReceiver
    private let environment: ClientEnvironment
    private let interval: () -> TimeAmount
    /// Of the interval: when in it this client asks, so that not all ask at once.
    private let phase: Double
    private var connection: HTTPConnection?
    private var cursor: String?
    private var etag: String?
    private var status = 0
    private var body = ByteBuffer()
    private var asked = NIODeadline.now()
    private var isStopped = false

    /// - Parameter interval: asked before each wait, so that it may change.
    init(
        _ environment: ClientEnvironment, receiver: FeedReceiver, phase: Double, interval: @escaping () -> TimeAmount
    ) {
        self.environment = environment
        self.receiver = receiver
        self.phase = phase
        self.interval = interval
    }

    func start() {
        ask()
    }

    func stop() {
        isStopped = true
        receiver.isReady = false
        connection?.close()
    }

    private func ask() {
        guard !isStopped else { return }
        if connection?.isSpent != false {
            connection = HTTPConnection(environment) { [weak self] in self?.take($0) }
        }
        body = ByteBuffer()
        asked = .now()
        connection?.send(
            environment.headers.shortPoll(
                SocketTarget.shortPoll(topic: FeedMessage.topic, after: cursor), etag: etag))
    }

    private func take(_ event: HTTPConnection.Event) {
        switch event {
        case .head(let head):
            status = head.status
            etag = head.first("etag") ?? etag
        case .body(let bytes): body.writeImmutableBuffer(bytes)
        case .end: answered()
        case .failed(let reason):
            environment.failed(reason)
            again(after: .milliseconds(500))
        }
    }

    private func answered() {
        let isFirst = !receiver.isReady
        switch status {
        case 304: environment.counters.requestsWithoutNews += 1
        case 200:
            guard let answer = try? JSON(parsing: body), let after = answer["after"]?.stringValue else {
                environment.failed("an answer could not be read")
                again(after: interval())
                return
            }
            cursor = after
            let messages = answer["messages"]?.arrayValue ?? []
            if messages.isEmpty, !isFirst { environment.counters.requestsWithoutNews += 1 }
            for message in messages where message["event"]?.stringValue == FeedMessage.event {
                if let tick = message["payload"].flatMap({ FeedMessage($0) }) { receiver.received(tick) }
            }
            receiver.isReady = true
        default: environment.failed("a poll was answered \(status)")
        }
        guard !isFirst else {
            again(after: .nanoseconds(Int64(Double(interval().nanoseconds) * phase)))
            return
        }
        // From question to question, however long the answer took.
        again(after: max(asked + interval() - .now(), .zero))
    }

    private func again(after delay: TimeAmount) {
        environment.schedule(in: delay) { [weak self] in self?.ask() }
    }
}

@available(*, unavailable)
extension ShortPollClient: Sendable {}
