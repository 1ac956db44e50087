// Firecrest — Phoenix messages: what they are, and what is wrong with them
// SPDX-License-Identifier: Apache-2.0

import FirecrestProtocol
import FirecrestWire
import NIOCore
import Testing

@testable import FirecrestCLI

@Suite("inspect: Phoenix")
struct EnvelopeInspectionTests {
    private func envelope(_ text: String, from source: Source) throws -> EnvelopeFinding {
        let frame =
            source == .client ? Bytes.client(.text, Bytes.text(text)) : Bytes.server(.text, Bytes.text(text))
        let inspected = try Inspected(frame, from: source)
        #expect(inspected.problems == [])
        return try #require(inspected.frames.first?.message?.envelope)
    }

    @Test(
        "what a message is for",
        arguments: [
            (#"["1","1","room:1","phx_join",{}]"#, Source.client, EnvelopeFinding.Meaning.join),
            (#"["1","2","room:1","phx_leave",{}]"#, .client, .leave),
            (#"[null,"3","phoenix","heartbeat",{}]"#, .client, .heartbeat),
            (#"["1","4","room:1","heartbeat",{}]"#, .client, .push),
            (#"{"topic":"room:1","event":"phx_join","payload":{},"ref":1}"#, .client, .join),
            (#"["1","1","room:1","phx_reply",{"status":"ok","response":{}}]"#, .server, .reply(status: "ok")),
            (#"["1","1","room:1","phx_close",{}]"#, .server, .close),
            (#"["1","1","room:1","phx_error",{}]"#, .server, .error),
            (#"["1",null,"room:1","welcome",{}]"#, .server, .serverPush),
            (#"[null,null,"room:1","news",{}]"#, .server, .broadcast),
            (#"{"topic":"room:1","event":"news","payload":{},"ref":null}"#, .server, .pushOrBroadcast),
        ])
    func recognises(text: String, source: Source, meaning: EnvelopeFinding.Meaning) throws {
        #expect(try envelope(text, from: source).meaning == meaning)
    }

    @Test("the parts as they came")
    func showsParts() throws {
        let found = try envelope(#"[10,"2","r\u00e4ume","e",{"a":[1]}]"#, from: .client)
        #expect(found.joinRef == "10" && found.ref == #""2""#)
        #expect(found.topic == "räume" && found.event == "e")
        #expect(found.payload.description == #"{"a":[1]}"#)
        #expect(found.format == .v2)
    }

    @Test(
        "binary messages of appendix A.1",
        arguments: [
            (
                "00 01 01 06 04 37 39 726f6f6d3a31 626c6f62 dead", Source.client, EnvelopeFinding.Meaning.push,
                Optional("9"),
                "dead"
            ),
            ("01 01 01 06 02 37 39 726f6f6d3a31 6f6b beef", .server, .reply(status: "ok"), .some("9"), "beef"),
            ("00 01 06 03 37 726f6f6d3a31 696d67 0102", .server, .serverPush, nil, "0102"),
            ("02 06 03 726f6f6d3a31 696d67 0102", .server, .broadcast, nil, "0102"),
        ])
    func readsBinary(
        hex: String, source: Source, meaning: EnvelopeFinding.Meaning, ref: String?, data: String
    ) throws {
        let bytes = try HexText.bytes(hex.utf8)
        let frame = source == .client ? Bytes.client(.binary, bytes) : Bytes.server(.binary, bytes)
        let inspected = try Inspected(frame, from: source)
        #expect(inspected.problems == [])
        let found = try #require(inspected.frames.first?.message?.envelope)
        #expect(found.format == .v2Binary && found.meaning == meaning && found.topic == "room:1")
        #expect(found.ref == ref)
        #expect(Preview.hex(found.payload.bytes, limit: 9) == data)
        // The size bytes, one by one, where they stand in the input.
        let start = inspected.frames[0].payloadOffset
        #expect(found.headerBytes.map(\.offset) == found.headerBytes.indices.map { start + $0 })
        #expect(found.headerBytes.map(\.value) == Array(bytes.readableBytesView.prefix(found.headerBytes.count)))
        #expect(found.headerBytes.last?.name == (meaning == .reply(status: "ok") ? "status size" : "event size"))
    }

    @Test("messages without frames, whose direction shows in their form")
    func readsBareMessages() throws {
        for (hex, source) in [
            ("0001010604 3739 726f6f6d3a31 626c6f62 dead", Source.client),
            ("000106033 7726f6f6d3a31 696d67 0102".replacing(" ", with: ""), .server),
            ("02 06 03 726f6f6d3a31 696d67 0102", .server),
        ] {
            var found: Source?
            var conversation = Conversation(settings: InspectSettings()) { finding in
                if case .message(_, let source, _) = finding { found = source }
            }
            let summary = conversation.readMessage(
                Capture(name: "test", bytes: try HexText.bytes(hex.utf8)), kind: .binary, from: nil)
            #expect(found == source && summary.problems == 0, "\(hex)")
        }
    }

    @Test(
        "what is wrong, at its byte of the input",
        arguments: [
            (#"["1","2","t","e",{"a":01}]"#, "invalid_json/badNumber", 22),
            (#"["1","2","t","e"]"#, "invalid_json/tooFewElements", 16),
            (#"{"topic":"t"}"#, "invalid_json/notAnArray", 0),
            (#"["1","2","t","e",{}"#, "invalid_json/unexpectedEnd", 19),
        ])
    func namesErrors(text: String, kind: String, position: Int) throws {
        var settings = InspectSettings()
        settings.phoenix = .version(.v2)
        let inspected = try Inspected(Bytes.client(.text, Bytes.text(text)), settings: settings)
        #expect(inspected.problems == ["\(kind)@\(6 + position)"])
        #expect(inspected.problem(kind)?.consequence == "closes with 1011")
        // Without a version nothing says that this is Phoenix.
        #expect(try Inspected(Bytes.client(.text, Bytes.text(text))).problems == [])
    }

    @Test("the byte is found over fragments")
    func namesErrorsInFragments() throws {
        var settings = InspectSettings()
        settings.phoenix = .version(.v2)
        // ["1","2","t","e",! : the wrong byte is the third of the second frame.
        let first = ByteBuffer(bytes: [0x01, 0x0F] + Array(#"["1","2","t","e"#.utf8.prefix(15)))
        let rest = ByteBuffer(bytes: [0x80, 0x03] + Array("\",!".utf8))
        let inspected = try Inspected(Bytes.joined(first, rest), settings: settings)
        #expect(inspected.problems == ["invalid_json/unexpectedByte@21"])
    }

    @Test("limits of the serializer")
    func namesLimits() throws {
        var settings = InspectSettings()
        settings.phoenix = .version(.v2)
        settings.messageLimits.maxTopicBytes = 4
        let inspected = try Inspected(
            Bytes.client(.text, Bytes.text(#"["1","2","room:1","e",{}]"#)), settings: settings)
        #expect(inspected.problems == ["topic_too_long@6"])
    }

    @Test("binary headers that are wrong")
    func namesBinaryErrors() throws {
        var settings = InspectSettings()
        settings.phoenix = .version(.v2)
        for (hex, kind, position) in [
            ("05 00", "invalid_binary/unknownKind", 0), ("00 01", "invalid_binary/headerTooShort", 2),
            ("00 01 01 ff 04 37 39 72", "invalid_binary/fieldsPastEnd", 3),
            ("00 01 00 00 00 ff", "invalid_binary/invalidUTF8", 5),
        ] {
            let inspected = try Inspected(Bytes.client(.binary, try HexText.bytes(hex.utf8)), settings: settings)
            #expect(inspected.problems == ["\(kind)@\(6 + position)"])
        }
    }

    @Test("each line of --json is an object with the same facts")
    func writesJSON() throws {
        let frame = Bytes.client(.text, Bytes.text(#"["1","2","room:1","echo",{"a":1}]"#))
        let lines = try Inspected(Bytes.joined(frame, try HexText.bytes("83 80 00 00 00 00".utf8))).json
        let objects = try lines.map { try JSON(parsing: ByteBuffer(string: $0)) }
        #expect(objects.map { $0["type"]?.stringValue } == ["stream", "frame", "frame", "summary"])
        let phoenix = objects[1]["message"]?["phoenix"]
        #expect(phoenix?["topic"] == "room:1" && phoenix?["ref"] == "2" && phoenix?["payload"] == ["a": 1])
        #expect(objects[1]["mask_key"] == "37fa213d" && objects[1]["fin"] == true && objects[1]["header_bytes"] == 6)
        let error = objects[2]["errors"]?[0]
        #expect(error?["kind"] == "frame_reserved_opcode" && error?["rule"] == "RFC 6455 §5.2")
        #expect(error?["offset"]?.intValue == frame.readableBytes)
        #expect(objects[3]["errors"] == 1 && objects[3]["frames"] == 2)
    }

    @Test("captured bytes cannot steer the terminal")
    func escapesControls() throws {
        let inspected = try Inspected(Bytes.server(.text, Bytes.text("\u{1B}[2J\u{202E}x\u{9B}1m")), settings: .plain)
        let shown = inspected.text().unicodeScalars
        #expect(!shown.contains { $0.value == 0x1B || $0.value == 0x202E || $0.value == 0x9B })
        #expect(inspected.text().contains(#"\u{1b}[2J\u{202e}x"#))
    }

    @Test("a list in Erlang's terms is shown as the JSON that it stands for")
    func terms() throws {
        func inspect(_ term: ETFTerm, from source: Source) throws -> EnvelopeFinding {
            let bytes = try term.encoded(.client)
            let frame = source == .client ? Bytes.client(.binary, bytes) : Bytes.server(.binary, bytes)
            return try #require(Inspected(frame, from: source).frames.first?.message?.envelope)
        }
        let response = ETFTerm.map([.init(.string("a"), .tuple([.null]))])
        let payload = ETFTerm.map([.init(.string("status"), .string("ok")), .init(.string("response"), response)])
        let join: [ETFTerm] = [.string("1"), .string("1"), .string("room:1"), .string("phx_join"), response]
        let sent = try inspect(.list(join), from: .client)
        #expect(sent.format == .etf)
        #expect(sent.meaning == .join)
        #expect(sent.payload.description == #"{"a":[null]}"#)
        let reply: [ETFTerm] = [.string("1"), .string("1"), .string("room:1"), .string("phx_reply"), payload]
        let answer = try inspect(.list(reply), from: .server)
        #expect(answer.meaning == .reply(status: "ok"))
        #expect(answer.payload.description == #"{"a":[null]}"#)
        #expect(answer.answerKey == sent.answerKey)
    }
}
