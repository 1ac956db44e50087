// Firecrest — a client of one topic's event stream, as `curl -N` or an EventSource is one.
// SPDX-License-Identifier: Apache-2.0

internal import Firecrest
internal import NIOCore

/// Reads item by item, also what an EventSource does not show.
package struct OneWayStream: Sendable {
    package let client: TestClient
    /// The head of the response.
    package let head: String

    /// Asks for a stream and reads the head of its response, which must be that of a stream.
    ///
    /// - Parameter query: with the topic, percent-encoded as it has to be.
    package static func open(
        _ server: TestServer, _ query: String, headers: [(String, String)] = [], readsByItself: Bool = true,
        receiveBuffer: Int? = nil
    ) async throws -> OneWayStream {
        let client = try await TestClient.open(server, readsByItself: readsByItself, receiveBuffer: receiveBuffer)
        var request = "GET /socket/sse?\(query) HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n"
        for (name, value) in headers { request += "\(name): \(value)\r\n" }
        try await client.sendBytes(request + "\r\n")
        if !readsByItself { return OneWayStream(client: client, head: "") }
        let head = try await client.receiveText(through: "\r\n\r\n")
        guard head.hasPrefix("HTTP/1.1 200 "), head.lowercased().contains("content-type: text/event-stream") else {
            throw TestFailure("a stream was expected, not \(head)")
        }
        return OneWayStream(client: client, head: head)
    }

    /// The same, with the events before the first broadcast read.
    ///
    /// - Returns: the stream, and the data of the reply to its join.
    package static func join(
        _ server: TestServer, _ query: String, headers: [(String, String)] = []
    ) async throws -> (stream: OneWayStream, reply: String) {
        let stream = try await open(server, query, headers: headers)
        let event = try await stream.receiveEvent()
        guard event.name == "phx_reply" else { throw TestFailure("a reply was expected, not \(event)") }
        return (stream, event.data)
    }

    /// The next item but for empty blocks.
    package func receive(timeout: Duration = TestClient.patience) async throws -> StreamItem {
        while true {
            var block = ByteBuffer(string: try await client.receiveText(through: "\n\n", timeout: timeout))
            var reader = EventReader()
            guard let item = try reader.next(&block) else { continue }
            guard block.readableBytes <= 1 else { throw TestFailure("two items in a block: \(item), \(block)") }
            return item
        }
    }

    /// The next event; comments and times to retry are passed over.
    package func receiveEvent(timeout: Duration = TestClient.patience) async throws -> ReceivedEvent {
        while true {
            if case .event(let event) = try await receive(timeout: timeout) { return event }
        }
    }
}
