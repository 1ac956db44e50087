// Firecrest — limits on messages and channels, reached through a real socket: code, sentence, metric.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestHTTP
import FirecrestTestSupport
import NIOCore
import Testing

@Suite struct ChannelLimitTests {
    @Test func limit_maxTopicBytes() async throws {
        try await undecodable(
            { $0.maxTopicBytes = 20 }, under: heartbeat(#"["\#(x(0))"]"#), over: join(x(21)),
            "topic_too_long: a topic has 21 bytes, the limit is 20")
    }

    @Test func limit_maxEventBytes() async throws {
        try await undecodable(
            { $0.maxEventBytes = 20 }, under: heartbeat("{}"), over: #"["1","1","room:1","\#(x(21))",{}]"#,
            "event_too_long: an event name has 21 bytes, the limit is 20")
    }

    @Test func limit_maxJSONDepth() async throws {
        try await undecodable(
            { $0.maxJSONDepth = 4 }, under: heartbeat("[[[]]]"), over: heartbeat("[[[[]]]]"),
            "invalid_json: JSON is nested deeper than the limit of 4 levels")
    }

    @Test func limit_maxNumberBytes() async throws {
        let digits = String(repeating: "1", count: 300)
        try await undecodable(
            { _ in }, under: heartbeat(digits), over: heartbeat("0." + String(repeating: "1", count: 1_023)),
            "invalid_json: A JSON number is longer than the limit of 1024 bytes at byte ")
    }

    @Test func limit_refBytes() async throws {
        try await undecodable(
            { _ in }, under: #"[null,"\#(x(254))","phoenix","heartbeat",{}]"#,
            over: #"[null,"\#(x(255))","phoenix","heartbeat",{}]"#,
            "ref_too_long: a ref has 257 bytes, the limit is 256")
    }

    @Test func limit_maxChannels() async throws {
        var options = SocketOptions()
        options.maxChannels = 2
        try await TestServer.run(socket("/socket", RoomSocket.self, options: options)) { server in
            let client = try await TestClient.connect(server)
            for topic in ["room:1", "room:2"] { #expect(try await client.join(topic).status == "ok") }
            let reply = try await client.join("room:3")
            #expect(reply.status == "error")
            #expect(reply.response == ["reason": "too many channels joined"])
            #expect(await server.statistics().joinsRefusedAsTooMany == 1)
            #expect(await server.statistics().channelsOpen == 2)
            // A place that is left is free.
            try await client.push(joinRef: "1", ref: "l", topic: "room:1", event: "phx_leave")
            #expect(try await client.receiveMessage().status == "ok")
            #expect(try await client.receiveMessage().event == "phx_close")
            #expect(try await client.join("room:3").status == "ok")
        }
    }

    /// The HTTP side cuts a target long before a million bytes; parameters and brackets are counted.
    @Test func limit_queryParameters() async throws {
        try await query(String(repeating: "a&", count: 1_000), String(repeating: "a&", count: 1_001))
        try await query(
            "a" + String(repeating: "[b]", count: 32) + "=1", "a" + String(repeating: "[b]", count: 33) + "=1")
    }

    private func query(_ under: String, _ over: String) async throws {
        try await TestServer.run(socket("/socket", RoomSocket.self)) { server in
            let client = try await TestClient.open(server)
            #expect(try await client.upgrade("/socket/websocket?\(under)").status == 101)
            let other = try await TestClient.open(server)
            let answer = try await other.upgrade("/socket/websocket?\(over)")
            #expect(answer.status == 414)
            #expect(answer.errorCode == "query_too_long")
            #expect(answer.text == "The query string has too many parameters. (query_too_long)\n")
            #expect(await server.statistics().upgradesRefused == 1)
        }
    }

    // MARK: parts

    private func x(_ count: Int) -> String { String(repeating: "x", count: count) }
    private func join(_ topic: String) -> String { #"["1","1","\#(topic)","phx_join",{}]"# }
    private func heartbeat(_ payload: String) -> String { #"[null,"1","phoenix","heartbeat",\#(payload)]"# }

    private func undecodable(
        _ limit: (inout MessageLimits) -> Void, under: String, over: String, _ reason: String
    ) async throws {
        var options = EndpointOptions.test
        limit(&options.message)
        try await TestServer.run(options: options, socket("/socket", RoomSocket.self)) { server in
            let client = try await TestClient.connect(server)
            try await client.sendText(under)
            #expect(try await client.receiveMessage().status == "ok")
            #expect(await server.statistics().protocolErrors == 0)
            try await client.sendText(over)
            let close = try await client.receiveClose()
            #expect(close.code == 1011)
            #expect(close.reason.hasPrefix(reason), "\(close.reason)")
            #expect(await server.statistics().protocolErrors == 1)
        }
    }
}
