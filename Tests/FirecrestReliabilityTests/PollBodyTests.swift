// Firecrest — bad input 35: bodies of long polls that are too much, too many, or none.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import NIOCore
import Testing

@Suite struct PollBodyTests {
    private static let heartbeat = #"[null,"1","phoenix","heartbeat",{}]"#
    /// As many as a body may have.
    private static let full = LongPollOptions().maxBodyBytes

    @Test(arguments: ["\n", "\r\n"])
    func bad_35_eight_megabytes_of_line_ends_are_bounded_work(lineEnd: String) async throws {
        try await flood(String(repeating: lineEnd, count: Self.full / lineEnd.utf8.count), handled: 0, ignored: 0)
    }

    /// The lines that count come first; the others are counted and nothing else.
    @Test func bad_35_millions_of_lines_are_a_hundred() async throws {
        let first = String(repeating: Self.heartbeat + "\n", count: 100)
        let count = (Self.full - first.utf8.count) / 2
        try await flood(first + String(repeating: "x\n", count: count), handled: 100, ignored: count)
    }

    @Test func bad_35_the_hundred_and_first_line_is_dropped_and_counted() async throws {
        try await attack(longpoll: true) { server in
            let session = try await PollSession.open(server)
            let lines = (1...101).map { #"[null,"\#($0)","phoenix","heartbeat",{}]"# }
            #expect(try await session.post(body: lines.joined(separator: "\n")).status == 200)
            let replies = try await session.receive(100)
            #expect(replies.count == 100)
            #expect(replies.last?.contains(#""100""#) == true)
            #expect(await server.statistics().longPollLinesIgnored == 1)
            // A post later the next reply is that of the next line sent.
            try await session.post(#"[null,"next","phoenix","heartbeat",{}]"#)
            #expect(try await session.receive(1).first?.contains(#""next""#) == true)
        }
    }

    @Test func bad_35_a_body_over_the_limit_is_413() async throws {
        try await attackAmongBystanders(longpoll: true) { server in
            let before = ProcessMemory.now
            let line = String(repeating: "A", count: 10_000_000)
            for (headers, body) in [
                ([], ByteBuffer(string: line)),
                ([("Transfer-Encoding", "chunked")], nil),
            ] as [([(String, String)], ByteBuffer?)] {
                let session = try await PollSession.open(server)
                let fields = headers + [("Content-Type", "application/x-ndjson")]
                let client = session.posts
                var head =
                    "POST \(PollSession.target) HTTP/1.1\r\nHost: a\r\nX-Phoenix-LongPoll-Token: \(session.token)\r\n"
                for (name, value) in fields { head += "\(name): \(value)\r\n" }
                if let body {
                    try await client.sendBytes(head + "Content-Length: \(body.readableBytes)\r\n\r\n")
                    client.sendWithoutWaiting(body)
                } else {
                    try await client.sendBytes(head + "\r\n")
                    let chunk = ByteBuffer(string: "186a0\r\n" + line.prefix(100_000) + "\r\n")
                    client.sendWithoutWaiting(ByteBuffer(repeating: chunk, count: 100))
                }
                let answer = try await client.receiveAnswer()
                #expect(answer.status == 413)
                #expect(answer.errorCode == "body_too_large")
                #expect(answer.text.hasPrefix("The request body passes the limit"), "\(answer.text)")
                try await expectAlive(session)
            }
            let growth = ProcessMemory.now.resident - before.resident
            #expect(growth < 96 << 20, "\(growth) bytes more")
        }
    }

    @Test func bad_35_a_line_of_base64_over_the_limit_is_400() async throws {
        let options = LongPollOptions { $0.maxBodyBytes = 16_000_000 }
        var endpoint = EndpointOptions.test
        endpoint.http.maxBodyBytes = 16_000_000
        try await attack(longpoll: options, options: endpoint) { server in
            let session = try await PollSession.open(server)
            try await expectRefused(
                session, ByteBuffer(string: String(repeating: "A", count: 10_000_004)), "line_too_long",
                "A line of base64 is longer than 10000000 bytes.")
        }
    }

    /// Nothing of a body that is refused has been handled: not the lines before either.
    @Test(arguments: ["!", "Zg", "Zg=", "{}", "Zm9-", "Zm9\rv", "Zm9v Zm9v", "é"])
    func bad_35_what_is_no_base64_is_400(line: String) async throws {
        try await attack(longpoll: true) { server in
            let session = try await PollSession.open(server)
            try await expectRefused(
                session, ByteBuffer(string: Self.heartbeat + "\n" + line + "\n" + Self.heartbeat), "invalid_base64",
                "A line is neither a JSON array nor base64 with its padding.")
        }
    }

    /// A WebSocket closes for it; here there would be nobody to stop it on its way to other clients.
    @Test(arguments: ["application/json", "application/x-ndjson"])
    func bad_35_text_that_is_not_UTF8_is_400(type: String) async throws {
        try await attack(longpoll: true) { server in
            let session = try await PollSession.open(server)
            var body = ByteBuffer(string: #"["1","2","room:1","shout",{"text":""#)
            body.writeBytes([0xC3, 0x28])
            body.writeString(#""}]"#)
            try await expectRefused(session, body, type: type, "text_not_utf8", "A text message is not valid UTF-8.")
        }
    }

    /// A frame that no serializer can read ends the session at once, as it closes a WebSocket.
    @Test(arguments: ["[", "[1]", "AAAA", #"["1","1","room:1","phx_join"]"#])
    func bad_35_a_frame_that_cannot_be_decoded_is_410_at_once(line: String) async throws {
        try await attack(longpoll: true) { server in
            let session = try await PollSession.open(server)
            let began = ContinuousClock.now
            #expect(try await session.post(line).status == 410)
            #expect(ContinuousClock.now - began < .seconds(5), "the window was waited for")
            let statistics = await server.statistics()
            #expect(statistics.protocolErrors == 1)
            #expect(statistics.longPollSessionsOpen == 0)
            let polled = try await session.poll()
            #expect(polled.status == 410 && polled.token != session.token)
        }
    }

    // MARK: parts

    /// Three clients send `body` at once, among bystanders.
    private func flood(_ body: String, handled: Int, ignored: Int) async throws {
        let body = ByteBuffer(string: body)
        try await attackAmongBystanders(longpoll: true) { server in
            let sessions = try await TestClient.crowd(3) { try await PollSession.open(server) }
            let before = ProcessMemory.now
            try await sessions.forEachAtOnce { session in
                let answer = try PollAnswer(try await session.postRaw(body))
                #expect(answer.status == 200)
            }
            // Twice what was sent, theirs and ours, and what the kernel's buffers make us hold of it.
            let growth = ProcessMemory.now.resident - before.resident
            #expect(growth < 128 << 20, "\(growth) bytes more")
            #expect(await server.statistics().longPollLinesIgnored == 3 * ignored)
            for session in sessions {
                #expect(try await session.receive(handled).count == handled)
                try await expectAlive(session)
            }
        }
    }

    private func expectRefused(
        _ session: PollSession, _ body: ByteBuffer, type: String = "application/x-ndjson", _ code: String,
        _ sentence: String
    ) async throws {
        let answer = try await session.postRaw(body, type: type)
        #expect(answer.status == 400)
        #expect(answer.errorCode == code)
        #expect(answer.text.hasPrefix(sentence), "\(answer.text)")
        try await expectAlive(session)
    }

    /// The session answers, with this reply and no other: nothing was handled before.
    private func expectAlive(_ session: PollSession) async throws {
        let posts = try await TestClient.open(session.server)
        #expect(try await session.post(#"[null,"alive","phoenix","heartbeat",{}]"#, on: posts).status == 200)
        let replies = try await session.receive(1)
        #expect(replies.count == 1)
        #expect(replies.first?.contains(#""alive""#) == true, "\(replies)")
        posts.drop()
    }
}
