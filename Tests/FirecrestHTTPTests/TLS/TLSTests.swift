// Firecrest — tests of https and wss.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import Hummingbird
import NIOCore
import NIOSSL
import Testing

@Suite struct TLSTests {
    private let authority: TestCertificate
    private let identity: TestCertificate

    init() throws {
        authority = try TestCertificate(authority: "Test authority")
        identity = try authority.issue("localhost")
    }

    private var tls: TLSOptions { TLSOptions(.pem(certificates: identity.certificate, key: identity.key)) }
    private var client: TestTLS { TestTLS(trusting: authority.certificate) }

    private func options(_ tls: TLSOptions) -> EndpointOptions {
        var options = EndpointOptions.test
        options.listen = [.hostname("127.0.0.1", port: 0, tls: tls)]
        return options
    }

    @Test func routes_and_sockets() async throws {
        try await serve(options: options(tls)) { router in
            router.get("/scheme") { request, _ in
                "\(request.head.scheme ?? "") \(RemoteClient.current?.isSecure == true)"
            }
        } body: { server in
            let web = try await TestClient.open(server, tls: client)
            #expect(try await web.get("/scheme").text == "https true")
            #expect(try await web.get("/hello").text == "hello")
            let socket = try await TestClient.open(server, tls: client)
            #expect(try await socket.upgrade().status == 101)
            #expect(try await socket.join("room:1").status == "ok")
            #expect(await server.statistics().tlsHandshakes == 2)
        }
    }

