// Firecrest — bad input 34: tokens of long polls that are forged, cut, dead or of elsewhere, and two pollers on one.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import NIOCore
import Testing

@Suite struct PollTokenTests {
    @Test func bad_34_a_token_that_is_not_ours_is_no_session() async throws {
        try await attack(longpoll: true) { server in
            let session = try await PollSession.open(server)
            let token = Array(session.token.utf8)
            var forged = ["", "x", "..", "SFMyNTY..", String(repeating: "A", count: 1_000), "%00%0d%0a", "é"]
            // Cut short, lengthened, and every sixth digit another one.
            forged += [1, token.count / 2, token.count - 1].map { String(session.token.prefix($0)) }
            forged += [session.token + "A", session.token + ".", "A" + session.token]
            for place in stride(from: 0, to: token.count, by: 6) {
                var other = token
                other[place] = other[place] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
                forged.append(String(decoding: other, as: UTF8.self))
            }
            for token in forged {
                try await expectGone(server, token)
                try await expectGone(server, token, inHeader: true)
            }
            // The one that was played with is none the worse.
            #expect(try await session.post(#"[null,"1","phoenix","heartbeat",{}]"#).status == 200)
            #expect(try await session.receive(1).count == 1)
        }
    }

    @Test func bad_34_a_token_of_another_server_is_no_session() async throws {
        let secret = String(repeating: "known to both of them. ", count: 3)
        for (here, there) in [(nil, nil), (secret, nil), (secret, secret + "!"), (secret, secret)]
            as [(String?, String?)]
        {
            var options = EndpointOptions.test
            options.secretKeyBase = here
            options.nodeName = "a@test"
            var others = options
            others.secretKeyBase = there
            others.nodeName = "b@test"
            try await attack(longpoll: true, options: options) { server in
                try await attack(longpoll: true, options: others) { other in
                    let session = try await PollSession.open(other)
                    try await expectGone(server, session.token)
                    try await expectGone(server, session.token, inHeader: true)
                    #expect(try await session.post(#"[null,"1","phoenix","heartbeat",{}]"#).status == 200)
                }
            }
        }
    }

    @Test func bad_34_the_token_of_a_dead_session_is_gone() async throws {
        let options = LongPollOptions { $0.window = .milliseconds(100) }
        try await attack(longpoll: options) { server in
            let session = try await PollSession.open(server)
            try await session.post(#"["1","1","room:1","phx_join",{}]"#)
            #expect(try await session.receive(1).count == 1)
            try await server.waitForStatistics("nobody polled") { $0.longPollSessionsExpired == 1 }
            #expect(await server.statistics().longPollSessionsOpen == 0)
            for inHeader in [false, true] { try await expectGone(server, session.token, inHeader: inHeader) }
        }
    }

    /// A client that says that it has more than it was ever given, or less, loses nothing by it and gains nothing.
    @Test(arguments: ["-1", "0", "7", "99999999999999999999", "x", "%00", ""])
    func bad_34_a_count_that_cannot_be_is_no_harm(count: String) async throws {
        try await attack(longpoll: true) { server in
            let session = try await PollSession.open(server)
            for number in 1...3 {
                try await session.post(#"[null,"\#(number)","phoenix","heartbeat",{}]"#)
                let target = PollSession.target + "&_ack=\(count)"
                let answer = try PollAnswer(
                    try await session.polls.get(target, headers: [("X-Phoenix-LongPoll-Token", session.token)]))
                #expect(answer.status == 200)
                #expect(answer.messages.last?.contains(#""\#(number)""#) == true, "\(answer)")
                #expect(answer.messages.count <= number)
            }
        }
    }

    @Test func bad_34_the_older_of_two_pollers_ends_at_once() async throws {
        try await attackAmongBystanders(longpoll: true) { server in
            let session = try await PollSession.open(server)
            let before = await server.statistics().httpRequests
            try await session.beginPoll()
            let count = 40
            let pollers = try await TestClient.crowd(count) { try await TestClient.open(server) }
            let began = ContinuousClock.now
            // Each replaces the one before it; the window is ten seconds.
            var older = session.polls
            for (number, poller) in pollers.enumerated() {
                try await server.waitForStatistics("the poll has come") { $0.httpRequests == before + number + 1 }
                try await session.beginPoll(on: poller)
                let answer = try PollAnswer(try await older.receiveAnswer())
                #expect(answer.status == 204)
                #expect(answer.token == session.token)
                older = poller
            }
            #expect(ContinuousClock.now - began < .seconds(8))
            // What comes goes to the newest, once.
            try await session.post(#"[null,"1","phoenix","heartbeat",{}]"#)
            let answer = try PollAnswer(try await older.receiveAnswer())
            #expect(answer.status == 200)
            #expect(answer.messages.count == 1)
            #expect(await server.statistics().longPollSessionsOpen == 1)
        }
    }

    // MARK: parts

    /// A post goes nowhere, and a poll begins a new session.
    private func expectGone(_ server: TestServer, _ token: String, inHeader: Bool = false) async throws {
        let escaped = token.utf8.map { "%" + ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        let target = PollSession.target + (inHeader ? "" : "&token=\(escaped)")
        let headers = inHeader ? [("X-Phoenix-LongPoll-Token", token)] : []
        let client = try await TestClient.open(server)
        defer { client.drop() }
        let posted = try PollAnswer(
            try await client.request(
                "POST", target, headers: headers + [("Content-Type", "application/x-ndjson")],
                body: ByteBuffer(string: #"["1","1","room:1","phx_join",{}]"#)))
        #expect(posted.status == 410, "\(token)")
        #expect(posted.isBare, "\(token)")
        let polled = try PollAnswer(try await client.get(target, headers: headers))
        #expect(polled.status == 410 && polled.messages.isEmpty, "\(token)")
        #expect(polled.token != nil && polled.token != token, "\(token)")
    }
}
