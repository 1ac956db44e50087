// Firecrest — the session that routes read and write.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import NIOCore
import Testing

@Suite struct SessionMiddlewareTests {
    @Test func the_cookie_is_written_when_something_changed_and_only_then() async throws {
        try await SessionServer.run { server in
            var visitor = Visitor(client: try await TestClient.open(server))
            let nothing = try await visitor.get("/read")
            #expect(nothing.status == 200 && nothing.text.isEmpty && nothing["set-cookie"] == nil)
            let first = try await visitor.get("/token")
            let header = try #require(first["set-cookie"])
            #expect(header.hasPrefix("_test_key=SFMyNTY."))
            #expect(header.hasSuffix("; path=/; HttpOnly; SameSite=Lax"))
            #expect(first.text.utf8.count == 56)
            // The session has its token: another page gets another face of it, and no cookie.
            let second = try await visitor.get("/token")
            #expect(second["set-cookie"] == nil && second.text != first.text)
            for token in [first.text, second.text] {
                let answer = try await visitor.post("/put", token: token, body: "hello")
                #expect(answer.text == "put hello" && answer["set-cookie"] != nil)
            }
            let values = try await visitor.get("/read").text
            #expect(values.contains("user=u7"))
        }
    }

    @Test func values_are_deleted_the_session_cleared_and_the_cookie_dropped() async throws {
        try await SessionServer.run { server in
            var visitor = try await Visitor.arriving(server)
            #expect(try await visitor.post("/delete").status == 200)
            let left = try await visitor.get("/read").text
            #expect(!left.contains("user") && left.contains("_csrf_token"))
            #expect(try await visitor.post("/clear").status == 200)
            let none = try await visitor.get("/read").text
            #expect(none.isEmpty)
            visitor = try await Visitor.arriving(server)
            let dropped = try await visitor.post("/drop")
            #expect(
                dropped["set-cookie"]
                    == "_test_key=; path=/; expires=Thu, 01 Jan 1970 00:00:00 GMT; max-age=0; HttpOnly; SameSite=Lax")
        }
    }

    @Test func a_login_makes_another_csrf_token() async throws {
        try await SessionServer.run { server in
            var visitor = try await Visitor.arriving(server)
            let old = visitor.csrfToken
            visitor.csrfToken = try await visitor.post("/login").text
            #expect(try await visitor.post("/put", token: old).status == 403)
            #expect(try await visitor.post("/put").status == 200)
        }
    }

    @Test func what_changes_something_needs_the_token() async throws {
        try await SessionServer.run { server in
            var visitor = try await Visitor.arriving(server)
            for token in ["", "x", String(repeating: "A", count: 56), visitor.csrfToken + "A"] {
                let answer = try await visitor.post("/put", token: token)
                #expect(answer.status == 403 && answer.text.contains("invalid_csrf_token"), "\(token)")
                #expect(answer["set-cookie"] == nil)
            }
            // Without a session no token is any good.
            let other = try await TestClient.open(server)
            let answer = try await other.request(
                "POST", "/put", headers: [("X-CSRF-Token", visitor.csrfToken)], body: ByteBuffer())
            #expect(answer.status == 403)
        }
    }

    @Test func a_form_brings_the_token_and_the_route_still_reads_it() async throws {
        try await SessionServer.run { server in
            let visitor = try await Visitor.arriving(server)
            func send(_ form: String, type: String = "application/x-www-form-urlencoded") async throws -> HTTPAnswer {
                try await visitor.client.request(
                    "POST", "/put", headers: [("Cookie", visitor.cookie), ("Content-Type", type)],
                    body: ByteBuffer(string: form))
            }
            let form = "name=Ada&_csrf_token=\(visitor.csrfToken)"
            #expect(try await send(form).text == "put \(form)")
            #expect(try await send(form, type: "application/x-www-form-urlencoded; charset=utf-8").status == 200)
            #expect(try await send("name=Ada").status == 403)
            #expect(try await send("%ff=%ff&_csrf_token=\(visitor.csrfToken)").status == 403)
            #expect(try await send(form, type: "text/plain").status == 403)
        }
    }

    @Test func a_mount_and_its_routes_may_say_how_long_the_cookie_is_kept() async throws {
        var options = SessionServer.options
        options.maxAge = .seconds(3_600)
        options.domain = "example.com"
        options.path = "/app"
        options.isSecure = true
        options.isHTTPOnly = false
        options.sameSite = .strict
        try await SessionServer.run(options) { server in
            let header = try #require(try await TestClient.open(server).get("/token")["set-cookie"])
            let parts = header.split(separator: "; ").dropFirst().map(String.init)
            #expect(parts[0...1] == ["path=/app", "domain=example.com"])
            #expect(parts[2].hasPrefix("expires=") && parts[2].hasSuffix(" GMT"))
            #expect(parts[3...] == ["max-age=3600", "secure", "SameSite=Strict"])
        }
    }

    // MARK: limits

    @Test func limit_cookieBytes() async throws {
        let log = RecordedLog()
        var endpoint = EndpointOptions.test
        endpoint.logger = log.logger
        try await SessionServer.run(endpoint: endpoint) { server in
            var visitor = try await Visitor.arriving(server)
            let answer = try await visitor.post("/large")
            #expect(answer.status == 200 && answer["set-cookie"] == nil)
            #expect(log.lines.contains { $0.message.hasPrefix("A session is too large") })
            let session = try await visitor.session(
                server, "limit_cookieBytes", cookies: ["_test_key=" + String(repeating: "A", count: 5_000)])
            #expect(session == nil)
        }
    }

    @Test func limit_formBytes() async throws {
        try await SessionServer.run(maxFormBytes: 100) { server in
            let visitor = try await Visitor.arriving(server)
            for (count, status) in [(100, 200), (101, 413)] {
                let form = "_csrf_token=\(visitor.csrfToken)&x="
                let answer = try await visitor.client.request(
                    "POST", "/put",
                    headers: [("Cookie", visitor.cookie), ("Content-Type", "application/x-www-form-urlencoded")],
                    body: ByteBuffer(string: form + String(repeating: "x", count: count - form.utf8.count)))
                #expect(answer.status == status)
            }
        }
    }
}
