// Firecrest — what a long-poll client may pile up, and what happens beyond.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import NIOCore
import Testing

@Suite("Long poll: limits")
struct LongPollLimitTests {
    /// At the limit everything waits; one more ends the session.
    private static func overflow(
        _ longpoll: LongPollOptions, fits: Int, _ broadcast: (World, Int) throws -> Void
    ) async throws {
        try await PollSocket.joined(longpoll) { session, world in
            for number in 1...fits { try broadcast(world, number) }
            // Through the same queues as the broadcasts, and so behind them.
            try await session.post(#"["1","2","room:1","note",{}]"#)
            #expect(try await session.receive(fits).count == fits)

            for number in 1...fits + 1 { try broadcast(world, number) }
            try await world.wait(for: "terminate: closed")
            #expect(try await session.post(PollSession.echo(1)).status == 410)
            let answer = try await session.poll()
            #expect(answer.status == 410)
            #expect(answer.messages == [])
            #expect(await world.server.statistics().slowConsumers == 1)
        }
    }

    @Test("more messages than may wait for a poll end the session")
    func messages() async throws {
        let longpoll = LongPollOptions { $0.maxBufferedMessages = 10 }
        try await Self.overflow(longpoll, fits: 10) { world, number in try world.news(number) }
    }

    @Test("so do more bytes, as they would be sent: with the escapes of a string in a string")
    func bytes() async throws {
        // Each quote is escaped, and two more make a string of it.
        let size = PollSession.news(1).utf8.count + PollSession.news(1).count { $0 == "\"" } + 2
        let longpoll = LongPollOptions { $0.maxBufferedBytes = 5 * size }
        try await Self.overflow(longpoll, fits: 5) { world, number in try world.news(number) }
    }

    @Test("a batch that is held for a client that lost it counts when it waits again")
    func heldBatch() async throws {
        let longpoll = LongPollOptions { $0.maxBufferedMessages = 10 }
        try await PollSocket.joined(longpoll) { session, world in
            func news(_ numbers: ClosedRange<Int>) async throws {
                for number in numbers { try world.news(number) }
                // Behind them, as above: without it the poll could be there before they are.
                try await session.post(#"["1","2","room:1","note",{}]"#)
            }
            try await news(1...8)
            #expect(try await session.poll(ack: 1).messages == (1...8).map(PollSession.news))
            try await news(9...10)
            #expect(try await session.poll(ack: 1).messages == (1...10).map(PollSession.news))
            #expect(try await session.post(PollSession.echo(1)).status == 200)
        }
    }

    @Test("a body larger than allowed is HTTP 413; one as large is not; the session lives on")
    func bodyBytes() async throws {
        let line = PollSession.echo(1)
        let longpoll = LongPollOptions { $0.maxBodyBytes = line.utf8.count }
        try await PollSocket.opened(longpoll) { session, world in
            let tooLarge = try await session.postRaw(ByteBuffer(string: line + " "))
            #expect(tooLarge.status == 413)
            let other = try await TestClient.open(world.server)
            try await session.post(#"["1","1","room:1","phx_join",{}]"#, on: other)
            #expect(try await session.post(line, on: other).status == 200)
            #expect(try await session.receive(2).last == PollSession.echoed(1))
        }
    }

    @Test(
        "more sessions than a loop may hold are 503; when one ends there is room",
        .oneProcess("each worker has the limit for itself"))
    func sessions() async throws {
        var options = EndpointOptions.test
        options.loops = 1
        let longpoll = LongPollOptions { $0.maxSessions = 2 }
        try await World.run(PollSocket.self, longpoll: longpoll, endpoint: options) { world in
            for id in ["user:1", "user:2"] { try await world.poll(query: "id=\(id)").join() }
            let client = try await TestClient.open(world.server)
            #expect(try await client.get(world.pollTarget()).status == 503)
            try world.server.endpoint.disconnect("user:1")
            try await world.wait(for: "terminate: closed")
            _ = try await world.poll()
        }
    }
}
