// Firecrest — workers that publish through a hub, over real Unix sockets
// SPDX-License-Identifier: Apache-2.0

import FirecrestTestSupport
import FirecrestWorkers
import NIOConcurrencyHelpers
import NIOCore
import Testing

@Suite("Hub")
struct HubTests {
    @Test func what_a_worker_publishes_reaches_all_others_in_order_and_once() async throws {
        try await HubWorld.run { world in
            var workers: [HubWorker] = []
            for slot in 0..<3 { workers.append(try await world.connect(slot)) }
            let sent = workers.indices.map { from in (0..<500).map { "\(from):\($0)" } }
            try await withThrowingTaskGroup { group in
                for (worker, texts) in zip(workers, sent) {
                    group.addTask { for text in texts { try worker.publish(text) } }
                }
                try await group.waitForAll()
            }
            for (index, worker) in workers.enumerated() {
                let received = try await worker.receive(1_000)
                for from in workers.indices {
                    #expect(received.filter { $0.hasPrefix("\(from):") } == (from == index ? [] : sent[from]))
                }
            }
            let statistics = await world.hub.statistics()
            #expect(statistics.workers == 3 && statistics.hellos == 3)
            #expect(statistics.recordsReceived == 1_500 && statistics.recordsForwarded == 3_000)
            #expect(statistics.recordsLost == 0 && statistics.dropped.isEmpty)
        }
    }

    @Test func records_of_any_size_arrive_as_they_were() async throws {
        try await HubWorld.run { world in
            let (there, here) = (try await world.connect(0), try await world.connect(1))
            let texts = [0, 1, 16_383, 16_384, 16_385, 65_536, 1_000_000, 5_000_000, 3].map {
                String(repeating: "x", count: $0)
            }
            for text in texts { try there.publish(text) }
            #expect(try await here.receive(texts.count).map(\.utf8.count) == texts.map(\.utf8.count))
        }
    }

    @Test func what_is_published_together_is_written_together() async throws {
        try await HubWorld.run { world in
            let (there, here) = (try await world.connect(0), try await world.connect(1))
            for number in 0..<10_000 { try there.publish("\(number)") }
            #expect(try await here.receive(10_000).count == 10_000)
            #expect(there.adapter.statistics.recordsPublished == 10_000)
            #expect(there.adapter.statistics.writes < 5_000)
        }
    }

    // MARK: links that are not there

    @Test func a_hub_that_is_not_there_is_an_error_of_the_start() async throws {
        let folder = try TemporaryFolder()
        let adapter = HubAdapter(
            address: HubAddress(path: folder.path("none"), key: "k"), worker: WorkerID(slot: 0, life: 1),
            logger: RecordedLog().logger)
        let error = await #expect(throws: HubError.self) { try await adapter.start() }
        #expect(error?.code == .unreachable)
        #expect(error?.sentence.contains(folder.path("none")) == true)
        let refused = #expect(throws: HubError.self) { try adapter.publish(ByteBuffer(string: "a"), topic: "t") }
        #expect(refused?.code == .notConnected)
        #expect(adapter.statistics.recordsRefused == 1)
    }

    @Test func a_hub_that_went_away_fails_broadcasts_and_is_found_again() async throws {
        try await HubWorld.run { world in
            let (there, here) = (try await world.connect(0), try await world.connect(1))
            await world.hub.stop()
            for worker in [there, here] {
                try await worker.wait("the loss of the link") { !$0.adapter.isConnected }
                let error = #expect(throws: HubError.self) { try worker.publish("nobody gets this") }
                #expect(error?.code == .notConnected)
            }
            try await world.hub.start()
            for worker in [there, here] { try await worker.wait("a new link") { $0.adapter.isConnected } }
            try there.publish("again")
            #expect(try await here.receive(1) == ["again"])
            #expect(there.adapter.statistics.reconnects == 1)
            // What others may have sent meanwhile is missing here.
            #expect(here.gapsAfter == [0] && there.gapsAfter == [0])
            #expect(world.log.lines.contains { $0.message == "The link to the hub is there again." })
        }
    }

    @Test func a_worker_that_connects_again_takes_the_place_of_its_old_link() async throws {
        try await HubWorld.run { world in
            let old = try await world.greet(0)
            let worker = try await world.connect(0)
            try await old.waitForClose()
            let other = try await world.connect(1)
            try other.publish("news")
            #expect(try await worker.receive(1) == ["news"])
            #expect(world.lines(.replaced).count == 1)
        }
    }

    @Test func two_lives_of_one_place_are_two_workers() async throws {
        try await HubWorld.run { world in
            let (old, new) = (try await world.connect(0, life: 1), try await world.connect(0, life: 2))
            try new.publish("to the old")
            try old.publish("to the new")
            #expect(try await old.receive(1) == ["to the old"])
            #expect(try await new.receive(1) == ["to the new"])
        }
    }

    @Test func an_adapter_that_stops_sends_what_waits() async throws {
        try await HubWorld.run { world in
            let (there, here) = (try await world.connect(0), try await world.connect(1))
            for number in 0..<2_000 { try there.publish("\(number)") }
            await there.adapter.stop()
            #expect(try await here.receive(2_000).count == 2_000)
            #expect(throws: HubError.self) { try there.publish("too late") }
        }
    }

    // MARK: limits

