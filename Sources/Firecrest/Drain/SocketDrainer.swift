// Firecrest — the drain of one mount, from its beginning to its limit.
// SPDX-License-Identifier: Apache-2.0

internal import FirecrestHTTP
internal import Logging
internal import NIOCore

/// Sends the connections of a mount away when the endpoint stops.
struct SocketDrainer: Sendable {
    let definition: SocketDefinition
    let options: DrainOptions
    let path: String

    private var level: Logger.Level { options.log ?? definition.logLevel ?? .info }
    private var group: ObjectIdentifier { ObjectIdentifier(definition) }

    /// Returns when every connection has been told to close: by the plan, at the limit, or at once when the task is
    /// cancelled.
    func drain(_ loops: EndpointLoops) async {
        let left = await begin(on: loops)
        let plan = DrainPlan(
            total: left.reduce(0, +), batchSize: options.batchSize, batchInterval: options.batchInterval)
        if options.isEnabled, plan.total > 0 {
            warnIfTooLong(plan)
            await run(plan, left, loops)
        }
        let rest = await closeRest(on: loops)
        guard options.isEnabled, rest > 0, !Task.isCancelled else { return }
        definition.logger.warning(
            "The drain of a socket came to its limit: what was left of its connections was closed at once.",
            metadata: ["socket": "\(path)", "connections": "\(rest)", "limit": "\(options.shutdown)"])
    }

    private func run(_ plan: DrainPlan, _ counts: [Int], _ loops: EndpointLoops) async {
        let clock = ContinuousClock()
        let start = clock.now
        let limit = start + options.shutdown
        var left = counts
        for batch in plan.batches {
            guard await sleep(until: min(start + batch.begin, limit), clock), clock.now < limit else { return }
            tell(batch, plan)
            let shares = DrainPlan.shares(of: batch.count, left: left)
            let busy = left.indices.filter { shares[$0] > 0 }
            for (rank, index) in busy.enumerated() {
                left[index] -= shares[index]
                close(
                    shares[index], over: batch.length, phase: Double(rank) / Double(busy.count), on: loops.ports[index])
            }
        }
        _ = await sleep(until: min(start + plan.length + Self.slack, limit), clock)
    }

    /// What a loop's steps may be late by.
    private static let slack = Duration.milliseconds(10)

    /// - Returns: false when the task was cancelled.
    private func sleep(until time: ContinuousClock.Instant, _ clock: ContinuousClock) async -> Bool {
        guard time > clock.now else { return !Task.isCancelled }
        return (try? await clock.sleep(until: time, tolerance: .zero)) != nil
    }

    // MARK: on the loops

    /// The connections on each loop; of one that does not answer, none: they are closed with the rest, should it go on.
    private func begin(on loops: EndpointLoops) async -> [Int] {
        let group = group
        return await loops.gather { loop in
            let drain = LoopDrain(group, on: loop)
            loop.drains[group] = drain
            return drain.count
        }.map { $0 ?? 0 }
    }

    private func close(_ share: Int, over length: Duration, phase: Double, on port: EndpointLoops.Port) {
        let group = group
        port.run { $0.drains[group]?.close(share, over: TimeAmount(length), phase: phase) }
    }

    private func closeRest(on loops: EndpointLoops) async -> Int {
        let group = group
        return await loops.gather { $0.drains.removeValue(forKey: group)?.closeRest() ?? 0 }
            .reduce(0) { $0 + ($1 ?? 0) }
    }

    // MARK: what is told

    private func tell(_ batch: DrainPlan.Batch, _ plan: DrainPlan) {
        definition.telemetry.emit(
            SocketDrain(
                count: batch.count, total: plan.total, index: batch.index, rounds: plan.rounds,
                endpoint: definition.telemetry.endpoint, socket: definition.name, interval: options.batchInterval,
                log: level))
        let after = plan.total - min(plan.total, batch.index * plan.batchSize)
        definition.logger.log(
            level: level, "Connections of a socket are drained.",
            metadata: [
                "socket": "\(definition.name)", "path": "\(path)", "count": "\(batch.count)",
                "total": "\(plan.total)", "round": "\(batch.index) of \(plan.rounds)",
                "interval": "\(options.batchInterval)", "left": "\(after)",
            ])
    }

    private func warnIfTooLong(_ plan: DrainPlan) {
        guard plan.length > options.shutdown else { return }
        definition.logger.warning(
            "A drain will not be through at its limit, where what is left is closed at once; raise drainer.shutdown or drainer.batchSize.",
            metadata: [
                "socket": "\(path)", "connections": "\(plan.total)", "needed": "\(plan.length)",
                "limit": "\(options.shutdown)",
            ])
    }
}
