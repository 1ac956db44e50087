// Firecrest — a hub for the length of a test, workers' ends of it, and a peer that says what the test wants.
// SPDX-License-Identifier: Apache-2.0

import FirecrestPubSub
import FirecrestTestSupport
import FirecrestWorkers
import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix

/// A hub, and the adapters that a test connects to it.
final class HubWorld: Sendable {
    let hub: Hub
    let log = RecordedLog()
    private let limits: HubLimits
    private let folder: TemporaryFolder
    private let workers = NIOLockedValueBox<[HubWorker]>([])

    private init(_ limits: HubLimits, user: UInt32?) throws {
        folder = try TemporaryFolder()
        self.limits = limits
        hub = Hub(
            address: HubAddress(path: folder.path("hub"), key: "the key of this test"), limits: limits,
            logger: log.logger, group: MultiThreadedEventLoopGroup.singleton, user: user)
    }

    static func run(
        _ limits: HubLimits = HubLimits(), user: UInt32? = nil, _ body: (HubWorld) async throws -> Void
    ) async throws {
        let world = try HubWorld(limits, user: user)
        try await world.hub.start()
        do {
            try await body(world)
        } catch {
            await world.stop()
            throw error
        }
        await world.stop()
    }

    private func stop() async {
        for worker in workers.withLockedValue({ $0 }) { await worker.adapter.stop() }
        await hub.stop()
    }

    /// A worker whose link is there.
    func connect(_ slot: Int, life: Int = 1, key: String? = nil, limits: HubLimits? = nil) async throws -> HubWorker {
        let address = HubAddress(path: hub.address.path, key: key ?? hub.address.key)
        let worker = HubWorker(
            HubAdapter(
                address: address, worker: WorkerID(slot: slot, life: life), limits: limits ?? self.limits,
                logger: log.logger))
        workers.withLockedValue { $0.append(worker) }
        try await worker.adapter.start()
        return worker
    }

    /// A connection to the hub's socket that says nothing by itself.
    func open(readsByItself: Bool = true) async throws -> TestClient {
        try await TestClient.open(
            try SocketAddress(unixDomainSocketPath: hub.address.path), readsByItself: readsByItself)
    }

    /// One that has said hello, and knows that it is welcome if it reads.
    func greet(_ slot: Int, readsByItself: Bool = true) async throws -> TestClient {
        let client = try await open(readsByItself: readsByItself)
        try await client.sendBytes(hello(slot))
        if readsByItself { _ = try await client.receiveBytes(5 + 4 + 5) }
        return client
    }

    func hello(_ slot: Int, key: String? = nil) -> ByteBuffer {
        var bytes = ByteBuffer()
        HubFrame.writeHello(WorkerID(slot: slot, life: 1), key: key ?? hub.address.key, to: &bytes)
        return bytes
    }

    /// Looks at the hub's figures until they are as `condition` wants them.
    @discardableResult
    func wait(_ what: String, _ condition: (HubStatistics) -> Bool) async throws -> HubStatistics {
        let deadline = ContinuousClock.now + .seconds(10)
        while true {
            let statistics = await hub.statistics()
            if condition(statistics) { return statistics }
            guard ContinuousClock.now < deadline else { throw TestFailure("\(what) did not come: \(statistics)") }
            try await Task.sleep(for: .milliseconds(2))
        }
    }

    func lines(_ code: HubError.Code) -> [RecordedLog.Line] {
        log.lines.filter { $0.level == .warning && $0.metadata["code"] == code.rawValue }
    }
}

/// A worker's adapter, and what it received.
final class HubWorker: Sendable {
    let adapter: HubAdapter
    private let inbox = NIOLockedValueBox<[String]>([])
    private let gaps = NIOLockedValueBox<[Int]>([])

    init(_ adapter: HubAdapter) {
        self.adapter = adapter
        adapter.attach { [inbox] record in inbox.withLockedValue { $0.append(String(buffer: record)) } }
        adapter.onGap { [gaps, inbox] in
            let count = inbox.withLockedValue { $0.count }
            gaps.withLockedValue { $0.append(count) }
        }
    }

    /// For each gap that it was told of, how many records had come before.
    var gapsAfter: [Int] { gaps.withLockedValue { $0 } }

    var received: [String] { inbox.withLockedValue { $0 } }

    func publish(_ text: String) throws {
        try adapter.publish(ByteBuffer(string: text), topic: "any")
    }

    /// Everything that it received, once that are `count` records.
    func receive(_ count: Int) async throws -> [String] {
        try await wait("\(count) records") { $0.received.count >= count }
        return received
    }

    func wait(_ what: String, _ condition: (HubWorker) -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(10)
        while !condition(self) {
            guard ContinuousClock.now < deadline else {
                throw TestFailure("\(what) did not come: \(received.count) records, \(adapter.statistics)")
            }
            try await Task.sleep(for: .milliseconds(2))
        }
    }
}

/// A record in its frame.
func recordFrame(_ text: String, number: UInt64) -> ByteBuffer {
    let record = ByteBuffer(string: text)
    var bytes = ByteBuffer()
    HubFrame.writeRecordHeader(size: record.readableBytes, number: number, to: &bytes)
    bytes.writeImmutableBuffer(record)
    return bytes
}
