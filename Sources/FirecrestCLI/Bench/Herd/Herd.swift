// Firecrest — the clients of one process that come back whenever they are sent away.
// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOPosix

/// In this order: ``setUp()``, ``run()``.
///
/// Isolation: not Sendable; belongs to its event loop.
final class Herd {
    let settings: HerdSettings
    let heartbeat: UInt64
    var batch: FrameBatch
    var random: SplitMix64
    var result = HerdResult()
    /// The tenth of a second under way.
    var slot = HerdSlot()
    var joinedCount = 0
    private let loop: any EventLoop
    private let target: BenchTarget
    private let topics: TopicNames
    private var clients: [HerdClient] = []
    private var nextToOpen = 0
    private var firstJoins = 0
    private var setUpPromise: EventLoopPromise<Void>?
    private var began: UInt64 = .max
    private var isOver = false

    init(_ settings: HerdSettings, target: BenchTarget, loop: any EventLoop) {
        self.settings = settings
        self.target = target
        self.loop = loop
        heartbeat = UInt64(settings.bench.heartbeat * 1e9)
        topics = TopicNames(settings.bench.topic)
        random = SplitMix64(seed: UInt64.random(in: .min ... .max))
        batch = FrameBatch(seed: UInt64.random(in: .min ... .max))
    }

    func topic(_ number: Int) -> String { topics.name(Int32(truncatingIfNeeded: number / settings.bench.members)) }

    func makeHandshake() -> ClientHandshake { target.request.make(using: &random) }

    func connect(_ connection: HerdConnection, number: Int) {
        let bound = NIOLoopBound(connection, eventLoop: loop)
        var bootstrap = ClientBootstrap(group: loop)
            .connectTimeout(.seconds(10))
            .channelOption(.socketOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(bound.value)
                }
            }
        if let source = target.sources.next(for: number, storms: false) {
            bootstrap = bootstrap.channelOption(SourceAddresses.bindAddressNoPort, value: 1).bind(to: source)
        }
        bootstrap.connect(to: target.server).assumeIsolated().whenFailure { _ in connection.cannotConnect() }
    }

    func after(_ nanoseconds: UInt64, _ body: @escaping () -> Void) {
        loop.assumeIsolated().scheduleTask(in: .nanoseconds(Int64(clamping: nanoseconds))) { [weak self] in
            if self?.isOver == false { body() }
        }
    }

    // MARK: the run

    /// Done when every client has joined, or fails when that takes too long.
    func setUp() -> EventLoopFuture<Void> {
        let promise = loop.makePromise(of: Void.self)
        setUpPromise = promise
        clients = settings.range.map { HerdClient(self, number: $0) }
        result.clients = clients.count
        let limit = 30 + Double(clients.count) / 500
        loop.assumeIsolated().scheduleTask(in: .milliseconds(Int64(limit * 1_000))) { [weak self] in
            guard let self, let promise = setUpPromise else { return }
            setUpPromise = nil
            promise.fail(
                BenchError("only \(firstJoins) of \(clients.count) clients had joined after \(Int(limit)) s"))
        }
        openMore()
        tick()
        if clients.isEmpty { joinedFirst() }
        return promise.futureResult
    }

    private func openMore() {
        while nextToOpen < clients.count, nextToOpen - firstJoins < settings.bench.inflight {
            clients[nextToOpen].connect()
            nextToOpen += 1
        }
    }

    func joinedFirst() {
        if firstJoins < clients.count { firstJoins += 1 }
        openMore()
        guard firstJoins == clients.count, let promise = setUpPromise else { return }
        setUpPromise = nil
        promise.succeed(())
    }

    func run() -> EventLoopFuture<HerdResult> {
        let promise = loop.makePromise(of: HerdResult.self)
        began = BenchClock.now
        slot = HerdSlot()
        result.slots = []
        result.heartbeats = []
        loop.assumeIsolated().scheduleTask(in: .nanoseconds(Int64(settings.seconds * 1e9))) {
            promise.succeed(self.finish())
        }
        return promise.futureResult
    }

    private func finish() -> HerdResult {
        result.notBack = clients.count { $0.wasJoined && !$0.isJoined && !$0.isSentAway }
        isOver = true
        for client in clients { client.leave() }
        clients = []
        return result
    }

    func record(heartbeat nanoseconds: UInt64, at now: UInt64) {
        guard now >= began else { return }
        let second = Int((now - began) / 1_000_000_000)
        while result.heartbeats.count <= second { result.heartbeats.append(LatencyDistribution()) }
        result.heartbeats[second].record(nanoseconds)
    }

    private func tick() {
        let now = BenchClock.now
        if now >= began {
            // A tick that is late closes those that it has missed.
            let due = Int((now - began) / HerdSlot.nanoseconds)
            while result.slots.count < due {
                slot.joined = joinedCount
                result.slots.append(slot)
                slot = HerdSlot()
            }
        }
        if heartbeat > 0 { for client in clients { client.beat(now) } }
        let rest = began <= now ? HerdSlot.nanoseconds - (now - began) % HerdSlot.nanoseconds : HerdSlot.nanoseconds
        after(rest) { self.tick() }
    }
}

@available(*, unavailable)
extension Herd: Sendable {}
