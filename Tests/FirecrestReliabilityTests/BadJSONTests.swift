// Firecrest — bad inputs 21 and 22: JSON that is deep, long or odd, and messages of the wrong shape.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import NIOCore
import Testing

@Suite struct BadJSONTests {
    private static func message(_ payload: String) -> String { #"["1","2","room:1","echo",\#(payload)]"# }

    /// What no reader of ours takes.
    static let refused: [(name: String, text: String, reason: String)] = [
        (
            "deep arrays", message(String(repeating: "[", count: 100_000) + String(repeating: "]", count: 100_000)),
            "nested deeper than the limit of 128 levels"
        ),
        ("deep objects", message(String(repeating: #"{"a":"#, count: 100_000)), "nested deeper"),
        ("deep everywhere", String(repeating: "[", count: 500_000), "nested deeper"),
        (
            "a number of a million digits", message(String(repeating: "9", count: 1_000_000)),
            "longer than the limit of 1024"
        ),
        (
            "a fraction of a million digits", message("0." + String(repeating: "9", count: 1_000_000)),
            "longer than the limit"
        ),
        ("a half of a pair", message(#""\ud800""#), "one half of a surrogate pair"),
        ("the other half", message(#""\udc00x""#), "one half of a surrogate pair"),
        ("pairs in the wrong order", message(#""\udc00\ud800""#), "one half of a surrogate pair"),
        ("an endless string", #"["1","2","room:1","echo",""# + String(repeating: "x", count: 900_000), "not finished"),
        ("no JSON", message("hello"), "does not allow this byte"), ("nothing", "", "not finished"),
        ("something behind it", message("{}") + "]", "Something follows"),
        ("NaN", message("NaN"), "does not allow"), ("a leading zero", message("01"), ""),
        ("a control character", message("\"\u{01}\""), "control character"),
    ]

    @Test func bad_21_json_beyond_the_limits_closes_with_1011() async throws {
        try await attackAmongBystanders { server in
            let before = ProcessMemory.now
            for (name, text, reason) in Self.refused {
                let began = ContinuousClock.now
                let close = try await closeOfSession(server, after: RawFrame(text))
                #expect(close.code == 1011, "\(name)")
                #expect(close.reason.hasPrefix("invalid_json: "), "\(name): \(close.reason)")
                #expect(close.reason.contains(reason), "\(name): \(close.reason)")
                #expect(ContinuousClock.now - began < .seconds(1), "\(name)")
            }
            #expect(await server.statistics().protocolErrors == Self.refused.count)
            let growth = ProcessMemory.now.resident - before.resident
            #expect(growth < 48 << 20, "\(growth) bytes more")
        }
    }

    @Test func bad_21_a_number_that_no_double_holds_closes_with_1011() async throws {
        try await attack { server in
            for number in ["1e400", "-1e400", "1E+999999999999", "123456789e999"] {
                let close = try await closeOfSession(server, after: RawFrame(Self.message(#"{"n":\#(number)}"#)))
                #expect(close.code == 1011, "\(number)")
            }
        }
    }

    /// Odd, but JSON: as Phoenix takes it.
    @Test func bad_21_odd_json_is_taken() async throws {
        try await attackAmongBystanders { server in
            let client = try await TestClient.connect(server)
            #expect(try await client.join("room:1").status == "ok")
            let fine = [
                #"{"a":1,"a":2,"a":3}"#, #"{"":"","\u0000":"\ud83d\ude00"}"#,
                #"{"s":"\#(String(repeating: "x", count: 900_000))"}"#, #"{"n":1e-400,"m":-0}"#,
                #"{"d":"# + String(repeating: "[", count: 120) + String(repeating: "]", count: 120) + "}",
                "{" + (0..<20_000).map { "\"k\($0)\":null" }.joined(separator: ",") + "}",
            ]
            for payload in fine {
                try await client.push(joinRef: "1", ref: "e", topic: "room:1", event: "echo", payloadJSON: payload)
                let reply = try await client.receiveMessage()
                #expect(reply.status == "ok")
                #expect(reply.ref == "e")
            }
            #expect(try await client.heartbeat().status == "ok")
        }
    }

    // MARK: shapes

    static let undecodable: [(name: String, text: String, code: String)] = [
        ("an object", #"{"topic":"phoenix","event":"heartbeat","payload":{},"ref":"1"}"#, "wrong_shape"),
        ("a string", #""phoenix""#, "wrong_shape"), ("a number", "1", "wrong_shape"), ("null", "null", "wrong_shape"),
        ("an empty array", "[]", "wrong_shape"), ("three elements", #"["1","2","room:1"]"#, "wrong_shape"),
        ("four elements", #"["1","2","room:1","echo"]"#, "wrong_shape"),
        (
            "a topic beyond its limit", #"["1","2","\#(String(repeating: "t", count: 1_025))","phx_join",{}]"#,
            "topic_too_long"
        ),
        (
            "an event beyond its limit", #"["1","2","room:1","\#(String(repeating: "e", count: 1_025))",{}]"#,
            "event_too_long"
        ),
        (
            "a ref beyond its limit", #"["1","\#(String(repeating: "r", count: 5_000))","room:1","echo",{}]"#,
            "ref_too_long"
        ),
        ("an array of a ref", "[[\(String(repeating: "1,", count: 5_000))1],1,\"room:1\",\"echo\",{}]", "ref_too_long"),
    ]

    @Test func bad_22_what_v2_cannot_decode_closes_with_1011() async throws {
        try await attackAmongBystanders { server in
            for (name, text, code) in Self.undecodable {
                let close = try await closeOfSession(server, after: RawFrame(text))
                #expect(close.code == 1011, "\(name)")
                #expect(close.reason.hasPrefix("\(code): "), "\(name): \(close.reason)")
            }
            #expect(await server.statistics().protocolErrors == Self.undecodable.count)
        }
    }

    @Test func bad_22_a_topic_of_ten_megabytes_closes_with_1009() async throws {
        try await attackAmongBystanders { server in
            let before = ProcessMemory.now
            let topic = String(repeating: "t", count: 10 << 20)
            let clients = try await TestClient.crowd(5) { try await TestClient.connect(server) }
            let join = #"["1","1","\#(topic)","phx_join",{}]"#
            let frame = RawFrame(join).bytes
            for client in clients { client.sendWithoutWaiting(frame) }
            for client in clients {
                let close = try await client.receiveClose()
                #expect(close.code == 1009)
                #expect(close.reason == "A frame declares \(join.utf8.count) bytes; the limit is 1048576.")
            }
            // The frame itself, twice, is the clients'.
            let growth = ProcessMemory.now.resident - before.resident
            #expect(growth < 96 << 20, "\(growth) bytes more")
        }
    }

    /// Everything that is five elements or more is a message; what nothing takes gets the answer that Phoenix gives.
    @Test func bad_22_odd_messages_get_their_answers() async throws {
        try await attack { server in
            let client = try await TestClient.connect(server)
            func answer(_ text: String) async throws -> ReceivedMessage {
                try await client.sendText(text)
                return try await client.receiveMessage()
            }
            let unmatched: JSON = ["status": "error", "response": ["reason": "unmatched topic"]]
            for topic in ["null", #""""#, "1", "{}", "[[]]", "true", #""nobody:1""#, #""room""#, #""\u0000""#] {
                let reply = try await answer(#"["1","2",\#(topic),"phx_join",{}]"#)
                #expect(reply.event == "phx_reply", "\(topic)")
                #expect(reply.payload == unmatched, "\(topic)")
            }
            #expect(try await answer(#"[null,7,"phoenix","heartbeat",{}]"#).ref == 7)
            #expect(try await answer(#"[null,null,"phoenix","heartbeat",{},6,7]"#).status == "ok")
            #expect(try await answer(#"[null,"8","phoenix","heartbeat",null]"#).status == "ok")
            #expect(try await answer(#"[1,9,"phoenix","heartbeat",[]]"#).ref == 9)
            #expect(try await client.heartbeat().status == "ok")
        }
    }
}
