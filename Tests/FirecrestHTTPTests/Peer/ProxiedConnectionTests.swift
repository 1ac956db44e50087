// Firecrest — tests of connections that come through proxies.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import Hummingbird
import NIOCore
import Testing

@Suite struct ProxiedConnectionTests {
    private func options(trusting proxies: TrustedProxies, proxyProtocol: Bool = false) -> EndpointOptions {
        var options = EndpointOptions.test
        var listen = ListenAddress.hostname("127.0.0.1", port: 0)
        listen.proxyProtocol = proxyProtocol
        options.listen = [listen]
        options.trustedProxies = proxies
        return options
    }

    private func who(_ client: TestClient, headers: [(String, String)] = []) async throws -> JSON {
        let answer = try await client.upgrade(headers: headers)
        guard answer.status == 101 else { return .string("\(answer.status)") }
        return try await client.join("who").response ?? .null
    }

    // MARK: headers

    @Test func a_socket_behind_a_proxy_knows_its_client() async throws {
        let headers = [("X-Forwarded-For", "203.0.113.7"), ("X-Forwarded-Proto", "https")]
        try await TestServer.run(options: options(trusting: ["127.0.0.1"]), socket("/socket", WhoSocket.self)) {
            server in
            let told = try await who(TestClient.open(server), headers: headers)
            #expect(told["address"] == "203.0.113.7")
            #expect(told["scheme"] == "https")
            #expect(told["uri_port"] == 443)
            // The page is where the client sees it: https, though the proxy speaks http with us.
            let origin = [("Origin", "https://127.0.0.1")]
            #expect(try await who(TestClient.open(server), headers: headers + origin)["scheme"] == "https")
            #expect(
                try await who(TestClient.open(server), headers: headers + [("Origin", "http://127.0.0.1")]) == "403")
        }
    }

    @Test func anybody_else_is_who_they_are_whatever_they_write() async throws {
        let forged = [
            ("X-Forwarded-For", "203.0.113.7"), ("X-Forwarded-Proto", "https"), ("Forwarded", "for=203.0.113.7"),
        ]
        try await TestServer.run(options: options(trusting: ["192.0.2.1"]), socket("/socket", WhoSocket.self)) {
            server in
            let told = try await who(TestClient.open(server), headers: forged)
            #expect(told["address"] == "127.0.0.1")
            #expect(told["scheme"] == "http")
        }
    }

    @Test func routes_see_the_client_too() async throws {
        try await serve(options: options(trusting: ["127.0.0.1"])) { router in
            router.get("/who") { request, _ in
                "\(request.head.scheme ?? "") \(RemoteClient.current?.address ?? "")"
            }
        } body: { server in
            let client = try await TestClient.open(server)
            let headers = [("X-Forwarded-For", "203.0.113.7"), ("X-Forwarded-Proto", "https")]
            #expect(try await client.get("/who", headers: headers).text == "https 203.0.113.7")
            // The next request on the proxy's connection is somebody else's.
            #expect(
                try await client.get("/who", headers: [("X-Forwarded-For", "203.0.113.8")]).text == "http 203.0.113.8")
        }
    }

    // MARK: limits per address

    @Test func clients_behind_a_proxy_are_counted_not_the_proxy() async throws {
        var options = options(trusting: ["127.0.0.1"])
        options.maxConnectionsPerAddress = 2
        try await TestServer.run(options: options, socket("/socket", WhoSocket.self)) { server in
            func open(_ address: String) async throws -> (client: TestClient, status: Int) {
                let client = try await TestClient.open(server)
                return (client, try await client.upgrade(headers: [("X-Forwarded-For", address)]).status)
            }
            let first = try await open("203.0.113.7")
            #expect(first.status == 101)
            #expect(try await open("203.0.113.7").status == 101)
            #expect(try await open("203.0.113.7").status == 429)
            #expect(try await open("203.0.113.8").status == 101)
            // What ends makes room.
            first.client.drop()
            try await server.waitForStatistics("it is gone") { $0.webSocketsOpen == 2 }
            #expect(try await open("203.0.113.7").status == 101)
        }
    }

    /// nginx with keep-alive to its upstream: one connection, requests of many.
    @Test func a_proxys_connection_counts_for_whom_it_carries() async throws {
        var options = options(trusting: ["127.0.0.1"])
        options.maxConnectionsPerAddress = 1
        try await serve(options: options) { server in
            let proxy = try await TestClient.open(server)
            for number in 1...20 {
                let answer = try await proxy.get("/hello", headers: [("X-Forwarded-For", "203.0.113.\(number)")])
                #expect(answer.status == 200)
            }
            let other = try await TestClient.open(server)
            #expect(try await other.get("/hello", headers: [("X-Forwarded-For", "203.0.113.1")]).status == 200)
            #expect(try await other.get("/hello", headers: [("X-Forwarded-For", "203.0.113.20")]).status == 429)
        }
    }

    // MARK: the PROXY protocol

    private let version1 = ByteBuffer(string: "PROXY TCP4 203.0.113.7 10.0.0.1 51234 443\r\n")

    /// 203.0.113.7:51234, whose client speaks TLS with the proxy.
    private let version2 = ByteBuffer(
        bytes: [0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A, 0x21, 0x11, 0, 20]
            + [203, 0, 113, 7, 10, 0, 0, 1, 0xC8, 0x22, 0x01, 0xBB] + [0x20, 0, 5, 1, 0, 0, 0, 0])

    @Test func a_header_in_front_of_everything_names_the_client() async throws {
        let options = options(trusting: .init(["127.0.0.1"], header: .none), proxyProtocol: true)
        try await TestServer.run(options: options, socket("/socket", WhoSocket.self)) { server in
            let old = try await who(TestClient.open(server, prefix: version1))
            #expect(old["address"] == "203.0.113.7")
            #expect(old["port"] == 51_234)
            #expect(old["scheme"] == "http")
            let new = try await who(TestClient.open(server, prefix: version2))
            #expect(new["address"] == "203.0.113.7")
            #expect(new["scheme"] == "https")
        }
    }

    @Test func it_stands_before_tls() async throws {
        let tls = try TLSOptions.selfSigned()
        guard case .pem(let certificate, _) = tls.identity else { throw TestFailure("no certificate") }
        var options = options(trusting: ["127.0.0.1"], proxyProtocol: true)
        options.listen[0].tls = tls
        try await TestServer.run(options: options, socket("/socket", WhoSocket.self)) { server in
            let client = try await TestClient.open(server, tls: TestTLS(trusting: certificate), prefix: version1)
            let told = try await who(client)
            #expect(told["address"] == "203.0.113.7")
            #expect(told["scheme"] == "https")
        }
    }

    @Test func a_stranger_must_send_it_and_is_not_believed() async throws {
        let options = options(trusting: ["192.0.2.1"], proxyProtocol: true)
        try await TestServer.run(options: options, socket("/socket", WhoSocket.self)) { server in
            let told = try await who(TestClient.open(server, prefix: version2))
            #expect(told["address"] == "127.0.0.1")
            #expect(told["scheme"] == "http")
        }
    }

    @Test func a_connection_without_one_is_closed() async throws {
        let log = RecordedLog()
        var options = options(trusting: ["127.0.0.1"], proxyProtocol: true)
        options.logger = log.logger
        try await serve(options: options) { server in
            let client = try await TestClient.open(server)
            try await client.sendBytes("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n")
            try await client.waitForClose()
            try await server.waitForStatistics("it is counted") {
                $0.proxyHeadersRefused == 1 && $0.connectionsOpen == 0
            }
        }
        #expect(log.lines.contains { $0.metadata["error"]?.contains("proxy_header_missing") == true })
    }

    @Test func one_that_never_ends_is_closed_at_the_header_timeout() async throws {
        var options = options(trusting: ["127.0.0.1"], proxyProtocol: true)
        options.http.headerTimeout = .milliseconds(300)
        try await serve(options: options) { server in
            let client = try await TestClient.open(server)
            try await client.sendBytes("PROXY TCP4 ")
            try await client.waitForClose()
        }
    }

    @Test func a_header_beyond_its_limit_is_refused() async throws {
        try await serve(options: options(trusting: ["127.0.0.1"], proxyProtocol: true)) { server in
            let client = try await TestClient.open(server)
            try await client.sendBytes(
                [0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A, 0x21, 0x11, 0xFF, 0xFF])
            try await client.waitForClose()
            try await server.waitForStatistics("it is counted") { $0.proxyHeadersRefused == 1 }
        }
    }

    @Test func clients_named_in_front_are_counted() async throws {
        var options = options(trusting: ["127.0.0.1"], proxyProtocol: true)
        options.maxConnectionsPerAddress = 1
        try await serve(options: options) { server in
            let one = try await TestClient.open(server, prefix: version1)
            #expect(try await one.get("/hello").status == 200)
            #expect(try await TestClient.open(server, prefix: version2).receiveAnswer().status == 429)
            let other = ByteBuffer(string: "PROXY TCP4 203.0.113.8 10.0.0.1 51234 443\r\n")
            #expect(try await TestClient.open(server, prefix: other).get("/hello").status == 200)
        }
    }
}
