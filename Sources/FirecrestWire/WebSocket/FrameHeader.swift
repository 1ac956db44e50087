// Firecrest — the first 2 to 14 bytes of a frame.
// SPDX-License-Identifier: Apache-2.0

/// A frame's header, checked as far as it can be checked alone (RFC 6455 §5.2).
struct FrameHeader: Sendable {
    var opcode: Opcode
    var isFinal: Bool
    /// RSV1: the message that begins here is compressed (RFC 7692 §6).
    var isCompressed: Bool
    /// How long the header was, 2...14 bytes.
    var headerLength: UInt8
    /// The masking key; 0 without one, as XOR with 0 changes nothing.
    var maskKey: UInt32
    /// Payload bytes that the frame declares. Up to 2^63 - 1: compare it with a limit before adding to it.
    var payloadLength: Int

    /// The header's length in bytes, as its second byte tells it.
    static func length(secondByte: UInt8) -> Int {
        FrameBits(first: 0, second: secondByte).headerLength
    }

    /// Reads the header at the beginning of `bytes`; `nil` while it is not all there.
    ///
    /// What the first two bytes show to be wrong is refused without waiting for the rest.
    static func parse(
        _ bytes: Span<UInt8>, role: WebSocketRole, compressionAgreed: Bool
    ) throws(WebSocketError) -> FrameHeader? {
        guard bytes.count >= 2 else { return nil }
        let bits = FrameBits(first: bytes[0], second: bytes[1])

        guard let opcode = Opcode(rawValue: bits.opcode) else {
            throw .protocolError(.frameReservedOpcode, "Opcode \(bits.opcode) is reserved.")
        }
        // RFC 6455 §5.2: RSV bits are 0 unless an extension says otherwise; RFC 7692 §6.1: RSV1 marks the first
        // frame of a data message only.
        guard !bits.rsv2, !bits.rsv3, !bits.rsv1 || (compressionAgreed && (opcode == .text || opcode == .binary)) else {
            throw .protocolError(.frameReservedBits, "A reserved bit is set that no extension gave a meaning here.")
        }
        if opcode.isControl {
            guard bits.isFinal else {  // RFC 6455 §5.5
                throw .protocolError(.controlFragmented, "A control frame is fragmented.")
            }
            guard bits.length7 <= 125 else {  // RFC 6455 §5.5
                throw .protocolError(.controlTooLong, "A control frame is longer than 125 bytes.")
            }
        }
        switch role {  // RFC 6455 §5.1
        case .server:
            guard bits.isMasked else {
                throw .protocolError(.frameNotMasked, "A client's frame is not masked.")
            }
        case .client:
            guard !bits.isMasked else {
                throw .protocolError(.frameMasked, "A server's frame is masked.")
            }
        }

        let headerLength = bits.headerLength
        guard bytes.count >= headerLength else { return nil }
        return FrameHeader(
            opcode: opcode,
            isFinal: bits.isFinal,
            isCompressed: bits.rsv1,
            headerLength: UInt8(truncatingIfNeeded: headerLength),
            maskKey: bits.maskKey(bytes) ?? 0,
            payloadLength: try payloadLength(bytes, length7: bits.length7)
        )
    }

    /// The declared length (RFC 6455 §5.2: "the minimal number of bytes MUST be used", "the most significant bit
    /// MUST be 0").
    private static func payloadLength(_ bytes: Span<UInt8>, length7: UInt8) throws(WebSocketError) -> Int {
        switch length7 {
        case 126:
            let length: UInt16 = FrameBits.number(bytes, at: 2)
            guard length > 125 else { throw .lengthNotMinimal }
            return Int(length)
        case 127:
            let length: UInt64 = FrameBits.number(bytes, at: 2)
            guard let checked = Int(exactly: length) else {
                throw .protocolError(.frameLengthInvalid, "The top bit of a 64-bit frame length is set.")
            }
            guard length > 0xFFFF else { throw .lengthNotMinimal }
            return checked
        default:
            return Int(length7)
        }
    }
}

extension WebSocketError {
    fileprivate static func protocolError(_ kind: Kind, _ reason: String) -> WebSocketError {
        WebSocketError(code: .protocolError, kind: kind, reason: reason)
    }

    fileprivate static var lengthNotMinimal: WebSocketError {
        .protocolError(.frameLengthNotMinimal, "A frame length is encoded in more bytes than it needs.")
    }
}
