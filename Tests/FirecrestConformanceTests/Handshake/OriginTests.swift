// Firecrest — conformance: which origins may connect.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import Logging
import NIOConcurrencyHelpers
import Testing

@Suite struct OriginTests {
    // MARK: the endpoint's host

    @Test func phx_43_a_client_without_an_origin_is_accepted() async throws {
        for policy in [OriginPolicy.endpointHost, .sameAsRequest, .list(["//other.org"]), .custom { _ in false }] {
            #expect(try await answer(policy, origin: nil).status == 101)
        }
    }

    @Test func phx_44_of_the_endpoints_host_scheme_and_port_do_not_matter() async throws {
        #expect(try await answer(.endpointHost, origin: "https://example.com:444").status == 101)
        #expect(try await answer(.endpointHost, origin: "http://EXAMPLE.com").status == 101)
    }

    @Test func phx_45_another_host_is_403_with_an_empty_body_before_connect() async throws {
        var options = EndpointOptions.test
        let log = RecordedLog()
        options.logger = log.logger
        options.host = "example.com"
        try await TestServer.run(options: options, socket("/socket", ParamsSocket.self)) { server in
            let client = try await TestClient.open(server)
            let answer = try await client.upgrade(
                "/socket/websocket?vsn=2.0.0&test=phx_45", headers: [("Origin", "https://www.example.com")])
            #expect(answer.status == 403)
            #expect(answer.text.isEmpty)
            #expect(answer.errorCode == "origin_refused")
            #expect(ParamsSocket.connectCalls(of: "phx_45") == 0)
            let statistics = await server.statistics()
            #expect(statistics.originsRefused == 1)
            #expect(statistics.upgradesRefused == 1)
            #expect(statistics.upgradesAccepted == 0)
        }
        let lines = log.lines.filter { $0.level == .error }
        #expect(lines.map { $0.metadata["origin"] } == ["https://www.example.com"])
    }

    /// The default of an endpoint that says nothing: its host is localhost.
    @Test func phx_45_by_default_only_pages_of_localhost_may_connect() async throws {
        try await TestServer.run(socket("/socket", RoomSocket.self)) { server in
            for (origin, status) in [
                ("http://localhost:3000", 101), ("http://127.0.0.1", 403), ("http://evil.org", 403),
            ] {
                let client = try await TestClient.open(server)
                #expect(try await client.upgrade(headers: [("Origin", origin)]).status == status)
            }
        }
    }

    @Test func phx_45_a_long_origin_does_not_fill_the_log() async throws {
        var options = EndpointOptions.test
        let log = RecordedLog()
        options.logger = log.logger
        try await TestServer.run(options: options, socket("/socket", RoomSocket.self)) { server in
            let client = try await TestClient.open(server)
            let origin = "http://" + String(repeating: "evil", count: 1_000) + "\u{85}"
            #expect(try await client.upgrade(headers: [("Origin", origin)]).status == 403)
        }
        let logged = try #require(log.lines.compactMap { $0.metadata["origin"] }.first)
        #expect(logged.count == 201)
    }

    @Test(arguments: ["null", "", "file://"])
    func phx_46_an_origin_without_a_host_is_403(origin: String) async throws {
        #expect(try await answer(.endpointHost, origin: origin).status == 403)
        #expect(try await answer(.list(["//example.com"]), origin: origin).status == 403)
        #expect(try await answer(.sameAsRequest, origin: origin).status == 403)
    }

    @Test func phx_47_without_a_check_every_origin_is_accepted() async throws {
        #expect(try await answer(.any, origin: "null").status == 101)
        #expect(try await answer(.any, origin: "https://evil.org").status == 101)
    }

    // MARK: lists

    @Test func phx_48_an_entry_without_scheme_and_port_takes_every_one() async throws {
        #expect(try await answer(.list(["//example.com"]), origin: "http://example.com:8080").status == 101)
    }

    @Test func phx_49_the_port_of_the_scheme_is_filled_in() async throws {
        #expect(try await answer(.list(["https://example.com"]), origin: "https://example.com").status == 101)
        #expect(try await answer(.list(["https://example.com"]), origin: "https://example.com:443").status == 101)
    }

    @Test func phx_50_another_port_is_403() async throws {
        #expect(try await answer(.list(["https://example.com"]), origin: "https://example.com:8443").status == 403)
    }

    @Test func phx_51_another_scheme_is_403() async throws {
        #expect(try await answer(.list(["http://example.com"]), origin: "https://example.com").status == 403)
    }

    @Test func phx_52_an_entry_with_a_port_alone_takes_that_port_alone() async throws {
        #expect(try await answer(.list(["//port.com:81"]), origin: "http://port.com:82").status == 403)
        #expect(try await answer(.list(["//port.com:81"]), origin: "http://port.com:81").status == 101)
    }

