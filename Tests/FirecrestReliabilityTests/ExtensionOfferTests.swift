// Firecrest — bad input 20: extension headers made to be slow to read.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import NIOCore
import Testing

@Suite struct ExtensionOfferTests {
    /// As much as the header limits let through; none of it is agreed to, or only what is well-formed.
    static let offers: [(name: String, value: String)] = [
        ("thousands", String(repeating: "permessage-deflate,", count: 420) + "x"),
        ("thousands of unknown ones", String(repeating: "a,", count: 4_000)),
        ("thousands of parameters", "permessage-deflate" + String(repeating: ";a=1", count: 2_000)),
        ("empty elements", String(repeating: ",", count: 8_000)),
        ("empty parameters", "permessage-deflate" + String(repeating: ";", count: 8_000)),
        ("spaces", "permessage-deflate" + String(repeating: " ", count: 7_900) + ";"),
        ("spaces and equals signs", "permessage-deflate;" + String(repeating: "= ", count: 3_900)),
        ("a quoted string without an end", #"permessage-deflate; a=""# + String(repeating: "b", count: 8_000)),
        ("quotes", "permessage-deflate; a=" + String(repeating: "\"", count: 8_000)),
        ("backslashes", #"permessage-deflate; a=""# + String(repeating: "\\", count: 8_000) + "\""),
        ("duplicates", String(repeating: "permessage-deflate; client_max_window_bits,", count: 180)),
    ]

    @Test func bad_20_long_offers_are_read_in_no_time() async throws {
        var websocket = WebSocketOptions()
        websocket.compress = true
        try await attackAmongBystanders(websocket) { server in
            for (name, value) in Self.offers {
                let began = ContinuousClock.now
                for _ in 0..<10 {
                    let client = try await TestClient.open(server)
                    let answer = try await client.upgrade(headers: [("Sec-WebSocket-Extensions", value)])
                    #expect([101, 400, 431].contains(answer.status), "\(name): \(answer.status)")
                    if answer.status == 101 { #expect(try await client.heartbeat().status == "ok", "\(name)") }
                    client.drop()
                }
                // A parser that looks at bytes twice over needs seconds.
                #expect(ContinuousClock.now - began < .seconds(2), "\(name)")
            }
        }
    }

    /// Over many lines the same limits hold.
    @Test func bad_20_offers_over_ninety_lines_are_read_in_no_time() async throws {
        var websocket = WebSocketOptions()
        websocket.compress = true
        try await attackAmongBystanders(websocket) { server in
            let line = ("Sec-WebSocket-Extensions", String(repeating: "a;b=1,", count: 20))
            let client = try await TestClient.open(server)
            let answer = try await client.upgrade(headers: Array(repeating: line, count: 90))
            #expect(answer.status == 101)
            #expect(answer["sec-websocket-extensions"] == nil)
            #expect(try await client.heartbeat().status == "ok")
        }
    }

    /// What is good among the bad is still found, as RFC 6455 §9.1 wants it.
    @Test func bad_20_a_good_offer_behind_a_bad_one_is_agreed_to() async throws {
        var websocket = WebSocketOptions()
        websocket.compress = true
        try await attack(websocket) { server in
            let client = try await TestClient.open(server)
            let answer = try await client.upgrade(
                headers: [("Sec-WebSocket-Extensions", #"x="un"closed", a;b;c, permessage-deflate"#)])
            #expect(answer.status == 101)
            #expect(answer["sec-websocket-extensions"]?.hasPrefix("permessage-deflate") == true)
            #expect(try await client.heartbeat().status == "ok")
        }
    }
}
