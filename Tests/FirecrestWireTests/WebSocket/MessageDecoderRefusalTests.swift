// Firecrest — what a decoder refuses, and with which close code
// SPDX-License-Identifier: Apache-2.0

import FirecrestWire
import NIOCore
import Testing

/// Rows 8-10, 12, 13, 16 and 17 of the forty-four bad inputs.
@Suite("Message decoder: refusals")
struct MessageDecoderRefusalTests {
    static let protocolErrors: [(String, [UInt8], WebSocketError.Kind)] = [
        // Row 8
        ("unmasked", hex("81 05 48 65 6c 6c 6f"), .frameNotMasked),
        ("unmasked, two bytes are enough", hex("81 05"), .frameNotMasked),
        // Row 9
        ("RSV1 without an extension", frame(1, [], rsv: 4), .frameReservedBits),
        ("RSV2", frame(1, [], rsv: 2), .frameReservedBits),
        ("RSV3", frame(2, [], rsv: 1), .frameReservedBits),
        ("RSV1 on a ping", frame(9, [], rsv: 4), .frameReservedBits),
        ("opcode 3", frame(3, []), .frameReservedOpcode), ("opcode 4", frame(4, []), .frameReservedOpcode),
        ("opcode 5", frame(5, []), .frameReservedOpcode), ("opcode 6", frame(6, []), .frameReservedOpcode),
        ("opcode 7", frame(7, []), .frameReservedOpcode), ("opcode 11", frame(11, []), .frameReservedOpcode),
        ("opcode 12", frame(12, []), .frameReservedOpcode), ("opcode 13", frame(13, []), .frameReservedOpcode),
        ("opcode 14", frame(14, []), .frameReservedOpcode), ("opcode 15", frame(15, []), .frameReservedOpcode),
        // Row 10
        ("length 2^63", hex("82 FF 80 00 00 00 00 00 00 00 00 00 00 00"), .frameLengthInvalid),
        ("length 2^64-1", hex("82 FF FF FF FF FF FF FF FF FF 00 00 00 00"), .frameLengthInvalid),
        ("125 in 16 bits", hex("82 FE 00 7D 00 00 00 00"), .frameLengthNotMinimal),
        ("0 in 16 bits", hex("82 FE 00 00 00 00 00 00"), .frameLengthNotMinimal),
        ("65535 in 64 bits", hex("82 FF 00 00 00 00 00 00 FF FF 00 00 00 00"), .frameLengthNotMinimal),
        ("0 in 64 bits", hex("82 FF 00 00 00 00 00 00 00 00 00 00 00 00"), .frameLengthNotMinimal),
        // Row 12
        ("fragmented ping", frame(9, [], fin: false), .controlFragmented),
        ("fragmented close", frame(8, [], fin: false), .controlFragmented),
        ("ping of 126 bytes", hex("89 FE"), .controlTooLong),
        ("pong with a 64-bit length", hex("8A FF"), .controlTooLong),
        ("close with a body of 1 byte", frame(8, [0x03]), .closeBodyInvalid),
        // Row 13
        ("continuation first", continuation([1], fin: true), .continuationUnexpected),
        ("continuation after a message", text("a") + continuation([], fin: true), .continuationUnexpected),
        ("text inside a text", text("a", fin: false) + text("b"), .continuationExpected),
        ("binary inside a text", text("a", fin: false) + binary([1], fin: false), .continuationExpected),
    ]

    @Test("1002, in one read and byte by byte", arguments: protocolErrors)
    func protocolError(name: String, bytes: [UInt8], kind: WebSocketError.Kind) {
        #expect(outcomes([bytes]).last == .failed(1002, kind))
        #expect(outcomes(bytes.map { [$0] }).last == .failed(1002, kind))
        #expect(outcomes(bytes.map { [$0] }).filter { if case .failed = $0 { true } else { false } }.count == 1)
    }

    @Test func aMaskedFrameFromAServer() {
        #expect(outcomes([text("a")], role: .client) == [.failed(1002, .frameMasked)])
    }

    // Row 17

    @Test(arguments: [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535] as [UInt16])
    func closeCodesThatMustNotBeSent(code: UInt16) {
        let body = [UInt8(code >> 8), UInt8(code & 0xFF)]
        #expect(outcomes([frame(8, body)]) == [.failed(1002, .closeCodeInvalid)])
        #expect(!CloseCode.isAllowedOnWire(code))
    }

    @Test(arguments: [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 4999] as [UInt16])
    func closeCodesThatMay(code: UInt16) {
        #expect(outcomes([frame(8, [UInt8(code >> 8), UInt8(code & 0xFF)])]) == [.close(code, "")])
    }

    @Test func aCloseReasonThatIsNotUTF8() {
        #expect(outcomes([frame(8, [0x03, 0xE8, 0xFF])]) == [.failed(1007, .closeReasonNotUTF8)])
        #expect(outcomes([frame(8, [0x03, 0xE8, 0xC3])]) == [.failed(1007, .closeReasonNotUTF8)])
    }

    // Row 16

    @Test("Text that is not UTF-8: 1007", arguments: ["FF", "C3", "C0 80", "ED A0 80", "F4 90 80 80", "61 E2 82"])
    func textThatIsNotUTF8(bytes: String) {
        let read = frame(1, hex(bytes))
        #expect(outcomes([read]) == [.failed(1007, .textNotUTF8)])
        #expect(outcomes(read.map { [$0] }) == [.failed(1007, .textNotUTF8)])
        #expect(outcomes([binary(hex(bytes))]) == [.binary(hex(bytes))])
    }

    @Test func aCodePointSplitOverFragmentsIsFine() {
        let read = frame(1, hex("F0 9F"), fin: false) + continuation(hex("98"), fin: false)
        #expect(outcomes([read + continuation(hex("80"), fin: true)]) == [.text("😀")])
    }

    @Test func anImpossibleByteFailsInTheMiddleOfAFrame() {
        // 1,000 bytes are declared, 3 have come: ED A0 begins a surrogate, whatever follows.
        let read = frame(1, [0x61, 0xED, 0xA0] + Array(repeating: 0x61, count: 997)).prefix(8 + 3)
        #expect(outcomes([Array(read)]) == [.failed(1007, .textNotUTF8)])
    }

    @Test func anImpossibleByteFailsBeforeTheLastFragment() {
        let read = frame(1, hex("E0"), fin: false) + continuation(hex("80"), fin: false)
        #expect(outcomes([read]) == [.failed(1007, .textNotUTF8)])
    }

    @Test func aMessageMustNotEndInsideACodePoint() {
        let read = frame(1, hex("61 E2 82"), fin: false) + continuation([], fin: true)
        #expect(outcomes([read]) == [.failed(1007, .textNotUTF8)])
    }

    @Test("Every reason fits a close frame and ends like a sentence")
    func reasons() {
        var reads = Self.protocolErrors.map(\.1)
        reads += [frame(8, [0xFF, 0xFF]), frame(8, [3, 0xE8, 0xFF]), frame(1, [0xFF])]
        reads += [hex("82 FF 7F FF FF FF FF FF FF FF 00 00 00 00")]
        for read in reads {
            var receiver = Receiver(limits: FrameLimits(maxFrameBytes: .max, maxMessageBytes: .max))
            receiver.receive(read)
            let reason = receiver.error?.reason ?? ""
            #expect(reason.hasSuffix(".") && reason.utf8.count <= FrameEncoder.maxReasonBytes, "\(read): \(reason)")
        }
    }
}
