// Firecrest — several endpoints of one process as the nodes of a cluster, and what carries bytes between them.
// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Firecrest
import FirecrestPubSub
import FirecrestTestSupport
import FirecrestWorkers
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix

/// What stands between the nodes. Each node gets what the others publish as bytes, on a thread of its own, in order.
///
/// With `FIRECREST_TEST_WORKERS` in the environment the bytes go through a hub and its Unix sockets on their way.
///
/// ```swift
/// try await Cluster.run(["a", "b"], socket("/socket", RoomSocket.self)) { cluster, servers in … }
/// ```
final class Cluster: Sendable {
    /// A record on its way, as the bytes that a network would carry.
    struct Parcel: Sendable {
        let from: String
        let to: String
        let topic: String
        let bytes: ByteBuffer
    }

    /// One node's end.
    private struct Link: PubSubAdapter {
        let node: String
        let cluster: Cluster
        let hub: HubAdapter?

        func publish(_ record: ByteBuffer, topic: String) throws {
            guard let hub else { return cluster.carry(record, topic, from: node) }
            try hub.publish(record, topic: topic)
        }

        func attach(_ receive: @escaping @Sendable (ByteBuffer) throws -> Void) {
            let end = End(receive, DispatchQueue(label: node))
            cluster.ends.withLockedValue { $0[node] = end }
            hub?.attach { [node, cluster] bytes in
                let record = try BroadcastRecord(decoding: bytes)
                cluster.carry(Parcel(from: record.node, to: node, topic: record.topic, bytes: bytes), to: end)
            }
        }
    }

    private struct End: Sendable {
        let receive: @Sendable (ByteBuffer) throws -> Void
        let queue: DispatchQueue

        init(_ receive: @escaping @Sendable (ByteBuffer) throws -> Void, _ queue: DispatchQueue) {
            self.receive = receive
            self.queue = queue
        }
    }

    private let ends = NIOLockedValueBox<[String: End]>([:])
    private let customs = NIOLockedValueBox<@Sendable (Parcel) -> [ByteBuffer]>({ [$0.bytes] })
    private let journal = NIOLockedValueBox<[Parcel]>([])

    /// Runs an endpoint per name, each with `parts`, for the length of `body`.
    static func run<Result: Sendable>(
        _ names: [String], options: EndpointOptions = .test, _ parts: EndpointPart...,
        body: (Cluster, [TestServer]) async throws -> Result
    ) async throws -> Result {
        let cluster = Cluster()
        return try await ServerGate.enter(.shared) {
            guard TestServer.workers > 1 else {
                return try await cluster.start(names[...], nil, options, parts, [], body)
            }
            let folder = try TemporaryFolder()
            let hub = Hub(
                address: HubAddress(path: folder.path("hub"), key: "of this test"), logger: options.logger,
                group: MultiThreadedEventLoopGroup.singleton)
            try await hub.start()
            do {
                let result = try await cluster.start(names[...], hub, options, parts, [], body)
                await hub.stop()
                return result
            } catch {
                await hub.stop()
                throw error
            }
        }
    }

    private func start<Result: Sendable>(
        _ names: ArraySlice<String>, _ hub: Hub?, _ options: EndpointOptions, _ parts: [EndpointPart],
        _ servers: [TestServer], _ body: (Cluster, [TestServer]) async throws -> Result
    ) async throws -> Result {
        guard let name = names.first else { return try await body(self, servers) }
        let worker = WorkerID(slot: servers.count, life: 1)
        let adapter = hub.map { HubAdapter(address: $0.address, worker: worker, logger: options.logger) }
        var own = options
        own.nodeName = name
        own.secretKeyBase = String(repeating: "all nodes know this secret. ", count: 3)
        own.adapter = Link(node: name, cluster: self, hub: adapter)
        do {
            let endpoint = try Endpoint(own) { for part in parts { part } }
            try await adapter?.start()
            let result = try await TestServer.run(endpoint) { server in
                try await start(names.dropFirst(), hub, options, parts, servers + [server], body)
            }
            await adapter?.stop()
            return result
        } catch {
            await adapter?.stop()
            throw error
        }
    }

    /// Everything published so far, for each node that it went to.
    var parcels: [Parcel] { journal.withLockedValue { $0 } }

    /// Looks at the parcels until they are as `condition` wants them.
    func wait(
        _ what: String, timeout: Duration = TestClient.patience, _ condition: ([Parcel]) -> Bool
    ) async throws {
        let clock = ContinuousClock()
        let deadline = clock.now + timeout
        while !condition(parcels) {
            guard clock.now < deadline else { throw TestFailure("not within \(timeout): \(what)") }
            try await Task.sleep(for: .milliseconds(2))
        }
    }

    /// Sends every parcel through `inspect`, which says what arrives in its place; nothing, if it is lost.
    func intercept(_ inspect: @escaping @Sendable (Parcel) -> [ByteBuffer]) {
        customs.withLockedValue { $0 = inspect }
    }

    /// Bytes that no node of ours has sent.
    func inject(_ bytes: ByteBuffer, to node: String) {
        ends.withLockedValue { $0[node] }.map { deliver(bytes, $0) }
    }

    private func carry(_ record: ByteBuffer, _ topic: String, from node: String) {
        for (name, end) in ends.withLockedValue({ $0 }) where name != node {
            carry(Parcel(from: node, to: name, topic: topic, bytes: record), to: end)
        }
    }

    private func carry(_ parcel: Parcel, to end: End) {
        let inspect = customs.withLockedValue { $0 }
        journal.withLockedValue { $0.append(parcel) }
        for bytes in inspect(parcel) { deliver(bytes, end) }
    }

    private func deliver(_ bytes: ByteBuffer, _ end: End) {
        // A copy: nodes share no memory.
        let copy = ByteBuffer(bytes: bytes.readableBytesView)
        end.queue.async { try? end.receive(copy) }
    }
}
