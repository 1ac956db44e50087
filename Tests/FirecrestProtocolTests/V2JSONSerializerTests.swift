// Firecrest — `[join_ref, ref, topic, event, payload]` both ways (protocol notes, section 2.2)
// SPDX-License-Identifier: Apache-2.0

import FirecrestProtocol
import NIOCore
import Testing

@Suite("Serializer V2")
struct V2JSONSerializerTests {
    let serializer = V2JSONSerializer()

    @Test(
        "decodes arrays of five",
        arguments: [
            (#"["1","2","room:1","phx_join",{"a":1}]"#, [#""1""#, #""2""#, "room:1", "phx_join", #"{"a":1}"#]),
            (#"[null,"1","phoenix","heartbeat",{}]"#, ["null", #""1""#, "phoenix", "heartbeat", "{}"]),
            // Refs keep their type and their text.
            (#"[10,14,"t","e",{}]"#, ["10", "14", "t", "e", "{}"]),
            (#"[1.50,{"a": [1]},"t","e",{}]"#, ["1.50", #"{"a": [1]}"#, "t", "e", "{}"]),
            (#"["","\u0031","t","e",{}]"#, [#""""#, #""\u0031""#, "t", "e", "{}"]),
            // Any payload, with the bytes it came with.
            (#"["1","2","t","e",null]"#, [#""1""#, #""2""#, "t", "e", "null"]),
            (#"["1","2","t","e",[1, 2]]"#, [#""1""#, #""2""#, "t", "e", "[1, 2]"]),
            (#"["1","2","t","e", { "a" : 1 } ]"#, [#""1""#, #""2""#, "t", "e", #"{ "a" : 1 }"#]),
            // Escapes in topic and event are decoded.
            (#"["1","2","r\u00e4ume:\"1\"","e\/f",{}]"#, [#""1""#, #""2""#, "räume:\"1\"", "e/f", "{}"]),
            // No type checks: what is no string matches nothing.
            (#"["1","2",7,"e",{}]"#, [#""1""#, #""2""#, "other 7", "e", "{}"]),
            (#"["1","2",null,"e",{}]"#, [#""1""#, #""2""#, "other null", "e", "{}"]),
            (#"["1","2",["a"],8,{}]"#, [#""1""#, #""2""#, #"other ["a"]"#, "8", "{}"]),
            (#"["1","2","","",{}]"#, [#""1""#, #""2""#, "", "", "{}"]),
            // Elements after the fifth are ignored.
            (#"["1","2","t","e",{},6,[7]]"#, [#""1""#, #""2""#, "t", "e", "{}"]),
            ("\n [ \"1\" ,\t\"2\",\"t\",\"e\",{}\r\n]  ", [#""1""#, #""2""#, "t", "e", "{}"]),
        ])
    func decodes(text: String, parts: [String]) throws {
        #expect(try serializer.decode(text).parts == parts)
    }

    @Test(
        "refuses what is no such array",
        arguments: [
            ("", ProtocolError.Code.invalidJSON),
            ("not json", .wrongShape),
            (#"["1","2","t","e",{}"#, .invalidJSON),
            (#"["1","2","t","e",{}]]"#, .invalidJSON),
            (#"["1","2","t","e",{a:1}]"#, .invalidJSON),
            (#"["1","2","t","e",{}] x"#, .invalidJSON),
            (#"["1","2","t","e",01]"#, .invalidJSON),
            (#"["1","2","t","e",{},]"#, .invalidJSON),
            (#"["1","2","t","\x",{}]"#, .invalidJSON),
            ("[]", .wrongShape),
            (#"["1","2","t"]"#, .wrongShape),
            (#"["1","2","t","e"]"#, .wrongShape),
            (#"{"topic":"t","event":"e","payload":{},"ref":"1"}"#, .wrongShape),
            (#""text""#, .wrongShape),
            ("null", .wrongShape),
        ])
    func refuses(text: String, code: ProtocolError.Code) {
        #expect(serializer.refusal(text) == code)
    }

    @Test("refuses JSON in a binary frame")
    func refusesBinary() {
        #expect(serializer.refusal(#"["1","2","t","e",{}]"#, kind: .binary) == .invalidBinary)
    }

    @Test(
        "encodes what a server sends",
        arguments: [
            (OutboundSamples.reply, #"["1","2","room:1","phx_reply",{"status":"ok","response":{"a":1}}]"#),
            (OutboundSamples.push, #"["1",null,"room:1","new",{"a":1}]"#),
            (OutboundSamples.broadcast, #"[null,null,"room:1","new",{"a":1}]"#),
            (OutboundSamples.close, #"["1","1","room:1","phx_close",{}]"#),
            (
                OutboundMessage.reply(
                    joinRef: .null, ref: Ref(json: "14"), topic: .other(json: "7"), status: "we\"ird",
                    payload: OutboundSamples.payload("[1, null]")),
                #"[null,14,7,"phx_reply",{"status":"we\"ird","response":[1, null]}]"#
            ),
            (
                OutboundMessage.push(joinRef: Ref(json: "1.50"), topic: "a\"b\n", event: "ü\\", payload: .empty),
                #"[1.50,null,"a\"b\n","ü\\",{}]"#
            ),
        ])
    func encodes(message: OutboundMessage, text: String) throws {
        #expect(try serializer.encoded(message) == text)
    }

    @Test(
        "a reply may be any JSON; a push or broadcast that is no object is refused",
        arguments: ["null", "[]", "1", "\"{\""])
    func objectsOnly(text: String) throws {
        let payload = OutboundSamples.payload(text)
        #expect(
            try serializer.encoded(OutboundSamples.reply(payload))
                == #"["1","2","room:1","phx_reply",{"status":"ok","response":\#(text)}]"#)
        for message in [OutboundSamples.push(payload), OutboundSamples.broadcast(payload)] {
            let error = #expect(throws: PayloadError.self) { try serializer.encoded(message) }
            #expect(error?.code == .notAnObject)
            #expect(error?.detail.contains("\"new\"") == true)
        }
    }
}
