// Firecrest — a mount's own list of serializers, and a serializer of the user's
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import NIOCore
import Testing

@Suite("Serializers of a mount")
struct OwnSerializerTests {
    private static func options(_ serializers: SerializerOption...) -> SocketOptions {
        var options = SocketOptions()
        options.serializers = serializers
        return options
    }

    @Test("a user's serializer speaks its own form, beside clients of 2.0.0")
    func own() async throws {
        let options = Self.options(.v2, SerializerOption(LineSerializer(), versions: "~> 3.0.0"))
        try await TestServer.run(socket("/socket", RoomSocket.self, options: options)) { server in
            let lines = try await TestClient.connect(server, path: "/socket/websocket?vsn=3.0.0")
            let other = try await TestClient.connect(server, path: "/socket/websocket?vsn=2.0.0")
            try await lines.sendText("1 1 room:1 phx_join {}")
            #expect(try await lines.receiveText() == "1 1 room:1 ok {}")
            try await other.join("room:1")
            try server.endpoint.broadcast("room:1", "news", ["n": 1])
            #expect(try await lines.receiveText() == "- - room:1 news {\"n\":1}")
            #expect(try await other.receiveText() == #"[null,null,"room:1","news",{"n":1}]"#)
            // What it cannot decode closes the connection, as with ours.
            try await lines.sendText("what?")
            guard case .close(1011, let reason) = try await lines.receive() else {
                Issue.record("a close frame with 1011 was expected")
                return
            }
            #expect(reason.contains("five words"))
        }
    }

    @Test("a version that is not on the mount's list is refused")
    func notListed() async throws {
        let v2 = Self.options(.v2)
        try await TestServer.run(
            socket("/socket", RoomSocket.self, options: v2), socket("/old", RoomSocket.self, options: Self.options(.v1))
        ) { server in
            for (path, vsn, status) in [
                ("/socket", "1.0.0", 403), ("/socket", "2.0.0", 101), ("/old", "2.0.0", 403), ("/old", "1.0.0", 101),
            ] {
                let client = try await TestClient.open(server)
                let answer = try await client.upgrade("\(path)/websocket?vsn=\(vsn)")
                #expect(answer.status == status, "\(path) \(vsn)")
            }
        }
    }

    @Test("with no version named, the served one is taken")
    func noVersion() async throws {
        try await TestServer.run(socket("/socket", RoomSocket.self, options: Self.options(.v1))) { server in
            let client = try await TestClient.connect(server, path: "/socket/websocket")
            try await client.sendText(#"{"topic":"room:1","event":"phx_join","payload":{},"ref":"1"}"#)
            #expect(try await client.receiveText().hasPrefix(#"{"topic":"room:1","event":"phx_reply""#))
        }
    }

    @Test(
        "wrong lists are start-up errors that name the option",
        arguments: [[], ["2.0.0"], ["~> 2.0"], ["~> 2.0.0", ""]] as [[String]])
    func wrong(versions: [String]) {
        var options = SocketOptions()
        options.serializers = versions.map { SerializerOption(LineSerializer(), versions: $0) }
        let error = #expect(throws: OptionError.self) {
            _ = try Endpoint(.test) { socket("/socket", RoomSocket.self, options: options) }
        }
        #expect(error?.option == "serializers of the socket at /socket")
    }
}

/// `join_ref ref topic event payload`, with a dash for null.
private struct LineSerializer: Serializer {
    var name: String { "line" }

    func decode(_ frame: ByteBuffer, kind: FrameKind) throws(ProtocolError) -> Message {
        let words = String(buffer: frame).split(separator: " ", maxSplits: 4).map(String.init)
        guard words.count == 5, let payload = try? Payload(jsonText: ByteBuffer(string: words[4])) else {
            throw ProtocolError(code: .wrongShape, sentence: "a line has five words")
        }
        return Message(
            joinRef: ref(words[0]), ref: ref(words[1]), topic: .name(words[2]), event: words[3], payload: payload)
    }

    private func ref(_ word: String) -> Ref { word == "-" ? .null : Ref(plainText: word) }

    func encode(_ message: OutboundMessage, into buffer: inout ByteBuffer) throws(PayloadError) -> FrameKind {
        guard message.payload.kind == .json, case .name(let topic) = message.topic else {
            throw PayloadError(code: .kindNotSupported, detail: "a line carries JSON only")
        }
        var event = message.event
        if case .reply(let status) = message.kind { event = status }
        for word in [message.joinRef, message.ref].map({ $0.isNull ? "-" : String($0.plainText) }) + [topic, event] {
            buffer.writeString(word + " ")
        }
        buffer.writeImmutableBuffer(message.payload.bytes)
        return .text
    }

    func sizeHint(_ message: OutboundMessage) -> Int { message.payload.count + 100 }
}
