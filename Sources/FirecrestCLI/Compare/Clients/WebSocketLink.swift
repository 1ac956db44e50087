// Firecrest — a WebSocket with the handshake of a browser.
// SPDX-License-Identifier: Apache-2.0

import FirecrestWire
import NIOCore

/// Isolation: not Sendable; belongs to its way's client loop.
final class WebSocketLink: ChannelLink, ClientConnectionDelegate {
    var delegate: (any ChannelLinkDelegate)?
    /// Gets everything that goes over the wire.
    var recorder: ConversationRecorder?

    private let environment: ClientEnvironment
    private var connection: ClientConnection?
    private var meters: [Source: FrameMeter] = [:]

    init(_ environment: ClientEnvironment) {
        self.environment = environment
    }

    func open() {
        var generator = SystemRandomNumberGenerator()
        let key = WebSocketHandshake.makeKey(using: &generator)
        let request = environment.headers.webSocket(SocketTarget.webSocket(), key: key)
        environment.counters.requests += 1
        environment.counters.requestHeads.add(request.readableBytes)
        let connection = ClientConnection(
            handshake: ClientHandshake(key: key, request: request), timeout: .seconds(5), delegate: self)
        self.connection = connection
        environment.connect(connection) { [weak self] in self?.end("cannot connect: \($0)") }
    }

    func send(_ frame: ByteBuffer) {
        _ = connection?.send(frame, kind: .text)
    }

    func close() {
        delegate = nil
        connection?.close()
    }

    func opened(_ connection: ClientConnection) {
        delegate?.opened()
    }

    func received(_ payload: ByteBuffer, kind: MessageKind) {
        if kind == .text { delegate?.received(payload) }
    }

    func receivedPong(_ payload: ByteBuffer) {}

    func closed(_ error: ConsoleError?) {
        end(error?.description ?? "closed")
    }

    func observed(_ bytes: ByteBuffer, from source: Source) {
        recorder?.record(bytes, from: source)
        // The first bytes each way are the handshake.
        guard var meter = meters.removeValue(forKey: source) else {
            meters[source] = FrameMeter()
            if source == .server { environment.counters.responseHeads.add(bytes.readableBytes) }
            return
        }
        for length in meter.read(bytes) {
            if source == .client {
                environment.counters.frameHeadersUp.add(length)
            } else {
                environment.counters.frameHeadersDown.add(length)
            }
        }
        meters[source] = meter
    }

    private func end(_ reason: String) {
        let delegate = delegate
        self.delegate = nil
        connection = nil
        delegate?.closed(reason)
    }
}

@available(*, unavailable)
extension WebSocketLink: Sendable {}
