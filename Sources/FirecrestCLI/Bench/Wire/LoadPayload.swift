// Firecrest — the payload of the load's messages, written and checked byte by byte.
// SPDX-License-Identifier: Apache-2.0

import FirecrestProtocol
import Glibc
import NIOCore

/// `{"d":"…"}`, whose text is a ``Stamp`` and letters that do not compress, `size` bytes in all.
struct LoadPayload {
    /// The bytes of the text that a size may ask for.
    static let sizes = Stamp.length...(16 << 20)
    private static let opening = Array(#"{"d":""#.utf8)
    private static let ending = Array(#""}"#.utf8)

    let size: Int
    let seed: UInt64
    /// What comes after the stamp.
    private let filler: [UInt8]

    init(size: Int, seed: UInt64) {
        self.size = size
        self.seed = seed
        var random = SplitMix64(seed: 42)
        let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
        filler = (0..<max(size - Stamp.length, 0)).map { _ in letters[Int(random.next() >> 58)] }
    }

    var count: Int { Self.opening.count + size + Self.ending.count }

    func write(_ stamp: Stamp, into buffer: inout ByteBuffer) {
        buffer.writeBytes(Self.opening)
        stamp.write(seed: seed, into: &buffer)
        buffer.writeBytes(filler)
        buffer.writeBytes(Self.ending)
    }

    /// The stamp of a payload that is in every byte as it was written; `nil` otherwise.
    func read(_ bytes: UnsafeRawBufferPointer) -> Stamp? {
        guard bytes.count == count, bytes.starts(with: Self.opening, at: 0),
            bytes.starts(with: Self.ending, at: count - Self.ending.count)
        else { return nil }
        return readText(UnsafeRawBufferPointer(rebasing: bytes[Self.opening.count..<count - Self.ending.count]))
    }

    /// The same of JSON that says it in other bytes: spaces, escapes, further members are no change.
    func read(json bytes: ByteBuffer) -> Stamp? {
        guard let json = try? JSON(parsing: bytes), let text = json["d"]?.stringValue else { return nil }
        return ByteBuffer(string: text).withUnsafeReadableBytes { readText($0) }
    }

    private func readText(_ text: UnsafeRawBufferPointer) -> Stamp? {
        guard text.count == size, text.starts(with: filler, at: Stamp.length) else { return nil }
        return Stamp(text, seed: seed)
    }
}

extension UnsafeRawBufferPointer {
    /// Whether `expected` stands at `offset`.
    @inline(__always)
    func starts(with expected: [UInt8], at offset: Int) -> Bool {
        guard offset >= 0, offset + expected.count <= count, let base = baseAddress else { return expected.isEmpty }
        return expected.withUnsafeBytes { other in
            other.baseAddress.map { memcmp(base + offset, $0, other.count) == 0 } ?? true
        }
    }
}
