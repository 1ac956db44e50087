// Firecrest — what the fuzzer made up, taken apart.
// SPDX-License-Identifier: Apache-2.0

internal import NIOCore

/// The bytes of one run: the first ones choose settings, the rest is what a peer sends.
struct FuzzInput {
    private let bytes: [UInt8]
    private var index = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// The next byte, 0 after the end.
    mutating func byte() -> UInt8 {
        guard index < bytes.count else { return 0 }
        index += 1
        return bytes[index - 1]
    }

    /// What no setting has taken.
    var rest: [UInt8] { Array(bytes[index...]) }

    /// The same as text; `nil` when it is no UTF-8.
    var text: String? { String(validating: bytes[index...], as: UTF8.self) }
}

extension ByteBuffer {
    var bytes: [UInt8] { Array(readableBytesView) }
}
