// Firecrest — the forms in which a Phoenix message travels, so that one scenario is played in each of them.
// SPDX-License-Identifier: Apache-2.0

internal import Firecrest
internal import FirecrestWire
package import NIOCore

/// How a client's messages travel, and what carries them. A test writes them as the protocol notes do,
/// `[join_ref, ref, topic, event, payload]`.
///
/// Written by hand after sections 2.1 to 2.3 of the notes, and not with the serializers that it tests.
package struct Wire: Sendable, Hashable, CustomStringConvertible {
    package enum Form: Sendable, Hashable {
        /// Serializer 1.0.0: an object, which has no join ref on its way to the client.
        case v1
        /// Serializer 2.0.0: the array itself.
        case v2
        /// Serializer 2.0.0, where each event of the client is a binary frame with the payload's JSON as its data. Joins,
        /// leaves and heartbeats stay text, as phoenix.js sends them. Refs in binary frames are text: 11 comes back as
        /// `"11"`.
        case v2Binary
    }

    package let form: Form
    package let carrier: Carrier

    package init(_ form: Form, over carrier: Carrier = .webSocket) {
        self.form = form
        self.carrier = carrier
    }

    package static let v1 = Wire(.v1)
    package static let v2 = Wire(.v2)
    package static let v2Binary = Wire(.v2Binary)

    /// Every form over every carrier. Long poll has no binary frames on their way to the client (section 5.4).
    package static let all =
        webSocket + [Wire(.v1, over: .longPoll), Wire(.v2, over: .longPoll)]
        + [Wire(.v1, over: .eventStream), Wire(.v2, over: .eventStream), Wire(.v2Binary, over: .eventStream)]
    /// Those in which a channel gets its payloads as JSON.
    package static let json = all.filter { $0.form != .v2Binary }
    /// For what is about a connection and its frames.
    package static let webSocket: [Wire] = [.v1, .v2, .v2Binary]

    /// The `vsn` of the connection's URL.
    package var version: String { form == .v1 ? "1.0.0" : "2.0.0" }

    package var description: String { "\(form) over \(carrier)" }

    // MARK: from the client

    /// The frame of a message. Values go out byte by byte as they are written.
    package func frame(_ message: String) throws -> RawFrame {
        if form == .v2 { return RawFrame(message) }
        let bytes = Array(message.utf8)
        let envelope: Envelope
        do {
            envelope = try EnvelopeScanner.scanArray(bytes.span)
        } catch {
            throw TestFailure("a test's message is an array of five, not \(message): \(error)")
        }
        func part(_ range: Range<Int>?) -> String { String(decoding: bytes[range ?? 0..<0], as: UTF8.self) }
        let (joinRef, ref, topic) = (part(envelope.joinRef), part(envelope.ref), part(envelope.topic))
        let (event, payload) = (part(envelope.event), part(envelope.payload))
        if form == .v1 {
            let last = joinRef == "null" ? "" : #","join_ref":\#(joinRef)"#
            return RawFrame(#"{"topic":\#(topic),"event":\#(event),"payload":\#(payload),"ref":\#(ref)\#(last)}"#)
        }
        let isHeartbeat = topic == #""phoenix""# && event == #""heartbeat""#
        guard !isHeartbeat, ![#""phx_join""#, #""phx_leave""#].contains(event) else { return RawFrame(message) }
        return RawFrame(
            opcode: 2, try Self.push([joinRef, ref, topic, event].map(Self.plainText), ByteBuffer(string: payload)))
    }

    /// A client's binary frame: kind 0, four sizes, four fields, the data.
    package static func push(_ fields: [String], _ data: ByteBuffer) throws -> ByteBuffer {
        var bytes = ByteBuffer()
        bytes.writeInteger(0, as: UInt8.self)
        for field in fields {
            guard let size = UInt8(exactly: field.utf8.count) else { throw TestFailure("\(field) is too long") }
            bytes.writeInteger(size)
        }
        for field in fields { bytes.writeString(field) }
        bytes.writeImmutableBuffer(data)
        return bytes
    }

    /// What a JSON string stands for, any other value as it is written, null as nothing.
    private static func plainText(_ json: String) -> String {
        json == "null" ? "" : JSONString.decode(json.utf8.span) ?? json
    }

    // MARK: from the server

    /// A server's frame as a message; nil for what is none, such as a close frame.
    ///
    /// - Throws: when it does not have the form that this wire gives it.
    package func message(_ frame: ReceivedFrame) throws -> ReceivedMessage? {
        switch frame {
        case .text(let text):
            let json: JSON
            do {
                json = try JSON(parsing: ByteBuffer(string: text))
            } catch {
                throw TestFailure("JSON was expected, not \(text): \(error)")
            }
            return normalized(form == .v1 ? try Self.object(json) : try Self.array(json))
        case .binary(let bytes):
            guard form == .v2Binary else { throw TestFailure("a text was expected, not \(frame)") }
            return normalized(try Self.message(bytes))
        default: return nil
        }
    }

    /// A message as a client of this wire can know it: without what does not travel.
    package func normalized(_ message: ReceivedMessage) -> ReceivedMessage {
        var message = message
        switch form {
        case .v1: message.joinRef = nil
        case .v2: break
        case .v2Binary:
            if let number = message.joinRef.intValue { message.joinRef = .string("\(number)") }
            if let number = message.ref.intValue { message.ref = .string("\(number)") }
        }
        return message
    }

    private static func object(_ json: JSON) throws -> ReceivedMessage {
        guard let members = json.objectValue, Set(members.keys) == ["topic", "event", "payload", "ref"],
            let topic = members["topic"], let event = members["event"], let payload = members["payload"],
            let ref = members["ref"]
        else { throw TestFailure("an object with exactly topic, event, payload and ref was expected, not \(json)") }
        return ReceivedMessage(joinRef: nil, ref: ref, topic: topic, event: event, payload: payload)
    }

    static func array(_ json: JSON) throws -> ReceivedMessage {
        guard let parts = json.arrayValue, parts.count == 5 else {
            throw TestFailure("an array of five was expected, not \(json)")
        }
        return ReceivedMessage(joinRef: parts[0], ref: parts[1], topic: parts[2], event: parts[3], payload: parts[4])
    }

    /// Kinds 0, 1 and 2 from a server, whose data must be JSON: the tests' channels send back what they got.
    private static func message(_ bytes: ByteBuffer) throws -> ReceivedMessage {
        var rest = bytes
        let kind = rest.readInteger(as: UInt8.self) ?? 0xFF
        guard let count = [0: 3, 1: 4, 2: 2][kind], let sizes = rest.readBytes(length: count) else {
            throw TestFailure("no binary frame of a server: \(bytes)")
        }
        let fields = try sizes.map { size in
            guard let field = rest.readString(length: Int(size)) else { throw TestFailure("cut off: \(bytes)") }
            return field
        }
        let data = try JSON(parsing: rest)
        func ref(_ text: String) -> JSON { text.isEmpty ? nil : .string(text) }
        return switch kind {
        case 0:
            ReceivedMessage(
                joinRef: ref(fields[0]), ref: nil, topic: .string(fields[1]), event: .string(fields[2]), payload: data)
        case 1:
            ReceivedMessage(
                joinRef: ref(fields[0]), ref: ref(fields[1]), topic: .string(fields[2]), event: "phx_reply",
                payload: ["status": .string(fields[3]), "response": data])
        default:
            ReceivedMessage(joinRef: nil, ref: nil, topic: .string(fields[0]), event: .string(fields[1]), payload: data)
        }
    }
}
