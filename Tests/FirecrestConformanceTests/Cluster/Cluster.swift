// Firecrest — several endpoints of one process as the nodes of a cluster: an adapter that carries bytes between them.
// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Firecrest
import FirecrestPubSub
import FirecrestTestSupport
import NIOConcurrencyHelpers
import NIOCore

/// What stands between the nodes. Each node gets what the others publish as bytes, on a thread of its own, in order.
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

        func publish(_ record: ByteBuffer, topic: String) throws {
            cluster.carry(record, topic, from: node)
        }

        func attach(_ receive: @escaping @Sendable (ByteBuffer) throws -> Void) {
            cluster.ends.withLockedValue { $0[node] = End(receive, DispatchQueue(label: node)) }
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
            try await cluster.start(names[...], options, parts, [], body)
        }
    }

    private func start<Result: Sendable>(
        _ names: ArraySlice<String>, _ options: EndpointOptions, _ parts: [EndpointPart],
        _ servers: [TestServer], _ body: (Cluster, [TestServer]) async throws -> Result
    ) async throws -> Result {
        guard let name = names.first else { return try await body(self, servers) }
        var own = options
        own.nodeName = name
        own.secretKeyBase = String(repeating: "all nodes know this secret. ", count: 3)
        own.adapter = Link(node: name, cluster: self)
        let endpoint = try Endpoint(own) { for part in parts { part } }
        return try await TestServer.run(endpoint) { server in
            try await start(names.dropFirst(), options, parts, servers + [server], body)
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
        let inspect = customs.withLockedValue { $0 }
        for (name, end) in ends.withLockedValue({ $0 }) where name != node {
            let parcel = Parcel(from: node, to: name, topic: topic, bytes: record)
            journal.withLockedValue { $0.append(parcel) }
            for bytes in inspect(parcel) { deliver(bytes, end) }
        }
    }

    private func deliver(_ bytes: ByteBuffer, _ end: End) {
        // A copy: nodes share no memory.
        let copy = ByteBuffer(bytes: bytes.readableBytesView)
        end.queue.async { try? end.receive(copy) }
    }
}
