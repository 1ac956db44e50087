// Firecrest — one topic as an event stream, on real sockets
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestProtocol
import FirecrestTestSupport
import NIOCore
import Testing

@Suite("Event streams")
struct EventStreamTests {
    private static func run(
        _ sse: EventStreamOptions = true, _ body: (TestServer) async throws -> Void
    ) async throws {
        try await TestServer.run(socket("/socket", FeedSocket.self, sse: sse), body: body)
    }

    private static let path = "/socket/sse?topic=feed:1"
    private static let joined =
        #"event: phx_reply\#n"# + #"data: {"status":"ok","response":{"carrier":"sse","client":"sse  -","params":{}}"#

    @Test("a GET with a topic is answered with the head of a stream, the join's reply and what is broadcast")
    func stream() async throws {
        try await Self.run { server in
            let client = try await TestClient.open(server)
            let head = try await client.openStream(Self.path)
            #expect(head.hasPrefix("HTTP/1.1 200 OK\r\n"))
            for field in [
                "content-type: text/event-stream; charset=utf-8", "cache-control: no-store", "x-accel-buffering: no",
                "access-control-allow-origin: *", "connection: close",
            ] { #expect(head.contains("\r\n\(field)\r\n"), "\(field)") }
            #expect(!head.contains("transfer-encoding") && !head.contains("content-length"))
            #expect(try await client.receiveEvent() == "retry: 2000\n\n")
            #expect(try await client.receiveEvent() == Self.joined + "}\n\n")

            try server.endpoint.broadcast("feed:1", "tick", ["n": 1])
            try server.endpoint.broadcast("feed:1", "a\r\nid: 7", Payload.binary([1, 2, 3]))
            let first = try await client.receiveEvent()
            let second = try await client.receiveEvent()
            let id = try #require(
                first.wholeMatch(of: /id: ([0-9a-f]{16}-[0-9]+)\nevent: tick\ndata: \{"n":1\}\n\n/)?.1)
            let next = try #require(
                second.wholeMatch(of: /id: ([0-9a-f]{16}-[0-9]+)\nevent: a%0D%0Aid: 7\ndata: base64:AQID\n\n/)?.1)
            #expect(id.prefix(16) == next.prefix(16) && id != next)
            let statistics = await server.statistics()
            #expect(statistics.streamsOpen == 1)
            #expect(statistics.eventsSent == 3)
        }
    }

    @Test(
        "a client that had a stream before is told that what it missed is lost",
        arguments: ["4f1c09d2ab83e650-17", "x"])
    func lastEventID(id: String) async throws {
        try await Self.run { server in
            let client = try await TestClient.open(server)
            _ = try await client.openStream(Self.path, headers: ["Last-Event-ID: \(id)"])
            _ = try await client.receiveEvent()
            #expect(try await client.receiveEvent() == Self.joined + #","recovered":false}"# + "\n\n")
        }
    }

    @Test("the payload goes to join, the other parameters and the auth token to connect")
    func parameters() async throws {
        try await Self.run(.init { $0.authToken = true }) { server in
            let client = try await TestClient.open(server)
            _ = try await client.openStream(
                Self.path + "&payload=%7B%22a%22%3A%5B1%5D%7D&b=2", headers: ["X-Phoenix-AuthToken: secret"])
            _ = try await client.receiveEvent()
            #expect(try await client.receiveEvent().contains(#""client":"sse b secret","params":{"a":[1]}"#))
        }
    }

    @Test("the head waits for a join that waits")
    func slowJoin() async throws {
        try await Self.run { server in
            let client = try await TestClient.open(server)
            let head = try await client.openStream(Self.path + "&payload=%7B%22do%22%3A%22wait%22%7D")
            #expect(head.hasPrefix("HTTP/1.1 200 "))
        }
    }

    @Test("pushes and intercepted broadcasts have no id; bytes in the join's reply are base64")
    func pushes() async throws {
        try await Self.run { server in
            let client = try await TestClient.open(server)
            _ = try await client.openStream(Self.path + "&payload=%7B%22do%22%3A%22push%22%7D")
            for _ in 0..<2 { _ = try await client.receiveEvent() }
            #expect(try await client.receiveEvent() == "event: pushed\ndata: {\"n\":1}\n\n")
            try server.endpoint.broadcast("feed:1", "secret", ["n": 2])
            #expect(try await client.receiveEvent() == "event: yours\ndata: {\"from\":\"secret\"}\n\n")
            let other = try await TestClient.open(server)
            _ = try await other.openStream(Self.path + "&payload=%7B%22do%22%3A%22bytes%22%7D")
            _ = try await other.receiveEvent()
            #expect(
                try await other.receiveEvent()
                    == "event: phx_reply\ndata: {\"status\":\"ok\",\"response_base64\":\"AQID\"}\n\n")
        }
    }

    @Test("the clients of a topic get the same event, whatever their number")
    func many() async throws {
        try await Self.run { server in
            var clients: [TestClient] = []
            for _ in 0..<20 {
                let client = try await TestClient.open(server)
                _ = try await client.openStream(Self.path)
                for _ in 0..<2 { _ = try await client.receiveEvent() }
                clients.append(client)
            }
            for number in Int64(0)..<5 { try server.endpoint.broadcast("feed:1", "tick", ["n": .integer(number)]) }
            var seen: Set<[String]> = []
            for client in clients {
                var events: [String] = []
                for _ in 0..<5 { events.append(try await client.receiveEvent()) }
                seen.insert(events)
            }
            #expect(seen.count == 1)
            #expect(await server.statistics().broadcastsDelivered == 100)
        }
    }

    @Test("a channel that crashes says so in an event, and the stream ends")
    func crash() async throws {
        try await Self.run { server in
            let client = try await TestClient.open(server)
            _ = try await client.openStream(Self.path)
            for _ in 0..<2 { _ = try await client.receiveEvent() }
            try server.endpoint.broadcast("feed:1", "end", [:])
            let rest = try await String(buffer: client.receiveRest())
            #expect(rest == "event: phx_error\ndata: {\"reason\":\"channel_crash\"}\n\n")
            client.drop()
            try await server.waitForStatistics("the stream is gone") { $0.streamsOpen == 0 && $0.connectionsOpen == 0 }
        }
    }

    @Test("a quiet stream carries comments")
    func limit_streamHeartbeat() async throws {
        try await Self.run(.init { $0.heartbeat = .milliseconds(20) }) { server in
            let client = try await TestClient.open(server)
            _ = try await client.openStream(Self.path)
            for _ in 0..<2 { _ = try await client.receiveEvent() }
            for _ in 0..<3 { #expect(try await client.receiveEvent() == ":\n\n") }
        }
    }

    // MARK: refusals

    @Test(
        "what cannot be a stream is refused before it is one",
        arguments: [
            ("/socket/sse?topic=feed:1&as=nobody", 403, "connect_refused"),
            ("/socket/sse?topic=locked:1", 403, "join_refused"),
            ("/socket/sse?topic=other:1", 404, "unmatched_topic"),
            ("/socket/sse?topic=phx:1", 404, "unmatched_topic"),
            ("/socket/sse?topic=", 400, "bad_topic"),
            ("/socket/sse?topic[]=a", 400, "bad_topic"),
            ("/socket/sse?topic=feed:\(String(repeating: "x", count: 5_000))", 400, "bad_topic"),
            ("/socket/sse?topic=feed:1&payload=%5B%5D", 400, "bad_payload"),
            ("/socket/sse?topic=feed:1&payload=%7B", 400, "bad_payload"),
            ("/socket/sse?topic=feed:1&payload[a]=1", 400, "bad_payload"),
            ("/socket/sse?topic=%FF", 400, "bad_query"),
            ("/socket/sse?vsn=9.0.0", 403, "unsupported_vsn"),
        ])
    func refusals(path: String, status: Int, code: String) async throws {
        try await Self.run { server in
            let answer = try await TestClient.open(server).get(path)
            #expect(answer.status == status)
            #expect(answer.errorCode == code)
            try await server.waitForStatistics("nothing is left") { $0.channelsOpen == 0 && $0.streamsOpen == 0 }
        }
    }

    @Test("a refused join's response is the body")
    func refusedJoin() async throws {
        try await Self.run { server in
            let answer = try await TestClient.open(server).get("/socket/sse?topic=locked:1")
            #expect(answer.text == #"{"reason":"locked"}"#)
            #expect(answer["content-type"] == "application/json; charset=utf-8")
            #expect(answer["access-control-allow-origin"] == "*")
        }
    }

    @Test("a page of another origin gets nothing, also when it asks first")
    func origin() async throws {
        try await Self.run { server in
            for method in ["GET", "OPTIONS", "POST"] {
                let answer = try await TestClient.open(server).request(
                    method, Self.path, headers: [("Origin", "http://evil.example")])
                #expect(answer.status == 403)
                #expect(answer.errorCode == "origin_refused")
            }
        }
    }

    @Test("OPTIONS is answered as for long poll, other methods with 400")
    func methods() async throws {
        try await Self.run { server in
            let preflight = try await TestClient.open(server).request(
                "OPTIONS", Self.path, headers: [("Access-Control-Request-Headers", "x-phoenix-authtoken")])
            #expect(preflight.status == 200)
            #expect(preflight["access-control-allow-headers"] == "x-phoenix-authtoken")
            for method in ["PUT", "DELETE", "HEAD"] {
                #expect(try await TestClient.open(server).request(method, Self.path).status == 400)
            }
        }
    }

    @Test("without the option there is nothing")
    func off() async throws {
        try await TestServer.run(socket("/socket", FeedSocket.self)) { server in
            for path in [Self.path, "/socket/poll?topic=feed:1"] {
                let answer = try await TestClient.open(server).get(path)
                #expect(answer.status == 404)
            }
        }
    }

    @Test("a connect that takes too long is cancelled and answered with 503")
    func limit_streamConnectTimeout() async throws {
        try await Self.run(.init { $0.connectTimeout = .milliseconds(50) }) { server in
            let answer = try await TestClient.open(server).get(Self.path + "&as=late")
            #expect(answer.status == 503)
            #expect(answer.errorCode == "connect_timeout")
            #expect(await server.statistics().connectTimeouts == 1)
        }
    }

    // MARK: ends

    @Test("a client that goes while its join waits takes the channel with it", arguments: ["hang", "as"])
    func goneWhileJoining(how: String) async throws {
        try await Self.run { server in
            let client = try await TestClient.open(server)
            let query = how == "as" ? "&as=late" : "&payload=%7B%22do%22%3A%22hang%22%7D"
            try await client.sendBytes("GET \(Self.path)\(query) HTTP/1.1\r\nHost: a\r\n\r\n")
            try await server.waitForStatistics("the request is there") { $0.httpRequests == 1 }
            client.drop()
            try await server.waitForStatistics("the connection is gone") { $0.connectionsOpen == 0 }
            #expect(await server.statistics().streamsOpen == 0)
        }
    }

    @Test("disconnecting a socket by its id ends its streams, with a comment that says why")
    func disconnect() async throws {
        try await Self.run { server in
            let client = try await TestClient.open(server)
            _ = try await client.openStream(Self.path)
            for _ in 0..<2 { _ = try await client.receiveEvent() }
            try server.endpoint.disconnect("feed-clients")
            #expect(try await String(buffer: client.receiveRest()) == ": 1001 disconnected by the server\n\n")
        }
    }

    @Test("a server that stops ends its streams, and waits for none")
    func shutdown() async throws {
        try await Self.run { server in
            let client = try await TestClient.open(server)
            _ = try await client.openStream(Self.path)
            for _ in 0..<2 { _ = try await client.receiveEvent() }
            async let stopped: Void = server.shutDown()
            #expect(try await String(buffer: client.receiveRest()) == ": 1012 server restarts; reconnect\n\n")
            client.drop()
            try await stopped
        }
    }

    @Test("a client that does not read is let go when more waits than may")
    func limit_streamOutboundBytes() async throws {
        try await Self.run(.init { $0.maxOutboundBytes = 100_000 }) { server in
            let client = try await TestClient.open(server, readsByItself: false, receiveBuffer: 2_048)
            client.sendWithoutWaiting(ByteBuffer(string: "GET \(Self.path) HTTP/1.1\r\nHost: a\r\n\r\n"))
            try await server.waitForStatistics("the stream is open") { $0.streamsOpen == 1 }
            let payload = Payload.binary(Array(repeating: 0, count: 30_000))
            var sent = 0
            while await server.statistics().slowConsumers == 0 {
                try #require(sent < 1_000, "a slow reader is kept for ever")
                try server.endpoint.broadcast("feed:1", "tick", payload)
                sent += 1
            }
            client.drop()
            try await server.waitForStatistics("the stream is gone") { $0.streamsOpen == 0 && $0.channelsOpen == 0 }
        }
    }
}