    @Test func phx_53_a_star_takes_names_at_any_depth() async throws {
        #expect(try await answer(.list(["//*.ex.com"]), origin: "https://a.b.ex.com").status == 101)
    }

    @Test func phx_54_a_star_takes_the_name_itself() async throws {
        #expect(try await answer(.list(["//*.ex.com"]), origin: "https://ex.com").status == 101)
    }

    @Test func phx_55_a_star_takes_no_name_that_only_ends_alike() async throws {
        #expect(try await answer(.list(["//*.ex.com"]), origin: "https://evil-ex.com").status == 403)
    }

    @Test func phx_56_without_a_star_the_name_must_be_the_same() async throws {
        #expect(try await answer(.list(["//ex.com"]), origin: "https://a.ex.com").status == 403)
    }

    // MARK: the request

    @Test func phx_57_the_requests_own_origin_is_accepted() async throws {
        #expect(try await answer(.sameAsRequest, origin: "http://example.com", host: "example.com").status == 101)
        #expect(
            try await answer(.sameAsRequest, origin: "http://[::1]:4000", host: "[::1]:4000").status == 101)
    }

    @Test(arguments: ["https://example.com", "http://example.com:81", "http://www.example.com", "ws://example.com"])
    func phx_58_another_scheme_port_or_host_than_the_requests_is_403(origin: String) async throws {
        #expect(try await answer(.sameAsRequest, origin: origin, host: "example.com").status == 403)
    }

    // MARK: a function

    @Test func phx_59_a_function_decides_about_origins_without_a_host_too() async throws {
        let seen = NIOLockedValueBox<[Origin]>([])
        let policy = OriginPolicy.custom { origin in
            seen.withLockedValue { $0.append(origin) }
            return origin.scheme == "file" || origin.host == nil
        }
        #expect(try await answer(policy, origin: "file://").status == 101)
        #expect(try await answer(policy, origin: "null").status == 101)
        #expect(try await answer(policy, origin: "https://example.com").status == 403)
        #expect(seen.withLockedValue { $0.map(\.host) } == ["", nil, "example.com"])
    }

    // MARK: start

    @Test func phx_60_a_list_entry_without_a_host_is_an_error_at_start() throws {
        let error = #expect(throws: OptionError.self) {
            var websocket = WebSocketOptions()
            websocket.checkOrigin = .list(["https://example.com", "example.org"])
            _ = try Endpoint(.test) { socket("/socket", RoomSocket.self, websocket: websocket) }
        }
        #expect(error?.option == "checkOrigin of the WebSocket at /socket")
        #expect(error?.description.contains("\"example.org\"") == true)
    }

    @Test func phx_60_the_endpoints_list_is_checked_at_start_too() throws {
        let error = #expect(throws: OptionError.self) {
            var options = EndpointOptions.test
            options.checkOrigin = .list(["localhost"])
            _ = try Endpoint(options) { socket("/socket", RoomSocket.self) }
        }
        #expect(error?.option == "checkOrigin of the endpoint")
    }

    // MARK: mounts

    @Test func phx_21_each_mount_of_a_type_has_its_own_policy() async throws {
        var a = WebSocketOptions()
        a.checkOrigin = .list(["//a.org"])
        var b = WebSocketOptions()
        b.checkOrigin = .list(["//b.org"])
        var options = EndpointOptions.test
        options.checkOrigin = .list(["//c.org"])
        try await TestServer.run(
            options: options, socket("/a", RoomSocket.self, websocket: a), socket("/b", RoomSocket.self, websocket: b),
            socket("/c", RoomSocket.self)
        ) { server in
            for path in ["a", "b", "c"] {
                for origin in ["a", "b", "c"] {
                    let client = try await TestClient.open(server)
                    let answer = try await client.upgrade(
                        "/\(path)/websocket?vsn=2.0.0", headers: [("Origin", "https://\(origin).org")])
                    #expect(answer.status == (path == origin ? 101 : 403), "\(path) and \(origin)")
                }
            }
        }
    }

    /// The answer of a server whose host is example.com.
    private func answer(
        _ policy: OriginPolicy, origin: String?, host: String = "127.0.0.1"
    ) async throws -> HTTPAnswer {
        var websocket = WebSocketOptions()
        websocket.checkOrigin = policy
        var options = EndpointOptions.test
        options.host = "example.com"
        return try await TestServer.run(
            options: options, socket("/socket", RoomSocket.self, websocket: websocket)
        ) { server in
            let client = try await TestClient.open(server)
            let request = TestClient.upgradeRequest()
                .replacing(
                    "Host: 127.0.0.1\r\n", with: "Host: \(host)\r\n" + (origin.map { "Origin: \($0)\r\n" } ?? ""))
            return try await client.request(raw: request)
        }
    }
}
