// Firecrest — compressed messages through the decoder
// SPDX-License-Identifier: Apache-2.0

import FirecrestWire
import NIOCore
import Testing

/// RFC 7692 §6 and row 19 of the forty-four bad inputs.
@Suite("Compressed messages")
struct CompressedMessageTests {
    static let agreement = DeflateAgreement(serverMaxWindowBits: 15, clientMaxWindowBits: 15)
    static let hello = hex("f2 48 cd c9 c9 07 00")

    static func received(_ reads: [[UInt8]], limits: FrameLimits = FrameLimits()) -> [Outcome] {
        outcomes(reads, limits: limits, compression: agreement)
    }

    static func deflated(_ bytes: [UInt8]) -> [UInt8] {
        let deflater = Deflater(options: DeflateOptions(), windowBits: 15)
        return Array(deflater.deflate(ByteBuffer(bytes: bytes), allocator: ByteBufferAllocator()).readableBytesView)
    }

    @Test func oneFrame() {
        #expect(Self.received([frame(1, Self.hello, rsv: 4)]) == [.text("Hello")])
        #expect(Self.received([frame(2, Self.hello, rsv: 4)]) == [.binary(Array("Hello".utf8))])
    }

    @Test("Fragments: RSV1 on the first only (RFC 7692 §6.1)")
    func fragments() {
        let first = frame(1, Self.hello.prefix(3), fin: false, rsv: 4)
        let last = continuation(Self.hello.suffix(4), fin: true)
        #expect(Self.received([first + frame(9, []) + last]) == [.ping([]), .text("Hello")])
        #expect(Self.received((first + last).map { [$0] }) == [.text("Hello")])
        let again = frame(0, Self.hello.suffix(4), rsv: 4)
        #expect(Self.received([first + again]) == [.failed(1002, .frameReservedBits)])
    }

    @Test func uncompressedMessagesBetween() {
        let read = text("a") + frame(1, Self.hello, rsv: 4) + text("b") + frame(1, Self.hello, rsv: 4)
        #expect(Self.received([read]) == [.text("a"), .text("Hello"), .text("b"), .text("Hello")])
    }

    @Test func anEmptyMessage() {
        #expect(Self.received([frame(1, [0], rsv: 4) + frame(2, [], rsv: 4)]) == [.text(""), .binary([])])
    }

    @Test("Without an agreement RSV1 is a protocol error")
    func notNegotiated() {
        #expect(outcomes([frame(1, Self.hello, rsv: 4)]) == [.failed(1002, .frameReservedBits)])
    }

    @Test func textIsValidatedAfterInflating() {
        #expect(Self.received([frame(1, Self.deflated([0x61, 0xFF]), rsv: 4)]) == [.failed(1007, .textNotUTF8)])
        #expect(Self.received([frame(2, Self.deflated([0x61, 0xFF]), rsv: 4)]) == [.binary([0x61, 0xFF])])
        // The compressed bytes themselves are no UTF-8, and need not be.
        #expect(Self.received([frame(1, Self.deflated(Array("é".utf8)), rsv: 4)]) == [.text("é")])
    }

    @Test func garbage() {
        #expect(Self.received([frame(1, [0xFF, 0xFF], rsv: 4)]) == [.failed(1007, .deflateInvalid)])
    }

    @Test("Row 19: a bomb, whole and nested in fragments")
    func bomb() {
        let bytes = InflaterTests.bomb(1 << 20)
        #expect(Self.received([frame(2, bytes, rsv: 4)]) == [.failed(1009, .inflateRatioExceeded)])
        var read = frame(2, bytes.prefix(100), fin: false, rsv: 4)
        for start in stride(from: 100, to: bytes.count, by: 100) {
            read += continuation(bytes[start..<min(start + 100, bytes.count)], fin: start + 100 >= bytes.count)
        }
        #expect(Self.received([read]) == [.failed(1009, .inflateRatioExceeded)])
        let limits = FrameLimits(maxMessageBytes: 1_000)
        #expect(
            Self.received([frame(2, Self.deflated(Array(repeating: 0, count: 1_001)), rsv: 4)], limits: limits)
                == [.failed(1009, .messageTooBig)])
    }

    @Test(
        "The sizes of Autobahn 12 and 13 with the default limits",
        arguments: [16, 64, 256, 1_024, 4_096, 8_192, 16_384, 32_768, 65_536, 131_072])
    func autobahn(size: Int) {
        let repetitive = Array(repeating: UInt8(0x2A), count: size)
        #expect(Self.received([frame(2, Self.deflated(repetitive), rsv: 4)]) == [.binary(repetitive)])
    }

    @Test("Our own frames, there and back", arguments: [WebSocketRole.server, .client])
    func roundTrip(role: WebSocketRole) {
        let contexts = DeflateContexts()
        let payload = ByteBuffer(string: String(repeating: "{\"body\":\"hello\"},", count: 50))
        let compressed = contexts.deflater(DeflateOptions(), windowBits: 10).deflate(
            payload, allocator: ByteBufferAllocator())
        let bytes = FrameEncoder.frame(
            opcode: .text, payload: compressed, compressed: true, allocator: ByteBufferAllocator(),
            maskKey: role == .server ? 0x1234_5678 : nil)
        #expect(
            outcomes([Array(bytes.readableBytesView)], role: role, compression: Self.agreement)
                == [.text(String(buffer: payload))])
    }
}
