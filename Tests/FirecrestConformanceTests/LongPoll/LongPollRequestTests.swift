// Firecrest — the requests of long poll: methods, header fields, where the token is (rows 6, 61, 164-166, 170-173, 183-186)
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import NIOCore
import Testing

@Suite("Long poll: requests")
struct LongPollRequestTests {
    // MARK: off and on

    @Test("is off unless it is asked for")
    func phx_6_off() async throws {
        try await TestServer.run(socket("/socket", RoomSocket.self)) { server in
            let client = try await TestClient.open(server)
            for method in ["GET", "POST", "OPTIONS"] {
                #expect(try await client.request(method, PollSession.target, body: ByteBuffer()).status == 404)
            }
        }
    }

    @Test("with its own path, and none of a WebSocket")
    func path() async throws {
        let longpoll = LongPollOptions { $0.path = "/lp" }
        try await TestServer.run(socket("/socket", RoomSocket.self, websocket: false, longpoll: longpoll)) { server in
            _ = try await PollSession.open(server, "/socket/lp?vsn=2.0.0")
            let client = try await TestClient.open(server)
            #expect(try await client.get(PollSession.target).status == 404)
            #expect(try await client.upgrade().status == 404)
        }
    }

    // MARK: the first GET

    @Test("a GET without a token opens a session: 410 with its token and no messages")
    func phx_164_new_session() async throws {
        try await World.run(PollSocket.self) { world in
            let client = try await TestClient.open(world.server)
            let answer = try await client.get(world.pollTarget())
            #expect(answer.status == 200)
            let body = try PollAnswer(answer)
            #expect(body.isWhole)
            #expect(body.status == 410)
            #expect(body.messages == [])
            #expect(body.token?.isEmpty == false)
            #expect(world.notes == ["connect longpoll no token"])
        }
    }

    @Test("each GET without a token opens another")
    func anotherSession() async throws {
        try await World.run(PollSocket.self) { world in
            let tokens = [try await world.poll().token, try await world.poll().token]
            #expect(Set(tokens).count == 2)
        }
    }

    @Test("a refused connect is 403 in the body")
    func phx_165_connect_refused() async throws {
        try await World.run(PollSocket.self) { world in
            let client = try await TestClient.open(world.server)
            let body = try PollAnswer(try await client.get(world.pollTarget(query: "refuse=1")))
            #expect(body.status == 403)
            #expect(body.isBare)
            #expect(world.notes == [])
        }
    }

    @Test("a wrong version is 403 in the body", arguments: ["3.0.0", "2.0", "", "x"])
    func phx_166_wrong_version(vsn: String) async throws {
        try await World.run(PollSocket.self) { world in
            let client = try await TestClient.open(world.server)
            let body = try PollAnswer(try await client.get(world.pollTarget(vsn: vsn)))
            #expect(body.status == 403)
            #expect(body.isBare)
            #expect(world.notes == [], "connect is not asked")
        }
    }

    // MARK: the token

    @Test("the token may be in a header")
    func phx_170_token_in_header() async throws {
        try await PollSocket.opened { session, world in
            try await session.join()
            #expect(world.notes == ["connect longpoll no token"], "connect is asked once in a session")
        }
    }

