// Firecrest — terms as hex, and what the reader says of them
// SPDX-License-Identifier: Apache-2.0

import NIOCore

@testable import FirecrestWire

/// Bytes from hex digits; spaces are for the eye.
func bytes(_ hex: String) -> ByteBuffer {
    let digits = hex.filter { $0 != " " }.map { UInt8($0.hexDigitValue ?? 0) }
    return ByteBuffer(bytes: stride(from: 0, to: digits.count - 1, by: 2).map { digits[$0] << 4 | digits[$0 + 1] })
}

func hex(_ buffer: ByteBuffer) -> String {
    buffer.readableBytesView.map { byte in
        String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
    }.joined()
}

extension ETFLimits {
    /// For what was signed.
    static let trusted = ETFLimits(atoms: .text, keys: .any)
}

/// Why a term is refused, or nil.
func termRefusal(of hex: String, limits: ETFLimits = ETFLimits()) -> ETFError.Code? {
    do throws(ETFError) {
        _ = try ETFTerm(decoding: bytes(hex), limits: limits)
        return nil
    } catch {
        return error.code
    }
}
