// Firecrest — bad inputs 28 and 44: a server that stops while clients do not read, or storm it.
// SPDX-License-Identifier: Apache-2.0

import Firecrest
import FirecrestTestSupport
import NIOConcurrencyHelpers
import NIOCore
import Testing
#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

@Suite struct ShutdownStormTests {
    /// The close frame never leaves the server, which waits for nobody longer than it says.
    @Test func bad_28_a_drain_ends_in_its_limit_though_clients_have_a_window_of_zero() async throws {
        let log = RecordedLog()
        var options = EndpointOptions.test
        options.logger = log.logger
        options.shutdownTimeout = .milliseconds(500)
        let drainer = DrainOptions {
            $0.batchSize = 10
            $0.batchInterval = .milliseconds(200)
        }
        try await TestServer.run(options: options, socket("/socket", RoomSocket.self, drainer: drainer)) { server in
            let deaf = try await TestClient.crowd(10) {
                let client = try await TestClient.open(server, readsByItself: false, receiveBuffer: 4_096)
                client.sendWithoutWaiting(ByteBuffer(string: TestClient.upgradeRequest(TestClient.socketPath)))
                try await client.push(joinRef: "1", ref: "1", topic: "room:1", event: "phx_join")
                return client
            }
            let prompt = try await TestClient.crowd(10) { try await TestClient.connect(server) }
            for client in prompt { try await client.join("room:2") }
            try await server.waitForStatistics("all have joined") { $0.channelsOpen == 20 }
            // More than the kernel takes, less than ends a connection.
            let text = JSON.object(["text": .string(String(repeating: "x", count: 100_000))])
            for _ in 0..<8 { try server.endpoint.broadcast("room:1", "flood", text) }

            let began = ContinuousClock.now
            async let stopped: Void = server.drain()
            try await prompt.forEachAtOnce { client in
                #expect(try await client.receiveClose().code == 1012)
                try await client.close(1012)
            }
            try await stopped
            let time = ContinuousClock.now - began
            // 400 ms for the drain, 500 ms for those who do not go, and the machine's own.
            #expect(time >= .milliseconds(850))
            #expect(time < .seconds(4))
            #expect(log.lines.contains { $0.metadata["connections"] == "10" && $0.metadata["limit"] != nil })
            for client in deaf { client.drop() }
        }
    }

    /// The program itself, while clients come and join as fast as they can.
    @Test func bad_44_sigterm_in_a_storm_of_joins_lets_nobody_hang() async throws {
        let arguments = ["--drain-batch", "20", "--drain-interval", "0.1", "--drain-limit", "5"]
        try await DemoProcess.run(arguments) { demo in
            let address = try demo.address
            let told = NIOLockedValueBox((joined: 0, restarts: 0, others: 0))
            let storm = Task {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<16 {
                        group.addTask {
                            while !Task.isCancelled {
                                // The end of the storm: nobody listens any more.
                                guard let client = try? await TestClient.open(address) else { return }
                                defer { client.drop() }
                                guard let answer = try? await client.upgrade(), answer.status == 101,
                                    (try? await client.join("room:lobby")) != nil
                                else { continue }
                                told.withLockedValue { $0.joined += 1 }
                            }
                        }
                    }
                    try await group.waitForAll()
                }
            }
            let stays = try await TestClient.crowd(40) {
                let client = try await TestClient.open(address)
                _ = try await client.upgrade()
                try await client.join("room:\(UInt32.random(in: 0 ... .max))")
                return client
            }
            while told.withLockedValue({ $0.joined }) < 100 { try await Task.sleep(for: .milliseconds(5)) }
            demo.signal(SIGTERM)
            try await stays.forEachAtOnce { client in
                let code = try await client.receiveClose(timeout: .seconds(10)).code
                told.withLockedValue { if code == 1012 { $0.restarts += 1 } else { $0.others += 1 } }
                try? await client.close(1012)
            }
            #expect(try await demo.waitForExit(timeout: .seconds(20)) == 0)
            try await storm.value
            #expect(told.withLockedValue { $0.restarts } == 40)
            #expect(demo.logLines.contains { $0.hasPrefix("Draining ") && $0.contains(" connections over ") })
        }
    }

    @Test func a_second_signal_closes_all_at_once() async throws {
        try await DemoProcess.run(["--drain-batch", "1", "--drain-interval", "20", "--drain-limit", "600"]) { demo in
            let address = try demo.address
            let clients = try await TestClient.crowd(3) {
                let client = try await TestClient.open(address)
                _ = try await client.upgrade()
                try await client.join("room:lobby")
                return client
            }
            demo.signal(SIGTERM)
            // The first goes at once, the second in twenty seconds.
            while !demo.logLines.contains(where: { $0.hasPrefix("Draining 3 connections") }) {
                try await Task.sleep(for: .milliseconds(10))
            }
            demo.signal(SIGINT)
            try await clients.forEachAtOnce { client in
                #expect(try await client.receiveClose(timeout: .seconds(10)).code == 1012)
                try await client.close(1012)
            }
            #expect(try await demo.waitForExit(timeout: .seconds(15)) == 0)
        }
    }

    /// Without workers nobody kills it: it has to end by itself.
    @Test func bad_43_a_blocked_loop_keeps_neither_the_others_clients_nor_the_end_of_the_process() async throws {
        let drain = ["--drain-batch", "100", "--drain-interval", "0.1", "--drain-limit", "2"]
        try await DemoProcess.run(["--trap", "--loops", "2"] + drain) { demo in
            let address = try demo.address
            let clients = try await TestClient.crowd(8) {
                let client = try await TestClient.open(address)
                _ = try await client.upgrade()
                try await client.join("room:1")
                return client
            }
            try await clients[0].push(
                joinRef: "1", topic: "room:1", event: "block", payloadJSON: #"{"ms":3600000}"#)
            demo.signal(SIGTERM)
            let codes = NIOLockedValueBox<[Int?]>([])
            try await clients.forEachAtOnce { client in
                let code = try? await client.receiveClose(timeout: .seconds(30)).code
                codes.withLockedValue { $0.append(code.map { Int($0) }) }
                try? await client.close(1012)
            }
            // Those of the other loop were told to come back.
            #expect(codes.withLockedValue { $0.count { $0 == 1012 } } >= 2)
            #expect(codes.withLockedValue { $0.count { $0 == nil } } >= 1)
            #expect(try await demo.waitForExit(timeout: .seconds(30)) == 1)
            #expect(demo.logLines.contains { $0.contains("loop_blocked: 1 event loop") && $0.contains("\"block\"") })
        }
    }
}
