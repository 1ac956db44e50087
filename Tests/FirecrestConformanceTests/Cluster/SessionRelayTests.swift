// Firecrest — long-poll sessions whose requests reach another node (row 187), and what is lost on the way.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestPubSub
import FirecrestTestSupport
import NIOConcurrencyHelpers
import NIOCore
import Testing

@Suite("Long poll over several nodes")
struct SessionRelayTests {
    private static let join = #"["1","1","room:1","phx_join",{}]"#
    private static let joined = #"["1","1","room:1","phx_reply",{"status":"ok","response":{}}]"#

    private static func shout(_ number: Int) -> String { #"[null,null,"room:1","shout",{"n":\#(number)}]"# }

    /// Two or three nodes, and a session on the first.
    private static func run(
        _ names: [String] = ["a", "b"], _ longpoll: LongPollOptions = true,
        _ body: (Cluster, [TestServer], PollSession) async throws -> Void
    ) async throws {
        try await Cluster.run(names, socket("/socket", RoomSocket.self, longpoll: longpoll)) { cluster, servers in
            try await body(cluster, servers, try await PollSession.open(servers[0]))
        }
    }

    @Test("a session on node A is polled and posted to on node B", arguments: [["a", "b"], ["a", "b", "c"]])
    func phx_187_requests_on_another_node(names: [String]) async throws {
        try await Self.run(names) { _, servers, session in
            let polls = try await TestClient.open(servers[1])
            let posts = try await TestClient.open(servers[names.count - 1])
            #expect(try await session.post(Self.join, on: posts).status == 200)
            #expect(try await session.receive(1, on: polls) == [Self.joined])
            #expect(try await session.post(#"["1","2","room:1","echo",{"a":"ä"}]"#, on: posts).status == 200)
            #expect(
                try await session.receive(1, on: polls) == [
                    #"["1","2","room:1","phx_reply",{"status":"ok","response":{"a":"ä"}}]"#
                ])
            // A message that comes while the poll waits is answered at once, wherever it was broadcast.
            for (number, server) in servers.enumerated() {
                try await session.beginPoll(on: polls)
                try server.endpoint.broadcast("room:1", "shout", ["n": number])
                let answer = try PollAnswer(try await polls.receiveAnswer())
                #expect(answer.status == 200)
                #expect(answer.token == session.token)
                #expect(answer.messages == [Self.shout(number)])
            }
            // It is the same session that node A serves.
            #expect(try await session.post(#"["1","3","room:1","phx_leave",{}]"#).status == 200)
            #expect(try await session.receive(2).count == 2)
        }
    }

    @Test("with nothing to say the poll ends after the window, with 204 and the same token")
    func phx_187_window() async throws {
        try await Self.run(["a", "b"], .init { $0.window = .seconds(1) }) { _, servers, session in
            let answer = try await session.poll(on: try await TestClient.open(servers[1]))
            #expect(answer.status == 204)
            #expect(answer.token == session.token)
            #expect(answer.messages == [])
        }
    }

