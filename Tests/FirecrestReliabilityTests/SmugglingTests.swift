// Firecrest — bad input 6: requests that two servers would read differently.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import NIOCore
import Testing

@Suite struct SmugglingTests {
    /// A request that must not be seen, hidden behind or inside a bad one.
    private static let hidden = "GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n"

    @Test(arguments: [
        "Content-Length: 0\r\nContent-Length: 5\r\n", "Content-Length: 5\r\nContent-Length: 0\r\n",
        "Content-Length: 0, 5\r\n",
    ])
    func bad_6_two_content_lengths_are_400(fields: String) async throws {
        try await expectRefused("POST / HTTP/1.1\r\nHost: a\r\n\(fields)\r\n")
    }

    @Test(arguments: ["5x", "0x5", "-1", "+1", "1 2", "", "99999999999999999999"])
    func bad_6_a_content_length_that_is_no_number_is_400(value: String) async throws {
        try await expectRefused("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \(value)\r\n\r\n")
    }

    @Test(arguments: [
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
    ])
    func bad_6_content_length_with_transfer_encoding_is_400(fields: String) async throws {
        try await expectRefused("POST / HTTP/1.1\r\nHost: a\r\n\(fields)\r\n0\r\n\r\n")
    }

    @Test(arguments: [
        "Transfer-Encoding:\r\n chunked\r\n", "Transfer-Encoding: chunked\r\n , identity\r\n", "X: a\r\n b\r\n",
        "X: a\r\n\tb\r\n",
    ])
    func bad_6_a_folded_header_is_400(fields: String) async throws {
        try await expectRefused("POST / HTTP/1.1\r\nHost: a\r\n\(fields)\r\n0\r\n\r\n")
    }

    @Test(arguments: ["xchunked", "chunked, identity", "identity, chunked, x", "chunked\u{0B}"])
    func bad_6_a_transfer_encoding_that_does_not_end_in_chunked_is_400(value: String) async throws {
        try await expectRefused("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \(value)\r\n\r\n0\r\n\r\n")
    }

    /// A route that does not look at the body may have answered before the bad chunk came; then that answer is the last.
    @Test(arguments: [
        "5\nhello\r\n0\r\n\r\n", "5\r\nhello0\r\n\r\n", "x\r\nhello\r\n", "-1\r\n",
        "fffffffffffffffff\r\n",
    ])
    func bad_6_nothing_behind_a_malformed_chunk_is_taken_for_a_request(body: String) async throws {
        try await attack { server in
            let client = try await TestClient.open(server)
            try await client.sendBytes(
                "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\(body)\(Self.hidden)")
            let answer = try await client.receiveAnswer()
            #expect(answer.status == 400 || answer.status == 404)
            #expect(try await client.receiveRest().readableBytes == 0)
        }
    }

    @Test(arguments: [
        "GET / HTTP/1.1\nHost: a\n\n", "GET / HTTP/1.1\r\nHost: a\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\n\n",
    ])
    func bad_6_a_bare_line_feed_is_400(request: String) async throws {
        try await expectRefused(request)
    }

    @Test(arguments: [
        " GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost : a\r\n\r\n", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", "GET / HTTP/9.9\r\nHost: a\r\n\r\n",
        "GET / HTTP/2.0\r\nHost: a\r\n\r\n", "GET /\r\n\r\n", "G@T / HTTP/1.1\r\nHost: a\r\n\r\n",
        "\u{16}\u{03}\u{01}\u{02}",
    ])
    func bad_6_a_malformed_start_or_field_line_is_400(request: String) async throws {
        try await expectRefused(request)
    }

    @Test func bad_6_an_upgrade_with_a_body_is_400() async throws {
        let upgrade = TestClient.upgradeRequest().dropLast()
        try await expectRefused("\(upgrade)Content-Length: \(Self.hidden.utf8.count)\r\n\r\n")
        try await expectRefused("\(upgrade)Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n")
        try await expectRefused("\(upgrade)Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
    }

    /// One 400 comes back, then the end: the hidden request is nobody's.
    private func expectRefused(_ request: String) async throws {
        try await attack { server in
            let client = try await TestClient.open(server)
            let answer = try await client.request(raw: request + Self.hidden)
            #expect(answer.status == 400, "\(request)")
            #expect(answer["connection"] == "close")
            #expect(answer.errorCode != nil)
            #expect(!answer.text.isEmpty)
            #expect(try await client.receiveRest().readableBytes == 0)
        }
    }
}
