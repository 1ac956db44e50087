// Firecrest — an HTTP head in bytes, read by the parser that the server has.
// SPDX-License-Identifier: Apache-2.0

import FirecrestHTTP
import FirecrestWire
import NIOCore
import NIOEmbedded
import NIOHTTP1

/// A request's or response's head, with the offset of each of its fields.
struct HTTPHead {
    var line: String
    /// `nil` in a response.
    var method: String?
    /// `nil` in a response.
    var target: String?
    /// `nil` in a request.
    var status: Int?
    var headers: HTTPHeaders
    /// Bytes, the empty line included.
    var length: Int
    private var fieldOffsets: [(name: String, offset: Int)] = []

    struct Failure: Error {
        /// Bytes of the head; `nil` when it does not end.
        var length: Int?
        var sentence: String
    }

    /// Longest head that is looked at, in bytes: a server's limit of 16 KiB, and room for the first line.
    static let maxBytes = 32 << 10

    /// Whether bytes begin with a head rather than with a frame: no frame begins with three letters and a space.
    static func source(of bytes: ByteBuffer) -> Source? {
        let view = bytes.readableBytesView.prefix(24)
        if view.starts(with: "HTTP/".utf8) { return .server }
        let method = view.prefix { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) }
        guard method.count >= 3, method.endIndex < view.endIndex, view[method.endIndex] == 0x20 else { return nil }
        return .client
    }

    /// Where the head ends: behind the first empty line. `nil` while there is none in the first 32 KiB.
    static func length(in bytes: ByteBuffer) -> Int? {
        var lineIsEmpty = false
        for (index, byte) in bytes.readableBytesView.prefix(maxBytes).enumerated() {
            switch byte {
            case 0x0A:
                if lineIsEmpty { return index + 1 }
                lineIsEmpty = true
            case 0x0D: break
            default: lineIsEmpty = false
            }
        }
        return nil
    }

    init(_ bytes: ByteBuffer, source: Source) throws(Failure) {
        guard let length = Self.length(in: bytes), let head = bytes.getSlice(at: bytes.readerIndex, length: length)
        else {
            throw Failure(
                length: nil,
                sentence: bytes.readableBytes >= Self.maxBytes
                    ? "The HTTP head is longer than \(Self.maxBytes) bytes."
                    : "The input ends before the empty line that ends the HTTP head.")
        }
        self.length = length
        do {
            switch source {
            case .client:
                let parsed = try Self.parseRequest(head)
                method = parsed.method.rawValue
                target = parsed.uri
                headers = parsed.headers
            case .server:
                let parsed = try Self.parseResponse(head)
                status = Int(parsed.status.code)
                headers = parsed.headers
            }
        } catch {
            throw Failure(length: length, sentence: "This is no HTTP/1.1 head: \(error).")
        }
        line = ""
        readLines(head)
    }

    /// Where the first field of this name stands, from the start of the head; the start of the head when it is absent.
    func offset(of name: String) -> Int {
        fieldOffsets.first { $0.name == name }?.offset ?? 0
    }

    private mutating func readLines(_ head: ByteBuffer) {
        var offset = 0
        for (index, slice) in head.readableBytesView.split(separator: 0x0A, omittingEmptySubsequences: false)
            .enumerated()
        {
            let text = String(decoding: slice.last == 0x0D ? slice.dropLast() : slice, as: UTF8.self)
            if index == 0 {
                line = text
            } else if let colon = text.firstIndex(of: ":") {
                fieldOffsets.append((text[..<colon].lowercased(), offset))
            }
            offset += slice.count + 1
        }
    }

    private struct NoHead: Error, CustomStringConvertible {
        let description = "nothing in it could be parsed"
    }

    /// NIO's decoder with the server's limits, in a pipeline without a socket.
    private static func parseRequest(_ head: ByteBuffer) throws -> HTTPRequestHead {
        let limits = HTTPLimits()
        var decoderLimits = NIOHTTPDecoderLimitConfiguration()
        decoderLimits.maxHeaderFieldSize = limits.maxHeaderFieldBytes
        decoderLimits.maxHeaderListSize = limits.maxHeaderBytes
        decoderLimits.maxHeaderFieldCount = limits.maxHeaderFields
        let channel = EmbeddedChannel(
            handler: ByteToMessageHandler(HTTPRequestDecoder(limitConfiguration: decoderLimits)))
        defer { _ = try? channel.finish(acceptAlreadyClosed: true) }
        try channel.writeInbound(head)
        guard case .head(let parsed) = try channel.readInbound(as: HTTPServerRequestPart.self) else { throw NoHead() }
        return parsed
    }

    private static func parseResponse(_ head: ByteBuffer) throws -> HTTPResponseHead {
        let channel = EmbeddedChannel(handler: ByteToMessageHandler(HTTPResponseDecoder()))
        defer { _ = try? channel.finish(acceptAlreadyClosed: true) }
        // The decoder wants to know what is answered.
        let request = HTTPRequestHead(version: .http1_1, method: .GET, uri: "/")
        try channel.writeOutbound(HTTPClientRequestPart.head(request))
        try channel.writeInbound(head)
        guard case .head(let parsed) = try channel.readInbound(as: HTTPClientResponsePart.self) else { throw NoHead() }
        return parsed
    }
}
