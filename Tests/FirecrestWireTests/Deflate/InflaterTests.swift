// Firecrest — inflating, with bounds
// SPDX-License-Identifier: Apache-2.0

import FirecrestWire
import NIOCore
import Testing

/// RFC 7692 §7.2, and row 19 of the forty-four bad inputs.
@Suite("Inflater")
struct InflaterTests {
    let inflater = Inflater()

    func inflate(_ bytes: [UInt8], maxBytes: Int = 1 << 20, maxRatio: Int = 100) -> Result<String, WebSocketError> {
        Result { () throws(WebSocketError) in
            let output = try inflater.inflate(
                ByteBuffer(bytes: bytes), maxBytes: maxBytes, maxRatio: maxRatio, allocator: ByteBufferAllocator())
            return String(buffer: output)
        }
    }

    func kind(_ bytes: [UInt8], maxBytes: Int = 1 << 20, maxRatio: Int = 100) -> WebSocketError.Kind? {
        guard case .failure(let error) = inflate(bytes, maxBytes: maxBytes, maxRatio: maxRatio) else { return nil }
        let isTooBig = error.kind == .messageTooBig || error.kind == .inflateRatioExceeded
        #expect(error.code == (isTooBig ? .messageTooBig : .invalidPayload))
        #expect(error.reason.utf8.count <= FrameEncoder.maxReasonBytes)
        return error.kind
    }

    /// `count` bytes of "a", compressed by about 1,000.
    static func bomb(_ count: Int) -> [UInt8] {
        let deflater = Deflater(options: DeflateOptions(level: 9, memLevel: 9), windowBits: 15)
        let output = deflater.deflate(ByteBuffer(repeating: 0x61, count: count), allocator: ByteBufferAllocator())
        return Array(output.readableBytesView)
    }

    @Test("7.2.3.2: with its context kept, a message may refer to the one before; an error or a final block ends that")
    func keepsContext() throws {
        let keeping = Inflater(keepsContext: true)
        func text(_ bytes: [UInt8]) -> String? {
            let output = try? keeping.inflate(
                ByteBuffer(bytes: bytes), maxBytes: 100, maxRatio: 100, allocator: ByteBufferAllocator())
            return output.map { String(buffer: $0) }
        }
        let hello: [UInt8] = [0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00]
        let again: [UInt8] = [0xF2, 0x00, 0x11, 0x00, 0x00]
        #expect(text(hello) == "Hello")
        #expect(text(again) == "Hello")
        #expect(text(again) == "Hello")
        #expect(text([0xFF]) == nil)
        #expect(text(again) == nil)
        #expect(text(hello) == "Hello")
        #expect(text([0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00, 0x00]) == "Hello")
        #expect(text(hello) == "Hello")
        #expect(kind(again) == .deflateInvalid)
    }

    @Test(
        "The examples of RFC 7692 §7.2.3",
        arguments: [
            ("f2 48 cd c9 c9 07 00", "Hello"),  // 7.2.3.1: one compressed block
            ("00 05 00 fa ff 48 65 6c 6c 6f 00", "Hello"),  // 7.2.3.3: a block without compression
            ("f3 48 cd c9 c9 07 00 00", "Hello"),  // 7.2.3.4: a block with BFINAL
            ("f2 48 05 00 00 00 ff ff ca c9 c9 07 00", "Hello"),  // 7.2.3.5: two blocks
            ("00", ""),  // 7.2.3.6: an empty fragment
        ])
    func examples(bytes: String, text: String) {
        #expect(inflate(hex(bytes)) == .success(text))
    }

    @Test("A context is not taken over: the second message of RFC 7692 §7.2.3.2 is refused")
    func noContextTakeover() {
        #expect(inflate(hex("f2 48 cd c9 c9 07 00")) == .success("Hello"))
        #expect(kind(hex("f2 00 11 00 00")) == .deflateInvalid)
        #expect(inflate(hex("f2 48 cd c9 c9 07 00")) == .success("Hello"))
    }

    @Test func anEmptyPayloadIsAnEmptyMessage() {
        #expect(inflate([]) == .success(""))
    }

