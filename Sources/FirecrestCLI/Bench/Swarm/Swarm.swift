// Firecrest — the clients of one process: their connections, and what became of them.
// SPDX-License-Identifier: Apache-2.0

import FirecrestHTTP
import FirecrestProtocol
import FirecrestWire
import NIOCore
import NIOPosix

/// Opens the connections, sends the load, checks and counts what comes back.
///
/// In this order: ``setUp()``, ``start(at:)``, ``stop()``, ``finish(published:)``.
///
/// Isolation: not Sendable; belongs to its event loop.
final class Swarm {
    let settings: BenchSettings
    let plan: BenchPlan
    let loop: any EventLoop
    let topics: TopicNames
    let payload: LoadPayload
    let reader: MessageReader
    var batch: FrameBatch
    var random: SplitMix64
    let echoEvent: [UInt8]
    let broadcastEvent: [UInt8]
    let server: SocketAddress
    /// The last handshake's answer that was right.
    var knownAnswer: KnownAnswer?
    private let request: RequestTemplate
    private let sources: SourceAddresses

    /// By their number less ``base``.
    var connections: [BenchConnection?]
    let base: Int
    var windows: [Int32: TopicWindow] = [:]
    /// When the bytes that are being handled were read.
    var readTime: UInt64 = 0

    var counts = SwarmCounts()
    var faults = FaultTally()
    /// Those whose numbers did not all come in order, by connection and kind.
    var tallies: [UInt64: SequenceTally] = [:]

    // MARK: setting up

    private var nextToOpen = 0
    var opening = 0
    private var setUpPromise: EventLoopPromise<Void>?
    /// What the last look at progress found, and when that changed.
    var progress: (mark: Int, since: UInt64) = (0, 0)

    // MARK: load

    var pacers: [Pacer] = []
    /// What is measured lies between these.
    var windowStart = UInt64.max
    var windowEnd = UInt64.max
    var isSending = false
    var tickTimer: Scheduled<Void>?
    /// Storm slots that have nothing to do.
    var idleSlots: [Int] = []
    var slots = 0
    var ownCPU = (start: 0.0, seconds: 0.0)

    init(_ settings: BenchSettings, target: BenchTarget, loop: any EventLoop) {
        self.settings = settings
        self.loop = loop
        plan = BenchPlan(settings: settings)
        base = plan.range.lowerBound
        connections = Array(repeating: nil, count: plan.range.count)
        topics = TopicNames(settings.topic)
        payload = LoadPayload(size: settings.size, seed: settings.seed)
        echoEvent = Swarm.literal(settings.echoEvent)
        broadcastEvent = Swarm.literal(settings.broadcastEvent)
        reader = MessageReader(payload: payload, topics: topics, broadcastEvent: broadcastEvent)
        random = SplitMix64(seed: UInt64.random(in: .min ... .max))
        batch = FrameBatch(seed: UInt64.random(in: .min ... .max))
        server = target.server
        request = target.request
        sources = target.sources
    }

    private static func literal(_ text: String) -> [UInt8] {
        var literal = ByteBuffer()
        literal.writeJSONString(text)
        return Array(literal.readableBytesView.dropFirst().dropLast())
    }

    func makeHandshake() -> ClientHandshake { request.make(using: &random) }

    // MARK: opening

    /// Opens and joins all connections but those that storm. Done when each is joined or has failed.
    func setUp() -> EventLoopFuture<Void> {
        let promise = loop.makePromise(of: Void.self)
        setUpPromise = promise
        counts.setUpStart = BenchClock.now
        ownCPU.start = BenchClock.cpuSeconds
        progress = (0, BenchClock.now)
        watch()
        startHeartbeats()
        openMore()
        return promise.futureResult
    }

    /// As many as may be under way at once.
    private func openMore() {
        // More than the server's backlog, of all processes together, would wait for TCP to try again after a second or more.
        let share = max(1, settings.inflight / max(settings.processes, 1))
        while opening < share, nextToOpen < connections.count {
            // A server that takes none of the first is not asked 19,000 times.
            guard counts.joined > 0 || counts.failed < 20 else {
                counts.failed += connections.count - nextToOpen
                nextToOpen = connections.count
                break
            }
            let index = nextToOpen
            nextToOpen += 1
            let place = plan.place(base + index)
            if place.role == .storm {
                idleSlots.append(index)
                slots += 1
            } else {
                opening += 1
                open(index, place, began: BenchClock.now)
            }
        }
        guard opening == 0, nextToOpen == connections.count, let promise = setUpPromise else { return }
        setUpPromise = nil
        counts.setUpNanoseconds = BenchClock.now - counts.setUpStart
        counts.setUpCPUSeconds = BenchClock.cpuSeconds - ownCPU.start
        promise.succeed(())
    }