    @Test("messages keep their order when every request goes to another node than the one before")
    func phx_187_order() async throws {
        try await Self.run(["a", "b", "c"]) { _, servers, session in
            var clients: [TestClient] = []
            for server in servers { clients.append(try await TestClient.open(server)) }
            try await session.post(Self.join, on: clients[1])
            #expect(try await session.receive(1, on: clients[2]) == [Self.joined])
            var received: [String] = []
            for number in 0..<30 {
                try await session.post(
                    #"["1",null,"room:1","shout",{"n":\#(number)}]"#, on: clients[number % clients.count])
                received += try await session.receive(1, on: clients[(number + 1) % clients.count])
            }
            #expect(received == (0..<30).map(Self.shout))
            // No batch went out twice.
            for server in servers { #expect(await server.statistics().longPollBatchesRepeated == 0) }
        }
    }

    @Test("binary frames are posted through another node")
    func phx_187_binary() async throws {
        try await Self.run { _, servers, session in
            let client = try await TestClient.open(servers[1])
            let listener = try await TestClient.connect(servers[1])
            try await listener.join("room:1")
            // Kind 0; sizes 1, 1, 6, 5; "1", "2", "room:1", "shout", and two bytes of no JSON.
            let frame = [0, 1, 1, 6, 5] + Array("12room:1shout".utf8) + [0, 255]
            let line = Base64Text.encode(ByteBuffer(bytes: frame))
            #expect(try await session.post(Self.join, line, on: client).status == 200)
            guard case .binary(let broadcast) = try await listener.receive() else {
                Issue.record("a binary frame was expected")
                return
            }
            #expect(Array(broadcast.readableBytesView.suffix(7)) == Array("shout".utf8) + [0, 255])
        }
    }

    // MARK: nodes that do not answer

    @Test("a node that does not answer in time: GET opens a new session, POST says 410")
    func phx_187_unreachable() async throws {
        try await Self.run(["a", "b"], .init { $0.pubsubTimeout = .milliseconds(100) }) { cluster, servers, session in
            cluster.intercept { _ in [] }
            let client = try await TestClient.open(servers[1])
            #expect(try await session.post(Self.join, on: client).status == 410)
            let answer = try await session.poll(on: client)
            #expect(answer.status == 410)
            #expect(answer.messages == [])
            #expect(answer.token != nil && answer.token != session.token)
            #expect(await servers[1].statistics().nodeCallsUnanswered == 2)
            // The session itself is well.
            #expect(try await session.post(Self.join).status == 200)
            #expect(try await session.receive(1) == [Self.joined])
        }
    }

    @Test("a session that has ended is gone on every node, at once")
    func phx_187_gone() async throws {
        let parts = socket("/socket", NamedSocket.self, longpoll: .init { $0.pubsubTimeout = .seconds(60) })
        try await Cluster.run(["a", "b"], parts) { _, servers in
            let session = try await PollSession.open(servers[0], "/socket/longpoll?vsn=2.0.0&id=user:1")
            try servers[1].endpoint.disconnect("user:1")
            try await servers[0].waitForStatistics("the session ended") { $0.longPollSessionsOpen == 0 }
            let client = try await TestClient.open(servers[1])
            #expect(try await session.post(Self.join, on: client).status == 410)
            let answer = try await session.poll(on: client)
            #expect(answer.status == 410)
            #expect(answer.token != nil && answer.token != session.token)
        }
    }

    @Test("the node of a token is not one of the cluster: as one that does not answer")
    func phx_187_unknown_node() async throws {
        let parts = socket("/socket", RoomSocket.self, longpoll: .init { $0.pubsubTimeout = .milliseconds(100) })
        let token = try await Cluster.run(["z"], parts) { _, servers in try await PollSession.open(servers[0]).token }
        try await Cluster.run(["a"], parts) { _, servers in
            let client = try await TestClient.open(servers[0])
            let answer = try PollAnswer(
                try await client.get(PollSession.target, headers: [("X-Phoenix-LongPoll-Token", token)]))
            #expect(answer.status == 410)
            #expect(answer.token != nil && answer.token != token)
        }
    }

    @Test("a node that stops answers the polls that wait there for another, and the session lives on")
    func stopping() async throws {
        try await Self.run { cluster, servers, session in
            let client = try await TestClient.open(servers[1])
            try await session.beginPoll(on: client)
            try await cluster.wait("the poll is taken") { $0.contains { $0.from == "a" } }
            try await servers[1].shutDown()
            #expect(try PollAnswer(try await client.receiveAnswer()).status == 204)
            try await session.post(Self.join)
            #expect(try await session.receive(1) == [Self.joined])
        }
    }

    // MARK: answers that are lost

    /// Whether a parcel brings messages to the node of the request.
    private static func bringsMessages(_ parcel: Cluster.Parcel) -> Bool {
        String(buffer: parcel.bytes).contains("room:1") && parcel.topic.hasPrefix("__sessions:") && parcel.from == "a"
    }

    @Test("an answer that is lost between the nodes comes with the next poll")
    func lostAnswer() async throws {
        let options = LongPollOptions {
            // Node B gives up after both, and the session lives for one window and a half.
            $0.window = .seconds(4)
            $0.pubsubTimeout = .seconds(1)
        }
        try await Self.run(["a", "b"], options) { cluster, servers, session in
            let client = try await TestClient.open(servers[1])
            let lost = NIOLockedValueBox(0)
            cluster.intercept { parcel in
                let isFirst =
                    Self.bringsMessages(parcel)
                    && lost.withLockedValue { count in
                        count += 1
                        return count == 1
                    }
                return isFirst ? [] : [parcel.bytes]
            }
            // The poll waits on node A when the messages come.
            try await session.beginPoll(on: client)
            try await cluster.wait("the poll is taken") { $0.contains { $0.from == "a" } }
            try await session.post(Self.join)
            let answer = try PollAnswer(try await client.receiveAnswer(timeout: .seconds(10)))
            #expect(lost.withLockedValue { $0 } == 1)
            #expect(answer.status == 204)
            #expect(answer.token == session.token)
            #expect(try await session.receive(1, on: client) == [Self.joined])
            #expect(await servers[0].statistics().longPollBatchesRepeated == 1)
        }
    }

    @Test("a client that goes away while node B waits for node A misses nothing")
    func goneWhileWaiting() async throws {
        try await Self.run { cluster, servers, session in
            let client = try await TestClient.open(servers[1])
            try await session.beginPoll(on: client)
            // The poll is on its way to the session; then its client goes.
            try await cluster.wait("the poll is taken") { $0.contains { $0.from == "a" } }
            client.drop()
            try await cluster.wait("the poll is cancelled") { $0.count { $0.from == "b" } >= 2 }
            try await session.post(Self.join)
            #expect(try await session.receive(1) == [Self.joined])
        }
    }

    @Test("a client that said what it has is believed, whichever node it says it to")
    func acknowledged() async throws {
        try await Self.run { cluster, servers, session in
            let client = try await TestClient.open(servers[1])
            try await session.post(Self.join)
            #expect(try await session.poll(ack: 0, on: client).messages == [Self.joined])
            // It says that it has none: its answer was lost behind node B.
            #expect(try await session.poll(ack: 0, on: client).messages == [Self.joined])
            try await session.post(#"["1","2","room:1","echo",{}]"#, on: client)
            let answer = try await session.poll(ack: 1, on: client)
            #expect(answer.messages.count == 1)
            #expect(answer.messages.first?.hasPrefix(#"["1","2""#) == true)
        }
    }

    // MARK: what no node of ours has sent

    @Test("bytes that mean nothing are dropped and counted, and the session goes on")
    func garbage() async throws {
        try await Self.run { cluster, servers, session in
            var generator = SystemRandomNumberGenerator()
            let topic = try #require(
                try await { () -> String? in
                    let client = try await TestClient.open(servers[1])
                    try await session.post(Self.join, on: client)
                    return cluster.parcels.first { $0.to == "a" && $0.topic.hasPrefix("__sessions:") }?.topic
                }())
            for length in 0..<300 {
                var bytes = (0..<length).map { _ in UInt8.random(in: 0...255, using: &generator) }
                // No record at all; then a record whose content means nothing, of our version or of another.
                cluster.inject(ByteBuffer(bytes: bytes), to: "a")
                if length.isMultiple(of: 2), let first = bytes.indices.first { bytes[first] = 1 }
                let record = BroadcastRecord(
                    kind: .nodeMessage, topic: topic, event: "message", payload: .binary(bytes), node: "x",
                    messageID: UInt64(length), except: nil)
                cluster.inject(record.encoded(), to: "a")
            }
            try await servers[0].waitForStatistics("they are counted") { $0.nodeMessagesDropped > 100 }
            let client = try await TestClient.open(servers[1])
            #expect(try await session.receive(1, on: client) == [Self.joined])
        }
    }
}
