// Firecrest — the life of a long-poll session, and answers that are lost on the way (rows 180-182)
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import NIOCore
import Testing

@Suite("Long poll: sessions")
struct LongPollSessionTests {
    // MARK: the end of a session

    /// Half as long again as the window after the last GET it may end, three times the window after it it has.
    static let window = Duration.milliseconds(200)

    @Test("without a GET a session ends: its channels are closed, a POST is 410")
    func phx_180_silent_client() async throws {
        try await PollSocket.joined(.window(Self.window)) { session, world in
            let clock = ContinuousClock()
            let begin = clock.now
            try await world.wait(for: "terminate: closed")
            #expect(clock.now - begin >= Self.window * 3 / 2 - .milliseconds(20))
            #expect(await world.server.statistics().channelsOpen == 0)
            #expect(try await session.post(PollSession.echo(1)).status == 410)
            let answer = try await session.poll()
            #expect(answer.status == 410)
            #expect(answer.token != nil && answer.token != session.token)
        }
    }

    @Test("POSTs do not keep it alive")
    func phx_181_posts_alone() async throws {
        try await PollSocket.joined(.window(Self.window)) { session, world in
            let clock = ContinuousClock()
            let begin = clock.now
            var posts = 0
            while try await session.post(#"["1","2","room:1","note",{}]"#).status == 200 {
                posts += 1
                try #require(clock.now - begin < .seconds(5), "the session does not end")
                try await Task.sleep(for: .milliseconds(20))
            }
            #expect(posts > 1)
            #expect(clock.now - begin >= Self.window * 3 / 2 - .milliseconds(20))
            try await world.wait(for: "terminate: closed")
        }
    }

