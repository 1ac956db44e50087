// Firecrest — what turns frames into messages and messages into frames.
// SPDX-License-Identifier: Apache-2.0

public import NIOCore

/// Whether a frame is text or bytes: the WebSocket opcodes 1 and 2.
public enum FrameKind: UInt8, Sendable, Hashable {
    case text = 0
    case binary = 1
}

/// Turns frames into messages and back. Values of this type are shared by all event loops and hold no state.
public protocol Serializer: Sendable {
    /// A short, stable name for logs and metrics, for example `v2_json`.
    var name: String { get }

    /// The form in which `encode` is given payloads that are no plain bytes: JSON text, or a term. What came in the other
    /// form is transcoded before, once for all clients of a broadcast. Defaults to JSON.
    var structuredKind: Payload.Kind { get }

    /// - Throws: `ProtocolError`; the connection is then closed with 1011, as Phoenix does.
    func decode(_ frame: ByteBuffer, kind: FrameKind) throws(ProtocolError) -> Message

    /// Appends the frame's content to `buffer`, which may already hold a transport's header.
    ///
    /// - Throws: `PayloadError` when the payload has no form here. Whoever sends the message gets the error; nothing
    ///   of a message that failed may be sent.
    func encode(_ message: OutboundMessage, into buffer: inout ByteBuffer) throws(PayloadError) -> FrameKind

    /// About how many bytes `encode` will append. A good guess saves a reallocation.
    func sizeHint(_ message: OutboundMessage) -> Int
}

extension Serializer {
    public var structuredKind: Payload.Kind { .json }
}

/// A frame that cannot be decoded. The connection that sent it is closed with 1011.
public struct ProtocolError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Code: String, Sendable {
        case invalidJSON = "invalid_json"
        case wrongShape = "wrong_shape"
        case refTooLong = "ref_too_long"
        case topicTooLong = "topic_too_long"
        case eventTooLong = "event_too_long"
        /// A binary frame whose header is not that of a push.
        case invalidBinary = "invalid_binary"
        /// What is no term, or one of a kind or size that is not read.
        case invalidTerm = "invalid_term"
    }

    public let code: Code
    /// What happened and what was expected; short enough for a close frame.
    public let sentence: String

    public init(code: Code, sentence: String) {
        self.code = code
        self.sentence = sentence
    }

    public var description: String { "\(code.rawValue): \(sentence)" }
}

/// Limits on the parts of an envelope that the server keeps or compares.
public struct MessageLimits: Sendable, Hashable {
    /// Longest topic in bytes of UTF-8. Topics become keys of tables that live as long as a channel. Defaults to 1,024.
    public var maxTopicBytes = 1_024
    /// Longest event name in bytes of UTF-8. Defaults to 1,024.
    public var maxEventBytes = 1_024
    /// Deepest nesting of JSON, the envelope's own array included. Defaults to 128; at most 1,024.
    public var maxJSONDepth = 128
    /// Deepest nesting of a term (`.etf`), the envelope's own list included. Defaults to 128, as for JSON; at most 1,024.
    public var maxTermDepth = 128
    /// Most terms within a message (`.etf`), each element, key and value being one; of a list of bytes in short form (tag 107)
    /// each byte counts. Defaults to 262,144: the smallest term is one byte, and what becomes of it is larger.
    public var maxTermItems = 262_144
    /// Most elements of a tuple (`.etf`). Defaults to 255, all that fit the short form of a tuple.
    public var maxTupleArity = 255
    /// Longest atom in bytes (`.etf`). Defaults to 255, Erlang's own limit, which counts characters.
    public var maxAtomBytes = 255
    /// Whether an atom other than `nil`, `null`, `undefined`, `true` and `false` is taken, as text (`.etf`). It is never interned.
    /// Defaults to false: such a message is undecodable. JavaScript sends none; for clients written in Elixir or Erlang, whose
    /// maps have atoms as keys, set it.
    public var keepsUnknownAtoms = false

    public init() {}
}
