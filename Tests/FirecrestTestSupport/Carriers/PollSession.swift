// Firecrest — a session over long poll, request by request.
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

/// For tests of the transport itself; for tests of what it carries, `TestClient.connect` with a ``Wire`` does it all.
///
/// Polls go over one connection, posts over another, unless a test names one.
package struct PollSession: Sendable {
    package let server: TestServer
    /// Path and query, without a token.
    package let target: String
    package let token: String
    package let polls: TestClient
    package let posts: TestClient

    package static let target = "/socket/longpoll?vsn=2.0.0"

    /// Opens a session with the first GET.
    package static func open(
        _ server: TestServer, _ target: String = target, headers: [(String, String)] = []
    ) async throws -> PollSession {
        let polls = try await TestClient.open(server)
        let answer = try PollAnswer(try await polls.get(target, headers: headers))
        guard answer.status == 410, answer.isWhole, answer.messages.isEmpty, let token = answer.token else {
            throw TestFailure("a new session was expected, not \(answer)")
        }
        return PollSession(
            server: server, target: target, token: token, polls: polls, posts: try await TestClient.open(server))
    }

    /// The same connections with another path or token.
    package func with(target: String? = nil, token: String? = nil) -> PollSession {
        PollSession(
            server: server, target: target ?? self.target, token: token ?? self.token, polls: polls, posts: posts)
    }

    // MARK: GET

    /// - Parameter ack: how many bodies with messages this client says that it had.
    package func poll(
        ack: Int? = nil, on connection: TestClient? = nil, timeout: Duration = TestClient.patience
    ) async throws -> PollAnswer {
        let connection = connection ?? polls
        try await beginPoll(ack: ack, on: connection)
        return try PollAnswer(try await connection.receiveAnswer(timeout: timeout))
    }

    /// Sends the GET alone.
    package func beginPoll(ack: Int? = nil, on connection: TestClient? = nil) async throws {
        let target = target + (ack.map { "&_ack=\($0)" } ?? "")
        try await (connection ?? polls).sendBytes(
            "GET \(target) HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Phoenix-LongPoll-Token: \(token)\r\n\r\n")
    }

    /// The answer to `beginPoll`.
    package func endPoll(timeout: Duration = TestClient.patience) async throws -> PollAnswer {
        try PollAnswer(try await polls.receiveAnswer(timeout: timeout))
    }

    /// Polls, one GET after the other, until `count` messages have come. They are all that has come.
    package func receive(_ count: Int, on connection: TestClient? = nil) async throws -> [String] {
        var messages: [String] = []
        while messages.count < count {
            let answer = try await poll(on: connection)
            guard answer.status == 200 || answer.status == 204, answer.token == token else {
                throw TestFailure("\(count) messages were expected, not \(messages) and \(answer)")
            }
            messages += answer.messages
        }
        return messages
    }

    // MARK: POST

    /// A batch of lines.
    @discardableResult
    package func post(_ lines: String..., on connection: TestClient? = nil) async throws -> PollAnswer {
        try await post(body: lines.joined(separator: "\n"), on: connection)
    }

    /// Any body.
    @discardableResult
    package func post(
        body: String, type: String = "application/x-ndjson", on connection: TestClient? = nil
    ) async throws -> PollAnswer {
        try PollAnswer(try await postRaw(ByteBuffer(string: body), type: type, on: connection))
    }

    /// Any body, and the HTTP response as it is.
    package func postRaw(
        _ body: ByteBuffer, type: String = "application/x-ndjson", on connection: TestClient? = nil
    ) async throws -> HTTPAnswer {
        try await (connection ?? posts).request(
            "POST", target, headers: [("Content-Type", type), ("X-Phoenix-LongPoll-Token", token)], body: body)
    }
}
