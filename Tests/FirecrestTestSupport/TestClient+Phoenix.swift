// Firecrest — Phoenix messages of a test's client, in the form that its connection speaks.
// SPDX-License-Identifier: Apache-2.0

package import Firecrest
internal import NIOCore

extension TestClient {
    /// Sends a message that is written as `[join_ref, ref, topic, event, payload]`.
    package func send(_ message: String) async throws {
        try await sendFrame(try wire.frame(message))
    }

    /// Sends several messages in one write, or as one batch of POSTs, so that the server reads them together.
    package func sendTogether(_ messages: [String]) async throws {
        if let carried { return try carried.send(try messages.map(wire.frame)) }
        var bytes = ByteBuffer()
        for message in messages { bytes.writeImmutableBuffer(try wire.frame(message).bytes) }
        try await sendBytes(bytes)
    }

    /// Sends `[join_ref, ref, topic, event, payload]`. `payloadJSON` goes out as it is written.
    package func push(
        joinRef: JSON = nil, ref: JSON = nil, topic: String, event: String, payloadJSON: String = "{}"
    ) async throws {
        try await send(
            try Self.message(joinRef: joinRef, ref: ref, topic: topic, event: event, payloadJSON: payloadJSON))
    }

    /// The text of a V2 message.
    package static func message(
        joinRef: JSON = nil, ref: JSON = nil, topic: String, event: String, payloadJSON: String = "{}"
    ) throws -> String {
        var head = ByteBuffer()
        try JSON.array([joinRef, ref, .string(topic), .string(event)]).write(into: &head)
        return String(buffer: head).dropLast() + "," + payloadJSON + "]"
    }

    /// The next frame as JSON.
    package func receiveJSON(timeout: Duration = patience) async throws -> JSON {
        let text = try await receiveText(timeout: timeout)
        do {
            return try JSON(parsing: ByteBuffer(string: text))
        } catch {
            throw TestFailure("JSON was expected, not \(text): \(error)")
        }
    }

    /// The next frame, which must be a message.
    package func receiveMessage(timeout: Duration = patience) async throws -> ReceivedMessage {
        let frame = try await receive(timeout: timeout)
        guard let message = try wire.message(frame) else { throw TestFailure("a message was expected, not \(frame)") }
        return message
    }

    /// Joins a topic and returns the reply, which must be the next message.
    @discardableResult
    package func join(
        _ topic: String, joinRef: JSON = "1", ref: JSON = "1", payloadJSON: String = "{}"
    ) async throws -> ReceivedMessage {
        try await push(joinRef: joinRef, ref: ref, topic: topic, event: "phx_join", payloadJSON: payloadJSON)
        let reply = try await receiveMessage()
        guard reply.event == "phx_reply", reply.ref == ref else {
            throw TestFailure("the reply to a join was expected, not \(reply)")
        }
        return reply
    }

    /// Sends a heartbeat and returns the reply, which must be the next message.
    @discardableResult
    package func heartbeat(ref: JSON = "hb") async throws -> ReceivedMessage {
        try await push(ref: ref, topic: "phoenix", event: "heartbeat")
        let reply = try await receiveMessage()
        guard reply.event == "phx_reply", reply.ref == ref, reply.topic == "phoenix" else {
            throw TestFailure("the reply to a heartbeat was expected, not \(reply)")
        }
        return reply
    }
}