    @Test(
        "After a block with BFINAL only one zero byte may follow",
        arguments: [
            ("f3 48 cd c9 c9 07 00", true), ("f3 48 cd c9 c9 07 00 00", true), ("f3 48 cd c9 c9 07 00 01", false),
            ("f3 48 cd c9 c9 07 00 00 00", false), ("f3 48 cd c9 c9 07 00 f2 48 cd c9 c9 07 00", false),
        ])
    func finalBlock(bytes: String, isValid: Bool) {
        #expect(inflate(hex(bytes)) == .success("Hello") || !isValid)
        #expect(kind(hex(bytes)) == (isValid ? nil : .deflateInvalid))
    }

    @Test(
        "What is not DEFLATE, or ends early: 1007",
        arguments: [
            "ff", "06", "07 00", "f2 48 cd c9", "00 05 00 fa ff 48 65", "00 05 00 00 00 48 65 6c 6c 6f 00",
            "01 05 00 fa ff 48",
            "f3 48 cd c9 c9 07", "f2 48 cd c9 c9",
            "78 9c f3 48 cd c9 c9 07 00 05 8c 01 f5", "1f 8b 08 00 00 00 00 00",
        ])
    func invalid(bytes: String) {
        #expect(kind(hex(bytes)) == .deflateInvalid)
        #expect(inflate(hex("f2 48 cd c9 c9 07 00")) == .success("Hello"), "usable afterwards")
    }

    @Test("Row 19: a bomb of 1000:1 is stopped at the floor, within the message limit")
    func bomb() {
        let bytes = Self.bomb(1 << 20)
        #expect(bytes.count < 1_100)
        #expect(kind(bytes) == .inflateRatioExceeded)
        #expect(kind(bytes, maxRatio: 2_000) == nil)
    }

    @Test("Short messages may shrink as they like", arguments: [1, 1_000, 65_536, 131_072])
    func repetitive(count: Int) {
        #expect(inflate(Self.bomb(count)) == .success(String(repeating: "a", count: count)))
    }

    @Test func justOverTheFloorTheRatioCounts() {
        #expect(kind(Self.bomb(Inflater.ratioFloorBytes + 1)) == .inflateRatioExceeded)
        #expect(kind(Self.bomb(Inflater.ratioFloorBytes + 1), maxRatio: 1_000) == nil)
    }

    @Test("The limit in bytes is exact", arguments: [0, 1, 255, 256, 257, 5_000])
    func limit(count: Int) {
        let bytes = Self.bomb(count)
        #expect(inflate(bytes, maxBytes: count) == .success(String(repeating: "a", count: count)))
        if count > 0 { #expect(kind(bytes, maxBytes: count - 1) == .messageTooBig) }
    }

    @Test("A stream that inflates to gigabytes costs no more than the limit")
    func gigabytes() throws {
        let bytes = Self.bomb(64 << 20)
        #expect(kind(bytes) == .messageTooBig)
        #expect(kind(bytes, maxBytes: .max) == .inflateRatioExceeded)
        #expect(kind(bytes, maxBytes: -1) == .messageTooBig)
    }

    @Test func memoryIsWhatWasProduced() throws {
        let output = try inflater.inflate(
            ByteBuffer(bytes: Self.bomb(100_000)), maxBytes: 1 << 20, maxRatio: 100, allocator: ByteBufferAllocator())
        #expect(output.capacity <= 131_072)
    }

    @Test func randomBytesNeverTrap() {
        var random = SplitMix(state: 99)
        for _ in 0..<20_000 {
            var bytes = Self.seeds.randomElement(using: &random) ?? []
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                bytes[Int.random(in: bytes.indices, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            _ = inflate(bytes, maxBytes: 10_000)
        }
        #expect(inflate(hex("f2 48 cd c9 c9 07 00")) == .success("Hello"))
    }

    static let seeds = [
        bomb(5_000), hex("f2 48 05 00 00 00 ff ff ca c9 c9 07 00"), Array(repeating: 0x55, count: 40),
        Array(
            Deflater(options: DeflateOptions(), windowBits: 15)
                .deflate(
                    ByteBuffer(string: (0..<200).map { "\($0 * 7919)" }.joined()), allocator: ByteBufferAllocator()
                )
                .readableBytesView),
    ]
}
