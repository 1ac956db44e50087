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
        var answer = try HTTPAnswer(head: try await receiveText(through: "\r\n\r\n", timeout: timeout))
        if method == "HEAD" || answer.status < 200 || answer.status == 204 || answer.status == 304 { return answer }
        if answer["transfer-encoding"]?.lowercased() == "chunked" {
            while true {
                let line = try await receiveText(through: "\r\n", timeout: timeout).dropLast()
                guard let length = Int(line.prefix { $0 != ";" && $0 != "\r\n" }, radix: 16) else {
                    throw TestFailure("no chunk length: \(line)")
                }
                var chunk = try await receiveBytes(length, timeout: timeout)
                answer.body.writeBuffer(&chunk)
                _ = try await receiveText(through: "\r\n", timeout: timeout)
                if length == 0 { return answer }
            }
        }
        if let length = answer["content-length"].flatMap({ Int($0) }) {
            answer.body = try await receiveBytes(length, timeout: timeout)
        } else {
            answer.body = try await receiveRest(timeout: timeout)
        }
        return answer
    }
}
