// Firecrest — JSON values: literals, access, Codable, parsing and writing
// SPDX-License-Identifier: Apache-2.0

import FirecrestWire
import NIOCore
import Testing

@testable import FirecrestProtocol

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

@Suite("JSON value")
struct JSONTests {
    static func parsed(_ text: String, limits: JSONLimits = JSONLimits()) throws(JSONError) -> JSON {
        try JSON(parsing: ByteBuffer(string: text), limits: limits)
    }

    static func written(_ json: JSON) throws(JSONError) -> String {
        var buffer = ByteBuffer()
        try json.write(into: &buffer)
        return String(buffer: buffer)
    }

    @Test("is written as Swift literals")
    func literals() {
        let name = "Ada"
        let json: JSON = ["n": nil, "b": true, "i": 7, "d": 2.5, "s": "x", "name": "\(name)!", "a": [1, "2", [:], []]]
        #expect(
            json
                == .object([
                    "n": .null, "b": .bool(true), "i": .integer(7), "d": .number(2.5), "s": .string("x"),
                    "name": .string("Ada!"),
                    "a": .array([.integer(1), .string("2"), .object([:]), .array([])]),
                ]))
    }

    @Test("a literal with duplicate keys keeps the last and does not trap")
    func duplicateLiteral() {
        let json: JSON = ["a": 1, "a": 2]
        #expect(json == .object(["a": 2]))
    }

    @Test("is read through optionals: absent or of another kind is nil")
    func access() {
        let json: JSON = ["user": ["id": 7, "ok": true, "score": 2.5], "list": [1, nil], "none": nil]
        #expect(json["user"]?["id"]?.intValue == 7)
        #expect(json["user"]?["id"]?.doubleValue == 7)
        #expect(json["user"]?["score"]?.doubleValue == 2.5)
        #expect(json["user"]?["score"]?.intValue == nil)
        #expect(json["user"]?["ok"]?.boolValue == true)
        #expect(json["user"]?["id"]?.stringValue == nil)
        #expect(json["user"]?["id"]?.boolValue == nil)
        #expect(json["list"]?[0] == 1)
        #expect(json["list"]?[1]?.isNull == true)
        for index in [2, -1, .max, .min] { #expect(json["list"]?[index] == nil) }
        #expect(json["list"]?["0"] == nil)
        #expect(json[0] == nil)
        #expect(json["none"]?.isNull == true)
        #expect(json["missing"] == nil)
        #expect(json["list"]?.arrayValue?.count == 2)
        #expect(json["list"]?.objectValue == nil)
        #expect(json.objectValue?.count == 3)
        #expect(JSON.string("x")["x"]?.arrayValue == nil)
    }

    @Test("intValue is exact or nil, for every Double")
    func intValue() {
        #expect(JSON.number(5).intValue == 5)
        for value in [5.5, .nan, .infinity, -.infinity, 1e300] { #expect(JSON.number(value).intValue == nil) }
        #expect(JSON.integer(.min).intValue == Int.min)
    }

    @Test(
        "is parsed from bytes",
        arguments: [
            ("null", nil), (" true ", true), ("false", false), ("0", 0), ("-0", 0), ("-12", -12),
            ("9223372036854775807", .integer(.max)), ("-9223372036854775808", .integer(.min)),
            ("9223372036854775808", .number(9_223_372_036_854_775_808)),
            ("-9223372036854775809", .number(-9_223_372_036_854_775_808)),
            ("1.0", .number(1)), ("1e2", .number(100)), ("1E-2", .number(0.01)), ("1e-400", .number(0)), ("\"\"", ""),
            (#""a\"\\\u0041😀""#, "a\"\\A😀"), ("[]", []), ("{}", [:]), ("[ ]", []), ("[[],{},[[1]]]", [[], [:], [[1]]]),
            (#"[1,"2",{"a":[null,{}]},"b"]"#, [1, "2", ["a": [nil, [:]]], "b"]),
            (#" { "a" : 1 , "b" : { "c" : [ true ] } , "d" : "e" } "#, ["a": 1, "b": ["c": [true]], "d": "e"]),
            (#"{"a":1,"\u0061":2}"#, ["a": 2]), (#"{"":{"":""}}"#, ["": ["": ""]]),
            (#"{"[":"]","\\":"\""}"#, ["[": "]", "\\": "\""]),
        ] as [(String, JSON)])
    func parsing(_ text: String, _ json: JSON) throws {
        #expect(try Self.parsed(text) == json)
    }

    @Test(
        "is refused for the same reasons as by the validator",
        arguments: ["", "[1,]", "{\"a\"}", "1e400", #""\ud800""#, "[] []", "nul"])
    func refusals(_ text: String) {
        let expected: JSONError?
        do throws(JSONError) {
            try JSONValidator.validate(Array(text.utf8).span, limits: JSONLimits())
            expected = nil
        } catch { expected = error }
        do throws(JSONError) {
            _ = try Self.parsed(text)
            Issue.record("\(text) was accepted")
        } catch { #expect(error == expected) }
    }

    @Test("is refused when a string or key is no UTF-8, as JSON in a binary frame may be")
    func invalidUTF8() {
        #expect(throws: JSONError(.invalidUTF8, at: 1)) {
            try JSON(parsing: ByteBuffer(bytes: [0x5B, 0x22, 0xFF, 0x22, 0x5D]))
        }
        #expect(throws: JSONError(.invalidUTF8, at: 1)) {
            try JSON(parsing: ByteBuffer(bytes: [0x7B, 0x22, 0xC3, 0x22, 0x3A, 0x31, 0x7D]))
        }
    }

    @Test("parses and writes as deep as the limit, and not deeper", arguments: [1, 2, 128, 1_024])
    func depth(_ depth: Int) throws {
        let limits = JSONLimits(maxDepth: depth)
        for (opening, closing) in [("[", "]"), ("{\"a\":", "}")] {
            func nested(_ depth: Int) -> String {
                String(repeating: opening, count: depth) + "1" + String(repeating: closing, count: depth)
            }
            let json = try Self.parsed(nested(depth), limits: limits)
            var buffer = ByteBuffer()
            try json.write(into: &buffer, limits: limits)
            #expect(String(buffer: buffer) == nested(depth))
            #expect(throws: JSONError(.tooDeep, at: depth * opening.utf8.count, limit: depth)) {
                try Self.parsed(nested(depth + 1), limits: limits)
            }
            #expect(throws: JSONError.self) { try JSON.array([json]).write(into: &buffer, limits: limits) }
            #expect(String(buffer: buffer) == nested(depth))
        }
        #expect(throws: JSONError.self) { try Self.parsed(String(repeating: "[", count: 100_000)) }
    }

    @Test(
        "is written without whitespace, keys sorted, so equal values have equal bytes",
        arguments: [
            (nil, "null"), ([true, false], "[true,false]"), (["b": 1, "a": 2, "c": [:]], #"{"a":2,"b":1,"c":{}}"#),
            ([], "[]"), ([[], [[:]]], "[[],[{}]]"), ("a\"\n", #""a\"\n""#), (.integer(.min), "-9223372036854775808"),
            (2.5, "2.5"), (5.0, "5.0"), (1e20, "1e+20"), (["\"": "/"], #"{"\"":"/"}"#),
        ] as [(JSON, String)])
    func writing(_ json: JSON, _ text: String) throws {
        #expect(try Self.written(json) == text)
        #expect(try Self.parsed(text) == json)
    }

    @Test("NaN and the infinities cannot be written, and what was written before stays alone")
    func notFinite() {
        for value in [Double.nan, .infinity, -.infinity] {
            var buffer = ByteBuffer(string: "x")
            #expect(throws: JSONError.self) { try JSON.array([1, .number(value)]).write(into: &buffer) }
            #expect(String(buffer: buffer) == "x")
        }
    }

    @Test("passes through Codable unchanged")
    func codable() throws {
        let json: JSON = [
            "n": nil, "b": true, "i": 7, "d": 2.5, "s": "x", "a": [1, "2", [:], []], "big": .integer(.max),
        ]
        #expect(try JSONDecoder().decode(JSON.self, from: JSONEncoder().encode(json)) == json)
        let scalars: [JSON] = [nil, true, 0, 1, -2.5, ""]
        for scalar in scalars {
            #expect(try JSONDecoder().decode(JSON.self, from: JSONEncoder().encode(scalar)) == scalar)
        }
    }

    @Test("is a member of other Codable types")
    func member() throws {
        struct Message: Codable, Equatable {
            var name: String
            var extra: JSON
            var absent: JSON?
        }
        let message = try JSONDecoder().decode(Message.self, from: Data(#"{"name":"x","extra":{"a":[1,null]}}"#.utf8))
        #expect(message == Message(name: "x", extra: ["a": [1, nil]], absent: nil))
    }
}
