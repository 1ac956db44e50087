// Firecrest — `firecrest demo --workers 4` whose workers are killed, trap, and are replaced.
// SPDX-License-Identifier: Apache-2.0

import FirecrestProtocol
import FirecrestTestSupport
#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif
import NIOCore
import Testing

@Suite struct WorkerTests {
    /// Clients in one room, as many at each worker, and which of them are still there.
    private struct Room {
        let demo: DemoProcess
        var clients: [TestClient] = []

        init(_ demo: DemoProcess, count: Int) async throws {
            self.demo = demo
            for _ in 0..<count { clients.append(try await joined()) }
        }

        func joined() async throws -> TestClient {
            let client = try await TestClient.open(try demo.address)
            try #require(try await client.upgrade().status == 101)
            try #require(try await client.join("room:1").status == "ok")
            return client
        }

        /// So that the end need not wait for them.
        func leave() {
            for client in clients { client.drop() }
        }

        /// Says `event` in the room from one client, and returns who hears it.
        func heard(_ event: String, from speaker: Int) async throws -> Set<Int> {
            try await clients[speaker].push(
                joinRef: "1", topic: "room:1", event: "shout", payloadJSON: #"{"say":"\#(event)"}"#)
            var heard: Set<Int> = []
            for (index, client) in clients.enumerated() {
                if let text = try? await client.receiveText(), text.contains(#""say":"\#(event)""#) {
                    heard.insert(index)
                }
            }
            return heard
        }
    }

    @Test func broadcasts_reach_the_clients_of_all_workers() async throws {
        try await DemoProcess.run(["--workers", "4"]) { demo in
            #expect(demo.children.count == 4)
            let room = try await Room(demo, count: 8)
            for speaker in 0..<8 { #expect(try await room.heard("hello \(speaker)", from: speaker).count == 8) }
            room.leave()
        }
    }

    @Test func limit_workersAcceptRate() async throws {
        // 20 a second for each of two, with a burst of four.
        try await DemoProcess.run(["--workers", "2", "--pace", "20"]) { demo in
            let clock = ContinuousClock()
            let began = clock.now
            let room = try await Room(demo, count: 24)
            // Twenty of them had to wait, and came.
            #expect(clock.now - began >= .milliseconds(400))
            room.leave()
        }
    }

    @Test(arguments: ["kill -9", "trap"])
    func one_worker_that_ends_takes_only_its_own_clients_with_it(_ way: String) async throws {
        try await DemoProcess.run(["--workers", "4", "--trap"]) { demo in
            var room = try await Room(demo, count: 16)
            let before = demo.children
            if way == "trap" {
                try await room.clients[5].push(joinRef: "1", topic: "room:1", event: "trap", payloadJSON: "{}")
            } else {
                let victim = try #require(before.first)
                kill(victim, SIGKILL)
            }
            // Its clients see their connection end, and soon: their server does not first look up the names of a backtrace.
            let clock = ContinuousClock()
            let began = clock.now
            var cut: Set<Int> = []
            for (index, client) in room.clients.enumerated() {
                do { try await client.heartbeat() } catch { cut.insert(index) }
            }
            #expect(clock.now - began < .seconds(3))
            // Four each, or one more where a count was on its way.
            #expect((3...5).contains(cut.count))
            if way == "trap" { #expect(cut.contains(5)) }
            // Another worker is there in its place, and has the room that it left.
            try await demo.waitForChildren { $0.count == 4 && $0 != before }
            for index in cut { room.clients[index] = try await room.joined() }
            for speaker in 0..<16 { #expect(try await room.heard("again \(speaker)", from: speaker).count == 16) }
            room.leave()
            #expect(
                demo.logLines.contains { $0.contains(way == "trap" ? "A worker crashed with" : "A worker was killed") })
        }
    }

    @Test func bad_43_a_worker_whose_loop_is_stuck_is_replaced_and_the_others_go_on() async throws {
        try await DemoProcess.run(["--workers", "2", "--trap", "--stall-limit", "1"]) { demo in
            let room = try await Room(demo, count: 4)
            let before = demo.children
            try await room.clients[0].push(
                joinRef: "1", topic: "room:1", event: "block", payloadJSON: #"{"ms":3600000}"#)
            // Its successor comes beside it, since it may still have clients on other loops.
            try await demo.waitForChildren { $0.count > 2 || !before.isSubset(of: $0) }
            let client = try await room.joined()
            try await client.heartbeat()
            // At once: the one on the stuck loop waits in vain, and meanwhile the server would ping the others.
            let unmoved = await withTaskGroup(of: Bool.self) { group in
                for client in room.clients.dropFirst() { group.addTask { (try? await client.heartbeat()) != nil } }
                return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(unmoved == 2)
            #expect(demo.logLines.contains { $0.contains("the worker is replaced") && $0.contains("room:1") })
            for pid in before { kill(pid, SIGKILL) }
            client.drop()
            room.leave()
        }
    }

    @Test func sighup_replaces_all_workers_and_refuses_nobody() async throws {
        try await DemoProcess.run(["--workers", "2"]) { demo in
            let before = demo.children
            kill(demo.pid, SIGHUP)
            let deadline = ContinuousClock.now + .seconds(20)
            var children = before
            while children.count != 2 || !children.isDisjoint(with: before) {
                try #require(ContinuousClock.now < deadline, "the workers are not replaced: \(children)")
                let client = try await TestClient.open(try demo.address)
                #expect(try await client.get("/healthz").text == "ok\n")
                client.drop()
                children = demo.children
            }
        }
    }

    @Test func sigterm_ends_all_workers_and_their_clients_may_come_back() async throws {
        var workers: Set<pid_t> = []
        try await DemoProcess.run(["--workers", "2"]) { demo in
            workers = demo.children
            let room = try await Room(demo, count: 4)
            kill(demo.pid, SIGTERM)
            for client in room.clients {
                guard case .close(let code, _) = try await client.receive() else {
                    Issue.record("a close frame was expected")
                    continue
                }
                #expect(code == 1012)
                client.drop()
            }
        }
        for worker in workers { #expect(kill(worker, 0) != 0) }
    }

    @Test func workers_end_when_the_supervising_process_is_killed() async throws {
        var workers: Set<pid_t> = []
        try await DemoProcess.run(["--workers", "2"]) { demo in
            workers = demo.children
            kill(demo.pid, SIGKILL)
        }
        let deadline = ContinuousClock.now + .seconds(10)
        while workers.contains(where: { kill($0, 0) == 0 }), ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(10))
        }
        for worker in workers { #expect(kill(worker, 0) != 0, "a worker goes on without anybody to accept for it") }
    }
}
