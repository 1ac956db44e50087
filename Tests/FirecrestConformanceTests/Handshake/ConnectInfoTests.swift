// Firecrest — conformance: what a mount tells connect.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import Testing

@Suite struct ConnectInfoTests {
    private static let headers = [
        ("X-A", "1"), ("Y-B", "2"), ("x-a", "3"), ("X-C", ""), ("User-Agent", "test/1.0"), ("Cookie", "session=secret"),
        ("traceparent", "00-1-2-01"), ("TraceState", "a=b"), ("tracestate", "c=d"), ("Authorization", "secret"),
    ]

    @Test func phx_62_x_headers_are_all_headers_that_begin_so_in_their_order() async throws {
        let info = try await info(of: "phx_62", [.xHeaders])
        #expect(info.xHeaders.map { "\($0.name)=\($0.value)" } == ["x-a=1", "x-a=3", "x-c="])
        #expect(info.userAgent == nil)
        #expect(info.traceContextHeaders.isEmpty)
    }

    @Test func phx_62_nothing_is_there_that_was_not_asked_for() async throws {
        let info = try await info(of: "phx_62_nothing", [])
        #expect(info.transport == "websocket")
        #expect(info.remoteAddress == "127.0.0.1")
        #expect(info.xHeaders.isEmpty)
        #expect(info.traceContextHeaders.isEmpty)
        #expect(info.secWebSocketHeaders.isEmpty)
        #expect(info.uri == nil)
        #expect(info.userAgent == nil)
        #expect(info.peerData == nil)
        #expect(info.authToken == nil)
        #expect(!"\(info)".contains("secret"))
    }

    @Test func phx_63_the_uri_is_the_requests() async throws {
        let info = try await info(of: "phx_63", [.uri])
        let uri = try #require(info.uri)
        #expect(uri.scheme == "http")
        #expect(uri.host == "127.0.0.1")
        #expect(uri.port == 80)
        #expect(uri.path == "/socket/websocket")
        #expect(uri.query == "vsn=2.0.0&test=phx_63")
    }

    @Test(arguments: [
        ("example.com:8080", "example.com", 8_080), ("[::1]:4000", "::1", 4_000), ("Example.com", "Example.com", 80),
    ])
    func phx_63_host_and_port_are_the_host_headers(header: String, host: String, port: Int) async throws {
        let websocket = WebSocketOptions { $0.connectInfo = [.uri] }
        try await TestServer.run(socket("/socket", ConnectSocket.self, websocket: websocket)) { server in
            let client = try await TestClient.open(server)
            let name = "phx_63_\(header)"
            let request = TestClient.upgradeRequest("/socket/websocket?test=\(name)")
                .replacing("Host: 127.0.0.1", with: "Host: \(header)")
            #expect(try await client.request(raw: request).status == 101)
            let uri = try #require(ConnectSocket.calls(of: name).first?.info.uri)
            #expect(uri.host == host)
            #expect(uri.port == port)
        }
    }

    @Test func phx_68_a_pair_of_the_mounts_own_is_handed_on() async throws {
        let info = try await info(of: "phx_68", [.custom("signing_salt", "x"), .custom("limit", 7)])
        #expect(info["signing_salt"] as? String == "x")
        #expect(info["limit"] as? Int == 7)
        #expect(info["other"] == nil)
    }

    @Test func peer_data_is_address_and_port_of_the_other_end() async throws {
        let info = try await info(of: "peer_data", [.peerData])
        #expect(info.peerData?.address == "127.0.0.1")
        #expect(info.peerData?.port ?? 0 > 1_023)
        #expect(info.peerData?.certificate == nil)
    }

    @Test func trace_context_headers_and_user_agent() async throws {
        let info = try await info(of: "trace", [.traceContextHeaders, .userAgent])
        #expect(
            info.traceContextHeaders.map { "\($0.name)=\($0.value)" }
                == ["traceparent=00-1-2-01", "tracestate=a=b", "tracestate=c=d"])
        #expect(info.userAgent == "test/1.0")
        #expect(info.xHeaders.isEmpty)
    }

    @Test func sec_websocket_headers_are_without_the_token() async throws {
        let offers = [("phoenix, base64url.bearer.phx.dG9r", ["phoenix"]), ("base64url.bearer.phx.dG9r", [])]
        for (offer, left) in offers {
            let info = try await info(
                of: "sec_\(left.count)", [.secWebSocketHeaders, .authToken],
                headers: [("Sec-WebSocket-Protocol", offer)])
            #expect(info.authToken == "tok")
            let headers = info.secWebSocketHeaders
            #expect(headers.filter { $0.name == "sec-websocket-protocol" }.map(\.value) == left)
            #expect(headers.filter { $0.name == "sec-websocket-version" }.map(\.value) == ["13"])
            #expect(headers.count { $0.name == "sec-websocket-key" } == 1)
            #expect(headers.allSatisfy { $0.name.hasPrefix("sec-websocket-") })
        }
    }

    @Test func sec_websocket_headers_are_whole_where_no_token_is_taken() async throws {
        let offer = "phoenix, base64url.bearer.phx.dG9r"
        let info = try await info(
            of: "sec_whole", [.secWebSocketHeaders], headers: [("Sec-WebSocket-Protocol", offer)])
        #expect(info.authToken == nil)
        #expect(
            info.secWebSocketHeaders.filter { $0.name == "sec-websocket-protocol" }.map(\.value) == [offer])
    }

    /// What connect is told by a mount that asks for `keys`.
    private func info(
        of name: String, _ keys: [ConnectInfoKey], headers: [(String, String)] = headers
    ) async throws -> ConnectInfo {
        let websocket = WebSocketOptions { $0.connectInfo = keys }
        return try await TestServer.run(socket("/socket", ConnectSocket.self, websocket: websocket)) { server in
            let client = try await TestClient.open(server)
            let answer = try await client.upgrade("/socket/websocket?vsn=2.0.0&test=\(name)", headers: headers)
            #expect(answer.status == 101)
            return try #require(ConnectSocket.calls(of: name).first?.info)
        }
    }
}
