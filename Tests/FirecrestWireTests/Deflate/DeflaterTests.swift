// Firecrest — deflating, and what inflates it again
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Testing

@testable import FirecrestWire

@Suite("Deflater")
struct DeflaterTests {
    static let allocator = ByteBufferAllocator()

    static func inflate(_ input: ByteBuffer) throws -> ByteBuffer {
        try Inflater().inflate(input, maxBytes: 1 << 24, maxRatio: 2_000, allocator: allocator)
    }

    @Test("The example of RFC 7692 §7.2.3.1, without 00 00 FF FF")
    func hello() {
        let deflater = Deflater(options: DeflateOptions(), windowBits: 15)
        let output = deflater.deflate(ByteBuffer(string: "Hello"), allocator: Self.allocator)
        #expect(Array(output.readableBytesView) == hex("f2 48 cd c9 c9 07 00"))
    }

    @Test("An empty message is one zero byte (RFC 7692 §7.2.3.6)")
    func empty() {
        let deflater = Deflater(options: DeflateOptions(), windowBits: 15)
        #expect(Array(deflater.deflate(ByteBuffer(), allocator: Self.allocator).readableBytesView) == [0])
    }

    @Test("No context is taken over: the same message gives the same bytes")
    func reset() {
        let deflater = Deflater(options: DeflateOptions(), windowBits: 15)
        let input = ByteBuffer(string: "[null,null,\"room:lobby\",\"new_msg\",{\"body\":\"hello\"}]")
        let first = deflater.deflate(input, allocator: Self.allocator)
        #expect(deflater.deflate(input, allocator: Self.allocator) == first)
    }

    @Test(arguments: 1...9, [9, 12, 15])
    func roundTrip(level: Int, windowBits: Int) throws {
        let deflater = Deflater(options: DeflateOptions(level: level), windowBits: windowBits)
        var random = SplitMix(state: UInt64(level))
        for count in [1, 10, 63, 64, 65, 1_000, 40_000, 200_000] {
            let text = ByteBuffer(
                string: (0..<count).map { _ in "\(UInt8.random(in: 0...20, using: &random))," }.joined())
            let noise = ByteBuffer(bytes: (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) })
            for input in [text, noise, ByteBuffer(repeating: 0, count: count)] {
                #expect(try Self.inflate(deflater.deflate(input, allocator: Self.allocator)) == input)
            }
        }
    }

    @Test("A small window is kept: no reference reaches further back")
    func window() throws {
        // 1,000 random bytes twice: only a window of more than 1,000 bytes can use the repetition.
        var random = SplitMix(state: 3)
        let half = (0..<1_000).map { _ in UInt8.random(in: 0...255, using: &random) }
        let contexts = DeflateContexts()
        let input = ByteBuffer(bytes: half + half)
        #expect(
            contexts.deflater(DeflateOptions(level: 9), windowBits: 9).deflate(input, allocator: Self.allocator)
                .readableBytes > 2_000)
        #expect(
            contexts.deflater(DeflateOptions(level: 9), windowBits: 15).deflate(input, allocator: Self.allocator)
                .readableBytes < 1_200)
    }

    @Test func oneContextPerWindow() {
        let contexts = DeflateContexts()
        let options = DeflateOptions()
        #expect(contexts.deflater(options, windowBits: 12) === contexts.deflater(options, windowBits: 12))
        #expect(contexts.deflater(options, windowBits: 12) !== contexts.deflater(options, windowBits: 13))
        #expect(
            contexts.deflater(options, windowBits: 12)
                !== contexts.deflater(DeflateOptions(level: 2), windowBits: 12))
        #expect(
            contexts.deflater(options, windowBits: 12)
                === contexts.deflater(DeflateOptions(minimumBytes: 9), windowBits: 12))
        #expect(contexts.deflater(options, windowBits: 99) === contexts.deflater(options, windowBits: 15))
        #expect(contexts.deflater(options, windowBits: -5) === contexts.deflater(options, windowBits: 9))
        #expect(contexts.inflater === contexts.inflater)
    }

    @Test("What is sent when zlib fails (RFC 7692 §7.2.3.3)")
    func storedBlocks() throws {
        let hello = StoredBlocks.wrap(ByteBuffer(string: "Hello"), allocator: Self.allocator)
        #expect(Array(hello.readableBytesView) == hex("00 05 00 fa ff 48 65 6c 6c 6f 00"))
        for count in [0, 1, 65_535, 65_536, 200_000] {
            let input = ByteBuffer(bytes: (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 13) })
            #expect(try Self.inflate(StoredBlocks.wrap(input, allocator: Self.allocator)) == input)
        }
    }
}
