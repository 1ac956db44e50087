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
        let extended =
            switch secondByte & 0x7F {
            case 126: 2
            case 127: 8
            default: 0
            }
        return 2 + extended + (secondByte & 0x80 == 0 ? 0 : 4)
    }

    /// Reads the header at the beginning of `bytes`; `nil` while it is not all there.
    ///
    /// What the first two bytes show to be wrong is refused without waiting for the rest.
    static func parse(
        _ bytes: Span<UInt8>, role: WebSocketRole, compressionAgreed: Bool
    ) throws(WebSocketError) -> FrameHeader? {
        guard bytes.count >= 2 else { return nil }
        let first = bytes[0]
        let second = bytes[1]
        let isFinal = first & 0x80 != 0
        let isCompressed = first & 0x40 != 0
        let length7 = second & 0x7F

        guard let opcode = Opcode(rawValue: first & 0x0F) else {
            throw .protocolError(.frameReservedOpcode, "Opcode \(first & 0x0F) is reserved.")
        }
        // RFC 6455 §5.2: RSV bits are 0 unless an extension says otherwise; RFC 7692 §6.1: RSV1 marks the first
        // frame of a data message only.
        guard first & 0x30 == 0, !isCompressed || (compressionAgreed && (opcode == .text || opcode == .binary)) else {
            throw .protocolError(.frameReservedBits, "A reserved bit is set that no extension gave a meaning here.")
        }
        if opcode.isControl {
            guard isFinal else {  // RFC 6455 §5.5
                throw .protocolError(.controlFragmented, "A control frame is fragmented.")
            }
            guard length7 <= 125 else {  // RFC 6455 §5.5
                throw .protocolError(.controlTooLong, "A control frame is longer than 125 bytes.")
            }
        }
        switch role {  // RFC 6455 §5.1
        case .server:
            guard second & 0x80 != 0 else {
                throw .protocolError(.frameNotMasked, "A client's frame is not masked.")
            }
        case .client:
            guard second & 0x80 == 0 else {
                throw .protocolError(.frameMasked, "A server's frame is masked.")
            }
        }

        let headerLength = Self.length(secondByte: second)
        guard bytes.count >= headerLength else { return nil }
        return FrameHeader(
            opcode: opcode,
            isFinal: isFinal,
            isCompressed: isCompressed,
            headerLength: UInt8(truncatingIfNeeded: headerLength),
            maskKey: role == .server ? number(bytes, at: headerLength - 4) : 0,
            payloadLength: try payloadLength(bytes, length7: length7)
        )
    }

    /// The declared length (RFC 6455 §5.2: "the minimal number of bytes MUST be used", "the most significant bit
    /// MUST be 0").
    private static func payloadLength(_ bytes: Span<UInt8>, length7: UInt8) throws(WebSocketError) -> Int {
        switch length7 {
        case 126:
            let length: UInt16 = number(bytes, at: 2)
            guard length > 125 else { throw .lengthNotMinimal }
            return Int(length)
        case 127:
            let length: UInt64 = number(bytes, at: 2)
            guard let checked = Int(exactly: length) else {
                throw .protocolError(.frameLengthInvalid, "The top bit of a 64-bit frame length is set.")
            }
            guard length > 0xFFFF else { throw .lengthNotMinimal }
            return checked
        default:
            return Int(length7)
        }
    }

    /// The big-endian number that begins at `offset`; the caller has looked that it is all there.
    private static func number<Number: FixedWidthInteger & BitwiseCopyable>(
        _ bytes: Span<UInt8>, at offset: Int
    ) -> Number {
        Number(bigEndian: unsafe bytes.bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: Number.self))
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
