// Firecrest — bad input 31: pages of other sites that open connections with the user's cookies.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import Testing

@Suite struct CrossSiteTests {
    private func expect(
        _ status: Int, _ policy: OriginPolicy, _ origins: [String], host: String? = "good.com"
    ) async throws {
        var options = EndpointOptions.test
        options.host = host
        var websocket = WebSocketOptions()
        websocket.checkOrigin = policy
        try await TestServer.run(options: options, socket("/socket", RoomSocket.self, websocket: websocket)) { server in
            for origin in origins {
                let answer = try await TestClient.open(server).upgrade(headers: [("Origin", origin)])
                #expect(answer.status == status, "\(origin)")
                if status == 403 { #expect(answer.errorCode == "origin_refused", "\(origin)") }
            }
            let refused = await server.statistics().originsRefused
            #expect(refused == (status == 403 ? origins.count : 0))
        }
    }

    /// As other hosts are made to look like ours.
    private let foreign = [
        "https://evil.com", "https://good.com.evil.com", "https://evilgood.com", "https://good.com@evil.com",
        "https://evil.com#good.com", "https://evil.com/good.com", "https://evil.com?good.com",
        "https://evil.com\\good.com",
        "https://good.com:443@evil.com", "https://[good.com]", "https://good.com%2eevil.com", "https://good.co",
        "good.com",
        "null", "", "file://", "https://", "//evil.com", "https:good.com", "javascript:good.com",
        "https://good.com, https://evil.com",
        "https://xn--good-com-9x3d.evil.com", "https://good.com.", "https://gооd.com",
    ]

    @Test func bad_31_a_page_of_another_host_is_refused() async throws {
        try await expect(403, .endpointHost, foreign)
        try await expect(403, .list(["https://good.com"]), foreign)
        try await expect(403, .list(["//good.com"]), foreign)
    }

    @Test func bad_31_a_wildcard_is_for_names_below_alone() async throws {
        try await expect(
            403, .list(["//*.good.com"]),
            [
                "https://evil-good.com", "https://agood.com", "https://a.good.com.evil.com", "https://*.good.co",
                "https://.com",
            ])
        try await expect(
            101, .list(["//*.good.com"]), ["https://good.com", "https://a.good.com", "https://a.b.good.com"])
    }

    @Test func bad_31_other_ports_and_schemes_are_other_origins() async throws {
        try await expect(
            403, .list(["https://good.com"]),
            ["http://good.com", "https://good.com:8443", "https://good.com:80", "wss://good.com:444", "ftp://good.com"])
        try await expect(
            101, .list(["https://good.com"]), ["https://good.com", "https://good.com:443", "HTTPS://GOOD.COM"])
    }

    /// The request's own host is 127.0.0.1 here, http, and a port that no URL leaves out.
    @Test func bad_31_the_same_origin_is_scheme_host_and_port() async throws {
        try await expect(
            403, .sameAsRequest,
            [
                "https://127.0.0.1", "http://127.0.0.1:81", "http://localhost", "http://127.0.0.1.evil.com", "null",
                "ws://127.0.0.1",
            ])
    }

    /// Long poll tells it in the body, as Phoenix does, and no session begins.
    @Test func bad_31_a_page_of_another_host_gets_no_poll() async throws {
        var options = EndpointOptions.test
        options.host = "good.com"
        try await TestServer.run(options: options, socket("/socket", RoomSocket.self, longpoll: true)) { server in
            for origin in foreign {
                let client = try await TestClient.open(server)
                let answer = try await client.get("/socket/longpoll?vsn=2.0.0", headers: [("Origin", origin)])
                #expect(answer.status == 200)
                #expect(answer.text.contains("403"), "\(origin): \(answer.text)")
            }
            #expect(await server.statistics().longPollSessionsOpen == 0)
        }
    }
}
