// Firecrest — tests of what waits when too many come at once: connections in the kernel, joins here.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import NIOConcurrencyHelpers
import NIOCore
import Testing

@Suite struct AdmissionLimitTests {
    private static func options(_ change: (inout EndpointOptions) -> Void) -> EndpointOptions {
        var options = EndpointOptions.test
        options.loops = 1
        change(&options)
        return options
    }

    @Test func limit_acceptRate() async throws {
        let options = Self.options { $0.acceptRate = RateLimit(perSecond: 20, burst: 5) }
        try await TestServer.run(options: options, socket("/socket", RoomSocket.self)) { server in
            let clock = ContinuousClock()
            let began = clock.now
            // All are let in, the last of them half a second later, but for the four that one look at the listener may take:
            // nobody is refused.
            let clients = try await TestClient.crowd(15) { try await TestClient.connect(server) }
            #expect(clock.now - began >= .milliseconds(250))
            try await clients[0].join("room:1")
            let statistics = await server.statistics()
            #expect(statistics.acceptPauses > 0)
            #expect(statistics.connectionsRefused == 0)
        }
    }

    @Test func limit_endpointJoinRate() async throws {
        let options = Self.options { $0.joinRate = RateLimit(perSecond: 20, burst: 5) }
        try await TestServer.run(options: options, socket("/socket", RoomSocket.self)) { server in
            let joined = try await TestClient.connect(server)
            try await joined.join("room:there")
            let clock = ContinuousClock()
            let began = clock.now
            let client = try await TestClient.connect(server)
            for number in 1...14 {
                try await client.push(
                    joinRef: .string("\(number)"), ref: .string("\(number)"), topic: "room:\(number)", event: "phx_join"
                )
            }
            // What is said behind a join that waits is answered behind it.
            try await client.push(joinRef: "14", ref: "e", topic: "room:14", event: "echo", payloadJSON: #"{"n":1}"#)
            // Heartbeats and other clients' messages do not wait.
            try await client.push(ref: "h", topic: "phoenix", event: "heartbeat")
            try await joined.push(joinRef: "1", ref: "2", topic: "room:there", event: "echo")
            #expect(try await joined.receiveMessage().ref == "2")
            try await server.waitForStatistics("ten wait") { $0.joinsWaited == 10 }
            var refs: [JSON] = []
            for _ in 0..<16 {
                let reply = try await client.receiveMessage()
                #expect(reply.status == "ok")
                refs.append(reply.ref)
            }
            // In their order, half a second for ten.
            #expect(clock.now - began >= .milliseconds(400))
            #expect(refs.filter { $0 != "h" } == (1...14).map { .string("\($0)") } + ["e"])
            #expect((refs.firstIndex(of: "h") ?? 16) < 14)
            #expect(await server.statistics().joinsWaiting == 0)
        }
    }

    @Test func limit_maxWaitingJoins() async throws {
        let options = Self.options {
            $0.joinRate = RateLimit(perSecond: 0.001, burst: 1)
            $0.maxWaitingJoins = 3
        }
        try await TestServer.run(options: options, socket("/socket", RoomSocket.self)) { server in
            let client = try await TestClient.connect(server)
            try await client.join("room:0")
            for number in 1...3 { try await Self.ask(client, number) }
            #expect(try await Self.isBusy(client, 4))
            // A client that asks again keeps its place.
            try await Self.ask(client, 2)
            let replaced = try await client.receiveMessage()
            #expect(replaced.status == "error" && "\(replaced)".contains("replaced by a later join"))
            // What one has said behind its join is answered as by a channel that has joined, before it asks again.
            try await client.push(joinRef: "1", ref: "l", topic: "room:1", event: "phx_leave")
            try await Self.ask(client, 1)
            #expect(try await client.receiveMessage().status == "ok")
            let left = try await client.receiveMessage()
            #expect(left.ref == "l" && left.status == "ok")
            #expect(try await client.receiveMessage().event == "phx_close")
            try await client.heartbeat()
            #expect(await server.statistics().joinsWaiting == 3)
            let other = try await TestClient.connect(server)
            #expect(try await Self.isBusy(other, 5))
            client.drop()
            try await server.waitForStatistics("nobody waits") { $0.joinsWaiting == 0 && $0.webSocketsOpen == 1 }
            for number in 6...8 { try await Self.ask(other, number) }
            #expect(try await Self.isBusy(other, 9))
            let statistics = await server.statistics()
            #expect(statistics.joinsRefusedAsBusy == 3)
            #expect(statistics.joinsWaiting == 3)
        }
    }

    @Test func limit_maxWaitingJoinBytes() async throws {
        let options = Self.options {
            $0.joinRate = RateLimit(perSecond: 0.001, burst: 1)
            $0.maxWaitingJoinBytes = 2_500
        }
        try await TestServer.run(options: options, socket("/socket", RoomSocket.self)) { server in
            let client = try await TestClient.connect(server)
            try await client.join("room:0")
            let payload = #"{"text":"\#(String(repeating: "x", count: 1_000))"}"#
            for number in 1...2 { try await Self.ask(client, number, payload) }
            #expect(try await Self.isBusy(client, 3, payload))
            // Short ones fit still.
            try await Self.ask(client, 4)
            try await client.heartbeat()
            #expect(await server.statistics().joinsWaiting == 3)
        }
    }

    private static func ask(_ client: TestClient, _ number: Int, _ payload: String = "{}") async throws {
        try await client.push(
            joinRef: .string("\(number)"), ref: .string("\(number)"), topic: "room:\(number)", event: "phx_join",
            payloadJSON: payload)
    }

    private static func isBusy(_ client: TestClient, _ number: Int, _ payload: String = "{}") async throws -> Bool {
        try await ask(client, number, payload)
        let reply = try await client.receiveMessage()
        guard reply.ref == .string("\(number)"), reply.status == "error" else { return false }
        let text = "\(reply)"
        return text.contains("busy") && text.contains("retry_after_ms")
    }
}
