// Firecrest — where a session over HTTP is, and its requests, written by hand.
// SPDX-License-Identifier: Apache-2.0

internal import NIOCore

/// The URL of a transport with the parameters that every request of a session repeats, as phoenix.js does.
struct ClientRequest: Sendable {
    var path: String
    var query: String
    /// Newer clients send the token in a header, older ones in the query.
    var tokenInHeader: Bool

    func get(token: String?, headers: [(String, String)] = []) -> ByteBuffer {
        ByteBuffer(string: head("GET", token, headers) + "\r\n")
    }

    func post(token: String, contentType: String, _ body: ByteBuffer) -> ByteBuffer {
        let fields = [("Content-Type", contentType), ("Content-Length", "\(body.readableBytes)")]
        var bytes = ByteBuffer(string: head("POST", token, fields) + "\r\n")
        bytes.writeImmutableBuffer(body)
        return bytes
    }

    private func head(_ method: String, _ token: String?, _ headers: [(String, String)]) -> String {
        var target = path + "?" + query
        if let token, !tokenInHeader { target += "&token=\(token)" }
        var text = "\(method) \(target) HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        if let token, tokenInHeader { text += "X-Phoenix-LongPoll-Token: \(token)\r\n" }
        for (name, value) in headers { text += "\(name): \(value)\r\n" }
        return text
    }
}
