// Firecrest — bad input 3: headers and targets beyond measure.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import NIOCore
import Testing

@Suite struct HeaderFloodTests {
    @Test func bad_3_a_hundred_thousand_headers_are_431() async throws {
        var request = "GET / HTTP/1.1\r\nHost: a\r\n"
        for number in 0..<100_000 { request += "X-\(number): 1\r\n" }
        try await expectRefused(request + "\r\n", statuses: 431)
    }

    @Test func bad_3_a_header_of_one_megabyte_is_431() async throws {
        let value = String(repeating: "x", count: 1_000_000)
        try await expectRefused("GET / HTTP/1.1\r\nHost: a\r\nX-Large: \(value)\r\n\r\n", statuses: 431)
    }

    @Test func bad_3_a_header_name_of_one_megabyte_is_431() async throws {
        let name = String(repeating: "x", count: 1_000_000)
        try await expectRefused("GET / HTTP/1.1\r\nHost: a\r\n\(name): 1\r\n\r\n", statuses: 431)
    }

    /// Each field is small, their sum is not.
    @Test func bad_3_fields_that_together_pass_the_limit_are_431() async throws {
        let value = String(repeating: "x", count: 4_000)
        let fields = (0..<5).map { "X-\($0): \(value)\r\n" }.joined()
        try await expectRefused("GET / HTTP/1.1\r\nHost: a\r\n\(fields)\r\n", statuses: 431)
    }

    @Test(arguments: [8_192, 65_536, 1_000_000])
    func bad_3_a_long_target_is_414(bytes: Int) async throws {
        let target = String(repeating: "x", count: bytes)
        try await expectRefused("GET /\(target) HTTP/1.1\r\nHost: a\r\n\r\n", statuses: 414)
    }

    @Test func bad_3_a_target_without_an_end_is_414() async throws {
        try await expectRefused("GET /" + String(repeating: "x", count: 100_000), statuses: 414)
    }

    /// It is the first request of a connection that is measured as it arrives; a later one when its head is whole.
    @Test func bad_3_a_long_target_on_a_kept_connection_is_414() async throws {
        var options = EndpointOptions.test
        options.http.maxTargetBytes = 1_000
        try await attack(options: options) { server in
            let client = try await TestClient.open(server)
            #expect(try await client.get("/" + String(repeating: "x", count: 999)).status == 404)
            let answer = try await client.get("/" + String(repeating: "x", count: 1_000))
            #expect(answer.status == 414)
            #expect(answer.errorCode == "target_too_long")
            try await client.waitForClose()
        }
    }

    /// The limits hold for upgrades as for any request.
    @Test func bad_3_a_query_of_64_kilobytes_on_an_upgrade_is_refused() async throws {
        let query = String(repeating: "x", count: 65_536)
        try await expectRefused(TestClient.upgradeRequest("/socket/websocket?a=\(query)"), statuses: 414)
    }

    /// Without an end, so that a server that waited for it would wait for ever.
    @Test func bad_3_a_header_without_an_end_is_431() async throws {
        try await expectRefused(
            "GET / HTTP/1.1\r\nHost: a\r\nX: " + String(repeating: "x", count: 100_000), statuses: 431)
    }

    /// Up to the limits everything is fine.
    @Test func bad_3_headers_just_under_the_limits_are_accepted() async throws {
        try await attack { server in
            let client = try await TestClient.open(server)
            let many = (0..<99).map { "X-\($0): 1\r\n" }.joined()
            #expect(try await client.request(raw: "GET / HTTP/1.1\r\nHost: a\r\n\(many)\r\n").status == 404)
            let long = String(repeating: "x", count: 8_000)
            #expect(try await client.request(raw: "GET /\(long) HTTP/1.1\r\nHost: a\r\n\r\n").status == 404)
            #expect(try await client.request(raw: "GET / HTTP/1.1\r\nHost: a\r\nX: \(long)\r\n\r\n").status == 404)
        }
    }

    /// The most that the option allows is fewer than would trap in the types that routes get the fields in.
    @Test func bad_3_a_hundred_thousand_headers_are_431_even_where_all_limits_are_at_their_highest() async throws {
        var options = EndpointOptions.test
        options.http.maxHeaderFields = 65_000
        options.http.maxHeaderBytes = 1 << 30
        try await attack(options: options, share: .alone) { server in
            var request = "GET / HTTP/1.1\r\nHost: a\r\n"
            for number in 0..<100_000 { request += "X-\(number): 1\r\n" }
            let client = try await TestClient.open(server)
            client.sendWithoutWaiting(ByteBuffer(string: request + "\r\n"))
            #expect(try await client.receiveAnswer(timeout: .seconds(20)).status == 431)
        }
    }

    private func expectRefused(_ request: String, statuses: Int...) async throws {
        try await attack(share: .alone) { server in
            // Other tests prepare what they send meanwhile, in the same process: what this pins, it pins each time.
            var growth = Int.max
            for _ in 0..<3 where growth >= Self.maxGrowth { growth = try await flood(server, request, statuses) }
            #expect(growth < Self.maxGrowth, "\(growth) bytes more")
            #expect(await server.statistics().httpRequests == 1, "only the neighbour's upgrade counts")
        }
    }

    private static let maxGrowth = 32 << 20

    /// Twenty clients at once: what one of them could pin, all of them would. Returns by how much memory grew.
    private func flood(_ server: TestServer, _ request: String, _ statuses: [Int]) async throws -> Int {
        let bytes = ByteBuffer(string: request)
        let before = ProcessMemory.now
        let clients = try await TestClient.crowd(20) { try await TestClient.open(server) }
        for client in clients { client.sendWithoutWaiting(bytes) }
        for client in clients {
            let answer = try await client.receiveAnswer()
            #expect(statuses.contains(answer.status))
            #expect(answer.errorCode == (answer.status == 414 ? "target_too_long" : "header_too_large"))
            #expect(answer["connection"] == "close")
            #expect(!answer.text.isEmpty)
            #expect(!answer.text.contains("xxx"))
            try await client.waitForClose()
        }
        return ProcessMemory.now.resident - before.resident
    }
}
