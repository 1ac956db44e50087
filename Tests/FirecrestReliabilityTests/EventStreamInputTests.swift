// Firecrest — bad input 37: line ends in what an event stream carries, and ids that cannot be.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import NIOCore
import Testing

@Suite struct EventStreamInputTests {
    // MARK: injection

    /// JSON may have line ends between its tokens; a CR alone ends a line of a stream too.
    @Test(arguments: ["\n", "\r\n", "\r", "\n\n", "\r\r\n", "\n\r\n\r"])
    func bad_37_line_ends_in_data_make_no_event_of_their_own(lineEnd: String) async throws {
        try await attackStreams { server in
            let (stream, _) = try await OneWayStream.join(server, "topic=room:s")
            let talker = try await TestClient.connect(server)
            #expect(try await talker.join("room:s").status == "ok")
            let payload = #"{\#(lineEnd)"text":\#(lineEnd)"data: evil\n\nid: evil"\#(lineEnd)}"#
            try await talker.push(joinRef: "1", topic: "room:s", event: "shout", payloadJSON: payload)
            let event = try await stream.receiveEvent()
            #expect(event.name == "shout")
            #expect(event.id.map(isID) == true, "\(event)")
            #expect(try JSON(parsing: ByteBuffer(string: event.data)) == ["text": "data: evil\n\nid: evil"])
            try await expectNothingElse(server, stream)
        }
    }

    @Test(arguments: [
        ("a\nid: evil\ndata: evil\n\n", "a%0Aid: evil%0Adata: evil%0A%0A"),
        ("a\r\nretry: 1", "a%0D%0Aretry: 1"), ("\revent: evil", "%0Devent: evil"), ("a\u{0}b", "a%00b"),
        (": comment", ": comment"),
    ])
    func bad_37_line_ends_in_the_name_of_an_event_are_escaped(name: String, shown: String) async throws {
        try await attackStreams { server in
            let (stream, _) = try await OneWayStream.join(server, "topic=room:s")
            try server.endpoint.broadcast("room:s", name, ["n": 1] as JSON)
            let event = try await stream.receiveEvent()
            #expect(event.name == shown)
            #expect(event.data == #"{"n":1}"#)
            #expect(event.id.map(isID) == true, "\(event)")
            try await expectNothingElse(server, stream)
        }
    }

    @Test func bad_37_line_ends_in_topic_payload_and_id_are_never_reflected() async throws {
        try await attackStreams { server in
            let evil = "%0d%0ax-evil:%201%0d%0a%0d%0adata:%20evil%0a%0a"
            let (stream, reply) = try await OneWayStream.join(
                server,
                "topic=room:\(evil)&payload=%7B%22a%22:%22\(evil.replacing("%0d%0a", with: "%5Cr%5Cn").replacing("%0a", with: "%5Cn"))%22%7D&vsn=\(evil)",
                headers: [("Last-Event-ID", "%0d%0adata: evil")])
            #expect(!stream.head.contains("evil"))
            #expect(!reply.utf8.contains { $0 < 0x20 })
            try server.endpoint.broadcast(Topic("room:\r\nx-evil: 1\r\n\r\ndata: evil\n\n"), "fine", ["n": 1] as JSON)
            #expect(try await stream.receiveEvent().name == "fine")
            // Unescaped it is no header at all.
            let client = try await TestClient.open(server)
            try await client.sendBytes(
                "GET /socket/sse?topic=room:s HTTP/1.1\r\nHost: a\r\nLast-Event-ID: 1\u{0}\rdata: evil\r\n\r\n")
            #expect(try await client.receiveAnswer().status == 400)
        }
    }

    @Test(arguments: [
        ("topic=", "bad_topic"), ("topic[]=a", "bad_topic"), ("topic[a]=b", "bad_topic"), ("topic=%00%ff", "bad_query"),
        ("topic=room:" + String(repeating: "x", count: 2_000), "bad_topic"),
        ("topic=room:s&payload=", "bad_payload"), ("topic=room:s&payload=[]", "bad_payload"),
        ("topic=room:s&payload=%7B", "bad_payload"), ("topic=room:s&payload=%7B%7D%7B%7D", "bad_payload"),
        ("topic=room:s&payload=" + String(repeating: "%7B%22a%22:", count: 200), "bad_payload"),
        ("topic=room:s&payload[]=%7B%7D", "bad_payload"),
    ])
    func bad_37_a_topic_or_payload_that_is_none_is_400(query: String, code: String) async throws {
        try await attackStreams { server in
            for path in ["sse", "poll"] {
                let client = try await TestClient.open(server)
                let answer = try await client.get("/socket/\(path)?\(query)")
                #expect(answer.status == 400, "\(path)")
                #expect(answer.errorCode == code, "\(path)")
            }
            #expect(await server.statistics().streamsOpen == 0)
        }
    }

