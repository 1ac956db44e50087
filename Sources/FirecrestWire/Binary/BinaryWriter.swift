// Firecrest — writes the header of a binary message
// SPDX-License-Identifier: Apache-2.0

package import NIOCore

extension ByteBuffer {
    /// Most bytes of one field: its size is one byte.
    package static var maxBinaryFieldBytes: Int { 255 }

    /// Writes kind, sizes and fields of a V2 binary message; the payload goes behind it (phoenix-channels.md §2.3).
    ///
    /// - Parameter fields: those that the kind has, in its order.
    /// - Throws: ``BinaryFieldTooLong`` for the first field over 255 bytes. Nothing is written then.
    package mutating func writeBinaryHeader(
        _ kind: BinaryEnvelope.Kind, _ fields: Substring...
    ) throws(BinaryFieldTooLong) {
        for field in fields where field.utf8.count > Self.maxBinaryFieldBytes {
            throw BinaryFieldTooLong(bytes: field.utf8.count)
        }
        writeInteger(kind.byte)
        for field in fields { writeInteger(UInt8(truncatingIfNeeded: field.utf8.count)) }
        for field in fields { writeSubstring(field) }
    }
}

/// A field that does not fit into a V2 binary header.
package struct BinaryFieldTooLong: Error, Sendable, Equatable {
    package let bytes: Int
}
