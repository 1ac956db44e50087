// Firecrest — serializer 3.0.0: messages as terms of Erlang
// SPDX-License-Identifier: Apache-2.0

import FirecrestProtocol
import FirecrestWire
import NIOCore
import Testing

@Suite("ETF serializer")
struct ETFSerializerTests {
    /// A message as a client writes it.
    private static func frame(
        _ parts: [ETFTerm], _ style: ETFStyle = .client
    ) throws -> ByteBuffer {
        // Not at the start of its buffer, as a message that was read from a socket.
        var buffer = ByteBuffer(string: "....")
        try ETFTerm.list(parts).write(into: &buffer, style)
        buffer.moveReaderIndex(forwardBy: 4)
        return buffer
    }

    private static func message(
        payload: ETFTerm = .map([]), _ style: ETFStyle = .client, limits: MessageLimits = MessageLimits()
    ) throws -> Message {
        try ETFSerializer(limits: limits).decode(
            try frame([.string("1"), .integer(2), .string("room:1"), .string("e"), payload], style), kind: .binary)
    }

    private static func code(_ parts: [ETFTerm], limits: MessageLimits = MessageLimits()) throws -> ProtocolError.Code?
    {
        let frame = try frame(parts)
        do throws(ProtocolError) {
            _ = try ETFSerializer(limits: limits).decode(frame, kind: .binary)
            return nil
        } catch {
            return error.code
        }
    }

    @Test("the parts of a message, refs with the types that they have")
    func parts() throws {
        let message = try Self.message(payload: .map([.init(.string("a"), .double(5))]))
        #expect(message.parts == [#""1""#, "2", "room:1", "e", #"{"a":5}"#])
        #expect(message.payload.kind == .term)
        struct Five: Decodable { let a: Int }
        #expect(try message.payload.decode(Five.self).a == 5)
        let odd = try ETFSerializer().decode(
            try Self.frame([.null, .list([.null]), .integer(7), .atom("true"), .integer(1)]), kind: .binary)
        #expect(odd.parts == ["null", "[null]", "other 7", "true", "1"])
    }

    @Test("a payload is a slice of its frame where every client reads it as it is, and written anew otherwise")
    func portable() throws {
        let payload = ETFTerm.map([.init(.string("a"), .null)])
        for style in [ETFStyle.client, .erlang] {
            let message = try Self.message(payload: payload, style)
            var expected = ByteBuffer()
            try payload.writeTerm(into: &expected, .client)
            #expect(message.payload.bytes == expected)
        }
    }

    @Test("a binary is bytes, both ways")
    func binary() throws {
        let message = try Self.message(payload: .binary(ByteBuffer(bytes: [0xFF])))
        #expect(message.payload == .binary([0xFF] as [UInt8]))
        var buffer = ByteBuffer()
        let push = OutboundMessage.broadcast(topic: "t", event: "e", payload: message.payload)
        #expect(try ETFSerializer().encode(push, into: &buffer) == .binary)
        let parts: [ETFTerm] = [.null, .null, .string("t"), .string("e"), .binary(ByteBuffer(bytes: [0xFF]))]
        #expect(try ETFTerm(decoding: buffer) == .list(parts))
    }

    @Test("names and refs have the limits that they have in JSON, whatever they are written as")
    func limits() throws {
        var limits = MessageLimits()
        limits.maxTopicBytes = 6
        limits.maxEventBytes = 6
        limits.keepsUnknownAtoms = true
        func code(topic: ETFTerm = .string("t"), event: ETFTerm = .string("e"), ref: ETFTerm = .null) throws
            -> ProtocolError.Code?
        {
            try Self.code([.null, ref, topic, event, .map([])], limits: limits)
        }
        #expect(try code(topic: .string("123456"), event: .string("123456")) == nil)
        #expect(try code(topic: .string("1234567")) == .topicTooLong)
        #expect(try code(event: .string("1234567")) == .eventTooLong)
        // Short as an atom, long as text.
        #expect(try code(event: .atom("\u{01}\u{01}")) == .eventTooLong)
        #expect(try code(ref: .string(String(repeating: "r", count: 251))) == nil)
        #expect(try code(ref: .string(String(repeating: "r", count: 255))) == .refTooLong)
        #expect(try code(ref: .string(String(repeating: "\u{01}", count: 60))) == .refTooLong)
    }

    @Test("what is no text where text is needed is of the wrong shape")
    func notText() throws {
        let bytes = ETFTerm.binary(ByteBuffer(bytes: [0xFF]))
        for place in 0..<4 {
            var parts: [ETFTerm] = [.null, .null, .string("t"), .string("e"), .map([])]
            parts[place] = bytes
            #expect(try Self.code(parts) == .wrongShape)
            parts[place] = .list([bytes])
            #expect(try Self.code(parts) == .wrongShape)
        }
    }

    @Test("terms become JSON values and back")
    func values() throws {
        let term = ETFTerm.map([
            .init(.string("a"), .tuple([.null, .atom("undefined"), .bool(true), .atom("ok"), .double(0.5)])),
            .init(.integer(1), .integer(Int128(UInt64.max))), .init(.atom("nil"), .list([])),
        ])
        let json = try JSON(term)
        #expect(
            json == [
                "a": [nil, nil, true, "ok", 0.5], "1": .number(18_446_744_073_709_551_616), "nil": [],
            ] as JSON)
        #expect(try JSON(#require(ETFTerm(json, depth: 64))) == json)
        for (bad, code) in [
            (ETFTerm.binary(ByteBuffer(bytes: [0xFF])), ETFError.Code.invalidUTF8), (.double(.nan), .badFloat),
            (.map([.init(.list([]), .null)]), .badKey),
        ] {
            let error = #expect(throws: ETFError.self) { try JSON(.list([bad])) }
            #expect(error?.code == code)
        }
    }

    @Test("bytes within a term have no form in JSON; the error says so")
    func notTranscodable() throws {
        let payload = try Self.message(payload: .map([.init(.string("a"), .binary(ByteBuffer(bytes: [0xFF])))])).payload
        for form in [{ _ = try payload.decode(JSON.self) }, { _ = try payload.converted(to: .json) }] {
            let error = #expect(throws: PayloadError.self) { try form() }
            #expect(error?.code == .notTranscodable)
        }
        #expect(payload.description == "<\(payload.count) bytes>")
    }
}
