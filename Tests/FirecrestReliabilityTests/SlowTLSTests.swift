// Firecrest — bad input 2: TLS handshakes that never end.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import NIOCore
import Testing

@Suite struct SlowTLSTests {
    private func options(_ handshakeTimeout: Duration) throws -> EndpointOptions {
        var options = EndpointOptions.test
        var tls = try TLSOptions.selfSigned()
        tls.handshakeTimeout = handshakeTimeout
        // The bystanders speak plain text.
        options.listen = [.hostname("127.0.0.1", port: 0), .hostname("127.0.0.1", port: 0, tls: tls)]
        // What is true of a header's time is not enough here.
        options.http.headerTimeout = .seconds(60)
        return options
    }

    private func tlsAddress(of server: TestServer) throws -> SocketAddress {
        let port = try #require(server.addresses.last?.split(separator: ":").last.flatMap { Int($0) })
        return try SocketAddress(ipAddress: "127.0.0.1", port: port)
    }

    @Test func bad_2_handshakes_that_never_end_are_closed_at_their_timeout() async throws {
        try await attackAmongBystanders(options: try options(.seconds(2))) { server in
            let address = try tlsAddress(of: server)
            let began = ContinuousClock.now
            let clients = try await TestClient.crowd(1_000) { try await TestClient.open(address) }
            defer { for client in clients { client.drop() } }
            // The record of a greeting that goes on, and says nothing for ever.
            for (index, client) in clients.enumerated() where index % 2 == 0 {
                client.sendWithoutWaiting(ByteBuffer(bytes: [0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xFC]))
                _ = client.sendBytes(ByteBuffer(bytes: [0x03]), every: .milliseconds(500))
            }
            // While they wait, there is room for others.
            #expect(try await TestClient.connect(server).heartbeat().status == "ok")
            for client in clients { try await client.waitForClose(timeout: .seconds(10)) }
            // No byte moved the limit: all were over soon after it.
            #expect(ContinuousClock.now - began < (Bystanders.isSanitized ? .seconds(40) : .seconds(8)))
            let gone = try await server.waitForStatistics("they are gone") { $0.connectionsOpen <= 110 }
            #expect(gone.tlsHandshakesFailed == 1_000)
        }
    }

    /// No answer could be read, and none is sent.
    @Test func bad_2_nothing_is_said_to_who_has_no_keys() async throws {
        try await attack(options: try options(.milliseconds(300))) { server in
            let client = try await TestClient.open(try tlsAddress(of: server))
            defer { client.drop() }
            #expect(try await client.receiveRest().readableBytes == 0)
        }
    }

    @Test func bad_2_garbage_in_place_of_a_handshake() async throws {
        try await attack(options: try options(.seconds(10))) { server in
            for bytes in [[0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], Array(repeating: 0x16, count: 70_000)] as [[UInt8]] {
                let client = try await TestClient.open(try tlsAddress(of: server))
                defer { client.drop() }
                client.sendWithoutWaiting(ByteBuffer(bytes: bytes))
                try await client.waitForClose()
            }
            try await server.waitForStatistics("both are counted") { $0.tlsHandshakesFailed == 2 }
        }
    }
}
