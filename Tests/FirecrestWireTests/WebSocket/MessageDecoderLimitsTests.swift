// Firecrest — every limit of the decoder, reached
// SPDX-License-Identifier: Apache-2.0

import FirecrestWire
import NIOCore
import Testing

/// Rows 10, 11, 14 and 15 of the forty-four bad inputs.
@Suite("Message decoder: limits")
struct MessageDecoderLimitsTests {
    @Test func aFrameOfExactlyTheLimitPasses() {
        let limits = FrameLimits(maxFrameBytes: 300, maxMessageBytes: 300)
        let payload = Array(repeating: UInt8(7), count: 300)
        #expect(outcomes([binary(payload)], limits: limits) == [.binary(payload)])
        #expect(outcomes([binary(payload + [7])], limits: limits) == [.failed(1009, .frameTooBig)])
    }

    @Test(
        "A frame is refused by its header alone",
        arguments: [
            ("2^63-1", "82 FF 7F FF FF FF FF FF FF FF 00 00 00 00"),
            ("1 MiB + 1", "82 FF 00 00 00 00 00 10 00 01 00 00 00 00"),
        ])
    func byTheHeader(name: String, header: String) {
        var receiver = Receiver()
        receiver.receive(hex(header))
        #expect(receiver.outcomes == [.failed(1009, .frameTooBig)])
        #expect(receiver.decoder.heldBytes == 0)
    }

    @Test func aMessageIsRefusedByTheHeaderThatPassesTheLimit() {
        let limits = FrameLimits(maxFrameBytes: 100, maxMessageBytes: 150)
        let start = binary(Array(repeating: 0, count: 100), fin: false)
        let last = continuation(Array(repeating: 0, count: 50), fin: true)
        #expect(outcomes([start + last], limits: limits) == [.binary(Array(repeating: 0, count: 150))])
        let header = continuation(Array(repeating: 0, count: 51), fin: true).prefix(6)
        #expect(outcomes([start + header], limits: limits) == [.failed(1009, .messageTooBig)])
    }

    @Test func aWholeFrameOverTheMessageLimit() {
        let limits = FrameLimits(maxFrameBytes: 100, maxMessageBytes: 10)
        #expect(outcomes([binary(Array(repeating: 0, count: 11))], limits: limits) == [.failed(1009, .messageTooBig)])
    }

    @Test("Row 14: fragments without end")
    func endless() {
        var receiver = Receiver(limits: FrameLimits(maxMessageBytes: 100_000))
        receiver.receive(binary([], fin: false))
        let piece = continuation(Array(repeating: UInt8(1), count: 1_000), fin: false)
        var sent = 0
        while receiver.outcomes.isEmpty, sent < 1_000 {
            receiver.receive(piece)
            sent += 1
            #expect(receiver.decoder.heldBytes <= 131_072)
        }
        #expect(sent == 101)
        #expect(receiver.outcomes == [.failed(1009, .messageTooBig)])
        #expect(receiver.decoder.heldBytes == 0)
    }

    @Test("Row 15: empty and tiny fragments", arguments: [0, 1])
    func fragments(size: Int) {
        let limits = FrameLimits(maxFragments: 5)
        let piece = continuation(Array(repeating: UInt8(1), count: size), fin: false)
        let four = (0..<3).reduce(binary([], fin: false)) { bytes, _ in bytes + piece }
        let whole = four + continuation([], fin: true)
        #expect(outcomes([whole + whole], limits: limits).count == 2, "each message counts from zero")
        #expect(outcomes([four + piece], limits: limits) == [])
        #expect(outcomes([four + piece + piece], limits: limits) == [.failed(1009, .fragmentsExceeded)])
        // Control frames are not fragments.
        let pings = (0..<20).flatMap { _ in frame(9, []) }
        #expect(outcomes([four + pings + continuation([], fin: true)], limits: limits).count == 21)
    }

    @Test("Row 11: a frame that declares 60 KiB and falls silent holds what came")
    func declaredButSilent() {
        let bytes = binary(Array(repeating: 9, count: 60 << 10))
        var receiver = Receiver()
        receiver.receive(bytes.prefix(8))
        #expect(receiver.decoder.heldBytes == 0)
        receiver.receive(bytes[8..<108])
        #expect(receiver.decoder.heldBytes <= 128)
        for start in stride(from: 108, to: bytes.count, by: 777) {
            let end = min(start + 777, bytes.count)
            receiver.receive(bytes[start..<end])
            #expect(receiver.decoder.heldBytes < 2 * (end - 8))
        }
        #expect(receiver.outcomes == [.binary(Array(repeating: 9, count: 60 << 10))])
        #expect(receiver.decoder.heldBytes == 0, "given away with the event")
    }

    @Test func anUnfinishedPingHoldsWhatCame() {
        var receiver = Receiver()
        receiver.receive(frame(9, Array(repeating: 1, count: 125)).prefix(6 + 10))
        #expect(receiver.decoder.heldBytes <= 16)
    }

    @Test("Idle state is about a hundred bytes")
    func size() {
        #expect(MemoryLayout<MessageDecoder>.size <= 112)
        var receiver = Receiver()
        receiver.receive([0x81, 0xFE, 0x01])
        #expect(receiver.decoder.heldBytes == 0, "an unfinished header is kept inline")
    }

    @Test func limitsOutOfRange() {
        var limits = FrameLimits(maxFrameBytes: -1, maxMessageBytes: .max, maxFragments: 0, maxInflateRatio: .min)
        #expect(limits.maxFrameBytes == 1 && limits.maxFragments == 1 && limits.maxInflateRatio == 1)
        #expect(limits.maxMessageBytes == FrameLimits.ceiling)
        limits.maxFrameBytes = 5
        #expect(limits.maxFrameBytes == 5)
    }
}
