// Firecrest — messages of a test's client as terms of Erlang (serializer 3.0.0).
// SPDX-License-Identifier: Apache-2.0

package import Firecrest
package import FirecrestWire
package import NIOCore

extension SocketOptions {
    /// As `S.options`, with terms among the serializers.
    package static func withTerms<S: Socket>(_ type: S.Type = RoomSocket.self) -> SocketOptions {
        var options = S.options
        options.serializers.append(.etf)
        return options
    }
}

extension TestClient {
    /// Where a client that speaks terms connects.
    package static let termPath = "/socket/websocket?vsn=3.0.0"

    package func sendTerm(_ term: ETFTerm, _ style: ETFStyle = .client) async throws {
        try await sendBinary(try term.encoded(style))
    }

    /// Sends `[join_ref, ref, topic, event, payload]`.
    package func pushTerm(
        joinRef: ETFTerm = .null, ref: ETFTerm = .null, topic: String, event: String, payload: ETFTerm = .map([]),
        style: ETFStyle = .client
    ) async throws {
        try await sendTerm(.list([joinRef, ref, .string(topic), .string(event), payload]), style)
    }

    /// The next frame, which must be a term.
    package func receiveTerm(timeout: Duration = patience) async throws -> ETFTerm {
        try ETFTerm(decoding: try await receiveTermBytes(timeout: timeout))
    }

    package func receiveTermBytes(timeout: Duration = patience) async throws -> ByteBuffer {
        guard case .binary(let bytes) = try await receive(timeout: timeout) else {
            throw TestFailure("a term in a binary frame was expected")
        }
        return bytes
    }

    /// Joins a topic and returns the response of the reply, which must be the next message.
    @discardableResult
    package func joinTerm(_ topic: String, payload: ETFTerm = .map([])) async throws -> ETFTerm {
        try await pushTerm(joinRef: .string("1"), ref: .string("1"), topic: topic, event: "phx_join", payload: payload)
        return try await receiveReplyTerm(ref: .string("1"), joinRef: .string("1"), topic: topic)
    }

    /// Pushes to a topic that was joined and returns the response of the reply, which must be the next message.
    package func callTerm(
        _ topic: String, _ event: String, _ payload: ETFTerm, style: ETFStyle = .client
    ) async throws -> ETFTerm {
        try await pushTerm(
            joinRef: .string("1"), ref: .string("c"), topic: topic, event: event, payload: payload, style: style)
        return try await receiveReplyTerm(ref: .string("c"), joinRef: .string("1"), topic: topic)
    }

    private func receiveReplyTerm(ref: ETFTerm, joinRef: ETFTerm, topic: String) async throws -> ETFTerm {
        let term = try await receiveTerm()
        guard case .list(let parts) = term, parts.count == 5,
            parts.prefix(4) == [joinRef, ref, .string(topic), .string("phx_reply")],
            parts[4]["status"] == .string("ok"), let response = parts[4]["response"]
        else { throw TestFailure("a reply with the status ok was expected, not \(term)") }
        return response
    }
}
