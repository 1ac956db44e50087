// Firecrest — HTTP/1.1 requests of a test's client.
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

extension TestClient {
    /// Sends a GET and reads the answer.
    package func get(_ path: String, headers: [(String, String)] = []) async throws -> HTTPAnswer {
        try await request("GET", path, headers: headers)
    }

    /// Sends a request with `Host` and, if there is a body, `Content-Length`, and reads the answer.
    package func request(
        _ method: String, _ path: String, headers: [(String, String)] = [], body: ByteBuffer? = nil,
        timeout: Duration = patience
    ) async throws -> HTTPAnswer {
        var bytes = ByteBuffer(string: "\(method) \(path) HTTP/1.1\r\nHost: 127.0.0.1\r\n")
        for (name, value) in headers { bytes.writeString("\(name): \(value)\r\n") }
        if let body { bytes.writeString("Content-Length: \(body.readableBytes)\r\n") }
        bytes.writeString("\r\n")
        if let body { bytes.writeImmutableBuffer(body) }
        try await sendBytes(bytes, timeout: timeout)
        return try await receiveAnswer(to: method, timeout: timeout)
    }

    /// Sends a request as it is written and reads the answer.
    package func request(raw text: String) async throws -> HTTPAnswer {
        try await sendBytes(text)
        return try await receiveAnswer()
    }

    /// Reads one response. One with a status of 1xx counts as one of its own.
    package func receiveAnswer(to method: String = "GET", timeout: Duration = patience) async throws -> HTTPAnswer {
        let deadline = NIODeadline.now() + TimeAmount(timeout)
        var reader = AnswerReader(method: method)
        while true {
            if let answer = try readUnread({ try reader.next(&$0) }) { return answer }
            if case .end(let end) = try await fill("an HTTP response", deadline) {
                guard let answer = reader.end() else {
                    throw TestFailure("the connection ended (\(end)) before a whole HTTP response came")
                }
                return answer
            }
        }
    }
}
