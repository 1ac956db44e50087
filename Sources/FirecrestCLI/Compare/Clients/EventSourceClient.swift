// Firecrest — a client as a browser's EventSource.
// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// Isolation: not Sendable; belongs to its way's client loop.
final class EventSourceClient: FeedClient {
    let receiver: FeedReceiver
    private let environment: ClientEnvironment
    private var connection: HTTPConnection?
    private var reader = EventStreamReader()
    private var lastEventID: String?
    private var isStopped = false

    init(_ environment: ClientEnvironment, receiver: FeedReceiver) {
        self.environment = environment
        self.receiver = receiver
    }

    func start() {
        guard !isStopped else { return }
        lastEventID = reader.lastID ?? lastEventID
        reader = EventStreamReader()
        let connection = HTTPConnection(environment) { [weak self] in self?.take($0) }
        self.connection = connection
        connection.send(
            environment.headers.eventSource(
                SocketTarget.eventSource(topic: FeedMessage.topic), lastEventID: lastEventID))
    }

    func stop() {
        isStopped = true
        receiver.isReady = false
        connection?.close()
    }

    private func take(_ event: HTTPConnection.Event) {
        switch event {
        case .head(let head):
            if head.status != 200 { again("the stream was answered \(head.status)") }
        case .body(let bytes):
            for event in reader.read(bytes) { take(event) }
        case .end: again("the stream ended")
        case .failed(let reason): again(reason)
        }
    }

    private func take(_ event: EventStreamReader.Event) {
        switch event.name {
        case "phx_reply": receiver.isReady = true
        case FeedMessage.event:
            if let tick = FeedMessage(parsing: ByteBuffer(string: event.data)) { receiver.received(tick) }
        default: break
        }
    }

    private func again(_ reason: String) {
        receiver.isReady = false
        connection?.close()
        environment.failed(reason)
        environment.schedule(in: .seconds(2)) { [weak self] in self?.start() }
    }
}

@available(*, unavailable)
extension EventSourceClient: Sendable {}
