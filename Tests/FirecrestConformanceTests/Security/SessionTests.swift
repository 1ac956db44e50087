// Firecrest — conformance: the session that connect is told of.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import NIOCore
import Testing

@Suite struct SessionTests {
    @Test(arguments: [Carrier.webSocket, .longPoll, .eventStream])
    func phx_64_without_the_csrf_token_there_is_no_session(carrier: Carrier) async throws {
        try await SessionServer.run { server in
            let visitor = try await Visitor.arriving(server)
            let session = try await visitor.session(server, "phx_64_\(carrier)", carrier: carrier, token: nil)
            #expect(session == nil)
        }
    }

    @Test(arguments: [Carrier.webSocket, .longPoll, .eventStream])
    func phx_65_with_the_csrf_token_the_session_is_there(carrier: Carrier) async throws {
        try await SessionServer.run { server in
            let visitor = try await Visitor.arriving(server)
            let session = try #require(try await visitor.session(server, "phx_65_\(carrier)", carrier: carrier))
            #expect(session["user"] == "u7")
            #expect(session.keys.sorted() == ["_csrf_token", "user"])
        }
    }

    @Test(arguments: [Carrier.webSocket, .longPoll])
    func phx_66_without_the_check_no_token_is_needed(carrier: Carrier) async throws {
        try await SessionServer.run(checkCSRF: false) { server in
            let visitor = try await Visitor.arriving(server)
            let session = try await visitor.session(server, "phx_66_\(carrier)", carrier: carrier, token: nil)
            #expect(session?["user"] == "u7")
        }
    }

    @Test(arguments: [nil, "other salt"])
    func phx_67_a_cookie_that_was_changed_is_no_session(encryptionSalt: String?) async throws {
        var options = SessionServer.options
        options.encryptionSalt = encryptionSalt
        try await SessionServer.run(options, checkCSRF: false) { server in
            let visitor = try await Visitor.arriving(server)
            let name = "phx_67_\(encryptionSalt ?? "signed")".replacing(" ", with: "_")
            #expect(try await visitor.session(server, name, token: nil)?["user"] == "u7")
            for (index, place) in [12, 30, 60, 90].enumerated() {
                var bytes = Array(visitor.cookie.utf8)
                bytes[place] = bytes[place] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
                let changed = String(decoding: bytes, as: UTF8.self)
                let session = try await visitor.session(server, "\(name)_\(index)", token: nil, cookies: [changed])
                #expect(session == nil, "\(changed)")
            }
        }
    }

    @Test func phx_65_an_encrypted_session_cannot_be_read_by_its_owner() async throws {
        var options = SessionServer.options
        options.encryptionSalt = "other salt"
        try await SessionServer.run(options) { server in
            let visitor = try await Visitor.arriving(server)
            #expect(visitor.cookie.hasPrefix("_test_key=XCP."))
            let session = try await visitor.session(server, "phx_65_encrypted")
            #expect(session?["user"] == "u7")
        }
    }

    @Test func phx_65_another_name_of_the_csrf_token_in_the_session() async throws {
        var options = SessionServer.options
        options.csrfTokenKey = "our_token"
        try await SessionServer.run(options) { server in
            let visitor = try await Visitor.arriving(server)
            let session = try #require(try await visitor.session(server, "phx_65_key"))
            #expect(session.keys.sorted() == ["our_token", "user"])
        }
    }

    @Test func phx_65_each_mount_has_a_session_of_its_own() async throws {
        var second = SessionServer.options
        second.key = "_second_key"
        second.signingSalt = "second salt"
        second.secretKeyBase = String(repeating: "z", count: 64)
        var endpoint = EndpointOptions.test
        endpoint.secretKeyBase = SessionServer.secret
        let router = try SessionServer.router(SessionServer.options)
        let keys = (ConnectInfoKey.session(SessionServer.options), ConnectInfoKey.session(second))
        try await TestServer.run(options: endpoint) {
            socket("/first", ConnectSocket.self, websocket: .init { $0.connectInfo = [keys.0] })
            socket("/second", ConnectSocket.self, websocket: .init { $0.connectInfo = [keys.1] })
            routes(router)
        } body: { server in
            let visitor = try await Visitor.arriving(server)
            let first = try await visitor.session(server, "phx_65_first", mount: "/first")
            #expect(first?["user"] == "u7")
            let other = try await visitor.session(server, "phx_65_second", mount: "/second")
            #expect(other == nil)
            let renamed = "_second_key=" + visitor.cookie.dropFirst("_test_key=".count)
            let foreign = try await visitor.session(server, "phx_65_renamed", mount: "/second", cookies: [renamed])
            #expect(foreign == nil)
        }
    }

    @Test func phx_65_cookies_are_found_as_plug_finds_them() async throws {
        try await SessionServer.run { server in
            let visitor = try await Visitor.arriving(server)
            let good = visitor.cookie
            let found: [[String]] = [
                ["a=1; \(good)"], ["a=1;\(good) ; b=2"], ["a=1", good], [good, "a=1"], ["\(good); _test_key=other"],
                ["_test_key=other", good], ["nothing; =; \(good)"],
            ]
            let missing: [[String]] = [
                ["_test_key=other; \(good)"], [good, "_test_key=other"],
                [good.replacing("_test_key=", with: "_test_key=\"") + "\""],
                [good.replacing("_test_key=", with: "_TEST_KEY=")], ["x\(good)"], ["_test_key"], ["_test_key="], [""],
            ]
            for (index, cookies) in (found + missing).enumerated() {
                let session = try await visitor.session(server, "phx_65_cookies_\(index)", cookies: cookies)
                #expect((session != nil) == (index < found.count), "\(cookies)")
            }
        }
    }

    @Test func phx_65_a_session_without_a_good_secret_or_with_two_is_an_error_at_start() throws {
        func make(_ options: SessionOptions..., secret: String? = SessionServer.secret) throws {
            var endpoint = EndpointOptions.test
            endpoint.secretKeyBase = secret
            _ = try Endpoint(endpoint) {
                socket(
                    "/socket", ConnectSocket.self,
                    websocket: .init { $0.connectInfo = options.map { .session($0) } })
            }
        }
        try make(SessionServer.options)
        #expect(throws: OptionError.self) { try make(SessionServer.options, secret: nil) }
        #expect(throws: OptionError.self) { try make(SessionServer.options, SessionServer.options) }
        let wrong: [(inout SessionOptions) -> Void] = [
            { $0.key = "a b" }, { $0.key = "" }, { $0.signingSalt = "" }, { $0.encryptionSalt = "" },
            { $0.secretKeyBase = "short" }, { $0.keys.iterations = 0 }, { $0.path = "x" }, { $0.path = "/a;b" },
            { $0.domain = "" }, { $0.sameSite = SessionOptions.SameSite.none },
        ]
        for change in wrong {
            var options = SessionServer.options
            change(&options)
            #expect(throws: OptionError.self) { try make(options) }
        }
    }

    @Test func phx_65_phoenixs_check_at_start_is_about_sessions_too() {
        var endpoint = EndpointOptions.test
        endpoint.secretKeyBase = SessionServer.secret
        endpoint.checkOrigin = .any
        #expect(throws: OptionError.self) {
            try Endpoint(endpoint) {
                socket(
                    "/socket", ConnectSocket.self,
                    websocket: .init {
                        $0.connectInfo = [.session(SessionServer.options)]
                        $0.checkCSRF = false
                    })
            }
        }
    }
}
