// Firecrest — what is logged of connections, joins and events, and what is not (rows 270-274)
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import Logging
import Testing

@Suite("Log lines")
struct LogTests {
    private static func lines<S: Socket>(
        of type: S.Type = WatchedSocket.self, level: Logger.Level = .trace, filter: ParameterFilter = .standard,
        _ body: (TestServer) async throws -> Void
    ) async throws -> [RecordedLog.Line] {
        let log = RecordedLog()
        var options = EndpointOptions.test
        options.logger = log.logger
        options.logger.logLevel = level
        options.filterParameters = filter
        try await TestServer.run(options: options, socket("/socket", type)) { server in try await body(server) }
        return log.lines
    }

    @Test("of connections have the socket's level; a socket without one has no line")
    func phx_270_no_connect_line() async throws {
        let loud = try await Self.lines { server in _ = try await TestClient.connect(server) }
        let line = try #require(loud.first { $0.message == "A client connected." })
        #expect(line.level == .notice)
        #expect(line.metadata["socket"] == "WatchedSocket")
        #expect(line.metadata["transport"] == "websocket")
        #expect(line.metadata["serializer"] == "v2_json")
        #expect(line.metadata["duration"]?.hasSuffix("s") == true)
        let quiet = try await Self.lines(of: SilentSocket.self) { server in _ = try await TestClient.connect(server) }
        #expect(!quiet.contains { $0.message.contains("connected") })
    }

    @Test("hide passwords and tokens at any depth")
    func phx_271_secrets() async throws {
        let lines = try await Self.lines { server in
            let client = try await TestClient.connect(
                server, path: "/socket/websocket?vsn=2.0.0&user_token=abc&deep[password]=def&name=Ada")
            try await client.join(
                "room:1", payloadJSON: #"{"password":"def","deep":[{"my_token":{"a":"abc"}}],"name":"Ada"}"#)
            try await client.push(
                joinRef: "1", ref: "2", topic: "room:1", event: "sync", payloadJSON: #"{"token":"abc","Token":"seen"}"#)
            _ = try await client.receiveMessage()
        }
        let params = lines.compactMap { $0.metadata["params"] }
        #expect(params.count == 3)
        #expect(params.allSatisfy { $0.contains("[FILTERED]") && !$0.contains("abc") && !$0.contains("def") })
        #expect(params[0].contains("Ada") && params[1].contains("Ada") && params[2].contains("seen"))
        #expect(!lines.contains { line in line.metadata.values.contains { $0.contains("abc") } })
    }

    @Test("hide texts that carry a secret")
    func phx_272_text_with_secret() async throws {
        let lines = try await Self.lines { server in
            let client = try await TestClient.connect(server)
            try await client.join("room:1", payloadJSON: #"{"url":"a&token=1","note":"the token is out"}"#)
        }
        let params = try #require(lines.first { $0.message == "A client joined." }?.metadata["params"])
        #expect(params.contains(#""url":"[FILTERED]""#))
        #expect(params.contains("the token is out"))
    }

    @Test("show only what is on a keep list")
    func keep() async throws {
        let lines = try await Self.lines(filter: .keep(["name"])) { server in
            let client = try await TestClient.connect(server)
            try await client.join("room:1", payloadJSON: #"{"name":"Ada","age":36,"deep":{"name":"Bo","x":"y"}}"#)
        }
        let params = try #require(lines.first { $0.message == "A client joined." }?.metadata["params"])
        #expect(params.contains("Ada") && params.contains("Bo"))
        #expect(!params.contains("36") && !params.contains(#""y""#))
    }

    @Test("leave out topics that begin with phoenix")
    func phx_273_phoenix_topics() async throws {
        let lines = try await Self.lines { server in
            let client = try await TestClient.connect(server)
            try await client.join("phoenix:x", joinRef: "1", ref: "1")
            try await client.push(joinRef: "1", ref: "2", topic: "phoenix:x", event: "sync")
            _ = try await client.receiveMessage()
            try await client.join("room:1", joinRef: "3", ref: "3")
        }
        #expect(!lines.contains { $0.metadata["topic"] == "phoenix:x" })
        let joined = try #require(lines.first { $0.metadata["topic"] == "room:1" })
        #expect(joined.message == "A client joined.")
        #expect(joined.level == .info)
        #expect(joined.metadata["channel"] == "WatchedRoom")
    }

    @Test("of events have the level debug, and are not made above it", arguments: [Logger.Level.debug, .info])
    func events(level: Logger.Level) async throws {
        let lines = try await Self.lines(level: level) { server in
            let client = try await TestClient.connect(server)
            try await client.join("room:1")
            try await client.push(joinRef: "1", ref: "2", topic: "room:1", event: "sync")
            _ = try await client.receiveMessage()
        }
        let handled = lines.filter { $0.message == "An event was handled." }
        #expect(handled.count == (level == .debug ? 1 : 0))
        #expect(handled.first?.metadata["event"] == (level == .debug ? "sync" : nil))
    }

    @Test("of what clients do wrong are ten a second of a kind; the next says how many were left out")
    func flood() async throws {
        let lines = try await Self.lines { server in
            let client = try await TestClient.connect(server)
            for index in 0..<500 {
                try await client.push(ref: "\(index)", topic: "nope\n:\(index)", event: "phx_join")
            }
            for _ in 0..<500 { _ = try await client.receiveMessage() }
            #expect(await server.statistics().logLinesSuppressed >= 400)
        }
        let warnings = lines.filter { $0.level == .warning }
        #expect((10...100).contains(warnings.count))
        #expect(warnings.allSatisfy { $0.metadata["topic"]?.contains("\n") == false })
    }
}

private struct SilentSocket: Socket {
    static var channels: Channels { Channels { channel("room:*", WatchedRoom.self) } }
    static var log: Logger.Level? { nil }
}
