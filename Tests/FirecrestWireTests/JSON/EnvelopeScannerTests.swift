// Firecrest — where the scanner finds the parts of a message, in both text formats
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import FirecrestWire

@Suite("Envelope scanner")
struct EnvelopeScannerTests {
    /// An envelope as the texts of its ranges.
    struct Parts: Equatable, CustomStringConvertible {
        var joinRef: String?
        var ref, topic, event, payload: String

        init(_ joinRef: String?, _ ref: String, _ topic: String, _ event: String, _ payload: String) {
            (self.joinRef, self.ref, self.topic, self.event, self.payload) = (joinRef, ref, topic, event, payload)
        }

        init(_ envelope: Envelope, of bytes: [UInt8]) {
            func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }
            self.init(
                envelope.joinRef.map(text), text(envelope.ref), text(envelope.topic), text(envelope.event),
                text(envelope.payload))
        }

        var description: String { "\(joinRef ?? "-") \(ref) \(topic) \(event) \(payload)" }
    }

    static func scan(
        _ text: String, object: Bool = false, limits: JSONLimits = JSONLimits()
    ) throws(JSONError) -> Parts {
        let bytes = Array(text.utf8)
        let envelope =
            object
            ? try EnvelopeScanner.scanObject(bytes.span, limits: limits)
            : try EnvelopeScanner.scanArray(bytes.span, limits: limits)
        return Parts(envelope, of: bytes)
    }

    static func code(_ text: String, object: Bool = false, limits: JSONLimits = JSONLimits()) -> JSONError.Code? {
        do throws(JSONError) {
            _ = try scan(text, object: object, limits: limits)
            return nil
        } catch {
            return error.code
        }
    }

    @Test(
        "V2: the five elements, of any type, without the whitespace around them (§2.2)",
        arguments: [
            (
                #"["1","5","room:1","new_msg",{"d":"x"}]"#,
                Parts(#""1""#, #""5""#, #""room:1""#, #""new_msg""#, #"{"d":"x"}"#)
            ),
            (#"[null,null,"t","e",{}]"#, Parts("null", "null", #""t""#, #""e""#, "{}")),
            (#"[1,-2.5,true,[],null]"#, Parts("1", "-2.5", "true", "[]", "null")),
            (" [ 1 ,\t2 ,\n3\r, 4 , [ 5 ] ] ", Parts("1", "2", "3", "4", "[ 5 ]")),
            (#"[1,2,3,4,"\"]"]"#, Parts("1", "2", "3", "4", #""\"]""#)),
            (#"[1,2,3,4,5,6,{"7":8}]"#, Parts("1", "2", "3", "4", "5")),
            (#"[{"a":[1]},2,3,4,[[],{}]]"#, Parts(#"{"a":[1]}"#, "2", "3", "4", "[[],{}]")),
        ])
    func array(_ text: String, _ parts: Parts) throws {
        #expect(try Self.scan(text) == parts)
    }

    @Test(
        "V2: refuses other shapes and anything that is no JSON, after the fifth element too",
        arguments: [
            ("[]", .tooFewElements), ("[1]", .tooFewElements), ("[1,2,3,4]", .tooFewElements), ("{}", .notAnArray),
            ("1", .notAnArray), ("null", .notAnArray), ("\"[1,2,3,4,5]\"", .notAnArray), ("", .unexpectedEnd),
            ("[1,2,3,4,5", .unexpectedEnd), ("[1,2,3,4,5,", .unexpectedEnd), ("[1,2,3,4,5,]", .unexpectedByte),
            ("[1,2,3,4,5}", .unexpectedByte), ("[1,2,3,4,5] 6", .trailingBytes), ("[1,2,3,4,5,6,x]", .unexpectedByte),
            ("[1,2,3,4,{\"a\":tru}]", .unexpectedByte), ("[1,2,3,4,{\"a\":1e400}]", .numberOutOfRange),
            ("[1,2,3,4,\"\\ud800\"]", .loneSurrogate), ("[1,2,3,4,5,\"\u{1}\"]", .controlCharacter),
        ] as [(String, JSONError.Code)])
    func notArray(_ text: String, _ code: JSONError.Code) {
        #expect(Self.code(text) == code)
    }

    @Test(
        "V1: the keys in any order, join_ref optional (§2.1)",
        arguments: [
            (
                #"{"topic":"room:1","event":"e","payload":{"a":1},"ref":"1","join_ref":"2"}"#,
                Parts(#""2""#, #""1""#, #""room:1""#, #""e""#, #"{"a":1}"#)
            ),
            (#"{"ref":null,"payload":[],"event":1,"topic":true}"#, Parts(nil, "null", "true", "1", "[]")),
            (#"{"join_ref":null,"ref":1,"payload":2,"event":3,"topic":4}"#, Parts("null", "1", "4", "3", "2")),
            (" { \"ref\" : 1 , \"payload\" : { } , \"event\" : 3 , \"topic\" : 4 } ", Parts(nil, "1", "4", "3", "{ }")),
            (
                #"{"":0,"x":{"ref":9},"ref":1,"payload":2,"event":3,"topic":4,"payloads":5,"REF":6}"#,
                Parts(nil, "1", "4", "3", "2")
            ),
            (#"{"ref":1,"payload":2,"event":3,"topic":4,"ref":5,"payload":6}"#, Parts(nil, "5", "4", "3", "6")),
            (
                #"{"\u0072ef":1,"pay\u006Coad":2,"\u0065vent":3,"topi\u0063":4,"join\u005fref":5}"#,
                Parts("5", "1", "4", "3", "2")
            ),
            (#"{"ref":1,"payload":2,"event":3,"topic":4,"re\u0066":7}"#, Parts(nil, "7", "4", "3", "2")),
            (
                #"{"ref":1,"payload":2,"event":3,"topic":4,"ref\u0000":7,"\u0000ref":8,"re\f":9}"#,
                Parts(nil, "1", "4", "3", "2")
            ),
        ])
    func object(_ text: String, _ parts: Parts) throws {
        #expect(try Self.scan(text, object: true) == parts)
    }

    @Test(
        "V1: refuses other shapes and anything that is no JSON, under unknown keys too",
        arguments: [
            ("{}", .missingKey), (#"{"topic":1,"event":2,"payload":3}"#, .missingKey),
            (#"{"topic":1,"event":2,"ref":3}"#, .missingKey), (#"{"topic":1,"payload":2,"ref":3}"#, .missingKey),
            (#"{"event":1,"payload":2,"ref":3,"join_ref":4}"#, .missingKey), ("[1,2,3,4,5]", .notAnObject),
            ("", .unexpectedEnd), (#"{"topic":1,"event":2,"payload":3,"ref":4"#, .unexpectedEnd),
            (#"{"topic":1,"event":2,"payload":3,"ref":4]"#, .unexpectedByte),
            (#"{"topic":1,"event":2,"payload":3,"ref":4,}"#, .unexpectedByte),
            (#"{"topic":1,"event":2,"payload":3,"ref":4}}"#, .trailingBytes),
            (#"{"topic":1,"event":2,"payload":3,"ref":4,"x":[1,]}"#, .unexpectedByte),
            (#"{"topic":1,"event":2,"payload":3,"ref":4,"\x":1}"#, .badEscape),
        ] as [(String, JSONError.Code)])
    func notObject(_ text: String, _ code: JSONError.Code) {
        #expect(Self.code(text, object: true) == code)
    }

    @Test("depth counts the envelope as one level")
    func depth() {
        let limits = JSONLimits(maxDepth: 3)
        #expect(Self.code("[1,2,3,4,[[]]]", limits: limits) == nil)
        #expect(Self.code("[1,2,3,4,[[[]]]]", limits: limits) == .tooDeep)
        #expect(Self.code(#"{"topic":1,"event":2,"ref":3,"payload":[[]]}"#, object: true, limits: limits) == nil)
        #expect(Self.code(#"{"topic":1,"event":2,"ref":3,"payload":[[{}]]}"#, object: true, limits: limits) == .tooDeep)
        #expect(Self.code("[1,2,3,4,5]", limits: JSONLimits(maxDepth: 0)) == .tooDeep)
        #expect(Self.code("[1,2,3,4,5]", limits: JSONLimits(maxDepth: 1)) == nil)
    }

    @Test("every truncation of a message is refused")
    func truncations() {
        let array = Array(#" ["1",null,"room:lobby","new_msg",{"d":"\ud83d\ude00 é","n":[-1.5e+3,true,{}]},6]"#.utf8)
        let object = Array(
            #" {"topic":"room:1","event":"\n","payload":{"a":[1.25e-2,false]},"ref":"1","join_ref":null}"#.utf8)
        #expect(throws: Never.self) { try EnvelopeScanner.scanArray(array.span) }
        #expect(throws: Never.self) { try EnvelopeScanner.scanObject(object.span) }
        for count in 0..<array.count {
            #expect(throws: JSONError.self) { try EnvelopeScanner.scanArray(Array(array.prefix(count)).span) }
        }
        for count in 0..<object.count {
            #expect(throws: JSONError.self) { try EnvelopeScanner.scanObject(Array(object.prefix(count)).span) }
        }
    }
}