    @Test("GETs do, one after the other, and so does one that waits")
    func pollsKeepItAlive() async throws {
        try await PollSocket.joined(.window(Self.window)) { session, world in
            for _ in 1...5 { #expect(try await session.poll().status == 204) }
            try await session.echo(1)
            #expect(try await session.receive(1) == [PollSession.echoed(1)])
            #expect(!world.notes.contains("terminate: closed"))
        }
    }

    @Test("when its socket is disconnected the next GET opens another")
    func phx_182_disconnect() async throws {
        try await World.run(PollSocket.self) { world in
            let session = try await world.poll(query: "id=user:1")
            let stays = try await world.poll(query: "id=user:2")
            for client in [session, stays] { try await client.join() }
            try world.server.endpoint.disconnect("user:1")
            try await world.wait(for: "terminate: closed")
            #expect(try await session.post(PollSession.echo(1)).status == 410)
            let answer = try await session.poll()
            #expect(answer.status == 410)
            #expect(answer.isWhole)
            #expect(answer.token != nil && answer.token != session.token)
            #expect(answer.messages == [])
            // The new session is one.
            try await session.with(token: answer.token).join()
            try await stays.echo(2)
            #expect(try await stays.receive(1) == [PollSession.echoed(2)])
        }
    }

    @Test("a GET that waits meanwhile is answered at once, with nothing or with a new session")
    func disconnectWhilePolling() async throws {
        try await PollSocket.joined(.window(.seconds(60)), query: "id=user:1") { session, world in
            try await session.beginPoll()
            try await world.server.waitForStatistics("the GET is there") { $0.httpRequests == 4 }
            try world.server.endpoint.disconnect("user:1")
            let answer = try await session.endPoll()
            #expect(answer.messages == [])
            #expect(answer.status == 204 || (answer.status == 410 && answer.token != session.token))
        }
    }

    @Test("a server that stops ends its sessions, those with a GET and those without, and does not wait for them")
    func shutdown() async throws {
        try await World.run(PollSocket.self, longpoll: .window(.seconds(60))) { world in
            let sessions = [try await world.poll(), try await world.poll()]
            for session in sessions { try await session.join() }
            try await sessions[0].beginPoll()
            try await world.server.waitForStatistics("the GET is there") { $0.httpRequests == 7 }
            let clock = ContinuousClock()
            let begin = clock.now
            try await world.server.shutDown()
            #expect(clock.now - begin < .seconds(2), "the shutdown's own limit")
            #expect(world.notes.count { $0.hasPrefix("terminate: ") } == 2)
            let answer = try await sessions[0].endPoll()
            #expect(answer.messages == [])
            #expect([204, 410].contains(answer.status))
        }
    }

    // MARK: answers that are lost

    @Test("what comes after a client's connection broke waits for its next GET, on another connection")
    func connectionBreaksWhilePolling() async throws {
        try await PollSocket.joined(.window(.seconds(60))) { session, world in
            try await session.beginPoll()
            try await world.server.waitForStatistics("the GET is there") { $0.httpRequests == 4 }
            session.polls.drop()
            try await world.server.waitForStatistics("the connection is gone") { $0.connectionsOpen == 1 }
            try world.news(1)
            let other = try await TestClient.open(world.server)
            #expect(try await session.receive(1, on: other) == [PollSession.news(1)])
            try await session.echo(2)
            #expect(try await session.receive(1, on: other) == [PollSession.echoed(2)])
        }
    }

    /// Ten times, since who is first, the answer or the reset, is not for the test to say.
    @Test("a client that resets its connection right behind a GET gets what was pending with the next one")
    func resetBehindAGet() async throws {
        try await PollSocket.joined(.window(.seconds(60))) { session, world in
            for round in 1...10 {
                try world.news(round)
                // The messages are in the session before the GET is.
                try await session.echo(round)
                let hasty = try await TestClient.open(world.server, readsByItself: false)
                try await session.beginPoll(on: hasty)
                try await hasty.reset()
                try await world.server.waitForStatistics("the connection is gone") { $0.connectionsOpen == 2 }
                let expected = [PollSession.news(round), PollSession.echoed(round)]
                let received = try await session.receive(2)
                // News of another worker may come later than an echo of this one.
                #expect(received == expected || TestServer.workers > 1 && received == expected.reversed())
            }
        }
    }

    @Test("a client that counts what it had gets again what it had not")
    func ack() async throws {
        try await PollSocket.opened(.window(.milliseconds(500))) { session, _ in
            try await session.post(#"["1","1","room:1","phx_join",{}]"#)
            let reply = #"["1","1","room:1","phx_reply",{"status":"ok","response":{}}]"#
            #expect(try await session.poll(ack: 0).messages == [reply])
            // Lost on the way: on this connection and on another, as often as it may be.
            #expect(try await session.poll(ack: 0).messages.first == reply)
            let other = try await TestClient.open(session.server)
            #expect(try await session.poll(ack: 0, on: other).messages.first == reply)
            // What came meanwhile is behind it, and nothing is lost or doubled.
            try await session.echo(2)
            var messages = try await session.poll(ack: 0).messages
            if messages == [reply] { messages += try await session.poll(ack: 1).messages }
            #expect(messages == [reply, PollSession.echoed(2)])
        }
    }

    @Test("what was counted does not come again")
    func ackOfAll() async throws {
        try await PollSocket.opened(.window(.milliseconds(500))) { session, _ in
            try await session.post(#"["1","1","room:1","phx_join",{}]"#)
            #expect(try await session.poll(ack: 0).status == 200)
            #expect(try await session.poll(ack: 1).status == 204)
            // 204 counts for nothing.
            #expect(try await session.poll(ack: 1).status == 204)
            try await session.echo(2)
            #expect(try await session.poll(ack: 1).messages == [PollSession.echoed(2)])
            #expect(try await session.poll(ack: 2).status == 204)
        }
    }

    @Test("a count that cannot be is not believed", arguments: ["7", "-1", "x", "", "99999999999999999999"])
    func wrongAck(count: String) async throws {
        try await PollSocket.joined(.window(.milliseconds(1_500))) { session, world in
            let client = session.polls
            let answer = try await client.get(
                session.target + "&_ack=\(count)", headers: [("X-Phoenix-LongPoll-Token", session.token)])
            let body = try PollAnswer(answer)
            #expect([200, 204].contains(body.status))
            try await session.echo(2)
            let messages = try await session.receive(1)
            #expect(messages.last == PollSession.echoed(2))
        }
    }

    // MARK: loops

    @Test("requests reach their session from whatever connection and loop they come")
    func otherLoops() async throws {
        var options = EndpointOptions.test
        options.loops = 4
        try await PollSocket.joined(endpoint: options) { session, world in
            let connections = try await TestClient.crowd(12) { try await TestClient.open(world.server) }
            var number = 0
            for connection in connections {
                for other in [connections[0], connection] {
                    number += 1
                    #expect(try await session.post(PollSession.echo(number), on: other).status == 200)
                    try world.news(number)
                    #expect(
                        try await session.receive(2, on: connection)
                            == [PollSession.echoed(number), PollSession.news(number)])
                }
            }
            let loops = await world.server.statisticsByLoop().count { $0.httpRequests > 0 }
            #expect(loops > 1, "or this test shows nothing")
        }
    }

    @Test("sessions on all loops hear a broadcast once each")
    func broadcastToAllLoops() async throws {
        var options = EndpointOptions.test
        options.loops = 4
        try await World.run(PollSocket.self, endpoint: options) { world in
            var sessions: [PollSession] = []
            for _ in 0..<12 { sessions.append(try await world.poll()) }
            for session in sessions { try await session.join() }
            for session in sessions { try await session.beginPoll() }
            try world.news(1)
            for session in sessions { #expect(try await session.endPoll().messages == [PollSession.news(1)]) }
        }
    }
}
