// Firecrest — long polling as phoenix.js does it: a GET that is held, POST beside it.
// SPDX-License-Identifier: Apache-2.0

import FirecrestProtocol
import NIOCore

/// Isolation: not Sendable; belongs to its way's client loop.
final class LongPollLink: ChannelLink {
    var delegate: (any ChannelLinkDelegate)?

    private let environment: ClientEnvironment
    private var connection: HTTPConnection?
    private var posts: PostQueue?
    private var token: String?
    private var body = ByteBuffer()
    private var isClosed = false

    init(_ environment: ClientEnvironment) {
        self.environment = environment
    }

    func open() {
        posts = PostQueue(
            environment,
            request: { [weak self, environment] body in
                environment.headers.post(SocketTarget.longPoll(token: self?.token), body: body)
            },
            failed: { [weak self] in self?.end($0) })
        poll()
    }

    func send(_ frame: ByteBuffer) {
        guard !isClosed else { return }
        posts?.send(frame)
    }

    func close() {
        isClosed = true
        delegate = nil
        connection?.close()
        posts?.close()
    }

    private func poll() {
        guard !isClosed else { return }
        if connection?.isSpent != false {
            connection = HTTPConnection(environment) { [weak self] in self?.take($0) }
        }
        body = ByteBuffer()
        connection?.send(environment.headers.longPoll(SocketTarget.longPoll(token: token)))
    }

    private func take(_ event: HTTPConnection.Event) {
        switch event {
        case .head(let head):
            if head.status != 200 { end("a GET was answered \(head.status)") }
        case .body(let bytes):
            body.writeImmutableBuffer(bytes)
            if body.readableBytes > HTTPConnection.maxBodyBytes { end("an answer is too long") }
        case .end: answered()
        case .failed(let reason): end(reason)
        }
    }

    private func answered() {
        guard !isClosed else { return }
        let answer = try? JSON(parsing: body)
        switch answer?["status"]?.intValue {
        case 200:
            // The next GET is out before the messages are looked at, as in a browser.
            poll()
            for message in answer?["messages"]?.arrayValue ?? [] {
                guard let text = message.stringValue else { continue }
                delegate?.received(ByteBuffer(string: text))
            }
        case 204:
            environment.counters.requestsWithoutNews += 1
            poll()
        case 410 where token == nil:
            token = answer?["token"]?.stringValue
            poll()
            delegate?.opened()
        case 410: end("the session is gone")
        case let status: end("a GET was answered with status \(status.map { "\($0)" } ?? "none") in its body")
        }
    }

    private func end(_ reason: String) {
        guard !isClosed else { return }
        let delegate = delegate
        close()
        delegate?.closed(reason)
    }
}

@available(*, unavailable)
extension LongPollLink: Sendable {}
