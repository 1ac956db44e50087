// Firecrest — one comparison from its servers' start to their end.
// SPDX-License-Identifier: Apache-2.0

import FirecrestHTTP
import Glibc
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix

/// Isolation: `Sendable`; everything here may be called from any thread.
final class Comparison: Sendable {
    /// Where servers listen and clients connect, when that is not left to the system: four ports in a row, in the order
    /// of the ways.
    struct Ports: Sendable {
        var listenBase: Int?
        /// Where something stands that passes everything on to the ports listened at.
        var connectBase: Int?
    }

    private enum Signal: Sendable {
        case tick
        case adjust
        case stop
        case failed(String)
    }

    private struct State {
        var settings: CompareSettings
        var isOver = false
        var conversation: RecordedConversation?
    }

    /// One way's server, its clients, and what the server's thread had used when the feed began.
    private struct Lane: Sendable {
        let way: Way
        let server: WayServer
        let fleet: NIOLoopBound<ClientFleet>
        var cpuAtStart: Int64 = 0

        func onLoop<T: Sendable>(_ body: @escaping @Sendable (ClientFleet) -> T) async throws -> T {
            try await fleet.eventLoop.submit { body(fleet.value) }.get()
        }
    }

    let run: Int
    private let ports: Ports
    private let state: NIOLockedValueBox<State>
    private let signals: AsyncStream<Signal>
    private let signal: AsyncStream<Signal>.Continuation

    init(_ settings: CompareSettings, run: Int = 1, ports: Ports = Ports()) {
        self.run = run
        self.ports = ports
        state = NIOLockedValueBox(State(settings: settings))
        // Ticks that nobody had time for are no loss.
        (signals, signal) = AsyncStream<Signal>.makeStream(bufferingPolicy: .bufferingNewest(64))
    }

    var settings: CompareSettings { state.withLockedValue { $0.settings } }

    /// The beginning of what one WebSocket client and its server said, once there was such a client.
    var conversation: RecordedConversation? { state.withLockedValue { $0.conversation } }

    /// - Throws: `CompareSettings.Invalid`; ``CompareError`` when the descriptors do not suffice.
    func adjust(_ change: (inout CompareSettings) throws -> Void) throws -> CompareSettings {
        var changed = settings
        try change(&changed)
        try Self.reserveDescriptors(changed.descriptors(clients: changed.clients))
        let result = state.withLockedValue { state in
            // What cannot change while it runs stays as it was.
            state.settings.rate = changed.rate
            state.settings.clients = changed.clients
            state.settings.pollInterval = changed.pollInterval
            return state.settings
        }
        signal.yield(.adjust)
        return result
    }

    /// Ends the feed before its time. The last messages are still awaited.
    func stop() {
        signal.yield(.stop)
    }

    // MARK: the run

    /// Runs to the end.
    ///
    /// - Parameter report: called with a snapshot twice a second; not with the last one, which is returned.
    /// - Throws: ``CompareError`` when it could not begin.
    func run(report: @escaping @Sendable (ComparisonSnapshot) -> Void) async throws -> ComparisonSnapshot {
        let settings = settings
        try Self.reserveDescriptors(settings.descriptors(clients: settings.clients))
        let group = MultiThreadedEventLoopGroup(numberOfThreads: settings.ways.count + 1)
        var servers: [WayServer] = []
        do {
            for way in settings.ways {
                servers.append(try await WayServer.start(port: ports.listenBase.map { $0 + way.index } ?? 0))
            }
            let result = try await run(settings, servers, group, report)
            await Self.end(servers, group)
            return result
        } catch {
            await Self.end(servers, group)
            throw error is CompareError ? error : CompareError("the servers could not start: \(error)")
        }
    }

    private static func end(_ servers: [WayServer], _ group: MultiThreadedEventLoopGroup) async {
        for server in servers { await server.stop() }
        try? await group.shutdownGracefully()
    }

    private func run(
        _ settings: CompareSettings, _ servers: [WayServer], _ group: MultiThreadedEventLoopGroup,
        _ report: @escaping @Sendable (ComparisonSnapshot) -> Void
    ) async throws -> ComparisonSnapshot {
        var lanes: [Lane] = []
        for (way, server) in zip(settings.ways, servers) { lanes.append(try await lane(way, server, settings, group)) }
        var reporter = SnapshotMaker(run: run)
        try await open(lanes, settings)
        let feedLoop = group.next()
        let signal = signal
        let feed = try await feedLoop.submit {
            NIOLoopBound(
                Feed(settings, loop: feedLoop, endpoints: servers.map(\.endpoint)) { signal.yield(.failed($0)) },
                eventLoop: feedLoop)
        }.get()
        for index in lanes.indices {
            lanes[index].cpuAtStart = await lanes[index].server.cpuTime()
            try await lanes[index].onLoop { $0.beginFeed() }
        }
        let began = NIODeadline.now()
        try await feedLoop.submit { feed.value.start() }.get()

        let ticks = feedLoop.scheduleRepeatedTask(initialDelay: .milliseconds(500), delay: .milliseconds(500)) { _ in
            signal.yield(.tick)
        }
        let end = feedLoop.scheduleTask(in: .nanoseconds(Int64(settings.seconds * 1e9))) { signal.yield(.stop) }
        var error: String?
        run: for await next in signals {
            switch next {
            case .tick:
                let sent = try await feedLoop.submit { feed.value.sent }.get()
                report(await snapshot(lanes, &reporter, .running, elapsed: NIODeadline.now() - began, sent: sent))
            case .adjust: try await apply(lanes, feed)
            case .failed(let reason):
                error = reason
                break run
            case .stop: break run
            }
        }
        ticks.cancel()
        end.cancel()
        let sent = try await feedLoop.submit {
            feed.value.stop()
            return feed.value.sent
        }.get()
        let lasted = NIODeadline.now() - began
        await drain(lanes, sent: sent)
        var last = await snapshot(lanes, &reporter, .stopping, elapsed: lasted, sent: sent)
        report(last)
        // Closing handshakes are counted too, so the figures are read once more, but for what is no traffic.
        for lane in lanes { try await lane.onLoop { $0.close() } }
        await waitUntil(.seconds(2)) { await self.figures(lanes).allSatisfy { $0.connections == 0 } }
        last.finish(with: await figures(lanes), error: error)
        return last
    }

