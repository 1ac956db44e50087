// Firecrest — peers of the hub that speak garbage, an old version, with a wrong key, too large, or again (row 41)
// SPDX-License-Identifier: Apache-2.0

import FirecrestTestSupport
import FirecrestWorkers
import NIOCore
import Testing

@Suite("Intruders at the hub")
struct HubIntruderTests {
    /// Two workers that publish before and after `body`, which does something bad to their hub. It is dropped, for the reason
    /// `code`, with one line in the log, and the workers notice nothing.
    private static func bystanders(
        _ code: HubError.Code, limits: HubLimits = HubLimits(), worker: String = "unknown",
        _ body: (HubWorld) async throws -> TestClient
    ) async throws {
        try await HubWorld.run(limits) { world in
            let (there, here) = (try await world.connect(0), try await world.connect(1))
            try there.publish("before")
            #expect(try await here.receive(1) == ["before"])

            let bad = try await body(world)
            try await bad.waitForClose()
            try await world.wait("the link's end") { $0.workers == 2 }

            try there.publish("after")
            try here.publish("back")
            for (worker, texts) in [(here, ["before", "after"]), (there, ["back"])] {
                try await worker.wait("\(texts)") { $0.received.last == texts.last }
                // What was good of an intruder arrives too.
                #expect(worker.received.filter { $0 != "once" } == texts)
            }
            let statistics = await world.hub.statistics()
            #expect(statistics.dropped == [code: 1])
            let lines = world.lines(code)
            #expect(lines.count == 1)
            #expect(lines.first?.message == "A link to the hub was dropped; the others go on.")
            #expect(lines.first?.metadata["worker"] == worker)
            #expect(lines.first?.metadata["reason"]?.isEmpty == false)
            #expect(there.adapter.statistics.reconnects == 0 && here.adapter.statistics.reconnects == 0)
        }
    }

    @Test(
        "garbage ends the link at its first wrong byte",
        arguments: [
            Array("GET / HTTP/1.1\r\nHost: hub\r\n\r\n".utf8), [0], [0xFC, 0x48, 0x55, 0x41, 1],
            [UInt8](repeating: 0xFF, count: 100_000),
        ])
    func bad_41_garbage_is_dropped(_ bytes: [UInt8]) async throws {
        try await Self.bystanders(.garbage) { world in
            let client = try await world.open()
            client.sendWithoutWaiting(ByteBuffer(bytes: bytes))
            return client
        }
    }

    @Test("another version ends the link, and is told why", arguments: [0, 2, 255] as [UInt8])
    func bad_41_another_version_is_dropped(_ version: UInt8) async throws {
        try await Self.bystanders(.wrongVersion) { world in
            let client = try await world.open()
            var hello = world.hello(9)
            hello.setInteger(version, at: 4)
            try await client.sendBytes(hello)
            let answer = try await client.receiveBytes(5 + 5 + 17)
            #expect(String(buffer: answer).hasSuffix("hub_wrong_version"))
            return client
        }
    }

    @Test("a wrong key ends the link", arguments: ["", "the key of this tess", "the key of this test "])
    func bad_41_a_wrong_key_is_dropped(_ key: String) async throws {
        try await Self.bystanders(.wrongKey) { world in
            let client = try await world.open()
            try await client.sendBytes(world.hello(9, key: key))
            return client
        }
    }

    @Test("an adapter with a wrong key says so at its start")
    func bad_41_a_wrong_key_is_an_error_of_the_start() async throws {
        try await HubWorld.run { world in
            let error = await #expect(throws: HubError.self) { try await world.connect(0, key: "guessed") }
            #expect(error?.code == .wrongKey)
        }
    }

    @Test("a process of another user ends before its first byte is read")
    func bad_41_another_user_is_dropped() async throws {
        try await HubWorld.run(user: 4_000_000) { world in
            let client = try await world.open()
            client.sendWithoutWaiting(world.hello(0))
            try await client.waitForClose()
            #expect(await world.hub.statistics().hellos == 0)
            #expect(world.lines(.wrongUser).count == 1)
        }
    }

    @Test("a frame over its limit ends the link before it is read, and names the worker and the limit")
    func bad_41_a_frame_over_the_limit_is_dropped() async throws {
        let limits = HubLimits { $0.maxFrameBytes = 5_000 }
        try await Self.bystanders(.frameTooLarge, limits: limits, worker: "worker 9 (life 1)") { world in
            let client = try await world.greet(9)
            // Only the length: nothing waits for the rest.
            try await client.sendBytes([0, 0, 0x13, 0x89])
            try await client.waitForClose()
            #expect(world.lines(.frameTooLarge).first?.metadata["reason"]?.contains("5000") == true)
            return client
        }
    }

    @Test("a record that is sent again is not delivered again, and ends the link")
    func bad_41_replayed_records_are_dropped() async throws {
        try await Self.bystanders(.outOfSequence, worker: "worker 9 (life 1)") { world in
            let client = try await world.greet(9)
            let witness = try await world.connect(2)
            try await client.sendBytes(recordFrame("once", number: 1))
            #expect(try await witness.receive(1) == ["once"])
            client.sendWithoutWaiting(recordFrame("once", number: 1))
            try await client.waitForClose()
            await witness.adapter.stop()
            #expect(witness.received == ["once"])
            return client
        }
    }

    @Test("frames out of place end the link")
    func bad_41_frames_out_of_place_are_dropped() async throws {
        try await Self.bystanders(.unexpectedFrame, worker: "worker 9 (life 1)") { world in
            let client = try await world.greet(9)
            var bytes = ByteBuffer()
            HubFrame.writeLost(1, to: &bytes)
            try await client.sendBytes(bytes)
            return client
        }
    }

    @Test("thousands of bad links are dropped, and the log does not grow with them")
    func bad_41_a_flood_of_bad_links() async throws {
        try await HubWorld.run { world in
            let (there, here) = (try await world.connect(0), try await world.connect(1))
            for round in 0..<20 {
                var clients: [TestClient] = []
                for _ in 0..<50 { clients.append(try await world.open()) }
                for client in clients { client.sendWithoutWaiting(ByteBuffer(string: "nonsense")) }
                for client in clients { try await client.waitForClose() }
                try there.publish("\(round)")
            }
            #expect(try await here.receive(20).count == 20)
            #expect(await world.hub.statistics().dropped == [.garbage: 1_000])
            #expect(world.lines(.garbage).count < 500)
        }
    }

    @Test("a hub that speaks garbage is dropped by the worker, which tries again")
    func bad_41_a_worker_drops_a_hub_that_speaks_garbage() async throws {
        let log = RecordedLog()
        try await LoneHub.run(log: log) { hub, worker in
            var bytes = recordFrame("good", number: 1)
            bytes.writeBytes([0, 0, 0, 1, 77])
            try await hub.send(bytes)
            try await worker.wait("the loss of the link") { _ in
                log.lines.contains { $0.metadata["code"] == "hub_unexpected_frame" }
            }
            // What came before is delivered.
            #expect(worker.received == ["good"])
        }
    }
}
