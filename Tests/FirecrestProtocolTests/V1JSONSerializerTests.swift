// Firecrest — `{"topic":…,"event":…,"payload":…,"ref":…}` both ways (protocol notes, section 2.1)
// SPDX-License-Identifier: Apache-2.0

import FirecrestProtocol
import NIOCore
import Testing

@Suite("Serializer V1")
struct V1JSONSerializerTests {
    let serializer = V1JSONSerializer()

    @Test(
        "decodes objects with the four keys, and join_ref when it is there",
        arguments: [
            (
                #"{"topic":"room:1","event":"phx_join","payload":{"a":1},"ref":"1","join_ref":"2"}"#,
                [#""2""#, #""1""#, "room:1", "phx_join", #"{"a":1}"#]
            ),
            (#"{"topic":"t","event":"e","payload":{},"ref":"1"}"#, ["null", #""1""#, "t", "e", "{}"]),
            (#"{"topic":"t","event":"e","payload":{},"ref":null}"#, ["null", "null", "t", "e", "{}"]),
            // Keys in any order, others ignored, of duplicates the last.
            (
                #" { "ref" : 7, "x":[{"ref":1}], "payload":null, "event":"e", "topic":"a", "topic":"t" } "#,
                ["null", "7", "t", "e", "null"]
            ),
            // A key is the text it stands for.
            (#"{"\u0074opic":"t","event":"e","payload":[1, 2],"\u0072ef":1}"#, ["null", "1", "t", "e", "[1, 2]"]),
            (#"{"topic":7,"event":null,"payload":"x","ref":{}}"#, ["null", "{}", "other 7", "null", #""x""#]),
        ])
    func decodes(text: String, parts: [String]) throws {
        #expect(try serializer.decode(text).parts == parts)
        #expect(try serializer.decode(text, kind: .binary).parts == parts, "the opcode does not matter")
    }

    @Test(
        "refuses what is no such object",
        arguments: [
            ("", ProtocolError.Code.invalidJSON),
            (#"["1","2","t","e",{}]"#, .wrongShape),
            ("{}", .wrongShape),
            (#"{"event":"e","payload":{},"ref":"1"}"#, .wrongShape),
            (#"{"topic":"t","payload":{},"ref":"1"}"#, .wrongShape),
            (#"{"topic":"t","event":"e","ref":"1"}"#, .wrongShape),
            (#"{"topic":"t","event":"e","payload":{}}"#, .wrongShape),
            (#"{"topic":"t","event":"e","payload":{},"Ref":"1"}"#, .wrongShape),
            (#"{"topic":"t","event":"e","payload":{},"ref":"1""#, .invalidJSON),
            (#"{"topic":"t","event":"e","payload":{},"ref":"1",}"#, .invalidJSON),
            (#"{"topic":"t","event":"e","payload":{},"ref":"1"}{}"#, .invalidJSON),
        ])
    func refuses(text: String, code: ProtocolError.Code) {
        #expect(serializer.refusal(text) == code)
    }

    @Test("in a binary frame the text must be UTF-8, which nobody has checked before")
    func binaryFrameUTF8() {
        var frame = ByteBuffer(string: #"{"topic":"t","event":"e","payload":{"a":""#)
        frame.writeBytes([0xC3, 0x28])
        frame.writeString(#""},"ref":"1"}"#)
        let error = #expect(throws: ProtocolError.self) { try serializer.decode(frame, kind: .binary) }
        #expect(error?.code == .invalidJSON)
    }

    @Test(
        "encodes exactly four keys, and never a join_ref",
        arguments: [
            (
                OutboundSamples.reply,
                #"{"topic":"room:1","event":"phx_reply","payload":{"status":"ok","response":{"a":1}},"ref":"2"}"#
            ),
            (OutboundSamples.push, #"{"topic":"room:1","event":"new","payload":{"a":1},"ref":null}"#),
            (OutboundSamples.broadcast, #"{"topic":"room:1","event":"new","payload":{"a":1},"ref":null}"#),
            (OutboundSamples.close, #"{"topic":"room:1","event":"phx_close","payload":{},"ref":"1"}"#),
            (
                OutboundMessage.reply(
                    joinRef: .null, ref: Ref(json: "14"), topic: .other(json: "7"), status: "x", payload: .empty),
                #"{"topic":7,"event":"phx_reply","payload":{"status":"x","response":{}},"ref":14}"#
            ),
            // V1 has no check that a payload is an object.
            (
                OutboundSamples.push(OutboundSamples.payload("[1]")),
                #"{"topic":"room:1","event":"new","payload":[1],"ref":null}"#
            ),
        ])
    func encodes(message: OutboundMessage, text: String) throws {
        #expect(try serializer.encoded(message) == text)
    }

    @Test("bytes cannot travel with it")
    func binary() {
        for message in [
            OutboundSamples.push(OutboundSamples.binary), OutboundSamples.broadcast(OutboundSamples.binary),
            OutboundSamples.reply(OutboundSamples.binary),
        ] {
            let error = #expect(throws: PayloadError.self) { try serializer.encoded(message) }
            #expect(error?.code == .kindNotSupported)
        }
    }
}