    private func lane(
        _ way: Way, _ server: WayServer, _ settings: CompareSettings, _ group: MultiThreadedEventLoopGroup
    ) async throws -> Lane {
        let loop = group.next()
        let port = ports.connectBase.map { $0 + way.index } ?? server.port
        let fleet = try await loop.submit {
            let environment = ClientEnvironment(loop: loop, port: port, headers: settings.headers)
            let fleet = ClientFleet(
                way, environment: environment, pollInterval: .milliseconds(Int64(settings.pollInterval)))
            return NIOLoopBound(fleet, eventLoop: loop)
        }.get()
        return Lane(way: way, server: server, fleet: fleet)
    }

    /// Brings up the clients, one way after the other so that nobody's handshakes wait for another way's.
    private func open(_ lanes: [Lane], _ settings: CompareSettings) async throws {
        for lane in lanes {
            try await lane.onLoop { $0.resize(to: settings.clients) }
            let isReady = await waitUntil(.seconds(10)) { (try? await lane.onLoop { $0.isReady }) == true }
            guard isReady else {
                let reason = try await lane.onLoop { $0.environment.counters.lastFailure }
                throw CompareError(
                    "not all clients of \(lane.way.rawValue) could connect within 10 s: \(reason ?? "no answer")")
            }
        }
    }

    private func apply(_ lanes: [Lane], _ feed: NIOLoopBound<Feed>) async throws {
        let settings = settings
        try await feed.eventLoop.submit { feed.value.adjust(period: settings.period) }.get()
        for lane in lanes {
            try await lane.onLoop { fleet in
                fleet.pollInterval = .milliseconds(Int64(settings.pollInterval))
                fleet.resize(to: settings.clients)
            }
        }
    }

    /// Waits for the last messages: as long as a short poll may take to ask for them, and two seconds.
    private func drain(_ lanes: [Lane], sent: Int) async {
        await waitUntil(.milliseconds(Int64(settings.pollInterval)) + .seconds(2)) {
            for lane in lanes where (try? await lane.onLoop({ $0.isDrained(at: sent) })) == false { return false }
            return true
        }
        for lane in lanes { try? await lane.onLoop { $0.end(at: sent) } }
    }

    private func figures(_ lanes: [Lane]) async -> [WayFigures] {
        var figures: [WayFigures] = []
        for lane in lanes {
            guard var next = try? await lane.onLoop({ $0.figures() }) else { continue }
            next.serverCPU = await lane.server.cpuTime() - lane.cpuAtStart
            figures.append(next)
            if lane.way == .webSocket, let recorder = try? await lane.onLoop({ $0.recorder?.conversation }) {
                state.withLockedValue { $0.conversation = recorder }
            }
        }
        return figures
    }

    private func snapshot(
        _ lanes: [Lane], _ maker: inout SnapshotMaker, _ phase: ComparisonSnapshot.Phase, elapsed: TimeAmount, sent: Int
    ) async -> ComparisonSnapshot {
        maker.make(
            phase, settings: settings, elapsed: elapsed, sent: sent, figures: await figures(lanes))
    }

    @discardableResult
    private func waitUntil(_ limit: TimeAmount, _ condition: () async -> Bool) async -> Bool {
        let deadline = NIODeadline.now() + limit
        while NIODeadline.now() < deadline {
            if await condition() { return true }
            // Cancelled or not, what was begun is brought to its end.
            await Task { try? await Task.sleep(for: .milliseconds(10)) }.value
        }
        return await condition()
    }

    /// Raises the soft limit on open descriptors where it is too low for the run.
    private static func reserveDescriptors(_ count: Int) throws(CompareError) {
        guard DescriptorLimit.current < count + 256 else { return }
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        limit.rlim_cur = min(rlim_t(count + 256), limit.rlim_max)
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        guard DescriptorLimit.current >= count + 256 else {
            throw CompareError(
                "so many clients need about \(count + 256) descriptors, and this process may have "
                    + "\(DescriptorLimit.current); raise `ulimit -n`, or take fewer clients")
        }
    }
}
