// Firecrest — what is sent, and when.
// SPDX-License-Identifier: Apache-2.0

import FirecrestProtocol
import NIOCore

extension Swarm {
    /// Actions of one tick; further ones wait until what came meanwhile was read.
    private static let actionsPerTick = 1_000

    /// Sends from `time` on, and measures from the end of the warm-up to the end of the given seconds.
    func start(at time: UInt64) {
        windowStart = time + UInt64(settings.warmup * 1e9)
        windowEnd = windowStart + UInt64(settings.seconds * 1e9)
        isSending = true
        makePacers(from: time)
        schedule(at: windowStart) { swarm in swarm.ownCPU.start = BenchClock.cpuSeconds }
        schedule(at: windowEnd) { swarm in
            swarm.isSending = false
            swarm.ownCPU.seconds = BenchClock.cpuSeconds - swarm.ownCPU.start
        }
        schedule(at: time) { swarm in
            if swarm.settings.rate == nil { swarm.startClosedLoop() }
            swarm.startSlowReaders()
            swarm.tick()
        }
    }

    func schedule(at time: UInt64, _ action: @escaping (Swarm) -> Void) {
        loop.assumeIsolated().scheduleTask(deadline: .uptimeNanoseconds(time)) { [weak self] in
            if let self { action(self) }
        }
    }

    /// Those of this process that a role has.
    func members(_ roles: BenchPlan.Role...) -> [Int] {
        connections.indices.filter { roles.contains(plan.place(base + $0).role) }
    }

    /// From the first connection on: who waits long for the last must not be taken for dead.
    func startHeartbeats() {
        guard settings.heartbeat > 0 else { return }
        let hearts = members(.idle, .echo, .speaker, .listener, .slow)
        add(.heartbeat, hearts, perSecond: Double(hearts.count) / settings.heartbeat, from: BenchClock.now)
        tick()
    }

    /// Its part of what all processes do together.
    private func add(_ action: Pacer.Action, _ members: [Int], perSecond: Double, from time: UInt64) {
        guard perSecond > 0, !members.isEmpty else { return }
        pacers.append(Pacer(action, members: members, interval: 1e9 / perSecond, start: time))
    }

    private func makePacers(from time: UInt64) {
        let (echoes, speakers, storms) = (members(.echo), members(.speaker), members(.storm))
        let all = plan.counts
        if let rate = settings.rate {
            // In `mixed`, half of the messages are pushes and half are broadcast.
            let isMixed = settings.mode == .mixed
            let part = isMixed && all.echoes > 0 && all.speakers > 0 ? 0.5 : 1
            add(.push, echoes, perSecond: rate * part * Double(echoes.count) / Double(max(all.echoes, 1)), from: time)
            add(
                .publish, speakers, perSecond: rate * part * Double(speakers.count) / Double(max(all.speakers, 1)),
                from: time)
            // There, each that storms begins a cycle a second.
            let cycles = isMixed ? Double(all.storms) : rate
            add(.cycle, storms, perSecond: cycles * Double(storms.count) / Double(max(all.storms, 1)), from: time)
        }
    }

    private func startClosedLoop() {
        for index in members(.echo) {
            guard let connection = connections[index] else { continue }
            for _ in 0..<settings.pipeline { push(connection, due: BenchClock.now) }
            connection.flush()
        }
        for index in members(.speaker) {
            guard let connection = connections[index] else { continue }
            for _ in 0..<settings.pipeline { publish(connection, due: BenchClock.now) }
            connection.flush()
        }
        for index in idleSlots.reversed() { beginCycle(index, due: BenchClock.now) }
        idleSlots = []
    }

    // MARK: open loop

    /// Does what is due. What is late is done at once, and measured from when it was due.
    func tick() {
        let now = BenchClock.now
        var soonest = UInt64.max
        var filling: BenchConnection?
        for index in pacers.indices {
            let action = pacers[index].action
            // Copied out, so that what an action leads to may look at the pacers.
            for _ in 0..<Self.actionsPerTick {
                let due = pacers[index].due
                guard due <= now, action == .heartbeat || due < windowEnd else { break }
                if action == .cycle, idleSlots.isEmpty { break }
                let member = pacers[index].member
                pacers[index].advance()
                if action == .cycle {
                    if let slot = idleSlots.popLast() { beginCycle(slot, due: due) }
                    counts.delays.record(BenchClock.now - due)
                    continue
                }
                guard let connection = connections[member], connection.isJoined else { continue }
                if filling !== connection {
                    filling?.flush()
                    filling = connection
                }
                act(action, connection, due: due)
            }
            let waitsForSlot = action == .cycle && idleSlots.isEmpty
            if !waitsForSlot, action == .heartbeat || pacers[index].due < windowEnd {
                soonest = min(soonest, pacers[index].due)
            }
        }
        filling?.flush()
        tickTimer?.cancel()
        tickTimer = nil
        guard soonest < .max else { return }
        tickTimer = loop.assumeIsolated().scheduleTask(deadline: .uptimeNanoseconds(soonest)) { [weak self] in
            self?.tick()
        }
    }

    private func act(_ action: Pacer.Action, _ connection: BenchConnection, due: UInt64) {
        switch action {
        case .push: push(connection, due: due)
        case .publish: publish(connection, due: due)
        case .heartbeat: return beat(connection, due: due)
        case .cycle: return
        }
        if due >= windowStart { counts.delays.record(BenchClock.now - due) }
    }

    // MARK: messages

    /// Adds a push to the batch.
    func push(_ connection: BenchConnection, due: UInt64) {
        send(connection, event: echoEvent, outstanding: connection.sent &- connection.answered, due: due)
    }

    private func publish(_ connection: BenchConnection, due: UInt64) {
        send(connection, event: broadcastEvent, outstanding: connection.sent &- connection.heard, due: due)
    }

    private func send(_ connection: BenchConnection, event: [UInt8], outstanding: UInt32, due: UInt64) {
        guard connection.isJoined, settings.maxMessages.map({ Int(connection.sent) < $0 }) ?? true else { return }
        guard outstanding < UInt32(BenchSettings.maxOutstanding) else {
            faults.add(
                .notSent,
                "connection \(connection.number) has \(BenchSettings.maxOutstanding) messages unanswered; "
                    + "take a lower --rate or more connections")
            return
        }
        connection.sent += 1
        let stamp = Stamp(sender: UInt32(connection.number), number: connection.sent, time: due)
        batch.push(
            ref: UInt64(connection.sent) + 1, topic: connection.place.topic, of: topics, event: event,
            payload: { payload.write(stamp, into: &$0) })
    }

    /// The broadcasts that follow those that all have. Sent from the loop's next turn, as the batch is another
    /// connection's now.
    func publishNext(_ topic: Int32, _ count: Int) {
        let index = Int(plan.speaker(of: topic)) - base
        guard connections.indices.contains(index), let speaker = connections[index] else { return }
        let due = readTime
        loop.assumeIsolated().execute { [self] in
            for _ in 0..<count { publish(speaker, due: due) }
            speaker.flush()
        }
    }

    private func beat(_ connection: BenchConnection, due: UInt64) {
        if connection.beatTime > 0, connection.place.role != .slow {
            faults.add(
                .heartbeatLost, "connection \(connection.number) has none for \(settings.heartbeat) s")
        }
        connection.beats += 1
        connection.beatTime = due
        batch.heartbeat(ref: Self.firstBeat + UInt64(connection.beats))
    }
}
