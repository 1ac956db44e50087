// Firecrest — a client's message reference, kept exactly as it came.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestWire
internal import NIOCore

/// The `ref` or `join_ref` of a message, as the JSON text that the client sent.
///
/// Phoenix echoes refs with the JSON type they came with: `"10"`, `10` and `null` are three refs (V2, section 2.2 of the
/// protocol notes). Keeping the text makes that exact and, at up to 15 bytes, free of allocation.
public struct Ref: Hashable, Sendable {
    /// Longest ref that is taken, in bytes of JSON text. Clients count with short decimal strings; a ref is kept for
    /// the life of a channel, so it must not be a place to park data.
    package static let maxBytes = 256

    /// The JSON text: a string with its quotes, a number, `null`, or any other JSON value.
    package let json: String

    package init(json: String) {
        self.json = json
    }

    /// A ref as it stands in a frame. Bytes that are not UTF-8 are replaced, as everywhere.
    package init(json bytes: Span<UInt8>) {
        json = bytes.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
    }

    /// A string ref, the form phoenix.js uses. `text` must need no JSON escapes.
    package init(_ text: String) {
        self.json = "\"\(text)\""
    }

    public static let null = Ref(json: "null")

    public var isNull: Bool { json == "null" }

    /// A ref that came as plain text, as in a binary frame: a JSON string from here on, and null when it is empty.
    public init(plainText text: String) {
        if text.isEmpty {
            self = .null
        } else if text.utf8.allSatisfy({ $0 >= 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }) {
            self.init(text)
        } else {
            var buffer = ByteBuffer()
            buffer.writeJSONString(text)
            self.init(json: String(buffer: buffer))
        }
    }

    /// The ref as plain text: what a JSON string stands for, any other value as it stands, null as nothing.
    public var plainText: Substring {
        if isNull { return "" }
        guard json.utf8.count >= 2, json.utf8.first == UInt8(ascii: "\"") else { return json[...] }
        // Bytes: to Swift a quote and the accent behind it are one character.
        guard json.utf8.contains(UInt8(ascii: "\\")) else { return Substring(json.utf8.dropFirst().dropLast()) }
        return JSONString.decode(json.utf8.span).map { $0[...] } ?? json[...]
    }
}

extension Ref: CustomStringConvertible {
    public var description: String { json }
}
