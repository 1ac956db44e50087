// Firecrest — Erlang's terms through a real socket (rows 248-258)
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import FirecrestWire
import NIOCore
import Testing

@Suite("Terms")
struct TermTests {
    static func hex(_ text: String) -> ByteBuffer {
        let digits = text.filter { $0 != " " }.map { UInt8($0.hexDigitValue ?? 0) }
        return ByteBuffer(bytes: stride(from: 0, to: digits.count - 1, by: 2).map { digits[$0] << 4 | digits[$0 + 1] })
    }

    /// Runs `body` with a client of terms that has joined `room:1`, the neighbour a client of 2.0.0 in the same room.
    static func run(
        options: EndpointOptions = .test, _ body: (TestServer, TestClient, TestClient) async throws -> Void
    ) async throws {
        try await TestServer.run(
            options: options, socket("/socket", RoomSocket.self, options: .withTerms())
        ) { server in
            let client = try await TestClient.connect(server, path: TestClient.termPath)
            #expect(try await client.joinTerm("room:1") == .map([]))
            let neighbour = try await TestClient.connect(server)
            try await neighbour.join("room:1")
            try await body(server, client, neighbour)
        }
    }

    /// Sends a payload `{"v": <term>}` whose term is given as bytes, and returns the close frame that must come.
    static func refusal(_ server: TestServer, _ term: String) async throws -> String {
        let client = try await TestClient.connect(server, path: TestClient.termPath)
        try await client.sendBinary(try envelope(term))
        let close = try await client.receiveClose()
        #expect(close.code == 1011)
        return close.reason
    }

    /// `["1", "1", "room:1", "echo", {"v": <term>}]`.
    static func envelope(_ term: String) throws -> ByteBuffer {
        var frame = hex("83 6c 00000005")
        for part in ["1", "1", "room:1", "echo"] { try ETFTerm.string(part).writeTerm(into: &frame, .client) }
        frame.writeImmutableBuffer(hex("74 00000001 6d 00000001 76"))
        frame.writeImmutableBuffer(hex(term))
        frame.writeInteger(UInt8(106))
        return frame
    }

    /// Appendix A.3, and what a client of 2.0.0 sees of it.
    @Test(
        "the vectors, through the server to a client of terms and to one of JSON",
        arguments: [
            ("61 ff", "255"), ("62 00000100", "256"), ("62 ffffffff", "-1"), ("6e 04 00 00000080", "2147483648"),
            ("6e 04 01 01000080", "-2147483649"), ("46 3ff8000000000000", "1.5"), ("64 0004 74727565", "true"),
            ("6d 00000002 c3a9", #""é""#), ("6b 0002 0102", "[1,2]"), ("6a", "[]"), ("74 00000000", "{}"),
            (
                """
                6c 00000005 6400036e696c 6d0000000131 6d0000000770686f656e6978 6d00000009686561727462656174 \
                7400000000 6a
                """, #"[null,"1","phoenix","heartbeat",{}]"#
            ), ("73 03 6e696c", "null"), ("73 04 74727565", "true"), ("73 05 66616c7365", "false"),
        ])
    func phx_248_vectors(_ term: String, _ json: String) async throws {
        try await Self.run { _, client, neighbour in
            try await client.sendBinary(try Self.envelope(term))
            var expected = Self.hex("83")
            expected.writeImmutableBuffer(Self.hex(term))
            let value = try ETFTerm(decoding: expected)
            let reply = try await client.receiveTerm()
            guard case .list(let parts) = reply else {
                Issue.record("a list was expected, not \(reply)")
                return
            }
            let echoed = parts[4]["response"]?["v"]
            // −2³¹ − 1 is text to JavaScript unless it is sent as a double.
            #expect(echoed == value || echoed?.intValue.map { .integer(Int128($0)) } == value)
            try await client.pushTerm(
                joinRef: .string("1"), topic: "room:1", event: "shout", payload: .map([.init(.string("v"), value)]))
            #expect(try await neighbour.receiveText() == #"[null,null,"room:1","shout",{"v":\#(json)}]"#)
        }
    }

    @Test("2⁶⁴ has nine digits, which is one too many")
    func phx_248_nine_digits() async throws {
        try await Self.run { server, _, _ in
            let reason = try await Self.refusal(server, "6e 09 00 0000000000000000 01")
            #expect(reason.hasPrefix("invalid_term: An integer has more than 64 bits"))
        }
    }

    @Test("a heartbeat in Erlang's own bytes is answered, its ref with the type that it had")
    func heartbeat() async throws {
        try await Self.run { _, client, _ in
            for ref in [ETFTerm.string("1"), .integer(7), .null, .string("a\"\n")] {
                try await client.sendTerm(
                    .list([.null, ref, .string("phoenix"), .string("heartbeat"), .map([])]), .erlang)
                let status = ETFTerm.map([
                    .init(.string("status"), .string("ok")), .init(.string("response"), .map([])),
                ])
                #expect(
                    try await client.receiveTerm()
                        == .list([.null, ref, .string("phoenix"), .string("phx_reply"), status]))
            }
        }
    }

