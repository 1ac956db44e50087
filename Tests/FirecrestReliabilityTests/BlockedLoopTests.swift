// Firecrest — bad input 43: user code that throws, does not return, or blocks its thread.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import Logging
import NIOCore
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

@Suite struct BlockedLoopTests {
    @Test func bad_43_a_blocked_loop_is_named_in_the_log_within_a_second_and_the_others_go_on() async throws {
        let log = RecordedLog()
        var options = EndpointOptions.test
        options.logger = log.logger
        try await TestServer.run(options: options, share: .alone, socket("/socket", BlockSocket.self)) { server in
            let clients = try await TestClient.crowd(20) {
                let client = try await TestClient.connect(server)
                _ = try await client.join("block:1")
                return client
            }
            let victim = try #require(clients.first)
            let blocked = try await loop(of: victim)
            var others: [TestClient] = []
            for client in clients where try await loop(of: client) != blocked { others.append(client) }
            try #require(!others.isEmpty)

            let began = ContinuousClock.now
            try await victim.push(
                joinRef: "1", ref: "b", topic: "block:1", event: "block", payloadJSON: #"{"ms":2000}"#)
            var slowest = Duration.zero
            var namedAfter: Duration?
            while ContinuousClock.now - began < .milliseconds(1_500) {
                for client in others {
                    let sent = ContinuousClock.now
                    #expect(try await client.heartbeat().status == "ok")
                    slowest = max(slowest, ContinuousClock.now - sent)
                }
                if namedAfter == nil, !stalls(log).isEmpty { namedAfter = ContinuousClock.now - began }
            }
            #expect(slowest < Bystanders.bound)
            #expect(try #require(namedAfter) < .seconds(1))
            #expect(try await victim.receiveMessage().status == "ok")
            try await server.waitForStatistics("the stall is counted") { $0.loopStalls == 1 }
            // Said once, and once that it is over; the loop's number in both.
            try await wait(for: "the end of the stall in the log") { recoveries(log).count == 1 }
            #expect(stalls(log).count == 1)
            let number = try #require(stalls(log).first?.metadata["loop"])
            #expect(["0", "1"].contains(number))
            #expect(recoveries(log).first?.metadata["loop"] == number)
            let took = try #require(recoveries(log).first?.metadata["milliseconds"].flatMap { Int($0) })
            #expect((1_000...4_000).contains(took))
            for client in clients { #expect(try await client.heartbeat().status == "ok") }
        }
    }

    @Test func bad_43_an_offloaded_handler_that_blocks_holds_up_nobody() async throws {
        let log = RecordedLog()
        var options = EndpointOptions.test
        options.logger = log.logger
        try await TestServer.run(options: options, share: .alone, socket("/socket", BlockSocket.self)) { server in
            let report = try await Bystanders.watch(server, topic: "block:bystanders") {
                let client = try await TestClient.connect(server)
                #expect(try await client.join("block:1").status == "ok")
                try await client.push(
                    joinRef: "1", ref: "b", topic: "block:1", event: "offload", payloadJSON: #"{"ms":1500}"#)
                // The connection goes on meanwhile, other channels of it too.
                #expect(try await client.heartbeat().status == "ok")
                #expect(try await client.join("block:2", joinRef: "2", ref: "2").status == "ok")
                #expect(try await client.receiveMessage().ref == "b")
            }
            expectUnharmed(report)
            #expect(stalls(log).isEmpty)
        }
    }

    @Test func bad_43_a_handler_that_never_returns_holds_up_its_channel_alone() async throws {
        try await TestServer.run(share: .alone, socket("/socket", BlockSocket.self)) { server in
            let report = try await Bystanders.watch(server, topic: "block:bystanders") {
                let client = try await TestClient.connect(server)
                #expect(try await client.join("block:1").status == "ok")
                try await client.push(joinRef: "1", ref: "b", topic: "block:1", event: "never")
                #expect(try await client.heartbeat().status == "ok")
                #expect(try await client.join("block:2", joinRef: "2", ref: "2").status == "ok")
                client.drop()
                // The client goes: what waits is cancelled, and nothing is left.
                try await server.waitForStatistics("its channels are gone") { $0.channelsOpen == 100 }
            }
            expectUnharmed(report)
        }
    }

    @Test func bad_43_a_handler_that_throws_ends_its_channel_alone() async throws {
        try await TestServer.run(share: .alone, socket("/socket", BlockSocket.self)) { server in
            let report = try await Bystanders.watch(server, topic: "block:bystanders") {
                let client = try await TestClient.connect(server)
                for round in 0..<200 {
                    let ref = JSON.string("\(round)")
                    #expect(try await client.join("block:1", joinRef: ref, ref: ref).status == "ok")
                    try await client.push(joinRef: ref, ref: "t", topic: "block:1", event: "throw")
                    let message = try await client.receiveMessage()
                    #expect(message.event == "phx_error")
                    #expect(message.joinRef == ref)
                }
                #expect(await server.statistics().channelCrashes == 200)
                #expect(try await client.heartbeat().status == "ok")
            }
            expectUnharmed(report)
        }
    }

    // MARK: parts

    private func loop(of client: TestClient) async throws -> JSON? {
        try await client.push(joinRef: "1", ref: "w", topic: "block:1", event: "where")
        return try await client.receiveMessage().response
    }

    private func stalls(_ log: RecordedLog) -> [RecordedLog.Line] {
        log.lines.filter { $0.message.hasPrefix("An event loop is blocked") && $0.level == .error }
    }

    private func recoveries(_ log: RecordedLog) -> [RecordedLog.Line] {
        log.lines.filter { $0.message.hasPrefix("An event loop goes on") }
    }

    private func wait(for what: String, _ condition: () -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(5)
        while !condition() {
            guard ContinuousClock.now < deadline else { throw TestFailure("\(what) did not come within 5 s") }
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    private func expectUnharmed(_ report: Bystanders.Report) {
        #expect(report.lost == 0, "\(report)")
        #expect(report.heartbeats >= 100, "\(report)")
        #expect(report.p99 < Bystanders.bound, "\(report)")
    }
}

private struct BlockSocket: Socket {
    static let channels = Channels {
        channel("block:*", BlockChannel.self)
    }
}

private final class BlockChannel: Firecrest.Channel {
    struct Milliseconds: Decodable {
        let ms: UInt32
    }

    struct Failure: Error {}

    init(topic: Topic) {}

    static var events: [Event<BlockChannel>] {
        on("where") { _, _, _ in .ok(["thread": .string("\(pthread_self())")] as JSON) }
        on("block", Milliseconds.self) { _, message, _ in
            usleep(message.ms * 1_000)
            return .ok
        }
        on("offload", Milliseconds.self, .offloaded) { message in
            usleep(message.ms * 1_000)
            return .ok
        }
        on("never") { (_, _, _) async throws -> Reply in
            try await Task.sleep(for: .seconds(3_600))
            return .ok
        }
        on("throw") { _, _, _ in throw Failure() }
    }
}
