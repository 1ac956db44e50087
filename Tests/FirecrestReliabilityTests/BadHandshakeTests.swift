// Firecrest — bad input 4: upgrade requests that are none.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import Testing

@Suite struct BadHandshakeTests {
    private static let key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"

    @Test func bad_4_a_missing_key_is_400() async throws {
        try await expectRefused { $0.replacing(Self.key, with: "") }
    }

    @Test(arguments: ["", "c2hvcnQ=", "dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBsZSBub25jZSE=", "!!!!!!!!!!!!!!!!!!!!!!=="])
    func bad_4_a_key_that_is_not_16_bytes_in_base64_is_400(key: String) async throws {
        try await expectRefused { $0.replacing("dGhlIHNhbXBsZSBub25jZQ==", with: key) }
    }

    @Test func bad_4_a_key_given_twice_is_400() async throws {
        try await expectRefused { $0.replacing(Self.key, with: Self.key + Self.key) }
    }

    @Test(arguments: ["Version: 8", "Version: 0", "Version: 14", "Version: x", "Version: 13, 8", "X: 13"])
    func bad_4_another_version_is_400_and_told_the_right_one(version: String) async throws {
        try await expectRefused(toldVersion: true) { $0.replacing("Version: 13", with: version) }
    }

    @Test func bad_4_upgrade_without_connection_is_400() async throws {
        try await expectRefused { $0.replacing("Connection: Upgrade\r\n", with: "") }
    }

    @Test func bad_4_connection_without_upgrade_is_400() async throws {
        try await expectRefused { $0.replacing("Upgrade: websocket\r\n", with: "") }
    }

    @Test func bad_4_another_upgrade_is_400() async throws {
        try await expectRefused { $0.replacing("Upgrade: websocket", with: "Upgrade: websockets") }
    }

    @Test func bad_4_a_missing_host_is_400() async throws {
        try await expectRefused { $0.replacing("Host: 127.0.0.1\r\n", with: "") }
    }

    @Test func bad_4_HTTP_1_0_is_400() async throws {
        try await expectRefused(code: "http_version") { $0.replacing("HTTP/1.1", with: "HTTP/1.0") }
    }

    private func expectRefused(
        code: String = "bad_handshake", toldVersion: Bool = false, _ change: (String) -> String
    ) async throws {
        try await attack { server in
            let client = try await TestClient.open(server)
            let good = TestClient.upgradeRequest()
            let bad = change(good)
            #expect(bad != good)
            let answer = try await client.request(raw: bad)
            #expect(answer.status == 400)
            #expect(answer.errorCode == code)
            #expect(!answer.text.isEmpty)
            #expect(answer.all("sec-websocket-version") == (toldVersion ? ["13"] : []))
            let statistics = await server.statistics()
            #expect(statistics.upgradesRefused == 1)
            #expect(statistics.upgradesAccepted == 1, "the neighbour's alone")
        }
    }
}
