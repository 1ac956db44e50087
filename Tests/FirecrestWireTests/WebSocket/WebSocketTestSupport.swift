// Firecrest — frames from byte tables, and what a decoder makes of them
// SPDX-License-Identifier: Apache-2.0

import FirecrestWire
import NIOCore

/// The bytes of `"81 05 48"`; spaces and line ends are ignored.
func hex(_ text: String) -> [UInt8] {
    var digits = text.filter { !$0.isWhitespace }[...]
    var bytes: [UInt8] = []
    while !digits.isEmpty {
        bytes.append(UInt8(digits.prefix(2), radix: 16) ?? 0)
        digits = digits.dropFirst(2)
    }
    return bytes
}

/// A frame made without the code under test: bit by bit after RFC 6455 §5.2, masked unless `key` is nil.
func frame(
    _ opcode: UInt8, _ payload: some Collection<UInt8>, fin: Bool = true, rsv: UInt8 = 0,
    key: [UInt8]? = [0x37, 0xFA, 0x21, 0x3D]
) -> [UInt8] {
    var bytes = [(fin ? 0x80 : 0) | rsv << 4 | opcode]
    let mask: UInt8 = key == nil ? 0 : 0x80
    switch payload.count {
    case ...125: bytes.append(mask | UInt8(payload.count))
    case ...0xFFFF: bytes += [mask | 126, UInt8(payload.count >> 8), UInt8(payload.count & 0xFF)]
    default: bytes += [mask | 127] + (0..<8).reversed().map { UInt8(payload.count >> ($0 * 8) & 0xFF) }
    }
    bytes += key ?? []
    for (index, byte) in payload.enumerated() {
        bytes.append(key.map { byte ^ $0[index % 4] } ?? byte)
    }
    return bytes
}

func text(_ string: String, fin: Bool = true) -> [UInt8] { frame(1, string.utf8, fin: fin) }
func binary(_ bytes: [UInt8], fin: Bool = true) -> [UInt8] { frame(2, bytes, fin: fin) }
func continuation(_ bytes: some Collection<UInt8>, fin: Bool) -> [UInt8] { frame(0, bytes, fin: fin) }

/// What a decoder returned, in a form that a table can spell.
enum Outcome: Equatable {
    case text(String)
    case binary([UInt8])
    case ping([UInt8])
    case pong([UInt8])
    case close(UInt16?, String)
    case failed(UInt16, WebSocketError.Kind)

    init(_ event: WebSocketEvent) {
        switch event {
        case .message(.text, let bytes): self = .text(String(buffer: bytes))
        case .message(.binary, let bytes): self = .binary(Array(bytes.readableBytesView))
        case .ping(let bytes): self = .ping(Array(bytes.readableBytesView))
        case .pong(let bytes): self = .pong(Array(bytes.readableBytesView))
        case .close(let code, let reason): self = .close(code?.rawValue, reason)
        }
    }
}

/// One connection's decoder with an inflater of its own.
struct Receiver {
    var decoder: MessageDecoder
    let contexts = DeflateContexts()
    private(set) var outcomes: [Outcome] = []
    private(set) var error: WebSocketError?

    init(
        _ role: WebSocketRole = .server, limits: FrameLimits = FrameLimits(), compression: DeflateAgreement? = nil
    ) {
        decoder = MessageDecoder(role: role, limits: limits, compression: compression)
    }

    /// One read. Whatever comes of it, all of it must be consumed, unless it failed.
    mutating func receive(_ bytes: some Sequence<UInt8>) {
        var buffer = ByteBuffer(bytes: bytes)
        do {
            while let event = try decoder.next(&buffer, inflater: { contexts.inflater }) {
                outcomes.append(Outcome(event))
            }
            if buffer.readableBytes != 0 { outcomes.append(.failed(0, .frameTooBig)) }
        } catch {
            self.error = error
            outcomes.append(.failed(error.code.rawValue, error.kind))
        }
    }
}

/// What comes of `reads`, each in a buffer of its own.
func outcomes(
    _ reads: [[UInt8]], role: WebSocketRole = .server, limits: FrameLimits = FrameLimits(),
    compression: DeflateAgreement? = nil
) -> [Outcome] {
    var receiver = Receiver(role, limits: limits, compression: compression)
    for read in reads { receiver.receive(read) }
    return receiver.outcomes
}

/// SplitMix64: the same numbers on every run.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }
}
