// Firecrest — where the bytes of an unfinished message stand in the input.
// SPDX-License-Identifier: Apache-2.0

import FirecrestWire
import NIOCore

/// Follows one message over its frames, so that a byte of the message can be found in the input.
struct MessageTrail {
    let kind: MessageKind
    let isCompressed: Bool
    private(set) var frames = 0
    /// Bytes of payload so far, compressed or not.
    private(set) var bytes = 0
    private var utf8 = UTF8Validator()
    /// A run of the message's bytes that stand together. As many as frames, which the decoder limits.
    private var runs: [(start: Int, offset: Int)] = []

    init(kind: MessageKind, isCompressed: Bool) {
        self.kind = kind
        self.isCompressed = isCompressed
    }

    mutating func append(_ payload: ByteBuffer, at offset: Int) {
        runs.append((bytes, offset))
        frames += 1
        bytes += payload.readableBytes
        if kind == .text { _ = utf8.consume(payload.readableBytesUInt8Span) }
    }

    /// The offset in the input of a byte of the message. Of a compressed message only the beginning can be told.
    func offset(ofByte position: Int) -> Int {
        guard !isCompressed, let run = runs.last(where: { $0.start <= position }) else {
            return runs.first?.offset ?? 0
        }
        return run.offset + position - run.start
    }

    /// The index in `payload`, which follows what was appended, of the first byte that is no UTF-8; its end when it only
    /// stops inside a character.
    func firstBadByte(of payload: ByteBuffer) -> Int {
        Self.firstBadByte(of: payload, after: utf8)
    }

    static func firstBadByte(of payload: ByteBuffer, after state: UTF8Validator = UTF8Validator()) -> Int {
        var state = state
        let span = payload.readableBytesUInt8Span
        for index in span.indices where !state.consume(span.extracting(index..<index + 1)) { return index }
        return span.count
    }
}
