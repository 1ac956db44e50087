// Firecrest — what a message of the load says of itself, so that nothing about it has to be remembered.
// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// Who sent a message, which of its messages this is, when it was to be sent, and a check over all three: 40 digits of
/// hex. Whoever receives it knows its latency, also in another process (the clock is the machine's), and whether a
/// single digit of it was changed on the way.
struct Stamp: Equatable {
    static let length = 40

    var sender: UInt32
    /// From 1 on.
    var number: UInt32
    /// The intended time of sending, in nanoseconds of the monotonic clock.
    var time: UInt64

    func write(seed: UInt64, into buffer: inout ByteBuffer) {
        let check = check(seed: seed)
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: Self.length) { target in
            Self.write(UInt64(sender) << 32 | UInt64(number), digits: 16, to: target, at: 0)
            Self.write(time, digits: 16, to: target, at: 16)
            Self.write(UInt64(check), digits: 8, to: target, at: 32)
            return Self.length
        }
    }

    /// `nil` when these are not the digits that ``write(seed:into:)`` wrote.
    init?(_ bytes: UnsafeRawBufferPointer, seed: UInt64) {
        guard bytes.count >= Self.length, let who = Self.read(bytes, at: 0, digits: 16),
            let time = Self.read(bytes, at: 16, digits: 16), let check = Self.read(bytes, at: 32, digits: 8)
        else { return nil }
        self.init(sender: UInt32(who >> 32), number: UInt32(truncatingIfNeeded: who), time: time)
        guard UInt64(self.check(seed: seed)) == check else { return nil }
    }

    init(sender: UInt32, number: UInt32, time: UInt64) {
        self.sender = sender
        self.number = number
        self.time = time
    }

    private func check(seed: UInt64) -> UInt32 {
        var value = (UInt64(sender) << 32 | UInt64(number)) ^ seed
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value ^= time
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return UInt32(truncatingIfNeeded: value >> 32)
    }

    private static func write(_ value: UInt64, digits: Int, to target: UnsafeMutableRawBufferPointer, at start: Int) {
        var value = value
        var index = start + digits
        while index > start {
            index -= 1
            let digit = UInt8(truncatingIfNeeded: value & 15)
            target[index] = digit < 10 ? 0x30 + digit : 0x57 + digit
            value >>= 4
        }
    }

    private static func read(_ bytes: UnsafeRawBufferPointer, at start: Int, digits: Int) -> UInt64? {
        var value: UInt64 = 0
        for index in start..<start + digits {
            let digit: UInt8
            switch bytes[index] {
            case let byte where byte &- 0x30 < 10: digit = byte &- 0x30
            case let byte where byte &- 0x61 < 6: digit = byte &- 0x57
            default: return nil
            }
            value = value << 4 | UInt64(digit)
        }
        return value
    }
}
