// Firecrest — the HTTP parser, and what it does not tell: that it was the target that was too long.
// SPDX-License-Identifier: Apache-2.0

internal import NIOCore
internal import NIOHTTP1

/// NIO's parser with a measure on the first request's target.
///
/// The parser has one error for a long target and for long fields; the status codes are two. Requests after the first are
/// measured when their head is whole.
final class RequestDecoder: ByteToMessageDecoder {
    typealias InboundOut = HTTPServerRequestPart

    private enum Part { case method, target, done }

    private let parser: HTTPRequestDecoder
    private let maxTargetBytes: Int
    private var part = Part.method
    private var targetBytes = 0
    /// Bytes at the front of the next buffer that are measured already.
    private var measured = 0

    init(limits: HTTPLimits) {
        var configuration = NIOHTTPDecoderLimitConfiguration()
        configuration.maxHeaderFieldSize = limits.maxHeaderFieldBytes
        configuration.maxHeaderListSize = limits.maxHeaderBytes
        // swift-http-types, which routes get the fields in, traps at 65,535.
        configuration.maxHeaderFieldCount = min(limits.maxHeaderFields, 65_000)
        parser = HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes, limitConfiguration: configuration)
        maxTargetBytes = min(limits.maxTargetBytes, limits.maxHeaderFieldBytes)
    }

    func decoderAdded(context: ChannelHandlerContext) {
        parser.decoderAdded(context: context)
    }

    func decoderRemoved(context: ChannelHandlerContext) {
        parser.decoderRemoved(context: context)
    }

    func decode(context: ChannelHandlerContext, buffer: inout ByteBuffer) throws -> DecodingState {
        guard part != .done else { return try parser.decode(context: context, buffer: &buffer) }
        try measure(buffer.readableBytesView.dropFirst(measured))
        // What the parser leaves comes again, with more behind it.
        defer { measured = buffer.readableBytes }
        return try parser.decode(context: context, buffer: &buffer)
    }

    func decodeLast(context: ChannelHandlerContext, buffer: inout ByteBuffer, seenEOF: Bool) throws -> DecodingState {
        try parser.decodeLast(context: context, buffer: &buffer, seenEOF: seenEOF)
    }

    private func measure(_ bytes: ByteBufferView) throws {
        for byte in bytes {
            switch (part, byte) {
            // Empty lines before a request are skipped (RFC 9112 §2.2).
            case (.method, UInt8(ascii: "\r")), (.method, UInt8(ascii: "\n")): break
            case (.method, UInt8(ascii: " ")): part = .target
            case (.method, _): break
            case (.target, UInt8(ascii: " ")), (.target, UInt8(ascii: "\r")), (.target, UInt8(ascii: "\n")):
                part = .done
                return
            case (.target, _):
                targetBytes += 1
                guard targetBytes <= maxTargetBytes else { throw HTTPRefusal.targetTooLong }
            case (.done, _): return
            }
        }
    }
}
