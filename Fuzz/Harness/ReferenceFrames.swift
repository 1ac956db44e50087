// Firecrest — a second reading of RFC 6455, as plain as possible, to fuzz the decoder against.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestWire
internal import NIOCore

/// The events of bytes that are all there, without compression. Judges whole frames only: of one that is cut off it says
/// nothing.
struct ReferenceFrames {
    private(set) var events: [WebSocketEvent] = []
    /// The close code of the first thing that is wrong in a whole frame.
    private(set) var code: UInt16?
    private var message: (opcode: UInt8, bytes: [UInt8], frames: Int)?
    private var isClosed = false

    init(_ bytes: [UInt8], role: WebSocketRole, limits: FrameLimits) {
        var rest = bytes[...]
        while code == nil, !isClosed, let frame = Frame(&rest) {
            code = take(frame, role, limits)
        }
    }

    /// Exactly our events, and our error; where we saw none there may be one in the frame that is cut off.
    func agrees(events: [WebSocketEvent], error: WebSocketError?) -> Bool {
        guard events == self.events else { return false }
        return code == nil || error?.code.rawValue == code
    }

    private struct Frame {
        var first: UInt8
        var isMasked: Bool
        var isMinimal: Bool
        /// `nil` when the declared length is no `Int`.
        var payload: [UInt8]?

        /// Takes a whole frame off `bytes`; `nil` when it is not all there.
        init?(_ bytes: inout ArraySlice<UInt8>) {
            var rest = bytes
            guard let first = rest.popFirst(), let second = rest.popFirst() else { return nil }
            let extended = second & 0x7F == 127 ? 8 : second & 0x7F == 126 ? 2 : 0
            guard rest.count >= extended else { return nil }
            var length = UInt64(second & 0x7F)
            if extended > 0 { length = rest.prefix(extended).reduce(0) { $0 << 8 | UInt64($1) } }
            rest = rest.dropFirst(extended)
            isMasked = second & 0x80 != 0
            guard rest.count >= (isMasked ? 4 : 0) else { return nil }
            let key = Array(rest.prefix(isMasked ? 4 : 0))
            rest = rest.dropFirst(key.count)
            isMinimal = extended == 0 || length > (extended == 2 ? 125 : 0xFFFF)
            self.first = first
            if let count = Int(exactly: length) {
                guard rest.count >= count else { return nil }
                payload = rest.prefix(count).enumerated().map { key.isEmpty ? $1 : $1 ^ key[$0 % 4] }
                rest = rest.dropFirst(count)
            }
            bytes = rest
        }
    }

    /// The close code of what is wrong with the frame.
    private mutating func take(_ frame: Frame, _ role: WebSocketRole, _ limits: FrameLimits) -> UInt16? {
        let opcode = frame.first & 0x0F
        let isFinal = frame.first & 0x80 != 0
        guard frame.first & 0x70 == 0, [0, 1, 2, 8, 9, 10].contains(opcode), frame.isMasked == (role == .server),
            frame.isMinimal, let payload = frame.payload
        else { return 1002 }
        guard opcode < 8 else {
            guard isFinal, payload.count <= 125 else { return 1002 }
            return takeControl(opcode, payload)
        }
        if payload.count > limits.maxFrameBytes { return 1009 }
        guard (message != nil) == (opcode == 0) else { return 1002 }
        var message = self.message ?? (opcode, [], 0)
        message.frames += 1
        message.bytes += payload
        if message.bytes.count > limits.maxMessageBytes || message.frames > limits.maxFragments { return 1009 }
        if message.opcode == 1, !Self.isUTF8(message.bytes, mayEndInside: !isFinal) { return 1007 }
        self.message = isFinal ? nil : message
        if isFinal { events.append(.message(message.opcode == 1 ? .text : .binary, ByteBuffer(bytes: message.bytes))) }
        return nil
    }

    private mutating func takeControl(_ opcode: UInt8, _ payload: [UInt8]) -> UInt16? {
        switch opcode {
        case 9: events.append(.ping(ByteBuffer(bytes: payload)))
        case 10: events.append(.pong(ByteBuffer(bytes: payload)))
        default:
            isClosed = true
            guard !payload.isEmpty else {
                events.append(.close(nil, reason: ""))
                return nil
            }
            guard payload.count > 1 else { return 1002 }
            let code = UInt16(payload[0]) << 8 | UInt16(payload[1])
            let isAllowed = (1000...1003).contains(code) || (1007...1014).contains(code) || (3000...4999).contains(code)
            guard isAllowed else { return 1002 }
            guard let reason = String(validating: payload[2...], as: UTF8.self) else { return 1007 }
            events.append(.close(CloseCode(rawValue: code), reason: reason))
        }
        return nil
    }

    /// By the standard library. A text that ends inside a code point is tried with every end it might still get.
    private static func isUTF8(_ bytes: [UInt8], mayEndInside: Bool) -> Bool {
        if String(validating: bytes, as: UTF8.self) != nil { return true }
        guard mayEndInside else { return false }
        let ends: [[UInt8]] = [0x80, 0x90, 0xA0].flatMap { byte in
            (0..<3).map { [byte] + Array(repeating: 0x80, count: $0) }
        }
        return ends.contains { String(validating: bytes + $0, as: UTF8.self) != nil }
    }
}
