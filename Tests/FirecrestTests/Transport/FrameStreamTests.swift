// Firecrest — event streams of frames, with posts the other way, on real sockets
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestProtocol
import FirecrestTestSupport
import NIOCore
import Testing

@Suite("Event streams of frames")
struct FrameStreamTests {
    private static func run(
        _ sse: EventStreamOptions = true, _ body: (TestServer) async throws -> Void
    ) async throws {
        try await TestServer.run(socket("/socket", FeedSocket.self, sse: sse), body: body)
    }

    /// A stream, and the token that came first.
    private func open(_ server: TestServer) async throws -> (stream: TestClient, token: String) {
        let stream = try await TestClient.open(server)
        let head = try await stream.openStream("/socket/sse?vsn=2.0.0")
        #expect(head.hasPrefix("HTTP/1.1 200 "))
        let first = try await stream.receiveEvent()
        let token = try #require(first.wholeMatch(of: /event: session\ndata: \{"token":"([^"]+)"\}\n\n/)?.1)
        return (stream, String(token))
    }

    private func post(
        _ server: TestServer, _ token: String?, _ body: String, lines: Bool = true
    ) async throws -> HTTPAnswer {
        var headers = [("Content-Type", lines ? "application/x-ndjson" : "application/json")]
        if let token { headers.append(("X-Phoenix-LongPoll-Token", token)) }
        return try await TestClient.open(server).request(
            "POST", "/socket/sse?vsn=2.0.0", headers: headers, body: ByteBuffer(string: body))
    }

    @Test("frames go down as events and come up in posts, from whatever loop a post arrives at")
    func bothWays() async throws {
        try await Self.run { server in
            let (stream, token) = try await open(server)
            #expect(try await post(server, token, #"["1","1","feed:1","phx_join",{}]"#).text == #"{"status":200}"#)
            #expect(
                try await stream.receiveEvent()
                    == #"data: ["1","1","feed:1","phx_reply",{"status":"ok","response":{"carrier":"sse","#
                    + #""client":"sse vsn -","params":{}}}]"# + "\n\n")
            // A connection of its own for each: both loops have some.
            for number in 2..<10 {
                let ref = "\(number)"
                let text = #"["1","\#(ref)","feed:1","echo",{"n":\#(number)}]"#
                #expect(try await post(server, token, text, lines: number % 2 == 0).text == #"{"status":200}"#)
                #expect(
                    try await stream.receiveEvent()
                        == #"data: ["1","\#(ref)","feed:1","phx_reply",{"status":"ok","response":{"n":\#(number)}}]"#
                        + "\n\n")
            }
            try server.endpoint.broadcast("feed:1", "tick", ["n": 1])
            #expect(try await stream.receiveEvent() == #"data: [null,null,"feed:1","tick",{"n":1}]"# + "\n\n")
            try server.endpoint.broadcast("feed:1", "tick", Payload.binary([1]))
            let binary = try await stream.receiveEvent()
            #expect(binary.hasPrefix("event: binary\ndata: "))
        }
    }

    @Test("bytes come up as base64 lines")
    func binaryUp() async throws {
        try await Self.run { server in
            let (stream, token) = try await open(server)
            // A push of serializer 2.0.0: kind 0, lengths of join ref, ref, topic and event, then these, then the payload.
            var frame: [UInt8] = [0, 1, 1, 6, 4]
            frame += Array("12feed:1echo".utf8) + [9, 8]
            let body =
                #"["1","1","feed:1","phx_join",{}]"# + "\n" + RawBase64.encode(frame) + "\n"
            #expect(try await post(server, token, body).text == #"{"status":200}"#)
            _ = try await stream.receiveEvent()
            #expect(try await stream.receiveEvent().hasPrefix("event: binary\ndata: "))
        }
    }

    @Test("a post without a session is answered 410", arguments: [nil, "", "SFMyNTY.e30.x"])
    func noSession(token: String?) async throws {
        try await Self.run { server in
            let answer = try await post(server, token, "[]")
            #expect(answer.text == #"{"status":410}"#)
        }
    }

    @Test("the session ends with its stream")
    func ends() async throws {
        try await Self.run { server in
            let (stream, token) = try await open(server)
            _ = try await post(server, token, #"["1","1","feed:1","phx_join",{}]"#)
            stream.drop()
            try await server.waitForStatistics("the channel is gone") { $0.streamsOpen == 0 && $0.channelsOpen == 0 }
            #expect(try await post(server, token, #"["1","2","feed:1","echo",{}]"#).text == #"{"status":410}"#)
        }
    }

    @Test("the server's close comes as the last event")
    func close() async throws {
        try await Self.run { server in
            let (stream, token) = try await open(server)
            try server.endpoint.disconnect("feed-clients")
            #expect(
                try await String(buffer: stream.receiveRest())
                    == "event: close\ndata: {\"code\":1001,\"reason\":\"disconnected by the server\"}\n\n")
            stream.drop()
            try await server.waitForStatistics("the stream is gone") { $0.streamsOpen == 0 }
            #expect(try await post(server, token, "[]").text == #"{"status":410}"#)
        }
    }

    @Test("what cannot be decoded closes with 1011, and the post says that the session is gone")
    func protocolError() async throws {
        try await Self.run { server in
            let (stream, token) = try await open(server)
            let answer = try await post(server, token, "[1]")
            #expect(["{\"status\":200}", "{\"status\":410}"].contains(answer.text))
            #expect(try await String(buffer: stream.receiveRest()).hasPrefix("event: close\ndata: {\"code\":1011,"))
        }
    }

    @Test("a post whose channel is busy is answered 408 after the window")
    func limit_streamWindow() async throws {
        var options = SocketOptions()
        options.mailbox.maxMessages = 2
        let parts = socket(
            "/socket", FeedSocket.self, sse: .init { $0.window = .milliseconds(50) }, options: options)
        try await TestServer.run(parts) { server in
            let (stream, token) = try await open(server)
            let join = #"["1","1","feed:1","phx_join",{"do":"wait","ms":2000}]"#
            let echoes = (2..<6).map { #"["1","\#($0)","feed:1","echo",{}]"# }.joined(separator: "\n")
            #expect(try await post(server, token, join).text == #"{"status":200}"#)
            #expect(try await post(server, token, echoes).text == #"{"status":408}"#)
            #expect(try await stream.receiveEvent().hasPrefix(#"data: ["1","1","feed:1","phx_reply""#))
        }
    }

    @Test("a body over the limit is 413, one that is no base64 is 400")
    func limit_streamPostBytes() async throws {
        try await Self.run(.init { $0.maxBodyBytes = 100 }) { server in
            let (_, token) = try await open(server)
            #expect(try await post(server, token, String(repeating: " ", count: 101)).status == 413)
            #expect(try await post(server, token, "???").status == 400)
        }
    }
}

/// Base64 of the test's own.
enum RawBase64 {
    static func encode(_ bytes: [UInt8]) -> String {
        let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
        return stride(from: 0, to: bytes.count, by: 3).map { start in
            let group = bytes[start..<min(start + 3, bytes.count)]
            let word = (0..<3).reduce(0) { $0 << 8 | Int(start + $1 < bytes.count ? bytes[start + $1] : 0) }
            let text = (0..<4).map { digits[word >> (18 - 6 * $0) & 63] }
            return String(text.prefix(group.count + 1)) + String(repeating: "=", count: 3 - group.count)
        }.joined()
    }
}
