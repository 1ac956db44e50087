// Firecrest — a message that has not all arrived.
// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// The bytes of one message so far, over frames and over pieces of frames.
///
/// Holds only what was received: a frame that declares 60 KiB and then falls silent costs nothing. Capacity is the
/// next power of two, so at most twice that.
struct MessageAssembly: Sendable {
    let kind: MessageKind
    let isCompressed: Bool
    /// Data frames begun so far, empty ones included.
    private var fragments: UInt32 = 0
    private var utf8 = UTF8Validator()
    private var bytes: ByteBuffer?

    init(kind: MessageKind, isCompressed: Bool) {
        self.kind = kind
        self.isCompressed = isCompressed
    }

    /// What was received, compressed or not.
    var payload: ByteBuffer { bytes ?? ByteBuffer() }

    /// Bytes of memory held.
    var capacity: Int { bytes?.capacity ?? 0 }

    /// Admits the next frame, by its header alone: neither its size nor its number may pass a limit.
    mutating func admit(_ header: FrameHeader, limits: FrameLimits) throws(WebSocketError) {
        let received = bytes?.readableBytes ?? 0
        let (total, overflow) = received.addingReportingOverflow(header.payloadLength)
        guard !overflow, total <= limits.maxMessageBytes else {
            throw .messageTooBig(limit: limits.maxMessageBytes)
        }
        fragments += 1  // never over maxFragments + 1
        guard Int(fragments) <= limits.maxFragments else {
            throw WebSocketError(
                code: .messageTooBig, kind: .fragmentsExceeded,
                reason: "A message comes in more than \(limits.maxFragments) frames.")
        }
    }

    /// Appends an unmasked piece. Text fails at the first byte that cannot be UTF-8 (RFC 6455 §8.1).
    mutating func append(_ piece: ByteBuffer) throws(WebSocketError) {
        if kind == .text, !isCompressed {
            guard utf8.consume(piece.readableBytesUInt8Span) else { throw .textNotUTF8 }
        }
        if bytes == nil {
            bytes = ByteBufferAllocator().buffer(capacity: piece.readableBytes)
        }
        bytes?.writeImmutableBuffer(piece)
    }

    /// Text must not end inside a code point. Compressed text is checked after it is inflated.
    func checkEnd() throws(WebSocketError) {
        guard utf8.isComplete else { throw .textNotUTF8 }
    }
}

extension WebSocketError {
    static func messageTooBig(limit: Int) -> WebSocketError {
        WebSocketError(
            code: .messageTooBig, kind: .messageTooBig, reason: "A message is longer than \(limit) bytes.")
    }

    static var textNotUTF8: WebSocketError {
        WebSocketError(code: .invalidPayload, kind: .textNotUTF8, reason: "A text message is not UTF-8.")
    }
}
