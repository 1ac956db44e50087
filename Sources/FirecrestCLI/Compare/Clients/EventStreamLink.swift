// Firecrest — the two-way form over HTTP: events down, POST up.
// SPDX-License-Identifier: Apache-2.0

import FirecrestProtocol
import NIOCore

/// Isolation: not Sendable; belongs to its way's client loop.
final class EventStreamLink: ChannelLink {
    var delegate: (any ChannelLinkDelegate)?

    private let environment: ClientEnvironment
    private var connection: HTTPConnection?
    private var posts: PostQueue?
    private var reader = EventStreamReader()
    private var token: String?
    private var isClosed = false

    init(_ environment: ClientEnvironment) {
        self.environment = environment
    }

    func open() {
        posts = PostQueue(
            environment,
            request: { [weak self, environment] body in
                environment.headers.post(SocketTarget.post(), token: self?.token, body: body)
            },
            failed: { [weak self] in self?.end($0) })
        let connection = HTTPConnection(environment) { [weak self] in self?.take($0) }
        self.connection = connection
        connection.send(environment.headers.eventSource(SocketTarget.eventStream()))
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

    private func take(_ event: HTTPConnection.Event) {
        switch event {
        case .head(let head):
            if head.status != 200 { end("the stream was answered \(head.status)") }
        case .body(let bytes):
            for event in reader.read(bytes) { take(event) }
        case .end: end("the stream ended")
        case .failed(let reason): end(reason)
        }
    }

    private func take(_ event: EventStreamReader.Event) {
        switch event.name {
        case "session":
            token = (try? JSON(parsing: ByteBuffer(string: event.data)))?["token"]?.stringValue
            delegate?.opened()
        case "message": delegate?.received(ByteBuffer(string: event.data))
        case "close": end("the server closed the stream: \(Preview.text(ByteBuffer(string: event.data), limit: 100))")
        default: break
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
extension EventStreamLink: Sendable {}