    func open(_ index: Int, _ place: BenchPlan.Place, began: UInt64) {
        let connection = BenchConnection(self, number: base + index, place: place, began: began)
        connections[index] = connection
        if settings.rate == nil, place.role == .speaker || place.role == .listener {
            // Speakers come before their listeners.
            if place.role == .speaker { windows[place.topic] = TopicWindow() }
            connection.window = windows[place.topic]
            connection.window?.listeners += 1
        }
        let bound = NIOLoopBound(connection, eventLoop: loop)
        var bootstrap = ClientBootstrap(group: loop)
            .connectTimeout(.milliseconds(Int64(settings.patience * 1_000)))
            .channelOption(.socketOption(.tcp_nodelay), value: 1)
            .channelOption(.recvAllocator, value: TransientReceiveAllocator())
            .channelOption(.maxMessagesPerRead, value: TransientReceiveAllocator.readsPerEvent)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(bound.value)
                }
            }
        if place.role == .slow {
            // From the beginning, as a channel goes on with a larger buffer that it has.
            bootstrap =
                bootstrap.channelOption(.socketOption(.so_rcvbuf), value: 4_096)
                .channelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: slowChunk))
        }
        if let source = sources.next(for: connection.number, storms: place.role == .storm) {
            // The kernel picks the port when it knows both ends, so that each source has all of them for each server.
            bootstrap = bootstrap.channelOption(SourceAddresses.bindAddressNoPort, value: 1).bind(to: source)
        }
        bootstrap.connect(to: server).assumeIsolated().whenFailure { error in
            guard connection.phase == .connecting else { return }
            connection.drop()
            self.failed(connection, .connectFailed, self.describe(error), at: .connecting)
        }
    }

    private func describe(_ error: any Error) -> String {
        "cannot connect to \(server): \(ConnectFailure.describe(error))"
    }

    /// The handshake is done.
    func opened(_ connection: BenchConnection) {
        counts.opened += 1
        connection.phase = .joining
        batch.push(
            ref: 1, topic: connection.place.topic, of: topics, event: Self.joinEvent,
            payload: { $0.writeStaticString("{}") })
    }

    private static let joinEvent = Array(OutboundMessage.Event.join.utf8)

    func joined(_ connection: BenchConnection) {
        counts.joined += 1
        guard connection.place.role != .storm else { return leave(connection) }
        connection.phase = .joined
        counts.setUp.record(BenchClock.now - connection.began)
        if connection.place.role == .slow { connection.readOnDemand() }
        opening -= 1
        openMore()
    }

    // MARK: failing

    /// Ends a connection that did something wrong.
    func fail(_ connection: BenchConnection, _ fault: Fault, _ reason: String) {
        let phase = connection.phase
        guard phase != .closed else { return }
        batch.clear()
        connection.drop()
        failed(connection, fault, reason, at: phase)
    }

    /// A connection ended that was not to end, when it was in `phase`.
    func failed(
        _ connection: BenchConnection, _ fault: Fault, _ reason: String, at phase: BenchConnection.Phase
    ) {
        let index = connection.number - base
        // At the end of a run nobody minds.
        guard connections.indices.contains(index) else { return }
        faults.add(fault, "connection \(connection.number): \(reason)")
        connections[index] = nil
        counts.failed += 1
        if connection.place.role == .storm {
            slotIsFree(index)
        } else if phase.rawValue < BenchConnection.Phase.joined.rawValue {
            opening -= 1
            openMore()
        }
    }

    func closedByServer(_ connection: BenchConnection, _ code: CloseCode?, _ reason: String) {
        if connection.place.role == .slow, connection.phase == .joined {
            connection.drop()
            return slowReaderEnded(connection, String(code?.rawValue ?? 1005))
        }
        fail(connection, .closedByServer, TextReport.describe(.init(code: code?.rawValue, reason: reason)))
    }

    /// A server need not wait until one has read why it goes.
    func slowReaderEnded(_ connection: BenchConnection, _ how: String) {
        let index = connection.number - base
        guard connections.indices.contains(index) else { return }
        counts.slowClosed[how, default: 0] += 1
        connections[index] = nil
    }

    /// Looks once a second whether anything moves.
    private func watch() {
        loop.assumeIsolated().scheduleTask(in: .seconds(1)) { [weak self] in
            guard let self else { return }
            let now = BenchClock.now
            let mark = counts.joined + counts.failed + counts.opened
            if mark != progress.mark || setUpPromise == nil { progress = (mark, now) }
            let patience = UInt64(settings.patience * 1e9)
            if now - progress.since > patience { giveUpOpening() }
            for case let connection? in connections where connection.place.role == .storm {
                if connection.phase != .closed, now > connection.made + patience {
                    fail(connection, .noProgress, "\(settings.patience) s went by, \(connection.phase.meaning)")
                }
            }
            if !connections.isEmpty { watch() }
        }
    }

    private func giveUpOpening() {
        for case let connection? in connections where !connection.isJoined && connection.place.role != .storm {
            fail(connection, .noProgress, "\(settings.patience) s went by, \(connection.phase.meaning)")
        }
    }
}

@available(*, unavailable)
extension Swarm: Sendable {}
