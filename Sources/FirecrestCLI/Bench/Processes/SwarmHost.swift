// Firecrest — a swarm from outside of its loop, in this process or in another.
// SPDX-License-Identifier: Apache-2.0

import Glibc
import NIOCore
import NIOPosix

protocol SwarmHost: Sendable {
    /// - Returns: what there is to say of the connections.
    func setUp() async throws -> SwarmResult
    func start(at time: UInt64) async throws
    func snapshot() async throws -> SwarmResult
    /// - Returns: how many broadcasts were published, by topic.
    func stop() async throws -> [Int32: UInt32]
    func finish(published: [Int32: UInt32]) async throws -> SwarmResult
    func close() async
}

/// A swarm on one event loop of this process.
struct LocalHost: SwarmHost {
    private let group: MultiThreadedEventLoopGroup
    private let loop: any EventLoop
    private let swarm: NIOLoopBound<Swarm>

    init(_ settings: BenchSettings) async throws {
        let target = try BenchTarget(settings)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let loop = group.next()
        self.group = group
        self.loop = loop
        swarm = try await loop.submit {
            // Linux gives each thread a priority of its own. What these do is nothing that the others' latency may wait for.
            if BenchPlan(settings: settings).hasOnlySlowReaders {
                setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 19)
            }
            return NIOLoopBound(Swarm(settings, target: target, loop: loop), eventLoop: loop)
        }.get()
    }

    func setUp() async throws -> SwarmResult {
        try await loop.flatSubmit { swarm.value.setUp() }.get()
        return try await snapshot()
    }

    func start(at time: UInt64) async throws {
        try await loop.submit { swarm.value.start(at: time) }.get()
    }

    func snapshot() async throws -> SwarmResult {
        try await loop.submit { swarm.value.snapshot }.get()
    }

    func stop() async throws -> [Int32: UInt32] {
        try await loop.submit { swarm.value.stop() }.get()
    }

    func finish(published: [Int32: UInt32]) async throws -> SwarmResult {
        try await loop.flatSubmit { swarm.value.finish(published: published) }.get()
    }

    func close() async {
        try? await group.shutdownGracefully()
    }
}
