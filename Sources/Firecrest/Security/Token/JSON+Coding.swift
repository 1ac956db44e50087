// Firecrest — JSON in tokens and sessions, of and to types of the caller's.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestProtocol
internal import FoundationEssentials
internal import NIOCore

extension JSON {
    /// Any value, also one that is no object.
    init(encoding value: some Encodable) throws {
        let data = try JSONEncoder().encode(value)
        self = try JSON(parsing: ByteBuffer(bytes: data))
    }

    /// This value as a type of the caller's.
    func decode<T: Decodable>(_ type: T.Type) throws -> T {
        var text = ByteBuffer()
        try write(into: &text)
        return try JSONDecoder().decode(type, from: Data(text.readableBytesView))
    }
}
