// Firecrest — bad input 1: clients that take for ever over their headers.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import NIOCore
import Testing

@Suite struct SlowHeaderTests {
    @Test func bad_1_slow_headers_end_at_the_header_timeout() async throws {
        var options = EndpointOptions.test
        options.http.headerTimeout = .seconds(2)
        try await attackAmongBystanders(options: options) { server in
            let began = ContinuousClock.now
            let clients = try await TestClient.crowd(1_000) { try await TestClient.open(server) }
            for client in clients {
                client.sendWithoutWaiting(ByteBuffer(string: "GET / HTTP/1.1\r\nX: "))
                _ = client.sendBytes(ByteBuffer(string: "x"), every: .milliseconds(500))
            }
            // While they dribble, there is room for others.
            let honest = try await TestClient.open(server)
            #expect(try await honest.get("/").status == 404)
            for client in clients {
                let answer = try await client.receiveAnswer(timeout: .seconds(10))
                #expect(answer.status == 408)
                #expect(answer.errorCode == "header_timeout")
                #expect(answer.text == "The request's headers did not arrive in time. (header_timeout)\n")
                try await client.waitForClose()
            }
            // No byte moved the limit: all were over soon after it.
            #expect(ContinuousClock.now - began < (Bystanders.isSanitized ? .seconds(40) : .seconds(8)))
            #expect(try await TestClient.connect(server).heartbeat().status == "ok")
            try await server.waitForStatistics("the slow clients are gone") { $0.connectionsOpen <= 110 }
        }
    }

    /// The limit counts from the first byte of a further request too, not from when the connection fell idle.
    @Test func bad_1_slow_headers_of_a_second_request_end_at_the_header_timeout() async throws {
        var options = EndpointOptions.test
        options.http.headerTimeout = .milliseconds(300)
        try await attack(options: options) { server in
            let client = try await TestClient.open(server)
            #expect(try await client.get("/").status == 404)
            try await client.sendBytes("GET / HTTP/1.1\r\nX: ")
            let stop = client.sendBytes(ByteBuffer(string: "x"), every: .milliseconds(100))
            defer { stop() }
            let answer = try await client.receiveAnswer()
            #expect(answer.status == 408)
            #expect(answer.errorCode == "header_timeout")
            try await client.waitForClose()
        }
    }

    /// A connection that never says anything is no different.
    @Test func bad_1_a_silent_connection_ends_at_the_header_timeout() async throws {
        var options = EndpointOptions.test
        options.http.headerTimeout = .milliseconds(200)
        try await attack(options: options) { server in
            let client = try await TestClient.open(server)
            #expect(try await client.receiveAnswer().status == 408)
            try await client.waitForClose()
        }
    }
}
