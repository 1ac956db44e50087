// Firecrest — the test kit itself: what it sees, what it refuses, how its clock runs.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTesting
import FoundationEssentials
import Testing

private final class ProbeChannel: Channel {
    private struct Tick: Sendable { let number: Int }

    init(topic: Topic) {}

    func join(_ params: JoinParams, _ socket: ChannelSocket) async throws -> JoinReply {
        params["refuse"] == true ? .error(["reason": "no"]) : .ok(["topic": socket.topic.name])
    }

    static var events: [Event<ProbeChannel>] {
        on("echo") { _, payload, _ in .ok(payload) }
        on("ticks", [Int].self) { _, seconds, socket in
            for (number, delay) in seconds.enumerated() {
                socket.send(Tick(number: number), after: .seconds(delay))
            }
            return .ok
        }
        on("hang_up") { _, _, socket in
            socket.disconnect()
            return .noReply
        }
    }

    func handleInfo(_ message: any Sendable, _ socket: ChannelSocket) throws {
        if let tick = message as? Tick { socket.push("tick", ["number": tick.number]) }
    }
}

private struct ProbeSocket: Socket {
    static var channels: Channels { Channels { channel("probe:*", ProbeChannel.self) } }
}

/// Its grant ends after as many seconds as its token says.
private struct TimedSocket: Socket {
    static var channels: Channels { ProbeSocket.channels }

    private static let seconds = AssignKey<Double>("seconds")

    static func connect(_ params: ConnectParams, _ info: ConnectInfo) async throws -> Assigns {
        try await refresh(info.session?["token"]?.stringValue ?? info.authToken ?? "", Assigns())
    }

    static func grant(_ assigns: Assigns) -> SocketGrant? {
        assigns[seconds].map { SocketGrant(expiresAt: .now + $0) }
    }

    static func refresh(_ token: String, _ assigns: Assigns) async throws -> Assigns {
        guard let number = Double(token) else { throw ConnectError.refused }
        var assigns = assigns
        assigns[seconds] = number
        return assigns
    }
}

struct ChannelTestTests {
    @Test func a_grant_ends_by_the_tests_clock_and_a_fresh_token_prolongs_it() async throws {
        let test = try ChannelTest(TimedSocket.self)
        let socket = try await test.connect(authToken: "60")
        let probe = try await socket.join("probe:1")
        try await test.clock.advance(by: .seconds(50))
        #expect(try await socket.present(token: "nothing").status == "error")
        let reply = try await socket.present(token: "60")
        #expect(reply.status == "ok")
        try await test.clock.advance(by: .seconds(50))
        try await probe.push("echo").expectReply()
        try await test.clock.advance(by: .seconds(11))
        #expect(try await socket.expectClose() == 1008)
    }

    @Test func a_client_may_come_with_a_session() async throws {
        let test = try ChannelTest(TimedSocket.self)
        await #expect(throws: ConnectError.self) { try await test.connect() }
        let socket = try await test.connect(session: Session(["token": "60"]))
        try await socket.join("probe:1")
    }

    @Test func a_join_gives_the_channels_answer() async throws {
        let probe = try await ChannelTest(ProbeSocket.self).connect().join("probe:1")
        #expect(probe.joinResponse == ["topic": "probe:1"])
    }

    @Test func a_refused_join_throws_the_channels_answer() async throws {
        let socket = try await ChannelTest(ProbeSocket.self).connect()
        let refusal = await #expect(throws: JoinRefused.self) { try await socket.join("probe:1", ["refuse": true]) }
        #expect(refusal?.response == ["reason": "no"])
    }

    @Test func the_clock_stands_still_until_it_is_moved_and_wakes_timers_in_order() async throws {
        let test = try ChannelTest(ProbeSocket.self)
        let probe = try await test.connect().join("probe:1")
        try await probe.push("ticks", [30, 10, 20]).expectReply()
        try await probe.expectNothing()
        try await test.clock.advance(by: .seconds(25))
        #expect(try await probe.expectPush("tick") == ["number": 1])
        #expect(try await probe.expectPush("tick") == ["number": 2])
        try await probe.expectNothing()
        try await test.clock.advance(by: .seconds(10))
        #expect(try await probe.expectPush("tick") == ["number": 0])
    }

    @Test func an_expectation_that_is_not_met_says_what_came_instead() async throws {
        let test = try ChannelTest(ProbeSocket.self, patience: .milliseconds(20))
        let probe = try await test.connect().join("probe:1")
        try await probe.push("echo", ["x": 1])
        let failure = await #expect(throws: ExpectationFailed.self) { try await probe.expectPush("news") }
        #expect(failure?.description.contains("a push of news") == true)
        #expect(failure?.unread.contains { $0.contains("phx_reply") } == true)
    }

    @Test func expecting_nothing_fails_when_something_came() async throws {
        let probe = try await ChannelTest(ProbeSocket.self).connect().join("probe:1")
        try await probe.push("echo")
        await #expect(throws: ExpectationFailed.self) { try await probe.expectNothing() }
    }

    @Test func a_close_by_the_server_is_seen_with_its_code() async throws {
        let socket = try await ChannelTest(ProbeSocket.self).connect()
        try await socket.join("probe:1").push("hang_up")
        #expect(try await socket.expectClose() == 1001)
    }

    @Test func bytes_travel_both_ways() async throws {
        let probe = try await ChannelTest(ProbeSocket.self).connect().join("probe:1")
        let reply = try await probe.push("echo", .binary([1, 2, 255])).reply()
        #expect(reply.status == "ok")
        #expect(reply.payload == .binary([1, 2, 255]))
        #expect(reply.response == nil)
    }

    @Test func clients_of_one_test_share_their_topics_and_clients_of_two_do_not() async throws {
        let (here, there) = (try ChannelTest(ProbeSocket.self), try ChannelTest(ProbeSocket.self))
        let first = try await here.connect().join("probe:1")
        let second = try await here.connect().join("probe:1")
        let other = try await there.connect().join("probe:1")
        try here.broadcast("probe:1", "news", [:])
        _ = try await first.expectBroadcast("news")
        _ = try await second.expectBroadcast("news")
        try await other.expectNothing()
    }
}
