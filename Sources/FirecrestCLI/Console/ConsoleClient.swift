// Firecrest — runs a console session from the first byte to the last.
// SPDX-License-Identifier: Apache-2.0

import Glibc
import NIOCore
import NIOPosix

enum ConsoleClient {
    /// Connects, joins, takes `lines` until they end, and quits.
    ///
    /// - Parameter interrupts: each element asks the session to quit at once.
    /// - Throws: ``ConsoleError`` when the connection failed or ended by itself, or the join was refused.
    static func run(
        _ options: ConsoleOptions, report: ConsoleReport, lines: AsyncStream<String>,
        interrupts: AsyncStream<Void>,
        print: @escaping @Sendable (String) -> Void
    ) async throws {
        let handle = try await connect(options, report, print)
        // The tasks end with the program, or with their sequences: reading standard input cannot be cancelled.
        let input = Task {
            guard (try? await handle.ready.get()) != nil else { return }
            for await line in lines {
                if Task.isCancelled { return }
                try await handle.take(line)
            }
            try await handle.endInput()
        }
        let interrupt = Task {
            for await _ in interrupts { try await handle.quit() }
        }
        defer {
            input.cancel()
            interrupt.cancel()
        }
        try await handle.ready.get()
        try await handle.end.get()
    }

    /// The session, from outside of its loop.
    private struct Handle: Sendable {
        let session: NIOLoopBound<ConsoleSession>
        let loop: any EventLoop
        let ready: EventLoopFuture<Void>
        let end: EventLoopFuture<Void>

        func take(_ line: String) async throws {
            try await loop.flatSubmit { session.value.take(line) }.get()
        }

        func endInput() async throws {
            try await loop.submit { session.value.endInput() }.get()
        }

        func quit() async throws {
            try await loop.submit { session.value.quit() }.get()
        }
    }

    private static func connect(
        _ options: ConsoleOptions, _ report: ConsoleReport, _ print: @escaping @Sendable (String) -> Void
    ) async throws -> Handle {
        let group = MultiThreadedEventLoopGroup.singleton
        let loop = group.next()
        let session = try await loop.submit {
            NIOLoopBound(ConsoleSession(options, report: report, loop: loop, print: print), eventLoop: loop)
        }.get()
        let ends = try await loop.submit { (session.value.ready.futureResult, session.value.end.futureResult) }.get()
        let handle = Handle(session: session, loop: loop, ready: ends.0, end: ends.1)
        do {
            _ = try await ClientBootstrap(group: loop)
                .connectTimeout(options.timeout)
                .channelOption(.socketOption(.tcp_nodelay), value: 1)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(
                            ClientConnection(options, delegate: session.value))
                    }
                }
                .connect(host: options.address.host, port: options.address.port).get()
        } catch {
            let sentence = ConsoleError(
                "cannot connect to \(options.address.host):\(options.address.port): \(ConnectFailure.describe(error)). Is a server listening there? `firecrest demo` listens at port 4000."
            )
            try await loop.submit { session.value.closed(sentence) }.get()
        }
        return handle
    }
}
