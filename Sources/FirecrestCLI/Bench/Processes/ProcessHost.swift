// Firecrest — a swarm in a process of its own.
// SPDX-License-Identifier: Apache-2.0

import Glibc
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix

/// Starts `firecrest bench worker` and talks to it by pipes.
struct ProcessHost: SwarmHost {
    private let settings: BenchSettings
    private let pid: pid_t
    private let channel: any Channel
    private let conversation: NIOLoopBound<WorkerConversation>

    /// - Parameter program: the path of `firecrest`.
    init(_ settings: BenchSettings, program: String = "/proc/self/exe") async throws {
        self.settings = settings
        let child = try ChildProcess(program, ["firecrest", "bench", "worker"])
        pid = child.pid
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let conversation = try await loop.submit {
            NIOLoopBound(WorkerConversation(), eventLoop: loop)
        }.get()
        self.conversation = conversation
        channel = try await NIOPipeBootstrap(group: loop)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(conversation.value)
                }
            }
            .takingOwnershipOfDescriptors(input: child.output, output: child.input).get()
    }

    func setUp() async throws -> SwarmResult { try await result(of: .setUp(settings)) }
    func snapshot() async throws -> SwarmResult { try await result(of: .snapshot) }

    func start(at time: UInt64) async throws {
        guard case .done = try await ask(.start(time)) else { throw Self.confused }
    }

    func stop() async throws -> [Int32: UInt32] {
        guard case .published(let counts) = try await ask(.stop) else { throw Self.confused }
        return counts
    }

    func finish(published: [Int32: UInt32]) async throws -> SwarmResult {
        try await result(of: .finish(published))
    }

    func setUpHerd(_ settings: HerdSettings) async throws {
        guard case .done = try await ask(.setUpHerd(settings)) else { throw Self.confused }
    }

    func runHerd() async throws -> HerdResult {
        guard case .herd(let result) = try await ask(.runHerd) else { throw Self.confused }
        return result
    }

    /// The end of its standard input ends it.
    func close() async {
        try? await channel.close()
        let pid = pid
        await withCheckedContinuation { continuation in
            NIOThreadPool.singleton.submit { _ in
                waitpid(pid, nil, 0)
                continuation.resume()
            }
        }
    }

    private func result(of request: WorkerRequest) async throws -> SwarmResult {
        guard case .result(let result) = try await ask(request) else { throw Self.confused }
        return result
    }

    private func ask(_ request: WorkerRequest) async throws -> WorkerAnswer {
        let answer = try await channel.eventLoop.flatSubmit { conversation.value.ask(request, on: channel) }.get()
        if case .failed(let reason) = answer { throw BenchError(reason) }
        return answer
    }

    private static let confused = BenchError("a process of the load answered something else than it was asked")
}

/// Requests out, answers in, in the same order.
///
/// Isolation: not Sendable; belongs to its channel's loop.
final class WorkerConversation: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    /// Bytes of one answer that are read at most.
    private static let maxLineBytes = 16 << 20

    private var waiting: CircularBuffer<EventLoopPromise<WorkerAnswer>> = []
    private var received = ByteBuffer()
    private var isOver = false

    func ask(_ request: WorkerRequest, on channel: any Channel) -> EventLoopFuture<WorkerAnswer> {
        let promise = channel.eventLoop.makePromise(of: WorkerAnswer.self)
        guard !isOver else {
            promise.fail(Self.gone)
            return promise.futureResult
        }
        do {
            let line = try WorkerLine.write(request)
            waiting.append(promise)
            channel.writeAndFlush(line, promise: nil)
        } catch {
            promise.fail(error)
        }
        return promise.futureResult
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        received.writeImmutableBuffer(unwrapInboundIn(data))
        while let end = received.readableBytesView.firstIndex(of: UInt8(ascii: "\n")),
            let line = received.readSlice(length: end - received.readerIndex)
        {
            received.moveReaderIndex(forwardBy: 1)
            guard let promise = waiting.popFirst() else { continue }
            do {
                promise.succeed(try WorkerLine.read(line))
            } catch {
                promise.fail(error)
            }
        }
        if received.readableBytes > Self.maxLineBytes { context.close(promise: nil) }
        received.discardReadBytes()
    }

    func channelInactive(context: ChannelHandlerContext) {
        isOver = true
        for promise in waiting { promise.fail(Self.gone) }
        waiting.removeAll()
    }

    private static let gone = BenchError("a process of the load ended before it was done")
}

@available(*, unavailable)
extension WorkerConversation: Sendable {}
