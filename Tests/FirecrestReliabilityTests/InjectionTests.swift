// Firecrest — bad input 7: line breaks and NUL where they do not belong.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import NIOCore
import Testing

@Suite struct InjectionTests {
    private static let bytes = ["\r", "\n", "\0", "\rX-Evil: 1", "\u{7F}", "\u{01}"]

    @Test(arguments: bytes)
    func bad_7_a_control_byte_in_a_header_value_is_400(byte: String) async throws {
        try await expectRefused("GET / HTTP/1.1\r\nHost: a\r\nX: evil\(byte)evil\r\n\r\n")
    }

    @Test(arguments: ["\r", "\0", " ", "\t", "\u{7F}", "(", "\"", "é"])
    func bad_7_a_byte_that_is_no_token_in_a_header_name_is_400(byte: String) async throws {
        try await expectRefused("GET / HTTP/1.1\r\nHost: a\r\nX-evil\(byte)evil: 1\r\n\r\n")
    }

    @Test(arguments: ["\r", "\n", "\0", "\u{01}", "\u{7F}"])
    func bad_7_a_control_byte_in_the_target_is_400(byte: String) async throws {
        try await expectRefused("GET /evil\(byte)evil HTTP/1.1\r\nHost: a\r\n\r\n")
        try await expectRefused(TestClient.upgradeRequest("/socket/websocket?vsn=2.0.0&evil=\(byte)"))
    }

    @Test(arguments: bytes)
    func bad_7_a_control_byte_in_the_subprotocol_is_400(byte: String) async throws {
        try await expectRefused(
            TestClient.upgradeRequest().dropLast() + "Sec-WebSocket-Protocol: sip\(byte)evil\r\n\r\n")
    }

    /// Escaped, they are harmless: nothing of them comes back unescaped, in no header and no close reason.
    @Test func bad_7_escaped_line_breaks_are_never_reflected() async throws {
        var websocket = WebSocketOptions()
        websocket.subprotocols = ["sip"]
        try await attack(websocket) { server in
            for query in ["vsn=2.0.0%0d%0aX-Evil:%201", "vsn=2.0.0&a=%0d%0aX-Evil:%201%00", "%0d%0aevil=1&vsn=2.0.0"] {
                let client = try await TestClient.open(server)
                let answer = try await client.upgrade(
                    "/socket/websocket?\(query)",
                    headers: [("Sec-WebSocket-Protocol", "sip, %0d%0aevil"), ("X-Request-Id", "evil")])
                #expect(answer.status == (query.hasPrefix("vsn=2.0.0%") ? 403 : 101))
                #expect(!answer.isEvil)
            }
        }
    }

    /// A topic is the one thing that a server repeats; JSON escapes keep it in its place.
    @Test func bad_7_line_breaks_in_a_topic_come_back_escaped() async throws {
        try await attack { server in
            let client = try await TestClient.connect(server)
            try await client.sendText(#"["1","1","room:\r\n\u0000evil","phx_join",{}]"#)
            let text = try await client.receiveText()
            #expect(!text.utf8.contains { $0 < 0x20 })
            #expect(text.contains(#"\r\n\u0000evil"#))
        }
    }

    private func expectRefused(_ request: String) async throws {
        try await attack { server in
            let client = try await TestClient.open(server)
            try await client.sendBytes(request)
            let answer = try await client.receiveAnswer()
            #expect(answer.status == 400, "\(request.debugDescription)")
            #expect(!answer.isEvil)
            #expect(try await client.receiveRest().readableBytes == 0)
        }
    }
}

extension HTTPAnswer {
    /// Whether anything of the request's `evil` came back.
    fileprivate var isEvil: Bool {
        text.contains("evil") || headers.contains { "\($0.name): \($0.value)".lowercased().contains("evil") }
    }
}
