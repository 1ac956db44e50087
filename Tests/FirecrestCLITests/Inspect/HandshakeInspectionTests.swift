// Firecrest — heads: what was agreed, and each thing that can be wrong with them
// SPDX-License-Identifier: Apache-2.0

import FirecrestWire
import NIOCore
import Testing

@testable import FirecrestCLI

@Suite("inspect: handshake")
struct HandshakeInspectionTests {
    private static let deflateAnswer =
        "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover\r\n"
    private static let deflateOffer = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"

    @Test("a request and its answer")
    func readsBoth() throws {
        let inspected = try Inspected(
            Bytes.joined(Bytes.request(), Bytes.client(.text, Bytes.text(#"["1","1","room:1","phx_join",{}]"#))),
            Bytes.joined(
                Bytes.response(),
                Bytes.server(.text, Bytes.text(#"["1","1","room:1","phx_reply",{"status":"ok","response":{}}]"#))))
        #expect(inspected.problems == [])
        #expect(inspected.frames.map(\.message?.envelope?.meaning) == [.join, .reply(status: "ok")])
        #expect(inspected.summary.isMerged)
        let text = inspected.text()
        #expect(text.contains("16 bytes; the answer must be s3pPLMBiTxaQ9kYGzzhZRbK+xOo="))
        #expect(text.contains("answers the key"))
        #expect(text.split(separator: "\n").allSatisfy { $0.count <= 100 })
    }

    @Test("the order of the files does not matter, two of one side are refused")
    func sortsSides() throws {
        let inspected = try Inspected(Bytes.response(), Bytes.request())
        #expect(inspected.heads.map(\.source) == [.client, .server])
        #expect(inspected.problems == [])
        #expect(throws: Conversation.Failure.self) { try Inspected(Bytes.request(), Bytes.request()) }
    }

    struct Wrong: Sendable {
        let name: String
        let request: String
        let problem: String
        let item: String
    }

    static let wrong: [Wrong] = [
        Wrong(name: "POST", request: "POST", problem: "handshake_method", item: "item 1"),
        Wrong(name: "no host", request: "Host: localhost", problem: "handshake_host", item: "item 2"),
        Wrong(name: "no upgrade", request: "Upgrade: websocket", problem: "handshake_upgrade", item: "item 3"),
        Wrong(name: "no connection", request: "Connection: Upgrade", problem: "handshake_connection", item: "item 4"),
        Wrong(
            name: "no key", request: "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", problem: "handshake_key",
            item: "item 5"),
        Wrong(name: "no version", request: "Sec-WebSocket-Version: 13", problem: "handshake_version", item: "item 6"),
    ]

    @Test("each rule of RFC 6455 §4.2.1", arguments: wrong)
    func namesTheRule(_ wrong: Wrong) throws {
        let request = String(buffer: Bytes.request())
        let broken =
            wrong.request == "POST"
            ? request.replacing("GET ", with: "POST ") : request.replacing(wrong.request + "\r\n", with: "")
        let head = try #require(try Inspected(ByteBuffer(string: broken)).heads.first)
        let problem = try #require(head.problems.first)
        #expect(problem.kind == wrong.problem)
        #expect(problem.rule.hasSuffix(wrong.item))
        #expect(problem.consequence == "answers 400")
    }

    @Test("a wrong field is named where it stands")
    func namesTheOffset() throws {
        let request = Bytes.request(key: "c2hvcnQ=")
        let offset = try #require(String(buffer: request).firstRange(of: "Sec-WebSocket-Key"))
        let expected = String(buffer: request).utf8.distance(
            from: String(buffer: request).startIndex, to: offset.lowerBound)
        #expect(try Inspected(request).problems == ["handshake_key@\(expected)"])
    }

    @Test("the accept value is checked against the key")
    func checksAccept() throws {
        let inspected = try Inspected(Bytes.request(), Bytes.response(accept: "AAAAAAAAAAAAAAAAAAAAAAAAAAA="))
        #expect(inspected.heads.last?.problems.map(\.kind) == ["handshake_accept"])
        #expect(inspected.heads.last?.problems.first?.sentence.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=") == true)
        // Alone it cannot be checked.
        #expect(try Inspected(Bytes.response(accept: "AAAAAAAAAAAAAAAAAAAAAAAAAAA=")).problems == [])
    }

    @Test("extensions and subprotocols that were not offered")
    func checksAnswers() throws {
        #expect(
            try Inspected(Bytes.request(), Bytes.response(extra: Self.deflateAnswer)).heads.last?.problems.map(\.kind)
                == ["handshake_extensions"])
        #expect(
            try Inspected(Bytes.request(), Bytes.response(extra: "Sec-WebSocket-Protocol: x\r\n")).heads.last?
                .problems.map(\.kind) == ["handshake_subprotocol"])
        #expect(
            try Inspected(Bytes.request(extra: "Sec-WebSocket-Protocol: phoenix\r\n"), Bytes.response()).heads.last?
                .problems.map(\.kind) == ["handshake_subprotocol"])
        #expect(
            try Inspected(
                Bytes.request(extra: Self.deflateOffer + "Sec-WebSocket-Protocol: a, phoenix\r\n"),
                Bytes.response(extra: Self.deflateAnswer + "Sec-WebSocket-Protocol: phoenix\r\n")
            ).problems == [])
    }

    @Test("deflate is on when the response says so, and off when it does not")
    func followsTheAgreement() throws {
        let compressed = try HexText.bytes("c1 07 f2 48 cd c9 c9 07 00".utf8)
        let on = try Inspected(Bytes.joined(Bytes.response(extra: Self.deflateAnswer), compressed), settings: .plain)
        #expect(on.problems == [])
        #expect(on.messages == ["Hello"])
        let off = try Inspected(Bytes.joined(Bytes.response(), compressed), settings: .plain)
        #expect(off.problems.map { $0.prefix(while: { $0 != "@" }) } == ["frame_reserved_bits"])
    }

    @Test("context takeover as the response agrees it")
    func followsContextTakeover() throws {
        let twice = try HexText.bytes("c1 07 f2 48 cd c9 c9 07 00 c1 05 f2 00 11 00 00".utf8)
        let inspected = try Inspected(
            Bytes.joined(Bytes.response(extra: "Sec-WebSocket-Extensions: permessage-deflate\r\n"), twice),
            settings: .plain)
        #expect(inspected.messages == ["Hello", "Hello"])
        #expect(inspected.problems == [])
    }

    @Test("the vsn of the request chooses the serializer")
    func followsVersion() throws {
        let object = Bytes.client(.text, Bytes.text(#"{"topic":"t","event":"e","payload":{},"ref":"1"}"#))
        #expect(try Inspected(Bytes.joined(Bytes.request(vsn: "1.0.0"), object)).problems == [])
        #expect(try Inspected(Bytes.joined(Bytes.request(vsn: nil), object)).problems == [])
        let wrong = try Inspected(Bytes.joined(Bytes.request(vsn: "2.0.0"), object))
        #expect(wrong.problem("invalid_json/notAnArray")?.consequence == "closes with 1011")
        #expect(try Inspected(Bytes.request(vsn: "9.0.0")).problems == ["unsupported_vsn@0"])
    }

    @Test("a refusal is no stream of frames")
    func readsRefusals() throws {
        let inspected = try Inspected(ByteBuffer(string: "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno"))
        #expect(inspected.problems == ["handshake_status@0"])
        #expect(inspected.frames.isEmpty)
        #expect(inspected.text().contains("no frames: the response is not 101"))
    }

    @Test("a head that is none, or does not end")
    func namesBadHeads() throws {
        #expect(try Inspected(ByteBuffer(string: "GET / HTTP/1.1\r\nHost")).problems == ["input_ends@20"])
        #expect(try Inspected(ByteBuffer(string: "GET / FTP/1.1\r\n\r\n")).problems == ["http_head@0"])
        let long = "GET / HTTP/1.1\r\nHost: a\r\nX: \(String(repeating: "a", count: 9_000))\r\n\r\n"
        #expect(try Inspected(ByteBuffer(string: long)).problems == ["http_head@0"])
    }
}

extension InspectSettings {
    /// Messages that are no Phoenix messages.
    static var plain: InspectSettings {
        var settings = InspectSettings()
        settings.phoenix = .none
        return settings
    }
}