    @Test("the token may be in the query")
    func phx_171_token_in_query() async throws {
        try await PollSocket.opened { session, _ in
            let target = session.target + "&token=" + session.token
            let join = ByteBuffer(string: #"["1","1","room:1","phx_join",{}]"#)
            let posted = try await session.posts.request(
                "POST", target, headers: [("Content-Type", "application/x-ndjson")], body: join)
            #expect(try PollAnswer(posted).status == 200)
            let answer = try PollAnswer(try await session.polls.get(target))
            #expect(answer.status == 200)
            #expect(answer.token == session.token)
            #expect(answer.messages == [#"["1","1","room:1","phx_reply",{"status":"ok","response":{}}]"#])
        }
    }

    @Test("of two tokens the header's is taken")
    func phx_172_header_wins() async throws {
        try await World.run(PollSocket.self) { world in
            let (first, second) = (try await world.poll(), try await world.poll())
            try await first.join()
            try await second.join()
            // Polls and posts as the first, with the second's token in the query.
            let both = first.with(target: first.target + "&token=\(second.token)")
            try await both.echo(1)
            #expect(try await both.receive(1) == [PollSession.echoed(1)])
            // A header that is no token is not made up for by the query.
            let wrong = both.with(token: "x")
            #expect(try await wrong.post(PollSession.echo(2)).status == 410)
            #expect(try await wrong.poll().status == 410)
            try world.news(3)
            for session in [first, second] { #expect(try await session.receive(1) == [PollSession.news(3)]) }
        }
    }

    @Test("a token that is not as it was given: a GET opens another session, a POST is 410")
    func phx_173_tampered_token() async throws {
        try await PollSocket.joined { session, world in
            let token = session.token
            let half = token.index(token.startIndex, offsetBy: token.count / 2)
            var changed = token
            changed.replaceSubrange(half...half, with: token[half] == "A" ? "B" : "A")
            for wrong in [changed, String(token.dropLast()), token + "A", "", "SFMyNTY.x.y", "..", "%00"] {
                let other = session.with(token: wrong)
                let posted = try await other.post(PollSession.echo(1))
                #expect(posted.status == 410)
                #expect(posted.isBare)
                let answer = try await other.poll()
                #expect(answer.status == 410)
                #expect(answer.isWhole)
                #expect(answer.token != nil && answer.token != token)
            }
            // The session does not notice.
            try await session.echo(2)
            #expect(try await session.receive(1) == [PollSession.echoed(2)])
        }
    }

    @Test("a POST without a token is 410, and opens no session")
    func postWithoutToken() async throws {
        try await World.run(PollSocket.self) { world in
            let client = try await TestClient.open(world.server)
            let answer = try await client.request("POST", world.pollTarget(), body: ByteBuffer(string: "[]"))
            #expect(try PollAnswer(answer).status == 410)
            #expect(world.notes == [])
        }
    }

    // MARK: origins

    private static let strict = LongPollOptions { $0.checkOrigin = .list(["https://example.com"]) }

    @Test("a refused origin is 403 in the body, for every method", arguments: ["GET", "POST", "OPTIONS"])
    func phx_61_refused_origin(method: String) async throws {
        try await World.run(PollSocket.self, longpoll: Self.strict) { world in
            let client = try await TestClient.open(world.server)
            let answer = try await client.request(
                method, world.pollTarget(), headers: [("Origin", "https://evil.example")], body: ByteBuffer())
            #expect(answer.status == 200)
            let body = try PollAnswer(answer)
            #expect(body.status == 403)
            #expect(body.isBare)
            #expect(world.notes == [])
        }
    }

    @Test("an origin on the list, and a request without any, are served")
    func origins() async throws {
        try await World.run(PollSocket.self, longpoll: Self.strict) { world in
            for headers in [[("Origin", "https://example.com")], []] {
                _ = try await PollSession.open(world.server, world.pollTarget(), headers: headers)
            }
        }
    }

    @Test("a session does not make up for a refused origin")
    func originOfALaterRequest() async throws {
        try await World.run(PollSocket.self, longpoll: Self.strict) { world in
            let session = try await world.poll()
            let headers = [("Origin", "https://evil.example"), ("X-Phoenix-LongPoll-Token", session.token)]
            for method in ["GET", "POST"] {
                let answer = try await session.polls.request(
                    method, session.target, headers: headers, body: ByteBuffer(string: PollSession.echo(1)))
                #expect(try PollAnswer(answer).status == 403)
            }
            try await session.join()
        }
    }

    // MARK: other methods and header fields

    @Test("OPTIONS allows the header fields that are asked for, and the three methods, for an hour")
    func phx_183_options() async throws {
        try await World.run(PollSocket.self, longpoll: LongPollOptions { $0.checkOrigin = .any }) { world in
            let client = try await TestClient.open(world.server)
            for (asked, allowed) in [
                (["a, b"], "a, b"), (["a,b"], "a, b"), (["x-phoenix-longpoll-token"], "x-phoenix-longpoll-token"),
                (["a", "b"], "a, b"),
            ] {
                let answer = try await client.request(
                    "OPTIONS", world.pollTarget(),
                    headers: [("Origin", "https://example.com"), ("Access-Control-Request-Method", "POST")]
                        + asked.map { ("Access-Control-Request-Headers", $0) })
                #expect(answer.status == 200)
                #expect(answer.text.isEmpty)
                #expect(answer.all("access-control-allow-headers").joined(separator: ", ") == allowed)
                #expect(answer["access-control-allow-methods"] == "get, post, options")
                #expect(answer["access-control-max-age"] == "3600")
                #expect(answer["access-control-allow-origin"] == "*")
            }
            #expect(world.notes == [])
        }
    }

    @Test("what a preflight asks for cannot break out of its header field")
    func optionsWithControlBytes() async throws {
        try await World.run(PollSocket.self) { world in
            let client = try await TestClient.open(world.server)
            let answer = try await client.request(
                "OPTIONS", world.pollTarget(), headers: [("Access-Control-Request-Headers", "a\u{1}b, c d, \u{E9}, \"")]
            )
            // Refused, or answered without the bytes that are no token.
            let allowed = answer.all("access-control-allow-headers").joined(separator: ",")
            #expect(answer.status == 400 || !allowed.utf8.contains { $0 < 0x20 || $0 > 0x7E })
        }
    }

    @Test("any other method is 400 without a body", arguments: ["PUT", "DELETE", "PATCH", "HEAD", "PROPFIND"])
    func phx_184_other_methods(method: String) async throws {
        try await World.run(PollSocket.self) { world in
            let client = try await TestClient.open(world.server)
            let answer = try await client.request(method, world.pollTarget())
            #expect(answer.status == 400)
            #expect(answer.text.isEmpty)
            #expect(world.notes == [])
        }
    }

    @Test("every answer is JSON, not to be stored, and for any origin")
    func phx_185_header_fields() async throws {
        try await PollSocket.opened(.window(.seconds(1))) { session, world in
            func get(_ query: String, _ token: String) async throws -> HTTPAnswer {
                try await session.polls.get(
                    world.pollTarget(query: query), headers: token.isEmpty ? [] : [("X-Phoenix-LongPoll-Token", token)])
            }
            var answers: [(Int, HTTPAnswer)] = [
                (410, try await get("", "")), (410, try await get("", "x")), (403, try await get("refuse=1", "")),
                (204, try await get("", session.token)),
            ]
            let join = ByteBuffer(string: #"["1","1","room:1","phx_join",{}]"#)
            answers.append((200, try await session.postRaw(join)))
            answers.append((200, try await get("", session.token)))
            answers.append((410, try await session.posts.request("POST", world.pollTarget(), body: join)))
            for (status, answer) in answers {
                #expect(answer.status == 200)
                #expect(try PollAnswer(answer).status == status)
                #expect(answer.all("content-type") == ["application/json; charset=utf-8"])
                #expect(answer.all("cache-control") == ["no-store"])
                #expect(answer.all("access-control-allow-origin") == ["*"])
            }
        }
    }

    @Test("the auth token is taken as it is from its header")
    func phx_186_auth_token() async throws {
        let longpoll = LongPollOptions { $0.authToken = true }
        try await World.run(PollSocket.self, longpoll: longpoll) { world in
            _ = try await PollSession.open(
                world.server, world.pollTarget(), headers: [("X-Phoenix-AuthToken", "tok")])
            _ = try await world.poll()
            #expect(world.notes == ["connect longpoll tok", "connect longpoll no token"])
        }
        try await World.run(PollSocket.self) { world in
            _ = try await PollSession.open(
                world.server, world.pollTarget(), headers: [("X-Phoenix-AuthToken", "tok")])
            #expect(world.notes == ["connect longpoll no token"], "not unless the mount wants it")
        }
    }
}
