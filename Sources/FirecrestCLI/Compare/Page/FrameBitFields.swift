// Firecrest — a frame's header bit by bit, each field with its meaning.
// SPDX-License-Identifier: Apache-2.0

import FirecrestProtocol
import FirecrestWire
import NIOCore

/// The fields of a header in the order in which they are sent (RFC 6455 §5.2).
struct FrameBitFields {
    struct Field: Equatable {
        var name: String
        /// Noughts and ones, a space after each eight of a longer field.
        var bits: String
        var meaning: String

        var json: JSON { ["name": .string(name), "bits": .string(bits), "meaning": .string(meaning)] }
    }

    let fields: [Field]

    init(_ frame: FrameFinding) {
        let bits = frame.bits
        let length = frame.payloadLength.map { "\($0) bytes of payload" } ?? "cut short"
        var fields = [
            Field(
                name: "FIN", bits: Self.bit(bits.isFinal),
                meaning: bits.isFinal ? "the last frame of its message" : "more frames of this message follow"),
            Field(name: "RSV1", bits: Self.bit(bits.rsv1), meaning: bits.rsv1 ? "compressed" : "not compressed"),
            Field(name: "RSV2", bits: Self.bit(bits.rsv2), meaning: "means nothing yet"),
            Field(name: "RSV3", bits: Self.bit(bits.rsv3), meaning: "means nothing yet"),
            Field(name: "opcode", bits: Self.bits(bits.opcode, 4), meaning: frame.opcodeName),
            Field(
                name: "MASK", bits: Self.bit(bits.isMasked),
                meaning: bits.isMasked ? "masked: a client's frames are" : "not masked: a server's frames are not"),
            Field(
                name: "length", bits: Self.bits(bits.length7, 7),
                meaning: bits.extendedLengthBytes == 0
                    ? length : "\(bits.length7): the length follows in \(bits.extendedLengthBytes) bytes"),
        ]
        let header = Array(frame.header.readableBytesView)
        if bits.extendedLengthBytes > 0 {
            fields.append(
                Field(
                    name: "extended length", bits: Self.bits(header.dropFirst(2).prefix(bits.extendedLengthBytes)),
                    meaning: length))
        }
        if bits.isMasked {
            let key = header.suffix(4)
            fields.append(
                Field(
                    name: "masking key", bits: Self.bits(key),
                    meaning: Preview.hex(ByteBuffer(bytes: key), limit: 4)))
        }
        self.fields = fields
    }

    private static func bit(_ value: Bool) -> String { value ? "1" : "0" }

    private static func bits(_ value: UInt8, _ count: Int) -> String {
        let text = String(value, radix: 2)
        return String(repeating: "0", count: max(count - text.count, 0)) + text
    }

    private static func bits(_ bytes: some Sequence<UInt8>) -> String {
        bytes.map { bits($0, 8) }.joined(separator: " ")
    }
}
