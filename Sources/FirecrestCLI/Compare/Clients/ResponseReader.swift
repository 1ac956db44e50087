// Firecrest — HTTP responses of a server that is known, with the size of their heads.
// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// Reads one response after the other from a connection's bytes. Bodies have a length or end with the connection; the
/// servers of a comparison send no chunks.
///
/// NIO's own decoder does not say how many bytes a head had, which is what is measured here.
struct ResponseReader {
    struct Head {
        var status: Int
        /// Names in lower case.
        var fields: [(name: String, value: String)]
        /// The empty line included.
        var bytes: Int

        func first(_ name: String) -> String? { fields.first { $0.name == name }?.value }
        var closes: Bool { first("connection")?.lowercased() == "close" }
    }

    enum Part {
        case head(Head)
        case body(ByteBuffer)
        case end
    }

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    private enum Phase {
        case head
        /// Bytes that are left; `nil` until the connection ends.
        case body(Int?)
    }

    private static let maxHeadBytes = 32_768
    private var phase = Phase.head
    private var pending = ByteBuffer()

    /// Whether a response has begun.
    var isWithin: Bool {
        if case .body = phase { return true }
        return pending.readableBytes > 0
    }

    mutating func append(_ bytes: ByteBuffer) {
        if pending.readableBytes == 0 { pending = bytes } else { pending.writeImmutableBuffer(bytes) }
    }

    mutating func next() throws(Failure) -> Part? {
        switch phase {
        case .head:
            guard let length = HTTPHead.length(in: pending), let bytes = pending.readSlice(length: length) else {
                if pending.readableBytes >= Self.maxHeadBytes {
                    throw Failure(description: "no HTTP head within \(Self.maxHeadBytes) bytes")
                }
                return nil
            }
            let head = try Self.parse(bytes)
            phase = .body(try Self.bodyLength(head))
            return .head(head)
        case .body(0):
            phase = .head
            return .end
        case .body(let left):
            let count = min(left ?? pending.readableBytes, pending.readableBytes)
            guard count > 0, let bytes = pending.readSlice(length: count) else { return nil }
            phase = .body(left.map { $0 - count })
            return .body(bytes)
        }
    }

    private static func parse(_ bytes: ByteBuffer) throws(Failure) -> Head {
        var lines = String(buffer: bytes).split(separator: "\r\n", omittingEmptySubsequences: true)
        guard !lines.isEmpty else { throw Failure(description: "an empty HTTP head") }
        let first = lines.removeFirst()
        let words = first.split(separator: " ", maxSplits: 2)
        guard words.count >= 2, words[0] == "HTTP/1.1", let status = Int(words[1]) else {
            throw Failure(description: "\"\(Preview.escaped(String(first.prefix(60))))\" is no status line")
        }
        let fields = lines.compactMap { line -> (String, String)? in
            guard let colon = line.firstIndex(of: ":") else { return nil }
            return (line[..<colon].lowercased(), String(line[line.index(after: colon)...].drop { $0 == " " }))
        }
        return Head(status: status, fields: fields, bytes: bytes.readableBytes)
    }

    private static func bodyLength(_ head: Head) throws(Failure) -> Int? {
        // RFC 9112 §6.3.
        if head.status == 204 || head.status == 304 || (100..<200).contains(head.status) { return 0 }
        if head.first("transfer-encoding") != nil {
            throw Failure(description: "a chunked body, which was not expected")
        }
        guard let text = head.first("content-length") else { return nil }
        guard let length = Int(text), length >= 0 else {
            throw Failure(description: "\"\(Preview.escaped(text))\" is no length")
        }
        return length
    }
}