    // MARK: ids

    private static let badIDs = [
        "", "garbage", "17", "-1", "0", "ffffffffffffffff-18446744073709551616", "0000000000000000-0",
        "ffffffffffffffff-1", "FFFFFFFFFFFFFFFF-1", "é", "\"", "../../etc/passwd", "%00", "{\"a\":1}", "0x10-1",
        String(repeating: "f", count: 64), String(repeating: "9", count: 4_000),
    ]

    @Test func bad_37_an_id_that_we_never_gave_is_a_loss_and_no_more() async throws {
        try await attackStreams(amongBystanders: true) { server in
            for id in Self.badIDs {
                let (stream, reply) = try await OneWayStream.join(
                    server, "topic=room:s", headers: [("Last-Event-ID", id)])
                #expect(
                    try JSON(parsing: ByteBuffer(string: reply)) == [
                        "status": "ok", "response": [:], "recovered": false,
                    ])
                try server.endpoint.broadcast("room:s", "next", [:] as JSON)
                #expect(try await stream.receiveEvent().name == "next", "\(id)")
                stream.client.drop()
            }
            // Twice, and from the query, where some clients put it.
            let (_, reply) = try await OneWayStream.join(
                server, "topic=room:s&last_event_id=x", headers: [("Last-Event-ID", "a"), ("Last-Event-ID", "b")])
            #expect(reply.contains(#""recovered":false"#))
        }
    }

    /// Of this life of the server, and still nothing to go on from: of the future, and of another topic.
    @Test func bad_37_an_id_of_the_future_or_of_another_topic_is_a_loss() async throws {
        try await attackStreams { server in
            let (stream, _) = try await OneWayStream.join(server, "topic=room:s")
            try server.endpoint.broadcast("room:s", "first", [:] as JSON)
            let id = try #require(try await stream.receiveEvent().id)
            let epoch = try #require(id.split(separator: "-").first)
            for (topic, id) in [("room:s", "\(epoch)-18446744073709551615"), ("room:2", id), ("room:s", id)] {
                let (other, reply) = try await OneWayStream.join(
                    server, "topic=\(topic)", headers: [("Last-Event-ID", id)])
                #expect(reply.contains(#""recovered":false"#), "\(topic) \(id)")
                try server.endpoint.broadcast(Topic(topic), "next", [:] as JSON)
                #expect(try await other.receiveEvent().name == "next")
            }
        }
    }

    @Test func bad_37_a_cursor_that_we_never_gave_is_a_loss_and_no_more() async throws {
        try await attackStreams { server in
            let client = try await TestClient.open(server)
            func poll(_ query: String, _ headers: [(String, String)] = []) async throws -> JSON {
                let answer = try await client.get("/socket/poll?topic=room:s\(query)", headers: headers)
                #expect(answer.status == 200, "\(query)")
                return try JSON(parsing: answer.body)
            }
            let start = try #require(try await poll("")["after"]?.stringValue)
            try server.endpoint.broadcast("room:s", "first", [:] as JSON)
            let next = try await poll("&after=\(start)")
            #expect(next["missed"] == false)
            #expect(next["messages"]?.arrayValue?.count == 1)
            let epoch = try #require(next["after"]?.stringValue?.split(separator: "-").first)
            let escaped = Self.badIDs.filter { $0.utf8.count < 1_000 }.map { id in
                id.utf8.map { "%" + ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
            }
            for cursor in escaped + ["\(epoch)-18446744073709551615"] {
                let answer = try await poll("&after=\(cursor)")
                #expect(answer["missed"] == true, "\(cursor)")
                #expect(answer["messages"]?.arrayValue?.count == 1, "\(cursor)")
            }
            for tag in ["x", "\"", "W/", "\"\"", "\"\(start)"] {
                #expect(try await poll("&after=\(start)", [("If-None-Match", tag)])["missed"] == false)
            }
        }
    }

    // MARK: parts

    private func attackStreams(
        amongBystanders: Bool = false, _ body: (TestServer) async throws -> Void
    ) async throws {
        if amongBystanders {
            try await attackAmongBystanders(sse: true, shortpoll: true, body)
        } else {
            try await attack(sse: true, shortpoll: true, body)
        }
    }

    private func isID(_ id: String) -> Bool {
        let parts = id.split(separator: "-")
        return parts.count == 2 && parts[0].count == 16 && parts[0].allSatisfy(\.isHexDigit) && UInt64(parts[1]) != nil
    }

    /// The next event is the next broadcast.
    private func expectNothingElse(_ server: TestServer, _ stream: OneWayStream) async throws {
        try server.endpoint.broadcast("room:s", "last", [:] as JSON)
        let item = try await stream.receive()
        guard case .event(let event) = item else { return #expect(Bool(false), "\(item)") }
        #expect(event.name == "last" && event.data == "{}", "\(event)")
    }
}
