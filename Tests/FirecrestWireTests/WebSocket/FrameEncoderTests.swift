// Firecrest — frames as bytes
// SPDX-License-Identifier: Apache-2.0

import FirecrestWire
import NIOCore
import Testing

@Suite("Frame encoder")
struct FrameEncoderTests {
    static let allocator = ByteBufferAllocator()

    static func bytes(_ opcode: Opcode, _ payload: [UInt8], compressed: Bool = false, key: UInt32? = nil) -> [UInt8] {
        let frame = FrameEncoder.frame(
            opcode: opcode, payload: ByteBuffer(bytes: payload), compressed: compressed, allocator: allocator,
            maskKey: key)
        return Array(frame.readableBytesView)
    }

    @Test("The examples of RFC 6455 §5.7")
    func examples() {
        let hello = Array("Hello".utf8)
        #expect(Self.bytes(.text, hello) == hex("81 05 48 65 6c 6c 6f"))
        #expect(Self.bytes(.text, hello, key: 0x37FA_213D) == hex("81 85 37 fa 21 3d 7f 9f 4d 51 58"))
        #expect(Self.bytes(.ping, hello) == hex("89 05 48 65 6c 6c 6f"))
        #expect(Self.bytes(.pong, hello, key: 0x37FA_213D) == hex("8a 85 37 fa 21 3d 7f 9f 4d 51 58"))
        #expect(Self.bytes(.binary, Array(repeating: 0, count: 256)).prefix(4) == hex("82 7E 01 00")[...])
        #expect(
            Self.bytes(.binary, Array(repeating: 0, count: 65_536)).prefix(10)
                == hex("82 7F 00 00 00 00 00 01 00 00")[...])
    }

    @Test("The example of RFC 7692 §7.2.3.1")
    func compressed() {
        #expect(Self.bytes(.text, hex("f2 48 cd c9 c9 07 00"), compressed: true) == hex("c1 07 f2 48 cd c9 c9 07 00"))
    }

    @Test(arguments: [0, 1, 125, 126, 127, 65_535, 65_536, 100_000], [nil, 0xFFEE_DDCC] as [UInt32?])
    func roundTrip(length: Int, key: UInt32?) {
        let payload = (0..<length).map { UInt8(truncatingIfNeeded: $0) }
        let bytes = Self.bytes(.binary, payload, key: key)
        #expect(bytes == frame(2, payload, key: key.map { _ in [0xFF, 0xEE, 0xDD, 0xCC] }))
        #expect(bytes.count == length + FrameEncoder.headerLength(payloadLength: length, masked: key != nil))
        #expect(outcomes([bytes], role: key == nil ? .client : .server) == [.binary(payload)])
    }

    @Test func fragmentsAndAppending() {
        var buffer = ByteBuffer(string: "x")
        FrameEncoder.writeHeader(into: &buffer, opcode: .text, fin: false, payloadLength: 3)
        FrameEncoder.writeHeader(into: &buffer, opcode: .continuation, payloadLength: 2, maskKey: 1)
        #expect(Array(buffer.readableBytesView) == hex("78 01 03 80 82 00 00 00 01"))
    }

    @Test func closeFrames() {
        let frame = FrameEncoder.close(.serviceRestart, reason: "Restarting.", allocator: Self.allocator)
        #expect(Array(frame.readableBytesView) == hex("88 0D 03 F4") + Array("Restarting.".utf8))
        #expect(outcomes([Array(frame.readableBytesView)], role: .client) == [.close(1012, "Restarting.")])
    }

    @Test(
        "A long reason is cut between code points",
        arguments: [
            (String(repeating: "x", count: 123), 123), (String(repeating: "x", count: 124), 123),
            (String(repeating: "é", count: 62), 122), (String(repeating: "€", count: 42), 123),
            (String(repeating: "😀", count: 31), 120), ("x" + String(repeating: "😀", count: 31), 121),
            ("a" + String(repeating: "\u{301}", count: 100), 123),
        ])
    func longReason(reason: String, length: Int) {
        let frame = FrameEncoder.close(.normal, reason: reason, allocator: Self.allocator)
        #expect(frame.readableBytes == 4 + length)
        let cut = String(decoding: Array(reason.utf8.prefix(length)), as: UTF8.self)
        #expect(outcomes([Array(frame.readableBytesView)], role: .client) == [.close(1000, cut)])
    }

    @Test(
        "A code that must not be sent gives a close frame without a body",
        arguments: [0, 999, 1005, 1006, 1015, 5_000] as [UInt16])
    func unsendable(code: UInt16) {
        let frame = FrameEncoder.close(CloseCode(rawValue: code), reason: "x", allocator: Self.allocator)
        #expect(Array(frame.readableBytesView) == hex("88 00"))
    }
}
