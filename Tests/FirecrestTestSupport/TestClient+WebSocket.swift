// Firecrest — WebSocket handshake and frames of a test's client.
// SPDX-License-Identifier: Apache-2.0

internal import NIOConcurrencyHelpers
internal import FirecrestWire
package import NIOCore

extension TestClient {
    /// Where a test's socket usually is.
    package static let socketPath = "/socket/websocket?vsn=2.0.0"

    /// Connects and upgrades. The server's answer is checked as RFC 6455 §4.1 wants it, the accept key too.
    ///
    /// - Throws: `TestFailure` with the status when the server refuses.
    package static func connect(
        _ server: TestServer, path: String = socketPath, headers: [(String, String)] = []
    ) async throws -> TestClient {
        let client = try await open(server)
        let answer = try await client.upgrade(path, headers: headers)
        guard answer.status == 101 else {
            throw TestFailure("the upgrade was refused with \(answer.status): \(answer.text)")
        }
        return client
    }

    /// Sends an upgrade request on this connection and returns the answer, whatever it is.
    ///
    /// - Throws: when a 101 is not a correct answer to the request's key.
    package func upgrade(_ path: String = socketPath, headers: [(String, String)] = []) async throws -> HTTPAnswer {
        var generator = SystemRandomNumberGenerator()
        let key = WebSocketHandshake.makeKey(using: &generator)
        let standard = [
            ("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Version", "13"),
            ("Sec-WebSocket-Key", key),
        ]
        let answer = try await request("GET", path, headers: standard + headers)
        guard answer.status == 101 else { return answer }
        if let error = WebSocketHandshake.verify(
            status: answer.status, upgrade: answer.all("upgrade"), connection: answer.all("connection"),
            accept: answer.all("sec-websocket-accept"), forKey: key)
        {
            throw TestFailure(error.reason)
        }
        if answer["sec-websocket-extensions"] != nil { frames.withLockedValue { $0.expectCompression() } }
        return answer
    }

    /// The text of an upgrade request with a fixed key, for tests that change it or send something right behind it.
    package static func upgradeRequest(_ path: String = socketPath) -> String {
        """
        GET \(path) HTTP/1.1\r
        Host: 127.0.0.1\r
        Upgrade: websocket\r
        Connection: Upgrade\r
        Sec-WebSocket-Version: 13\r
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r
        \r

        """
    }

    // MARK: sending

    package func sendText(_ text: String) async throws {
        try await sendFrame(RawFrame(text))
    }

    package func sendBinary(_ bytes: ByteBuffer) async throws {
        try await sendFrame(RawFrame(opcode: 2, bytes))
    }

    package func sendBinary(_ bytes: [UInt8]) async throws {
        try await sendBinary(ByteBuffer(bytes: bytes))
    }

    /// Over anything but a WebSocket it goes out with the next POST, and the answer to that is looked at later.
    package func sendFrame(_ frame: RawFrame, timeout: Duration = patience) async throws {
        if let carried { return try carried.send([frame]) }
        try await sendBytes(frame.bytes, timeout: timeout)
    }

    package func ping(_ text: String = "") async throws {
        try await sendFrame(RawFrame(opcode: 9, text))
    }

    /// Sends a close frame; with no code, one without a body.
    package func close(_ code: UInt16? = 1000, reason: String = "") async throws {
        var body = ByteBuffer()
        if let code { body.writeInteger(code) }
        body.writeString(reason)
        try await sendFrame(RawFrame(opcode: 8, body))
    }

    // MARK: receiving

    /// The next message or control frame, or the end of the stream.
    package func receive(timeout: Duration = patience) async throws -> ReceivedFrame {
        try await receive(until: .now() + TimeAmount(timeout))
    }

    private func receive(until deadline: NIODeadline) async throws -> ReceivedFrame {
        if let carried { return try await carried.inbox.next(until: deadline, on: channel.eventLoop) }
        while true {
            if let frame = try readUnread({ bytes in try frames.withLockedValue { try $0.next(&bytes) } }) {
                return frame
            }
            if case .end(let end) = try await fill("a frame", deadline) {
                guard end == .eof else { throw TestFailure("the connection was reset before a frame came") }
                return .eof
            }
        }
    }

    /// The next frame, which must be text.
    package func receiveText(timeout: Duration = patience) async throws -> String {
        let frame = try await receive(timeout: timeout)
        guard case .text(let text) = frame else { throw TestFailure("a text was expected, not \(frame)") }
        return text
    }

    /// Reads, and drops, until the close frame, and returns it.
    package func receiveClose(timeout: Duration = patience) async throws -> (code: UInt16?, reason: String) {
        let deadline = NIODeadline.now() + TimeAmount(timeout)
        while true {
            switch try await receive(until: deadline) {
            case .close(let code, let reason): return (code, reason)
            case .eof: throw TestFailure("the stream ended without a close frame")
            default: continue
            }
        }
    }

    /// Throws when anything comes within `duration`, the end of the stream included.
    package func expectNothing(for duration: Duration) async throws {
        let deadline = NIODeadline.now() + TimeAmount(duration)
        let frame: ReceivedFrame
        do {
            frame = try await receive(until: deadline)
        } catch is TestFailure where NIODeadline.now() >= deadline {
            return
        }
        throw TestFailure("nothing was expected, not \(frame)")
    }
}
