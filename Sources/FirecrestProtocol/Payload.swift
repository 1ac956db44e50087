// Firecrest — the content of a message, tagged and decoded only when asked.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestWire
internal import FoundationEssentials
public import NIOCore

/// What a message carries: JSON text, bytes, or a term of Erlang.
///
/// A payload that a client sent has been validated but is not decoded: `decode` does that, and what is only
/// passed on never is. It may be a slice of the buffer that was read from the socket; code that keeps a raw payload
/// beyond its handler keeps that buffer (128 KiB, or the message if that is larger) unless it keeps `copied()`.
public struct Payload: Sendable, Hashable {
    public enum Kind: UInt8, Sendable, Hashable {
        case json = 0
        case binary = 1
        /// What a client of serializer 3.0.0 sent: a term in the external term format, without its version byte. To
        /// whoever reads it with `decode`, and to clients of other serializers, the same as JSON.
        case term = 2
    }

    public let kind: Kind
    /// The JSON text, the bytes, or the term.
    public let bytes: ByteBuffer

    package init(kind: Kind, bytes: ByteBuffer) {
        self.kind = kind
        self.bytes = bytes
    }

    /// `{}`.
    public static let empty = Payload(kind: .json, bytes: ByteBuffer(string: "{}"))

    /// Bytes that travel as they are, in a binary frame (serializer 2.0.0 and later; 1.0.0 has no form for them).
    public static func binary(_ bytes: ByteBuffer) -> Payload {
        Payload(kind: .binary, bytes: bytes)
    }

    /// The same from a collection of bytes, which are copied.
    public static func binary(_ bytes: some Sequence<UInt8>) -> Payload {
        Payload(kind: .binary, bytes: ByteBuffer(bytes: bytes))
    }

    /// The size of the JSON text or of the bytes, in bytes.
    public var count: Int { bytes.readableBytes }

    /// A JSON payload written out by hand: `["name": "Ada", "unread": 3]`.
    ///
    /// - Throws: `PayloadError.notRepresentable` for a number that JSON has no form for (NaN, infinity).
    public init(_ json: JSON) throws {
        var buffer = ByteBuffer()
        do {
            try json.write(into: &buffer)
        } catch {
            throw PayloadError(code: .notRepresentable, detail: String(describing: error))
        }
        self.init(kind: .json, bytes: buffer)
    }

    /// A JSON payload from its text, for serializers of your own. The text is checked and then kept as it is.
    ///
    /// - Parameter maxDepth: the deepest nesting that is taken; at most 1,024.
    /// - Throws: `PayloadError.notDecodable` for bytes that are not exactly one JSON value in UTF-8.
    public init(jsonText bytes: ByteBuffer, maxDepth: Int = 128) throws(PayloadError) {
        var limits = JSONLimits()
        limits.maxDepth = min(maxDepth, 1_024)
        guard UTF8Validator.isValid(bytes.readableBytesUInt8Span) else {
            throw PayloadError(code: .notDecodable, detail: "the text is not valid UTF-8")
        }
        do {
            try JSONValidator.validate(bytes.readableBytesUInt8Span, limits: limits)
        } catch {
            throw PayloadError(code: .notDecodable, detail: error.description)
        }
        self.init(kind: .json, bytes: bytes)
    }

    /// A JSON payload from any `Encodable` value.
    ///
    /// - Throws: `PayloadError.notRepresentable` when the value cannot be encoded as JSON.
    public init(encoding value: some Encodable) throws {
        if let json = value as? JSON {
            try self.init(json)
            return
        }
        do {
            self.init(kind: .json, bytes: ByteBuffer(bytes: try Self.encoder.encode(value)))
        } catch {
            throw PayloadError(code: .notRepresentable, detail: String(describing: error))
        }
    }

    /// Decodes a JSON payload, or a term as the JSON that it stands for: atoms and binaries are strings, tuples arrays,
    /// and a double that is integral is an integer to whoever needs one.
    ///
    /// - Throws: `PayloadError.wrongKind` for bytes, `PayloadError.notDecodable` when the JSON has another shape, and
    ///   `PayloadError.notTranscodable` for a term with bytes in it that are no text.
    public func decode<T: Decodable>(_ type: T.Type = T.self) throws -> T {
        guard kind != .binary else {
            throw PayloadError(code: .wrongKind, detail: "expected JSON, got \(bytes.readableBytes) bytes of \(kind)")
        }
        let bytes = try converted(to: .json).bytes
        do {
            if type == JSON.self, let json = try JSON(parsing: bytes) as? T { return json }
            return try Self.decoder.decode(type, from: Data(bytes.readableBytesView))
        } catch {
            throw PayloadError(code: .notDecodable, detail: "\(type): \(error)")
        }
    }

    /// The same content in memory of its own, for code that keeps a payload for long.
    public func copied() -> Payload {
        var copy = ByteBuffer()
        copy.reserveCapacity(bytes.readableBytes)
        copy.writeImmutableBuffer(bytes)
        return Payload(kind: kind, bytes: copy)
    }

    /// Whether this is a JSON object, or a term that stands for one: all that V2 allows in a push or a broadcast besides
    /// bytes.
    package var isObject: Bool {
        if kind == .term { return bytes.getInteger(at: bytes.readerIndex, as: UInt8.self) == 116 }
        guard kind == .json else { return false }
        for byte in bytes.readableBytesView where !Self.isJSONSpace(byte) {
            return byte == UInt8(ascii: "{")
        }
        return false
    }

    private static func isJSONSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
    }

    private static let encoder = JSONEncoder()
    private static let decoder = JSONDecoder()
}

extension Payload: CustomStringConvertible {
    public var description: String {
        guard kind != .binary, let json = try? converted(to: .json) else { return "<\(bytes.readableBytes) bytes>" }
        return String(buffer: json.bytes)
    }
}

/// A payload that is not what the code took it for.
public struct PayloadError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Code: String, Sendable {
        case wrongKind = "payload_wrong_kind"
        case notDecodable = "payload_not_decodable"
        case notRepresentable = "payload_not_representable"
        /// V2 pushes and broadcasts must be JSON objects.
        case notAnObject = "payload_not_an_object"
        /// The client's serializer has no form for this kind of payload.
        case kindNotSupported = "payload_kind_not_supported"
        /// A term has something in it that JSON has no form for: a binary that is no UTF-8.
        case notTranscodable = "payload_not_transcodable"
        /// A topic, event or ref over 255 bytes, with a binary payload.
        case fieldTooLong = "field_too_long"
    }

    public let code: Code
    public let detail: String

    public init(code: Code, detail: String) {
        self.code = code
        self.detail = detail
    }

    public var description: String { "\(code.rawValue): \(detail)" }
}