    @Test func limit_hubFrameBytes() async throws {
        try await HubWorld.run(HubLimits { $0.maxFrameBytes = 2_048 }) { world in
            // The hub says what it takes.
            let there = try await world.connect(0, limits: HubLimits())
            let here = try await world.connect(1)
            let most = String(repeating: "x", count: 2_048 - 9)
            let error = #expect(throws: HubError.self) { try there.publish(most + "x") }
            #expect(error?.code == .recordTooLarge)
            #expect(error?.sentence.contains("2048") == true)
            try there.publish(most)
            #expect(try await here.receive(1) == [most])
            #expect(await world.hub.statistics().dropped.isEmpty)
        }
    }

    @Test func limit_hubQueuedBytes() async throws {
        let limits = HubLimits { $0.maxQueuedBytes = 100_000 }
        try await HubWorld.run(limits) { world in
            let slow = try await world.greet(7, readsByItself: false)
            let (there, here) = (try await world.connect(0, limits: HubLimits()), try await world.connect(1))
            let text = String(repeating: "x", count: 1_000 - 13)
            var sent = 0
            // The kernel takes some hundred kilobytes, then the hub's queue fills.
            while await world.hub.statistics().recordsLost == 0 {
                for _ in 0..<50 { try there.publish(text) }
                sent += 50
                #expect(sent < 20_000)
                #expect(try await here.receive(sent).count == sent)
            }
            // More is lost, and it is said once.
            for _ in 0..<4 {
                for _ in 0..<50 { try there.publish(text) }
                sent += 50
                #expect(try await here.receive(sent).count == sent)
            }
            let statistics = await world.hub.statistics()
            #expect(statistics.recordsLost >= 200)
            #expect(statistics.bytesQueued > 0 && statistics.bytesQueued <= 100_000)
            let lines = world.log.lines.filter { $0.message.hasPrefix("A worker does not read") }
            #expect(lines.count == 1)
            #expect(lines.first?.metadata["worker"] == "worker 7 (life 1)")
            // It reads again, and is told.
            try await slow.startReading()
            _ = try await slow.receiveBytes(14)
            var (received, lost) = (0, 0)
            while received + lost < sent {
                let header = try await slow.receiveBytes(4)
                let length = try #require(header.getInteger(at: header.readerIndex, as: UInt32.self))
                var frame = try await slow.receiveBytes(Int(length))
                switch frame.readInteger(as: UInt8.self).flatMap(HubFrame.Kind.init) {
                case .lost:
                    let count = frame.readInteger(as: UInt64.self)
                    lost += Int(try #require(count))
                case .record: received += 1
                default: break
                }
            }
            #expect(received + lost == sent && lost == statistics.recordsLost)
        }
    }

    @Test func a_worker_that_was_told_of_loss_counts_it_and_says_so() async throws {
        let log = RecordedLog()
        try await LoneHub.run(log: log) { hub, worker in
            var bytes = recordFrame("a", number: 1)
            HubFrame.writeLost(41, to: &bytes)
            HubFrame.writeLost(1, to: &bytes)
            bytes.writeImmutableBuffer(recordFrame("b", number: 44))
            try await hub.send(bytes)
            #expect(try await worker.receive(2) == ["a", "b"])
            #expect(worker.adapter.statistics.recordsLost == 42)
            #expect(worker.gapsAfter == [1, 1])
            let lines = log.lines.filter { $0.message.hasPrefix("Broadcasts of other workers were lost") }
            #expect(lines.map { $0.metadata["records"] } == ["41"])
        }
    }

    @Test func limit_publishedQueue() async throws {
        try await LoneHub.run(limits: HubLimits { $0.maxQueuedBytes = 100_000 }) { hub, worker in
            try await hub.stopReading()
            let record = String(repeating: "x", count: 1_000)
            let error = #expect(throws: HubError.self) {
                for _ in 0..<20_000 { try worker.publish(record) }
            }
            #expect(error?.code == .queueFull)
            #expect(error?.sentence.contains("HubLimits.maxQueuedBytes") == true)
            let statistics = worker.adapter.statistics
            #expect(statistics.recordsRefused == 1)
            #expect(statistics.bytesQueued > 90_000 && statistics.bytesQueued <= 100_000)
        }
    }

    @Test func limit_hubGreetingBytes() async throws {
        try await HubWorld.run { world in
            let key = String(repeating: "k", count: HubFrame.maxGreetingBytes - 13)
            for (text, code) in [(key, HubError.Code.wrongKey), (key + "k", .frameTooLarge)] {
                let client = try await world.open()
                try await client.sendBytes(world.hello(0, key: text))
                try await client.waitForClose()
                #expect(world.lines(code).count == 1)
            }
        }
    }

    @Test func limit_hubLinks() async throws {
        try await HubWorld.run(HubLimits { $0.maxLinks = 2 }) { world in
            let first = try await world.connect(0)
            let second = try await world.greet(1)
            let error = await #expect(throws: HubError.self) { try await world.connect(2) }
            #expect(error?.code == .tooManyLinks || error?.code == .unreachable)
            #expect(world.lines(.tooManyLinks).count == 1)
            #expect(first.adapter.isConnected && second.isOpen)
        }
    }

    @Test func limit_hubHelloTimeout() async throws {
        try await HubWorld.run(HubLimits { $0.helloTimeout = .milliseconds(100) }) { world in
            let first = try await world.connect(0)
            let silent = try await world.open()
            try await silent.waitForClose()
            #expect(world.lines(.helloTimeout).count == 1)
            // Who has said hello may be silent.
            #expect(first.adapter.isConnected)
        }
    }
}
