// Firecrest — payloads: made, decoded, copied
// SPDX-License-Identifier: Apache-2.0

import FirecrestProtocol
import NIOCore
import Testing

@Suite("Payload")
struct PayloadTests {
    struct Note: Codable, Equatable, SendableMetatype {
        var text: String
        var stars: Int
    }

    static func json(_ text: String) -> Payload { Payload(kind: .json, bytes: ByteBuffer(string: text)) }

    @Test("from a Codable value, and back")
    func codable() throws {
        let note = Note(text: "grüße \"x\"\n", stars: 3)
        let payload = try Payload(encoding: note)
        #expect(payload.kind == .json)
        #expect(try payload.decode(Note.self) == note)
        #expect(try payload.decode(JSON.self) == ["text": "grüße \"x\"\n", "stars": 3])
    }

    @Test("from JSON, and back: members in the order of their keys, so equal values are equal bytes")
    func json() throws {
        let payload = try Payload(["b": [1, 2.5, nil, true], "a": "x"])
        #expect(payload.description == #"{"a":"x","b":[1,2.5,null,true]}"#)
        #expect(try payload.decode() as JSON == ["a": "x", "b": [1, 2.5, nil, true]])
        #expect(try Payload(encoding: JSON.object(["a": 1])) == Payload(["a": 1]))
    }

    @Test("values that are no objects: null, numbers, text, arrays")
    func scalars() throws {
        #expect(try Self.json("null").decode(JSON.self) == .null)
        #expect(try Self.json(" 7 ").decode(Int.self) == 7)
        #expect(try Self.json("\"x\"").decode(String.self) == "x")
        #expect(try Self.json("[1,2]").decode([Int].self) == [1, 2])
        #expect(try Payload(encoding: [1, 2]).description == "[1,2]")
        #expect(try Payload(encoding: "x").description == "\"x\"")
    }

    @Test(
        "JSON of another shape cannot be decoded",
        arguments: ["{}", "null", "[]", #"{"text":1,"stars":2}"#, #"{"text":"x","stars":"2"}"#, #"{"text":"x"}"#])
    func otherShape(text: String) {
        let error = #expect(throws: PayloadError.self) { try Self.json(text).decode(Note.self) }
        #expect(error?.code == .notDecodable)
        #expect(error?.detail.contains("Note") == true)
    }

    @Test("bytes are not JSON, and say so")
    func wrongKind() {
        let payload = Payload.binary(ByteBuffer(string: "{}"))
        let error = #expect(throws: PayloadError.self) { try payload.decode(JSON.self) }
        #expect(error?.code == .wrongKind)
        #expect(error?.detail == "expected JSON, got 2 bytes of binary")
        #expect(payload.description == "<2 bytes>")
    }

    @Test("what JSON has no form for cannot be encoded", arguments: [Double.nan, .infinity, -.infinity])
    func notRepresentable(number: Double) {
        let fromJSON = #expect(throws: PayloadError.self) { try Payload(["n": .number(number)]) }
        #expect(fromJSON?.code == .notRepresentable)
        let fromEncodable = #expect(throws: PayloadError.self) { try Payload(encoding: ["n": number]) }
        #expect(fromEncodable?.code == .notRepresentable)
    }

    @Test("an error reads as its code and what happened")
    func errorDescription() {
        #expect(
            PayloadError(code: .notAnObject, detail: "an array").description == "payload_not_an_object: an array")
    }

    @Test(
        "is a JSON object when its first byte that is no space opens one",
        arguments: [
            ("{}", true), (" \n\r\t{\"a\":1}", true), ("[]", false), ("null", false), ("\"{\"", false), ("1", false),
            ("", false), ("  ", false),
        ])
    func isObject(text: String, isObject: Bool) {
        #expect(Self.json(text).isObject == isObject)
        #expect(!Payload.binary(ByteBuffer(string: text)).isObject)
    }

    @Test("a copy has the same content in memory of its own size")
    func copied() {
        var large = ByteBuffer(repeating: 0x20, count: 60_000)
        large.writeString("{\"a\":1}")
        let slice = large.getSlice(at: 60_000, length: 7) ?? ByteBuffer()
        let payload = Payload(kind: .json, bytes: slice)
        let copy = payload.copied()
        #expect(copy == payload)
        #expect(copy.bytes.storageCapacity < 100)
    }
}