    @Test("null, true and false go out as tag 115, also those that came as others")
    func phx_249_atoms_for_javascript() async throws {
        try await Self.run { _, client, neighbour in
            try await neighbour.push(
                joinRef: "1", topic: "room:1", event: "shout", payloadJSON: #"{"a":[null,true,false]}"#)
            let expected = "74 00000001 6d 00000001 61 6c 00000003 73036e696c 730474727565 730566616c7365 6a"
            #expect(try await Self.contains(client, expected))
            // In Elixir's way, tag 119.
            try await client.pushTerm(
                joinRef: .string("1"), topic: "room:1", event: "shout",
                payload: .map([.init(.string("a"), .list([.null, .bool(true), .bool(false)]))]), style: .erlang)
            #expect(try await Self.contains(client, expected))
        }
    }

    private static func contains(_ client: TestClient, _ expected: String) async throws -> Bool {
        let frame = try await client.receiveTermBytes()
        let part = hex(expected)
        return frame.readableBytesView.suffix(part.readableBytes + 1).elementsEqual(
            Array(part.readableBytesView) + [106])
    }

    @Test("a list of small integers in short form is an array of numbers")
    func phx_250_byte_list() async throws {
        try await Self.run { _, client, neighbour in
            try await client.sendBinary(try Self.envelope("6b 0003 0001ff"))
            let reply = try await client.receiveTerm()
            guard case .list(let parts) = reply else {
                Issue.record("\(reply)")
                return
            }
            #expect(parts[4]["response"]?["v"] == .list([.integer(0), .integer(1), .integer(255)]))
            try await client.pushTerm(
                joinRef: .string("1"), topic: "room:1", event: "shout",
                payload: .map([.init(.string("v"), .list([.integer(0), .integer(1), .integer(255)]))]))
            #expect(try await neighbour.receiveText() == #"[null,null,"room:1","shout",{"v":[0,1,255]}]"#)
        }
    }

    @Test("nil, true and false are recognised as tags 118 and 119", arguments: ["76 0003", "77 03"])
    func phx_251_atoms_of_erlang(_ head: String) async throws {
        try await Self.run { _, client, neighbour in
            try await client.sendBinary(try Self.envelope("\(head) 6e696c"))
            #expect(try await Self.contains(client, "74 00000001 6d 00000001 76 73 03 6e696c"))
            _ = neighbour
        }
    }

    @Test("a list that claims four billion elements is refused, and no memory is taken for it")
    func phx_252_claimed_count() async throws {
        try await Self.run { server, _, _ in
            let before = ProcessMemory.now
            for term in ["6c ffffffff", "74 ffffffff", "6c fffffffe 6101", "6d ffffffff"] {
                let reason = try await Self.refusal(server, term)
                #expect(reason.hasPrefix("invalid_term: "), "\(reason)")
            }
            #expect(ProcessMemory.now.resident - before.resident < 32 << 20)
        }
    }

    @Test("10,000 lists within one another are refused")
    func phx_253_deep_nesting() async throws {
        try await Self.run { server, _, _ in
            let term =
                String(repeating: "6c00000001", count: 10_000) + String(repeating: "6a", count: 10_001)
            let reason = try await Self.refusal(server, term)
            #expect(reason.hasPrefix("invalid_term: The term is nested deeper than the limit of 128 levels"))
        }
    }

    @Test("a compressed term is refused")
    func phx_254_compressed() async throws {
        try await Self.run { server, _, _ in
            let client = try await TestClient.connect(server, path: TestClient.termPath)
            try await client.sendBinary(Self.hex("83 50 00000001 789c4b0400006200 62"))
            let close = try await client.receiveClose()
            #expect(close.code == 1011)
            #expect(close.reason.hasPrefix("invalid_term: Compressed terms are not read here"))
            #expect(try await Self.refusal(server, "50 00000001 789c").contains("Compressed"))
        }
    }

    @Test("an atom that means nothing here is refused, or text where the endpoint says so")
    func phx_255_unknown_atom() async throws {
        try await Self.run { server, _, _ in
            let reason = try await Self.refusal(server, "77 03 666f6f")
            #expect(reason.hasPrefix("invalid_term: An atom is none of nil, null, undefined, true and false"))
        }
        var options = EndpointOptions.test
        options.message.keepsUnknownAtoms = true
        try await Self.run(options: options) { _, client, neighbour in
            try await client.pushTerm(
                joinRef: .string("1"), topic: "room:1", event: "shout",
                payload: .map([.init(.atom("name"), .atom("Ω")), .init(.string("b"), .atom("é"))]), style: .erlang)
            #expect(try await neighbour.receiveText() == #"[null,null,"room:1","shout",{"name":"Ω","b":"é"}]"#)
        }
    }

    @Test(
        "functions, processes, ports and references are refused",
        arguments: [
            ("a function", "70 00000000"), ("an export", "71 7703666f6f 7703626172 6100"),
            ("an old function", "75 00000000"), ("a process", "67 77016e 00000001 00000000 00"),
            ("a new process", "58 77016e 00000001 00000000 00000000"), ("a port", "66 77016e 00000001 00"),
            ("a new port", "59 77016e 00000001 00000000"), ("a wide port", "78 77016e 0000000000000001 00000000"),
            ("an old reference", "65 77016e 00000001 00"), ("a reference", "72 0001 77016e 00 00000001"),
            ("a newer reference", "5a 0001 77016e 00000000 00000001"), ("bits", "4d 00000001 03 a0"),
        ])
    func phx_256_unsafe_terms(_ name: String, _ term: String) async throws {
        try await Self.run { server, _, _ in
            let reason = try await Self.refusal(server, term)
            #expect(reason.hasPrefix("invalid_term: A term is of a kind that is not read here"), "\(name): \(reason)")
        }
    }

    @Test("an integral double is an integer to a handler that needs one")
    func phx_257_integral_double() async throws {
        try await TestServer.run(socket("/socket", SumSocket.self, options: .withTerms(SumSocket.self))) { server in
            let client = try await TestClient.connect(server, path: TestClient.termPath)
            try await client.joinTerm("sum:1")
            // What JavaScript sends for 2³³ and 1, and a real integer.
            let numbers = ETFTerm.list([.double(8_589_934_592), .double(1), .integer(4_294_967_295)])
            let sum = try await client.callTerm("sum:1", "sum", .map([.init(.string("numbers"), numbers)]))
            #expect(sum["sum"]?.intValue == 12_884_901_888)
            #expect(sum["sum"] == .double(12_884_901_888))
        }
    }

    @Test("bytes behind the term are refused")
    func phx_258_trailing_bytes() async throws {
        try await Self.run { server, _, _ in
            let client = try await TestClient.connect(server, path: TestClient.termPath)
            var frame = try Self.envelope("6a")
            frame.writeInteger(UInt8(0))
            try await client.sendBinary(frame)
            let close = try await client.receiveClose()
            #expect(close.code == 1011)
            #expect(close.reason.hasPrefix("invalid_term: Something follows the term"))
        }
    }
}
