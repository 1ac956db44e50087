// Firecrest — what one frame is, and the message that it completes.
// SPDX-License-Identifier: Apache-2.0

import FirecrestWire
import NIOCore

struct FrameFinding {
    var source: Source
    /// Counted from 1 within its stream.
    var number: Int
    var offset: Int
    var bits: FrameBits
    /// The bytes of the header that are there.
    var header: ByteBuffer
    /// As declared; `nil` when the header is not all there.
    var payloadLength: UInt64?
    var maskKey: UInt32?
    /// The payload as it was sent, as far as it is there.
    var payload: ByteBuffer
    /// The payload without its mask.
    var unmasked: ByteBuffer
    /// The message after this frame, for a data frame of a fragmented message.
    var assembly: Assembly?
    var message: MessageFinding?
    var close: Close?
    var problems: [Problem] = []
    /// Why nothing after this frame is read.
    var stop: String?

    struct Assembly: Equatable {
        var frames: Int
        var bytes: Int
        var isFinal: Bool
    }

    struct Close: Equatable {
        /// `nil` when the frame has no body.
        var code: UInt16?
        var reason: String
    }

    var payloadOffset: Int { offset + bits.headerLength }
    var end: Int { offset + header.readableBytes + payload.readableBytes }

    /// `text`, `binary`, …, or `reserved`.
    var opcodeName: String {
        switch Opcode(rawValue: bits.opcode) {
        case .continuation: "continuation"
        case .text: "text"
        case .binary: "binary"
        case .close: "close"
        case .ping: "ping"
        case .pong: "pong"
        case nil: "reserved"
        }
    }
}

/// A whole message, after reassembly and decompression.
struct MessageFinding {
    var kind: MessageKind
    var frames: Int
    var bytes: ByteBuffer
    /// Bytes of compressed payload; `nil` when the message was not compressed.
    var compressedBytes: Int?
    var envelope: EnvelopeFinding?

    /// Inflated bytes for each compressed one.
    var ratio: Double? {
        guard let compressedBytes, compressedBytes > 0 else { return nil }
        return Double(bytes.readableBytes) / Double(compressedBytes)
    }
}
