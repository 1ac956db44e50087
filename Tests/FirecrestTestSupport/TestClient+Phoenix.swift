// Firecrest — Phoenix messages, serializer V2, of a test's client.
// SPDX-License-Identifier: Apache-2.0

package import Firecrest
internal import NIOCore

extension TestClient {
    /// Sends `[join_ref, ref, topic, event, payload]`. `payloadJSON` goes out as it is written.
    package func push(
        joinRef: JSON = nil, ref: JSON = nil, topic: String, event: String, payloadJSON: String = "{}"
    ) async throws {
        try await sendText(
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

    /// The next frame, which must be a V2 message.
    package func receiveMessage(timeout: Duration = patience) async throws -> ReceivedMessage {
        let json = try await receiveJSON(timeout: timeout)
        guard let parts = json.arrayValue, parts.count == 5 else {
            throw TestFailure("an array of five was expected, not \(json)")
        }
        return ReceivedMessage(joinRef: parts[0], ref: parts[1], topic: parts[2], event: parts[3], payload: parts[4])
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
