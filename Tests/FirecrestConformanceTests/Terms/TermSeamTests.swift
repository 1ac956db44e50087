// Firecrest — clients of terms, of JSON and of bytes in one room, and how a client asks for terms
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import FirecrestWire
import NIOCore
import Testing

@Suite("Terms and JSON")
struct TermSeamTests {
    @Test("what one client says reaches the others in the form that each speaks")
    func allForms() async throws {
        try await TermTests.run { server, terms, json in
            let old = try await TestClient.connect(server, path: "/socket/websocket?vsn=1.0.0")
            try await old.sendText(#"{"topic":"room:1","event":"phx_join","payload":{},"ref":"1"}"#)
            _ = try await old.receiveText()
            let payload = ETFTerm.map([
                .init(.string("text"), .string("é\n")), .init(.string("n"), .double(8_589_934_592)),
                .init(.string("list"), .tuple([.null, .bool(true), .double(0.5)])),
            ])
            try await terms.pushTerm(joinRef: .string("1"), topic: "room:1", event: "shout", payload: payload)
            let text = #"{"text":"é\n","n":8589934592,"list":[null,true,0.5]}"#
            #expect(try await json.receiveText() == #"[null,null,"room:1","shout",\#(text)]"#)
            #expect(
                try await old.receiveText() == #"{"topic":"room:1","event":"shout","payload":\#(text),"ref":null}"#)
            #expect(
                try await terms.receiveTerm()
                    == .list([.null, .null, .string("room:1"), .string("shout"), payload]))

            try await json.push(joinRef: "1", topic: "room:1", event: "shout", payloadJSON: text)
            #expect(try await json.receiveText() == #"[null,null,"room:1","shout",\#(text)]"#)
            let same = ETFTerm.map([
                .init(.string("text"), .string("é\n")), .init(.string("n"), .double(8_589_934_592)),
                .init(.string("list"), .list([.null, .bool(true), .double(0.5)])),
            ])
            #expect(
                try await terms.receiveTerm() == .list([.null, .null, .string("room:1"), .string("shout"), same]))
            // From the server's own code.
            _ = try await old.receiveText()
            try server.endpoint.broadcast("room:1", "news", ["n": 1] as JSON)
            #expect(try await json.receiveText() == #"[null,null,"room:1","news",{"n":1}]"#)
            let news = ETFTerm.map([.init(.string("n"), .integer(1))])
            #expect(try await terms.receiveTerm() == .list([.null, .null, .string("room:1"), .string("news"), news]))
        }
    }

    @Test("a payload that is bytes stays bytes: a binary frame to 2.0.0, a binary to terms")
    func bytes() async throws {
        try await TermTests.run { _, terms, json in
            let data = ByteBuffer(bytes: [0, 0xFF])
            try await terms.pushTerm(joinRef: .string("1"), topic: "room:1", event: "shout", payload: .binary(data))
            #expect(
                try await terms.receiveTerm()
                    == .list([.null, .null, .string("room:1"), .string("shout"), .binary(data)]))
            guard case .binary(let frame) = try await json.receive() else {
                Issue.record("a binary frame was expected")
                return
            }
            #expect(frame == ByteBuffer(bytes: [2, 6, 5] + Array("room:1shout".utf8) + [0, 0xFF]))
            #expect(try await terms.callTerm("room:1", "echo", .binary(data)) == .binary(data))
        }
    }

    @Test("bytes within a term that are no text reach clients of terms; the others miss it, which is counted")
    func notTranscodable() async throws {
        try await TermTests.run { server, terms, json in
            let payload = ETFTerm.map([.init(.string("data"), .binary(ByteBuffer(bytes: [0xFF])))])
            try await terms.pushTerm(joinRef: .string("1"), topic: "room:1", event: "shout", payload: payload)
            #expect(
                try await terms.receiveTerm()
                    == .list([.null, .null, .string("room:1"), .string("shout"), payload]))
            try await server.waitForStatistics("one client missed it") { $0.broadcastsNotEncodable == 1 }
            #expect(try await json.heartbeat().status == "ok")
            // It is no loss to the sender, whose channel goes on.
            #expect(try await terms.callTerm("room:1", "echo", .map([])) == .map([]))
        }
    }

    @Test("of keys that are twice in JSON the last is in the term, which Erlang would refuse otherwise")
    func duplicateKeys() async throws {
        try await TermTests.run { server, terms, json in
            try await json.push(
                joinRef: "1", topic: "room:1", event: "shout", payloadJSON: #"{"a":1,"b":{"c":1,"c":[]},"a":null}"#)
            let inner = ETFTerm.map([.init(.string("c"), .list([]))])
            let payload = ETFTerm.map([.init(.string("a"), .null), .init(.string("b"), inner)])
            #expect(
                try await terms.receiveTerm()
                    == .list([.null, .null, .string("room:1"), .string("shout"), payload]))
            #expect(
                try await TermTests.refusal(
                    server, "74 00000002 6d00000001 61 6101 6d00000001 61 6102"
                ).contains("A map has a key twice"))
        }
    }

    @Test("a push that carries no map crashes the channel of whoever sent it, as with 2.0.0")
    func noMap() async throws {
        try await TermTests.run { _, terms, _ in
            try await terms.pushTerm(joinRef: .string("1"), topic: "room:1", event: "push", payload: .list([]))
            guard case .list(let crash) = try await terms.receiveTerm() else {
                Issue.record("a list was expected")
                return
            }
            #expect(crash.prefix(4) == [.string("1"), .string("1"), .string("room:1"), .string("phx_error")])
        }
    }

    @Test("odd messages get the answers that 2.0.0 gives, and what is no message closes with 1011")
    func shapes() async throws {
        try await TermTests.run { server, terms, _ in
            for topic in [ETFTerm.null, .integer(5), .string(""), .list([.string("x")]), .map([])] {
                try await terms.sendTerm(.list([.null, .integer(1), topic, .string("phx_join"), .map([])]))
                guard case .list(let parts) = try await terms.receiveTerm() else {
                    Issue.record("a list was expected")
                    return
                }
                #expect(parts[2] == topic)
                #expect(parts[4]["response"]?["reason"] == .string("unmatched topic"))
            }
            for (term, code) in [
                (ETFTerm.list([]), "wrong_shape"), (.map([]), "wrong_shape"),
                (.list([.null, .null, .string("phoenix"), .string("heartbeat")]), "wrong_shape"),
                (.list([.null, .null, .binary(ByteBuffer(bytes: [0xFF])), .string("e"), .map([])]), "wrong_shape"),
            ] {
                let client = try await TestClient.connect(server, path: TestClient.termPath)
                try await client.sendTerm(term)
                let close = try await client.receiveClose()
                #expect(close.code == 1011)
                #expect(close.reason.hasPrefix("\(code): "), "\(close.reason)")
            }
            let client = try await TestClient.connect(server, path: TestClient.termPath)
            try await client.sendText(#"[null,"1","phoenix","heartbeat",{}]"#)
            #expect(try await client.receiveClose().reason.hasPrefix("invalid_term: serializer 3.0.0 takes binary"))
        }
    }

    @Test("encoding=etf asks for terms too, whatever the vsn, where they are served")
    func encoding() async throws {
        try await TestServer.run(
            socket("/socket", RoomSocket.self, options: .withTerms()), socket("/plain", RoomSocket.self)
        ) { server in
            for query in ["encoding=etf", "vsn=2.0.0&encoding=etf", "vsn=3.0.0", "vsn=3.0.7"] {
                let client = try await TestClient.connect(server, path: "/socket/websocket?\(query)")
                #expect(try await client.joinTerm("room:1") == .map([]))
            }
            // Elsewhere the parameter is the application's own, and the version is not served.
            let plain = try await TestClient.connect(server, path: "/plain/websocket?vsn=2.0.0&encoding=etf")
            try await plain.join("room:1")
            let refused = try await TestClient.open(server)
            #expect(try await refused.upgrade("/plain/websocket?vsn=3.0.0").status == 403)
        }
    }

    @Test(
        "transports of text refuse terms and say why",
        arguments: ["longpoll", "sse", "sse?topic=room:1", "poll?topic=room:1"],
        ["vsn=3.0.0", "vsn=2.0.0&encoding=etf"])
    func otherTransports(_ path: String, _ query: String) async throws {
        try await TestServer.run(
            socket(
                "/socket", RoomSocket.self, longpoll: true, sse: true, shortpoll: true, options: .withTerms())
        ) { server in
            let client = try await TestClient.open(server)
            let separator = path.contains("?") ? "&" : "?"
            let answer = try await client.get("/socket/\(path)\(separator)\(query)")
            // A long poll's status is in its body, as phoenix.js expects it.
            #expect(path == "longpoll" ? answer.text == #"{"status":403}"# : answer.status == 403, "\(answer.text)")
            #expect(path == "longpoll" || answer.text.contains("over WebSockets only"), "\(answer.text)")
        }
    }
}
