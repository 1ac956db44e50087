// Firecrest — RFC 6455 as a decoder sees it
// SPDX-License-Identifier: Apache-2.0

import FirecrestWire
import NIOCore
import Testing

@Suite("Message decoder")
struct MessageDecoderTests {
    // RFC 6455 §5.7, the examples in their order.

    @Test func aSingleFrameUnmaskedTextMessage() {
        #expect(outcomes([hex("81 05 48 65 6c 6c 6f")], role: .client) == [.text("Hello")])
    }

    @Test func aSingleFrameMaskedTextMessage() {
        #expect(outcomes([hex("81 85 37 fa 21 3d 7f 9f 4d 51 58")]) == [.text("Hello")])
    }

    @Test func aFragmentedUnmaskedTextMessage() {
        #expect(outcomes([hex("01 03 48 65 6c"), hex("80 02 6c 6f")], role: .client) == [.text("Hello")])
    }

    @Test func unmaskedPingRequestAndMaskedPingResponse() {
        #expect(outcomes([hex("89 05 48 65 6c 6c 6f")], role: .client) == [.ping(Array("Hello".utf8))])
        #expect(outcomes([hex("8a 85 37 fa 21 3d 7f 9f 4d 51 58")]) == [.pong(Array("Hello".utf8))])
    }

    @Test(arguments: [(256, "82 7E 01 00"), (65_536, "82 7F 00 00 00 00 00 01 00 00")])
    func bytesOfBinaryDataInASingleUnmaskedFrame(length: Int, header: String) {
        let payload = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        #expect(outcomes([hex(header) + payload], role: .client) == [.binary(payload)])
    }

    // Shapes.

    @Test(arguments: [0, 1, 7, 8, 31, 32, 125, 126, 127, 1_000, 65_535, 65_536, 70_000])
    func everyLengthEncoding(length: Int) {
        let payload = (0..<length).map { UInt8(truncatingIfNeeded: $0) }
        #expect(outcomes([binary(payload)]) == [.binary(payload)])
    }

    @Test func manyFramesInOneRead() {
        let read = text("a") + frame(9, [1, 2]) + binary([3]) + frame(10, []) + text("")
        #expect(outcomes([read]) == [.text("a"), .ping([1, 2]), .binary([3]), .pong([]), .text("")])
    }

    @Test func controlFramesBetweenFragments() {
        let read =
            text("Hel", fin: false) + frame(9, [1]) + continuation([], fin: false) + frame(10, [2])
            + continuation("lo".utf8, fin: true) + text("next")
        #expect(outcomes([read]) == [.ping([1]), .pong([2]), .text("Hello"), .text("next")])
    }

    @Test func aKeyOfZerosIsAKey() {
        #expect(outcomes([frame(1, "plain".utf8, key: [0, 0, 0, 0])]) == [.text("plain")])
    }

    @Test(
        arguments: [
            ([], nil, ""), ([0x03, 0xE8], 1000, ""), ([0x03, 0xE9] + Array("bye".utf8), 1001, "bye"),
            ([0x0F, 0xA0] + Array(repeating: 0x78, count: 123), 4000, String(repeating: "x", count: 123)),
        ] as [([UInt8], UInt16?, String)])
    func closeFrames(body: [UInt8], code: UInt16?, reason: String) {
        #expect(outcomes([frame(8, body)]) == [.close(code, reason)])
    }

    @Test("Nothing is processed after a close frame (RFC 6455 §7.1.7)")
    func afterClose() {
        let reads = [text("a") + frame(8, [0x03, 0xE8]) + text("late"), text("later"), [0xFF]]
        #expect(outcomes(reads) == [.text("a"), .close(1000, "")])
    }

    @Test("Nothing is processed after an error (RFC 6455 §7.1.7)")
    func afterError() {
        #expect(outcomes([frame(3, []), text("late")]) == [.failed(1002, .frameReservedOpcode)])
    }

    @Test func whetherSomethingIsUnfinished() {
        var receiver = Receiver()
        let states: [([UInt8], Bool)] = [
            ([], false), ([0x81], true), ([0x80, 1, 2, 3, 4], false), (text("a", fin: false), true),
            (frame(9, []), true), (continuation([], fin: true), false), (Array(text("abc").dropLast()), true),
            (Array(text("abc").suffix(1)), false), (Array(frame(9, [1]).dropLast()), true), ([0], false),
            (frame(8, []), false),
        ]
        for (bytes, expected) in states {
            receiver.receive(bytes)
            #expect(receiver.decoder.isMidMessage == expected, "after \(bytes)")
        }
    }

    // However the bytes are cut into reads, the events are the same.

    static let conversation: [UInt8] =
        text("Hé") + frame(9, [1, 2, 3]) + text("€", fin: false) + frame(10, [4])
        + continuation(Array("😀".utf8.prefix(2)), fin: false) + frame(9, []) + continuation([], fin: false)
        + continuation(Array("😀".utf8.suffix(2)), fin: true) + binary(Array(repeating: 0xFF, count: 130)) + text("")
        + frame(8, [0x03, 0xE8] + Array("done".utf8))
    static let expected: [Outcome] = [
        .text("Hé"), .ping([1, 2, 3]), .pong([4]), .ping([]), .text("€😀"),
        .binary(Array(repeating: 0xFF, count: 130)), .text(""), .close(1000, "done"),
    ]

    @Test func cutInTwoAnywhere() {
        for cut in 0...Self.conversation.count {
            let reads = [Array(Self.conversation[..<cut]), Array(Self.conversation[cut...])]
            #expect(outcomes(reads) == Self.expected, "cut at \(cut)")
        }
    }

    @Test func cutInThreeAnywhere() {
        let bytes = Array(Self.conversation.prefix(90))
        let whole = outcomes([bytes])
        for first in 0...bytes.count {
            for second in first...bytes.count {
                let reads = [Array(bytes[..<first]), Array(bytes[first..<second]), Array(bytes[second...])]
                #expect(outcomes(reads) == whole, "cut at \(first) and \(second)")
            }
        }
    }

    @Test(arguments: 1...17)
    func cutIntoEqualPieces(size: Int) {
        let starts = stride(from: 0, to: Self.conversation.count, by: size)
        let reads = starts.map { Array(Self.conversation[$0..<min($0 + size, Self.conversation.count)]) }
        #expect(outcomes(reads) == Self.expected)
    }
}