    /// Larger than a TLS record, a read, and the kernel's buffers.
    @Test func large_messages_arrive_whole() async throws {
        try await serve(options: options(tls)) { server in
            let socket = try await TestClient.open(server, tls: client)
            #expect(try await socket.upgrade().status == 101)
            #expect(try await socket.join("room:1").status == "ok")
            let text = String(repeating: "é", count: 400_000)
            try await socket.push(
                joinRef: "1", ref: "2", topic: "room:1", event: "echo", payloadJSON: #"{"text":"\#(text)"}"#)
            #expect(try await socket.receiveMessage().response?["text"]?.stringValue == text)
        }
    }

    @Test func the_uri_is_https() async throws {
        try await TestServer.run(options: options(tls), socket("/socket", WhoSocket.self)) { server in
            let socket = try await TestClient.open(server, tls: client)
            #expect(try await socket.upgrade().status == 101)
            let reply = try await socket.join("who")
            #expect(reply.response?["scheme"] == "https")
            #expect(reply.response?["address"] == "127.0.0.1")
            #expect(reply.response?["certificate"] == .null)
        }
    }

    // MARK: reload

    @Test func a_reload_reaches_new_connections_and_leaves_the_others_alone() async throws {
        let folder = try TemporaryFolder()
        let (chain, key) = (folder.path("chain.pem"), folder.path("key.pem"))
        try folder.write("chain.pem", identity.certificate)
        try folder.write("key.pem", identity.key)
        let other = try TestCertificate(authority: "Another authority")
        let fresh = try other.issue("localhost")
        try await serve(options: options(TLSOptions(certificateFile: chain, keyFile: key))) { server in
            let early = try await TestClient.open(server, tls: client)
            #expect(try await early.upgrade().status == 101)
            #expect(try await early.join("room:1").status == "ok")

            // A key that is not the certificate's: nothing changes.
            try folder.write("chain.pem", fresh.certificate)
            #expect(throws: TLSError.self) { try server.endpoint.reloadCertificates() }
            #expect(try await TestClient.open(server, tls: client).get("/hello").text == "hello")

            try folder.write("key.pem", fresh.key)
            try server.endpoint.reloadCertificates()
            let late = try await TestClient.open(server, tls: TestTLS(trusting: other.certificate))
            #expect(try await late.get("/hello").text == "hello")
            try await early.push(joinRef: "1", ref: "2", topic: "room:1", event: "echo", payloadJSON: #"{"n":1}"#)
            #expect(try await early.receiveMessage().response?["n"] == 1)
        }
    }

    // MARK: clients' certificates

    @Test func a_clients_certificate_is_part_of_the_peer_data() async throws {
        let folder = try TemporaryFolder()
        try folder.write("authorities.pem", authority.certificate)
        var tls = tls
        tls.clientCertificates = .optional(authorities: folder.path("authorities.pem"))
        let device = try authority.issue("device-7")
        try await TestServer.run(options: options(tls), socket("/socket", WhoSocket.self)) { server in
            let known = try await TestClient.open(
                server, tls: TestTLS(trusting: authority.certificate, identity: device))
            #expect(try await known.upgrade().status == 101)
            #expect(try await known.join("who").response?["certificate"] == .integer(Int64(device.bytes.count)))
            // Who has none may connect.
            let unknown = try await TestClient.open(server, tls: client)
            #expect(try await unknown.upgrade().status == 101)
            #expect(try await unknown.join("who").response?["certificate"] == .null)
        }
    }

    @Test func a_certificate_of_nobody_we_know_is_refused() async throws {
        let folder = try TemporaryFolder()
        try folder.write("authorities.pem", authority.certificate)
        var tls = tls
        tls.clientCertificates = .optional(authorities: folder.path("authorities.pem"))
        let stranger = try TestCertificate(authority: "Nobody").issue("device-7")
        try await serve(options: options(tls)) { server in
            let client = try await TestClient.open(
                server, tls: TestTLS(trusting: authority.certificate, identity: stranger))
            await #expect(throws: (any Error).self) { try await client.get("/hello") }
            try await server.waitForStatistics("a failed handshake") { $0.tlsHandshakesFailed == 1 }
        }
    }

    @Test func without_a_certificate_where_one_is_required_nothing_is_answered() async throws {
        let folder = try TemporaryFolder()
        try folder.write("authorities.pem", authority.certificate)
        var tls = tls
        tls.clientCertificates = .required(authorities: folder.path("authorities.pem"))
        try await serve(options: options(tls)) { server in
            let none = try await TestClient.open(server, tls: client)
            await #expect(throws: (any Error).self) { try await none.get("/hello") }
            let known = try await TestClient.open(
                server, tls: TestTLS(trusting: authority.certificate, identity: try authority.issue("device-7")))
            #expect(try await known.get("/hello").text == "hello")
        }
    }

    // MARK: what does not fit

    @Test func plain_http_is_told_so() async throws {
        try await serve(options: options(tls)) { server in
            let client = try await TestClient.open(server)
            let answer = try await client.get("/hello")
            #expect(answer.status == 400)
            #expect(answer.errorCode == "tls_expected")
            try await client.waitForClose()
            let failed = try await server.waitForStatistics("it is gone") { $0.connectionsOpen == 0 }
            #expect(failed.tlsHandshakesFailed == 1)
        }
    }

    @Test func old_versions_and_weak_ciphers_are_refused() async throws {
        try await serve(options: options(tls)) { server in
            var old = client
            (old.minimum, old.maximum) = (.tlsv1, .tlsv11)
            var weak = client
            (weak.maximum, weak.cipherSuites) = (.tlsv12, "ECDHE+AES128+SHA:RSA+AES")
            for tls in [old, weak] {
                let client = try await TestClient.open(server, tls: tls)
                await #expect(throws: (any Error).self) { try await client.get("/hello") }
            }
            var exact = client
            (exact.minimum, exact.maximum) = (.tlsv12, .tlsv12)
            #expect(try await TestClient.open(server, tls: exact).get("/hello").text == "hello")
            (exact.minimum, exact.maximum) = (.tlsv13, .tlsv13)
            #expect(try await TestClient.open(server, tls: exact).get("/hello").text == "hello")
        }
    }

    @Test(arguments: TLSOptions.Cipher.allCases)
    func a_cipher_alone(cipher: TLSOptions.Cipher) async throws {
        var tls = tls
        tls.ciphers = [cipher]
        try await serve(options: options(tls)) { server in
            var exact = client
            exact.maximum = .tlsv12
            #expect(try await TestClient.open(server, tls: exact).get("/hello").text == "hello")
            exact.cipherSuites = TLSOptions.Cipher.allCases.filter { $0 != cipher }
                .map { "ECDHE-ECDSA-\($0.rawValue)" }.joined(separator: ":")
            let other = try await TestClient.open(server, tls: exact)
            await #expect(throws: (any Error).self) { try await other.get("/hello") }
        }
    }

    @Test func a_minimum_of_tls_1_3_refuses_1_2() async throws {
        var tls = tls
        tls.minimumVersion = .tls13
        try await serve(options: options(tls)) { server in
            var exact = client
            exact.maximum = .tlsv12
            let client = try await TestClient.open(server, tls: exact)
            await #expect(throws: (any Error).self) { try await client.get("/hello") }
        }
    }

    /// Browsers go without a farewell when a tab is closed.
    @Test func a_client_that_goes_without_a_word_leaves_nothing_behind() async throws {
        try await serve(options: options(tls)) { server in
            let socket = try await TestClient.open(server, tls: client)
            #expect(try await socket.upgrade().status == 101)
            #expect(try await socket.join("room:1").status == "ok")
            try await socket.reset()
            try await server.waitForStatistics("it is gone") { $0.connectionsOpen == 0 && $0.channelsOpen == 0 }
        }
    }

    @Test func a_shutdown_says_goodbye_and_ends_in_time() async throws {
        var options = options(tls)
        options.shutdownTimeout = .seconds(20)
        try await serve(options: options) { server in
            let socket = try await TestClient.open(server, tls: client)
            #expect(try await socket.upgrade().status == 101)
            // This one has not even begun its handshake.
            let silent = try await TestClient.open(server)
            let began = ContinuousClock.now
            async let stop: Void = server.shutDown()
            let close = try await socket.receiveClose()
            #expect(close.code == 1012)
            try await socket.close(1012)
            try await stop
            #expect(ContinuousClock.now - began < .seconds(5))
            silent.drop()
        }
    }

    // MARK: start

    @Test func a_self_signed_certificate_serves_the_hosts_that_it_names() async throws {
        let tls = try TLSOptions.selfSigned(hosts: ["localhost", "127.0.0.1"])
        guard case .pem(let certificate, _) = tls.identity else {
            Issue.record("a self-signed certificate is in no file")
            return
        }
        try await serve(options: options(tls)) { server in
            let client = try await TestClient.open(server, tls: TestTLS(trusting: certificate))
            #expect(try await client.get("/hello").text == "hello")
        }
        #expect(throws: TLSError.self) { try TLSOptions.selfSigned(hosts: []) }
    }

    @Test func what_cannot_be_used_is_named_at_start() throws {
        let folder = try TemporaryFolder()
        try folder.write("chain.pem", identity.certificate)
        try folder.write("key.pem", identity.key)
        try folder.write("other.pem", try authority.issue("other").key)
        try folder.write("empty.pem", "")
        var badAuthority = TLSOptions(certificateFile: folder.path("chain.pem"), keyFile: folder.path("key.pem"))
        badAuthority.clientCertificates = .required(authorities: folder.path("empty.pem"))
        var badCiphers = TLSOptions(certificateFile: folder.path("chain.pem"), keyFile: folder.path("key.pem"))
        badCiphers.ciphers = []
        let cases: [(TLSOptions, TLSError.Code, String)] = [
            (TLSOptions(certificateFile: folder.path("no.pem"), keyFile: "k"), .unreadableCertificate, "no.pem"),
            (TLSOptions(certificateFile: folder.path("empty.pem"), keyFile: "k"), .unreadableCertificate, "empty.pem"),
            (
                TLSOptions(certificateFile: folder.path("chain.pem"), keyFile: folder.path("empty.pem")),
                .unreadableKey, "empty.pem"
            ),
            (
                TLSOptions(certificateFile: folder.path("chain.pem"), keyFile: folder.path("other.pem")), .unusable,
                "the key must be that of the file's first certificate"
            ),
            (badAuthority, .unreadableAuthorities, "empty.pem"),
            (badCiphers, .unusable, "ciphers"),
        ]
        for (tls, code, text) in cases {
            let error = #expect(throws: TLSError.self) { try Endpoint(options(tls)) {} }
            #expect(error?.code == code)
            #expect(error?.sentence.contains(text) == true)
        }
    }
}
