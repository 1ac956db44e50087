// Firecrest — bad input 36: sessions that nobody polls any more, on a topic that is hot.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import NIOCore
import Testing

@Suite struct PollBufferTests {
    @Test func bad_36_a_session_that_nobody_polls_ends_at_the_limit_of_bytes() async throws {
        let options = LongPollOptions { $0.maxBufferedBytes = 65_536 }
        let payload = #"{"text":"\#(String(repeating: "x", count: 8_000))"}"#
        try await overflow(options, sessions: 500, payload: payload, atMost: 9)
    }

    @Test func bad_36_a_session_that_nobody_polls_ends_at_the_limit_of_messages() async throws {
        let options = LongPollOptions { $0.maxBufferedMessages = 20 }
        try await overflow(options, sessions: 100, payload: "{}", atMost: 21)
    }

    /// Many that come, join and go without a word leave nothing behind.
    @Test func bad_36_sessions_that_are_left_alone_end_by_themselves() async throws {
        let options = LongPollOptions { $0.window = .milliseconds(200) }
        try await attackAmongBystanders(longpoll: options) { server in
            let channels = await server.statistics().channelsOpen
            let left = try await abandon(300, server)
            try await server.waitForStatistics("they ended", timeout: .seconds(20)) {
                $0.longPollSessionsExpired == 300
            }
            let statistics = await server.statistics()
            #expect(statistics.longPollSessionsOpen == 0)
            #expect(statistics.channelsOpen == channels)
            for client in left { client.drop() }
        }
    }

    // MARK: parts

    /// - Parameter most: broadcasts that one session may hold, and one.
    private func overflow(
        _ options: LongPollOptions, sessions count: Int, payload: String, atMost most: Int
    ) async throws {
        try await attackAmongBystanders(longpoll: options) { server in
            let memory = ProcessMemory.now
            let clients = try await abandon(count, server)
            let polling = try await PollSession.open(server)
            try await polling.post(#"["1","1","room:hot","phx_join",{}]"#)
            #expect(try await polling.receive(1).count == 1)
            let talker = try await TestClient.connect(server)
            #expect(try await talker.join("room:hot").status == "ok")
            var sent = 0
            while await server.statistics().slowConsumers < count {
                // Each has its join's reply too.
                try #require(sent < most, "sessions that nobody polls are kept beyond the limit")
                try await talker.push(joinRef: "1", topic: "room:hot", event: "shout", payloadJSON: payload)
                sent += 1
                #expect(try await talker.receiveMessage().event == "shout")
                // Somebody who polls is not held to what others do.
                #expect(try await polling.receive(1).count == 1)
            }
            #expect(sent >= most - 2, "\(sent) broadcasts were too many already")
            let statistics = await server.statistics()
            #expect(statistics.longPollSessionsOpen == 1)
            #expect(statistics.channelsOpen == 103, "the neighbour, the bystanders, the talker and who polls are left")
            #expect(statistics.slowConsumers == count)
            let growth = ProcessMemory.now.resident - memory.resident
            #expect(growth < 64 << 20, "\(growth) bytes more")
            for client in clients { client.drop() }
        }
    }

    /// Sessions that join `room:hot` and are heard of no more. A few connections bring them all.
    private func abandon(_ count: Int, _ server: TestServer) async throws -> [TestClient] {
        let before = await server.statistics()
        let clients = try await TestClient.crowd(10) { try await TestClient.open(server) }
        try await clients.forEachAtOnce { client in
            for _ in 0..<count / clients.count {
                let answer = try PollAnswer(try await client.get(PollSession.target))
                guard answer.status == 410, let token = answer.token else {
                    throw TestFailure("no session: \(answer)")
                }
                let headers = [("Content-Type", "application/x-ndjson"), ("X-Phoenix-LongPoll-Token", token)]
                let joined = try await client.request(
                    "POST", PollSession.target, headers: headers,
                    body: ByteBuffer(string: #"["1","1","room:hot","phx_join",{}]"#))
                guard try PollAnswer(joined).status == 200 else { throw TestFailure("no join: \(joined.text)") }
            }
        }
        #expect(await server.statistics().channelsJoined - before.channelsJoined == count)
        return clients
    }
}
