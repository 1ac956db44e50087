// Firecrest — where a part of a herd runs: here, or in a process of its own.
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOPosix

protocol HerdHost: Sendable {
    /// Returns when all have joined.
    func setUpHerd(_ settings: HerdSettings) async throws
    func runHerd() async throws -> HerdResult
    func close() async
}

/// One thread of this process.
final class LocalHerd: HerdHost {
    private let group: MultiThreadedEventLoopGroup
    private let herd: NIOLoopBoundBox<Herd?>

    init() {
        group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        herd = .makeEmptyBox(eventLoop: group.next())
    }

    func setUpHerd(_ settings: HerdSettings) async throws {
        let target = try BenchTarget(settings.bench)
        let herd = herd
        try await herd.eventLoop.flatSubmit {
            let made = Herd(settings, target: target, loop: herd.eventLoop)
            herd.value = made
            return made.setUp()
        }.get()
    }

    func runHerd() async throws -> HerdResult { try await beginHerd().get() }

    /// Returns when the run has begun, and then what becomes of it.
    func beginHerd() async throws -> EventLoopFuture<HerdResult> {
        let herd = herd
        return try await herd.eventLoop.submit {
            herd.value?.run() ?? herd.eventLoop.makeFailedFuture(BenchError("nothing is set up"))
        }.get()
    }

    func close() async { try? await group.shutdownGracefully() }
}

extension ProcessHost: HerdHost {}
