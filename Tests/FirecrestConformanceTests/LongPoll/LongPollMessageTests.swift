// Firecrest — what a POST carries, and what a GET brings (rows 167-169, 174-179, 188, 189)
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import Logging
import NIOCore
import Testing

@Suite("Long poll: messages")
struct LongPollMessageTests {
    // MARK: GET

    @Test("a join by POST is 200; its reply comes with the next GET, as the text of a frame")
    func phx_167_join() async throws {
        try await PollSocket.opened { session, _ in
            let posted = try await session.post(#"["1","1","room:1","phx_join",{}]"#)
            #expect(posted.status == 200)
            #expect(posted.isBare)
            let answer = try await session.poll()
            #expect(answer.status == 200)
            #expect(answer.isWhole)
            #expect(answer.token == session.token)
            #expect(answer.messages == [#"["1","1","room:1","phx_reply",{"status":"ok","response":{}}]"#])
        }
    }

    @Test("with nothing to say a GET is answered 204 when the window is over, again and again")
    func phx_168_nothing_pending() async throws {
        // A client that is silent for one and a half windows is gone: on a busy machine that must take a while.
        try await PollSocket.joined(.window(.milliseconds(1_500))) { session, _ in
            for _ in 1...2 {
                let clock = ContinuousClock()
                let begin = clock.now
                let answer = try await session.poll()
                let took = clock.now - begin
                #expect(answer.status == 204)
                #expect(answer.isWhole)
                #expect(answer.token == session.token)
                #expect(answer.messages == [])
                #expect(took >= .milliseconds(1_490))
            }
        }
    }

    @Test("a message that comes while a GET waits is its answer, at once")
    func phx_169_message_within_the_window() async throws {
        try await PollSocket.joined(.window(.seconds(60))) { session, world in
            try await session.beginPoll()
            try await world.server.waitForStatistics("the GET is there") { $0.httpRequests == 4 }
            try world.news(1)
            let answer = try await session.endPoll()
            #expect(answer.status == 200)
            #expect(answer.isWhole)
            #expect(answer.messages == [PollSession.news(1)])
        }
    }

    @Test("what came between two GETs is the next one's answer, whole and in order")
    func wholeBuffer() async throws {
        try await PollSocket.joined { session, world in
            for number in 1...50 { try await session.echo(number) }
            for number in 51...60 { try world.news(number) }
            let expected = (1...50).map(PollSession.echoed) + (51...60).map(PollSession.news)
            #expect(try await session.receive(60) == expected)
            // What was taken is gone.
            try await session.echo(61)
            #expect(try await session.receive(1) == [PollSession.echoed(61)])
        }
    }

    @Test("quotes, controls and what is not ASCII survive as a string in a string")
    func escaping() async throws {
        try await PollSocket.joined { session, _ in
            let payload = #"{"a":"\"\\\/\b\f\n\r\t\u0000\u001f\u007f é 🏔 \ud83c\udfd4 </script>"}"#
            let answer = try await session.post(#"["1","2","room:1","echo",\#(payload)]"#)
            #expect(answer.status == 200)
            #expect(
                try await session.receive(1)
                    == [#"["1","2","room:1","phx_reply",{"status":"ok","response":\#(payload)}]"#])
        }
    }

    @Test("a second GET is the receiver from then on; the first is answered 204")
    func secondGet() async throws {
        try await PollSocket.joined(.window(.seconds(60))) { session, world in
            try await session.beginPoll()
            try await world.server.waitForStatistics("the GET is there") { $0.httpRequests == 4 }
            let other = try await TestClient.open(world.server)
            try await session.beginPoll(on: other)
            let first = try await session.endPoll()
            #expect(first.status == 204)
            #expect(first.token == session.token)
            try world.news(1)
            let second = try PollAnswer(try await other.receiveAnswer())
            #expect(second.messages == [PollSession.news(1)])
        }
    }

    // MARK: POST

    @Test("of 101 lines the first 100 are handled, and the answer is 200")
    func phx_174_hundred_lines() async throws {
        try await PollSocket.joined { session, world in
            let lines = (1...100).map(PollSession.echo) + [#"["1","x","room:1","note",{}]"#]
            let answer = try await session.post(body: lines.joined(separator: "\n"))
            #expect(answer.status == 200)
            #expect(answer.isBare)
            try await session.echo(101)
            #expect(try await session.receive(101) == (1...101).map(PollSession.echoed))
            #expect(!world.notes.contains("noted"))
        }
    }

    @Test("a line of base64 is a binary frame")
    func phx_175_binary_line() async throws {
        try await PollSocket.joined { session, _ in
            func line(_ ref: String, _ bytes: [UInt8]) throws -> String {
                Base64Text.encode(try Wire.push(["1", ref, "room:1", "kind"], ByteBuffer(bytes: bytes)))
            }
            // Among texts, in order, whatever the padding.
            let answer = try await session.post(
                PollSession.echo(1), try line("2", []), try line("3", [0xDE]), try line("4", [0xDE, 0xAD]),
                try line("5", [0xFF, 0xFE, 0x0A]), PollSession.echo(6))
            #expect(answer.status == 200)
            func reply(_ ref: Int, _ bytes: String) -> String {
                #"["1","\#(ref)","room:1","phx_reply",{"status":"ok","response":{"binary":[\#(bytes)]}}]"#
            }
            #expect(
                try await session.receive(6) == [
                    PollSession.echoed(1), reply(2, ""), reply(3, "222"), reply(4, "222,173"), reply(5, "255,254,10"),
                    PollSession.echoed(6),
                ])
        }
    }

    @Test(
        "with any other content type the whole body is one text",
        arguments: [
            "application/json", "application/x-ndjson; charset=utf-8", "text/plain", "application/octet-stream",
        ])
    func phx_176_one_text(type: String) async throws {
        try await PollSocket.joined { session, _ in
            // Lines do not count in it.
            let body = "[\"1\",\"e1\",\n\"room:1\",\"echo\",\r\n{\"n\":1}]\n"
            let answer = try await session.post(body: body, type: type)
            #expect(answer.status == 200)
            #expect(try await session.receive(1) == [PollSession.echoed(1)])
        }
    }

    @Test("that is how a client of serializer 1.0.0 sends")
    func phx_177_v1() async throws {
        try await World.run(PollSocket.self) { world in
            let session = try await world.poll(vsn: "1.0.0")
            let join = #"{"topic":"room:1","event":"phx_join","payload":{},"ref":"1","join_ref":"1"}"#
            #expect(try await session.post(body: join, type: "application/json").status == 200)
            #expect(
                try await session.receive(1)
                    == [#"{"topic":"room:1","event":"phx_reply","payload":{"status":"ok","response":{}},"ref":"1"}"#])
        }
    }

    @Test("what a topic that is not joined is sent is answered by GET, not by the POST")
    func phx_178_unmatched_topic() async throws {
        try await PollSocket.opened { session, _ in
            let answer = try await session.post(#"["1","2","room:1","echo",{}]"#)
            #expect(answer.status == 200)
            #expect(
                try await session.receive(1)
                    == [#"[null,"2","room:1","phx_reply",{"status":"error","response":{"reason":"unmatched topic"}}]"#])
        }
    }

    @Test("when the session takes no more, a POST is 408 after the window; the session lives on")
    func phx_179_blocked() async throws {
        var options = SocketOptions()
        options.mailbox.maxMessages = 2
        let window = Duration.milliseconds(300)
        // GETs go on meanwhile, so that the session is not silent.
        try await PollSocket.joined(.window(window), socket: options) { session, world in
            let polls = Task {
                var messages: [String] = []
                while messages.count < 4 { messages += try await session.receive(1) }
                return messages
            }
            defer { polls.cancel() }
            try await session.post(#"["1","w","room:1","wait",{}]"#)
            try await world.wait(for: "waiting")
            let clock = ContinuousClock()
            let begin = clock.now
            let answer = try await session.post(body: (1...6).map(PollSession.echo).joined(separator: "\n"))
            #expect(answer.status == 408)
            #expect(answer.isBare)
            #expect(clock.now - begin >= window - .milliseconds(10))
            world.gate("handler").open()
            let first = try await world.server.waitForStatistics("what was taken is handled") {
                $0.messagesReceived >= 4
            }
            #expect(first.messagesReceived <= 6, "the lines behind the one that was not taken are not read")
            try await session.post(#"["1","last","room:1","echo",{}]"#)
            var messages = try await polls.value
            while messages.last?.contains(#""last""#) != true { messages += try await session.receive(1) }
            #expect(messages.first == #"["1","w","room:1","phx_reply",{"status":"ok","response":{}}]"#)
            // Whatever was taken, was taken in order from the first on.
            let echoes = messages.dropFirst().dropLast()
            #expect(Array(echoes) == (0..<echoes.count).map { PollSession.echoed($0 + 1) })
            #expect((2...3).contains(echoes.count))
        }
    }

    @Test(
        "lines may end in CR LF, be empty, and the last may end too",
        arguments: ["\n", "\r\n", "\n\n", "\n\r\n", "\r\n\r\n\n"])
    func phx_189_line_ends(end: String) async throws {
        try await PollSocket.joined { session, _ in
            let answer = try await session.post(
                body: end + PollSession.echo(1) + end + PollSession.echo(2) + end)
            #expect(answer.status == 200)
            try await session.echo(3)
            #expect(try await session.receive(3) == (1...3).map(PollSession.echoed))
        }
    }

    @Test("a batch without a line is 200", arguments: ["", "\n"])
    func emptyBatch(body: String) async throws {
        try await PollSocket.joined { session, _ in
            #expect(try await session.post(body: body).status == 200)
            try await session.echo(1)
            #expect(try await session.receive(1) == [PollSession.echoed(1)])
        }
    }

    @Test(
        "bad base64 is HTTP 400, and the session lives on",
        arguments: ["x", "AA", "AA=A", "AAA*", "AAAA AAAA", "_w==", "AAAA=", "{}", "\u{E9}"])
    func badBase64(line: String) async throws {
        try await PollSocket.joined { session, _ in
            #expect(try await session.postRaw(ByteBuffer(string: line)).status == 400)
            let other = try await TestClient.open(session.server)
            #expect(try await session.post(PollSession.echo(1), on: other).status == 200)
            #expect(try await session.receive(1) == [PollSession.echoed(1)])
        }
    }

    @Test(
        "what cannot be decoded ends the session: the POST is 410 at once, and so are those behind it",
        arguments: [(#"["1","2","room:1"]"#, false), ("nonsense", true), ("[", false), ("AAAA", false), ("", true)])
    func undecodable(body: String, isOneText: Bool) async throws {
        try await PollSocket.joined(.window(.seconds(60))) { session, world in
            let type = isOneText ? "application/json" : "application/x-ndjson"
            let answer = try await session.post(body: body, type: type)
            #expect(answer.status == 410)
            #expect(answer.isBare)
            try await world.wait(for: "terminate: closed")
            #expect(try await session.post(PollSession.echo(1)).status == 410)
            let next = try await session.poll()
            #expect(next.status == 410)
            #expect(next.token != nil && next.token != session.token)
            #expect(await world.server.statistics().protocolErrors == 1)
        }
    }

    // MARK: bytes to the client

    @Test("bytes cannot be sent: a reply is an error, a push and a broadcast are dropped; polls go on")
    func phx_188_binary_push() async throws {
        let log = RecordedLog()
        var options = EndpointOptions.test
        options.logger = log.logger
        try await PollSocket.joined(endpoint: options) { session, world in
            func post(_ ref: Int, _ event: String) async throws {
                try await session.post(#"["1","\#(ref)","room:1","\#(event)",{}]"#)
            }
            func ok(_ ref: Int) -> String { #"["1","\#(ref)","room:1","phx_reply",{"status":"ok","response":{}}]"# }
            try await post(2, "push_bytes")
            try await post(3, "broadcast_bytes")
            try world.server.endpoint.broadcast("room:1", "img", Payload.bytes(1, 2))
            try await post(4, "reply_bytes")
            try await session.echo(5)
            #expect(
                try await session.receive(4) == [
                    ok(2), ok(3),
                    #"["1","4","room:1","phx_reply",{"status":"error","response":{"reason":"binary unsupported on longpoll"}}]"#,
                    PollSession.echoed(5),
                ])
            #expect(log.lines.contains { $0.level >= .warning && $0.message.contains("long poll") })
            #expect(world.notes.contains { $0.hasPrefix("terminate") } == false)
        }
    }
}
